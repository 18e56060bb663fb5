-- Messages with an id above `folded` are indexed with letters of all forms as one (`ﬁ` is fi, `𝗯` is b).
-- The words of those before remain as they are: to index them anew takes long, and few of them have such letters.
ALTER TABLE indexed ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
UPDATE indexed SET folded = id;

-- Eight segments of a level are merged, not four: the places of a word, which are merged in one step,
-- are written half as often, and messages wait for such a step half as often.
INSERT INTO term (term, rank) VALUES ('usermerge', 8);

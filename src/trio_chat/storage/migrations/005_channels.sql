-- Channels that belong to accounts, as they are to be after a restart.

CREATE TABLE channel (
    folded TEXT PRIMARY KEY,       -- by which it is found
    state TEXT NOT NULL            -- name, owner, topic, modes, lists, access: JSON, read and written as a whole
) WITHOUT ROWID;

-- By how many milliseconds an id is ahead of the time of what has it, where the clock was set back.

ALTER TABLE message ADD COLUMN shift INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN shift INTEGER NOT NULL DEFAULT 0;

-- Where that changes: the first id, and what is so from there on.
CREATE TABLE clock_step (
    first INTEGER PRIMARY KEY,
    shift INTEGER NOT NULL
);

-- The time that had passed for certain when a server last ran, by which things expire (chat/steady.py): one row.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    base REAL NOT NULL,
    seen REAL NOT NULL,
    left REAL NOT NULL
);

-- The place of this database in the log of a cluster (cluster/): one row, if it belongs to one.
CREATE TABLE cluster (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Up to which entry of the log everything is in the other tables.
    position TEXT NOT NULL,
    -- The state of the machine as JSON, deflated, and up to which entry it is.
    taken TEXT NOT NULL,
    snapshot BLOB NOT NULL
);

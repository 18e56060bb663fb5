-- How far people have read.

CREATE TABLE marker (
    account TEXT NOT NULL,         -- folded
    target TEXT NOT NULL,          -- the folded name of a channel or a person
    time TEXT NOT NULL,            -- as the server-time tag writes it, so that greater is later
    PRIMARY KEY (account, target)
) WITHOUT ROWID;

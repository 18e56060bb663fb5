-- How far people have read.

CREATE TABLE marker (
    account TEXT NOT NULL,         -- folded
    target TEXT NOT NULL,          -- the folded name of a channel or a person
    time TEXT NOT NULL,            -- as the server-time tag writes it, so that greater is later
    PRIMARY KEY (account, target)
) WITHOUT ROWID;

-- Who registers a name that was given up begins anew.
CREATE TRIGGER account_markers AFTER DELETE ON account BEGIN DELETE FROM marker WHERE account = old.folded; END;

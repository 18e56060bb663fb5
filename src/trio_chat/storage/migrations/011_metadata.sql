-- What people who have an account say of themselves (IRCv3 metadata); what channels say is with them.

CREATE TABLE metadata (
    account TEXT PRIMARY KEY,      -- folded
    said TEXT NOT NULL             -- values by keys: JSON, read and written as a whole
) WITHOUT ROWID;

-- Who registers a name that was given up begins anew.
CREATE TRIGGER account_metadata AFTER DELETE ON account BEGIN DELETE FROM metadata WHERE account = old.folded; END;

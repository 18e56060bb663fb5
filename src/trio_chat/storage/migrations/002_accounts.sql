-- Who has registered. No password is in here, only what it can be checked against.

CREATE TABLE account (
    folded TEXT PRIMARY KEY,       -- by which it is found
    name TEXT NOT NULL,            -- as registered
    created INTEGER NOT NULL,      -- seconds of Unix time
    password TEXT NOT NULL,        -- argon2id, with its salt and parameters
    scram_salt BLOB NOT NULL,      -- SCRAM-SHA-256 (RFC 5802)
    scram_iterations INTEGER NOT NULL,
    scram_stored_key BLOB NOT NULL,
    scram_server_key BLOB NOT NULL
) WITHOUT ROWID;

-- Random values of this server that must be the same after a restart.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Counts the changes of accounts, so that a running server notices what a command changes beside it.
CREATE TABLE change (
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO change VALUES ('account', 0);
CREATE TRIGGER account_added AFTER INSERT ON account BEGIN UPDATE change SET count = count + 1 WHERE name = 'account'; END;
CREATE TRIGGER account_deleted AFTER DELETE ON account BEGIN UPDATE change SET count = count + 1 WHERE name = 'account'; END;

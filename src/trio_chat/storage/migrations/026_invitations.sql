-- Invitations by a link, for channels and for accounts.

CREATE TABLE invitation (
    digest TEXT NOT NULL PRIMARY KEY,  -- SHA-256 of the token, which is not stored
    channel INTEGER NOT NULL,          -- the id at which the channel was created; 0: for an account
    setter TEXT NOT NULL,              -- the account, or the nickname, of the user that made it
    account INTEGER NOT NULL,          -- the number of that account; 0: none
    created INTEGER NOT NULL,          -- seconds of Unix time
    expires INTEGER NOT NULL,          -- seconds of Unix time; 0: never
    uses INTEGER NOT NULL,             -- how often it can be used; 0: any number
    used_by TEXT NOT NULL              -- JSON: hashes of the users that have used it
) WITHOUT ROWID;

-- So that a running server notices what a command changes beside it.
INSERT INTO change VALUES ('invitation', 0);
CREATE TRIGGER invitation_added AFTER INSERT ON invitation BEGIN UPDATE change SET count = count + 1 WHERE name = 'invitation'; END;
CREATE TRIGGER invitation_changed AFTER UPDATE ON invitation BEGIN UPDATE change SET count = count + 1 WHERE name = 'invitation'; END;
CREATE TRIGGER invitation_deleted AFTER DELETE ON invitation BEGIN UPDATE change SET count = count + 1 WHERE name = 'invitation'; END;

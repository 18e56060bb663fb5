-- E-mail addresses of accounts. They are shown to nobody but their owners.

CREATE TABLE email (
    account TEXT PRIMARY KEY,   -- folded
    address TEXT NOT NULL,
    verified INTEGER NOT NULL   -- whether somebody has proved to read what is sent there
) WITHOUT ROWID;

CREATE TRIGGER account_email AFTER DELETE ON account BEGIN DELETE FROM email WHERE account = old.folded; END;

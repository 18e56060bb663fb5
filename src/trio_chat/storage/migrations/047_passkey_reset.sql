-- Passkeys that a command has removed beside a server that is running.

CREATE TABLE passkey_reset (
    account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
    passkey TEXT NOT NULL,         -- the id
    PRIMARY KEY (account, passkey)
) WITHOUT ROWID;
CREATE TRIGGER passkey_reset_added AFTER INSERT ON passkey_reset BEGIN
    UPDATE change SET count = count + 1 WHERE name = 'account';
END;

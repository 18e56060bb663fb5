-- A certificate is of an account when somebody who was logged in to it has shown it, so that the key was proved. A fingerprint that
-- was only typed in proves nothing: several accounts can have it, it logs in only with the name of the account, and it is forgotten
-- when the owner of the key adds the certificate. Nothing tells which of the earlier ones were shown, so none counts as proved.

ALTER TABLE certificate RENAME TO named;
DROP INDEX certificate_account;
CREATE TABLE certificate (
    fingerprint TEXT NOT NULL,     -- SHA-256, in lower-case hexadecimal
    account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
    is_proved INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, account)
) WITHOUT ROWID;
CREATE INDEX certificate_account ON certificate (account);
CREATE UNIQUE INDEX certificate_proved ON certificate (fingerprint) WHERE is_proved;
INSERT INTO certificate SELECT fingerprint, account, 0 FROM named;
DROP TABLE named;

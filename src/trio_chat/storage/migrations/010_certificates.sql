-- Certificates by which people log in (SASL EXTERNAL).

CREATE TABLE certificate (
    fingerprint TEXT PRIMARY KEY,  -- SHA-256, in lower-case hexadecimal
    account TEXT NOT NULL          -- folded
) WITHOUT ROWID;
CREATE INDEX certificate_account ON certificate (account);

-- Who registers a name that was given up begins anew.
CREATE TRIGGER account_certificates AFTER DELETE ON account BEGIN DELETE FROM certificate WHERE account = old.folded; END;

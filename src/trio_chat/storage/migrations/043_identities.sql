-- Identities of providers of single sign-on and of directories, by which accounts are logged in to.

CREATE TABLE identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,             -- never changes, unlike the names that the provider knows
    account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE INDEX identity_account ON identity (account);

-- App passwords: random passwords of an account, one for each program.

CREATE TABLE app_password (
    account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,              -- SHA-256 of the password, which is not stored
    created INTEGER NOT NULL,          -- seconds of Unix time
    used INTEGER NOT NULL,             -- likewise: when a login was noted last; 0 for never
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

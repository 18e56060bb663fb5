-- Passkeys of accounts (NickServ PASSKEY).

CREATE TABLE passkey (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- ids, public keys, counts and names: JSON, as a whole
);

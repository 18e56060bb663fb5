-- Second factors: authenticators and recovery codes of accounts (NickServ 2FA).

CREATE TABLE second_factor (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- the secret, the last code and hashes: JSON, as a whole
);

-- Accounts whose second factor a command has removed beside a server that is running.
CREATE TABLE second_factor_reset (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE
);
CREATE TRIGGER second_factor_reset_added AFTER INSERT ON second_factor_reset BEGIN
    UPDATE change SET count = count + 1 WHERE name = 'account';
END;

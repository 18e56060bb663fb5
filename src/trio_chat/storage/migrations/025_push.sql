-- The devices of accounts that receive push messages (soju.im/webpush).

CREATE TABLE push (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- endpoints, keys and times: JSON, read and written as a whole
);

-- What accounts want to be pushed, and what not (NickServ PUSH).

CREATE TABLE push_rules (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- words, masks and conversations: JSON, as a whole
);

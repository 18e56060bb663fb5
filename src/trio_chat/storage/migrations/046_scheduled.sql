-- Scheduled messages and reminders of accounts (NickServ AT and REMIND).

CREATE TABLE scheduled (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- messages, and notices that wait for the owner: JSON, as a whole
);

-- Webhooks, and what is known of messages that come from no client.

CREATE TABLE hook (
    digest TEXT NOT NULL PRIMARY KEY,  -- SHA-256 of the secret in its address, which is not stored
    state TEXT NOT NULL                -- JSON
) WITHOUT ROWID;

-- So that a running server notices what a command changes beside it.
INSERT INTO change VALUES ('hook', 0);
CREATE TRIGGER hook_added AFTER INSERT ON hook BEGIN UPDATE change SET count = count + 1 WHERE name = 'hook'; END;
CREATE TRIGGER hook_changed AFTER UPDATE ON hook BEGIN UPDATE change SET count = count + 1 WHERE name = 'hook'; END;
CREATE TRIGGER hook_deleted AFTER DELETE ON hook BEGIN UPDATE change SET count = count + 1 WHERE name = 'hook'; END;

-- The ids of relayed messages, by the keys under which their senders repeat or continue them.
CREATE TABLE relayed (
    sender TEXT NOT NULL,
    kind TEXT NOT NULL,                -- delivery or thread
    key TEXT NOT NULL,
    id INTEGER NOT NULL,               -- of the message; negative for a thread that has ended
    place INTEGER PRIMARY KEY          -- in order: the first ones are forgotten first
);
CREATE UNIQUE INDEX relayed_key ON relayed (sender, kind, key);

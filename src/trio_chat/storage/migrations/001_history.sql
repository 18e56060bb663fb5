-- Messages, by channel and in the order in which they were accepted.

CREATE TABLE buffer (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE      -- the folded name of the channel
);
-- The id is identity, order and time of a message, so every question about history is one range of this key.
CREATE TABLE message (
    buffer INTEGER NOT NULL REFERENCES buffer,
    id INTEGER NOT NULL,
    is_private INTEGER NOT NULL,   -- said behind a closed door: only for those who were let in
    command TEXT NOT NULL,
    source TEXT NOT NULL,          -- nick!user@host as it was
    account TEXT NOT NULL,
    text TEXT NOT NULL,
    tags TEXT NOT NULL,            -- client-only tags as JSON, or ""
    PRIMARY KEY (buffer, id)
) WITHOUT ROWID;

-- What happened in a channel besides what was said: who came and left, its topic and modes, and messages of tags alone. A table
-- of its own, so that who wants only messages never reads past a thousand joins to find one.

CREATE TABLE event (
    buffer INTEGER NOT NULL REFERENCES buffer,
    id INTEGER NOT NULL,           -- in one order with the messages; the same in all channels that an event was seen in
    is_private INTEGER NOT NULL,
    command TEXT NOT NULL,
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    params TEXT NOT NULL,          -- without the channel, as JSON
    tags TEXT NOT NULL,            -- client-only tags as JSON, or ""
    PRIMARY KEY (buffer, id)
) WITHOUT ROWID;

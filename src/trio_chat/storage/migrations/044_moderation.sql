-- The moderation of the whole server: its filters, held messages, reports and raid mode.

CREATE TABLE moderation (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,               -- JSON
    place INTEGER PRIMARY KEY          -- in the order in which they were added
);
CREATE UNIQUE INDEX moderation_key ON moderation (kind, key);

-- So that a running server notices what a command changes beside it: filters and raid mode.
INSERT INTO change VALUES ('moderation', 0);
CREATE TRIGGER moderation_added AFTER INSERT ON moderation WHEN NEW.kind IN ('filter', 'raid') BEGIN UPDATE change SET count = count + 1 WHERE name = 'moderation'; END;
CREATE TRIGGER moderation_changed AFTER UPDATE ON moderation WHEN NEW.kind IN ('filter', 'raid') BEGIN UPDATE change SET count = count + 1 WHERE name = 'moderation'; END;
CREATE TRIGGER moderation_deleted AFTER DELETE ON moderation WHEN OLD.kind IN ('filter', 'raid') BEGIN UPDATE change SET count = count + 1 WHERE name = 'moderation'; END;

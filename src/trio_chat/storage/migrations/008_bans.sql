-- Bans of the server.

CREATE TABLE ban (
    kind TEXT NOT NULL,            -- k: a mask, d: an address or a network, a: an account
    folded TEXT NOT NULL,          -- by which it is found
    mask TEXT NOT NULL,            -- as it is shown
    setter TEXT NOT NULL,          -- the operator
    reason TEXT NOT NULL,          -- what who is banned is told
    created INTEGER NOT NULL,      -- seconds of Unix time
    expires INTEGER NOT NULL,      -- seconds of Unix time; 0: never
    PRIMARY KEY (kind, folded)
) WITHOUT ROWID;

-- So that a running server notices what a command changes beside it.
INSERT INTO change VALUES ('ban', 0);
CREATE TRIGGER ban_added AFTER INSERT ON ban BEGIN UPDATE change SET count = count + 1 WHERE name = 'ban'; END;
CREATE TRIGGER ban_changed AFTER UPDATE ON ban BEGIN UPDATE change SET count = count + 1 WHERE name = 'ban'; END;
CREATE TRIGGER ban_deleted AFTER DELETE ON ban BEGIN UPDATE change SET count = count + 1 WHERE name = 'ban'; END;

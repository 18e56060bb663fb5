-- Tokens of the HTTP API.

CREATE TABLE api_token (
    digest TEXT NOT NULL PRIMARY KEY,  -- SHA-256 of the token, which is not stored
    state TEXT NOT NULL                -- JSON
) WITHOUT ROWID;

-- So that a running server notices what a command changes beside it.
INSERT INTO change VALUES ('api_token', 0);
CREATE TRIGGER api_token_added AFTER INSERT ON api_token BEGIN UPDATE change SET count = count + 1 WHERE name = 'api_token'; END;
CREATE TRIGGER api_token_changed AFTER UPDATE ON api_token BEGIN UPDATE change SET count = count + 1 WHERE name = 'api_token'; END;
CREATE TRIGGER api_token_deleted AFTER DELETE ON api_token BEGIN UPDATE change SET count = count + 1 WHERE name = 'api_token'; END;

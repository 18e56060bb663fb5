-- Counts what commands change of channels beside a running server, so that it notices.

INSERT INTO change VALUES ('channel', 0);

-- How far the words of messages are written: those of messages with a greater id follow a little later, many at once. A message
-- that is committed alone then costs half as much, and is delivered the sooner.

CREATE TABLE indexed (id INTEGER NOT NULL);
INSERT INTO indexed SELECT coalesce(max(id), 0) FROM message;

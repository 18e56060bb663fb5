-- Numbers of the messages of a channel, without gaps, and the last one that was given (the tag
-- `trio-chat/number`). Messages from before have none.

ALTER TABLE message ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buffer ADD COLUMN last_number INTEGER NOT NULL DEFAULT 0;

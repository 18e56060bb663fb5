-- Whether a bot said or did it, so that what is shown again says so too (IRCv3 bot-mode).

ALTER TABLE message ADD COLUMN is_bot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN is_bot INTEGER NOT NULL DEFAULT 0;

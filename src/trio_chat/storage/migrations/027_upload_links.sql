-- Links of other users than the uploader: a file to which any message links is not unlinked, but it
-- goes with the last message of its uploader.

ALTER TABLE upload_link ADD COLUMN own INTEGER NOT NULL DEFAULT 1;  -- whether by the uploader

DROP TRIGGER upload_unlinked;
CREATE TRIGGER upload_unlinked AFTER DELETE ON upload_link WHEN old.own BEGIN
    DELETE FROM upload WHERE id = old.upload
        AND NOT EXISTS (SELECT 1 FROM upload_link WHERE upload = old.upload AND own);
END;

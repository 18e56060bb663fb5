-- Uploaded files. Their bytes are in a directory next to the database, under their random names.

CREATE TABLE upload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,     -- random; the name of the file on the disk, and the key in links
    filename TEXT NOT NULL,        -- the name that readers see
    type TEXT NOT NULL,            -- media type, as the content shows it
    size INTEGER NOT NULL,         -- bytes
    account INTEGER REFERENCES account ON DELETE CASCADE,  -- the uploader's; NULL of a guest
    address TEXT NOT NULL,         -- by which a guest is counted; "" of an account
    author TEXT NOT NULL,          -- of a guest: nick!user@host of the first message with the link
    created INTEGER NOT NULL       -- seconds of Unix time
);
CREATE INDEX upload_account ON upload (account);
CREATE INDEX upload_address ON upload (address);
CREATE INDEX upload_created ON upload (created);

-- Messages of the uploader that link to a file. The file goes with the last of them.
CREATE TABLE upload_link (
    buffer INTEGER NOT NULL,
    message INTEGER NOT NULL,
    upload INTEGER NOT NULL REFERENCES upload ON DELETE CASCADE,
    PRIMARY KEY (buffer, message, upload)
) WITHOUT ROWID;
CREATE INDEX upload_link_upload ON upload_link (upload);

-- Random names of removed uploads whose bytes are still to be deleted from the disk.
CREATE TABLE upload_removed (name TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TRIGGER message_upload AFTER DELETE ON message BEGIN
    DELETE FROM upload_link WHERE buffer = old.buffer AND message = old.id;
END;
CREATE TRIGGER upload_unlinked AFTER DELETE ON upload_link BEGIN
    DELETE FROM upload WHERE id = old.upload
        AND NOT EXISTS (SELECT 1 FROM upload_link WHERE upload = old.upload);
END;
CREATE TRIGGER upload_deleted AFTER DELETE ON upload BEGIN
    INSERT OR IGNORE INTO upload_removed VALUES (old.name);
END;

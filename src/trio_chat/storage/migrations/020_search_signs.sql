-- Another index of words: signs are words too (`C++`, 🎉), and so is each character of a script that has no spaces (東京).
--
-- Contentless without `contentless_delete`: a message's words are deleted by naming them, and `secure-delete` then removes them from
-- the pages of the index at once. A tombstone would leave them there until pages are merged, perhaps for ever.

DROP TRIGGER message_deleted;
DROP TABLE word;
CREATE VIRTUAL TABLE term USING fts5(
    place, sender, text, content = '', tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);
INSERT INTO term (term, rank) VALUES ('automerge', 16), ('crisismerge', 64), ('secure-delete', 1);

-- The words of messages with an id above `since`, up to `id`, are written. Messages said before this step follow in the background,
-- the newest first: the server starts at once, however many there are.
ALTER TABLE indexed ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE indexed SET since = id;

-- Earlier versions left words and long texts that were deleted readable in pages that are free; see storage/secure_delete.py.
CREATE TABLE filler (content BLOB NOT NULL);
INSERT INTO setting SELECT 'free_pages', 'as they were' WHERE EXISTS (SELECT * FROM message);

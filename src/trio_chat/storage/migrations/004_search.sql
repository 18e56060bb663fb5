-- The words of all messages. A message is found by its id, which is the same as its place in time: so the newest are found first.
--
-- Where and by whom it was said are words too, because FTS5 then walks the shortest list: a common word in a small channel is
-- found as fast as a rare one. Names are in hexadecimal, so that each is one word, whatever signs are in it.

CREATE UNIQUE INDEX message_by_id ON message (id);
CREATE VIRTUAL TABLE word USING fts5(
    place, sender, text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
-- Merging less often costs a search little, and makes writing cheaper.
INSERT INTO word (word, rank) VALUES ('automerge', 16), ('crisismerge', 64);
INSERT INTO word (rowid, place, sender, text)
    SELECT id, buffer, hex(lower(substr(source, 1, instr(source || '!', '!') - 1))), replace(replace(text, 'ё', 'е'), 'Ё', 'Е')
    FROM message ORDER BY id;
-- Whoever deletes a message deletes its words with it. (Who adds one adds them himself, `storage.search`: a trigger would write
-- them message by message, which takes three times as long.)
CREATE TRIGGER message_deleted AFTER DELETE ON message BEGIN
    DELETE FROM word WHERE rowid = old.id;
END;

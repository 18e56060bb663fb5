-- The search index is merged a little in each transaction that adds to it (storage/search_index.py),
-- not much in some of them.
INSERT INTO term (term, rank) VALUES ('automerge', 0);

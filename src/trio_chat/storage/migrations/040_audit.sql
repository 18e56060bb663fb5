-- The audit log: what operators of the server and API tokens have done.

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,             -- milliseconds of Unix time
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    text TEXT NOT NULL
);
-- An entry that a node of a cluster carries out once more after a crash is stored once.
CREATE UNIQUE INDEX audit_entry ON audit (time, actor, text);

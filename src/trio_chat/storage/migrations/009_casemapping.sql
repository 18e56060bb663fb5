-- What was chosen for this file and cannot be changed at will.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
-- So all names in it were folded until now; a file with no name in it takes any other choice over.
INSERT INTO setting VALUES ('casemapping', 'precis');

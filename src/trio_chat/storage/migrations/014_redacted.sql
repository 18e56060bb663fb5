-- What was taken back, so that reading in an old export does not bring it again. It goes when the message would have expired.

CREATE TABLE redacted (
    buffer INTEGER NOT NULL REFERENCES buffer,
    id INTEGER NOT NULL,
    PRIMARY KEY (buffer, id)
) WITHOUT ROWID;

-- By which a server of a cluster checks what it copies from another one.

ALTER TABLE upload ADD COLUMN digest TEXT NOT NULL DEFAULT '';  -- SHA-256, in hexadecimal; or ""

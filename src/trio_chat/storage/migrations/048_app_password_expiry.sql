-- When an app password is valid no longer.

ALTER TABLE app_password ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;  -- seconds of Unix time; 0: never

-- Users who stay while none of their sessions is connected, as they are to be after a restart. What channels they are in, and
-- with which ranks, is in the state of these.

CREATE TABLE always_on (
    account TEXT PRIMARY KEY,      -- folded
    state TEXT NOT NULL            -- nick, modes, away message and so on: JSON, read and written as a whole
) WITHOUT ROWID;

-- What people have chosen for their accounts.
CREATE TABLE preference (
    account TEXT PRIMARY KEY,      -- folded
    state TEXT NOT NULL            -- as JSON: true or false by the name of the preference
) WITHOUT ROWID;

-- Who registers a name that was given up begins anew.
CREATE TRIGGER account_preferences AFTER DELETE ON account BEGIN
    DELETE FROM preference WHERE account = old.folded;
    DELETE FROM always_on WHERE account = old.folded;
END;

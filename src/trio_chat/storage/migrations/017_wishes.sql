-- What commands beside a running server want of registered channels, until it has taken it. As long as a wish is here, it counts
-- more than what the server writes down of the channel: it may not know of it yet.

CREATE TABLE wish (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- a later one never has the number of an earlier one
    folded TEXT NOT NULL UNIQUE,            -- the channel
    history INTEGER                         -- for how many days it is remembered; see chat/registrations.py
);

DELETE FROM change WHERE name = 'channel';

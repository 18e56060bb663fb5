-- An account is a number, and its name is only what it is found and shown by: whoever has the name later inherits nothing. The
-- number is never used again (AUTOINCREMENT), and the name of a deleted account is not to be had until an operator frees it.

ALTER TABLE account RENAME TO named;
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folded TEXT NOT NULL UNIQUE,   -- by which it is found
    name TEXT NOT NULL,            -- as registered
    created INTEGER NOT NULL,      -- seconds of Unix time
    password TEXT NOT NULL,        -- argon2id, with its salt and parameters
    scram_salt BLOB NOT NULL,      -- SCRAM-SHA-256 (RFC 5802)
    scram_iterations INTEGER NOT NULL,
    scram_stored_key BLOB NOT NULL,
    scram_server_key BLOB NOT NULL,
    passwords INTEGER NOT NULL DEFAULT 0  -- how often the password was changed
);
INSERT INTO account (folded, name, created, password, scram_salt, scram_iterations, scram_stored_key, scram_server_key)
    SELECT folded, name, created, password, scram_salt, scram_iterations, scram_stored_key, scram_server_key
    FROM named ORDER BY created, folded;
DROP TABLE named;

-- A suspended name that no account had could not be registered: it becomes that of a deleted account, see the end.
INSERT INTO account (folded, name, created, password, scram_salt, scram_iterations, scram_stored_key, scram_server_key)
    SELECT folded, mask, created, '', x'', 0, x'', x'' FROM ban
    WHERE kind = 'a' AND folded NOT IN (SELECT folded FROM account) ORDER BY created, folded;
UPDATE ban SET folded = (SELECT id FROM account WHERE account.folded = ban.folded) WHERE kind = 'a';

-- From which message id on a name was that of the account: what was said under it before, a deleted one of that name has said.
CREATE TABLE owner (
    name TEXT PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE,
    id INTEGER NOT NULL,
    since INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO owner SELECT name, folded, id, max(0, (created * 1000 - 1577836800000) << 20) FROM account;

-- Rows of others stay as they are: they belong to nobody.
ALTER TABLE message ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;
UPDATE message SET account_id = (SELECT owner.id FROM owner WHERE owner.name = account)
    WHERE account <> '' AND id >= (SELECT since FROM owner WHERE owner.name = account);
UPDATE event SET account_id = (SELECT owner.id FROM owner WHERE owner.name = account)
    WHERE account <> '' AND id >= (SELECT since FROM owner WHERE owner.name = account);

-- Conversations of two are named by the numbers of their accounts: "12,17", and "12,~guest" with somebody who has none. What was
-- said before an account was registered is set apart, as said by somebody who has none.
CREATE TABLE party (buffer INTEGER, name TEXT, number TEXT, since INTEGER);
INSERT INTO party
    SELECT part.id, part.name, coalesce(owner.id, '~' || ltrim(part.name, '~')), coalesce(owner.since, 0)
    FROM (
        SELECT id, substr(name, 1, instr(name, ',') - 1) AS name FROM buffer WHERE instr(name, ',')
        UNION ALL SELECT id, substr(name, instr(name, ',') + 1) FROM buffer WHERE instr(name, ',')
    ) AS part LEFT JOIN owner ON owner.folded = part.name;
CREATE INDEX party_buffer ON party (buffer);
CREATE TABLE segment (buffer INTEGER, low INTEGER, high INTEGER, name TEXT, target INTEGER, PRIMARY KEY (buffer, low));
INSERT INTO segment (buffer, low, high, name)
    SELECT buffer, low, lead(low, 1, 9223372036854775807) OVER (PARTITION BY buffer ORDER BY low), (
        SELECT group_concat(side, ',' ORDER BY side) FROM (
            SELECT iif(bound.low >= since, number, '~' || ltrim(name, '~')) AS side FROM party WHERE party.buffer = bound.buffer
        )
    )
    FROM (SELECT buffer, 0 AS low FROM party UNION SELECT buffer, since FROM party) AS bound;
UPDATE buffer SET name = ',' || id WHERE instr(name, ',');
UPDATE buffer SET name = segment.name FROM segment
    WHERE segment.buffer = buffer.id AND high = 9223372036854775807
    AND buffer.id = (SELECT min(other.buffer) FROM segment AS other WHERE other.name = segment.name AND other.high = segment.high);
INSERT OR IGNORE INTO buffer (name) SELECT name FROM segment ORDER BY buffer, low;
UPDATE segment SET target = (SELECT id FROM buffer WHERE buffer.name = segment.name);
DELETE FROM segment WHERE target = buffer;
UPDATE message SET buffer = segment.target FROM segment WHERE message.buffer = segment.buffer AND message.id >= low AND message.id < high;
UPDATE event SET buffer = segment.target FROM segment WHERE event.buffer = segment.buffer AND event.id >= low AND event.id < high;
UPDATE redacted SET buffer = segment.target FROM segment
    WHERE redacted.buffer = segment.buffer AND redacted.id >= low AND redacted.id < high;
DELETE FROM buffer WHERE name LIKE ',%';
CREATE INDEX redacted_by_id ON redacted (id);  -- an export may name a conversation otherwise
DROP TABLE segment;
DROP TABLE party;

-- What belongs to an account goes with it.
ALTER TABLE marker RENAME TO named;
CREATE TABLE marker (
    account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
    target TEXT NOT NULL,          -- the folded name of a channel or a person
    time TEXT NOT NULL,            -- as the server-time tag writes it, so that greater is later
    PRIMARY KEY (account, target)
) WITHOUT ROWID;
INSERT INTO marker SELECT owner.id, target, time FROM named JOIN owner ON owner.folded = account;
DROP TABLE named;

ALTER TABLE always_on RENAME TO named;
CREATE TABLE always_on (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- nick, modes, away message and so on: JSON, read and written as a whole
);
INSERT INTO always_on SELECT owner.id, state FROM named JOIN owner ON owner.folded = account;
DROP TABLE named;

ALTER TABLE preference RENAME TO named;
CREATE TABLE preference (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    state TEXT NOT NULL            -- as JSON: true or false by the name of the preference
);
INSERT INTO preference SELECT owner.id, state FROM named JOIN owner ON owner.folded = account;
DROP TABLE named;

ALTER TABLE metadata RENAME TO named;
CREATE TABLE metadata (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    said TEXT NOT NULL             -- values by keys: JSON, read and written as a whole
);
INSERT INTO metadata SELECT owner.id, said FROM named JOIN owner ON owner.folded = account;
DROP TABLE named;

ALTER TABLE email RENAME TO named;
CREATE TABLE email (
    account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    address TEXT NOT NULL,
    verified INTEGER NOT NULL      -- whether somebody has proved to read what is sent there
);
INSERT INTO email SELECT owner.id, address, verified FROM named JOIN owner ON owner.folded = account;
DROP TABLE named;

ALTER TABLE certificate RENAME TO named;
DROP INDEX certificate_account;
CREATE TABLE certificate (
    fingerprint TEXT PRIMARY KEY,  -- SHA-256, in lower-case hexadecimal
    account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX certificate_account ON certificate (account);
INSERT INTO certificate SELECT fingerprint, owner.id FROM named JOIN owner ON owner.folded = account;
DROP TABLE named;

UPDATE channel SET state = json_set(
    state,
    '$.owner', coalesce((SELECT id FROM owner WHERE owner.name = state ->> '$.owner'), 0),
    '$.access', json((
        SELECT json_group_object(owner.id, entry.value) FROM json_each(state, '$.access') AS entry JOIN owner ON owner.name = entry.key
    )),
    '$.members', json((
        SELECT json_group_object(owner.id, entry.value) FROM json_each(state, '$.members') AS entry
        JOIN owner ON owner.folded = entry.key
    ))
);
-- Exceptions and invitations of accounts that are gone are not for who registers the name next, nor for who has done so: what is
-- older than the account was not for it. (In ASCII: SQL folds no other.)
CREATE TABLE mask (folded TEXT, letter TEXT, position INTEGER, entry TEXT, is_gone INTEGER);
INSERT INTO mask
    SELECT folded, list.key, entry.key, entry.value,
        (entry.value ->> 0 GLOB 'a:*' OR entry.value ->> 0 GLOB 'm:a:*') AND entry.value ->> 0 NOT GLOB '*[*?]*'
        AND entry.value ->> 0 NOT GLOB '*[^ -~]*'
        AND lower(substr(entry.value ->> 0, instr(entry.value ->> 0, 'a:') + 2)) NOT IN (
            SELECT account.folded FROM account WHERE created <= entry.value ->> 2
        )
    FROM channel, json_each(state, '$.lists') AS list, json_each(list.value) AS entry WHERE list.key IN ('e', 'I');
UPDATE channel SET state = json_set(state, '$.lists.e', json((
    SELECT json_group_array(json(entry) ORDER BY position) FROM mask WHERE mask.folded = channel.folded AND letter = 'e' AND NOT is_gone
))) WHERE folded IN (SELECT folded FROM mask WHERE letter = 'e' AND is_gone);
UPDATE channel SET state = json_set(state, '$.lists.I', json((
    SELECT json_group_array(json(entry) ORDER BY position) FROM mask WHERE mask.folded = channel.folded AND letter = 'I' AND NOT is_gone
))) WHERE folded IN (SELECT folded FROM mask WHERE letter = 'I' AND is_gone);
DROP TABLE mask;
DROP TABLE owner;

-- In an export it says where the numbers of accounts mean something.
INSERT INTO secret VALUES ('origin', randomblob(32));

-- Accounts that were deleted, and whose names an operator has not freed.
CREATE TABLE dropped (
    folded TEXT PRIMARY KEY,
    name TEXT NOT NULL,            -- as registered
    created INTEGER NOT NULL,      -- seconds of Unix time
    id INTEGER NOT NULL,           -- the number that the account had
    dropped INTEGER NOT NULL       -- seconds of Unix time
) WITHOUT ROWID;

CREATE TRIGGER account_added AFTER INSERT ON account BEGIN UPDATE change SET count = count + 1 WHERE name = 'account'; END;
CREATE TRIGGER account_changed AFTER UPDATE OF passwords ON account BEGIN
    UPDATE change SET count = count + 1 WHERE name = 'account';
END;
CREATE TRIGGER account_deleted AFTER DELETE ON account BEGIN
    INSERT OR REPLACE INTO dropped VALUES (old.folded, old.name, old.created, old.id, unixepoch());
    UPDATE change SET count = count + 1 WHERE name = 'account';
END;
CREATE TRIGGER dropped_freed AFTER DELETE ON dropped BEGIN UPDATE change SET count = count + 1 WHERE name = 'account'; END;
DELETE FROM account WHERE password = '';

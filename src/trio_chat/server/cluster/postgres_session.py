"""Sessions of PostgreSQL for the log: its table, and the settings of a connection."""

import logging
import struct

from trio_chat.server.cluster.postgres_connection import PostgresConnection

log = logging.getLogger("trio_chat")
_MOST_AHEAD = 10
"""Seconds by which the time of the last entry may be ahead of the engine's clock."""
LOCK_SECONDS = 2.5
"""For how long an append waits for others: less than its node waits for the answer, so that what
nobody waits for any longer does not stand in the queue."""
_SECONDS = 3.0
_APPENDING = 0x7472_696F_0001
_TRIMMING = 0x7472_696F_0002
_MAKING = 0x7472_696F_0003
"""Advisory locks; they are those of one database."""

# A timeout of statements would end the wait for replicas, and the entry would be visible without
# them. A setting that this version does not have is left out.
_SETTINGS = f"""
SELECT set_config(name, value, false) FROM (VALUES
    ('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END),
    ('default_transaction_isolation', 'read committed'),
    ('statement_timeout', '0'),
    ('transaction_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('lock_timeout', '{LOCK_SECONDS:g}s'),
    ('tcp_user_timeout', '30s'),
    ('search_path', 'pg_catalog'),
    ('jit', 'off')
) AS wanted (name, value) JOIN pg_settings USING (name)
"""  # noqa: S608  # no values from elsewhere
_TABLE = f"""
DO $$ BEGIN
    IF to_regclass('trio_chat.log') IS NULL THEN
        PERFORM pg_advisory_xact_lock({_MAKING});
        CREATE SCHEMA IF NOT EXISTS trio_chat;
        CREATE TABLE IF NOT EXISTS trio_chat.log (
            position bigint PRIMARY KEY,
            time timestamptz NOT NULL,
            identity uuid NOT NULL DEFAULT gen_random_uuid(),
            data bytea NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0.02);
    END IF;
END $$
"""
# A sequence counts in the order in which transactions ask, and readers see them in the order in
# which they commit: a reader would go on after an entry whose predecessor it has not seen. The
# lock is held until the commit, so both orders are one. It is no lock of the table, which would
# stop autovacuum. As a function of this connection it needs one request, so a node that is
# frozen amid a request holds no lock, and releases of the program do not share it.
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION pg_temp.append(entries bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
    moment timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock({_APPENDING});
    SELECT log.position, log.time INTO number, moment
        FROM trio_chat.log ORDER BY log.position DESC LIMIT 1;
    moment := greatest(moment, clock_timestamp());
    INSERT INTO trio_chat.log (position, time, data)
        SELECT coalesce(number, 0) + each.ordinality, moment, each.data
        FROM unnest(entries) WITH ORDINALITY AS each (data, ordinality);
    NOTIFY trio_chat;
END $$
"""  # noqa: S608

APPEND = "SELECT pg_temp.append($1)"
# With the entry that was read last, so that each look is also one whether it is still there; and no
# further entries than those that begin within the size.
READ = """
SELECT position, identity, extract(epoch FROM time)::float8,
    CASE WHEN position > $1 THEN data END
FROM (
    SELECT *, sum(CASE WHEN position > $1 THEN octet_length(data) END) OVER (
        ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS size
    FROM (
        SELECT * FROM trio_chat.log WHERE position >= $1 ORDER BY position LIMIT $2
    ) AS following
) AS sized
WHERE size IS NULL OR size < $3::bigint ORDER BY position
"""
# One node at a time, or else there would be gaps amid the log.
TRIM = f"""
DELETE FROM trio_chat.log WHERE (SELECT pg_try_advisory_xact_lock({_TRIMMING}))
    AND position <= (SELECT max(position) FROM trio_chat.log) - $1::bigint
    AND position < (SELECT min(position) FROM trio_chat.log) + $2::bigint
"""  # noqa: S608
_AHEAD = """
SELECT extract(epoch FROM time - clock_timestamp())::float8
FROM trio_chat.log ORDER BY position DESC LIMIT 1
"""
FIRST = "SELECT min(position) FROM trio_chat.log"
BACK = """
WITH newest AS (SELECT max(time) AS time FROM
    (SELECT time FROM trio_chat.log ORDER BY position DESC LIMIT 1) AS one)
(SELECT position, identity FROM trio_chat.log, newest
    WHERE log.time <= newest.time - make_interval(secs => $1::float8)
    ORDER BY position DESC LIMIT 1)
UNION ALL (SELECT position, identity FROM trio_chat.log ORDER BY position LIMIT 1)
LIMIT 1
"""
STATE = """
SELECT current_setting('server_version'), (SELECT count(*) FROM pg_stat_replication),
    extract(epoch FROM clock_timestamp())::float8
"""
SETTINGS = """
SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'server_version_num',
    'fsync', 'full_page_writes', 'synchronous_standby_names')
"""
REPLICAS = "SELECT count(*) FROM pg_stat_replication"
# It writes, and its commit waits for replicas as any other, but it leaves no row.
BARRIER = """
SELECT current_setting('synchronous_standby_names'),
    pg_logical_emit_message(true, 'trio-chat', '')
"""


async def prepare_appending(connection: PostgresConnection) -> None:
    """Make a connection ready for `APPEND` and `TRIM`."""
    await _prepare(connection)
    await connection.run(_FUNCTION, seconds=_SECONDS)


async def prepare_reading(connection: PostgresConnection) -> None:
    """Make a connection ready for the others; it is notified of entries."""
    await _prepare(connection)
    await connection.run("LISTEN trio_chat", seconds=_SECONDS)
    for [ahead] in await connection.run(_AHEAD, seconds=_SECONDS):
        _warn_of_clock(*struct.unpack("!d", ahead))


async def _prepare(connection: PostgresConnection) -> None:
    await connection.run(_SETTINGS, seconds=_SECONDS)
    await connection.run(_TABLE, seconds=_SECONDS)


def _warn_of_clock(ahead: float) -> None:
    """Warn if the time of the last entry, which never goes back, has not come yet."""
    if ahead > _MOST_AHEAD:
        log.warning(
            "the clock of the engine is %d s behind its log: until it has caught up, the time of"
            " the cluster stands still, and nothing expires; set the clock",
            ahead,
        )

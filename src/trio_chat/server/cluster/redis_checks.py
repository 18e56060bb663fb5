"""Checks of an engine, and the reasons why a log in it is not what it was."""

import logging
from typing import Any, NamedTuple

from trio_chat.irc.plurals import counted
from trio_chat.server.cluster.log import LogBroken, LogRefused

_LEAST_VERSION = 7
_MOST_AHEAD = 10
"""Seconds by which the log may be ahead of the engine's clock without a warning."""
log = logging.getLogger("trio_chat")


class Stream(NamedTuple):
    """What the engine knows about the stream that is the log.

    Args:
        length: how many entries it has.
        added: how many were ever added.
        first: the id of its first entry, or "0-0".
        last: the id that was given last.
        deleted: the greatest id of an entry that was deleted by itself, or "0-0".
    """

    length: int
    added: int
    first: str
    last: str
    deleted: str


def facts_of(info: bytes) -> dict[str, str]:
    """Return the lines of INFO."""
    lines = info.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


def product(facts: dict[str, str]) -> str:
    """Return what an engine is, with its version."""
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts.get('redis_version', '')}".rstrip()


def check_engine(facts: dict[str, str], replicas: int) -> None:
    """Check that an engine keeps what it has taken.

    Args:
        facts: its INFO.
        replicas: how many must follow it.

    Raises:
        LogRefused: it does not; the message says what to change.
    """
    version = facts.get("valkey_version") or facts.get("redis_version", "0")
    if int(version.partition(".")[0]) < _LEAST_VERSION:
        raise LogRefused(f"Redis {version} is too old: 7 or later is needed")
    if facts.get("redis_mode") == "cluster" or facts.get("cluster_enabled") == "1":
        raise LogRefused(
            "this is Redis Cluster, which divides the keys: take one primary, with Sentinel"
        )
    if facts.get("aof_enabled") != "1":
        raise LogRefused("the engine forgets all at its end: set `appendonly yes`")
    if facts.get("maxmemory_policy", "noeviction") != "noeviction":
        raise LogRefused("the engine may drop the log: set `maxmemory-policy noeviction`")
    if facts.get("aof_last_write_status", "ok") != "ok":
        raise LogRefused("the engine cannot write its file: make room on its disk")
    online = sum("state=online" in fact for fact in facts.values())
    if online < replicas:
        raise LogRefused(f"required: {counted(replicas, 'replica')}; there: {online}")


def stream_of(reply: list[Any]) -> Stream:
    """Return what XINFO STREAM says."""
    facts = dict(zip(reply[::2], reply[1::2], strict=True))
    first = facts[b"first-entry"]
    return Stream(
        int(facts[b"length"]),
        int(facts[b"entries-added"]),
        first[0].decode() if first else "0-0",
        facts[b"last-generated-id"].decode(),
        facts[b"max-deleted-entry-id"].decode(),
    )


def check_unread(stream: Stream, after: str, key: str) -> None:
    """Check that nothing after an id was removed before a node has read it.

    That the entry of this id is still there is checked with each reading. An id of "0-0" has none.

    Raises:
        LogBroken: something was.
    """
    if after == "0-0" and stream.added > stream.length:
        raise LogBroken(_trimmed("its first entry, where a new node begins"))
    if order(stream.deleted) > order(after):
        raise LogBroken(
            f"an entry of the log that this node has not read, {stream.deleted}, was deleted from"
            f" {key} by itself (XDEL): start from a backup of another node"
        )


def warn_of_clock(stream: Stream, now: int) -> None:
    """Warn if the clock of the engine, in seconds, is behind the log.

    Ids never go back. So the time of the cluster stands still until the clock has caught up.
    """
    ahead = order(stream.last)[0] // 1000 - now
    if ahead > _MOST_AHEAD:
        log.warning(
            "the clock of the engine is %d s behind its log: until it has caught up, the time of"
            " the cluster stands still, and nothing expires; set the clock",
            ahead,
        )


def why_broken(stream: Stream | None, after: str, key: str) -> str:
    """Return why the entry of an id is not in the log, or another one is, and what to do."""
    if stream is None or not stream.length:
        lost = f"the engine has lost all of the log, {key} (FLUSHALL, DEL, or other data)"
    elif order(stream.first) > order(after):
        if stream.added > stream.length:
            return _trimmed(f"{after}, where this node has stopped")
        lost = f"the engine has lost the log, {key}, with {after}, and begun another one"
    else:
        lost = (
            f"the log has lost {after}, which this node has carried out, by a failover or a"
            " restore: it is not the same log any longer"
        )
    return (
        f"{lost}. Stop all nodes, and start them from the backup of one node, after `trio-chat"
        " cluster leave` on it"
    )


def order(entry: str) -> tuple[int, int]:
    """Return an id as its order."""
    moment, _, number = entry.partition("-")
    return int(moment), int(number)


def _trimmed(where: str) -> str:
    return f"the log begins after {where}: start from a backup of another node"

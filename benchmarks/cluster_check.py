"""A check of a cluster after a run: what its nodes have stored, and what they answer."""

import itertools
import re
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from cluster_plan import TOKEN, Results

_OWN = {"cluster", "secret", "clock", "clock_step", "setting", "indexed", "filler", "push"}
"""Tables that differ from node to node: keys, positions, and what is built in the background."""
_OWN_PREFIXES = ("sqlite_", "upload", "term")
_WIDTH = 300
_SHOWN = 5
"""Differences that are shown of one table."""

Row = tuple[object, ...]


def check_stored(databases: Sequence[Path], results: Iterable[Results]) -> list[str]:
    """Return what is wrong with what was stored.

    Args:
        databases: of all nodes; nothing is written to them any longer.
        results: of all clients.
    """
    echoed: set[str] = set()
    redacted: set[str] = set()
    for each in results:
        echoed.update(each.echoed)
        redacted.update(each.redacted)
    problems: list[str] = []
    tables = [_tables(database) for database in databases]
    for database, stored in zip(databases, tables, strict=True):
        name = database.parent.name
        counts = Counter(_tokens(stored["message"]))
        lost = sorted(echoed - redacted - set(counts))
        doubled = sorted(token for token, count in counts.items() if count > 1)
        if lost:
            problems.append(f"{name} has lost {len(lost)} messages, such as {lost[:_SHOWN]}")
        if doubled:
            problems.append(f"{name} has doubled {len(doubled)}, such as {doubled[:_SHOWN]}")
        problems += _differences(databases[0].parent.name, tables[0], name, stored)
    return problems


def _tables(path: Path) -> dict[str, list[Row]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = [
            name
            for name, sql in database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            )
            if name not in _OWN and not name.startswith(_OWN_PREFIXES) and "VIRTUAL" not in sql
        ]
        return {name: sorted(database.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def _tokens(messages: Iterable[Row]) -> Iterable[str]:
    for row in messages:
        for value in row:
            if isinstance(value, str) and (found := TOKEN.match(value)):
                yield found[0]
                break


def _differences(
    first: str, tables: dict[str, list[Row]], second: str, others: dict[str, list[Row]]
) -> list[str]:
    """Return in which rows two databases differ, table by table."""
    found: list[str] = []
    for name, rows in tables.items():
        other = others.get(name, [])
        if rows == other:
            continue
        for owner, only in (
            (first, [row for row in rows if row not in set(other)]),
            (second, [row for row in other if row not in set(rows)]),
        ):
            if only:
                found.append(f"only {owner} has {len(only)} rows in {name}:")
                found += [f"    {str(row)[:_WIDTH]}" for row in only[:_SHOWN]]
    return found


def check_answers(nodes: Sequence[tuple[str, int]], channels: Sequence[str]) -> list[str]:
    """Return which nodes answer otherwise about users and channels than the first one."""
    answers = [_answers(node, f"observer{n}", channels) for n, node in enumerate(nodes)]
    found: list[str] = []
    for node, answer in zip(nodes[1:], answers[1:], strict=True):
        for one, other, lines in (
            (nodes[0], node, answers[0] - answer),
            (node, nodes[0], answer - answers[0]),
        ):
            found += [
                f"the node at {one[1]} says, and that at {other[1]} does not: {line}"
                for line in sorted(lines)[:_SHOWN]
            ]
    return found


def _answers(node: tuple[str, int], nick: str, channels: Sequence[str]) -> set[str]:
    """Return what a node says about all users and channels; the order of names does not count."""
    with socket.create_connection(node, timeout=60) as connection:
        lines = connection.makefile("rwb")
        asked = ["CAP REQ :batch draft/metadata-2", f"NICK {nick}", "USER o 0 * :o", "CAP END"]
        for channel in channels:
            asked += [f"WHO {channel}", f"TOPIC {channel}", f"MODE {channel}", f"LIST {channel}"]
        lines.write("".join(f"{line}\r\n" for line in [*asked, "PING end"]).encode())
        lines.flush()
        found: set[str] = set()
        for data in lines:
            line = data.decode().rstrip()
            if line.startswith("PING"):
                lines.write(line.replace("PING", "PONG", 1).encode() + b"\r\n")
                lines.flush()
            if " PONG " in line and "end" in line:
                break
            if re.search(r" (352|324|329|331|332|333|322|315|403) ", line):
                found.add(line.replace(nick, "*"))
        lines.write(b"QUIT\r\n")
        lines.flush()
        return found


def stored_msgids(path: str) -> dict[str, list[str]]:
    """Return the msgids of the messages in all channels, in order."""
    from trio_chat.chat.ids import msgid  # noqa: PLC0415

    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        query = (
            "SELECT name, message.id FROM message JOIN buffer ON buffer.id = buffer ORDER BY"
            " message.id"
        )
        for name, number in database.execute(query):
            found.setdefault(name, []).append(msgid(number))
    return found


def order_problem(
    nick: str, channel: str, seen: Sequence[str], stored: dict[str, list[str]]
) -> list[str]:
    """Return what is wrong with the messages that a client has seen of its channel.

    Args:
        nick: its nickname.
        channel: its channel.
        seen: the ids of the messages, in the order in which they came.
        stored: the ids of the messages of all channels, in order.
    """
    order = {each: place for place, each in enumerate(stored.get(channel, ()))}
    places = [order[each] for each in seen if each in order]
    for before, after in itertools.pairwise(places):
        if after != before + 1:
            what = "missed" if after > before else "got in another order"
            return [f"{nick} has {what} messages of {channel}: {after} after {before}"]
    return []

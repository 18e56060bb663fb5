"""The recorder of the log that `test_cluster_recorded.py` replays.

`python tests/record_log.py VERSION` writes `tests/recorded/VERSION.json.xz`: the entries of the
simulations of some seeds, as the codec writes them, and digests of the state on the way. Run it for
each release, and keep the log of the last one.
"""

import base64
import json
import logging
import lzma
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from cluster_simulation import Disk, Simulation, make_world
from support import NOON
from trio_chat.cluster import codec
from trio_chat.cluster.entries import (
    Begun,
    Check,
    Checked,
    Ended,
    Entry,
    Item,
    Raised,
    Registered,
    Said,
    Stopped,
)
from trio_chat.cluster.machine import Machine
from trio_chat.irc import capabilities as cap

RECORDED = Path(__file__).with_name("recorded")
EVERY = 250
"""Entries between two digests."""
_SEEDS = range(20)


def replay(entries: Iterable[tuple[float, Entry]]) -> list[str]:
    """Carry out a log; return the digests of the state on the way, and of the last one."""
    disk = Disk()
    machine = Machine(lambda clock: make_world(clock, disk))
    digests: list[str] = []
    for number, (now, entry) in enumerate(entries, 1):
        machine.apply(entry, now, ("", 0))
        for operation in machine.world.dirty.take().operations:
            disk.store(operation)
        if number % EVERY == 0:
            digests.append(machine.digest())
    return [*digests, machine.digest()]


def recorded(path: Path) -> list[dict[str, Any]]:
    """Return the logs of a file, each with `entries` and `digests`."""
    logs: list[dict[str, Any]] = json.loads(lzma.decompress(path.read_bytes()))
    return logs


def decoded(log: dict[str, Any]) -> list[tuple[float, Entry]]:
    """Return the entries of a log, with their times."""
    return [(now, codec.decode(base64.b64decode(data))) for now, data in log["entries"]]


def _scripted() -> list[tuple[float, Entry]]:
    """Return a log with what the simulation has not: batches, read markers, checks, and stops."""
    bits = cap.BATCH | cap.MULTILINE | cap.READ_MARKER | cap.MESSAGE_TAGS | cap.METADATA_3
    lines = (
        "JOIN #c0",
        "MARKREAD #c0 timestamp=2026-01-01T00:00:00.000Z",
        "METADATA #c0 SET url :https://example.org",
        "MODE #c0 +mnst",
    )
    batch = (
        b"BATCH +1 draft/multiline #c0",
        b"@batch=1 PRIVMSG #c0 :first",
        b"@batch=1;draft/multiline-concat PRIVMSG #c0 : and more",
        b"@batch=1 PRIVMSG #c0 :second",
        b"BATCH -1",
    )
    person = Registered(
        *(1, bits, "ann", "u", "Ann", "192.0.2.1", "192.0.2.1", "192.0.2.1", "", True),
        *(NOON, 1, "", (("url", "https://example.org"),)),
    )
    items: list[tuple[str, int, tuple[Item, ...]]] = [
        ("here", 1, (Begun(""),)),
        ("there", 1, (Begun(""),)),
        ("here", 2, (person, *(Said(1, bits, (line.encode(),)) for line in lines))),
        ("here", 3, (Said(1, bits, batch), Check())),
        ("here", 4, (Checked(1, "a"), Raised(2))),
        ("there", 2, (Checked(1, "a"), Registered(*(2, 0, "bob", *_of(person)[3:])))),
        ("there", 3, (Said(2, 0, (b"JOIN #c0",)), Stopped())),
        ("here", 5, (Said(1, bits, (b"PRIVMSG bob :gone?",)), Ended(1, "bye"))),
    ]
    return [
        (NOON + number, Entry(node, 1, sequence, each))
        for number, (node, sequence, each) in enumerate(items)
    ]


def _of(item: Registered) -> list[Any]:
    return [getattr(item, field.name) for field in fields(item)]


def main(version: str) -> None:
    """Write the logs of this release."""
    logging.disable(logging.CRITICAL)
    logs = []
    for entries in [_scripted(), *(Simulation(seed, 1500).log.entries for seed in _SEEDS)]:
        written = [[now, base64.b64encode(codec.encode(each)).decode()] for now, each in entries]
        logs.append({"entries": written, "digests": replay(entries)})
    RECORDED.mkdir(exist_ok=True)
    path = RECORDED / f"{version}.json.xz"
    path.write_bytes(lzma.compress(json.dumps(logs).encode(), preset=9))


if __name__ == "__main__":
    main(sys.argv[1])

"""The real server under load while everything goes wrong. The long form: `CHAOS_SECONDS=600 python3
run.py test tests/chaos`.
"""

import os
import random
import sys
from pathlib import Path

import apsw
import pytest
import trio
from people import Talker, enemy, history
from victim import PATIENCE, Victim

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
"""How long it goes on, of which two fifths are crashes."""
TALKERS, ENEMIES = 5, 6
GROWTH = 1.10
"""The memory afterwards, compared with that before."""
SLACK = 4_000_000
"""Bytes that do not count, because an allocator moves in steps."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        sys.platform != "linux", reason="it needs prlimit, /proc and many loopback addresses"
    ),
]


async def storm(victim: Victim, seconds: float, seed: int) -> None:
    """Let the enemies rage for a while."""
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for number in range(ENEMIES):
                nursery.start_soon(enemy, victim, random.Random(seed * 100 + number))


async def misfortunes(victim: Victim, seconds: float) -> None:
    """Turn the clock, and fill the disk, in the middle of it."""
    await trio.sleep(seconds / 5)
    victim.step_clock(back=True)
    await trio.sleep(seconds / 5)
    async with victim.full_disk():
        await trio.sleep(min(seconds / 5, 3))
    await trio.sleep(seconds / 10)
    victim.step_clock(back=False)


async def rest(victim: Victim, talkers: list[Talker]) -> "tuple[int, int, int]":
    """Let everybody be silent until nothing is left to do; return memory, descriptors and tasks
    then.
    """
    for talker in talkers:
        talker.be_silent(True)
    health = await victim.at_rest(len(talkers))
    for talker in talkers:
        talker.be_silent(False)
    return health.memory, health.descriptors, health.tasks


async def test_nothing_is_lost_and_nothing_leaks_whatever_happens(tmp_path: Path) -> None:
    """Acknowledged messages persist in one order, and all resources are released."""
    victim = Victim(tmp_path)
    talkers = [Talker(victim, f"talker{number}") for number in range(TALKERS)]
    calm = SECONDS * 3 / 5
    async with victim.running(), trio.open_nursery() as nursery:
        for talker in talkers:
            nursery.start_soon(talker.run)
        await storm(victim, max(3, calm / 4), 1)  # caches fill, code is loaded
        before = await rest(victim, talkers)
        async with trio.open_nursery() as trouble:
            trouble.start_soon(misfortunes, victim, calm * 3 / 4)
            await storm(victim, calm * 3 / 4, 2)
        after = await rest(victim, talkers)
        assert after[0] <= before[0] * GROWTH + SLACK, (before, after)
        assert after[1:] == before[1:], (before, after)
        assert sum(talker.refused for talker in talkers) > 0, "the disk was not full"
        for number in range(max(2, round(SECONDS / 15))):
            await storm(victim, SECONDS * 2 / 5 / max(2, round(SECONDS / 15)), 10 + number)
            await victim.kill()
            await victim.start()
        await rest(victim, talkers)
        nursery.cancel_scope.cancel()
    async with victim.running():
        kept = await history(victim)
        assert await victim.stop() == 0
    said, refused = (
        sum(map(count, talkers))
        for count in (lambda one: len(one.acknowledged), lambda one: one.refused)
    )
    print(
        f"{said} messages acknowledged, {refused} refused, {len(kept)} kept; memory, descriptors,"
        f" tasks {before} -> {after}"
    )
    _check(kept, talkers)
    assert "internal error" not in victim.log, victim.log
    assert "Traceback" not in victim.log, victim.log
    connection = apsw.Connection(str(tmp_path / "trio-chat.db"))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


def _check(kept: dict[str, str], talkers: list[Talker]) -> None:
    order = list(kept)
    assert order == sorted(order)
    for talker in talkers:
        assert len(talker.acknowledged) > PATIENCE
        assert talker.acknowledged.items() <= kept.items()
        numbers = [int(text.split()[1]) for text in talker.acknowledged.values()]
        assert numbers == sorted(set(numbers))
        seen = set(talker.seen)
        assert len(seen) == len(talker.seen)
        assert [msgid for msgid in order if msgid in seen] == talker.seen

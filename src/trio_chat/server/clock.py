"""The system's clock, watched: its steps are logged, and nothing expires because of one."""

import logging
import time

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import BanSet, Seen
from trio_chat.chat.steady import ClockTable
from trio_chat.chat.world import World
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

_LOOK_INTERVAL = 10.0
_STEP = 2.0
"""Seconds by which the clock and the time that has passed differ, from which on that is a step.
Corrections are smaller.
"""
_KEEP_INTERVAL = 3600.0
# Linux has a clock for that; on macOS this one goes on, and time.monotonic() does not; Windows has
# none of them, and needs none.
_SLEEPLESS: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def elapsed() -> float:
    """Return seconds that never go back, and that go on while the machine sleeps, as far as the
    system knows such a clock.
    """
    if _SLEEPLESS is None:
        return time.monotonic()
    return time.clock_gettime(_SLEEPLESS)


async def watch_clock(world: World, table: ClockTable | None) -> None:
    """Log steps of the clock, correct what a wrong clock has dated, and store its state; for
    ever.
    """
    _tell_held(world.steady.left)
    put_right, kept_at = world.steady.put_right, world.elapsed()
    offset = world.clock() - world.elapsed()
    if world.steady.put_right:
        _mend(world)
    # A server may be killed any time; what was said by a clock that is wrong tells no time.
    await keep_clock(world, table)
    while True:
        await trio.sleep(_LOOK_INTERVAL)
        was_held = world.steady.left > 0
        step = world.clock() - world.elapsed() - offset
        offset += step
        left = world.steady.left
        if abs(step) > _STEP:
            log.warning(
                "the clock was set %s by %s", "ahead" if step > 0 else "back", _span(abs(step))
            )
        if left and (abs(step) > _STEP or not was_held):
            _tell_held(left)
        if world.steady.put_right != put_right:
            put_right = world.steady.put_right
            log.warning(
                "the clock is as it was before it was set ahead; what it said meanwhile counts as"
                " wrong"
            )
            _mend(world)
        if world.elapsed() >= kept_at + _KEEP_INTERVAL or abs(step) > _STEP:
            kept_at = world.elapsed()
            await keep_clock(world, table)


async def keep_clock(world: World, table: ClockTable | None) -> None:
    """Store the state of the steady clock."""
    if table is None:
        return
    try:
        await table.keep(world.steady.keep())
    except StorageError as error:
        log.error("the time cannot be noted: %s", error)


def _tell_held(left: float) -> None:
    if left:
        log.warning(
            "the clock is ahead of the time that has passed for certain: nothing is deleted or"
            " expires for %s ([storage] clock_hold_hours); if it is wrong, set it right until then",
            _span(left),
        )


def _mend(world: World) -> None:
    """Have bans and always-on users that are dated by a clock that was ahead be of now."""
    now = world.clock()
    for ban in world.bans.dated_after(now):
        apply(world, BanSet(ban))
    for user in world.always_on:
        if user.seen > now:
            apply(world, Seen(user.folded, now))


def _span(seconds: float) -> str:
    """Return a duration for people."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} seconds"

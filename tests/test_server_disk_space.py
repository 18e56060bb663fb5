"""Room on the disk: the reserve is for accounts, and the last part of it for operators."""

import os
import shutil
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from support import Town
from trio_chat.chat.quotas import Room
from trio_chat.server.disk_space import INTERVAL, free_bytes, place_of, room_for, watch_disk_space


@pytest.mark.parametrize(
    ("left", "room"),
    [
        (64, Room.EVERYBODY),
        (63, Room.ACCOUNTS),
        (16, Room.ACCOUNTS),
        (15, Room.OPERATORS),
        (0, Room.OPERATORS),
    ],
)
def test_the_reserve_is_kept_in_two_steps(left: int, room: Room) -> None:
    """Guests first; the last quarter is for operators alone."""
    assert room_for(left, 64) is room


def test_nothing_is_reserved_when_that_is_wanted() -> None:
    """`reserve = 0`."""
    assert room_for(0, 0) is Room.EVERYBODY


async def test_the_disk_is_looked_at_again_and_again(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """So it is noticed when it fills, and when there is room again; a look that fails changes
    nothing.
    """
    world = Town().world
    quotas = world.quotas
    looks: list[int | OSError] = [100, 50, OSError("gone"), 10, 100]
    seen: list[Room] = []

    async def free(path: Path) -> int:
        await trio.lowlevel.checkpoint()
        seen.append(quotas.room)
        look = looks.pop(0)
        if isinstance(look, OSError):
            raise look
        return look

    nursery.start_soon(watch_disk_space, world, Path(), 64, free)
    await trio.sleep(4.5 * INTERVAL)
    nursery.cancel_scope.cancel()
    assert [*seen[1:], quotas.room] == [
        Room.EVERYBODY,
        Room.ACCOUNTS,
        Room.ACCOUNTS,
        Room.OPERATORS,
        Room.EVERYBODY,
    ]


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
def test_the_disk_of_a_database_behind_a_link(tmp_path: Path) -> None:
    """It is the one that is written to."""
    (tmp_path / "large").mkdir()
    (tmp_path / "chat.db").symlink_to("large/real.db")
    assert place_of(tmp_path / "chat.db") == (tmp_path / "large").resolve()
    assert place_of(tmp_path / "large" / "real.db") == (tmp_path / "large").resolve()


async def test_the_system_is_asked(tmp_path: Path) -> None:
    """For the room on the disk on which a directory is."""
    assert 0 < await free_bytes(tmp_path) <= shutil.disk_usage(tmp_path).total

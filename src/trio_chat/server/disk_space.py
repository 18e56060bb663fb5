"""Free disk space: a reserve of it is for accounts only, and the last part for operators only."""

import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from trio_chat.chat.changes import RoomChanged
from trio_chat.chat.quotas import Room
from trio_chat.chat.world import World
from trio_chat.server.watchers import carry_out_due

log = logging.getLogger("trio_chat")

INTERVAL = 5.0
"""Seconds between two checks."""
_LAST = 4
"""The fraction of the reserve that is for operators only: one of so many parts."""
_WORDS = {
    Room.EVERYBODY: "there is enough disk space again, all users can write",
    Room.ACCOUNTS: "the disk is nearly full: messages of guests are refused until there is space",
    Room.OPERATORS: (
        "the disk is full but for the last part: messages of all but operators are refused"
    ),
}


def place_of(database: Path) -> Path:
    """Return the directory in which a database is; for a symbolic link, where that leads."""
    return Path(os.path.realpath(database)).parent


async def free_bytes(path: Path) -> int:
    """Return how many bytes are free on the disk on which a directory is.

    Raises:
        OSError: that cannot be found out.
    """
    return (await trio.to_thread.run_sync(shutil.disk_usage, path)).free


async def watch_disk_space(
    world: World,
    path: Path,
    reserve: int,
    free: Callable[[Path], Awaitable[int]] = free_bytes,
    server: str = "",
) -> None:
    """Check the free space where the database is, for ever, and restrict writing to the reserve.

    Args:
        world: its quotas refuse other users, in a cluster on all servers.
        path: the directory.
        reserve: bytes.
        free: returns how many bytes are free.
        server: the name of this server in a cluster.
    """
    while True:
        try:
            left = await free(path)
        except OSError as error:
            log.warning("the free disk space cannot be determined: %s", error)
        else:
            room = room_for(left, reserve)
            if room is not world.quotas.rooms.get(server, Room.EVERYBODY):
                log.log(
                    logging.WARNING if room is Room.EVERYBODY else logging.ERROR,
                    "%s (%d MB are free)",
                    _WORDS[room],
                    left >> 20,
                )
                await carry_out_due(world, RoomChanged(server, room.value))
        await trio.sleep(INTERVAL)


def room_for(left: int, reserve: int) -> Room:
    """Return the users for whom there is room.

    Args:
        left: bytes that are free.
        reserve: bytes that are reserved.
    """
    if left >= reserve:
        return Room.EVERYBODY
    return Room.ACCOUNTS if left >= reserve // _LAST else Room.OPERATORS

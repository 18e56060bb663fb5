"""Transitions of the table of uploads, which is stored and not in memory."""

from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import UploadAdded, UploadsRemoved
from trio_chat.chat.world import World


@transition(UploadAdded)
def _add(world: World, change: UploadAdded) -> Effects:
    world.dirty.record(change)
    return []


@transition(UploadsRemoved)
def _remove(world: World, change: UploadsRemoved) -> Effects:
    world.dirty.record(change)
    return []

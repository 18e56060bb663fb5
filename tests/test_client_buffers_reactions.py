"""Reactions that come before their message, as they do from later pages of the history."""

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry, EntryKind


def test_a_reaction_that_was_withdrawn_does_not_come_back() -> None:
    """The withdrawal is in a later page than the reaction, and is read first."""
    buffer = Buffer("#a", BufferKind.CHANNEL)
    for minute, is_taken_back in ((3, True), (1, False)):
        time = f"2030-01-31T12:0{minute}:00.000Z"
        buffer.react("1", "ann", "👍", is_taken_back=is_taken_back, time=time)
    buffer.append(BufferEntry(EntryKind.MESSAGE, 0.0, "bob", "hi", "1"))
    (entry,) = buffer.newest()
    assert not entry.extra().reactions

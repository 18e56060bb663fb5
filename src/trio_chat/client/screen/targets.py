"""Target messages: the one that a reply, a reaction or a deletion is about."""

from itertools import islice

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.entries import BufferEntry
from trio_chat.client.session.features import Features

_MOST_DIGITS = 9


def find_target(
    buffer: Buffer, selected: int | None, features: Features, name: str, *, own: bool | None
) -> BufferEntry | None:
    """Return the message that a command is about, None when there is none with a msgid.

    Args:
        buffer: the current buffer.
        selected: the number of the selected entry, None when nothing is selected.
        features: compare nicknames as the server does.
        name: see `registry.Actions.target_message`.
        own: see there.
    """
    if selected is not None and not name:
        entry = buffer[selected]
        return entry if entry.msgid else None
    messages = (
        entry
        for entry in buffer.newest()
        if entry.is_message and entry.msgid and not entry.is_deleted
    )
    if name.isdecimal():
        number = int(name[:_MOST_DIGITS])
        return next(islice(messages, number - 1, None), None) if number else None
    if name:
        return next((entry for entry in messages if features.same(entry.sender, name)), None)
    return next((entry for entry in messages if own is None or entry.own is own), None)

"""Numbers of messages in the answer to the command that sent them: the answer is written before the
commit, and a number is given by it. Until then a mark stands in its place, with characters that no
line can hold.
"""

import re
from collections.abc import Mapping
from typing import Final

from trio_chat.chat.events import Event, OutputItem, Reply
from trio_chat.irc import tag_names

_MARK: Final = "\0"
_MARK_BYTES: Final = _MARK.encode()
_UNKNOWN: Final = re.compile(
    rb"(;?)" + re.escape(tag_names.NUMBER.encode()) + rb"=\0([0-9]+)\0(;?)"
)


def unknown_number(identity: int) -> str:
    """Return the value of the tag for a message that is not committed yet, by its id."""
    return f"{_MARK}{identity}{_MARK}"


def with_numbers(part: OutputItem, numbers: Mapping[int, int]) -> OutputItem:
    """Return an event or a reply with the numbers that were given; without the tag in an answer
    about a message that has none.
    """
    if isinstance(part, Event):
        number = numbers.get(part.id) if part.history_targets else None
        return part if number is None else part.numbered(number)
    if _MARK_BYTES not in part.data:
        return part

    def known(found: re.Match[bytes]) -> bytes:
        before, identity, after = found.groups()
        number = numbers.get(int(identity))
        if number is None:
            return before and after
        return b"%b%b=%d%b" % (before, tag_names.NUMBER.encode(), number, after)

    return Reply(part.session, _UNKNOWN.sub(known, part.data), part.is_reply)

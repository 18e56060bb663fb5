"""One entry of a buffer: a message, a notice, or something that happened.

There may be a hundred thousand of them, so an entry is small, and what only few have is in
`extras`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class EntryKind(Enum):
    """What an entry is."""

    MESSAGE = "message"
    ACTION = "action"
    NOTICE = "notice"
    MEMBERSHIP = "who came and went, and with which ranks"
    INFO = "info"
    ERROR = "error"


class MembershipChange(Enum):
    """How somebody came or went."""

    JOINED = "joined"
    LEFT = "left"
    QUIT = "quit"


@dataclass(slots=True)
class Extras:
    """What few entries have.

    Args:
        reply_to: the msgid of what it answers.
        reactions: who reacted, by reaction.
        deleted_by: who deleted it, "" when nobody has.
        membership_changes: who came and went.
        ranks: changes of ranks meanwhile: by whom, and which, such as `+o bob`.
    """

    reply_to: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    deleted_by: str = ""
    membership_changes: list[tuple[MembershipChange, str]] = field(default_factory=list)
    ranks: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class BufferEntry:
    """One entry.

    Args:
        kind: what it is.
        time: seconds of Unix time.
        sender: who said it, "" for what nobody said.
        text: what was said, as it came; of several lines when there are line feeds in it.
        msgid: the server's name for it, "" for none.
        own: whether we said it.
        is_mention: whether it is about us.
        version: grows when it changes, so that a view knows.
    """

    kind: EntryKind
    time: float
    sender: str = ""
    text: str = ""
    msgid: str = ""
    own: bool = False
    is_mention: bool = False
    version: int = 0
    extras: Extras | None = None

    def extra(self) -> Extras:
        """Return the extras, to be changed; the entry counts as changed."""
        self.version += 1
        if self.extras is None:
            self.extras = Extras()
        return self.extras

    @property
    def is_deleted(self) -> bool:
        """Whether somebody deleted it."""
        return self.extras is not None and bool(self.extras.deleted_by)

    @property
    def is_message(self) -> bool:
        """Whether somebody said it."""
        return self.kind in (EntryKind.MESSAGE, EntryKind.ACTION, EntryKind.NOTICE)


def time_of(text: str, otherwise: float) -> float:
    """Return a server-time as seconds of Unix time; `otherwise` when it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return otherwise

"""An entry of a buffer: a message, or an event.

There may be a hundred thousand of them, so an entry is small, and rare attributes are in `extras`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from trio_chat.irc.polls import VoteLog


class EntryKind(Enum):
    """The kind of an entry."""

    MESSAGE = "message"
    ACTION = "action"
    NOTICE = "notice"
    MEMBERSHIP = "who came and went, and with which ranks"
    INFO = "info"
    ERROR = "error"


class MembershipChange(Enum):
    """How a user came or went."""

    JOINED = "joined"
    LEFT = "left"
    QUIT = "quit"


class EntryTranslation(NamedTuple):
    """The translation of an entry.

    Args:
        text: it, with line feeds between lines; "" while it is waited for.
        languages: from which language into which.
    """

    text: str
    languages: str


@dataclass(slots=True)
class Extras:
    """Rare attributes of an entry.

    Args:
        reply_to: the msgid of the message that it answers.
        reactions: nicknames by reaction.
        deleted_by: the nickname of the user that deleted it, "" for none.
        membership_changes: the users that came and went.
        ranks: changes of ranks: by whom, and which, such as `+o bob`.
        translation: what is shown beneath it, None for nothing.
        votes: the reactions that are votes if it is a poll; None when there are none.
        only_to: the prefix of the members that alone got it (STATUSMSG), "" for all.
    """

    reply_to: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    deleted_by: str = ""
    membership_changes: list[tuple[MembershipChange, str]] = field(default_factory=list)
    ranks: list[tuple[str, str]] = field(default_factory=list)
    translation: EntryTranslation | None = None
    votes: VoteLog | None = None
    only_to: str = ""


@dataclass(slots=True)
class BufferEntry:
    """One entry.

    Args:
        kind: the kind of entry.
        time: seconds of Unix time.
        sender: the nickname of the sender, "" for an event.
        text: the text as the server sent it, with line feeds between several lines.
        msgid: the server's identifier, "" for none.
        own: whether the user has sent it.
        is_mention: whether it mentions the user.
        is_bot: whether its sender is a bot.
        version: grows with every change, so that a view knows.
    """

    kind: EntryKind
    time: float
    sender: str = ""
    text: str = ""
    msgid: str = ""
    own: bool = False
    is_mention: bool = False
    is_bot: bool = False
    version: int = 0
    extras: Extras | None = None

    def extra(self) -> Extras:
        """Return the extras in order to change them; the entry counts as changed."""
        self.version += 1
        if self.extras is None:
            self.extras = Extras()
        return self.extras

    @property
    def is_deleted(self) -> bool:
        """Whether a user has deleted it."""
        return self.extras is not None and bool(self.extras.deleted_by)

    @property
    def is_message(self) -> bool:
        """Whether it is a message."""
        return self.kind in (EntryKind.MESSAGE, EntryKind.ACTION, EntryKind.NOTICE)


def time_of(text: str, otherwise: float) -> float:
    """Return a server-time as seconds of Unix time; `otherwise` when it is invalid."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return otherwise

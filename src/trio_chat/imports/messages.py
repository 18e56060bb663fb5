"""Messages of another program, as all parsers yield them."""

from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from trio_chat.i18n import N_


class ImportFileError(Exception):
    """A file that cannot be imported; the text is a sentence for the user."""


class MessageForm(Enum):
    """How a message is sent."""

    TEXT = auto()
    ACTION = auto()
    NOTICE = auto()
    REACTION = auto()
    """No message, but the reactions that it has, to the message that it answers."""
    EVENT = auto()
    """No message, but an event of a channel."""


class SourcePerson(NamedTuple):
    """The author of a message or reaction.

    Args:
        key: identifies the person at the source; a nickname where there is nothing else.
        name: the name that is shown.
        is_bot: whether it is a program.
        account: the account at the source, where accounts have the same names here; or "".
        aliases: other names by which a mapping may name the person.
    """

    key: str
    name: str
    is_bot: bool = False
    account: str = ""
    aliases: tuple[str, ...] = ()


def irc_person(nick: str) -> SourcePerson:
    """Return the person that has a nickname in a log."""
    return SourcePerson(f"irc:{nick.lower()}", nick, aliases=(nick,))


class SourceChannel(NamedTuple):
    """A channel of another program.

    Args:
        key: identifies the channel in all imports.
        name: its name there, without a `#`.
        is_private: whether only some people could read it there.
        parties: the two people of a private conversation, or ().
    """

    key: str
    name: str
    is_private: bool = False
    parties: tuple[SourcePerson, ...] = ()


class SourceFile(NamedTuple):
    """A file that is attached to a message.

    Args:
        key: identifies it at the source.
        name: the name of the file.
        url: where it was, or "".
        path: where it is on this machine, or None.
    """

    key: str
    name: str
    url: str = ""
    path: Path | None = None


class SourceReaction(NamedTuple):
    """An emoji, and the people that reacted with it.

    Args:
        emoji: the emoji.
        people: the people.
        is_taken_back: whether they take it back instead.
    """

    emoji: str
    people: tuple[SourcePerson, ...]
    is_taken_back: bool = False


class SourceReference(NamedTuple):
    """A message that another one answers: its key and its time, as in `SourceMessage`."""

    key: str
    time: int


class SourceMessage(NamedTuple):
    """A message of another program.

    Args:
        channel: where it was sent.
        key: identifies it in all imports; the id is made of it and of the time.
        time: milliseconds of Unix time; in a channel the order of the messages.
        author: the person that sent it.
        text: the text; lines are separated by LF.
        form: how it was sent.
        reply_to: the message that it answers, or None.
        files: what is attached to it.
        reactions: the reactions to it.
        mentions: people by the spelling in which the text mentions them, such as `@Anna B.`.
        command: of an event: JOIN, PART, QUIT or NICK. The text is the reason or the new nickname.
    """

    channel: SourceChannel
    key: str
    time: int
    author: SourcePerson
    text: str
    form: MessageForm = MessageForm.TEXT
    reply_to: SourceReference | None = None
    files: tuple[SourceFile, ...] = ()
    reactions: tuple[SourceReaction, ...] = ()
    mentions: tuple[tuple[str, SourcePerson], ...] = ()
    command: str = ""


class Skipped(NamedTuple):
    """Something that is not imported.

    Args:
        reason: one of those below.
        number: how many there are.
    """

    reason: str
    number: int = 1


SourceItems = Iterator[SourceMessage | Skipped]

SYSTEM = N_("messages of the other program itself, such as who joined")
EMPTY = N_("messages without a text")
DAMAGED = N_("entries that are damaged")
UNREADABLE = N_("lines in an unknown format")
TIMELESS = N_("messages without a time")
TOO_OLD = N_("messages from before 1988")
FUTURE = N_("messages dated in the future")
OUT_OF_RANGE = N_("messages outside --since and --until")
EXPIRED = N_(
    "messages older than the server keeps them ([storage] keep_days, or the channel's own)"
)
PRIVATE = N_("messages of private channels that no --channel names")
CONVERSATION = N_("private messages of people whose accounts here are not known (see --map)")
NOT_CHOSEN = N_("messages of channels that --channel leaves out")
ELSEWHERE = N_("messages that are here already, in another channel")
LEFT_OVER = N_("parts of messages that are too long")
UNLISTED = N_("days of conversations that the export does not list")
TOO_MANY = N_("reactions to messages that have more than 200 of them")
NAMELESS = N_("reactions without the names of people")
TO_SOME = N_("notices to the owner of the log or to some of the channel, such as its operators")
OWN = N_("notices of the owner of the log, whom it does not name (see --own-nick)")
EVENTS = N_("events, such as joins and topics")
NO_FILE = N_("attached files that are missing or not in the directory of the export")
FILE_TOO_LARGE = N_("attached files larger than [uploads] max_size")
NO_ROOM = N_("attached files for which [uploads] total_quota has no room")
NO_SPACE = N_("attached files for which the disk has no room ([uploads] reserve)")
DAMAGED_FILE = N_("attached files that are damaged")
NO_ADDRESS = N_(
    "attached files, because the address of the server is not known (name it by --url at the first"
    " import)"
)
NO_UPLOADS = N_("attached files, because [uploads] is off")

"""Conversations as the history knows them: what is said in a channel, and what two accounts say to
each other.

A private conversation belongs to accounts, by their numbers: neither who has a nickname today nor
who registers the name of an account that was deleted gets to read it. In one with a user without an
account, only the other side can read messages again.
"""

from typing import NamedTuple

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import NOT_TO_A_CHANNEL, Event
from trio_chat.chat.history import MESSAGES, HistoryTarget, Record
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.names import fold_or_self, is_channel_name

GUEST = "~"
"""Prefix of the nickname of a user without an account; a user with an account is stored by its
number.
"""


class Conversation(NamedTuple):
    """A conversation that somebody may read.

    Args:
        buffer: its name in the history.
        name: what the reader calls it: the channel, or the other one's nickname.
        private_after: private messages with a smaller id are others' business.
        reader: who reads.
        channel: the channel, or None when it is between two.
    """

    buffer: str
    name: str
    private_after: int
    reader: User
    channel: Channel | None = None

    def can_be_read(self) -> bool:
        """Return whether the reader may still read it, after having waited."""
        if self.channel is not None:
            return policy.can_read_history(self.reader, self.channel)
        return bool(self.reader.account_id) and self.is_party()

    def is_party(self) -> bool:
        """Return whether it is still one of the reader's own private conversations, after having
        waited.
        """
        return self.channel is None and _party(self.reader) in self.buffer.split(",")

    def others(self, world: World) -> list[User]:
        """Return those who are the other side of a private conversation and here."""
        own = _party(self.reader)
        other = next((party for party in self.buffer.split(",") if party != own), own)
        if other.startswith(GUEST):
            user = world.users.get(other.removeprefix(GUEST))
            return [user] if user is not None and not user.account else []
        return world.with_account(int(other))

    def replay(self, record: Record) -> Event:
        """Return what was sent when the message, or what happened, was new."""
        if self.channel is not None:
            return as_event(record, self.channel)
        # Under today's nicknames: whoever has changed it since is the same person.
        target = self.name if record.account_id == self.reader.account_id else self.reader.nick
        return _event(record, (target, record.text) if record.command in MESSAGES else (target,))


def find(world: World, reader: User, target: str) -> Conversation | None:
    """Return the conversation with a channel or a person, as far as the reader may read it."""
    if is_channel_name(target):
        channel = world.channels.get(fold_or_self(target))
        if channel is None or not policy.can_read_history(reader, channel):
            return None
        return in_channel(reader, channel)
    return with_person(world, reader, target) if reader.account_id else None


def with_person(world: World, reader: User, target: str) -> Conversation | None:
    """Return the conversation with a person; without an account it cannot be read, but what one has
    said can be deleted.
    """
    if world.accounts is None:
        return None
    folded = fold_or_self(target)
    other = world.users.get(folded)
    account = world.accounts.known.get(folded) or world.accounts.dropped.get(folded)
    if other is not None and (other.account_id or account is None):
        return Conversation(buffer_of(_party(reader), _party(other)), other.nick, 0, reader)
    party = str(account.id) if account else GUEST + folded
    return Conversation(
        buffer_of(_party(reader), party), account.name if account else target, 0, reader
    )


def in_channel(reader: User, channel: Channel) -> Conversation:
    """Return what is said in a channel, for a member."""
    return Conversation(channel.folded, channel.name, channel.founded, reader, channel)


def with_buffer(world: World, reader: User, buffer: str) -> Conversation | None:
    """Return the private conversation with this name in the history, or None when the name belongs
    to another user now.
    """
    first, _, second = buffer.partition(",")
    other = second if first == _party(reader) else first
    if other.startswith(GUEST):
        return Conversation(buffer, other.removeprefix(GUEST), 0, reader)
    name = world.account_name(int(other), or_dropped=True)
    return Conversation(buffer, name, 0, reader) if name else None


def history_targets(sender: User, receiver: User) -> tuple[HistoryTarget, ...]:
    """Return where a private message is remembered: nowhere, unless one of the two has an
    account.
    """
    if not sender.account_id and not receiver.account_id:
        return ()
    return (HistoryTarget(buffer_of(_party(sender), _party(receiver)), is_private=True),)


def _party(user: User) -> str:
    return str(user.account_id) if user.account_id else GUEST + user.folded


def buffer_of(party: str, other: str) -> str:
    """Return the name that a conversation of two has in the history; a channel cannot have it, for
    the comma.
    """
    return ",".join(sorted((party, other)))


def as_event(record: Record, channel: Channel) -> Event:
    """Return what was sent to a channel."""
    if record.command in MESSAGES:
        return _event(record, (channel.name, record.text))
    if record.command == "JOIN":
        return _event(record, (channel.name,), (channel.name, *record.params))
    return _event(
        record,
        record.params if record.command in NOT_TO_A_CHANNEL else (channel.name, *record.params),
    )


def _event(record: Record, params: tuple[str, ...], extended: tuple[str, ...] = ()) -> Event:
    return Event(
        record.id,
        record.command,
        params,
        record.source,
        (),
        account=record.account,
        extended=extended,
        client_tags=record.tags,
        carries_msgid=True,
        is_bot=record.is_bot,
        shift=record.shift,
        account_id=record.account_id,
    )

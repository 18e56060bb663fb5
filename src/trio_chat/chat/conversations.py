"""Conversations in the history: the messages of a channel, and those between two accounts.

A private conversation belongs to the numbers of its accounts. A user that takes the same nickname
later, or registers the name of a deleted account, cannot read it. If one side has no account, only
the other side can read the messages again.
"""

from typing import NamedTuple

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import NOT_TO_A_CHANNEL, Event
from trio_chat.chat.history import GUEST, MESSAGES, HistoryTarget, Record, buffer_of
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.names import fold_or_self, is_channel_name


class Conversation(NamedTuple):
    """A conversation, as one reader may see it.

    Args:
        buffer: its name in the history.
        name: its name for the reader: the channel, or the nickname of the other side.
        private_after: the reader does not receive private messages with a smaller id.
        reader: the user that reads.
        channel: the channel, or None for a private conversation.
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
        """Return the present users of the other side of a private conversation."""
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
        # With the current nicknames: an account is the same person under another nickname.
        target = self.name if record.account_id == self.reader.account_id else self.reader.nick
        return _event(record, (target, record.text) if record.command in MESSAGES else (target,))


def find(world: World, reader: User, target: str) -> Conversation | None:
    """Return the conversation in a channel or with a user, or None if the reader may not read
    it.
    """
    if is_channel_name(target):
        channel = world.channels.get(fold_or_self(target))
        if channel is None or not policy.can_read_history(reader, channel):
            return None
        return in_channel(reader, channel)
    return with_person(world, reader, target) if reader.account_id else None


def with_person(world: World, reader: User, target: str) -> Conversation | None:
    """Return the conversation with a user. A reader without an account cannot read it, but can
    delete own messages.
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
    """Return the conversation in a channel, for a member."""
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
    """Return the targets in which a private message is stored: none, unless one of the two has an
    account.
    """
    if not sender.account_id and not receiver.account_id:
        return ()
    return (HistoryTarget(buffer_of(_party(sender), _party(receiver)), is_private=True),)


def _party(user: User) -> str:
    return str(user.account_id) if user.account_id else GUEST + user.folded


def as_event(record: Record, channel: Channel) -> Event:
    """Return a record as the event that was sent to a channel."""
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

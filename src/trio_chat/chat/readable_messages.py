"""Messages that a user names by a msgid, and may read."""

from typing import NamedTuple

from trio_chat.chat import conversations, retention
from trio_chat.chat.conversations import Conversation
from trio_chat.chat.history import Record, Span
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.names import is_channel_name


class ReadableMessage(NamedTuple):
    """A message, and the conversation that it is in."""

    conversation: Conversation
    record: Record

    def can_be_read(self, world: World) -> bool:
        """Return whether the user may still read it, after having waited."""
        may_read = self.conversation.can_be_read() or self.conversation.is_party()
        return may_read and self.record.id not in world.redacted


async def find(
    world: World, user: User, storage: StoragePorts, target: str, number: int
) -> ReadableMessage | None:
    """Return a message that a user may read: of a channel as its member, or one of its own private
    conversations.

    A user without an account can name one that is not older than its nickname.

    Args:
        world: the state of the chat.
        user: the reader.
        storage: has the messages.
        target: the channel, or the nickname of the other side.
        number: the id of the message.

    Raises:
        HistoryError: messages cannot be read.
    """
    if is_channel_name(target) or user.account_id:
        conversation = conversations.find(world, user, target)
    else:
        conversation = (
            conversations.with_person(world, user, target) if number > user.since else None
        )
    if conversation is None:
        return None
    span, after = Span(after=number - 1, before=number + 1), conversation.private_after
    if conversation.channel is not None:
        span = retention.cut(span, retention.oldest(world, storage, conversation.channel))
    found = await storage.history.messages(conversation.buffer, span, 1, after)
    if not found:
        return None
    readable = ReadableMessage(conversation, found[0])
    return readable if readable.can_be_read(world) else None

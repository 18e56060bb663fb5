"""The change of a message that is deleted (IRCv3 `draft/message-redaction`)."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change


@dataclass(frozen=True, slots=True)
class MessageRedacted(Change):
    """A message is deleted from the history (IRCv3 draft/message-redaction); a second time changes
    nothing.

    Args:
        user: the folded nickname of the user that deletes it; "" for no user, but an API token.
        session: the number of the session that does, or 0.
        channel: the folded name of the channel; "" for a private conversation.
        conversation: the name of a private conversation in the history; "" for a channel.
        target: the name of the conversation for the user.
        number: the id of the message.
        reason: shown to others, or "".
        is_deleted: whether it is deleted already. In a cluster each server deletes it, before its
            clients see that.
    """

    user: str
    session: int
    channel: str
    conversation: str
    target: str
    number: int
    reason: str
    is_deleted: bool

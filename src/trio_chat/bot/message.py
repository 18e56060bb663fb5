"""A message that a bot has received, and the ways to answer it."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Protocol

from trio_chat.client.session.events import MessageKind, Said


class Answering(Protocol):
    """The bot, as its messages need it."""

    async def say(self, target: str, text: str, *, reply_to: str = "", notice: bool = False) -> str:
        """Send a message, and return its msgid."""

    async def react(self, target: str, msgid: str, reaction: str) -> None:
        """React to a message."""


class ChatMessage:
    """A message of another user.

    Attributes:
        nick: the nickname of the sender.
        account: the account of the sender, "" for none. A nickname can be taken by another user;
            what only some may do is for accounts.
        target: the channel it was sent to, or the nickname of the bot.
        conversation: where an answer belongs: the channel, or the sender of a private message.
        text: what was said; several lines have line feeds.
        kind: whether it is a message, an action or a notice.
        msgid: its identifier, "" where the server gives none.
        reply_to: the msgid of the message that it answers, "" for none.
        time: when the server received it; for servers without times, when it came.
        is_private: whether it was sent to the bot alone.
        is_bot: whether its sender is a bot.
        is_missed: whether it was sent while the bot was away.
    """

    def __init__(self, bot: Answering, said: Said) -> None:
        self._bot = bot
        self.nick = said.sender
        self.account = said.account
        self.target = said.target
        self.conversation = said.conversation
        self.text = said.text
        self.kind: MessageKind = said.kind
        self.msgid = said.msgid
        self.reply_to = said.reply_to
        self.time = _time(said.played_back or said.time)
        self.is_private = said.private
        self.is_bot = said.is_bot
        self.is_missed = bool(said.played_back)

    def __repr__(self) -> str:
        return f"<ChatMessage of {self.nick} to {self.target}: {self.text!r}>"

    def reply(self, text: str, *, notice: bool = False) -> Awaitable[str]:
        """Answer where the message was sent; clients show which message is answered.

        Returns:
            the msgid of the answer, once the server has confirmed it.

        Raises:
            NotDeliveredError: the server has refused it, or it is not known whether it arrived.
        """
        return self._bot.say(self.conversation, text, reply_to=self.msgid, notice=notice)

    async def react(self, reaction: str) -> None:
        """React to the message (IRCv3 `draft/react`); without a msgid nothing is sent."""
        if self.msgid:
            await self._bot.react(self.conversation, self.msgid, reaction)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)

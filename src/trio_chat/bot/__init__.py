"""Bots in Python: a small library on the client's session (see docs/bots.md).

The names in `__all__`, with their documented arguments, are the public interface: it follows
semantic versioning.
"""

from trio_chat.bot.bot import Bot
from trio_chat.bot.command import CommandError
from trio_chat.bot.delivery import NotDeliveredError
from trio_chat.bot.message import ChatMessage
from trio_chat.bot.pages import HistoryUnavailableError
from trio_chat.bot.run import BotError
from trio_chat.bot.schedule import NotScheduledError, ScheduledMessage
from trio_chat.client.session.events import (
    Connected,
    Lost,
    MessageKind,
    Reacted,
    Redacted,
    TopicChanged,
    UserJoined,
    UserKicked,
    UserParted,
    UserQuit,
    UserRenamed,
)
from trio_chat.client.session.events import Event as _OtherEvent
from trio_chat.irc.polls import Poll, PollError, typed_poll

Event = ChatMessage | _OtherEvent
"""Any event, for a handler of all of them."""

__all__ = [
    "Bot",
    "BotError",
    "ChatMessage",
    "CommandError",
    "Connected",
    "Event",
    "HistoryUnavailableError",
    "Lost",
    "MessageKind",
    "NotDeliveredError",
    "NotScheduledError",
    "Poll",
    "PollError",
    "Reacted",
    "Redacted",
    "ScheduledMessage",
    "TopicChanged",
    "UserJoined",
    "UserKicked",
    "UserParted",
    "UserQuit",
    "UserRenamed",
    "typed_poll",
]

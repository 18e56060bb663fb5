"""An agent in the chat: what a program may read and write with one account, and how often.

It has the rights of its account and no others, since it is a client like any other. On top of that
it speaks in a conversation only after its user has allowed that, never to services, and at a
limited rate.
"""

import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from unicodedata import category, normalize

import trio

from trio_chat.bot import (
    Bot,
    ChatMessage,
    HistoryUnavailableError,
    Lost,
    NotDeliveredError,
)
from trio_chat.client.session.events import Ready
from trio_chat.irc.plurals import counted

PATIENCE = 30.0
"""Seconds for the chat to answer."""
MOST_MESSAGES = 200
"""Messages returned at once."""
LONGEST_TEXT = 10_000
"""Characters of one message to be sent."""
MOST_LINES = 100
"""Lines of one message to be sent."""
_MINUTE = 60.0
_READS = 60
"""Requests for history a minute."""
_RANKS = "~&@%+!"
_HOST = re.compile("[!@%]")
_AWAY = "The chat does not answer; it may be away. Try again later."
_Result = TypeVar("_Result")


class AgentError(Exception):
    """Something that the agent may not do, or that the chat refuses; the text says what to do."""


class Rate:
    """So many actions a minute.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        self._times: deque[float] = deque(maxlen=most)

    def take(self) -> None:
        """Count an action.

        Raises:
            AgentError: there were as many within the last minute.
        """
        now = trio.current_time()
        if len(self._times) == self._times.maxlen:
            wait = self._times[0] + _MINUTE - now if self._times else _MINUTE
            if wait > 0:
                raise AgentError(f"Too often. Try again in {counted(int(wait) + 1, 'second')}.")
        self._times.append(now)


class Agent:
    """The actions of one agent.

    Args:
        bot: its client.
        allowed: channels and users to which it may write without a question.
        rate: messages and reactions a minute.
        is_read_only: whether it may write nothing.
    """

    def __init__(
        self, bot: Bot, allowed: Iterable[str], rate: int, *, is_read_only: bool = False
    ) -> None:
        self._bot = bot
        self._allowed = set(allowed)
        self._writes, self._reads = Rate(rate), Rate(_READS)
        self._is_read_only = is_read_only
        self._is_there = trio.Event()
        bot.on(Ready | Lost)(self._note)

    def _note(self, event: Ready | Lost) -> None:
        if isinstance(event, Ready):
            self._is_there.set()
        elif self._is_there.is_set():
            self._is_there = trio.Event()

    @property
    def nick(self) -> str:
        """The nickname under which it speaks."""
        return self._bot.nick

    # Permission

    def may_write(self, conversation: str) -> bool:
        """Return whether the user has allowed to write to a conversation.

        Raises:
            AgentError: no answer of the user could allow it.
        """
        if self._is_read_only:
            raise AgentError("This agent may only read: it was started with --read-only.")
        if not conversation or any(char in conversation for char in " ,\r\n\0:"):
            raise AgentError(f"{conversation[:50]!r} is neither a channel nor a nickname.")
        if _is_service(conversation):
            raise AgentError(f"An agent does not speak to {conversation}, which obeys the account.")
        return any(self._bot.is_same(conversation, name) for name in self._allowed)

    def allow(self, conversation: str) -> None:
        """Note that the user has allowed to write to a conversation, until the agent ends."""
        self._allowed.add(conversation)

    # Actions

    async def channels(self) -> list[str]:
        """Return the channels that the agent is in.

        Raises:
            AgentError: the chat is away.
        """
        await self._arrive()
        return self._bot.channels

    async def members(self, channel: str) -> list[str]:
        """Return the nicknames in a channel.

        Raises:
            AgentError: the agent is not in the channel, or the chat is away.
        """
        await self._arrive()
        found = self._bot.members(channel)
        if not found:
            raise AgentError(f"The agent is not in {channel}.")
        return found

    async def read(self, conversation: str, limit: int, before: str) -> list[ChatMessage]:
        """Return the latest messages of a conversation, or those before a msgid.

        Raises:
            AgentError: the chat does not return them.
        """
        self._reads.take()
        count = max(1, min(limit, MOST_MESSAGES))
        return await _answered(lambda: self._bot.history(conversation, count, before=before))

    async def search(self, text: str, conversation: str, limit: int) -> list[ChatMessage]:
        """Return the latest messages that contain these words.

        Raises:
            AgentError: the chat does not return them.
        """
        self._reads.take()
        if not text.strip():
            raise AgentError("There is nothing to search for.")
        count = max(1, min(limit, MOST_MESSAGES))
        return await _answered(lambda: self._bot.search(text, conversation, count))

    async def post(self, conversation: str, text: str, reply_to: str) -> str:
        """Send a message, and return its msgid.

        Raises:
            AgentError: it may not be sent, or was not.
        """
        self._check(conversation)
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise AgentError(f"A message has 1 to {LONGEST_TEXT} characters.")
        lines = len(text.splitlines())
        if lines > MOST_LINES:
            raise AgentError(f"A message has at most {MOST_LINES} lines.")
        if "\0" in text or "\1" in text:  # CTCP: others' clients would answer, or take a file
            raise AgentError("A message has neither NUL nor U+0001.")
        self._writes.take()
        if reply_to:
            await self._find(conversation, reply_to)
        # Where each line is a message of its own, there are pauses between them.
        return await _answered(
            lambda: self._bot.say(conversation, text, reply_to=reply_to), PATIENCE + lines
        )

    async def react(self, conversation: str, msgid: str, reaction: str) -> None:
        """React to a message.

        Raises:
            AgentError: it may not be sent.
        """
        self._check(conversation)
        is_sign = reaction.strip() and not any(category(char) == "Cc" for char in reaction)
        if not msgid or not is_sign or len(reaction) > 30:
            raise AgentError("A reaction needs a msgid, and a sign or a short word.")
        self._writes.take()
        await self._find(conversation, msgid)
        await _answered(lambda: self._bot.react(conversation, msgid, reaction))

    async def _find(self, conversation: str, msgid: str) -> None:
        """Check that a message is in a conversation: a server takes what is about any other, too,
        and nobody sees it.

        Raises:
            AgentError: it is not, or the chat does not say.
        """
        if await _answered(lambda: self._bot.message(conversation, msgid)) is None:
            raise AgentError(
                f"There is no message {msgid[:50]!r} in {conversation}. `read` and `search` return"
                " the msgids."
            )

    async def _arrive(self) -> None:
        """Wait until its channels have let the agent in: the first question comes before that."""
        with trio.move_on_after(PATIENCE):
            await self._is_there.wait()
            return
        raise AgentError(_AWAY)

    def _check(self, conversation: str) -> None:
        if not self.may_write(conversation):
            raise AgentError(f"The user has not allowed to write to {conversation}.")


def _is_service(name: str) -> bool:
    """Return whether a server may take a name for that of a service: also in letters that are
    folded to those of ASCII, with the prefix of a rank, and with a host or a server.
    """
    bare = _HOST.split(normalize("NFKC", name).lstrip(_RANKS), 1)[0].lower()
    return bare.endswith("serv") or bare.startswith("*")


async def _answered(
    action: Callable[[], Awaitable[_Result]], patience: float = PATIENCE
) -> _Result:
    try:
        with trio.fail_after(patience):
            return await action()
    except trio.TooSlowError:
        raise AgentError(_AWAY) from None
    except (HistoryUnavailableError, NotDeliveredError) as error:
        raise AgentError(str(error)) from None

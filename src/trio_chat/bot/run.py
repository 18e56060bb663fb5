"""One run of a bot: the link, the tasks, and what happens with each event.

One task receives the events of the link. It settles deliveries, starts commands in the nursery of
the run, and puts other events into a queue for each handler. It never waits for a handler, so a
handler may wait for the delivery of its own message.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import UnionType
from typing import NamedTuple

import trio

from trio_chat.bot.command import BotCommand, CommandError
from trio_chat.bot.delivery import Deliveries, NotDeliveredError
from trio_chat.bot.memory import PositionFile
from trio_chat.bot.message import ChatMessage
from trio_chat.bot.pages import HistoryUnavailableError
from trio_chat.bot.questions import Questions
from trio_chat.bot.schedule import NotScheduledError
from trio_chat.client import reasons
from trio_chat.client.link.link import Link
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, MessageKind, Said
from trio_chat.client.session.sync_state import SyncState
from trio_chat.irc import capability_names

log = logging.getLogger("trio_chat.bot")

_MOST_WAITING = 1000
"""Events that wait for one handler; further ones are dropped, with a warning."""
_MOST_COMMANDS = 50
"""Commands that run at the same time; further ones are refused."""
_SAVE_INTERVAL = 5.0
"""Seconds between two writes of the position file."""
_TO_SAVE = 3.0
"""Seconds for the last one, also when the bot is cancelled."""
_ADDRESSING = (":", ",")
"""Signs after the nickname of the bot, before a command."""


class BotError(Exception):
    """The bot cannot go on: the server refuses it, its nickname or its account."""


class EventHandler(NamedTuple):
    """A function for one kind of event."""

    kind: type | UnionType
    function: Callable[..., Awaitable[None] | None]


class BotRun:
    """One run.

    Args:
        link: keeps the bot connected.
        commands: by their names.
        prefix: the sign before a command in a channel.
        answers_bots: whether messages of other bots are handled.

    Attributes:
        deliveries: the messages of the bot that are on their way.
        pages: the history that it has asked for.
        services: the questions to services.
        nursery: of the tasks of the bot, while it runs.
    """

    def __init__(
        self,
        link: Link,
        commands: Mapping[str, BotCommand],
        prefix: str,
        *,
        answers_bots: bool,
    ) -> None:
        self.link = link
        self.deliveries = Deliveries()
        self.pages = Questions[events.HistoryPage](HistoryUnavailableError)
        self.services = Questions[events.ServiceAnswered](NotScheduledError)
        self.nursery: trio.Nursery | None = None
        self._commands = commands
        self._prefix = prefix
        self._answers_bots = answers_bots
        self._queues: list[tuple[type | UnionType, trio.MemorySendChannel[object]]] = []
        self._running = 0
        self._problem = ""

    async def run(
        self,
        message_source: Callable[[Said], ChatMessage],
        handlers: Sequence[EventHandler],
        tasks: Sequence[Callable[[], Awaitable[None]]],
        file: PositionFile,
        state: SyncState,
    ) -> None:
        """Run until the link ends.

        Raises:
            BotError: the server refuses the bot, its nickname or its account.

        Cancelled, it closes the connection at once, and writes the positions.
        """
        code = 0
        try:
            async with trio.open_nursery() as self.nursery:
                for handler in handlers:
                    self._start_handler(self.nursery, handler)
                for task in tasks:
                    self.nursery.start_soon(task)
                self.nursery.start_soon(_save_often, file, state)
                async with trio.open_nursery() as receiving:
                    receiving.start_soon(self._receive, message_source)
                    code = await self.link.run()
                    await self.link.tell_unsent()
                    self.link.close()
                self.nursery.cancel_scope.cancel()
        finally:
            self.nursery = None
            self.deliveries.fail_all("The bot has ended")
            self.pages.fail_all()
            self.services.fail_all()
            with trio.move_on_after(_TO_SAVE, shield=True):
                await _save(file, state)
        if self._problem or code:
            raise BotError(self._problem or "The server refuses the bot; its log says why")

    # Events

    async def _receive(self, message_source: Callable[[Said], ChatMessage]) -> None:
        async for event in self.link.events:
            for shown in await self.link.react(event):
                self._take(shown, message_source)

    def _take(self, event: Event, message_source: Callable[[Said], ChatMessage]) -> None:
        self.deliveries.settle(event)
        match event:
            case events.HistoryPage():
                self.pages.answer(event)
            case events.ServiceAnswered():
                self.services.answer(event)
            case events.Lost():
                self.pages.fail_all()
                _log_connection(event)
                self._put(event)
            case Said(own=False):
                if event.is_bot and not self._answers_bots:
                    return
                message = message_source(event)
                self._begin_command(message)
                self._put(message)
            case events.Note(text=text, error=error):
                log.log(logging.WARNING if error else logging.INFO, "%s", text)
            case events.AccountRefused(account=account, code=code, reason=reason):
                self._fail(_login_refused(account or self.link.nick, code, reason))
            case events.NickRefused(nick=nick, code=code, reason=reason, registered=False):
                self._fail(reasons.nick_refused(nick, code, reason))  # and no other one is left
            case events.Connected() if account := self._account_without_login():
                self._fail(_login_refused(account, "", "the server has no login by SASL"))
            case _:
                _log_connection(event)
                self._put(event)

    def _put(self, event: object) -> None:
        for kind, queue in self._queues:
            if isinstance(event, kind):
                try:
                    queue.send_nowait(event)
                except trio.WouldBlock:
                    name = getattr(kind, "__name__", "several events")
                    log.warning("a handler of %s does not keep up: one is dropped", name)

    def _account_without_login(self) -> str:
        """Return the account that the bot cannot log in to, as the server has no login; "" if it
        can, or needs none.
        """
        credentials, session = self.link.login_flow.credentials, self.link.session
        if credentials is None or session is None:
            return ""
        has_login = capability_names.SASL in session.protocol.negotiation.enabled
        return "" if has_login else credentials.account

    def _fail(self, problem: str) -> None:
        self._problem = self._problem or problem
        self._start(self.link.leave)

    def _start(self, function: Callable[[], Awaitable[None]]) -> None:
        if self.nursery is not None:
            self.nursery.start_soon(function)

    # Handlers

    def _start_handler(self, nursery: trio.Nursery, handler: EventHandler) -> None:
        send, receive = trio.open_memory_channel[object](_MOST_WAITING)
        self._queues.append((handler.kind, send))
        nursery.start_soon(_handle, handler.function, receive)

    # Commands

    def _begin_command(self, message: ChatMessage) -> None:
        if len(self._commands) == 1:  # a bot that knows nothing but its help answers nobody
            return
        name, rest, is_addressed = self._parts(message)
        if not name or message.kind is not MessageKind.MESSAGE or self.nursery is None:
            return
        command = self._commands.get(name)
        if message.is_missed and (command is None or not command.when_missed):
            return
        if command is None and not is_addressed:  # another bot may have the same prefix
            return
        if self._running >= _MOST_COMMANDS:
            log.warning("%d commands run already: %s is refused", self._running, name)
            return
        self._running += 1
        self.nursery.start_soon(self._carry_out, message, command, name, rest)

    def _parts(self, message: ChatMessage) -> tuple[str, str, bool]:
        """Return the name of the command in a message, "" for none, the text after it, and whether
        it was said to this bot and no other.
        """
        text, nick = message.text.strip(), self.link.nick
        is_addressed = message.is_private
        same = self.link.joined_channels.features.same
        if same(text[: len(nick)], nick) and text[len(nick) :].startswith(_ADDRESSING):
            text, is_addressed = text[len(nick) + 1 :].strip(), True
        if self._prefix and text.startswith(self._prefix):
            text = text[len(self._prefix) :]
            if text[:1].isspace():
                return "", "", False
        elif not is_addressed:
            return "", "", False
        name, *others = text.split(maxsplit=1) if text else [""]
        return name.lower(), others[0] if others else "", is_addressed

    async def _carry_out(
        self, message: ChatMessage, command: BotCommand | None, name: str, rest: str
    ) -> None:
        try:
            if command is None:
                raise CommandError(f"I do not know {name[:50]}. help shows what I know.")
            await command(message, rest)
        except Exception as error:
            match _alone(error):
                case CommandError() as refusal:
                    await _answer(message, str(refusal))
                case NotDeliveredError() as loss:
                    log.warning("an answer to %s was not delivered: %s", message.nick, loss)
                case _:
                    log.exception("the command %s of %s has failed", name, message.nick)
                    await _answer(message, f"{name} has failed; the log of the bot says why.")
        finally:
            self._running -= 1


def _alone(error: Exception) -> Exception:
    """Return the exception itself where nurseries that it went through have made groups of it."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _login_refused(account: str, code: str, reason: str) -> str:
    if code == "NOT_ENCRYPTED":
        reason = "the connection is not encrypted, and the password is for encrypted ones"
    return f"The bot cannot log in as {account}: {reason or code}"


def _log_connection(event: Event) -> None:
    match event:
        case events.Connected(nick=nick):
            log.info("connected to the server as %s", nick)
        case events.Lost(reason=reason):
            log.warning("the connection is lost: %s", reason or "it was closed")
        case events.JoinRefused(channel=channel, code=code, reason=reason, had_key=had_key):
            log.warning("%s", reasons.join_refused(channel, code, reason, had_key=had_key))
        case events.UserKicked(channel=channel, by=by, reason=reason, own=True):
            log.warning("%s has removed the bot from %s: %s", by, channel, reason or "no reason")
        case events.UserRenamed(new=new, own=True):
            log.warning("the bot is now %s", new)
        case events.ServerError(text=text, about=about, code=code):
            log.warning("%s", reasons.other_error(code, about, text))


async def _answer(message: ChatMessage, text: str) -> None:
    # A notice, to which no program answers: two bots that know none of their commands would go on
    # for ever.
    try:
        await message.reply(text, notice=True)
    except NotDeliveredError as error:
        log.warning("an answer to %s was not delivered: %s", message.nick, error)


async def _handle(
    function: Callable[..., Awaitable[None] | None], receive: trio.MemoryReceiveChannel[object]
) -> None:
    async for event in receive:
        try:
            waiting = function(event)
            if waiting is not None:
                await waiting
        except Exception:
            log.exception("the handler %s has failed", getattr(function, "__qualname__", function))


async def _save_often(file: PositionFile, state: SyncState) -> None:
    while True:
        await trio.sleep(_SAVE_INTERVAL)
        await _save(file, state)


async def _save(file: PositionFile, state: SyncState) -> None:
    try:
        await file.save(state)
    except OSError as error:
        log.warning("what was received cannot be remembered: %s", error)

"""A bot: a client of which the commands, the handlers of events and the tasks are functions."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import TypeVar, overload

import trio

from trio_chat.bot import schedule
from trio_chat.bot.command import BotCommand
from trio_chat.bot.memory import GivenPassword, NoStateFile, PositionFile
from trio_chat.bot.message import ChatMessage
from trio_chat.bot.run import BotRun, EventHandler
from trio_chat.bot.schedule import NotScheduledError, ScheduledMessage
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.link import Link
from trio_chat.client.link.options import LinkOptions
from trio_chat.client.link.rotation import Connect
from trio_chat.client.session.events import MessageKind, Said
from trio_chat.irc import tag_names
from trio_chat.irc.message import NO_TAGS, is_middle

_Function = TypeVar("_Function", bound=Callable[..., Awaitable[None] | None])
_Kind = TypeVar("_Kind")
_Task = TypeVar("_Task", bound=Callable[[], Awaitable[None]])
_NEIGHBOURS = 3
"""Messages asked for to get one: a server may divide them, without a rest, into earlier and later
ones.
"""


class Bot:
    """A bot.

    Args:
        nick: the nickname it wants; with a digit where another user has it.
        channels: the channels it joins, each `#name` or `#name key`.
        prefix: the sign before a command in a channel, "" for none. `nick: command` is understood
            too, and in private messages no prefix is needed.
        answers_bots: whether messages of other bots are handled; two such bots can answer each
            other for ever.
        is_marked: whether the bot is marked as one (IRCv3 bot-mode).
    """

    def __init__(
        self,
        nick: str,
        *,
        channels: Sequence[str] = (),
        prefix: str = "!",
        answers_bots: bool = False,
        is_marked: bool = True,
    ) -> None:
        if isinstance(channels, str):
            raise TypeError(f"channels is a list of names, such as [{channels!r}]")
        self.wanted_nick = nick
        self.wanted_channels: Sequence[str] = tuple(channels)
        self._prefix = prefix
        self._answers_bots = answers_bots
        self._is_marked = is_marked
        self._commands: dict[str, BotCommand] = {}
        self._handlers: list[EventHandler] = []
        self._tasks: list[Callable[[], Awaitable[None]]] = []
        self._current: BotRun | None = None
        self._add("help", self._help, when_missed=False)

    # What the bot does

    @overload
    def command(self, handler: _Function) -> _Function: ...

    @overload
    def command(
        self, *, name: str = "", when_missed: bool = False
    ) -> Callable[[_Function], _Function]: ...

    def command(
        self, handler: _Function | None = None, *, name: str = "", when_missed: bool = False
    ) -> Callable[[_Function], _Function] | _Function:
        """Register a function as a command: `@bot.command`, or `@bot.command(name="…")`.

        The function gets the `ChatMessage`, then one word for each parameter, converted by its
        annotation (`int`, `float`, `bool` for yes, no, on, off and so on, another type of one word,
        or `Annotated[X, function]`; the function, as the type, raises ValueError), and in a
        keyword-only parameter the rest of the line. Parameters with defaults may be left out. The
        first line of its docstring is the help. Each call runs in a task of its own. The function
        may be asynchronous, or return at once. It raises `CommandError` to answer that something
        cannot be done; other exceptions are logged and end that call only.

        Args:
            handler: the function.
            name: the name of the command; "" for that of the function.
            when_missed: whether it is also carried out for messages that were sent while the bot
                was away.

        Raises:
            TypeError: no line could fill the parameters of the function.
            ValueError: there is a command of this name, or it is not one word.
        """

        def register(function: _Function) -> _Function:
            self._add(name or function.__name__, function, when_missed=when_missed)
            return function

        if handler is not None and not callable(handler):
            raise TypeError(f"the name of a command is given as @bot.command(name={handler!r})")
        return register if handler is None else register(handler)

    @overload
    def on(
        self, kind: type[_Kind]
    ) -> Callable[
        [Callable[[_Kind], Awaitable[None] | None]], Callable[[_Kind], Awaitable[None] | None]
    ]: ...

    @overload
    def on(self, kind: UnionType) -> Callable[[_Function], _Function]: ...

    def on(
        self, kind: type | UnionType
    ) -> Callable[[Callable[..., Awaitable[None] | None]], Callable[..., Awaitable[None] | None]]:
        """Register a function for one kind of event: `ChatMessage`, `Reacted`, `UserJoined` and so
        on; or for several, as `UserParted | UserQuit`.

        The function gets the events one after the other, in their order; messages that are commands
        are among them. Its exceptions are logged and end the handling of that event only. A
        function that does not keep up loses events after a thousand, with a warning in the log.

        Raises:
            TypeError: it is no kind of event.
        """
        try:
            isinstance(None, kind)
        except TypeError:
            raise TypeError("on takes the kind of event, as in @bot.on(ChatMessage)") from None

        def register(
            function: Callable[..., Awaitable[None] | None],
        ) -> Callable[..., Awaitable[None] | None]:
            self._handlers.append(EventHandler(kind, function))
            return function

        return register

    def task(self, function: _Task) -> _Task:
        """Register a function that runs as long as the bot: `@bot.task`. Its exceptions end the
        bot.
        """
        self._tasks.append(function)
        return function

    def _add(
        self, name: str, function: Callable[..., Awaitable[None] | None], *, when_missed: bool
    ) -> None:
        word = name.lower()
        if word.split() != [word]:
            raise ValueError(f"{name!r} is no name of a command, which is one word")
        if word in self._commands and word != "help":
            raise ValueError(f"there is a command {word} already")
        self._commands[word] = BotCommand(word, function, when_missed=when_missed)

    async def _help(self, message: ChatMessage) -> None:
        """Show the commands of this bot."""
        for command in self._commands.values():
            text = f"{command.usage}: {command.help}" if command.help else command.usage
            await message.reply(text, notice=True)

    # The run

    async def run(
        self,
        connect: Connect | Sequence[Connect],
        *,
        account: str = "",
        password: str = "",
        server_password: str = "",
        positions: Path | None = None,
        may_be_plain: bool = False,
    ) -> None:
        """Connect, and stay connected until `stop`.

        Args:
            connect: returns a connection, or raises CannotConnectError (see
                `trio_chat.bot.program.connectors`); several are for the addresses of one network.
            account: the account to log in to; "" with a password for that of the nickname.
            password: the password of the account; "" for no login.
            server_password: the password of the server (PASS); "" for none.
            positions: a file that remembers what was received, so that after a restart the bot
                gets what it has missed; None for none. It is written every few seconds, so after a
                crash the last messages may come again.
            may_be_plain: whether the password may be sent without encryption to another machine.

        Raises:
            BotError: the server refuses the bot, its nickname or its account.

        Cancelled, it closes the connection at once, and writes the positions.
        """
        file = PositionFile(positions)
        state = await file.load()
        first, *others = [each.partition(" ")[::2] for each in self.wanted_channels] or [("", "")]
        joined = JoinedChannels(first[0], [name for name, _ in others], first[1])
        for name, key in others:
            joined.set_key(name, key)
        link = Link(
            connect,
            joined,
            LinkOptions(
                nick=self.wanted_nick,
                password=server_password,
                interactive=False,
                can_hide=False,
                stays=True,
                may_be_plain=may_be_plain,
                is_bot=self._is_marked,
            ),
            state=NoStateFile(),
            passwords=GivenPassword(account, password) if password else None,
            sync_state=state,
        )
        self._current = BotRun(
            link,
            self._commands,
            self._prefix,
            answers_bots=self._answers_bots,
        )
        try:
            await self._current.run(self._message, self._handlers, self._tasks, file, state)
        finally:
            self._current = None

    def main(self) -> None:
        """Run the bot as a program: its arguments name the server, `--help` shows them."""
        from trio_chat.bot.program import main  # noqa: PLC0415 - not for bots with a program of their own

        main(self)

    async def stop(self, reason: str = "") -> None:
        """Leave the server; `run` returns. A bot that does not run stays as it is."""
        if self._current is not None:
            await self._current.link.leave(reason)

    def start_soon(self, function: Callable[..., Awaitable[object]], *args: object) -> None:
        """Start a task that ends with the bot; its exceptions end the bot."""
        if self._run.nursery is None:
            raise RuntimeError("the bot is not running")
        self._run.nursery.start_soon(function, *args)

    # What the bot sees

    @property
    def nick(self) -> str:
        """The nickname that the bot has, or wants."""
        return self._current.link.nick if self._current else self.wanted_nick

    @property
    def channels(self) -> list[str]:
        """The channels that the bot is in."""
        session = self._current.link.session if self._current else None
        return [channel.name for channel in session.protocol.channels.values()] if session else []

    def is_me(self, nick: str) -> bool:
        """Return whether a nickname is that of the bot."""
        return self.is_same(nick, self.nick)

    def is_same(self, one: str, other: str) -> bool:
        """Return whether two nicknames or channels are one to this server, as `#Chat` and `#chat`
        are.
        """
        return self._run.link.joined_channels.features.same(one, other)

    def members(self, channel: str) -> list[str]:
        """Return the nicknames in a channel that the bot is in."""
        session = self._current.link.session if self._current else None
        found = session.protocol.channel(channel) if session else None
        return sorted(found.members.values()) if found else []

    async def history(
        self, conversation: str, limit: int = 50, *, before: str = ""
    ) -> list[ChatMessage]:
        """Return messages of the history (IRCv3 `draft/chathistory`), the oldest first.

        Args:
            conversation: a channel that the bot is in, or a nickname.
            limit: how many messages at most, the latest.
            before: the msgid before which they end; "" for the latest of all.

        Raises:
            HistoryUnavailableError: the server does not return them, or the connection has ended.
        """
        return await self._fetch(conversation, limit, before=before)

    async def message(self, conversation: str, msgid: str) -> ChatMessage | None:
        """Return the message with this msgid, such as that of a reaction; None for none in this
        conversation (IRCv3 `draft/chathistory`).

        Args:
            conversation: a channel that the bot is in, or a nickname.
            msgid: its identifier.

        Raises:
            HistoryUnavailableError: the server does not say, or the connection has ended.
        """
        if not is_middle(msgid):
            return None
        near = await self._fetch(conversation, _NEIGHBOURS, around=msgid)
        return next((each for each in near if each.msgid == msgid), None)

    async def search(self, text: str, conversation: str = "", limit: int = 20) -> list[ChatMessage]:
        """Return messages that contain these words (`soju.im/search`), the oldest first.

        Args:
            text: the words.
            conversation: a channel or a nickname; "" for everything that the bot may read.
            limit: how many messages at most, the latest.

        Raises:
            HistoryUnavailableError: the server does not return them, or the connection has ended.
        """
        return await self._fetch(conversation, limit, text=text)

    async def _fetch(self, conversation: str, limit: int, **what: str) -> list[ChatMessage]:
        run = self._run

        async def send(number: int) -> None:
            await run.link.do(
                "",
                lambda protocol: protocol.history.fetch(
                    number, conversation, max(1, limit), **what
                ),
            )

        return [ChatMessage(self, said) for said in (await run.pages.ask(send)).messages]

    # What the bot says

    async def say(self, target: str, text: str, *, reply_to: str = "", notice: bool = False) -> str:
        """Send a message to a channel or a user, as soon as there is a connection.

        A long text is sent as several messages. Several lines are one message where the server
        supports that (IRCv3 `draft/multiline`).

        Args:
            target: the channel or the nickname.
            text: what to say.
            reply_to: the msgid of the message that it answers, "" for none.
            notice: whether to send a NOTICE, which no other bot answers.

        Returns:
            its msgid, once the server has confirmed it; "" where the server gives none.

        Raises:
            NotDeliveredError: the server has refused it, or it is not known whether it arrived.

        Cancelled, what is not on its way to the server yet is not sent.
        """
        run = self._run
        kind = MessageKind.NOTICE if notice else MessageKind.MESSAGE
        tags = {tag_names.DRAFT_REPLY: reply_to} if reply_to else NO_TAGS
        delivery, action = run.deliveries.action(target, text, kind, tags)
        try:
            await run.link.enqueue(action)
            return await delivery.wait()
        except trio.Cancelled:
            run.link.withdraw(action)
            raise
        finally:
            run.deliveries.forget(delivery)

    async def react(
        self, target: str, msgid: str, reaction: str, *, take_back: bool = False
    ) -> None:
        """React to a message in a channel or of a user, or take that back (IRCv3 `draft/react`)."""
        await self._run.link.do(
            "",
            lambda protocol: protocol.react(target, msgid, reaction, take_back=take_back),
        )

    async def schedule(self, target: str, text: str, when: datetime | timedelta) -> int:
        """Have the server send a message later, also if the bot does not run by then.

        It takes an account of the bot, and a server that has scheduled messages, as trio-chat does.

        Args:
            target: the channel or the nickname.
            text: what to say, in one line.
            when: the time, with a time zone, or how long from now.

        Returns:
            the number of the message, for `cancel_scheduled`; once it was sent, another one may
            get the number.

        Raises:
            NotScheduledError: the server refuses it, with its reason, or it is not known whether it
                has accepted it.
            ValueError: the time or the text is none.

        Cancelled, it may be sent all the same.
        """
        schedule.check(target, text)
        return schedule.number_of(await self._ask("AT", schedule.word_of(when), target, text))

    async def scheduled(self) -> list[ScheduledMessage]:
        """Return the messages of the bot's account that are sent later, the next one first.

        Raises:
            NotScheduledError: the server does not return them, or the connection has ended.
        """
        return schedule.messages_of(await self._ask("AT", "LIST"))

    async def cancel_scheduled(self, number: int) -> None:
        """Have the server not send a message.

        Raises:
            NotScheduledError: there is no such message, or the connection has ended.
        """
        lines = await self._ask("AT", "CANCEL", str(number))
        if not lines or not lines[0].endswith(" is cancelled."):
            raise NotScheduledError(" ".join(lines) or "The server has not cancelled it")

    async def _ask(self, *words: str) -> tuple[str, ...]:
        run = self._run

        async def send(number: int) -> None:
            await run.link.do(
                "", lambda protocol: protocol.services.ask(number, "NICKSERV", *words)
            )

        return (await run.services.ask(send)).lines

    async def join(self, channel: str, key: str = "") -> None:
        """Join a channel, now and after each new connection."""
        self._run.link.joined_channels.set_key(channel, key)
        await self._run.link.do("", lambda protocol: protocol.join(channel, key))

    async def leave(self, channel: str, reason: str = "") -> None:
        """Leave a channel."""
        await self.send("PART", channel, *filter(None, (reason,)))

    async def send(self, command: str, *params: str) -> None:
        """Send any other command of IRC, such as `await bot.send("TOPIC", "#chat", "Lunch")`.

        The answer is not awaited.
        """
        await self._run.link.do(command, lambda protocol: protocol.send(command, *params))

    @property
    def _run(self) -> BotRun:
        if self._current is None:
            raise RuntimeError("the bot is not running")
        return self._current

    def _message(self, said: Said) -> ChatMessage:
        return ChatMessage(self, said)

"""Test kit for bots: a server in memory, and what the bot says there.

    async def test_echo(autojump_clock: MockClock) -> None:
        async with chat_with(bot) as chat:
            await chat.say("anna", "#lobby", "!echo tea")
            assert (await chat.heard()).text == "tea"

Nothing leaves the process, and no thread is used, so a clock that jumps (`trio.testing`) makes a
day pass at once.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from trio_chat.bot.fake_history import FakeHistory
from trio_chat.bot.fake_schedule import FakeSchedule
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.irc import numerics, tag_names
from trio_chat.irc.lines import BadLine, LineBuffer
from trio_chat.irc.message import NO_TAGS, Message, parse, parse_tags

if TYPE_CHECKING:
    from trio_chat.bot.bot import Bot

_MULTILINE = " draft/multiline=max-bytes=4096,max-lines=24"
_CAPABILITIES = (
    "account-tag batch cap-notify draft/chathistory draft/message-redaction echo-message"
    " labeled-response message-tags server-time soju.im/search standard-replies trio-chat/number"
)
_NAME = "test.example"
_BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
_MOST_HEARD = 1000
_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that the bot has sent.

    Args:
        target: the channel or nickname.
        text: what it said, several lines with line feeds; "" for a reaction.
        is_notice: whether it was a NOTICE.
        msgid: the identifier that the server gave it.
        reply_to: the msgid of the message that it answers, or reacts to; "" for none.
        reaction: its reaction, "" for none.
    """

    target: str
    text: str
    is_notice: bool = False
    msgid: str = ""
    reply_to: str = ""
    reaction: str = ""


@dataclass(slots=True)
class _Visit:
    """One connection of the bot."""

    stream: trio.abc.Stream
    nick: str = ""
    is_registered: bool = False
    channels: set[str] = field(default_factory=set)
    lines: list[Message] = field(default_factory=list)
    writing: trio.Lock = field(default_factory=trio.Lock)

    def is_in(self, channel: str) -> bool:
        """Return whether the bot is in a channel."""
        return channel.lower() in map(str.lower, self.channels)

    def left(self, channel: str) -> None:
        """Note that the bot is not in a channel any more."""
        self.channels = {each for each in self.channels if each.lower() != channel.lower()}


class FakeChat:
    """A server with one client, the bot, and users who say what the test says.

    Attributes:
        answers_history: whether requests for history are answered; if not, nor is a PING, nor is a
            service.
        has_multiline: whether a message may have several lines; if not, each is a message. It
            counts when the bot connects.
        refuses: why messages of the bot are refused, "" for not at all.
        refuses_join: why it may not join a channel, "" for not at all.
        refuses_login: why its login is refused, "" for not at all.
        lines: all lines that the bot has sent.
    """

    def __init__(self) -> None:
        self.answers_history = self.has_multiline = True
        self.refuses = self.refuses_join = self.refuses_login = ""
        self.lines: list[str] = []
        self._history = FakeHistory()
        self._members: dict[str, list[str]] = {}
        self._count = 0
        self._visit: _Visit | None = None
        self._changed = trio.Event()
        self._is_down = False
        self._connections, self._accepted = trio.open_memory_channel[trio.abc.Stream](_CONNECTIONS)
        self._heard, self._to_hear = trio.open_memory_channel[Heard](_MOST_HEARD)
        self._numbers: Counter[str] = Counter()
        self._schedule = FakeSchedule(self._now, self._say_later)

    # For tests

    async def say(
        self,
        nick: str,
        target: str,
        text: str,
        *,
        account: str = "",
        is_bot: bool = False,
        is_notice: bool = False,
        is_action: bool = False,
        reply_to: str = "",
    ) -> str:
        """Let a user say something, and return its msgid.

        Args:
            nick: the user.
            target: a channel, or the nickname of the bot.
            text: what to say, or several lines of it.
            account: the account of the user, "" for none.
            is_bot: whether the user is a bot.
            is_notice: whether to say it as a notice.
            is_action: whether it is what the user does, as "waves".
            reply_to: the msgid of the message that it answers, "" for none.

        If the bot is away, a message to a channel waits for it in the history.
        """
        tags = {
            **({tag_names.ACCOUNT: account} if account else {}),
            **({tag_names.BOT: ""} if is_bot else {}),
            **({tag_names.DRAFT_REPLY: reply_to} if reply_to else {}),
        }
        command = "NOTICE" if is_notice else "PRIVMSG"
        said = f"\x01ACTION {text}\x01" if is_action else text
        return await self._deliver(nick, command, (target, said), tags)

    def lose(self, nick: str, channel: str, text: str) -> str:
        """Let a user say something that does not reach the bot, and return its msgid: it is in the
        history, and the number of the next message shows that it is missing.
        """
        return self._keep(nick, "PRIVMSG", (channel, text), {}).tags[tag_names.MSGID]

    async def react(
        self, nick: str, target: str, msgid: str, reaction: str, *, take_back: bool = False
    ) -> None:
        """Let a user react to a message, or take that back."""
        name = tag_names.UNREACT if take_back else tag_names.REACT
        tags = {tag_names.DRAFT_REPLY: msgid, name: reaction}
        await self._deliver(nick, "TAGMSG", (target,), tags)

    async def join(self, nick: str, channel: str) -> None:
        """Let a user join a channel."""
        self._members.setdefault(channel.lower(), []).append(nick)
        await self._deliver(nick, "JOIN", (channel,), NO_TAGS)

    async def part(self, nick: str, channel: str, reason: str = "") -> None:
        """Let a user leave a channel."""
        self._gone(nick, channel)
        await self._deliver(nick, "PART", (channel, reason), NO_TAGS)

    async def quit(self, nick: str, reason: str = "") -> None:
        """Let a user leave the server."""
        for channel in self._members:
            self._gone(nick, channel)
        await self._deliver(nick, "QUIT", (reason,), NO_TAGS)

    async def kick(self, nick: str, channel: str, victim: str, reason: str = "") -> None:
        """Let a user remove another one, or the bot, from a channel."""
        self._gone(victim, channel)
        is_seen = self._visit is not None and self._visit.is_in(channel)
        if self._visit is not None and victim == self._visit.nick:
            self._visit.left(channel)  # before it answers by another JOIN
        await self._deliver(nick, "KICK", (channel, victim, reason), NO_TAGS, is_seen=is_seen)

    async def rename(self, nick: str, new: str) -> None:
        """Let a user, or the server the bot, have another nickname."""
        if self._visit is not None and nick == self._visit.nick:
            self._visit.nick = new
        for members in self._members.values():
            members[:] = [new if each == nick else each for each in members]
        await self._deliver(nick, "NICK", (new,), NO_TAGS)

    async def set_topic(self, nick: str, channel: str, topic: str) -> None:
        """Let a user change the topic of a channel."""
        await self._deliver(nick, "TOPIC", (channel, topic), NO_TAGS)

    async def redact(self, nick: str, target: str, msgid: str, reason: str = "") -> None:
        """Let a user delete a message."""
        self._history.remove(msgid)
        await self._deliver(nick, "REDACT", (target, msgid, reason), NO_TAGS)

    async def heard(self) -> Heard:
        """Return the next message or reaction of the bot; wait for it."""
        return await self._to_hear.receive()

    def heard_nothing(self) -> bool:
        """Return whether everything that the bot has said was taken by `heard`."""
        return self._to_hear.statistics().current_buffer_used == 0

    async def ready(self, channel: str = "") -> None:
        """Wait until the bot is registered, and in a channel if one is named."""
        while True:
            visit = self._visit
            is_registered = visit is not None and visit.is_registered
            if visit is not None and is_registered and (not channel or visit.is_in(channel)):
                return
            await self._changed.wait()

    async def drop(self) -> None:
        """End the connection of the bot, and take no other until `restore`."""
        self._is_down = True
        if self._visit is not None:
            await trio.aclose_forcefully(self._visit.stream)
        self._visit = None

    def restore(self) -> None:
        """Take connections again."""
        self._is_down = False

    # The server

    async def connect(self) -> trio.abc.Stream:
        """Return a connection to this server.

        Raises:
            CannotConnectError: after `drop`.
        """
        await trio.lowlevel.checkpoint()
        if self._is_down:
            raise CannotConnectError("The server is down", "it is down")
        here, there = trio.testing.memory_stream_pair()
        self._connections.send_nowait(there)
        return here

    async def run(self) -> None:
        """Serve the connections, one after the other."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._schedule.run)
            async for stream in self._accepted:
                self._visit = visit = _Visit(stream)
                try:
                    await self._serve(visit)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    pass
                finally:
                    await trio.aclose_forcefully(stream)
                if self._visit is visit:
                    self._visit = None

    async def _serve(self, visit: _Visit) -> None:
        buffer = LineBuffer(8191, 4096)
        while data := await visit.stream.receive_some(65536):
            for line in buffer.feed(bytes(data)):
                if not isinstance(line, BadLine):
                    text = line.decode()
                    self.lines.append(text)
                    await self._take(visit, parse(text))

    async def _take(self, visit: _Visit, message: Message) -> None:
        match message.command, message.params:
            case (("CAP" | "AUTHENTICATE" | "NICK"), _) if not visit.is_registered:
                await self._negotiate(visit, message)
            case "JOIN", (channel, *_):
                await self._joined(visit, channel)
            case "PART", (channel, *_):
                visit.left(channel)
                await self._send(visit, "PART", channel, source=f"{visit.nick}!bot@host")
            case (("PRIVMSG" | "NOTICE" | "TAGMSG" | "BATCH"), _):
                await self._said_lines(visit, message)
            case (("CHATHISTORY" | "SEARCH" | "PING" | "NICKSERV"), _) if not self.answers_history:
                pass
            case "PING", (token, *_):
                await self._send(visit, "PONG", _NAME, token)
            case "CHATHISTORY", (form, channel, reference, *_, limit):
                await self._play_back(visit, form, channel, reference, int(limit))
            case "SEARCH", (attributes,):
                found = self._history.found(parse_tags(attributes))
                await self._send_batch(visit, found, tag_names.SEARCH_BATCH)
            case "NICKSERV", ("AT", *words):
                await self._answer_service(visit, message, tuple(words))
            case "QUIT", _:
                await visit.stream.aclose()
            case _:
                pass

    async def _negotiate(self, visit: _Visit, message: Message) -> None:
        match message.command, message.params:
            case "CAP", ("LS", *_):
                more = _MULTILINE if self.has_multiline else ""
                await self._send(visit, "CAP", "*", "LS", f"{_CAPABILITIES}{more} sasl=PLAIN")
            case "CAP", ("REQ", names):
                await self._send(visit, "CAP", "*", "ACK", names)
            case "AUTHENTICATE", ("PLAIN",):
                await self._send(visit, "AUTHENTICATE", "+")
            case "AUTHENTICATE", _ if self.refuses_login:
                code, text = numerics.ERR_SASLFAIL, self.refuses_login
                await self._send(visit, code, visit.nick, text)
            case "AUTHENTICATE", _:
                await self._send(visit, numerics.RPL_SASLSUCCESS, visit.nick, "Welcome")
            case "NICK", (nick,):
                visit.nick = nick
            case "CAP", ("END",):
                await self._register(visit)
            case _:
                pass

    async def _register(self, visit: _Visit) -> None:
        visit.is_registered = True
        await self._send(visit, numerics.RPL_WELCOME, visit.nick, "Welcome")
        features = (
            "BOT=B CHANTYPES=# CASEMAPPING=ascii CHATHISTORY=1000 MSGREFTYPES=msgid,timestamp"
        )
        await self._send(visit, numerics.RPL_ISUPPORT, visit.nick, *features.split(), "are here")
        self._notify()

    async def _joined(self, visit: _Visit, channel: str) -> None:
        if self.refuses_join:
            code = numerics.ERR_BANNEDFROMCHAN
            await self._send(visit, code, visit.nick, channel, self.refuses_join)
            return
        visit.channels.add(channel)
        tags = {tag_names.TIME: self._time()}
        await self._send(visit, "JOIN", channel, source=f"{visit.nick}!bot@host", tags=tags)
        names = " ".join((visit.nick, *self._members.get(channel.lower(), ())))
        await self._send(visit, numerics.RPL_NAMREPLY, visit.nick, "=", channel, names)
        await self._send(visit, numerics.RPL_ENDOFNAMES, visit.nick, channel, "End")
        self._notify()

    async def _said(self, visit: _Visit, message: Message, target: str, text: str) -> None:
        label = message.tags.get(tag_names.LABEL)
        tags = {tag_names.LABEL: label} if label else {}
        is_outside = target[:1] == "#" and not visit.is_in(target)
        if refusal := self.refuses or ("You are not in that channel" if is_outside else ""):
            await self._send(
                visit, numerics.ERR_CANNOTSENDTOCHAN, visit.nick, target, refusal, tags=tags
            )
            return
        client_tags = {name: value for name, value in message.tags.items() if name[0] == "+"}
        whole = self._keep(visit.nick, message.command, message.params, client_tags)
        await self._write(visit, replace(whole, tags={**whole.tags, **tags}))
        reply_to = client_tags.get(tag_names.DRAFT_REPLY, "")
        reaction = client_tags.get(tag_names.REACT, "")
        msgid = whole.tags[tag_names.MSGID]
        is_notice = message.command == "NOTICE"
        self._heard.send_nowait(Heard(target, text, is_notice, msgid, reply_to, reaction))

    async def _said_lines(self, visit: _Visit, message: Message) -> None:
        """Take a message, or a part of one that has several lines."""
        if message.command == "BATCH" and message.params[0].startswith("+"):
            visit.lines = [message]
        elif tag_names.BATCH in message.tags:
            visit.lines.append(message)
        elif message.command != "BATCH":
            await self._said(visit, message, message.params[0], "".join(message.params[1:]))
        else:
            opening, first, *others = visit.lines
            target, text = opening.params[2], first.params[1]
            for each in others:
                is_rest = tag_names.MULTILINE_CONCAT in each.tags
                text += each.params[1] if is_rest else f"\n{each.params[1]}"
            whole = replace(first, params=(target, text), tags=opening.tags)
            await self._said(visit, whole, target, text)

    def _gone(self, nick: str, channel: str) -> None:
        members = self._members.get(channel.lower(), [])
        members[:] = [each for each in members if each != nick]

    async def _answer_service(
        self, visit: _Visit, message: Message, words: tuple[str, ...]
    ) -> None:
        lines = self._schedule.answer(words, self.refuses)
        tags = {tag_names.LABEL: message.tags.get(tag_names.LABEL, "")}
        if len(lines) > 1:
            await self._send(visit, "BATCH", "+s", "labeled-response", tags=tags)
        inner = {tag_names.BATCH: "s"} if len(lines) > 1 else tags
        for line in lines:
            await self._send(
                visit, "NOTICE", visit.nick, line, source="NickServ!service@host", tags=inner
            )
        if len(lines) > 1:
            await self._send(visit, "BATCH", "-s")

    async def _say_later(self, target: str, text: str) -> None:
        nick = self._visit.nick if self._visit is not None else "bot"
        msgid = await self._deliver(nick, "PRIVMSG", (target, text), NO_TAGS)
        self._heard.send_nowait(Heard(target, text, msgid=msgid))

    async def _play_back(
        self, visit: _Visit, form: str, channel: str, reference: str, limit: int
    ) -> None:
        found = self._history.page(form, channel, reference, limit)
        if channel[:1] == "#" and not visit.is_in(channel):
            code, text = "INVALID_TARGET", "You are not in that channel"
        elif found is None:
            code, text = "INVALID_PARAMS", "The reference is none"
        else:
            await self._send_batch(visit, found, tag_names.CHATHISTORY_BATCH, channel)
            return
        await self._send(visit, "FAIL", "CHATHISTORY", code, form, channel, text)

    async def _send_batch(self, visit: _Visit, found: Sequence[Message], *kind: str) -> None:
        await self._send(visit, "BATCH", "+h", *kind)
        for each in found:
            await self._write(visit, replace(each, tags={**each.tags, tag_names.BATCH: "h"}))
        await self._send(visit, "BATCH", "-h")

    async def _deliver(
        self,
        nick: str,
        command: str,
        params: tuple[str, ...],
        tags: Mapping[str, str],
        *,
        is_seen: bool = False,
    ) -> str:
        message = self._keep(nick, command, params, tags)
        visit = self._visit
        is_seen = is_seen or params[0][:1] != "#" or (visit is not None and visit.is_in(params[0]))
        if visit is not None and visit.is_registered and is_seen:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._write(visit, message)
        return message.tags[tag_names.MSGID]

    def _keep(
        self, nick: str, command: str, params: tuple[str, ...], tags: Mapping[str, str]
    ) -> Message:
        self._count += 1
        own = {tag_names.MSGID: f"message{self._count}", tag_names.TIME: self._time()}
        if command in ("PRIVMSG", "NOTICE") and params[0][:1] == "#":
            self._numbers[params[0]] += 1
            own[tag_names.NUMBER] = str(self._numbers[params[0]])
        message = Message(command, params, f"{nick}!{nick}@host", {**tags, **own})
        if command in ("PRIVMSG", "NOTICE"):
            self._history.add(message)
        return message

    def _now(self) -> datetime:
        return _BEGIN + timedelta(seconds=trio.current_time() % 1e6)

    def _time(self) -> str:
        # Each message has a time of its own.
        moment = self._now() + timedelta(milliseconds=self._count)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

    async def _send(
        self,
        visit: _Visit,
        command: str,
        *params: str,
        source: str = _NAME,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> None:
        await self._write(visit, Message(command, params, source, tags))

    async def _write(self, visit: _Visit, message: Message) -> None:
        written = "".join(f"{each.line()}\r\n" for each in self._written(message))
        async with visit.writing:  # users speak while the server answers
            await visit.stream.send_all(written.encode())

    def _written(self, message: Message) -> Sequence[Message]:
        """Return what is written for a message: several, if it has several lines."""
        if message.command not in ("PRIVMSG", "NOTICE") or "\n" not in message.params[-1]:
            return (message,)
        target, text = message.params
        if not self.has_multiline:
            first, *others = [each for each in text.split("\n") if each.strip()]
            rest = {key: value for key, value in message.tags.items() if key != tag_names.MSGID}
            return (
                replace(message, params=(target, first)),
                *(replace(message, params=(target, each), tags=rest) for each in others),
            )
        reference = f"lines-{message.tags[tag_names.MSGID]}"
        inner = {tag_names.BATCH: reference}
        opening = (f"+{reference}", tag_names.MULTILINE_BATCH, target)
        return (
            replace(message, command="BATCH", params=opening),
            *(replace(message, params=(target, each), tags=inner) for each in text.split("\n")),
            Message("BATCH", (f"-{reference}",), _NAME),
        )

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


@asynccontextmanager
async def chat_with(
    bot: "Bot", *, chat: FakeChat | None = None, refuses_login: str = "", **options: Any
) -> AsyncIterator[FakeChat]:
    """Run a bot against a server in memory, and wait until it is in its first channel.

    Args:
        bot: the bot.
        chat: the server of an earlier run, with its history; None for a new one.
        refuses_login: why the login of the bot is refused, "" for not at all.
        options: further arguments of `Bot.run`.

    The bot is stopped at the end of the block; what it raises is raised there.
    """
    server = chat or FakeChat()
    server.refuses_login = refuses_login
    async with trio.open_nursery() as serving:
        serving.start_soon(server.run)
        async with trio.open_nursery() as running:
            running.start_soon(partial(bot.run, server.connect, **options))
            first = bot.wanted_channels[0].partition(" ")[0] if bot.wanted_channels else ""
            await server.ready(first)
            yield server
            await bot.stop()
        serving.cancel_scope.cancel()

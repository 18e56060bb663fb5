"""The line client: shows a line for each event, and interprets each typed line.

Two tasks run alongside the link: one shows events, one reads and interprets typed lines.
"""

import time as clock
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random

import trio

from trio_chat.client.commands import COMMANDS
from trio_chat.client.line.interface import Interface, PromptState
from trio_chat.client.line.recent import RecentMessages
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.keyring import PasswordStore
from trio_chat.client.link.link import WAITING_LINES, Link
from trio_chat.client.link.options import LinkOptions
from trio_chat.client.link.rotation import Connect
from trio_chat.client.link.send_queue import Say
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.log import ChatLog, ServerLog
from trio_chat.client.model.completion import completions
from trio_chat.client.polls import ShownPoll
from trio_chat.client.registry import TargetMessage, interpret
from trio_chat.client.rendering import Renderer
from trio_chat.client.session.events import Away, Event, MessageKind, Said, Whois
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.sign_on.source import TokenSource
from trio_chat.client.spans import Line
from trio_chat.i18n import _
from trio_chat.irc import numerics
from trio_chat.irc.tag_names import DRAFT_REPLY
from trio_chat.irc.text import clean

__all__ = ("WAITING_LINES", "LineClient")

_TYPED_LINES = 100
_EVENTS_AT_ONCE = 200
_MOST_AWAY = 200
"""Users whose away messages are remembered."""


class LineClient:
    """One run of the line client.

    Args:
        interface: reads and shows lines.
        connect: returns a connection, or raises CannotConnectError; several are for the addresses
            of one network.
        nick: the nickname given on the command line, "" to ask or choose.
        channel: the channel to join, "" for none.
        key: its key, "" for none.
        password: the server's password, "" for none.
        state: remembers the nickname.
        passwords: keeps passwords of accounts; None for nowhere.
        tokens: has the tokens of single sign-on; None if passwords log in.
        random: the source of jitter in the delays between connections.
        may_be_plain: whether the user has requested a connection without encryption.
        encoding: of lines that are not UTF-8.
        hides_strangers: whether private messages of strangers are not shown.
        log: the directory of the log; None for none.
        name: the server's name in the log.
    """

    def __init__(
        self,
        interface: Interface,
        connect: Connect | Sequence[Connect],
        *,
        nick: str = "",
        channel: str = "",
        key: str = "",
        password: str = "",
        state: StateFile | None = None,
        passwords: PasswordStore | None = None,
        tokens: TokenSource | None = None,
        random: Random | None = None,
        may_be_plain: bool = False,
        encoding: str = "cp1252",
        hides_strangers: bool = False,
        log: Path | None = None,
        name: str = "",
    ) -> None:
        self._interface = interface
        self._joined_channels = JoinedChannels(channel, key=key)
        self._recent = RecentMessages(self._joined_channels)
        self._renderer = Renderer(
            self._joined_channels.is_current,
            find=self._recent.find,
            find_poll=lambda msgid: self._recent.poll(msgid, self._link.nick),
            draws_codes=interface.draws_codes,
        )
        self._link = Link(
            connect,
            self._joined_channels,
            LinkOptions(
                nick=nick,
                password=password,
                interactive=interface.interactive,
                can_hide=interface.can_hide,
                may_be_plain=may_be_plain,
                encoding=encoding,
                hides_strangers=hides_strangers,
            ),
            state=state,
            passwords=passwords,
            tokens=tokens,
            random=random,
        )
        self._chat_log = ChatLog(log, partial(self.tell, error=True), clock.time)
        self._log = ServerLog(self._chat_log, name)
        self._away: dict[str, str] = {}
        self._finishing = False
        self._reason = ""

    async def run(self) -> int:
        """Run until the user or the server ends the session, and return the exit code.

        Cancelled, it closes the connection without a QUIT and restores the terminal.
        """
        lines, lines_receive = trio.open_memory_channel[str](
            _TYPED_LINES if self._interface.interactive else 0
        )
        async with trio.open_nursery() as reading:
            reading.start_soon(self._interface.read_lines, lines, self._completions)
            reading.start_soon(self._chat_log.run)
            async with trio.open_nursery() as showing:
                showing.start_soon(self._show_events)
                async with trio.open_nursery() as working:
                    working.start_soon(self._handle_lines, lines_receive)
                    code = await self._link.run()
                    working.cancel_scope.cancel()
                await self._link.tell_unsent()
                self._link.close()
            reading.cancel_scope.cancel()
        return 1 if self._link.failed and not self._interface.interactive else code

    is_elsewhere = False
    """Whether the terminal belongs to another program."""

    async def leave(self) -> None:
        """Leave the server with a QUIT, or stop trying to reach it."""
        await self._link.leave(self._reason)

    # The actions of commands; see `registry.Actions`

    @property
    def current(self) -> str:
        """The channel to which messages go, "" when there is none."""
        return self._joined_channels.current

    @property
    def ignored(self) -> IgnoreList:
        """The ignore list."""
        return self._link.ignored

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Add to the ignore list and remove from it."""
        return await self._link.change_ignored(added, removed)

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""
        await self._link.tell(text, error=error)

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Send a message as soon as there is a connection."""
        await self._link.say(target, text, kind)

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Defer an action until there is a connection."""
        await self._link.do(text, action)

    async def join(self, channel: str, key: str) -> None:
        """Join a channel and make it the current one; one that is joined only becomes current.

        In a pipe the next lines do not wait for the answer, and nobody sees where they go. They
        follow the JOIN to its channel, where a refusal is an error, and never go to another one.
        """
        session = self._link.session
        known = session.protocol.channel(channel) if session else None
        if known:
            self._joined_channels.current = known.name
            await self.tell(_("You are talking in {channel} now.").format(channel=known.name))
            return
        self._joined_channels.ask(channel, key)
        if not self._interface.interactive:
            self._joined_channels.current = channel
        await self.do(f"/join {channel}", lambda protocol: protocol.join(channel, key))

    @property
    def call_base(self) -> str:
        """The address that rooms for calls are under, "" when there is none."""
        return self._joined_channels.features.call_base

    def recent_texts(self) -> Iterator[tuple[float, str]]:
        """Yield the messages of the current conversation, the newest first."""
        return self._recent.texts()

    def is_channel(self, target: str) -> bool:
        """Return whether a target is the name of a channel."""
        return self._joined_channels.features.is_channel(target)

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in."""
        await self._link.log_in(account)

    async def log_out(self) -> None:
        """Log out of the account."""
        await self._link.log_out()

    async def upload(self, path: str) -> None:
        """Upload a file and send a link to it, or cancel uploads."""
        if path:
            await self._link.uploads.add(self.current, path)
            if not self._interface.interactive:  # the next line is behind it
                await self._link.uploads.wait()
        else:
            await self._link.uploads.cancel()

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account."""
        await self._link.register(account, email)

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server."""
        await self._link.become_operator(name, password)

    def target_message(self, name: str, *, own: bool | None) -> TargetMessage | None:
        """Return the message that a command is about."""
        return self._recent.target_message(name, own=own)

    async def answer(self, target_message: TargetMessage, text: str) -> None:
        """Send a reply to a message."""
        await self._link.enqueue(
            Say(
                target_message.conversation,
                text,
                MessageKind.MESSAGE,
                {DRAFT_REPLY: target_message.msgid},
            )
        )

    def polls(self, person: str = "") -> Iterator[ShownPoll]:
        """Return the polls of the current channel and of a person, the newest first."""
        return self._recent.polls(self._link.nick, person)

    def finish(self, reason: str) -> None:
        """Leave after the current line."""
        self._finishing = True
        self._reason = reason

    # Typed lines

    async def _handle_lines(self, lines: trio.MemoryReceiveChannel[str]) -> None:
        link = self._link
        async for line in lines:
            if link.login_flow.question and await link.login_flow.answer(line):
                pass
            elif link.desired_nick.asking and line.strip() != "exit" and not line.startswith("/"):
                await link.answer_nick(line)
            else:
                await interpret(self, line, COMMANDS)
            if self._finishing:
                break
        await link.drain(self._reason)

    def _completions(self, text: str, position: int) -> Sequence[tuple[str, int]]:
        """Return what the word before the cursor could become, each with the cursor's position."""
        session = self._link.session
        if session is None:
            return []
        protocol = session.protocol
        channel = protocol.channel(self.current)
        members = channel.members.values() if channel else filter(None, (self.current,))
        others = [nick for nick in members if not protocol.is_me(nick)]
        return completions(
            text,
            position,
            nicks=self._recent.in_order(others),
            channels=[each.name for each in protocol.channels.values()],
            commands=COMMANDS,
        )

    # Showing

    async def _show_events(self) -> None:
        receive = self._link.events
        async for event in receive:
            lines = await self._lines_for(event)
            for _more in range(_EVENTS_AT_ONCE):
                try:
                    lines += await self._lines_for(receive.receive_nowait())
                except (trio.WouldBlock, trio.EndOfChannel):
                    break
            await self._interface.write(lines, self._prompt())

    async def _lines_for(self, event: Event) -> list[Line]:
        lines: list[Line] = []
        for shown in await self._link.react(event):
            if self._is_known(shown):
                continue
            session = self._link.session
            self._log.note(
                shown, self._joined_channels.features, session.protocol.clock if session else ""
            )
            # Rendered before it is noted, because a deletion names the message a last time.
            lines += self._renderer.lines(shown)
            self._recent.note(shown)
        return lines

    def _is_known(self, event: Event) -> bool:
        """Return whether an event says once more why somebody is away, as a server does at each
        message to that user.
        """
        match event:
            case Whois(nick=nick, code=numerics.RPL_WHOISUSER):
                self._away.pop(nick, None)  # there it belongs to the answer
            case Away(nick=nick, text=text):
                if self._away.get(nick) == text:
                    return True
                if len(self._away) >= _MOST_AWAY:
                    self._away.clear()
                self._away[nick] = text
            case Said(private=True, sender=nick):
                self._away.pop(nick, None)  # back, perhaps
        return False

    def _prompt(self) -> PromptState:
        desired_nick = self._link.desired_nick
        if question := self._link.login_flow.question:
            return PromptState(question.text, asking=True, secret=question.secret)
        if not desired_nick.asking:
            return PromptState(f"{clean(self.current)}> ")
        offer = f" [{clean(desired_nick.offer)}]" if desired_nick.offer else ""
        return PromptState(_("Your nickname{offer}: ").format(offer=offer), asking=True)

"""One server: gets connected and stays so, sends what the user wants sent, and tells what happens;
it knows no terminal.

The line interface has one link, the full-screen interface one for each server. What a link learns
goes as events over one bounded channel; whoever shows them passes each through `react` first, which
does what has to be done about it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random

import trio

from trio_chat.client import reasons
from trio_chat.client.credentials import mask_message
from trio_chat.client.link import nicknames
from trio_chat.client.link.desired_nick import DesiredNick
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.keyring import PasswordStore
from trio_chat.client.link.login_flow import LoginFlow
from trio_chat.client.link.reconnector import Reconnector
from trio_chat.client.link.send_queue import Do, Say, SayLines, SendQueue
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.session import events
from trio_chat.client.session.connecting import Backoff
from trio_chat.client.session.events import EndReason, Event, MessageKind, Note, SessionOutcome
from trio_chat.client.session.history_request import AT_JOIN
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import ClientSession, NotConnectedError, is_local, is_secure
from trio_chat.client.session.sync_state import SyncState
from trio_chat.i18n import _
from trio_chat.irc.text import clean

WAITING_LINES = 1000
"""Lines a person may type ahead of the connection."""
_EVENTS = 256
_REFUSED_ATTEMPTS = 5
_STABLE = 30.0
"""Seconds a connection must have lasted before the next loss counts as a new one."""
_OWN_TEXTS = (events.MessageRefused, events.MessageUnconfirmed, events.DeliveryUnknown)
_TO_FINISH = 3.0
"""Seconds for what a person typed before `exit` to go out."""


class Link:
    """One server for one run of the client.

    Args:
        connect: gets a connection, or raises CannotConnectError.
        joined_channels: the channels to be in.
        nick: the nickname given beforehand, "" to ask or choose.
        password: the server's password, "" for none.
        state: remembers the nickname.
        passwords: keeps passwords of accounts; None for nowhere.
        random: where the jitter of reconnecting comes from.
        interactive: whether a person is there, who can be asked for a nickname.
        can_hide: whether a person can type something that is not shown.
        sees_status: whether it matters who is away and who is typing.
        stays: whether it goes on trying when the server cannot be reached at first, or has shut
            down.
        may_be_plain: whether the user has asked for a connection without encryption.
        encoding: what a line is in that is not UTF-8.
        hides_strangers: whether nothing is told of strangers who write to the user alone.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[trio.abc.Stream]],
        joined_channels: JoinedChannels,
        *,
        nick: str = "",
        password: str = "",
        state: StateFile | None = None,
        passwords: PasswordStore | None = None,
        random: Random | None = None,
        interactive: bool = True,
        can_hide: bool = True,
        sees_status: bool = False,
        stays: bool = False,
        may_be_plain: bool = False,
        encoding: str = "cp1252",
        hides_strangers: bool = False,
    ) -> None:
        self.joined_channels = joined_channels
        self.desired_nick = DesiredNick(nick)
        self.interactive = interactive
        self.failed = False
        self.login_flow = LoginFlow(self, passwords, can_ask=can_hide)
        self._password = password
        self._state = state or StateFile()
        self._sync_state = SyncState()
        self._refusals = 0
        self._reason = ""
        self._is_over = False
        self._connects_again = False
        self._woken = trio.Event()
        self.unsent: list[str] = []
        self._warnings: list[str] = []
        self._sees_status = sees_status
        self._stays = stays
        self._may_be_plain = may_be_plain
        self._encoding = encoding
        self.ignored = IgnoreList()
        self._hides_strangers = hides_strangers
        self._events, self.events = trio.open_memory_channel[Event](_EVENTS)
        backoff = Backoff(random or Random())  # noqa: S311  jitter, no secret
        self._reconnector = Reconnector(
            connect, self._events, backoff, gives_up=not interactive, stays=stays
        )
        self._send_queue = SendQueue(WAITING_LINES if interactive else 0, self._cannot_be_sent)

    async def run(self) -> int:
        """Connect, stay connected until one side ends it, and return the exit code; `tell_unsent`
        must follow.

        Cancelled, it closes the connection without a word. After its end, and `wait_woken`, it can
        be called again.
        """
        self._is_over = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_queue.run)
            code = await self._stay_connected()
            nursery.cancel_scope.cancel()
        self._is_over = True
        return code

    async def wait_woken(self) -> bool:
        """Wait until the user wants to be connected again, which returns True, or to be rid of this
        server.
        """
        while not (self._connects_again or self._reconnector.stopped):
            await self._woken.wait()
            self._woken = trio.Event()
        if self._reconnector.stopped:
            return False
        self._connects_again = False
        self._refusals = 0
        self._reconnector.succeeded()
        return True

    async def tell_unsent(self) -> None:
        """Tell what was not sent, or not confirmed, and keep it in `unsent`."""
        for sent in self._sync_state.take_unconfirmed(lambda sent: True):
            text = mask_message(sent.target, sent.text)
            self.unsent.append(
                _("It is not known whether this has arrived: {text}").format(text=text)
            )
            await self._show(events.MessageUnconfirmed(sent.target, sent.text))
        for text in self._send_queue.take_unsent():
            self.failed = True
            if text:
                self.unsent.append(_("Not sent: {text}").format(text=text))
                await self.tell(_("Not sent: {text}").format(text=text), error=True)

    def close(self) -> None:
        """Tell nothing more."""
        self._events.close()

    async def leave(self, reason: str = "") -> None:
        """Leave the server politely, or stop trying to reach it."""
        self._reason = reason or self._reason
        self._reconnector.stop()
        self._woken.set()
        if self.session:
            await self.session.leave(self._reason)

    async def reconnect(self) -> None:
        """Reconnect at once."""
        self._connects_again = True
        self._reconnector.skip_pause()
        self._woken.set()
        if self.session:
            await self.session.leave(_("Reconnecting"))

    async def drain(self, reason: str) -> None:
        """Send what waits, for a person's patience or until the server has answered all of it, then
        leave.
        """
        self._send_queue.close()
        if self.interactive:
            if self.is_ready:
                with trio.move_on_after(_TO_FINISH):
                    await self._send_queue.all_sent.wait()
        else:
            await self._send_queue.wait_settled(lambda: bool(self._sync_state.unconfirmed))
        await self.leave(reason)

    # What it knows

    @property
    def session(self) -> ClientSession | None:
        """The session, while there is one."""
        return self._send_queue.session

    @property
    def is_ready(self) -> bool:
        """Whether messages can be sent at this moment."""
        return self.session is not None and self.session.protocol.ready

    @property
    def nick(self) -> str:
        """The nickname that we have, or want."""
        return self.session.protocol.nick if self.session else self.desired_nick.nick

    # What the user wants

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Have a sentence shown."""
        await self._show(Note(clean(text), error))

    async def warn(self, text: str) -> None:
        """Have a sentence shown about how safe the connection is, and keep it for the place where
        the user goes then.
        """
        self._warnings.append(text)
        await self.tell(text, error=True)

    def take_warnings(self) -> list[str]:
        """Return what was warned of since the last time."""
        warnings, self._warnings = self._warnings, []
        return warnings

    async def _show(self, event: Event) -> None:
        with suppress(
            trio.ClosedResourceError, trio.BrokenResourceError
        ):  # nobody looks at this server any longer
            await self._events.send(event)

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Send a message, each line of it by itself, as soon as there is a connection."""
        for line in text.splitlines():
            if line.strip():
                await self.enqueue(Say(target, line, kind))

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Have something done as soon as there is a connection; `text` names it if that never
        comes.
        """
        await self.enqueue(Do(text, action))

    async def do_now(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Have something done at once, also while the server has not let us in; later, if there is
        no connection.
        """
        session = self.session
        if session is None or session.protocol.ready or not self.desired_nick.asking:
            await self.do(text, action)
            return
        try:
            await session.do(action)
        except NotConnectedError:
            await self.do(text, action)

    async def enqueue(self, action: Say | SayLines | Do) -> None:
        """Have something sent when its turn comes; a person is told when it has to wait for the
        connection.
        """
        if not self.interactive:
            await self._send_queue.put(action)
            return
        problem = (
            _("The connection has ended. /reconnect connects again. Not sent: {text}")
            if self._is_over
            else ""
        )
        try:
            if not problem:
                self._send_queue.put_nowait(action)
        except trio.WouldBlock:
            problem = _("Too many lines are waiting to be sent. Not sent: {text}")
        except trio.ClosedResourceError:
            problem = _("You are leaving. Not sent: {text}")
        if problem:
            if action.shown:
                await self.tell(problem.format(text=action.shown), error=True)
            return
        if self._reconnector.was_connected and not self.is_ready:
            await self.tell(
                _(
                    "Not connected at the moment. This will be sent as soon as the connection is"
                    " back."
                )
            )

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in."""
        self.failed = self.failed or not self.interactive
        await self.login_flow.log_in(account)

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account."""
        self.failed = self.failed or not self.interactive
        await self.login_flow.register(account, email)

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server; a password "" is asked for."""
        self.failed = self.failed or (not password and not self.interactive)
        await self.login_flow.become_operator(name, password)

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Add to the ignore list and remove from it; return whether that is remembered after this
        run.
        """
        gone = {word.casefold() for word in (*removed, *added)}
        self.ignored.replace(
            [*(word for word in self.ignored.words if word.casefold() not in gone), *added]
        )
        return await self._state.change_ignored(added, removed)

    async def ask(self) -> None:
        """Show the question that there is now, or that there is none."""
        await self._show(events.PromptChanged())

    async def answer_nick(self, line: str) -> None:
        """Take the answer to the question for a nickname."""
        if not self.desired_nick.answer(line):
            text = _(
                "A nickname cannot be empty, contain spaces or signs such as , . : ! @ * or begin"
                " with #. Choose another."
            )
            await self.tell(text, error=True)
            return
        if self.session:
            try:
                await self.session.do(
                    lambda protocol: protocol.nickname.change(self.desired_nick.nick)
                )
            except NotConnectedError:
                return  # the next connection begins with it

    @property
    def paced_lines(self) -> int:
        """How many lines of a paste wait for their turn."""
        return self._send_queue.paced_lines

    def stop_paced(self, target: str = "") -> list[tuple[str, str]]:
        """Stop sending pasted lines, to one target or to all; return the targets and texts that
        were not sent.
        """
        return self._send_queue.stop_paced(target)

    async def _cannot_be_sent(self, text: str) -> None:
        self.failed = True
        await self.tell(_("This cannot be sent: {text}").format(text=text), error=True)

    # What happens

    async def react(self, event: Event) -> Sequence[Event]:
        """Do what an event asks for, and return what is to be shown of it: no credentials."""
        if isinstance(event, _OWN_TEXTS) or (isinstance(event, events.Said) and event.own):
            event = replace(event, text=mask_message(event.target, event.text))
        match event:
            case events.NickRefused():
                return await self._nick_refused(event)
            case events.Connected(nick=nick):
                await self._connected(nick)
            case events.Joined(channel=channel, own=True):
                self.joined_channels.joined(channel)
            case (
                events.Parted(channel=channel, own=True) | events.Kicked(channel=channel, own=True)
            ):
                self._left(channel)
                unsent = _("You left {channel} before this was sent: {text}")
                left = [
                    Note(clean(unsent.format(channel=channel, text=text)), error=True)
                    for _to, text in self.stop_paced(channel)
                ]
                return (event, *left)
            case events.JoinRefused(channel=channel):
                self.failed = True
                self._left(channel)
            case events.Renamed(new=new, own=True):
                if self.session and self.joined_channels.features.same(
                    new, self.session.protocol.nickname.wanted
                ):
                    self.desired_nick.set(new)
                    await self._state.save_nick(new)
            case events.LoggedIn(account=account) | events.Registered(account=account):
                await self._take_nick_of(account)
                await self.login_flow.succeeded(account)
            case events.AccountRefused():
                self.login_flow.refused()
            case events.MessageRefused() | events.MessageUnconfirmed():
                self.failed = True
        return (event,)

    async def _nick_refused(self, event: events.NickRefused) -> Sequence[Event]:
        """Ask for another nickname, or try another where nobody can be asked."""
        session = self.session
        if event.registered or not session:
            return (event,)
        if self.interactive and not self._reconnector.was_connected:
            self.desired_nick.ask()
            return (event,)
        other = self.desired_nick.other(event.nick, event.code)
        if not other:
            self.failed = True
            self._reconnector.stop()
            await session.leave("")
            return (event,)
        try:
            # After a lost connection our own ghost may hold the nickname: it stays the one we want
            # back.
            await session.do(
                lambda protocol: (
                    protocol.nickname.ask
                    if self._reconnector.was_connected
                    else protocol.nickname.change
                )(other)
            )
        except NotConnectedError:
            return ()
        text = _('The nickname "{nick}" is not free here, trying "{other}".')
        return (Note(text.format(nick=clean(event.nick), other=other)),)

    async def _take_nick_of(self, account: str) -> None:
        """Answer the question for a nickname when the one that was refused turns out to be that of
        our account.
        """
        if (
            self.desired_nick.asking
            and self.session
            and self.joined_channels.features.same(account, self.session.protocol.nickname.refused)
        ):
            await self.answer_nick(account)

    async def _connected(self, nick: str) -> None:
        self._reconnector.was_connected = True
        self._refusals = 0
        self.desired_nick.end()
        if nick == self.desired_nick.nick:
            await self._state.save_nick(nick)

    def _left(self, channel: str) -> None:
        self.joined_channels.left(
            channel, self.session.protocol.channels.values() if self.session else ()
        )

    # Staying connected

    async def _choose_nick(self) -> None:
        if self.desired_nick.nick:
            return
        last = await self._state.load_nick()
        offer = last or nicknames.made_valid(nicknames.login_name())
        if self.interactive:
            self.desired_nick.ask(offer)
            await self._events.send(events.PromptChanged())
            await self.desired_nick.answered.wait()
        else:
            self.desired_nick.set(offer)

    async def _stay_connected(self) -> int:
        while True:
            stream = await self._reconnector.wait(self._get_stream)
            if self._reconnector.stopped:
                if stream:
                    await trio.aclose_forcefully(stream)
                return 0
            if stream is None and not self._reconnector.was_connected and not self._stays:
                return 1
            if (
                stream
                and (code := await self._converse(stream)) is not None
                and not self._connects_again
            ):
                return code
            if self._connects_again:
                self._connects_again = False
                continue
            if not await self._reconnector.wait_before_next():
                return 1

    async def _get_stream(self) -> trio.abc.Stream | None:
        if not self.ignored.is_loaded:
            loaded = await self._state.load_ignored()
            if not self.ignored.is_loaded:  # another link may have been faster
                self.ignored.load(loaded)
        await self._choose_nick()
        await self.login_flow.load(self.desired_nick.nick)
        return await self._reconnector.connect()

    async def _converse(self, stream: trio.abc.Stream) -> int | None:
        """Run one session; return the exit code, or None when another is to follow."""
        protocol = ClientProtocol(
            self.desired_nick.nick,
            password=self._password,
            channels=self.joined_channels.to_join(),
            sync_state=self._sync_state,
            at_join=AT_JOIN * (3 if self._sees_status else 1) if self.interactive else 0,
            credentials=self.login_flow.credentials,
            sees_status=self._sees_status,
            is_private=self._may_be_plain or is_secure(stream) or is_local(stream),
            ignored=self.ignored,
            hides_strangers=self._hides_strangers,
        )
        self.joined_channels.features = protocol.features
        session = ClientSession(stream, protocol, self._events, encoding=self._encoding)
        started = trio.current_time()
        self._send_queue.attach(session)
        outcome = await session.run()
        self._send_queue.detach()
        self._reconnector.was_connected = self._reconnector.was_connected or protocol.registered
        if protocol.ready:
            self.joined_channels.remember(protocol.channels.values())
            if trio.current_time() - started >= _STABLE:
                self._reconnector.succeeded()
        return await self._after(outcome, registered=protocol.registered)

    async def _after(self, outcome: SessionOutcome, *, registered: bool) -> int | None:
        if outcome.end is EndReason.LEFT or (
            outcome.end is EndReason.SHUT_DOWN and not self._stays
        ):
            return 0
        if (
            self.desired_nick.asking and not outcome.code
        ):  # the server did not wait for the answer; the next one will
            await self._reconnector.wait(self.desired_nick.answered.wait)
            return None
        if outcome.end is EndReason.REFUSED:
            await self.tell(reasons.not_let_in(outcome.code, outcome.reason), error=True)
            self._refusals += 1
            return (
                1
                if outcome.code
                or not self._reconnector.was_connected
                or self._refusals >= _REFUSED_ATTEMPTS
                else None
            )
        if not self._reconnector.was_connected and not registered:
            text = _(
                "The server ended the connection before it let you in. Check that a chat server"
                " answers at this port."
            )
            await self.tell(text, error=True)
            return 1
        await self._events.send(events.Lost(outcome.reason))
        return None

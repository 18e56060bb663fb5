"""The line client: shows one line for each event, sends what is typed, and stays connected.

Three tasks beside the connection: one shows events, one reads typed lines and decides what they mean, and one sends what waits in
the outbox.
"""

from collections.abc import Awaitable, Callable
from random import Random

import trio

from trio_chat.client import events, nicknames, reasons, render
from trio_chat.client.commands import interpret
from trio_chat.client.connecting import Backoff
from trio_chat.client.dialogue import Dialogue
from trio_chat.client.events import End, Event, Kind, Note, Outcome
from trio_chat.client.fetch import AT_JOIN
from trio_chat.client.interface import Interface, Prompt
from trio_chat.client.keys import Keys
from trio_chat.client.logins import Logins
from trio_chat.client.outbox import Do, Outbox, Say
from trio_chat.client.past import Past
from trio_chat.client.persistence import Persistence
from trio_chat.client.render import Line, Renderer
from trio_chat.client.rooms import Rooms
from trio_chat.client.session import NotConnectedError, Session
from trio_chat.client.state import StateFile
from trio_chat.client.wish import NickWish
from trio_chat.i18n import _

WAITING_LINES = 1000
"""Lines a person may type ahead of the connection."""
_TYPED_LINES = 100
_EVENTS = 256
_EVENTS_AT_ONCE = 200
_REFUSED_ATTEMPTS = 5
_STABLE = 30.0
"""Seconds a connection must have lasted before the next loss counts as a new one."""
_TO_FINISH = 3.0
"""Seconds for what a person typed before `exit` to go out."""


class LineClient:
    """One run of the line client.

    Args:
        interface: where lines are typed and shown.
        connect: gets a connection, or raises CannotConnectError.
        nick: the nickname given on the command line, "" to ask or choose.
        channel: the channel to join, "" for none.
        password: the server's password, "" for none.
        state: remembers the nickname.
        keys: keeps passwords of accounts; None for nowhere.
        random: where the jitter of reconnecting comes from.
    """

    def __init__(
        self,
        interface: Interface,
        connect: Callable[[], Awaitable[trio.abc.Stream]],
        *,
        nick: str = "",
        channel: str = "",
        password: str = "",
        state: StateFile | None = None,
        keys: Keys | None = None,
        random: Random | None = None,
    ) -> None:
        self._interface = interface
        self._rooms = Rooms(channel)
        self._wish = NickWish(nick)
        self._password = password
        self._state = state or StateFile()
        self._renderer = Renderer(self._rooms.is_current)
        self._past = Past()
        self._logins = Logins(self, keys, can_ask=interface.can_hide)
        self._refusals = 0
        self._finishing = False
        self._reason = ""
        self._failed = False
        self._events, self._events_receive = trio.open_memory_channel[Event](_EVENTS)
        backoff = Backoff(random or Random())  # noqa: S311  jitter, no secret
        self._tries = Persistence(connect, self._events, backoff, gives_up=not interface.interactive)
        self._outbox = Outbox(WAITING_LINES if interface.interactive else 0, self._cannot_be_sent)

    async def run(self) -> int:
        """Connect, talk until one side ends it, and return the exit code.

        Cancelled, it closes the connection without a word and restores the terminal.
        """
        lines, lines_receive = trio.open_memory_channel[str](_TYPED_LINES if self._interface.interactive else 0)
        async with trio.open_nursery() as reading:
            reading.start_soon(self._interface.read_lines, lines)
            async with trio.open_nursery() as showing:
                showing.start_soon(self._show_events)
                async with trio.open_nursery() as working:
                    working.start_soon(self._handle_lines, lines_receive)
                    working.start_soon(self._outbox.run)
                    code = await self._stay_connected()
                    working.cancel_scope.cancel()
                await self._tell_unsent()
                self._events.close()
            reading.cancel_scope.cancel()
        return 1 if self._failed and not self._interface.interactive else code

    async def leave(self) -> None:
        """Leave the server politely, or stop trying to reach it."""
        self._tries.stop()
        if self._session:
            await self._session.leave(self._reason)

    # What commands ask for

    @property
    def current(self) -> str:
        """The channel that the user talks in, "" when there is none."""
        return self._rooms.current

    @property
    def nick(self) -> str:
        """The nickname that we have, or want."""
        return self._session.dialogue.nick if self._session else self._wish.nick

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""
        await self._events.send(Note(render.clean(text), error))

    async def say(self, target: str, text: str, kind: Kind = Kind.MESSAGE) -> None:
        """Send a message as soon as there is a connection."""
        for line in text.splitlines():
            if line.strip():
                await self._enqueue(Say(target, line, kind))

    async def do(self, text: str, action: Callable[[Dialogue], None]) -> None:
        """Have something done as soon as there is a connection."""
        await self._enqueue(Do(text, action))

    async def join(self, channel: str, key: str) -> None:
        """Join a channel and talk in it from then on; one that we are in only becomes the current one."""
        known = self._session.dialogue.channel(channel) if self._session else None
        if known:
            self._rooms.current = known.name
            await self.tell(_("You are talking in {channel} now.").format(channel=known.name))
            return
        self._rooms.ask(channel, key)
        await self.do(f"/join {channel}", lambda dialogue: dialogue.join(channel, key))

    def is_channel(self, target: str) -> bool:
        """Tell whether a target is written like a channel."""
        return self._rooms.features.is_channel(target)

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in."""
        self._failed = self._failed or not self._interface.interactive
        await self._logins.log_in(account)

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account."""
        self._failed = self._failed or not self._interface.interactive
        await self._logins.register(account, email)

    def finish(self, reason: str) -> None:
        """Leave when the line being handled has been dealt with."""
        self._finishing = True
        self._reason = reason

    # What logging in asks for

    async def ask(self) -> None:
        """Show the question that there is now, or that there is none."""
        await self._events.send(events.Asked())

    async def do_now(self, text: str, action: Callable[[Dialogue], None]) -> None:
        """Have something done at once, also while the server has not let us in; later, if there is no connection."""
        session = self._session
        if session is None or session.dialogue.ready or not self._wish.asking:
            await self.do(text, action)
            return
        try:
            await session.do(action)
        except NotConnectedError:
            await self.do(text, action)

    @property
    def _session(self) -> Session | None:
        return self._outbox.session

    # Typed lines

    async def _handle_lines(self, lines: trio.MemoryReceiveChannel[str]) -> None:
        async for line in lines:
            if self._logins.question and await self._logins.answer(line):
                pass
            elif self._wish.asking and line.strip() != "exit" and not line.startswith("/"):
                await self._answer(line)
            else:
                await interpret(self, line)
            if self._finishing:
                break
        self._outbox.close()
        if self._interface.interactive:
            if self._session and self._session.dialogue.ready:
                with trio.move_on_after(_TO_FINISH):
                    await self._outbox.all_sent.wait()
        else:
            await self._outbox.wait_settled(lambda: bool(self._past.unconfirmed))
        await self.leave()

    async def _enqueue(self, action: Say | Do) -> None:
        if not self._interface.interactive:
            await self._outbox.put(action)
            return
        try:
            self._outbox.put_nowait(action)
        except trio.WouldBlock:
            text = _("Too many lines are waiting to be sent. Not sent: {text}")
            await self.tell(text.format(text=action.text), error=True)
            return
        if self._tries.was_connected and not (self._session and self._session.dialogue.ready):
            await self.tell(_("Not connected at the moment. This will be sent as soon as the connection is back."))

    async def _tell_unsent(self) -> None:
        for sent in self._past.take_unconfirmed(lambda sent: True):
            await self._events.send(events.Unconfirmed(sent.target, sent.text))
        for text in self._outbox.take_unsent():
            self._failed = True
            await self.tell(_("Not sent: {text}").format(text=text), error=True)

    async def _cannot_be_sent(self, text: str) -> None:
        self._failed = True
        await self.tell(_("This cannot be sent: {text}").format(text=text), error=True)

    # The nickname

    async def _choose_nick(self) -> None:
        if self._wish.nick:
            return
        last = await self._state.load_nick()
        offer = last or nicknames.made_valid(nicknames.login_name())
        if self._interface.interactive:
            self._wish.ask(offer)
            await self._events.send(events.Asked())
            await self._wish.answered.wait()
        else:
            self._wish.set(offer)

    async def _answer(self, line: str) -> None:
        if not self._wish.answer(line):
            text = _("A nickname cannot be empty, contain spaces or signs such as , . : ! @ * or begin with #. Choose another.")
            await self.tell(text, error=True)
            return
        if self._session:
            try:
                await self._session.do(lambda dialogue: dialogue.change_nick(self._wish.nick))
            except NotConnectedError:
                return  # the next connection begins with it

    async def _nick_refused(self, event: events.NickRefused) -> list[Line]:
        """Ask for another nickname, or try another where nobody can be asked."""
        session = self._session
        if event.registered or not session:
            return self._renderer.lines(event)
        if self._interface.interactive and not self._tries.was_connected:
            self._wish.ask()
            return self._renderer.lines(event)
        other = self._wish.other(event.nick, event.code)
        if not other:
            self._failed = True
            self._tries.stop()
            await session.leave("")
            return self._renderer.lines(event)
        try:
            # After a lost connection our own ghost may hold the nickname: it stays the one we want back.
            await session.do(lambda dialogue: (dialogue.ask_nick if self._tries.was_connected else dialogue.change_nick)(other))
        except NotConnectedError:
            return []
        text = _('The nickname "{nick}" is not free here, trying "{other}".')
        return [render.info(text.format(nick=render.clean(event.nick), other=other))]

    # Showing

    async def _show_events(self) -> None:
        async for event in self._events_receive:
            lines = await self._react(event)
            for _more in range(_EVENTS_AT_ONCE):
                try:
                    lines += await self._react(self._events_receive.receive_nowait())
                except (trio.WouldBlock, trio.EndOfChannel):
                    break
            await self._interface.write(lines, self._prompt())

    def _prompt(self) -> Prompt:
        if question := self._logins.question:
            return Prompt(question.text, asking=True, secret=question.secret)
        if not self._wish.asking:
            return Prompt(f"{render.clean(self.current)}> ")
        offer = f" [{render.clean(self._wish.offer)}]" if self._wish.offer else ""
        return Prompt(_("Your nickname{offer}: ").format(offer=offer), asking=True)

    async def _react(self, event: Event) -> list[Line]:
        match event:
            case events.NickRefused():
                return await self._nick_refused(event)
            case events.Connected(nick=nick):
                await self._connected(nick)
            case events.Joined(channel=channel, own=True):
                self._rooms.joined(channel)
            case events.Parted(channel=channel, own=True) | events.Kicked(channel=channel, own=True):
                self._left(channel)
            case events.JoinRefused(channel=channel):
                self._failed = True
                self._left(channel)
            case events.Renamed(new=new, own=True):
                if self._session and self._rooms.features.same(new, self._session.dialogue.wanted):
                    self._wish.set(new)
                    await self._state.save_nick(new)
            case events.LoggedIn(account=account) | events.Registered(account=account):
                await self._take_nick_of(account)
                await self._logins.succeeded(account)
            case events.AccountRefused():
                self._logins.refused()
            case events.Refused() | events.Unconfirmed():
                self._failed = True
        return self._renderer.lines(event)

    async def _take_nick_of(self, account: str) -> None:
        """Answer the question for a nickname when the one that was refused turns out to be that of our account."""
        if self._wish.asking and self._session and self._rooms.features.same(account, self._session.dialogue.refused_nick):
            await self._answer(account)

    async def _connected(self, nick: str) -> None:
        self._tries.was_connected = True
        self._refusals = 0
        self._wish.end()
        if nick == self._wish.nick:
            await self._state.save_nick(nick)

    def _left(self, channel: str) -> None:
        self._rooms.left(channel, self._session.dialogue.channels.values() if self._session else ())

    # Staying connected

    async def _stay_connected(self) -> int:
        while True:
            stream = await self._tries.wait(self._get_stream)
            if self._tries.stopped:
                if stream:
                    await trio.aclose_forcefully(stream)
                return 0
            if stream is None and not self._tries.was_connected:
                return 1
            if stream and (code := await self._converse(stream)) is not None:
                return code
            if not await self._tries.wait_before_next():
                return 1

    async def _get_stream(self) -> trio.abc.Stream | None:
        await self._choose_nick()
        await self._logins.load(self._wish.nick)
        return await self._tries.connect()

    async def _converse(self, stream: trio.abc.Stream) -> int | None:
        """Run one session; return the exit code, or None when another is to follow."""
        dialogue = Dialogue(
            self._wish.nick,
            password=self._password,
            channels=self._rooms.to_join(),
            past=self._past,
            at_join=AT_JOIN if self._interface.interactive else 0,
            credentials=self._logins.credentials,
        )
        self._rooms.features = dialogue.features
        session = Session(stream, dialogue, self._events)
        started = trio.current_time()
        self._outbox.attach(session)
        outcome = await session.run()
        self._outbox.detach()
        self._tries.was_connected = self._tries.was_connected or dialogue.registered
        if dialogue.ready:
            self._rooms.remember(dialogue.channels.values())
            if trio.current_time() - started >= _STABLE:
                self._tries.succeeded()
        return await self._after(outcome, registered=dialogue.registered)

    async def _after(self, outcome: Outcome, *, registered: bool) -> int | None:
        if outcome.end in (End.LEFT, End.SHUT_DOWN):
            return 0
        if self._wish.asking and not outcome.code:  # the server did not wait for the answer; the next one will
            await self._tries.wait(self._wish.answered.wait)
            return None
        if outcome.end is End.REFUSED:
            await self.tell(reasons.not_let_in(outcome.code, outcome.reason), error=True)
            self._refusals += 1
            return 1 if outcome.code or not self._tries.was_connected or self._refusals >= _REFUSED_ATTEMPTS else None
        if not self._tries.was_connected and not registered:
            text = _("The server ended the connection before it let you in. Check that a chat server answers at this port.")
            await self.tell(text, error=True)
            return 1
        await self._events.send(events.Lost(outcome.reason))
        return None

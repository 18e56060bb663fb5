"""The line client: shows one line for each event, sends what is typed, and stays connected.

Three tasks beside the connection: one shows events, one reads typed lines and decides what they mean, and one sends what waits in
the outbox.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import trio

from trio_chat.client import events, nicknames, reasons, render
from trio_chat.client.commands import interpret
from trio_chat.client.connecting import Backoff, CannotConnectError
from trio_chat.client.dialogue import Dialogue
from trio_chat.client.events import End, Event, Kind, Note, Outcome
from trio_chat.client.features import Features
from trio_chat.client.interface import Interface, Prompt
from trio_chat.client.outbox import Do, Outbox, Say
from trio_chat.client.render import Line, Renderer
from trio_chat.client.session import NotConnectedError, Session
from trio_chat.client.state import StateFile
from trio_chat.client.wish import NickWish
from trio_chat.i18n import _

WAITING_LINES = 1000
"""Lines a person may type ahead of the connection."""
_TYPED_LINES = 100
_EVENTS = 256
_EVENTS_AT_ONCE = 200
_SEEN = 500
"""Messages remembered as shown: more than a server plays back."""
_PIPED_ATTEMPTS = 10
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
        random: Random | None = None,
    ) -> None:
        self.current = channel
        self._interface = interface
        self._connect = connect
        self._wish = NickWish(nick)
        self._password = password
        self._state = state or StateFile()
        self._backoff = Backoff(random or Random())  # noqa: S311  jitter, no secret
        self._renderer = Renderer(self.is_current)
        self._features = Features()
        self._keys: dict[str, str] = {}
        self._channels = [channel] if channel else []
        self._asked_channel = channel
        self._was_connected = False
        self._seen: deque[str] = deque(maxlen=_SEEN)
        self._refusals = 0
        self._unreachable = ""
        self._finishing = False
        self._leaving = False
        self._reason = ""
        self._failed = False
        self._pause = trio.CancelScope()
        self._events, self._events_receive = trio.open_memory_channel[Event](_EVENTS)
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
        self._leaving = True
        self._pause.cancel()
        if self._session:
            await self._session.leave(self._reason)

    # What commands ask for

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
            self.current = known.name
            await self.tell(_("You are talking in {channel} now.").format(channel=known.name))
            return
        self._asked_channel = channel
        self._keys[self._features.fold(channel)] = key
        await self.do(f"/join {channel}", lambda dialogue: dialogue.join(channel, key))

    def is_channel(self, target: str) -> bool:
        """Tell whether a target is written like a channel."""
        return self._features.is_channel(target)

    def is_current(self, target: str) -> bool:
        """Tell whether a target is the channel that the user talks in."""
        return bool(self.current) and self._features.same(target, self.current)

    def finish(self, reason: str) -> None:
        """Leave when the line being handled has been dealt with."""
        self._finishing = True
        self._reason = reason

    @property
    def _session(self) -> Session | None:
        return self._outbox.session

    # Typed lines

    async def _handle_lines(self, lines: trio.MemoryReceiveChannel[str]) -> None:
        async for line in lines:
            if self._wish.asking and line.strip() != "exit" and not line.startswith("/"):
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
            await self._outbox.wait_settled()
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
        if self._was_connected and not (self._session and self._session.dialogue.ready):
            await self.tell(_("Not connected at the moment. This will be sent as soon as the connection is back."))

    async def _tell_unsent(self) -> None:
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
        if self._interface.interactive and not self._was_connected:
            self._wish.ask()
            return self._renderer.lines(event)
        other = self._wish.other(event.nick, event.code)
        if not other:
            self._failed = True
            self._leaving = True
            await session.leave("")
            return self._renderer.lines(event)
        try:
            # After a lost connection our own ghost may hold the nickname: it stays the one we want back.
            await session.do(lambda dialogue: (dialogue.ask_nick if self._was_connected else dialogue.change_nick)(other))
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
                if not self.current or self._features.same(channel, self._asked_channel):
                    self.current = channel
            case events.Parted(channel=channel, own=True) | events.Kicked(channel=channel, own=True):
                self._left(channel)
            case events.JoinRefused(channel=channel):
                self._failed = True
                if self.is_current(channel):
                    self._left(channel)
            case events.Renamed(new=new, own=True):
                if self._session and self._features.same(new, self._session.dialogue.wanted):
                    self._wish.set(new)
                    await self._state.save_nick(new)
            case events.Said(msgid=msgid, played_back=when) if msgid:
                if when and msgid in self._seen:  # the history after a rejoin has been on the screen already
                    return []
                self._seen.append(msgid)
            case events.Refused() | events.Unconfirmed():
                self._failed = True
        return self._renderer.lines(event)

    async def _connected(self, nick: str) -> None:
        self._was_connected = True
        self._refusals = 0
        if nick == self._wish.nick:
            await self._state.save_nick(nick)

    def _left(self, channel: str) -> None:
        """Go to another channel when the current one is no longer ours."""
        if self.is_current(channel):
            others = self._session.dialogue.channels.values() if self._session else ()
            self.current = next((other.name for other in others), "")

    # Staying connected

    async def _stay_connected(self) -> int:
        while not self._leaving:
            with trio.CancelScope() as self._pause:
                await self._choose_nick()
                stream = await self._try_to_connect()
            if self._pause.cancelled_caught or self._leaving:
                break
            if stream is None and not self._was_connected:
                return 1
            if stream and (code := await self._converse(stream)) is not None:
                return code
            if not await self._wait_before_next():
                return 1
        return 0

    async def _try_to_connect(self) -> trio.abc.Stream | None:
        try:
            self._unreachable = ""
            return await self._connect()
        except CannotConnectError as error:
            self._unreachable = error.reason
            if not self._was_connected:
                await self.tell(str(error), error=True)
            return None

    async def _converse(self, stream: trio.abc.Stream) -> int | None:
        """Run one session; return the exit code, or None when another is to follow."""
        channels = [(name, self._keys.get(self._features.fold(name), "")) for name in self._channels]
        dialogue = Dialogue(self._wish.nick, password=self._password, channels=channels)
        self._asked_channel = self.current
        self._features = dialogue.features
        session = Session(stream, dialogue, self._events)
        started = trio.current_time()
        self._outbox.attach(session)
        outcome = await session.run()
        self._outbox.detach()
        self._was_connected = self._was_connected or dialogue.registered
        if dialogue.ready:
            here = sorted(dialogue.channels.values(), key=lambda channel: not self.is_current(channel.name))
            self._channels = [channel.name for channel in here]
            if trio.current_time() - started >= _STABLE:
                self._backoff.reset()
        return await self._after(outcome, registered=dialogue.registered)

    async def _after(self, outcome: Outcome, *, registered: bool) -> int | None:
        if outcome.end in (End.LEFT, End.SHUT_DOWN):
            return 0
        if self._wish.asking and not outcome.code:  # the server did not wait for the answer; the next one will
            await self._wait(self._wish.answered.wait)
            return None
        if outcome.end is End.REFUSED:
            await self.tell(reasons.not_let_in(outcome.code, outcome.reason), error=True)
            self._refusals += 1
            return 1 if outcome.code or not self._was_connected or self._refusals >= _REFUSED_ATTEMPTS else None
        if not self._was_connected and not registered:
            text = _("The server ended the connection before it let you in. Check that a chat server answers at this port.")
            await self.tell(text, error=True)
            return 1
        await self._events.send(events.Lost(outcome.reason))
        return None

    async def _wait_before_next(self) -> bool:
        """Wait before the next attempt to connect; return False to give up."""
        if not self._was_connected or self._leaving:
            return True
        if not self._interface.interactive and self._backoff.attempts >= _PIPED_ATTEMPTS:
            await self.tell(_("The connection does not come back; giving up."), error=True)
            return False
        delay = self._backoff.next_delay()
        await self._events.send(events.Waiting(delay, self._unreachable))
        await self._wait(partial(trio.sleep, delay))
        return True

    async def _wait(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Wait for something unless the user leaves."""
        if not self._leaving:
            with trio.CancelScope() as self._pause:
                await wait()

"""A link: one server over as many connections as it takes. It knows no terminal.

The line interface has one link, the full-screen interface one for each server. Events go over one
bounded channel to the interface, which passes each through `react` before it shows it: the link
does then what the event requires.
"""

from collections.abc import Callable, Sequence
from random import Random

import trio

from trio_chat.client.credentials import mask_message
from trio_chat.client.link.connection_loop import ConnectionLoop
from trio_chat.client.link.desired_nick import DesiredNick
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.keyring import PasswordStore
from trio_chat.client.link.login_flow import LoginFlow
from trio_chat.client.link.options import LinkOptions
from trio_chat.client.link.reactions import EventReactions
from trio_chat.client.link.reconnector import Reconnector
from trio_chat.client.link.reporter import EventReporter
from trio_chat.client.link.rotation import AddressRotation, Connect
from trio_chat.client.link.send_queue import ProtocolCall, Say, SayLines, SendQueue
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.link.uploads import Uploads
from trio_chat.client.session import events
from trio_chat.client.session.connecting import Backoff
from trio_chat.client.session.events import Event, MessageKind
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import ClientSession, NotConnectedError
from trio_chat.client.session.sync_state import SyncState
from trio_chat.client.sign_on.source import TokenSource
from trio_chat.i18n import _

WAITING_LINES = 1000
"""Lines a person may type ahead of the connection."""
_TO_FINISH = 3.0
"""Seconds for the lines that a person typed before `exit` to be sent."""


class Link:
    """One server for one run of the client.

    Args:
        connect: returns a connection, or raises CannotConnectError; several are for the addresses
            of one network.
        joined_channels: the channels to be in.
        options: what was decided beforehand.
        state: the file with the nickname and the ignore list; None for the default one.
        passwords: where passwords of accounts are kept; None for nowhere.
        tokens: has the tokens of single sign-on; None if passwords log in.
        random: the source of the jitter of reconnecting, and of the order of the addresses.
        sync_state: the messages that earlier runs have shown; None for none.
    """

    def __init__(
        self,
        connect: Connect | Sequence[Connect],
        joined_channels: JoinedChannels,
        options: LinkOptions,
        *,
        state: StateFile | None = None,
        passwords: PasswordStore | None = None,
        tokens: TokenSource | None = None,
        random: Random | None = None,
        sync_state: SyncState | None = None,
    ) -> None:
        self.joined_channels = joined_channels
        self.interactive = options.interactive
        self.desired_nick = DesiredNick(options.nick)
        self.login_flow = LoginFlow(self, passwords, can_ask=options.can_hide, tokens=tokens)
        chance = random or Random()  # noqa: S311  jitter, no secret
        rotation = AddressRotation([connect] if callable(connect) else connect, chance)
        self.uploads = Uploads(self, lambda: rotation.current)
        self.failed = False
        self.unsent: list[str] = []
        self._reason = ""
        self._is_over = False
        self._state = state or StateFile()
        self._sync_state = sync_state or SyncState()
        self._reporter = EventReporter()
        self._send_queue = SendQueue(
            WAITING_LINES if options.interactive else 0, self._cannot_be_sent
        )
        self._reconnector = Reconnector(
            rotation,
            self._reporter,
            Backoff(chance),
            gives_up=not (options.interactive or options.stays),
            stays=options.stays,
        )
        self._loop = ConnectionLoop(
            options,
            self._reconnector,
            self._reporter,
            self.desired_nick,
            joined_channels,
            self.login_flow,
            self._send_queue,
            self._sync_state,
            self._state,
        )
        self._reactions = EventReactions(
            self._loop,
            self._reconnector,
            self._reporter,
            self.desired_nick,
            joined_channels,
            self.login_flow,
            self._send_queue,
            self._state,
            interactive=options.interactive,
            fail=self._fail,
        )

    # The run

    async def run(self) -> int:
        """Connect, stay connected until one side ends it, and return the exit code; `tell_unsent`
        must follow.

        Cancelled, it closes the connection at once. After its end, and `wait_woken`, it can be
        called again.
        """
        self._is_over = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_queue.run)
            nursery.start_soon(self.uploads.run)
            code = await self._loop.run()
            nursery.cancel_scope.cancel()
        self._is_over = True
        return code

    async def wait_woken(self) -> bool:
        """Wait until the user wants to connect again, which returns True, or to end the link."""
        return await self._loop.wait_woken()

    async def tell_unsent(self) -> None:
        """Report what was not sent, or not confirmed, and keep it in `unsent`."""
        for sent in self._sync_state.take_unconfirmed(lambda sent: True):
            text = mask_message(sent.target, sent.text)
            self.unsent.append(
                _("It is not known whether this has arrived: {text}").format(text=text)
            )
            event = events.MessageUnconfirmed(sent.target, sent.text, sent.request)
            await self._reporter.send_if_open(event)
        for text in self._send_queue.take_unsent():
            self.failed = True
            if text:
                self.unsent.append(_("Not sent: {text}").format(text=text))
                await self.tell(_("Not sent: {text}").format(text=text), error=True)

    def close(self) -> None:
        """Report nothing any longer."""
        self._reporter.close()

    async def leave(self, reason: str = "") -> None:
        """Leave the server with QUIT, or stop trying to reach it."""
        self._reason = reason or self._reason
        self._loop.stop()
        if self.session:
            await self.login_flow.leaves(self.session)
        if self.session:
            await self.session.leave(self._reason)

    async def reconnect(self) -> None:
        """Reconnect at once."""
        self._loop.reconnect()
        if self.session:
            await self.session.leave(_("Reconnecting"))

    async def drain(self, reason: str) -> None:
        """Send the lines that wait, then leave: for a person within seconds, otherwise when the
        server has answered all of them.
        """
        self._send_queue.close()
        if self.interactive:
            if self.is_ready:
                with trio.move_on_after(_TO_FINISH):
                    await self._send_queue.all_sent.wait()
        else:
            await self._send_queue.wait_settled(lambda: bool(self._sync_state.unconfirmed))
        await self.leave(reason)

    # State

    @property
    def events(self) -> trio.MemoryReceiveChannel[Event]:
        """The events for the interface."""
        return self._reporter.events

    @property
    def ignored(self) -> IgnoreList:
        """The ignore list; links may share one."""
        return self._loop.ignored

    @ignored.setter
    def ignored(self, ignored: IgnoreList) -> None:
        self._loop.ignored = ignored

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
        """The nickname that the user has, or wants."""
        return self.session.protocol.nick if self.session else self.desired_nick.nick

    # Reports

    async def react(self, event: Event) -> Sequence[Event]:
        """Do what an event requires, and return the events to show: without credentials."""
        return await self._reactions.react(event)

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Report a sentence in the user's language; an error means that something was not done."""
        self.failed = self.failed or error
        await self._reporter.tell(text, error=error)

    async def warn(self, text: str) -> None:
        """Report a sentence about how safe the connection is, and keep it for `take_warnings`."""
        await self._reporter.warn(text)

    def take_warnings(self) -> list[str]:
        """Remove and return the warnings since the last call."""
        return self._reporter.take_warnings()

    async def ask(self) -> None:
        """Report that there is a question to the user, or none any longer."""
        await self._reporter.prompt_changed()

    # Requests of the user

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Send a message, each line of it by itself, as soon as there is a connection."""
        for line in text.splitlines():
            if line.strip():
                await self.enqueue(Say(target, line, kind))

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Call a function with the protocol as soon as there is a connection.

        Args:
            text: what the user typed, for the report when no connection comes.
            action: the function.
        """
        await self.enqueue(ProtocolCall(text, action))

    async def do_now(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Do the same at once, also before registration; later, if there is no connection."""
        session = self.session
        if session is None or session.protocol.ready or not self.desired_nick.asking:
            await self.do(text, action)
            return
        try:
            await session.do(action)
        except NotConnectedError:
            await self.do(text, action)

    async def enqueue(self, action: Say | SayLines | ProtocolCall) -> None:
        """Send something when its turn comes; a person is notified when it has to wait for the
        connection.
        """
        if not self.interactive:
            await self._send_queue.put(action)
            return
        if problem := self._try_to_enqueue(action):
            if action.shown:
                await self.tell(problem.format(text=action.shown), error=True)
        elif action.shown and self._reconnector.was_connected and not self.is_ready:
            await self.tell(
                _(
                    "Not connected at the moment. This will be sent as soon as the connection is"
                    " back."
                )
            )

    def withdraw(self, action: Say | SayLines) -> None:
        """Send nothing more of an action, which its sender no longer waits for."""
        self._send_queue.withdraw(action)

    def _try_to_enqueue(self, action: Say | SayLines | ProtocolCall) -> str:
        """Add an action to the queue; return the sentence that says why it was not added, or ""."""
        if self._is_over:
            return _("The connection has ended. /reconnect connects again. Not sent: {text}")
        try:
            self._send_queue.put_nowait(action)
        except trio.WouldBlock:
            return _("Too many lines are waiting to be sent. Not sent: {text}")
        except trio.ClosedResourceError:
            return _("You are leaving. Not sent: {text}")
        return ""

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in."""
        self.failed = self.failed or not self.interactive
        await self.login_flow.log_in(account)

    async def log_out(self) -> None:
        """Log out of the account."""
        await self.login_flow.log_out(self.session)

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account."""
        self.failed = self.failed or not self.interactive
        await self.login_flow.register(account, email)

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server; a password "" is asked for."""
        self.failed = self.failed or (not password and not self.interactive)
        await self.login_flow.become_operator(name, password)

    async def answer_nick(self, line: str) -> None:
        """Take the user's answer to the question for a nickname."""
        await self._reactions.answer_nick(line)

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Add to the ignore list and remove from it; return whether that persists after this
        run.
        """
        self.ignored.change(added, removed)
        return await self._state.change_ignored(added, removed)

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

    def _fail(self) -> None:
        self.failed = True

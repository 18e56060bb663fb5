"""Reactions of a link to its own events: another nickname, the current channel, logins.

An interface passes each event through `react` before it shows it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from trio_chat.client.credentials import mask_message
from trio_chat.client.link.connection_loop import ConnectionLoop
from trio_chat.client.link.desired_nick import DesiredNick
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.login_flow import LoginFlow
from trio_chat.client.link.reconnector import Reconnector
from trio_chat.client.link.reporter import EventReporter
from trio_chat.client.link.send_queue import SendQueue
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.session import events
from trio_chat.client.session.authentication import SIGN_ON_OFFERED
from trio_chat.client.session.events import Event, Note
from trio_chat.client.session.session import NotConnectedError
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_OWN_TEXTS = (events.MessageRefused, events.MessageUnconfirmed, events.DeliveryUnknown)


class EventReactions:
    """The reactions of one link.

    Args:
        loop: keeps the link connected.
        reconnector: knows whether the link was ever connected.
        reporter: where sentences are reported.
        desired_nick: the nickname that the user wants.
        joined_channels: the channels, and the current one.
        login_flow: the account of the user.
        send_queue: knows the session, and the lines that wait.
        state: the file with the last nickname.
        interactive: whether a person is there who can be asked for a nickname.
        fail: called when a request of the user has failed.
    """

    def __init__(
        self,
        loop: ConnectionLoop,
        reconnector: Reconnector,
        reporter: EventReporter,
        desired_nick: DesiredNick,
        joined_channels: JoinedChannels,
        login_flow: LoginFlow,
        send_queue: SendQueue,
        state: StateFile,
        *,
        interactive: bool,
        fail: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._reconnector = reconnector
        self._reporter = reporter
        self._desired_nick = desired_nick
        self._joined_channels = joined_channels
        self._login_flow = login_flow
        self._send_queue = send_queue
        self._state = state
        self._interactive = interactive
        self._fail = fail
        self._is_ready = False

    async def react(self, event: Event) -> Sequence[Event]:
        """Do what an event requires, and return the events to show: without credentials."""
        if isinstance(event, _OWN_TEXTS) or (isinstance(event, events.Said) and event.own):
            event = replace(event, text=mask_message(event.target, event.text))
        if self._is_failure(event):
            self._fail()
        match event:
            case events.NickRefused():
                return await self._nick_refused(event)
            case events.Connected(nick=nick):
                await self._connected(nick)
            case events.UserJoined() | events.ChannelRenamed():
                self._note_channel(event)
            case (
                events.UserParted(channel=channel, own=True)
                | events.UserKicked(channel=channel, own=True)
            ):
                return (event, *self._left(channel))
            case events.JoinRefused(channel=channel):
                self._leave(channel)
            case events.UserRenamed(new=new, own=True):
                await self._renamed(new)
            case events.LoggedIn(account=account) | events.AccountCreated(account=account):
                await self._take_nick_of(account)
                await self._login_flow.succeeded(account)
            case events.AccountRefused(code=code, reason=offer) if code == SIGN_ON_OFFERED:
                await self._sign_on(offer)
                return ()
            case events.AccountRefused(code=code, reason=reason):
                return (event,) if await self._login_flow.refused(code, reason) else ()
            case events.ServiceAnswered(request=request, lines=lines):
                return () if await self._login_flow.answered(request, lines) else (event,)
        return (event,)

    def _note_channel(self, event: events.UserJoined | events.ChannelRenamed) -> None:
        if isinstance(event, events.ChannelRenamed):
            self._joined_channels.renamed(event.old, event.new)
        elif event.own:
            self._joined_channels.joined(event.channel, event.instead_of)

    def _is_failure(self, event: Event) -> bool:
        """Return whether an event says that a line of the user had no effect."""
        match event:
            case events.JoinRefused() | events.MessageRefused() | events.MessageUnconfirmed():
                return True
            case events.NickRefused(registered=is_renaming):
                return is_renaming
            case events.Connected():
                self._is_ready = False
            case events.Ready():
                self._is_ready = True
            case events.ServerError():
                return self._is_ready  # before that it answers no line of the user
        return False

    async def _sign_on(self, offer: str) -> None:
        """Get a token before the next connection."""
        self._login_flow.sign_on_offered(offer)
        self._loop.reconnect()
        if session := self._send_queue.session:
            await session.leave("")

    async def answer_nick(self, line: str) -> None:
        """Take the user's answer to the question for a nickname."""
        if not self._desired_nick.answer(line):
            text = _(
                "A nickname cannot be empty, contain spaces or signs such as , . : ! @ * or begin"
                " with #. Choose another."
            )
            await self._reporter.tell(text, error=True)
            return
        if session := self._send_queue.session:
            nick = self._desired_nick.nick
            try:
                await session.do(lambda protocol: protocol.nickname.change(nick))
            except NotConnectedError:
                return  # the next connection begins with it

    async def _nick_refused(self, event: events.NickRefused) -> Sequence[Event]:
        """Ask for another nickname, or try another where nobody can be asked."""
        session = self._send_queue.session
        if event.registered or not session:
            return (event,)
        was_connected = self._reconnector.was_connected
        if self._interactive and not was_connected:
            self._desired_nick.ask()
            return (event,)
        other = self._desired_nick.other(event.nick, event.code)
        if not other:
            self._fail()
            self._loop.stop()
            await session.leave("")
            return (event,)
        try:
            # The old session may still have the nickname, so it stays the wanted one.
            await session.do(
                lambda protocol: (
                    protocol.nickname.ask if was_connected else protocol.nickname.change
                )(other)
            )
        except NotConnectedError:
            return ()
        text = _('The nickname "{nick}" is not free here, trying "{other}".')
        return (Note(text.format(nick=clean(event.nick), other=other)),)

    async def _connected(self, nick: str) -> None:
        await self._loop.connected()
        if nick == self._desired_nick.nick:
            await self._state.save_nick(nick)

    async def _renamed(self, new: str) -> None:
        session = self._send_queue.session
        if session and self._joined_channels.features.same(new, session.protocol.nickname.wanted):
            self._desired_nick.set(new)
            await self._state.save_nick(new)

    async def _take_nick_of(self, account: str) -> None:
        """Answer the question for a nickname when the refused one turns out to belong to the
        user's account.
        """
        session = self._send_queue.session
        if session and self._desired_nick.asking:
            refused = session.protocol.nickname.refused
            if self._joined_channels.features.same(account, refused):
                await self.answer_nick(account)

    def _left(self, channel: str) -> list[Note]:
        """Leave a channel; return what was not sent to it."""
        self._leave(channel)
        text = _("You left {channel} before this was sent: {text}")
        return [
            Note(clean(text.format(channel=channel, text=unsent)), error=True)
            for _target, unsent in self._send_queue.stop_paced(channel)
        ]

    def _leave(self, channel: str) -> None:
        """Leave a channel; where nobody sees it, lines must not go to another one instead."""
        session = self._send_queue.session
        others = session.protocol.channels.values() if session and self._interactive else ()
        self._joined_channels.left(channel, others)

"""The loop that keeps a link connected: one session after the other, until the user leaves, the
server refuses, or nobody waits for the connection.
"""

from collections.abc import Awaitable, Callable

import trio

from trio_chat.client import reasons
from trio_chat.client.link import nicknames
from trio_chat.client.link.desired_nick import DesiredNick
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.login_flow import LoginFlow
from trio_chat.client.link.options import LinkOptions
from trio_chat.client.link.reconnector import Reconnector
from trio_chat.client.link.reporter import EventReporter
from trio_chat.client.link.send_queue import SendQueue
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.session import events
from trio_chat.client.session.authentication import ACCOUNT_REQUIRED
from trio_chat.client.session.events import EndReason, SessionOutcome
from trio_chat.client.session.history_request import AT_JOIN
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import ClientSession, is_local, is_secure
from trio_chat.client.session.sync_state import SyncState
from trio_chat.i18n import _
from trio_chat.irc import numerics

_REFUSED_ATTEMPTS = 5
_KEEP_ALIVE = {False: 60.0, True: 15.0}
"""Seconds of silence after which the server is asked whether it is there, by whether there are
other addresses: then the user need not wait for a machine that is gone.
"""
_STABLE = 30.0
"""Seconds a connection must have lasted before the next loss counts as a new one."""


class ConnectionLoop:
    """The sessions of one link.

    Args:
        options: of the link.
        reconnector: makes the attempts to connect.
        reporter: where events are reported.
        desired_nick: the nickname, which is asked for where a person is there.
        joined_channels: the channels to join on each connection.
        login_flow: knows the account to log in to.
        send_queue: sends through the session while there is one.
        sync_state: what was shown, over all connections.
        state: the file with the last nickname and the ignore list.

    Attributes:
        ignored: the ignore list, loaded before the first connection.
    """

    def __init__(
        self,
        options: LinkOptions,
        reconnector: Reconnector,
        reporter: EventReporter,
        desired_nick: DesiredNick,
        joined_channels: JoinedChannels,
        login_flow: LoginFlow,
        send_queue: SendQueue,
        sync_state: SyncState,
        state: StateFile,
    ) -> None:
        self.ignored = IgnoreList()
        self._options = options
        self._password = options.password
        self._reconnector = reconnector
        self._reporter = reporter
        self._desired_nick = desired_nick
        self._joined_channels = joined_channels
        self._login_flow = login_flow
        self._send_queue = send_queue
        self._sync_state = sync_state
        self._state = state
        self._refusals = 0
        self._has_shut_down = False
        self._connects_again = False
        self._woken = trio.Event()

    # Requests of the user

    def reconnect(self) -> None:
        """Connect again, at once, when the current session has ended."""
        self._connects_again = True
        self._reconnector.skip_pause()
        self._woken.set()

    def stop(self) -> None:
        """Stop connecting."""
        self._reconnector.stop()
        self._woken.set()

    async def wait_woken(self) -> bool:
        """Wait until the user wants to connect again, which returns True, or to end the link."""
        while not (self._connects_again or self._reconnector.stopped):
            await self._woken.wait()
            self._woken = trio.Event()
        if self._reconnector.stopped:
            return False
        self._connects_again = False
        self._refusals = 0
        self._reconnector.succeeded()
        return True

    async def connected(self) -> None:
        """Note that the server has completed the registration."""
        if session := self._send_queue.session:
            await self.keep_policy(session)
        self._reconnector.was_connected = True
        self._refusals = 0
        self._desired_nick.end()

    # The loop

    async def run(self) -> int:
        """Stay connected; return the exit code when no connection is to follow.

        Cancelled, it closes the connection at once.
        """
        while True:
            stream = await self._reconnector.wait(self._get_stream)
            if self._reconnector.stopped:
                if stream:
                    await trio.aclose_forcefully(stream)
                return 0
            if stream is None and not self._goes_on():
                return 0 if self._has_shut_down else 1
            code = await self._converse(stream) if stream else None
            if code is not None and not self._connects_again:
                return code
            if self._connects_again:
                self._connects_again = False
            elif not await self._reconnector.wait_before_next():
                return 1

    async def keep_policy(self, session: ClientSession) -> None:
        """Keep the policy of strict transport security, if there is one; its time begins anew at
        the end of the connection (IRCv3 sts, Rescheduling expiry on disconnect).
        """
        duration = session.protocol.negotiation.sts.duration
        if duration is not None and session.is_secure:
            await self._reconnector.keep_policy(duration)

    def _goes_on(self) -> bool:
        """Return whether attempts follow one that has failed."""
        if self._reconnector.has_next or self._options.stays:
            return True
        return self._reconnector.was_connected and not self._has_shut_down

    async def _get_stream(self) -> trio.abc.Stream | None:
        if not self.ignored.is_loaded:
            loaded = await self._state.load_ignored()
            if not self.ignored.is_loaded:  # another link may have been faster
                self.ignored.load(loaded)
        await self._choose_nick()
        await self._login_flow.load(self._desired_nick.nick)
        return await self._reconnector.connect()

    async def _choose_nick(self) -> None:
        if self._desired_nick.nick:
            return
        last = await self._state.load_nick()
        offer = last or nicknames.made_valid(nicknames.login_name())
        if self._options.interactive:
            self._desired_nick.ask(offer)
            await self._reporter.send(events.PromptChanged())
            await self._desired_nick.answered.wait()
        else:
            self._desired_nick.set(offer)

    async def _converse(self, stream: trio.abc.Stream) -> int | None:
        """Run one session; return the exit code, or None when another session is to follow."""
        protocol = self._protocol(stream)
        self._joined_channels.features = protocol.features
        session = ClientSession(
            stream,
            protocol,
            self._reporter.send_channel,
            keep_alive=_KEEP_ALIVE[self._reconnector.has_several],
            encoding=self._options.encoding,
        )
        started = trio.current_time()
        self._send_queue.attach(session)
        outcome = await session.run()
        self._send_queue.detach()
        if outcome.end is EndReason.UPGRADE:
            await self._reconnector.upgrade(protocol.upgrade_port)
            return None
        await self.keep_policy(session)
        if protocol.registered:
            self._reconnector.was_connected = True
            self._has_shut_down = False
        was_stable = protocol.ready and trio.current_time() - started >= _STABLE
        if protocol.ready:
            self._joined_channels.remember(protocol.channels.values())
        if was_stable:
            self._reconnector.succeeded()
        is_expected = outcome.end is EndReason.RESTARTED
        self._reconnector.lost(was_stable=was_stable, is_expected=is_expected)
        return await self._after(outcome)

    def _protocol(self, stream: trio.abc.Stream) -> ClientProtocol:
        options = self._options
        is_private = options.may_be_plain or is_secure(stream) or is_local(stream)
        at_join = AT_JOIN * (3 if options.sees_status else 1) if options.interactive else 0
        return ClientProtocol(
            self._desired_nick.nick,
            password=self._password,
            channels=self._joined_channels.to_join(),
            sync_state=self._sync_state,
            at_join=at_join,
            credentials=self._login_flow.credentials,
            sees_status=options.sees_status,
            is_private=is_private,
            may_upgrade=not is_private and self._reconnector.can_upgrade,
            ignored=self.ignored,
            hides_strangers=options.hides_strangers,
            is_bot=options.is_bot,
        )

    async def _after(self, outcome: SessionOutcome) -> int | None:
        if outcome.end is EndReason.LEFT:
            return 0
        if outcome.end is EndReason.SHUT_DOWN and not self._options.stays:
            self._has_shut_down = True
            return None if self._reconnector.has_other_address else 0
        if self._desired_nick.asking and not outcome.code:
            # The server did not wait for the user's answer; the next connection begins with it.
            await self._reconnector.wait(self._desired_nick.answered.wait)
            return None
        if outcome.end is EndReason.REFUSED:
            return await self._refused(outcome)
        is_restart = outcome.end is EndReason.RESTARTED
        if not (self._reconnector.was_connected or is_restart):
            text = _(
                "The server ended the connection before it let you in. Check that a chat server"
                " answers at this port."
            )
            await self._reporter.tell(text, error=True)
            return None if self._reconnector.has_next else 1
        await self._reporter.send(events.Lost(outcome.reason, is_restart=is_restart))
        return None

    def _question_for(self, code: str) -> Callable[[], Awaitable[bool]] | None:
        """Return what asks a person for that without which the server lets nobody in; None where
        that is nothing, or nobody can be asked.
        """
        if code == ACCOUNT_REQUIRED and self._login_flow.can_log_in_first:
            return self._login_flow.log_in_first
        if code == numerics.ERR_PASSWDMISMATCH and self._login_flow.can_ask:
            return self._ask_for_password
        return None

    async def _ask_for_password(self) -> bool:
        password = await self._login_flow.ask_for_server_password()
        self._password = password or self._password
        return bool(password)

    async def _refused(self, outcome: SessionOutcome) -> int | None:
        await self._reporter.tell(reasons.not_let_in(outcome.code, outcome.reason), error=True)
        needs_account = outcome.code == ACCOUNT_REQUIRED
        if question := self._question_for(outcome.code):
            if await self._reconnector.wait(question):
                self.reconnect()
                return None
            return 0 if self._reconnector.stopped else 1
        self._refusals += 1
        # A program tries again: its login may have failed for a moment only.
        is_final = (outcome.code and not needs_account) or not (
            self._reconnector.was_connected or self._reconnector.has_next
        )
        return 1 if is_final or self._refusals >= _REFUSED_ATTEMPTS else None

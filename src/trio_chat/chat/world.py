"""The state of the chat in memory, with its indexes, and the events of what happens in it.

The state changes in `trio_chat.chat.apply` alone; the methods here keep its indexes.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from itertools import count
from typing import Final, NamedTuple

from trio_chat.chat import advertisement
from trio_chat.chat.accounts import Account
from trio_chat.chat.always_on import AlwaysOnUsers
from trio_chat.chat.api_tokens import ApiTokens
from trio_chat.chat.bans import Bans
from trio_chat.chat.changes import Change
from trio_chat.chat.channel_table import ChannelTable
from trio_chat.chat.channels import Channel
from trio_chat.chat.cloaks import Cloaks, as_param
from trio_chat.chat.confusables import AccountConfusables, ConfusableIndex
from trio_chat.chat.control import Control
from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.events import Event
from trio_chat.chat.history import HistoryTarget
from trio_chat.chat.hooks import Hooks
from trio_chat.chat.identities import SignOn
from trio_chat.chat.ids import IdSource
from trio_chat.chat.invitations import Invitations
from trio_chat.chat.moderation.server import ServerModeration
from trio_chat.chat.monitor import MonitorLists
from trio_chat.chat.operator_blocks import with_numbers
from trio_chat.chat.passkeys import Passkeys
from trio_chat.chat.persistence import DirtySet
from trio_chat.chat.preferences import Preferences
from trio_chat.chat.push import PushDelivery, PushSubscriptions
from trio_chat.chat.quotas import Quotas
from trio_chat.chat.relayed_ids import RelayedIds
from trio_chat.chat.scheduled import ScheduledMessages
from trio_chat.chat.second_factors import SecondFactors
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.steady import SteadyClock
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.translation import Translator
from trio_chat.chat.uploads import UploadTokens
from trio_chat.chat.users import Session, User
from trio_chat.chat.verification import Mail, Verifications
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.modes import BOT, INVISIBLE
from trio_chat.irc.names import fold_channel
from trio_chat.irc.numerics import Numeric

RULES_VERSION: Final = 1
"""The greatest version of the rules that this release can carry out. A change by which a command in
the log of a cluster leads to another state needs another version, and is made only while
`World.rules_version` has it: a cluster may still have nodes of the release before.
"""
_OF_CHANNELS: Final = frozenset(("TOPIC", "MODE"))
"""Events that change a channel, which its only member reads again in the history (IRCv3
draft/event-playback).
"""


async def _nothing_to_settle() -> None:
    pass


class WhoWas(NamedTuple):
    """A former user of a nickname (WHOWAS)."""

    nick: str
    folded: str
    username: str
    host: str
    realname: str
    time: float
    address: str = ""


class WorldStatistics(NamedTuple):
    """The sizes of a world; see `World.statistics`."""

    sessions: int
    users: int
    most_users: int
    channels: int
    memberships: int
    accounts: int
    unsaved: int


class World:
    """The state of the chat.

    Args:
        server_info: the server's names, texts and rules.
        lengths: the limits.
        clock: returns seconds of Unix time.
        whowas_entries: the maximum number of entries for WHOWAS.
        storage: the storage with its limits, or None if nothing is stored.
        elapsed: returns seconds that never go back; `clock` by default. In a cluster it is given as
            the same: the time of the log, for which nothing counts that this server has stored of
            its own clock.

    Attributes:
        redacted: the ids of the messages that were deleted last, in order.
        relayed: the ids of relayed messages, by the keys of their senders.
        creating: the accounts that clients of this server create by the log of a cluster, as far as
            it has them, by `Credentials.key`.
        batch_references: the numbers by which batches are referred to; no state depends on them.
        cloaks: the cloaks of addresses, or None if addresses are shown.
        control: the port by which operators control the server, or None.
        observers: called after each change (`trio_chat.chat.apply`), such as checks of invariants.
        mail: the port that sends e-mails, or None.
        sign_on: the port to the provider of single sign-on, or None.
        translator: the port that has texts translated, or None.
        decider: takes the changes that all servers of a cluster are to carry out later, and may
            return what takes their events then; None if changes are carried out at once.
        settle: waits until the changes that were handed to `decider` so far have been carried out
            and stored, or raises `Unsettled`; without a decider there is nothing to wait for.
        is_replicated: whether this is the world of a server of a cluster.
        rules_version: the version of the rules that is in force; see `RULES_VERSION`.
        registrar: called when a session has sent everything for its registration, which is then
            completed later; None if it is completed at once.
        page_url: the address of the page for links, with a `/` at its end; "" when there is none.
        push: the devices of accounts that receive push messages.
        push_delivery: the port that sends these, or None.
        advertised: the advertised capabilities and RPL_ISUPPORT tokens.
        verifications: account registrations that wait for a code.
        passkeys: by which accounts log in from the page.
        second_factors: how accounts log in besides their passwords.
        upload_tokens: the tokens by which sessions upload files.
        opers: the users that are operators of the server.
        steady: the clock by which things expire.
        wall_clock: returns seconds of Unix time by the clock of this server, on which no state
            depends. In a cluster, `clock` is the time of the log, which may be a while ago.
        usage: the number of uses of each command, as far as this server has carried it out.
        wants_numbers: whether a client of this server has asked for the numbers of messages.
    """

    def __init__(
        self,
        server_info: ServerInfo,
        lengths: Lengths,
        clock: Callable[[], float],
        whowas_entries: int = 200,
        storage: StoragePorts | None = None,
        elapsed: Callable[[], float] | None = None,
    ) -> None:
        self.rules_version, self.is_replicated, self.wants_numbers = RULES_VERSION, False, False
        self.opers: dict[User, None] = {}
        self.lengths = lengths
        self.clock = self.wall_clock = clock
        self.elapsed = elapsed or clock
        self.steady = (
            SteadyClock(clock, self.elapsed, storage.kept, storage.hold)
            if storage and elapsed is not clock
            else SteadyClock(clock, self.elapsed)
        )
        self.storage = storage
        self.ids = (
            IdSource(clock, storage.last_id, storage.timeline) if storage else IdSource(clock)
        )
        self.accounts = storage.accounts if storage else None
        self.server_info = replace(
            server_info, operators=with_numbers(server_info.operators, self.accounts)
        )
        self.advertised = advertisement.advertise(server_info, lengths, storage)
        self.observers: list[Callable[[Change], None]] = []
        self.decider: Callable[[Change], DecidedEvents | None] | None = None
        self.settle: Callable[[], Awaitable[None]] = _nothing_to_settle
        self.registrar: Callable[[Session], None] | None = None
        self.batch_references = count(1)
        self._session_ids = count(1)
        self.sessions: dict[int, Session] = {}  # by number; in the order of connecting
        self.unregistered: set[Session] = set()  # of them, those that are not registered
        # Users with +i: counting them at each registration would be slow on a large server.
        self.invisible: set[User] = set()
        self.monitor, self.dirty = MonitorLists(), DirtySet()
        # Of users, and of accounts.
        self.confusables, self.account_confusables = ConfusableIndex(), AccountConfusables()
        self.redacted: dict[int, None] = {}
        self.hooks, self.api_tokens = Hooks(), ApiTokens()
        self.relayed, self.scheduled = RelayedIds(), ScheduledMessages()
        self.creating: dict[bytes, Account | None] = {}
        self.registering = ConfusableIndex()  # names of accounts that are being stored
        self.users: dict[str, User] = {}
        self.whowas: deque[WhoWas] = deque(maxlen=whowas_entries)
        self.quotas = Quotas(lengths.stored_per_hour, lengths.stored_bytes_per_hour, self.elapsed)
        self.preferences = Preferences(server_info.account_rules)
        self.always_on = AlwaysOnUsers(self.preferences, server_info.account_rules.most_always_on)
        self.markers: dict[
            int, dict[str, str]
        ] = {}  # how far accounts (by number) have read targets (folded)
        self.invitations = Invitations(self.steady)
        self.page_url, self.most_users = "", 0
        self.channels = ChannelTable(
            clock,
            self.ids,
            self.markers,
            self.steady,
            lengths.renamed_days,
            self._forget_channel,
        )
        self.bans, self.moderation = Bans(self.steady), ServerModeration()
        self.cloaks: Cloaks | None = None
        self.control: Control | None = None
        self.sign_on: SignOn | None = None
        self.translator: Translator | None = None
        self.mail: Mail | None = None
        self.push = PushSubscriptions(self.clock)
        self.push_delivery: PushDelivery | None = None
        self.second_factors, self.passkeys = SecondFactors(), Passkeys()
        self.verifications, self.upload_tokens = (
            Verifications(self.elapsed),
            UploadTokens(self.elapsed),
        )
        self.usage: dict[str, int] = {}
        self.metadata: dict[int, dict[str, str]] = {}  # metadata of accounts, by number
        if server_info.lobby:
            self._create_lobby()

    def _forget_channel(self, founded: int) -> None:
        self.invitations.forget_channel(founded)
        self.hooks.forget_channel(founded)

    def _create_lobby(self) -> None:
        info = self.server_info
        folded = fold_channel(info.lobby, self.lengths.channel)
        self.channels.create_lobby(info.lobby, folded, info.lobby_topic, info.name)

    @property
    def is_in_log(self) -> bool:
        """Whether a command is carried out at this moment that all servers of a cluster carry
        out.
        """
        return self.is_replicated and self.decider is None

    def connect(self, session: Session) -> None:
        """Take in a new connection, which is not registered yet.

        It gets a number if it has none.
        """
        session.id = session.id or next(self._session_ids)
        self.sessions[session.id] = session
        self.unregistered.add(session)

    def number_sessions(self, after: int) -> None:
        """Give new sessions numbers from the one after this."""
        self._session_ids = count(after + 1)

    def restore_sessions(self, sessions: Iterable[Session]) -> None:
        """Have sessions that are registered already; new ones get greater numbers."""
        self.sessions.update((session.id, session) for session in sessions)
        self.number_sessions(max(self.sessions, default=0))

    def add_user(self, user: User) -> None:
        """Take in a user; it is found by its nickname from now on."""
        self.users[user.folded] = user
        self.confusables.add(user.nick, user.folded)
        self.push.update(user)
        if INVISIBLE in user.modes:
            self.invisible.add(user)
        self.most_users = max(self.most_users, len(self.users))

    def rename_user(self, user: User, nick: str, folded: str) -> None:
        """Have a user be found by another nickname."""
        del self.users[user.folded]
        self.confusables.remove(user.nick, user.folded)
        user.rename(nick, folded)
        self.users[folded] = user
        self.confusables.add(user.nick, user.folded)
        self.push.update(user)

    def discard_user(self, user: User) -> None:
        """Forget a user that is in no channel."""
        del self.users[user.folded]
        self.confusables.remove(user.nick, user.folded)
        self.invisible.discard(user)
        self.push.forget(user)

    def remember(self, user: User, address: str) -> None:
        """Add a user to the history of nicknames (RFC 2812 §3.6.3, WHOWAS)."""
        names = (user.nick, user.folded, user.username, user.host, user.realname)
        self.whowas.appendleft(WhoWas(*names, self.clock(), address))

    def sighting(self, numeric: Numeric, folded: str, shown: str) -> list[Event]:
        """Return the numeric for the sessions that monitor a nickname (IRCv3 monitor)."""
        watchers = self.monitor.watchers(folded)
        if not watchers:
            return []
        # "The server may send "*" instead of the nick": so it is one event for all sessions.
        number, params = self.ids.now(), ("*", shown)
        return [
            Event(number, numeric, params, self.server_info.name, watchers, shift=self.ids.shift)
        ]

    def markers_of(self, user: User) -> dict[str, str]:
        """Return the read markers of a user: those of its account, when it has one."""
        account = user.account_id
        return self.markers.setdefault(account, {}) if account else user.markers

    def host_of(self, address: str) -> str:
        """Return the host that other users see instead of an address."""
        host = self.cloaks.of_address(address) if self.cloaks else as_param(address)
        return host[: self.lengths.host]

    def with_account(self, number: int) -> list[User]:
        """Return the users that are logged in to an account."""
        return [user for user in self.users.values() if user.account_id == number]

    def account_name(self, number: int, *, or_dropped: bool = False) -> str:
        """Return the name of an account; "" if there is none with this number.

        Args:
            number: the number of the account.
            or_dropped: whether to include deleted accounts whose names are still reserved.
        """
        if self.accounts is None:
            return ""
        account = self.accounts.by_id.get(number)
        if account is None and or_dropped:
            account = self.accounts.dropped_by_id.get(number)
        return account.name if account else ""

    def event(
        self,
        user: User,
        command: str,
        params: tuple[str, ...],
        recipients: tuple[Session, ...],
        *,
        skip: Session | None = None,
        requires: int = 0,
        channels: Collection[Channel] = (),
        about: User | None = None,
    ) -> Event:
        """Return an event that a user causes, accepted now.

        Args:
            user: the user.
            command: the command that the recipients receive.
            params: its parameters.
            recipients: the sessions that receive it.
            skip: see `Event`.
            requires: see `Event`.
            channels: the channels in whose history it is stored, if there is one; not where it is
                hidden from some members, nor, for membership, where there are no other members, nor
                if a quota is exhausted.
            about: the affected user, if it is another one.
        """
        history_targets = (
            self._history_targets(command, channels, about or user)
            if channels and self.storage
            else ()
        )
        if history_targets and not self.quotas.stores(user, params, len(history_targets), skip):
            history_targets = ()
        number = self.ids.next(alone=bool(history_targets)) if channels else self.ids.now()
        return Event(
            number,
            command,
            params,
            user.source,
            recipients,
            skip,
            requires,
            user.account,
            carries_msgid=bool(channels),
            history_targets=history_targets,
            is_bot=BOT in user.modes,
            shift=self.ids.shift,
            server_tags=user.server_tags,
            account_id=user.account_id,
        )

    @staticmethod
    def _history_targets(
        command: str, channels: Collection[Channel], user: User
    ) -> tuple[HistoryTarget, ...]:
        """Return where an event is stored: presence only where other members see it, the state of a
        channel in any case.
        """
        least = 1 if command in _OF_CHANNELS else 2
        history_targets: tuple[HistoryTarget, ...] = ()
        for channel in channels:
            if len(channel.members) >= least and not channel.hides(user):
                history_targets += channel.history_targets
        return history_targets

    def change_notices(
        self,
        user: User,
        command: str,
        params: tuple[str, ...],
        *,
        requires: int,
        skip: Session | None = None,
    ) -> list[Event]:
        """Return the events by which other sessions learn of a change of a user: in common
        channels, and sessions that monitor the nickname.

        The latter receive it only with `extended-monitor`, and both only with the capabilities that
        the change requires.
        """
        audience = user.audience()
        event = self.event(user, command, params, audience, skip=skip, requires=requires)
        watchers = self.monitor.watchers(user.folded, without=audience)
        if not watchers:
            return [event]
        return [
            event,
            event.replace(recipients=watchers, requires=requires | cap.EXTENDED_MONITOR),
        ]

    def statistics(self) -> WorldStatistics:
        """Return the sizes of the world."""
        return WorldStatistics(
            sessions=len(self.sessions),
            users=len(self.users),
            most_users=self.most_users,
            channels=len(self.channels),
            memberships=sum(len(channel.members) for channel in self.channels.values()),
            accounts=len(self.accounts.known) if self.accounts else 0,
            unsaved=len(self.dirty.channels) + len(self.dirty.markers),
        )

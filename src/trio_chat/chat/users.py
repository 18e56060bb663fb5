"""Users, and the sessions (connections) by which they are here."""

import math
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from trio_chat.chat.accounts import Account, Origin
from trio_chat.chat.identity_keys import ConfirmedGroups
from trio_chat.chat.multiline import ClientBatch
from trio_chat.chat.passkeys import PendingPasskey
from trio_chat.chat.sasl import SaslDialogue
from trio_chat.chat.second_factors import Enrolment
from trio_chat.irc import capabilities as cap
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.irc.modes import INVISIBLE, SECURE
from trio_chat.irc.names import fold_or_self

if TYPE_CHECKING:
    from trio_chat.chat.channels import Channel, Membership
    from trio_chat.chat.confirmation import Confirmation
    from trio_chat.chat.operator_blocks import Operator
    from trio_chat.chat.verification import PendingVerification


class Sink(Protocol):
    """Where a session's bytes go; the edge implements it."""

    @property
    def send_raw(self) -> Callable[[bytes], int] | None:
        """The `send` of its socket while that does the same for a fan-out as `send` of this object:
        nothing waits, and bytes go out as they are; else None.

        It returns how many bytes it has taken, or raises OSError. What it has not taken is for
        `send`, before anything else.
        """

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Take whole lines, each with its CR LF; never waits, never raises.

        Args:
            data: the lines.
            is_reply: whether the session asked for them itself.
        """

    def end(self, reason: str) -> None:
        """End the connection, telling the peer why."""


NOT_HERE: Final = "*"
"""The away message of an unattended session (IRCv3 `draft/pre-away`)."""
UNSPECIFIED: Final = "Not here at the moment"
"""The away message that other users see instead."""


class PlaybackRequest(NamedTuple):
    """A request for messages of channels that the client has not joined yet.

    Args:
        after: the id after which it begins.
        before: the id before which it ends.
        channels: the folded names of channels; None for all.
        asked: the time of the request, in seconds of `World.elapsed`.
    """

    after: int
    before: int
    channels: frozenset[str] | None
    asked: float


class Nowhere:
    """The sink of a session whose connection is gone."""

    send_raw: Callable[[bytes], int] | None = None

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Drop the lines."""

    def end(self, reason: str) -> None:
        """Do nothing: it has ended."""


NOWHERE: Final = Nowhere()
NEVER: Final = (0, -math.inf)
"""Of `Session.signed_on`: it has not."""


class PendingRegistration:
    """What a session has sent before its registration is complete; "" until then (Modern IRC,
    Connection registration).

    Attributes:
        password: of PASS.
        nick: of the last NICK that can be registered.
        asked_nick: of the last NICK, whether it can be registered or not.
        username: of USER, without characters that a user name cannot have.
        realname: of USER.
        is_negotiating: whether CAP LS or CAP REQ was sent, and not yet CAP END.
        metadata: what METADATA has set for the user to be.
    """

    __slots__ = (
        "asked_nick",
        "is_negotiating",
        "metadata",
        "nick",
        "password",
        "realname",
        "username",
    )

    def __init__(self) -> None:
        self.password = ""
        self.nick = ""
        self.asked_nick = ""
        self.username = ""
        self.realname = ""
        self.is_negotiating = False
        self.metadata: dict[str, str] = {}


class Session:
    """One connection.

    Args:
        sink: where its bytes go.
        address: its real address, for bans, limits and the log; never shown to others.
        now: seconds of Unix time at which it connected.
        host: what others see instead of the address; the address itself when it is left out.

    Attributes:
        id: its number; no other session of this server ever has it. 0 until it is in a world.
        pending: what its registration has collected, until that is complete; then `user` is set.
    """

    __slots__ = (
        "account",
        "account_id",
        "active",
        "address",
        "app_password",
        "attached",
        "away",
        "away_since",
        "batch",
        "cap_302",
        "caps",
        "certificate",
        "check",
        "closing",
        "confirmation",
        "confirmed",
        "connected",
        "effective",
        "enrolment",
        "failed_logins",
        "host",
        "id",
        "is_secure",
        "link_until",
        "metadata_paid",
        "needs_account",
        "number",
        "page",
        "page_url",
        "payer",
        "pending",
        "pending_passkey",
        "playback_request",
        "push_endpoint",
        "quota_notified",
        "sasl",
        "signed_on",
        "sink",
        "subscriptions",
        "user",
        "verification",
    )

    def __init__(self, sink: Sink, address: str, now: float, host: str = "") -> None:
        self.id = 0
        self.sink = sink
        self.address = address
        self.host = host or address
        # What it is counted by when something is written down; "" when it is exempt.
        self.payer = rate_limit_key(address)
        # Seconds of `World.elapsed` at which it got its last notice of an exhausted quota.
        self.quota_notified = -math.inf
        # The address of the server's page as the client reaches it, with a `/` at its end; "" if it
        # is unknown.
        self.page_url = ""
        self.is_secure = False  # whether all of its way here is encrypted
        self.needs_account = False  # whether it is registered only with a login
        # Waits until the server knows whether it accepts the address; None once it does.
        self.check: Callable[[], Awaitable[None]] | None = None
        self.certificate = ""  # fingerprint of the one it has shown, in hexadecimal
        self.connected = now
        self.active = now  # when it last sent a command
        self.user: User | None = None
        # Seconds of `World.elapsed` at which it became a session of its user.
        self.attached = math.inf
        self.number = 0  # identifies it among the sessions of its user
        self.away = ""  # its own message; the user is away when all sessions are
        self.away_since = 0
        self.caps = 0  # as negotiated
        self.effective = 0  # without those that lack what they need
        self.cap_302 = False
        self.closing = False
        self.subscriptions: dict[str, None] = {}  # keys of metadata that it follows
        # Of the history it was shown last: the buffer, the first and the last id.
        self.page = (
            "",
            0,
            0,
        )
        # What it wants to be shown of channels that it joins.
        self.playback_request: PlaybackRequest | None = None
        self.metadata_paid = 0.0  # until when its changes of metadata are within what it may make
        self.batch: ClientBatch | None = None  # what it is saying in several lines
        self.pending: PendingRegistration | None = PendingRegistration()  # None once registered
        # The account it registers, which awaits a code.
        self.verification: PendingVerification | None = None
        self.account = ""  # as logged in; the user's from registration on
        self.account_id = 0
        self.app_password = ""  # the hash of the one by which it is logged in
        # What it has to repeat before its account is deleted.
        self.confirmation: Confirmation | None = None
        # The account that it has logged in to by an identity, and when: seconds of `World.elapsed`.
        self.signed_on = NEVER
        # The groups that its login has confirmed and that operators can have, until they have
        # become a user's rights.
        self.confirmed: ConfirmedGroups | None = None
        # The second factor that it sets up, until it is proved.
        self.enrolment: Enrolment | None = None
        self.pending_passkey: PendingPasskey | None = None  # that its browser may add
        self.push_endpoint = ""  # of the device that it has registered by WEBPUSH
        self.sasl: SaslDialogue | None = None
        self.failed_logins = 0
        # Seconds of `World.elapsed` until which a login by an identity links that to the account.
        self.link_until = -math.inf

    def set_account(self, account: Account, app_password: str = "") -> None:
        """Be logged in to an account, or with `NO_ACCOUNT` to none."""
        self.account, self.account_id = account.name, account.id
        self.app_password = app_password

    @property
    def is_shown(self) -> bool:
        """Whether the address is what others see, so that it is no secret."""
        return self.host.removeprefix("0") == self.address.removeprefix("0")

    @property
    def origin(self) -> Origin:
        """The origin of its passwords."""
        return Origin(self.address, self.certificate)

    def set_caps(self, caps: int) -> None:
        """Take newly negotiated capabilities."""
        self.caps = caps
        self.effective = cap.effective(caps)

    @property
    def target(self) -> str:
        """What numerics call this session: its nickname, or `*` before it has one (Modern IRC,
        Numeric replies).
        """
        if self.user is not None:
            return self.user.nick
        return (self.pending and self.pending.nick) or "*"


class User:
    """A registered user.

    Attributes:
        nick: as written; `folded` is how it is compared.
        away: the away message, or ""; see `away_message`.
        always_on: whether it stays without sessions; see `always_on`.
        active: when a session last sent a command, while there is none; seconds of Unix time.
        seen: when the last session ended; seconds of Unix time.
        account: the name of the account logged in to, or "".
        account_id: its number, or 0; names are shown, numbers compared.
        modes: letters of the user modes that are on, sorted; see `set_mode`.
        operator: the block of config.ini by which the user is an operator of the server, or None.
        channels: memberships by channel, in the order of joining.
        accepted: the users that may write to the user in spite of +R; see `accepts`.
        identity: a number that no other user ever has.
        is_expected: whether it stays only because its client comes back soon (`SessionEnded`); then
            another client may have its nickname.
        invited: channels that an invitation lets the user into, and whether it came from an
            operator of theirs.
        metadata: the metadata of the user, shared by all users of its account; see `metadata`.
        since: the id at which the user took the nickname; earlier messages under it are another
            user's.
    """

    __slots__ = (
        "accepted",
        "account",
        "account_id",
        "active",
        "always_on",
        "away",
        "channels",
        "folded",
        "folded_mask",
        "host",
        "identity",
        "invited",
        "is_expected",
        "knocked",
        "markers",
        "metadata",
        "modes",
        "nick",
        "operator",
        "realname",
        "seen",
        "sessions",
        "signon",
        "since",
        "source",
        "username",
    )

    def __init__(
        self,
        nick: str,
        folded: str,
        username: str,
        host: str,
        realname: str,
        signon: float,
        modes: Iterable[str] = INVISIBLE,
    ) -> None:
        self.username = username
        self.host = host
        self.realname = realname
        self.signon = signon
        self.since = 0
        self.always_on = False
        self.active = self.seen = signon
        self.away = ""
        self.account = ""
        self.account_id = 0
        # A text, which all users with the same modes share: a set would take 216 bytes for each.
        self.modes = sys.intern("".join(sorted(set(modes))))
        self.operator: Operator | None = None
        self.channels: dict[Channel, Membership] = {}
        self.invited: dict[Channel, bool] = {}
        self.accepted: dict[tuple[str, int], None] = {}
        self.identity = 0
        self.is_expected = False
        self.knocked = -inf  # when it last used KNOCK
        self.markers: dict[str, str] = {}  # how far it has read, without an account
        self.metadata: dict[str, str] = {}
        self.sessions: tuple[Session, ...] = ()
        self.rename(nick, folded)

    def set_account(self, account: Account) -> None:
        """Be logged in to an account, or with `NO_ACCOUNT` to none; see `presence.set_account`."""
        self.account, self.account_id = account.name, account.id

    def rename(self, nick: str, folded: str) -> None:
        """Take another nickname."""
        self.nick = nick
        self.folded = folded
        self.source = f"{nick}!{self.username}@{self.host}"
        self.folded_mask = f"{folded}!{self.username.lower()}@{fold_or_self(self.host)}"

    def accept(self, other: "User", most: int) -> None:
        """Allow another user to write to this one in spite of +R; if there are too many, the oldest
        entry is removed.
        """
        self.accepted[other.party] = None
        while len(self.accepted) > most:
            del self.accepted[next(iter(self.accepted))]

    def accepts(self, other: "User") -> bool:
        """Return whether another user may write to this one in spite of its modes."""
        return other.party in self.accepted

    @property
    def party(self) -> tuple[str, int]:
        """The key by which others know this user: the account, whatever its user is; without one,
        this user and no later one.
        """
        return ("account", self.account_id) if self.account_id else ("user", self.identity)

    @property
    def server_tags(self) -> tuple[tuple[int, str, str], ...]:
        """The tags that the server adds to what this user does; see `Event`."""
        return cap.OPER_TAGS if self.operator is not None else ()

    def set_mode(self, letter: str, *, is_on: bool) -> None:
        """Have a user mode on or off."""
        if (letter in self.modes) is not is_on:
            others = self.modes.replace(letter, "")
            self.modes = sys.intern("".join(sorted(others + letter)) if is_on else others)

    def note_security(self) -> None:
        """Have the mode for encrypted connections when all sessions are."""
        is_secure = bool(self.sessions) and all(session.is_secure for session in self.sessions)
        self.set_mode(SECURE, is_on=is_secure)

    def idle_since(self) -> float:
        """Return when any session last sent a command, in seconds of Unix time."""
        return max((session.active for session in self.sessions), default=self.active)

    def away_message(self) -> str:
        """Return the away message of all sessions together; "" if any of them is not away.

        The latest message counts; that of an unattended session only if there is no other.
        """
        if not self.sessions or not all(session.away for session in self.sessions):
            return ""
        spoken = [session for session in self.sessions if session.away != NOT_HERE]
        return max(spoken, key=lambda session: session.away_since).away if spoken else UNSPECIFIED

    def audience(self) -> tuple[Session, ...]:
        """Return the sessions that receive the events of this user: those of members of common
        channels, and its own.

        It is an immutable snapshot. With only one channel it is the channel's own tuple, so that
        the broadcaster can join the event with others to the channel.
        """
        if len(self.channels) == 1:
            return next(iter(self.channels)).audience_of(self)
        seen: Mapping[Session, None] = dict.fromkeys(
            session for channel in self.channels for session in channel.audience_of(self)
        )
        return (*(session for session in self.sessions if session not in seen), *seen)

    def shares_channel(self, other: "User") -> bool:
        """Return whether the two are in a common channel."""
        return not self.channels.keys().isdisjoint(other.channels)

"""Web Push subscriptions of accounts (RFC 8030; soju `doc/ext/webpush`), and the users that a
message notifies.

A subscription is a device of an account: the URL at which its push service takes messages, and the
keys for which they are encrypted. The edge encrypts and sends.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol

from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.mentions import MentionIndex
from trio_chat.chat.notification_levels import ALL, EVERYWHERE
from trio_chat.chat.push_rules import NO_RULES, PushRules
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import tag_names
from trio_chat.irc.message import parse_tags
from trio_chat.irc.modes import AT_LEAST

MAX_ENDPOINT: Final = 400
"""Bytes of an endpoint: with the keys it has to fit into a line."""
REFRESHED_AFTER: Final = 86_400.0
"""Seconds after which another REGISTER of a known device is worth to be stored."""
_MAX_AUTHORS = 10_000
"""Messages of users with devices, the newest, for which a reply notifies."""
KEPT_CAPABILITIES: Final = (
    cap.SERVER_TIME | cap.MESSAGE_TAGS | cap.ACCOUNT_TAG | cap.READ_MARKER | cap.MESSAGE_REDACTION
)
"""The capabilities that change what a device is sent."""

_ENDPOINT: Final = re.compile(
    r"https://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[!-~]*)?",
    re.ASCII,
)
_BASE64URL: Final = re.compile("[A-Za-z0-9_-]+={0,2}", re.ASCII)
_P256_PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


@dataclass(frozen=True, slots=True)
class VapidKeys:
    """The key pair by which push services recognise this server (RFC 8292).

    Args:
        private: a scalar of the curve P-256, 32 bytes.
        public: the uncompressed point, 65 bytes.
    """

    private: bytes = field(repr=False)
    public: bytes

    @property
    def token(self) -> str:
        """The public key as the `VAPID` token of RPL_ISUPPORT has it."""
        return to_base64url(self.public)


class PushSubscription(NamedTuple):
    """One device of an account.

    Args:
        endpoint: the URL of its push service, which is a secret: whoever knows it can send.
        p256dh: its public key, an uncompressed point of the curve P-256.
        auth: its authentication secret, 16 bytes (RFC 8291 §3.2).
        caps: those of `KEPT_CAPABILITIES` that the client had when it registered the device.
        created: when it was registered, in seconds of Unix time.
        seen: when the client last registered it.
    """

    endpoint: str
    p256dh: bytes
    auth: bytes
    caps: int
    created: float
    seen: float

    def __repr__(self) -> str:
        return f"<push subscription at {self.host}>"

    @property
    def host(self) -> str:
        """The host of its push service, which is no secret."""
        match = _ENDPOINT.fullmatch(self.endpoint)
        return match["host"] if match else "?"

    def is_same_device(self, other: "PushSubscription") -> bool:
        """Return whether the endpoint and the keys are those of another subscription."""
        return (self.endpoint, self.p256dh, self.auth) == (
            other.endpoint,
            other.p256dh,
            other.auth,
        )


class PushDelivery(Protocol):
    """The port to the edge, which sends to push services."""

    async def confirm(self, account: int, subscription: PushSubscription) -> str:
        """Send a first message to a device.

        Args:
            account: the number of the account that registers it.
            subscription: the device.

        Returns:
            "" if the push service has taken the message, or else a sentence for the user.
        """

    def withdraw(self, number: int) -> None:
        """Send no message that was deleted, by its id; devices that have received it learn of the
        deletion.
        """


class PushSubscriptions:
    """The devices of all accounts, and the users that have any.

    Args:
        clock: returns the time, in seconds of Unix time, for notifications that are paused.

    In a cluster, the server of the sender sends a message to devices: one that dies then loses what
    waits. The authors of messages, for replies, are known since its start.

    Attributes:
        by_account: devices by endpoint, by the numbers of their accounts; the one that has not been
            seen for the longest time is first.
        users: the users of these accounts.
        mentions: these users by their names.
        rules: what accounts want to be pushed, where they have chosen it.
        active: when each of these accounts last wrote something, in seconds of `World.elapsed`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.by_account: dict[int, dict[str, PushSubscription]] = {}
        self.users: dict[User, None] = {}
        self.rules: dict[int, PushRules] = {}
        self.active: dict[int, float] = {}
        self.mentions = MentionIndex()
        self._authors: dict[int, int] = {}
        self._hearing: dict[str, dict[User, None]] = {}  # by what `NotificationLevels.heard` has

    def of(self, account: int) -> Mapping[str, PushSubscription]:
        """Return the devices of an account by their endpoints."""
        return self.by_account.get(account, {})

    def owner(self, endpoint: str) -> int:
        """Return the number of the account that has a device; 0 for none."""
        return next(
            (account for account, devices in self.by_account.items() if endpoint in devices), 0
        )

    def put(self, account: int, subscription: PushSubscription, most: int) -> None:
        """Add a device, or replace the one with its endpoint; the one that was not seen for the
        longest time gives way.
        """
        devices = self.by_account.setdefault(account, {})
        devices.pop(subscription.endpoint, None)
        devices[subscription.endpoint] = subscription
        while len(devices) > most:
            del devices[next(iter(devices))]

    def remove(self, account: int, endpoint: str) -> None:
        """Remove a device, if the account has it."""
        devices = self.by_account.get(account, {})
        devices.pop(endpoint, None)
        if not devices:
            self.by_account.pop(account, None)
            self.active.pop(account, None)

    def update(self, user: User) -> None:
        """Know a user, by its present names, as one with devices exactly when its account has
        any.
        """
        if user.account_id in self.by_account:
            self.users[user] = None
            rules = self.rules.get(user.account_id, NO_RULES)
            self.mentions.put(user, (user.nick, user.account, *rules.words))
            self._hear(user)
        else:
            self.forget(user)

    def forget(self, user: User) -> None:
        """Forget a user, if it is known."""
        if user in self.users:
            del self.users[user]
            self.mentions.remove(user)
            self._stop_hearing(user)

    def _hear(self, user: User) -> None:
        """Know of which conversations a user wants to be notified of each message."""
        self._stop_hearing(user)
        for name in self.rules.get(user.account_id, NO_RULES).levels.heard:
            self._hearing.setdefault(name, {})[user] = None

    def _stop_hearing(self, user: User) -> None:
        """Forget of which conversations a user wants to be notified of each message."""
        for name in [name for name, users in self._hearing.items() if user in users]:
            del self._hearing[name][user]
            if not self._hearing[name]:
                del self._hearing[name]

    def renamed(self, before: str, after: str) -> None:
        """Have what accounts have chosen for a channel follow its new name."""
        if before == after:
            return
        for account, rules in self.rules.items():
            levels = rules.levels.renamed(before, after)
            if levels is not rules.levels:
                self.rules[account] = replace(rules, levels=levels)
        for user in self.users:
            self._hear(user)

    def note_activity(self, user: User, now: float) -> None:
        """Note that a user has written something, so that it has seen what came before."""
        if user in self.users:
            self.active[user.account_id] = now

    def notified(
        self, user: User, sender: User, *, source: str = "", conversation: str = ""
    ) -> tuple[int, ...]:
        """Return the account that is notified of what a user receives from another one; () when it
        has no devices, when both users are of one account, and where its rules do not permit it.

        Args:
            user: receives it.
            sender: the user that sent it.
            source: the source that it shows, if that is not the sender.
            conversation: the folded name of the channel; "" for a private message.
        """
        account = user.account_id
        if user not in self.users or user is sender or account == sender.account_id:
            return ()
        rules = self.rules.get(account)  # mostly none
        if rules and not rules.permit(
            source or sender.source, conversation or sender.folded, self._clock()
        ):
            return ()
        return (account,)

    def notified_in(
        self, channel: Channel, sender: User, event: Event, text: str, rank: str = ""
    ) -> tuple[int, ...]:
        """Return the accounts that a message to a channel notifies: those of the members with
        devices that it mentions, or to whose message it replies, or that want all messages.

        Args:
            channel: the channel.
            sender: the user that wrote it.
            event: the message.
            text: its text.
            rank: the letter of the lowest rank whose members receive the message; "" if all members
                do.
        """
        found = dict[int, None]()
        addressed = self.mentions.find(text, channel.members)
        if event.client_tags:
            addressed += self._authors_of_parent(event.client_tags)
        if self._hearing:
            addressed += self._hearers(channel)
        for user in addressed:
            member = channel.members.get(user)
            if member is None or (rank and member.ranks.isdisjoint(AT_LEAST[rank])):
                continue
            accounts = self.notified(user, sender, source=event.source, conversation=channel.folded)
            found.update(dict.fromkeys(accounts))
        if sender in self.users and event.account_id:  # a bridge is no author of what it relays
            self._note_author(event.id, event.account_id)
        return tuple(found)

    def _hearers(self, channel: Channel) -> list[User]:
        """Return the users that want to be notified of each message of a channel."""
        name, now = channel.folded, self._clock()
        named = dict.fromkeys((*self._hearing.get(name, ()), *self._hearing.get(EVERYWHERE, ())))
        return [
            user
            for user in named
            if user in channel.members
            and self.rules.get(user.account_id, NO_RULES).levels.level(name, now) == ALL
        ]

    def _authors_of_parent(self, tags: Mapping[str, str]) -> list[User]:
        """Return the users of the account that wrote the message to which another one replies."""
        parent = tags.get(tag_names.REPLY) or tags.get(tag_names.DRAFT_REPLY, "")
        account = self._authors.get(parse_msgid(parent) or 0)
        return [user for user in self.users if user.account_id == account] if account else []

    def _note_author(self, number: int, account: int) -> None:
        self._authors[number] = account
        if len(self._authors) > _MAX_AUTHORS:
            del self._authors[next(iter(self._authors))]


def read_endpoint(text: str) -> str:
    """Return an endpoint in its canonical form.

    Raises:
        ValueError: it is no `https` URL in ASCII, or it is too long.
    """
    match = _ENDPOINT.fullmatch(text)
    if (
        match is None
        or len(text) > MAX_ENDPOINT
        or int(match["port"] or 443) not in range(1, 65536)
    ):
        raise ValueError("not an https URL")
    return text


def read_keys(text: str) -> tuple[bytes, bytes]:
    """Return the public key and the authentication secret of a device, from the `<keys>` of WEBPUSH
    REGISTER.

    Raises:
        ValueError: one of them is missing, or is no key for `aes128gcm` (RFC 8291).
    """
    tags = parse_tags(text)
    p256dh, auth = from_base64url(tags.get("p256dh", "")), from_base64url(tags.get("auth", ""))
    if len(auth) != 16 or not _is_on_curve(p256dh):
        raise ValueError("not the keys of a subscription")
    return p256dh, auth


def _is_on_curve(point: bytes) -> bool:
    """Return whether bytes are an uncompressed point of P-256 (SEC 1 §2.3.4): with another one the
    shared secret would be no secret.
    """
    if len(point) != 65 or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    if max(x, y) >= _P256_PRIME:
        return False
    return (y * y - (x * x * x - 3 * x + _P256_B)) % _P256_PRIME == 0


def to_base64url(data: bytes) -> str:
    """Encode bytes as RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Decode RFC 4648 §5, with or without padding.

    Raises:
        ValueError: the text has other characters, or an impossible length.
    """
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    plain = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def to_state(devices: Mapping[str, PushSubscription]) -> list[dict[str, Any]]:
    """Return the devices of an account as they are stored."""
    return [
        {
            "endpoint": device.endpoint,
            "p256dh": to_base64url(device.p256dh),
            "auth": to_base64url(device.auth),
            "caps": cap.names_of(device.caps),
            "created": device.created,
            "seen": device.seen,
        }
        for device in devices.values()
    ]


def from_state(state: Iterable[Mapping[str, Any]]) -> dict[str, PushSubscription]:
    """Return the devices that `to_state` wrote."""
    return {
        entry["endpoint"]: PushSubscription(
            entry["endpoint"],
            from_base64url(entry["p256dh"]),
            from_base64url(entry["auth"]),
            sum(cap.CAPABILITIES[name].bit for name in entry["caps"] if name in cap.CAPABILITIES),
            entry["created"],
            entry["seen"],
        )
        for entry in state
    }

"""Changes of devices that receive push messages (`soju.im/webpush`)."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.push_rules import PushRules


@dataclass(frozen=True, slots=True)
class PushSubscribed(Change):
    """An account has a device that receives push messages, in the place of one with the same
    endpoint (soju.im/webpush).

    Args:
        account: its number.
        subscription: the device; no other account has it from now on.
        most: how many devices an account can have; the one that was not seen for the longest time
            gives way.
        version: see `AccountChanged`.
    """

    account: int
    subscription: PushSubscription
    most: int
    version: int | None = None


@dataclass(frozen=True, slots=True)
class PushUnsubscribed(Change):
    """Devices of an account, by their endpoints, receive no further push messages."""

    account: int
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PushEndpointSet(Change):
    """A session is on a device that receives push messages, by its endpoint; "" for on none."""

    session: int
    endpoint: str


@dataclass(frozen=True, slots=True)
class PushRulesSet(Change):
    """An account wants other messages to be pushed to its devices."""

    account: int
    rules: PushRules

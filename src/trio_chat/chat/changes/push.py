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
    """An account wants other messages to be pushed to its devices. Its notification levels stay as
    they are.
    """

    account: int
    rules: PushRules


@dataclass(frozen=True, slots=True)
class NotificationsSet(Change):
    """An account chooses of what it is notified (`trio-chat/notify`).

    Args:
        account: its number.
        target: the folded name of a channel or user, or `*` for all without a choice of their own.
        level: one of `notification_levels.LEVELS`, or "" for none; it ends a pause. None: the level
            stays as it is, and `until` counts.
        until: until when nothing notifies, in seconds of Unix time; 0 ends that.
    """

    account: int
    target: str
    level: str | None
    until: int = 0

"""The messages that wait for one device.

One task at most sends to a device. While it waits, for its turn or for a push service that is
overloaded, a newer message of a conversation takes the place of an older one, so the queue is
bounded by itself.
"""

import hashlib
import hmac
from typing import NamedTuple

from trio_chat.chat.push import PushSubscription, to_base64url
from trio_chat.server.token_bucket import TokenBucket

_MAX_WAITING = 32
_BURST = 10
_INTERVAL = 5.0
"""Seconds for each message after a burst."""
_FIRST_DELAY = 15.0
_MAX_DELAY = 3600.0
MAX_ATTEMPTS = 8
"""Attempts to send one message: with the delays between them, about two hours."""
MAX_REFUSALS = 5
"""Messages in a row that a push service refuses, after which the device is removed."""


class QueuedPush(NamedTuple):
    """A message for one device.

    Args:
        topic: of the conversation: a message takes the place of another one with the same topic,
            also at the push service (RFC 8030 §5.4).
        line: the IRC message.
        urgency: one of RFC 8030 §5.3.
        number: the id of the message that it shows; 0 if it shows none.
        attempts: how often it was sent in vain.
    """

    topic: str
    line: bytes
    urgency: str
    number: int
    attempts: int = 0


class DeviceQueue:
    """What waits for one device.

    Args:
        account: the number of the account.
        endpoint: by which the account knows the device.
        now: seconds of Trio's clock.

    Attributes:
        is_sending: whether a task sends.
        refusals: how many messages were refused in a row.
        dropped: how many were displaced or given up.
    """

    def __init__(self, account: int, endpoint: str, now: float) -> None:
        self.account = account
        self.endpoint = endpoint
        self.is_sending = False
        self.refusals = 0
        self.dropped = 0
        self._failures = 0
        self._waiting: dict[str, QueuedPush] = {}
        self._budget = TokenBucket(_BURST, 1 / _INTERVAL, now)

    def __len__(self) -> int:
        """Return how many messages wait."""
        return len(self._waiting)

    def put(self, item: QueuedPush) -> None:
        """Add a message; the oldest one gives way when there are too many."""
        self._waiting[item.topic] = item
        while len(self._waiting) > _MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1

    def take(self) -> QueuedPush:
        """Return the oldest message, which waits no longer."""
        return self._waiting.pop(next(iter(self._waiting)))

    def put_back(self, item: QueuedPush) -> float:
        """Keep a message that could not be sent, unless a newer one has taken its place, or it was
        tried too often; return the seconds after which to go on.
        """
        item = item._replace(attempts=item.attempts + 1)
        if item.attempts >= MAX_ATTEMPTS:
            self.dropped += 1
        else:  # first, as it is the oldest; a newer one with its topic counts
            self._waiting = {item.topic: item, **self._waiting}
        self._failures += 1
        return float(min(_FIRST_DELAY * 2 ** min(self._failures - 1, 20), _MAX_DELAY))

    @property
    def is_put_off(self) -> bool:
        """Whether the push service has not taken the last message for now."""
        return self._failures > 0

    def note_answer(self) -> None:
        """Note that the push service answers as it should."""
        self._failures = 0

    def withdraw(self, topic: str = "", number: int = 0) -> bool:
        """Drop what has a topic, or shows a message by its id; return whether it waited."""
        before = len(self._waiting)
        self._waiting = {
            key: item
            for key, item in self._waiting.items()
            if key != topic and not (number and item.number == number)
        }
        return len(self._waiting) < before

    def withdraw_all(self) -> None:
        """Drop everything that waits."""
        self._waiting.clear()

    def seconds_to_wait(self, now: float) -> float:
        """Pay for a message; return the seconds after which it may be sent."""
        self._budget.refill(now)
        self._budget.tokens -= 1
        return max(0.0, -self._budget.tokens * _INTERVAL)


def topic_of(subscription: PushSubscription, conversation: str) -> str:
    """Return the topic of a conversation, which says nothing to the push service (RFC 8030 §5.4: at
    most 32 characters).
    """
    digest = hmac.digest(subscription.auth, conversation.encode(), hashlib.sha256)
    return to_base64url(digest)[:32]

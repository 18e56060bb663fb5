"""The service that pushes messages to the devices of accounts.

The broadcaster hands over each message that it has delivered and that notifies an account. It waits
for a while here, as the user may see it on another device, and then goes to each device of the
account, in a task of the device. Nothing here holds up the broadcaster.
"""

import logging
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PushUnsubscribed
from trio_chat.chat.events import Event
from trio_chat.chat.ids import msgid
from trio_chat.chat.push import PushSubscription, VapidKeys
from trio_chat.chat.world import World
from trio_chat.config import Settings
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import format_body
from trio_chat.server.http.hosts import matches
from trio_chat.server.push.device import MAX_REFUSALS, DeviceQueue, QueuedPush, topic_of
from trio_chat.server.push.payload import written
from trio_chat.server.push.pending import (
    PendingPush,
    PendingPushes,
    conversation_of,
    is_absent,
    is_seen,
)
from trio_chat.server.push.requests import contact, prepared
from trio_chat.server.push.vapid import VapidSigner
from trio_chat.server.token_bucket import TokenBucket

if TYPE_CHECKING:
    from trio_chat.server.push.client import Answer, PushClient

log = logging.getLogger("trio_chat")

_DAY = 86_400.0
_EXPIRE_INTERVAL = 3600.0
_CONFIRM_DEADLINE = 15.0
_REGISTRATIONS = 10
"""New devices that an account can register in a row, and in an hour after that."""
_MAX_SHOWN = 200
"""Conversations of an account for which a notification is known to be shown."""
_MAX_RECENT = 1000
"""Messages, the newest of all accounts, of which devices learn when they are deleted."""
_CLOSE_DEADLINE = 2.0
_KEPT_QUEUES = 100
"""Queues of devices that may be removed ones."""
_PUSHED_PER_TURN = 64
"""Messages after which other tasks get a turn, when many are due at the same time."""


class PushStatistics(NamedTuple):
    """How push messages stand; see `PushService.statistics`.

    Args:
        devices: devices that are registered.
        waiting: messages that wait to be sent.
        sent: messages that push services have taken.
        failed: attempts to send one that failed.
        dropped: messages that were given up, or displaced by newer ones.
        removed: devices that push services no longer knew, or that refused all messages.
    """

    devices: int = 0
    waiting: int = 0
    sent: int = 0
    failed: int = 0
    dropped: int = 0
    removed: int = 0


class PushService:
    """Pushes messages (the port `trio_chat.chat.push.PushDelivery`).

    Args:
        world: has the devices.
        keys: of this server.
        settings: returns all of config.ini, as it is now.
        client: sends; None for one that verifies certificates by those of the system.
    """

    def __init__(
        self,
        world: World,
        keys: VapidKeys,
        settings: Callable[[], Settings],
        client: "PushClient | None" = None,
    ) -> None:
        self._world = world
        self._settings = settings
        self._client = client
        self._signer = VapidSigner(keys, world.clock)
        self._pending = PendingPushes()
        self._queues: dict[tuple[int, str], DeviceQueue] = {}
        self._recent: dict[int, list[PendingPush]] = {}
        self._forget_at = _KEPT_QUEUES
        self._sending = 0  # tasks that send, one for a device
        self._shown: dict[int, dict[str, str]] = {}
        self._registrations: dict[int, TokenBucket] = {}
        self._arrived = trio.Event()
        self._draining = trio.Event()
        self._progress = trio.lowlevel.ParkingLot()
        self._nursery: trio.Nursery | None = None
        # One thread: messages for a thousand devices must not take those of the history, and the
        # signer is used by one thread at a time.
        self._encrypting = trio.CapacityLimiter(1)
        self._sent = self._failed = self._removed = self._dropped = 0

    def offer(self, event: Event) -> None:
        """Take an event that was delivered, for the devices of its `push_accounts`; never waits."""
        try:
            self._offer(event)
        except Exception:  # a defect here must not end the delivery to clients
            log.exception("internal error: a message cannot be pushed")

    def _offer(self, event: Event) -> None:
        settings = self._settings().push
        if not settings.enabled:
            return
        for account in event.push_accounts:
            conversation = conversation_of(event)
            if event.command == "MARKREAD":
                self._clear(account, conversation, event)
                continue
            is_due = is_absent(self._world, account) or self._draining.is_set()
            delay = 0.0 if is_due else settings.delay
            due, now = trio.current_time() + delay, self._world.elapsed()
            self._pending.add(PendingPush(account, conversation, event, due, now))
            self._arrived.set()

    def withdraw(self, number: int) -> None:
        """Send no message that was deleted; see `PushDelivery.withdraw`."""
        self._pending.withdraw(number)
        not_sent = {key for key, queue in self._queues.items() if queue.withdraw(number=number)}
        for pending in self._recent.pop(number, ()):
            params = (pending.event.params[0], msgid(number))
            line = format_body("REDACT", params, pending.event.source).encode()
            for subscription in self._world.push.of(pending.account).values():
                key = (pending.account, subscription.endpoint)
                if subscription.caps & cap.MESSAGE_REDACTION and key not in not_sent:
                    topic = topic_of(subscription, pending.conversation)
                    item = QueuedPush(topic, line, "normal", 0)
                    self._enqueue(pending.account, subscription, item)

    async def confirm(self, account: int, subscription: PushSubscription) -> str:
        """Send a first message to a device; see `PushDelivery.confirm`."""
        if not self._may_register(account):
            return "Too many devices were registered in the last hour, try again later"
        text = "Push messages are enabled"
        line = format_body(
            "NOTE", ("WEBPUSH", "REGISTERED", text), self._world.server_info.name
        ).encode()
        item = QueuedPush(topic_of(subscription, ""), line, "normal", 0)
        answer = None
        with trio.move_on_after(_CONFIRM_DEADLINE):
            answer = await self._post(subscription, item)
        reason = answer.reason if answer is not None else "it takes too long"
        if answer is not None and answer.outcome.value == "delivered":
            return ""
        log.info("a device was not registered: push service %s: %s", subscription.host, reason)
        return f"The push service did not take a first message: {reason}"

    def _may_register(self, account: int) -> bool:
        now = trio.current_time()
        if len(self._registrations) > 1000:  # those that are full again need not be known
            for bucket in self._registrations.values():
                bucket.refill(now)
            self._registrations = {
                number: bucket
                for number, bucket in self._registrations.items()
                if bucket.tokens < bucket.size
            }
        bucket = self._registrations.setdefault(
            account, TokenBucket(_REGISTRATIONS, _REGISTRATIONS / 3600, now)
        )
        bucket.refill(now)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def statistics(self) -> PushStatistics:
        """Return how push messages stand."""
        queues = self._queues.values()
        return PushStatistics(
            devices=sum(map(len, self._world.push.by_account.values())),
            waiting=len(self._pending) + sum(map(len, queues)),
            sent=self._sent,
            failed=self._failed,
            dropped=self._dropped + self._pending.dropped + sum(queue.dropped for queue in queues),
            removed=self._removed,
        )

    async def run(self) -> None:
        """Push messages when they are due, for ever. What waits when it is cancelled is lost; see
        `drain`.
        """
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._expire)
                while True:
                    await self._wait_due()
                    until = math.inf if self._draining.is_set() else trio.current_time()
                    for number, pending in enumerate(self._pending.take_due(until), 1):
                        self._push(pending)
                        if number % _PUSHED_PER_TURN == 0:
                            await trio.lowlevel.checkpoint()
                    self._progress.unpark_all()
        finally:
            self._nursery = None
            self._progress.unpark_all()
            if waiting := self.statistics().waiting:
                log.info("push messages were not sent before the server stopped: %d", waiting)
            if self._client is not None:
                with trio.move_on_after(_CLOSE_DEADLINE, shield=True):
                    await self._client.aclose()

    async def _wait_due(self) -> None:
        """Wait until something may be due."""
        while not self._pending:
            self._arrived = trio.Event()
            await self._arrived.wait()
        if not self._draining.is_set():
            # One that is due earlier, as its user is not connected, may come meanwhile.
            self._arrived = trio.Event()
            with trio.move_on_at(self._pending.due):
                await self._arrived.wait()

    async def drain(self) -> None:
        """Send what waits without further delay, as the server stops; return when all is sent.

        Messages that a push service has put off are not tried again. When cancelled, the rest stays
        where it is, and is lost with the end of `run`.
        """
        self._draining.set()
        self._arrived.set()
        while self._nursery is not None and (self._pending or self._sending):
            await self._progress.park()

    def _push(self, pending: PendingPush) -> None:
        if is_seen(self._world, pending) or not self._settings().push.enabled:
            return
        shown = self._shown.setdefault(pending.account, {})
        shown.pop(pending.conversation, None)
        shown[pending.conversation] = pending.time
        while len(shown) > _MAX_SHOWN:
            del shown[next(iter(shown))]
        self._recent.setdefault(pending.event.id, []).append(pending)
        if len(self._recent) > _MAX_RECENT:
            del self._recent[next(iter(self._recent))]
        for subscription in self._world.push.of(pending.account).values():
            line = written(pending.event, subscription.caps)
            topic = topic_of(subscription, pending.conversation)
            item = QueuedPush(topic, line, "high", pending.event.id)
            self._enqueue(pending.account, subscription, item)

    def _clear(self, account: int, conversation: str, event: Event) -> None:
        """Have the notification of a conversation taken away, as it was read on another device."""
        marker = event.params[1].removeprefix("timestamp=")
        shown = self._shown.get(account, {})
        if not "" < shown.get(conversation, "") <= marker:
            return
        del shown[conversation]
        own = event.skip.push_endpoint if event.skip is not None else ""
        for subscription in self._world.push.of(account).values():
            topic = topic_of(subscription, conversation)
            if (queue := self._queues.get((account, subscription.endpoint))) is not None:
                queue.withdraw(topic)
            if subscription.endpoint != own and subscription.caps & cap.READ_MARKER:
                line = written(event, subscription.caps)
                item = QueuedPush(topic, line, "normal", 0)
                self._enqueue(account, subscription, item)

    def _enqueue(self, account: int, subscription: PushSubscription, item: QueuedPush) -> None:
        key = (account, subscription.endpoint)
        queue = self._queues.get(key)
        if queue is None:
            if len(self._queues) >= self._forget_at:
                self._forget_removed()
            queue = self._queues[key] = DeviceQueue(*key, trio.current_time())
        queue.put(item)
        if not queue.is_sending and self._nursery is not None:
            queue.is_sending = True
            self._sending += 1
            self._nursery.start_soon(self._send_all, queue)

    def _forget_removed(self) -> None:
        """Forget the queues of devices that were removed; one that sends ends by itself.

        It is done when there are twice as many as the last time, as it looks at all of them.
        """
        for key, queue in list(self._queues.items()):
            if not queue.is_sending and key[1] not in self._world.push.of(key[0]):
                self._dropped += queue.dropped
                del self._queues[key]
        self._forget_at = 2 * len(self._queues) + _KEPT_QUEUES

    async def _send_all(self, queue: DeviceQueue) -> None:
        """Send what waits for a device, until nothing does."""
        try:
            while len(queue) and not (queue.is_put_off and self._draining.is_set()):
                await self._wait(queue.seconds_to_wait(trio.current_time()))
                subscription = self._world.push.of(queue.account).get(queue.endpoint)
                if subscription is None:
                    queue.withdraw_all()
                elif len(queue):  # it may have been withdrawn
                    await self._send(queue, subscription, queue.take())
        except Exception:
            log.exception("internal error: a push message cannot be sent")
            queue.withdraw_all()
        finally:
            queue.is_sending = False
            self._sending -= 1
            self._progress.unpark_all()

    async def _wait(self, seconds: float) -> None:
        """Wait for some time, or until the server stops."""
        with trio.move_on_after(seconds):
            await self._draining.wait()

    async def _send(
        self, queue: DeviceQueue, subscription: PushSubscription, item: QueuedPush
    ) -> None:
        answer = await self._post(subscription, item)
        outcome = answer.outcome.value
        if outcome == "delivered":
            self._sent += 1
            queue.refusals = 0
            queue.note_answer()
            return
        self._failed += 1
        log.debug("push service %s: %s", subscription.host, answer.reason)
        if outcome == "later":
            delay = queue.put_back(item)
            await self._wait(max(delay, answer.retry_after))
            return
        queue.refusals += 1
        if outcome == "gone" or queue.refusals >= MAX_REFUSALS:
            self._removed += 1
            log.info(
                "a device for push messages was removed: push service %s: %s",
                subscription.host,
                answer.reason,
            )
            apply(self._world, PushUnsubscribed(queue.account, (queue.endpoint,)))

    async def _post(self, subscription: PushSubscription, item: QueuedPush) -> "Answer":
        client = await self._opened()
        parts = urlsplit(subscription.endpoint)
        prepare = partial(
            prepared,
            self._signer,
            subscription,
            item,
            f"https://{parts.netloc}".lower(),
            contact(self._settings()),
        )
        headers, body = await trio.to_thread.run_sync(prepare, limiter=self._encrypting)
        return await client.post(subscription.endpoint, headers, body)

    async def _opened(self) -> "PushClient":
        if self._client is None:
            self._client = await trio.to_thread.run_sync(self._make_client)
        return self._client

    def _make_client(self) -> "PushClient":
        from trio_chat.server.push.client import PushClient  # noqa: PLC0415  # with the first device

        return PushClient(self._may_be_private)

    def _may_be_private(self, host: str) -> bool:
        patterns = self._settings().push.private_hosts
        return "any" in patterns or any(matches(host.lower(), pattern) for pattern in patterns)

    async def _expire(self) -> None:
        """Remove devices that were not registered again for long, at once and then every hour."""
        while True:
            limit = self._world.steady() - self._settings().push.expire_days * _DAY
            for account, devices in list(self._world.push.by_account.items()):
                old = tuple(one.endpoint for one in devices.values() if one.seen < limit)
                if old:
                    log.info("devices for push messages were not seen for long: %d", len(old))
                    apply(self._world, PushUnsubscribed(account, old))
            self._shown = {
                account: shown
                for account, shown in self._shown.items()
                if account in self._world.push.by_account
            }
            await trio.sleep(_EXPIRE_INTERVAL)

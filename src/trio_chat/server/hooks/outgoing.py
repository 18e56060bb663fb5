"""Outgoing webhooks: the events of a channel are posted from its history, in order.

Each hook has a task, and a stored cursor up to which it has delivered. So nothing is lost while its
receiver is down, or while the server restarts; what was delivered and not noted is delivered again,
with the same id. In a cluster the living node with the lowest name delivers.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookDelivered, RelayedMessage
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import HistoryError, HistoryFilter, Record, Span
from trio_chat.chat.hooks import LABEL, LOBBY, Hook
from trio_chat.chat.relaying import fit, shown_name
from trio_chat.chat.world import World
from trio_chat.config.settings import HookSettings
from trio_chat.irc.plurals import counted
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.hooks.posted import body_of, headers_of, is_wanted
from trio_chat.server.http.hosts import matches
from trio_chat.server.relaying import ChannelGone, NotRelayed, Relayer

if TYPE_CHECKING:
    from trio_chat.server.push.client import PushClient

log = logging.getLogger("trio_chat")

INTERVAL = 1.0
"""Seconds between two looks for something new."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before a receiver that has failed is tried again, which double up to the second."""
_LONGEST_WAIT = 3600.0
"""Seconds that a receiver can ask for (Retry-After)."""
_AT_ONCE = 100
_NOTED_AFTER = 20
"""Deliveries after which the cursor is noted; the end of what there is notes it, too."""
_DAY = 86_400


class OutgoingHooks:
    """Posts what outgoing hooks are for.

    Args:
        world: has the hooks.
        broadcaster: knows what is committed.
        relayer: says in a channel that a hook is disabled.
        settings: returns [hooks].
        is_ours: returns whether it is for this node of a cluster to deliver.
        client: posts; None for one that verifies certificates by those of the system.
    """

    def __init__(
        self,
        world: World,
        broadcaster: Broadcaster,
        relayer: Relayer,
        settings: Callable[[], HookSettings],
        is_ours: Callable[[], bool] = lambda: True,
        client: "PushClient | None" = None,
    ) -> None:
        self._world = world
        self._broadcaster = broadcaster
        self._relayer = relayer
        self._settings = settings
        self._is_ours = is_ours
        self._client = client
        self._at_work: set[str] = set()

    async def run(self) -> None:
        """Deliver, for ever. What was posted last may be posted again after a cancellation."""
        async with trio.open_nursery() as nursery:
            while True:
                for hook in self._world.hooks.outgoing():
                    if hook.digest not in self._at_work and self._current(hook.digest) is not None:
                        nursery.start_soon(self._serve, hook.digest)
                        self._at_work.add(hook.digest)
                await trio.sleep(INTERVAL)

    def _current(self, digest: str) -> Hook | None:
        """Return a hook as it is now; None if nothing is to be delivered by it here."""
        hook = self._world.hooks.get(digest)
        if hook is None or hook.is_disabled or not (self._settings().outgoing and self._is_ours()):
            return None
        return hook

    @contextmanager
    def _working(self, digest: str) -> Iterator[None]:
        try:
            yield
        finally:
            self._at_work.discard(digest)

    async def _serve(self, digest: str) -> None:
        """Deliver by one hook as long as there is one."""
        cursor = seen = 0
        pause = FIRST_PAUSE
        with self._working(digest):
            while (hook := self._current(digest)) is not None:
                cursor = max(cursor, hook.cursor)
                if (latest := self._world.ids.latest) == seen:
                    await trio.sleep(INTERVAL)
                    continue
                # Until everything that was accepted is stored: what has an id may not be yet.
                await self._broadcaster.wait_delivered(self._broadcaster.statistics().accepted)
                try:
                    cursor, wait = await self._deliver(hook, cursor)
                except HistoryError as error:
                    log.error("the history cannot be read for a webhook: %s", error)
                    wait = 0.0
                if wait is None:
                    pause, seen = FIRST_PAUSE, latest
                    await trio.sleep(INTERVAL)  # also when there is more elsewhere all the time
                else:
                    await trio.sleep(min(max(wait, pause), _LONGEST_WAIT))
                    pause = min(2 * pause, LONGEST_PAUSE)

    async def _deliver(self, hook: Hook, cursor: int) -> tuple[int, float | None]:
        """Deliver everything after a cursor.

        Returns:
            up to where that was possible; and None if that is all, or for how many seconds the
            receiver asks to wait.
        """
        channel = self._channel(hook)
        storage = self._world.storage
        if channel is None or storage is None:
            return cursor, None
        while True:
            span = Span(cursor, from_newest=False)
            shown = HistoryFilter.WITH_EVENTS
            records = await storage.history.messages(channel.folded, span, _AT_ONCE, 0, shown)
            delivered = 0
            for record in records:
                if self._current(hook.digest) is None:  # since one of the posts before
                    self._note(hook.digest, cursor, delivered)
                    return cursor, None
                if is_wanted(hook.filter, record):
                    wait, why = await self._post(hook, channel, record)
                    if wait is not None:
                        await self._note_failure(hook.digest, cursor, delivered, why)
                        return cursor, wait
                    delivered += 1
                cursor = record.id
                if delivered and delivered % _NOTED_AFTER == 0:
                    self._note(hook.digest, cursor, delivered)
            if delivered or len(records) == _AT_ONCE:
                self._note(hook.digest, cursor, delivered)
            if len(records) < _AT_ONCE:
                return cursor, None

    async def _post(self, hook: Hook, channel: Channel, record: Record) -> tuple[float | None, str]:
        """Post a record.

        Returns:
            None if it was taken, or for how many seconds to wait; and what happened, for the log.
        """
        if urlsplit(hook.url).scheme != "https" and not self._may_be_private(_host(hook)):
            # In the clear only within the own network.
            return 0.0, "it has no https, and is none of [hooks] private_hosts"
        body = body_of(hook, record, channel.name, self._world.server_info.network)
        headers = headers_of(hook, record, body, self._world.clock())
        if self._client is None:
            self._client = await trio.to_thread.run_sync(self._make_client)
        answer = await self._client.post(hook.url, headers, body)
        if answer.is_taken:
            return None, answer.reason
        log.debug("webhook %s: %s: %s", hook.id, _host(hook), answer.reason)
        return answer.retry_after, answer.reason

    def _note(self, digest: str, cursor: int, delivered: int) -> None:
        """Note up to where a hook has delivered; one that was disabled meanwhile stays so."""
        if (hook := self._world.hooks.get(digest)) is None:
            return
        now = int(self._world.clock()) if delivered else 0
        failing = 0 if delivered else hook.failing
        apply(self._world, HookDelivered(digest, cursor, now, failing, hook.is_disabled))

    async def _note_failure(self, digest: str, cursor: int, delivered: int, why: str) -> None:
        """Note since when a receiver takes nothing, and disable its hook after days of that."""
        hook = self._current(digest)  # as the posts before have changed it
        if hook is None:
            self._note(digest, cursor, delivered)
            return
        now = int(self._world.clock())
        failing = now if delivered or not hook.failing else hook.failing
        days = self._settings().give_up_days
        is_disabled = now - failing >= days * _DAY
        if cursor > hook.cursor or failing != hook.failing or is_disabled:
            used = now if delivered else 0
            apply(self._world, HookDelivered(digest, cursor, used, failing, is_disabled))
        if failing != hook.failing and not is_disabled:
            log.warning(
                "webhook %s: %s does not take what is posted: %s", hook.id, _host(hook), why
            )
        if is_disabled:
            log.error(
                "webhook %s is disabled after %s without success", hook.id, counted(days, "day")
            )
            await self._say_disabled(hook, days)

    async def _say_disabled(self, hook: Hook, days: int) -> None:
        channel = self._channel(hook)
        if channel is None:
            return
        name = shown_name(hook.name, LABEL, hook.name)
        text = (
            f"This webhook is disabled: {_host(hook)} has taken nothing for"
            f" {counted(days, 'day')}."
            f" /msg ChanServ HOOK {channel.name} ENABLE {hook.id} goes on from there."
        )
        text = fit(self._world, channel, name, LABEL, text)
        delivery = f"disabled {hook.failing}"
        message = RelayedMessage(channel.folded, name, LABEL, text, hook.sender, delivery)
        try:
            await self._relayer.relay(message)
        except (NotRelayed, ChannelGone) as error:
            log.error("a disabled webhook cannot be announced in its channel: %s", error)

    def _channel(self, hook: Hook) -> Channel | None:
        channels = self._world.channels
        if hook.channel == LOBBY:
            return channels.lobby
        return next((each for each in channels.values() if each.founded == hook.channel), None)

    def _make_client(self) -> "PushClient":
        from trio_chat.server.push.client import PushClient  # noqa: PLC0415  # with the first one

        return PushClient(self._may_be_private)

    def _may_be_private(self, host: str) -> bool:
        patterns = self._settings().private_hosts
        return "any" in patterns or any(matches(host.lower(), pattern) for pattern in patterns)


def _host(hook: Hook) -> str:
    """Return the host of a receiver; the rest of its address may be secret."""
    return urlsplit(hook.url).hostname or "?"

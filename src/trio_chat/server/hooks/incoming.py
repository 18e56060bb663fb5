"""Incoming webhooks: what a request to one leads to."""

import logging
import math
from collections.abc import Callable, Mapping
from functools import partial

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookUsed, RelayedMessage
from trio_chat.chat.channels import Channel
from trio_chat.chat.hooks import LABEL, LOBBY, Hook
from trio_chat.chat.relaying import BlankText, fit, shown_name, why_not_relay
from trio_chat.chat.world import World
from trio_chat.config.settings import HookSettings
from trio_chat.irc import tag_names
from trio_chat.server.hooks.formats import BadPayload, Received, UnknownType, read
from trio_chat.server.hooks.posted import may_take
from trio_chat.server.hooks.signatures import is_signed
from trio_chat.server.http.messages import RequestError
from trio_chat.server.relaying import ChannelGone, NotRelayed, Relayer
from trio_chat.server.token_bucket import TokenBucket

log = logging.getLogger("trio_chat")

_USED_AFTER = 60
"""Seconds after which the last use of a hook is noted again."""
_IN_THREAD = 4096
"""Bytes of a body that is read in a thread, as that takes long."""
_THREADS = 2
"""Bodies that are read in threads at the same time: more would take the time of the chat."""
_UNKNOWN = "there is no such webhook; its address may have been revoked"
_RETRY_AFTER = 30


class IncomingHooks:
    """Takes the requests to webhooks.

    Args:
        world: the state of the chat.
        relayer: delivers their messages.
        settings: returns [hooks].
        clock: returns seconds that never go back.
    """

    def __init__(
        self,
        world: World,
        relayer: Relayer,
        settings: Callable[[], HookSettings],
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._world = world
        self._relayer = relayer
        self._settings = settings
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}
        self._limiter = trio.CapacityLimiter(_THREADS)

    def find(self, secret: str) -> Hook:
        """Return the hook with a secret, and charge it for a request.

        Raises:
            RequestError: there is none (404), or it has too many requests (429).
        """
        hook = self._world.hooks.find(secret)
        if hook is None or self._channel(hook) is None:
            raise RequestError(404, _UNKNOWN)
        self._charge(hook)
        return hook

    async def receive(
        self, hook: Hook, headers: Mapping[str, str], body: bytes, suffix: str
    ) -> tuple[Received, int]:
        """Deliver what a request says; return that, and the id of the message after its commit, or
        0 when there is nothing to say.

        Raises:
            RequestError: it cannot be delivered.
        """
        now = self._world.clock()
        if hook.signing and not is_signed(hook.signing, headers, body, now):
            raise RequestError(401, "it is not signed with the secret of this webhook")
        received = await self._read(headers, body, suffix)
        message = self._relayed(hook, received)
        if message is None:
            return received, 0
        self._note_used(hook)
        try:
            return received, await self._relayer.relay(message)
        except NotRelayed as error:
            raise RequestError(503, str(error), [("Retry-After", str(_RETRY_AFTER))]) from error
        except ChannelGone as error:
            raise RequestError(404, _UNKNOWN) from error

    async def _read(self, headers: Mapping[str, str], body: bytes, suffix: str) -> Received:
        work = partial(read, headers, body, suffix)
        try:
            if len(body) < _IN_THREAD:
                return work()
            return await trio.to_thread.run_sync(work, limiter=self._limiter)
        except BadPayload as error:
            raise RequestError(400, str(error)) from error
        except UnknownType as error:
            raise RequestError(415, "send JSON, a form or plain text") from error

    def _relayed(self, hook: Hook, received: Received) -> RelayedMessage | None:
        channel, message = self._channel(hook), received.message
        if channel is None or self._world.hooks.get(hook.digest) is None:  # since the head came
            raise RequestError(404, _UNKNOWN)
        if not message.text.strip() or not may_take(self._world.hooks, hook.channel, message):
            return None
        name = shown_name(message.name or hook.name, LABEL, hook.name)
        # A ban of the hook holds whatever name its sender asks for.
        for each in (name, shown_name(hook.name, LABEL, hook.name)):
            if why_not := why_not_relay(self._world, channel, each, LABEL):
                status = 403 if "banned" in why_not else 503
                raise RequestError(status, why_not)
        try:
            text = fit(self._world, channel, name, LABEL, message.text)
        except BlankText as error:
            raise RequestError(400, "its text has nothing that can be seen") from error
        return RelayedMessage(
            channel.folded,
            name,
            LABEL,
            text,
            hook.sender,
            received.delivery,
            message.thread,
            message.ends_thread,
            ((tag_names.HOOKS, ",".join(message.hooks)),) if message.hooks else (),
        )

    def _channel(self, hook: Hook) -> Channel | None:
        channels = self._world.channels
        if hook.channel == LOBBY:
            return channels.lobby
        return next((each for each in channels.values() if each.founded == hook.channel), None)

    def _charge(self, hook: Hook) -> None:
        rate, now = self._settings().per_minute, self._clock()
        bucket = self._buckets.get(hook.digest)
        if bucket is None or bucket.size != rate:
            self._buckets = {
                digest: kept
                for digest, kept in self._buckets.items()
                if self._world.hooks.get(digest) is not None
            }
            bucket = self._buckets[hook.digest] = TokenBucket(rate, rate / 60, now)
        bucket.refill(now)
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / bucket.rate)
            why = "this webhook has had too many messages within a minute"
            raise RequestError(429, why, [("Retry-After", str(wait))])
        bucket.tokens -= 1

    def _note_used(self, hook: Hook) -> None:
        now = int(self._world.clock())
        if now - hook.used >= _USED_AFTER:
            apply(self._world, HookUsed(hook.digest, now))

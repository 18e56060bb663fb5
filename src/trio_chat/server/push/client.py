"""The HTTP client that sends push messages to push services (RFC 8030 §5), and posts to the
receivers of webhooks.

The endpoint is chosen by a user, so nothing of the answer is trusted: redirects are not followed,
little of the body is read, and each step has a deadline. A name is resolved once for a connection,
and the connection goes to an address that was found public, so that the name cannot mean another
one in between (DNS rebinding).
"""

import math
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore2
import trio

from trio_chat.server.push.addresses import is_public

TIMEOUT = 10.0
"""Seconds for one message, from the resolution of the name to the answer."""
_CONNECT = 4.0
"""Seconds for the connection to one address, so that there is time for another one."""
_MAX_ADDRESSES = 4
_RESOLVING_THREADS = 8
_limiter: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("resolving")
_SOCKETS = 32
_IDLE_SOCKETS = 8
_IDLE_SECONDS = 30.0
_MAX_BODY = 4096
"""Bytes of an answer that are read, so that the connection can be used again."""
_MAX_RETRY_AFTER = 86_400.0

Resolver = Callable[[str, int], Awaitable[Iterable[str]]]
"""Returns the addresses of a host for a port. Raises OSError or UnicodeError if there are none."""


class NotPublic(Exception):
    """The host of an endpoint has no public address."""


class Outcome(Enum):
    """What became of a push message."""

    DELIVERED = "delivered"
    GONE = "gone"
    """The push service knows the device no longer."""
    REFUSED = "refused"
    """The push service will not take this message."""
    LATER = "later"
    """The push service may take it later."""


class Answer(NamedTuple):
    """The answer of a push service.

    Args:
        outcome: what became of the message.
        reason: what happened, without secrets, for the log.
        retry_after: seconds that the push service asks to wait; 0 when it does not.
    """

    outcome: Outcome
    reason: str
    retry_after: float = 0.0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.outcome is Outcome.DELIVERED


class PublicNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to public addresses only.

    Args:
        may_be_private: returns whether a host may have other addresses, too.
        resolve: see `Resolver`.
    """

    def __init__(self, may_be_private: Callable[[str], bool], resolve: Resolver) -> None:
        self._may_be_private = may_be_private
        self._resolve = resolve
        self._network = httpcore2.TrioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature is that of httpcore2
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers.

        Raises:
            NotPublic: the host has no address that may be connected to.
            httpcore2.ConnectError: none of them answers.
        """
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved") from error
        if not self._may_be_private(host):
            found = [address for address in found if is_public(address)]
        if not found:
            raise NotPublic(host)
        silent = httpcore2.ConnectError(f"{host} does not answer")
        for address in found[:_MAX_ADDRESSES]:
            with trio.move_on_after(_CONNECT):
                try:
                    return await self._network.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore2.ConnectError as error:
                    silent.__context__ = error  # the pool of httpcore2 drops a cause
        raise silent


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system resolves it in a thread."""
    found = await trio.to_thread.run_sync(
        partial(socket.getaddrinfo, host.encode("ascii"), port, type=socket.SOCK_STREAM),
        abandon_on_cancel=True,
        limiter=_resolving(),
    )
    return [str(entry[4][0]) for entry in found]


def _resolving() -> trio.CapacityLimiter:
    """Return the limit of threads that resolve names that strangers have chosen.

    An abandoned thread goes on until the resolver gives up; those that wait for one that hangs must
    not take the threads that others need.
    """
    try:
        return _limiter.get()
    except LookupError:
        limiter = trio.CapacityLimiter(_RESOLVING_THREADS)
        _limiter.set(limiter)
        return limiter


class PushClient:
    """Sends push messages.

    Args:
        may_be_private: returns whether a host may have addresses that are not public.
        context: verifies certificates; one with the certificates of the system by default.
        resolve: see `Resolver`.
    """

    def __init__(
        self,
        may_be_private: Callable[[str], bool],
        context: ssl.SSLContext | None = None,
        resolve: Resolver = resolved,
    ) -> None:
        self._network = PublicNetwork(may_be_private, resolve)
        self._context = context
        self._pool: httpcore2.AsyncConnectionPool | None = None
        self._limiter = trio.CapacityLimiter(_SOCKETS)

    async def post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a message; whatever goes wrong is part of the answer.

        Args:
            endpoint: the URL of the device, or of the receiver.
            headers: besides `Host` and `Content-Length`.
            body: the encrypted message, or what is posted.

        Returns:
            the answer. When cancelled, the message may have arrived or not.
        """
        answer = Answer(Outcome.LATER, f"no answer within {TIMEOUT:.0f} seconds")
        async with self._limiter:
            pool = await self._opened()
            with trio.move_on_after(TIMEOUT):
                try:
                    async with pool.stream(
                        "POST",
                        _url(endpoint),
                        headers=_headers(endpoint, headers, body),
                        content=body,
                    ) as response:
                        answer = answer_of(response.status, dict(response.headers))
                        await _drain(response)
                except NotPublic:
                    return Answer(Outcome.REFUSED, "its address is not public")
                except httpcore2.LocalProtocolError:
                    return Answer(Outcome.REFUSED, "the endpoint cannot be sent to")
                except (
                    httpcore2.NetworkError,
                    httpcore2.TimeoutException,
                    httpcore2.ProtocolError,
                    OSError,
                ) as error:
                    if answer.outcome is not Outcome.LATER or answer.retry_after:
                        return answer  # which had come before the connection broke
                    return Answer(Outcome.LATER, _explain(error))
        return answer

    async def _opened(self) -> httpcore2.AsyncConnectionPool:
        if self._context is None:  # it reads the certificates of the system
            self._context = await trio.to_thread.run_sync(httpcore2.default_ssl_context)
        if self._pool is None:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=self._context,
                max_connections=_SOCKETS,
                max_keepalive_connections=_IDLE_SOCKETS,
                keepalive_expiry=_IDLE_SECONDS,
                network_backend=self._network,
            )
        return self._pool

    async def aclose(self) -> None:
        """Close the idle connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()


async def _drain(response: httpcore2.Response) -> None:
    size = 0
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            size += len(chunk)
            if size > _MAX_BODY:
                return


def _url(endpoint: str) -> httpcore2.URL:
    parts = urlsplit(endpoint)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = (parts.hostname or "").encode("ascii")
    scheme = parts.scheme.encode("ascii")
    return httpcore2.URL(scheme=scheme, host=host, port=parts.port, target=target.encode())


def _headers(endpoint: str, headers: Mapping[str, str], body: bytes) -> list[tuple[str, str]]:
    own = [("Host", urlsplit(endpoint).netloc), ("Content-Length", str(len(body)))]
    return [*own, *headers.items()]


def answer_of(status: int, headers: Mapping[bytes, bytes]) -> Answer:
    """Return what a status means (RFC 8030 §5, RFC 9110 §15)."""
    reason = f"HTTP {status}"
    if status in range(200, 300):
        return Answer(Outcome.DELIVERED, reason)
    if status in (404, 410):
        return Answer(Outcome.GONE, reason)
    if status in (408, 425, 429) or status >= 500:
        wait = next(
            (value for name, value in headers.items() if name.lower() == b"retry-after"), b""
        )
        return Answer(Outcome.LATER, reason, _seconds(wait.decode("latin-1")))
    return Answer(Outcome.REFUSED, reason)


def _seconds(text: str) -> float:
    """Return the seconds of `Retry-After`: a number, or a date (RFC 9110 §10.2.3); 0 for none."""
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text)
        else:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER) if math.isfinite(seconds) else _MAX_RETRY_AFTER


def _explain(error: Exception) -> str:
    """Return a sentence without the address and the path, which may be secrets."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ProtocolError):
        return "its answer is not HTTP"
    return "it cannot be reached"

"""HTTP to a service that the operator has named: of single sign-on, or of translation.

Nothing is unbounded: redirects are not followed, and an answer has a size. A deadline is for the
caller to set.
"""

import os
import ssl
from collections.abc import Sequence
from contextlib import aclosing
from urllib.parse import urlsplit

import httpcore2
import trio

from trio_chat.server.certificate_problem import explain_certificate, explain_tls
from trio_chat.server.push.client import PublicNetwork

MAX_BODY = 262_144
"""Bytes of an answer."""
FAILURES = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    OSError,
)
"""What a request raises when there is no answer; `explain` says why."""


class BoundedHttp:
    """Sends requests, each on a connection of its own.

    Args:
        network: decides which addresses may be reached.
        context: verifies certificates; one with the certificates of the system if it is None.
    """

    def __init__(self, network: PublicNetwork, context: ssl.SSLContext | None = None) -> None:
        self._network = network
        self._context = context

    async def exchange(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> tuple[int, bytes]:
        """Send a request; return the status and the body of the answer.

        Args:
            method: such as GET.
            url: in ASCII.
            headers: besides Host, Accept (JSON) and Content-Length.
            body: of the request, or b"".

        Raises:
            NotPublic: the network does not permit the address.
            Exception: one of `FAILURES`.
        """
        if self._context is None:  # it reads the certificates of the system
            self._context = await trio.to_thread.run_sync(httpcore2.default_ssl_context)
        parts = urlsplit(url)
        own = [("Host", parts.netloc), ("Accept", "application/json"), *headers]
        if body:
            own.append(("Content-Length", str(len(body))))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        where = httpcore2.URL(
            scheme=parts.scheme.encode(),
            host=(parts.hostname or "").encode("ascii"),
            port=parts.port,
            target=target.encode(),
        )
        async with (
            httpcore2.AsyncConnectionPool(
                ssl_context=self._context,
                network_backend=self._network,
                max_keepalive_connections=0,
            ) as pool,
            pool.stream(method, where, headers=own, content=body or None) as response,
        ):
            return response.status, await _read_body(response)


async def _read_body(response: httpcore2.Response) -> bytes:
    data = bytearray()
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) > MAX_BODY:
                raise httpcore2.RemoteProtocolError("too long")
    return bytes(data)


def explain(error: Exception, key: str = "") -> str:
    """Return why there was no answer, as a clause for the log.

    Args:
        error: one of `FAILURES`.
        key: of config.ini, that names an authority of one's own; "" if there is none.
    """
    reason = ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return explain_certificate(cause, key)
        if isinstance(cause, ssl.SSLError):
            return explain_tls(cause)
        if isinstance(cause, OSError) and cause.errno is not None:
            # trio writes the address into `strerror`, and those of look-ups have no other text.
            reason = os.strerror(cause.errno) if cause.errno > 0 else cause.strerror or reason
        if isinstance(cause, BaseExceptionGroup):  # of several attempts; one stands for all
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ProtocolError):
        return "its answer is not HTTP, or too long"
    return f"it cannot be reached: {reason}" if reason else "it cannot be reached"

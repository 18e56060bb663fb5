"""The HTTP client that gets files from other nodes.

The addresses are those that operators have configured, so they may be private. Redirects are not
followed. A certificate is verified by the authorities of the system, for the host of the address.
"""

import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore2
import trio

CONNECT = 3.0
"""Seconds for a connection to a node."""
STALL = 10.0
"""Seconds in which an answer must make progress."""
_CONNECTIONS = 8
_IDLE_SECONDS = 10.0
_TIMEOUTS = {"connect": CONNECT, "read": STALL, "write": STALL, "pool": STALL}


class OtherNode(NamedTuple):
    """Another node that is alive.

    Args:
        name: its name.
        address: the URL by which this one reaches it, with a `/` at its end.
    """

    name: str
    address: str


class NodeFailed(Exception):
    """A node has not sent a file."""


class NodeClient:
    """Gets files.

    Args:
        context: verifies certificates; one with the certificates of the system by default.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._pool: httpcore2.AsyncConnectionPool | None = None

    @asynccontextmanager
    async def get(
        self, node: OtherNode, name: str, size: int, authorization: str
    ) -> AsyncGenerator[AsyncGenerator[bytes, None], None]:
        """Ask a node for a file; yield its bytes in pieces, which are not more than `size`.

        Args:
            node: the node.
            name: the random name of the file.
            size: its bytes.
            authorization: see `NodeRequests`.

        Raises:
            NodeFailed: the node does not answer, or has not this file.
        """
        pool = await self._opened()
        url = f"{node.address}cluster/file/{name}"
        headers = [("Host", urlsplit(url).netloc), ("Authorization", authorization)]
        try:
            async with pool.stream(
                "GET", url, headers=headers, extensions={"timeout": _TIMEOUTS}
            ) as response:
                if response.status != 200:
                    raise NodeFailed(f"HTTP {response.status}")
                lengths = [v for k, v in response.headers if k.lower() == b"content-length"]
                if lengths != [str(size).encode()]:
                    raise NodeFailed("the file has another length there")
                async with aclosing(_limited(response, size)) as pieces:
                    yield pieces
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            httpcore2.UnsupportedProtocol,
            OSError,
        ) as error:
            raise NodeFailed(str(error) or type(error).__name__) from error

    async def _opened(self) -> httpcore2.AsyncConnectionPool:
        if self._context is None:  # it reads the certificates of the system
            self._context = await trio.to_thread.run_sync(httpcore2.default_ssl_context)
        if self._pool is None:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=self._context,
                max_connections=_CONNECTIONS,
                keepalive_expiry=_IDLE_SECONDS,
            )
        return self._pool

    async def aclose(self) -> None:
        """Close the idle connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()


async def _limited(response: httpcore2.Response, size: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async with aclosing(response.aiter_stream()) as pieces:
        async for piece in pieces:
            received += len(piece)
            if received > size:
                raise NodeFailed("the file is longer there")
            yield piece  # noqa: ASYNC119  # `get` closes this generator

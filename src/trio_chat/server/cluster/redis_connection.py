"""One connection to Redis or Valkey, by the Redis serialization protocol (RESP 2)."""

from typing import Any

import hiredis
import trio

from trio_chat.server.cluster.log import LogUnavailable
from trio_chat.server.cluster.redis_address import RedisAddress

Command = tuple[str | int | float | bytes | memoryview, ...]
_CONNECT = 2.0
"""Seconds for a connection and the login."""
_READ = 262_144
_MOST_DATA = 64 << 20
"""Bytes of one answer; more is no engine of a cluster."""


class RedisConnection:
    """A connection; after a failure or a cancellation it is of no use any longer.

    Args:
        stream: its bytes.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._reader = hiredis.Reader()

    async def call(self, *commands: Command, seconds: float) -> list[Any]:
        """Send commands, and return their replies.

        Args:
            commands: the commands; they are sent at once.
            seconds: the time for all of them.

        Raises:
            LogUnavailable: the connection is broken, too slow, or a reply is an error.
        """
        try:
            with trio.fail_after(seconds):
                data = b"".join(map(_pack, commands))
                await self._stream.send_all(data)
                replies = [await self._reply() for _ in commands]
        except trio.TooSlowError:
            raise LogUnavailable(f"no answer within {seconds:g} s") from None
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise LogUnavailable(f"the connection is lost: {_reason(error)}") from error
        except hiredis.ProtocolError as error:
            raise LogUnavailable(f"this is no Redis: {error}") from error
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise LogUnavailable(str(reply))
        return replies

    async def _reply(self) -> Any:
        size = 0
        while (reply := self._reader.gets()) is False:
            data = await self._stream.receive_some(_READ)
            size += len(data)
            if not data:
                raise LogUnavailable("the engine has closed the connection")
            if size > _MOST_DATA:
                raise LogUnavailable("an answer is too long")
            self._reader.feed(bytes(data))
        return reply

    async def aclose(self) -> None:
        """Close it at once."""
        await trio.aclose_forcefully(self._stream)


async def connect(address: RedisAddress) -> RedisConnection:
    """Connect to the primary, and log in.

    Raises:
        LogUnavailable: no host is the primary; the message has the reason of each.
    """
    reasons: list[str] = []
    for host, port in address.hosts:
        try:
            return await _connect(address, host, port)
        except LogUnavailable as error:
            reasons.append(f"{host}:{port}: {error}")
    raise LogUnavailable("; ".join(reasons))


async def _connect(address: RedisAddress, host: str, port: int) -> RedisConnection:
    try:
        with trio.fail_after(_CONNECT):
            stream: trio.abc.Stream = await trio.open_tcp_stream(host, port)
    except (OSError, UnicodeError, trio.TooSlowError) as error:  # a name that DNS cannot have
        raise LogUnavailable(f"cannot connect: {_reason(error)}") from error
    if address.tls is not None:
        stream = trio.SSLStream(stream, address.tls, server_hostname=host)
    connection = RedisConnection(stream)
    is_ready = False
    try:
        if address.password:
            login = ("AUTH", address.user or "default", address.password)
            await connection.call(login, seconds=_CONNECT)
        [role] = await connection.call(("ROLE",), seconds=_CONNECT)
        if role[0] != b"master":
            raise LogUnavailable("it is a replica")
        is_ready = True
    finally:
        if not is_ready:
            with trio.CancelScope(deadline=trio.current_time() + 1, shield=True):
                await connection.aclose()
    return connection


def _pack(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # of any length
    return packed


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__

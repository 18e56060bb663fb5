"""One connection to Redis, Valkey or a Sentinel, by the Redis serialization protocol (RESP 2)."""

import errno
import os
import ssl
from ipaddress import ip_address
from typing import Any

import hiredis
import trio

from trio_chat.server.cluster.log import LogUnavailable
from trio_chat.server.cluster.redis_address import Login, Place

Command = tuple[str | int | float | bytes | memoryview, ...]
CONNECT = 2.0
"""Seconds for a connection, and for each step of its login."""
_READ = 262_144
_PIECE = 65_536
"""Bytes that are sent at once: after each of them the time begins anew."""
_MOST_DATA = 64 << 20
"""Bytes of one answer; the answer to one command is never so long, see `RedisLog`."""
_ADVICE = {
    "OOM": "its memory is full: raise `maxmemory`, or shorten the log by XTRIM",
    "MISCONF": "it cannot write to its disk: make room there, and read its log",
    "NOREPLICAS": "fewer replicas follow it than `min-replicas-to-write`: start them",
    "READONLY": "it is a replica now; the primary is looked for again",
    "LOADING": "it is loading its data; this ends by itself",
    "MASTERDOWN": "it is a replica, and its primary is down",
    "MOVED": "it is of Redis Cluster, which cannot be used: take one primary, and Sentinel",
    "CLUSTERDOWN": "it is of Redis Cluster, which cannot be used: take one primary, and Sentinel",
    "NOAUTH": "it needs a password: write one into the address, or into the file of the password",
    "WRONGPASS": "the user or the password is wrong",
    "NOPERM": "the user lacks a right: docs/operations.md has the rights that it needs",
    "WRONGTYPE": "something else uses this key: give the cluster another name in the address",
}
"""What the first word of an error means, and what to do."""


class AnswerTooLong(LogUnavailable):
    """An answer is longer than the memory of a node allows; fewer entries are to be asked for."""


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
            seconds: the time that may pass without a byte sent or received.

        Raises:
            LogUnavailable: the connection is broken, too slow, or a reply is an error.
        """
        try:
            with trio.fail_after(seconds) as scope:
                await self._send(b"".join(map(_pack, commands)), scope, seconds)
                replies = [await self._reply(scope, seconds) for _ in commands]
        except trio.TooSlowError:
            raise LogUnavailable(f"no answer within {seconds:g} s") from None
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise LogUnavailable(f"the connection is lost: {_reason(error)}") from error
        except hiredis.ProtocolError as error:
            raise LogUnavailable(f"this is no Redis: {error}") from error
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise LogUnavailable(_advise(str(reply)))
        return replies

    async def _send(self, data: bytes, scope: trio.CancelScope, seconds: float) -> None:
        for start in range(0, len(data), _PIECE):
            await self._stream.send_all(data[start : start + _PIECE])
            scope.deadline = trio.current_time() + seconds

    async def _reply(self, scope: trio.CancelScope, seconds: float) -> Any:
        size = 0
        while (reply := self._reader.gets()) is False:
            data = await self._stream.receive_some(_READ)
            size += len(data)
            if not data:
                raise LogUnavailable("the engine has closed the connection")
            if size > _MOST_DATA:
                raise AnswerTooLong("an answer is too long")
            self._reader.feed(bytes(data))
            scope.deadline = trio.current_time() + seconds
        return reply

    async def aclose(self) -> None:
        """Close it at once."""
        await trio.aclose_forcefully(self._stream)


async def connect(
    place: Place, tls: ssl.SSLContext | None, login: Login, *, has_secrets: bool = True
) -> RedisConnection:
    """Connect, and log in.

    Args:
        place: where to.
        tls: the TLS context, or None.
        login: sent if it has a password.
        has_secrets: whether hashes of passwords go over the connection: then a network on the way
            needs a password, and the internet needs TLS too.

    Raises:
        LogUnavailable: there is no connection, or the login is refused.
    """
    stream = await _open(place)
    why = why_open(_peer(stream), login, tls) if has_secrets else ""
    if why:
        await trio.aclose_forcefully(stream)
        raise LogUnavailable(why)
    if tls is not None:
        stream = trio.SSLStream(stream, tls, server_hostname=place[0])
    connection = RedisConnection(stream)
    is_ready = False
    try:
        if login.password:
            command = ("AUTH", login.user or "default", login.password)
            await connection.call(command, seconds=CONNECT)
        is_ready = True
    finally:
        if not is_ready:
            with trio.move_on_after(1, shield=True):
                await trio.aclose_forcefully(stream)
    return connection


async def _open(place: Place) -> trio.abc.Stream:
    host, port = place
    try:
        with trio.fail_after(CONNECT):
            if host.startswith("/"):
                return await trio.open_unix_socket(host)
            return await trio.open_tcp_stream(host, port)
    except (OSError, ValueError, trio.TooSlowError) as error:  # also a name that DNS cannot have
        raise LogUnavailable(f"cannot connect: {_reason(error)}") from error
    except RuntimeError as error:  # a system without Unix sockets
        raise LogUnavailable(f"cannot connect: {error}") from error


def why_open(peer: str, login: Login, tls: ssl.SSLContext | None) -> str:
    """Return why strangers could read what goes over a connection, or "".

    Args:
        peer: the IP address of the other end; "" for a Unix socket.
        login: the login.
        tls: the TLS context, or None.
    """
    if not peer:
        return ""
    host = ip_address(peer.partition("%")[0])
    if host.is_loopback:
        return ""
    if not login.password:
        return "it is on another machine, and needs a password (requirepass)"
    if host.is_global and tls is None:
        return "it has a public address, and needs TLS: an address with rediss"
    return ""


def _peer(stream: trio.abc.Stream) -> str:
    peer = stream.socket.getpeername() if isinstance(stream, trio.SocketStream) else ""
    return peer[0] if isinstance(peer, tuple) else ""


def _pack(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # of any length
    return packed


def _advise(error: str) -> str:
    advice = _ADVICE.get(error.partition(" ")[0])
    return f"{error}: {advice}" if advice else error


def _reason(error: BaseException) -> str:
    """Return what went wrong in one line; a broken stream has the reason in its cause."""
    cause = error.__cause__
    if isinstance(cause, BaseExceptionGroup):  # an attempt for each address of the name
        cause = cause.exceptions[0]
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({cause.verify_message}): name the file of its"
            " authority by ssl_ca_certs in the address"
        )
    plain = cause or error
    if isinstance(plain, OSError) and not isinstance(plain, ssl.SSLError):
        if plain.errno and plain.errno in errno.errorcode:
            return os.strerror(plain.errno)  # Trio's text has the address once more
        if plain.strerror:  # of a name that is not found
            return plain.strerror
    text = str(cause or "") or str(error) or type(error).__name__
    return " ".join(text.split())

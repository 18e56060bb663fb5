"""TLS, as a transport on top of another one.

OpenSSL works on bytes here, not on a socket: a delivery is encrypted and given to the socket in one
call that does not wait, as on a plain connection. Trio's `SSLStream` would need a task for each
member of a channel.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import trio
from OpenSSL import SSL

from trio_chat.server.client_hello import ServerContexts
from trio_chat.server.handshake import HandshakeError
from trio_chat.server.transport import (
    RECEIVE_BYTES,
    OnData,
    Transport,
    nothing,
    receive_each_through,
    receive_through,
    send_all,
)

MAX_HANDSHAKE = 131_072
"""Bytes that a peer may send in a handshake; with a chain of certificates it needs some
thousands.
"""


MAX_IDLE = 131_072
"""Bytes that a peer may send, or have us answer, without saying anything: messages of TLS itself,
such as the change of a key, cost time and memory, and no budget against floods sees them. A record
of 16 KiB comes in pieces, so it is not few."""
_LONGEST_RECORD = 16_384
"""Bytes of text in a record. Also the most that OpenSSL is given at once to encrypt: its buffer for
what is to be sent grows with that and never shrinks, and large pieces take no more time than all at
once.
"""
_PIECE_OF_HANDSHAKE = 512
"""Bytes that it is given at once of a handshake, for the same reason."""
_BYTES_PER_TURN = 2048
"""Bytes of one peer in a row, up to some ninety records; then other tasks are scheduled."""
_SHARE = 32
"""How many received bytes one of the text makes up for: alone in its record it takes 23, with the
ciphers of today.
"""


class TlsTransport:
    """An encrypted connection.

    Args:
        below: what carries it.
        connection: its state, after the handshake.
    """

    send_raw = None
    stop_receiving = None  # what was received may wait for its turn
    __slots__ = (
        "_below",
        "_call",
        "_connection",
        "_encrypted",
        "_idle",
        "_is_fresh",
        "_is_shut",
        "_unsent",
        "is_ended",
    )

    def __init__(self, below: Transport, connection: SSL.Connection) -> None:
        self._below = below
        self._connection = connection
        self._unsent = b""
        self._is_fresh = True  # what came with the end of the handshake has not been looked at
        self._encrypted = b""  # received, and not decrypted yet
        self.is_ended = False
        """Whether the peer has ended its sending half."""
        self._is_shut = False  # we have
        self._idle = 0  # received bytes that were good for nothing
        self._call: Callable[[], None] = nothing

    def fingerprint(self) -> str:
        """Return the SHA-256 fingerprint of the certificate that the peer has shown, in
        hexadecimal; "" for none.
        """
        certificate = self._connection.get_peer_certificate()
        return (
            certificate.digest("sha256").replace(b":", b"").decode().lower()
            if certificate is not None
            else ""
        )

    def version(self) -> str:
        """Return which version of TLS this is, such as `TLSv1.3`."""
        return self._connection.get_protocol_version_name()

    def on_control(self, call: Callable[[], None]) -> None:
        """Set a function that is called when OpenSSL has control data to send; see `Transport`."""
        self._call = call
        self._below.on_control(call)

    async def receive(self) -> bytes:
        """Wait for bytes; see `Transport`. What comes after our farewell is only to be read
        away.
        """
        return await (
            self._below.receive() if self._is_shut else receive_through(self._below, self)
        )

    def receive_each(self, on_data: OnData) -> Awaitable[None]:
        """Call a function with decrypted bytes; see `Transport`."""
        if self._is_shut:
            return self._below.receive_each(on_data)
        return receive_each_through(self._below, self, on_data)

    @property
    def is_behind(self) -> bool:
        """Whether received bytes wait for their turn; see `Layer`."""
        return bool(self._encrypted) or self._is_fresh

    def feed(self, data: bytes) -> None:
        """Add received bytes; see `Layer`."""
        self._encrypted = data
        self._idle += len(data)

    def decode(self) -> tuple[bytes, int]:
        """Decrypt the next of them; see `Layer`. What OpenSSL has to answer of its own accord is
        sent.
        """
        self._is_fresh = False
        part, self._encrypted = self._encrypted[:_BYTES_PER_TURN], self._encrypted[_BYTES_PER_TURN:]
        if part:
            self._connection.bio_write(part)
        records = self._decrypt()
        plain = records[0] if len(records) == 1 else b"".join(records)
        self._unsent += pull(self._connection)
        if self._unsent:
            self._call()
        self._idle = max(0, self._idle - _SHARE * len(plain))
        if (self._idle > MAX_IDLE and not self._encrypted) or len(self._unsent) > MAX_IDLE:
            raise trio.BrokenResourceError("TLS messages without anything in them")
        return plain, len(records) or bool(part)

    def _decrypt(self) -> list[bytes]:
        """Return what the bytes given to OpenSSL hold, a piece for each record."""
        records: list[bytes] = []
        try:
            while True:
                records.append(self._connection.recv(_LONGEST_RECORD))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_ended = True
            self._encrypted = b""
        except SSL.Error as error:
            raise trio.BrokenResourceError from error
        return records

    def send_nowait(self, data: bytes) -> bytes:
        """Encrypt, and send without waiting; see `Transport`."""
        wire, self._unsent = self._unsent + self._encrypt(data), b""
        return self._below.send_nowait(wire) if wire else b""

    def _encrypt(self, data: bytes) -> bytes:
        """Return data as records, with what OpenSSL has to send besides."""
        if len(data) > _LONGEST_RECORD:
            starts = range(0, len(data), _LONGEST_RECORD)
            return b"".join([self._encrypt(data[at : at + _LONGEST_RECORD]) for at in starts])
        try:
            if data:
                self._connection.sendall(data)
        except SSL.Error as error:
            raise trio.BrokenResourceError from error
        return pull(self._connection)

    def send_rest(self, rest: bytes) -> Coroutine[Any, Any, None]:
        """Send everything; see `Transport`."""
        return self._below.send_rest(rest)

    def linger(self) -> bool:
        """Return that it cannot: the farewell of the protocol may have to wait; see `Transport`."""
        return False

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Close the connection; see `Transport`."""
        return self._below.aclose()

    async def send_eof(self, *, going_away: bool = False) -> None:
        """Say that nothing more comes (close_notify): so the peer knows that nothing was cut off.
        Then end the sending half.
        """
        if not self._is_shut:
            self._is_shut = True
            try:
                self._connection.shutdown()
            except SSL.Error as error:
                raise trio.BrokenResourceError from error
            if rest := self.send_nowait(b""):
                await self._below.send_rest(rest)
        await self._below.send_eof(going_away=going_away)


def pull(connection: SSL.Connection) -> bytes:
    """Return the bytes that OpenSSL wants to be sent."""
    pieces: list[bytes] = []
    try:
        while len(piece := connection.bio_read(RECEIVE_BYTES)) == RECEIVE_BYTES:
            pieces.append(piece)
        pieces.append(piece)
    except SSL.WantReadError:
        pass
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def handshake(below: Transport, contexts: ServerContexts) -> TlsTransport:
    """Perform the handshake with a client. The caller sets a deadline, and closes when this fails
    or is cancelled.

    Args:
        below: what carries the connection.
        contexts: what it is encrypted with, by what the client offers.

    Raises:
        HandshakeError: it failed; the client has received a TLS alert.
        trio.BrokenResourceError: the connection broke.
    """
    connection: SSL.Connection | None = None
    received, hello = 0, b""
    while True:
        data = await below.receive()
        received += len(data)
        if not data or received > MAX_HANDSHAKE:
            raise HandshakeError(
                "it has stopped before the end" if not data else "it has sent too much"
            )
        if connection is None:
            hello += data
            context = contexts.choose(hello)
            if context is None:
                continue
            connection, data = SSL.Connection(context, None), hello
            connection.set_accept_state()
        problem = _advance(connection, data)
        if wire := pull(connection):
            await send_all(below, wire)
        if problem is None:
            return TlsTransport(below, connection)
        if not isinstance(problem, SSL.WantReadError):
            raise HandshakeError(_why_failed(problem)) from problem


def _advance(connection: SSL.Connection, data: bytes) -> SSL.Error | None:
    """Go on with a handshake; return what has ended or delays it, or None when it is complete.

    It is returned without its traceback: that would refer to this frame and to those of its
    callers, which refer to it.
    """
    problem: SSL.Error | None = None
    for at in range(0, len(data), _PIECE_OF_HANDSHAKE):
        connection.bio_write(data[at : at + _PIECE_OF_HANDSHAKE])
        problem = None
        try:
            connection.do_handshake()
        except SSL.WantReadError as error:
            problem = error.with_traceback(None)
        except SSL.Error as error:
            return error.with_traceback(None)
    return problem


def _why_failed(error: SSL.Error) -> str:
    """Return the reason of a failed handshake; a client refuses a certificate by an alert."""
    reasons = [reason for *_, reason in (error.args[0] if error.args else ()) if reason]
    if any(
        "alert" in reason and ("certificate" in reason or " ca" in reason) for reason in reasons
    ):
        return "the client does not trust the certificate"
    return "no common version of TLS or cipher, or not TLS"

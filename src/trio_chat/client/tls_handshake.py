"""TLS handshakes with servers, and whether a server has TLS at all.

Only an answer that is not TLS shows that there is no TLS. Silence, and a connection that ends
without an answer, may be the network's fault.
"""

import hashlib
import ssl

import trio

from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.client.wrapped import WrappedStream
from trio_chat.i18n import _

PROVOKED_TIMEOUT = 5.0
"""Seconds for a silent server to answer a line of IRC, which shows that it has no TLS."""
_PROVOCATION = b"\r\nCAP LS 302\r\n"
_TLS_RECORDS = frozenset((20, 21, 22, 23))
"""The first bytes of TLS records (RFC 8446 §5.1)."""
_NO_TLS_HERE = "HANDSHAKE_FAILURE"
"""The alert of a server with TLS that offers none at this port (RFC 8446 §6.2)."""


class NoTlsError(Exception):
    """The server does not speak TLS."""


class NoAnswerError(Exception):
    """It is unknown whether the server has TLS; the message says what the server did."""


class UnverifiedError(Exception):
    """The certificate could not be verified; the message says why.

    Args:
        reason: of the failure.
        code: the error code of OpenSSL.
    """

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


class _RecordingStream(WrappedStream):
    """A connection that records its first received byte, which shows whether it is TLS."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        super().__init__(stream)
        self.first: int | None = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Receive; see `trio.abc.ReceiveStream`."""
        data = await self._stream.receive_some(max_bytes)
        if self.first is None and data:
            self.first = data[0]
        return bytes(data)


Encrypted = trio.SSLStream[trio.abc.Stream]


async def shake_hands(
    connection: trio.abc.Stream, context: ssl.SSLContext, host: str, patience: float
) -> tuple[Encrypted, str]:
    """Perform the handshake; return the encrypted connection and the certificate's fingerprint.

    Args:
        connection: is closed if the handshake fails or is cancelled.
        context: verifies the certificate.
        host: the name or the address that the certificate is for.
        patience: seconds for the handshake.

    Raises:
        NoTlsError: the server has no TLS.
        NoAnswerError: it is unknown whether the server has TLS.
        UnverifiedError: the certificate could not be verified.
        CannotConnectError: the server has no encryption method in common with this client.
    """
    tcp = _RecordingStream(connection)
    # Many servers close the connection without a TLS alert; a line of IRC marks its own end.
    stream: Encrypted = trio.SSLStream(tcp, context, server_hostname=host, https_compatible=True)
    problem: Exception | None = None
    is_done = False
    try:
        problem = await _agree(stream, tcp, patience)
        is_done = problem is None
    finally:
        if not is_done:
            await trio.aclose_forcefully(tcp)
    if problem is not None:
        raise problem
    return stream, hashlib.sha256(stream.getpeercert(binary_form=True) or b"").hexdigest()


async def _agree(stream: Encrypted, tcp: _RecordingStream, patience: float) -> Exception | None:
    """Perform the handshake; return the error, or None."""
    problem = _("it gives no answer")
    try:
        with trio.fail_after(patience):
            await stream.do_handshake()
    except trio.TooSlowError:
        if tcp.first is None and await _provoke(tcp):
            return NoTlsError()
    except trio.BrokenResourceError as error:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UnverifiedError(cause.verify_message, cause.verify_code)
        if (
            tcp.first in _TLS_RECORDS
            and isinstance(cause, ssl.SSLError)
            and not isinstance(cause, ssl.SSLEOFError)
        ):
            reason = cause.reason or str(cause)
            if _NO_TLS_HERE in reason:
                return NoTlsError()
            text = _(
                "The server and this program have no encryption method in common: {reason}."
            ).format(reason=reason)
            return CannotConnectError(text, _("no agreement on encryption"))
        problem = _("it ends the connection without an answer")
    else:
        return None
    return (
        NoAnswerError(problem) if tcp.first is None or tcp.first in _TLS_RECORDS else NoTlsError()
    )


async def _provoke(tcp: _RecordingStream) -> bool:
    """Send a line of IRC to a silent server; return whether it answers without TLS."""
    try:
        with trio.move_on_after(PROVOKED_TIMEOUT):
            await tcp.send_all(_PROVOCATION)
            await tcp.receive_some()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    return tcp.first is not None and tcp.first not in _TLS_RECORDS


def accept_any() -> ssl.SSLContext:
    """Return a context that accepts any certificate; the fingerprint is compared afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

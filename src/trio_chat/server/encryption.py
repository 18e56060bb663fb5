"""The certificate in use: made or checked at the start, read when the first client comes by TLS, exchanged while people talk."""

import logging
from typing import TYPE_CHECKING

import trio

from trio_chat.server import certificates
from trio_chat.server.certificates import Files
from trio_chat.server.transport import Transport

if TYPE_CHECKING:
    from OpenSSL import SSL

    from trio_chat.server.tls import TlsTransport

log = logging.getLogger("trio_chat")

HANDSHAKE_TIMEOUT = 10.0
"""Seconds for agreeing on encryption."""


class HandshakeError(Exception):
    """The peer does not speak TLS as it should; the text says in which way."""


class Encryption:
    """What connections are encrypted with.

    Args:
        files: where the certificate is, or is to be.
        name: the name in a certificate that the server makes.
    """

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self._name = name
        self._context: SSL.Context | None = None
        self._lock = trio.Lock()
        self.fingerprint = ""
        """SHA-256, in hexadecimal; "" as long as it is not known."""

    @property
    def is_own(self) -> bool:
        """Whether the server has made the certificate itself, so that nobody but it says whose it is."""
        return self._files.is_own

    async def prepare(self) -> None:
        """Make or check the certificate.

        Raises:
            CertificateError: it cannot be used.
        """
        async with self._lock:
            if not self.fingerprint:
                self.fingerprint = await trio.to_thread.run_sync(certificates.ensure, self._files, self._name)

    async def reload(self, files: Files) -> None:
        """Read the certificate again; who is connected stays so, who comes from now on sees the new one.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """
        fingerprint = await trio.to_thread.run_sync(certificates.ensure, files, self._name)
        context = await trio.to_thread.run_sync(certificates.context, files, self._name)
        self._files, self._context, self.fingerprint = files, context, fingerprint
        log.info("the TLS certificate was read again, SHA-256 fingerprint %s", fingerprint or "new")

    async def load(self) -> None:
        """Read the certificate, unless that was done.

        Raises:
            CertificateError: it cannot be used.
        """
        if self._context is None:
            await self.prepare()
            async with self._lock:
                if self._context is None:
                    self._context = await trio.to_thread.run_sync(certificates.context, self._files, self._name)

    async def wrap(self, transport: Transport) -> "TlsTransport":
        """Agree with a client on encryption, after `load`.

        Raises:
            HandshakeError: the client cannot be talked to.
            trio.BrokenResourceError: the connection broke.
            trio.TooSlowError: it took too long.
        """
        from trio_chat.server.tls import handshake  # noqa: PLC0415  # OpenSSL is loaded by now

        assert self._context is not None  # noqa: S101  # loaded
        with trio.fail_after(HANDSHAKE_TIMEOUT):
            return await handshake(transport, self._context)

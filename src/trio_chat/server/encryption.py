"""The certificate in use: checked at the start, read when the first client uses TLS, and replaced
while clients are connected.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trio

from trio_chat.server import certificates
from trio_chat.server.certificates import CertificateError, Facts, Files
from trio_chat.server.transport import Transport

if TYPE_CHECKING:
    from OpenSSL import SSL

    from trio_chat.server.tls import TlsTransport

log = logging.getLogger("trio_chat")

HANDSHAKE_TIMEOUT = 10.0
"""Seconds for agreeing on encryption."""
_DAY = 86_400.0
_SOON = 30 * _DAY
_VERY_SOON = 7 * _DAY


class Encryption:
    """The TLS context of a server, and the certificate in it.

    Args:
        files: where the certificate is, or is to be written.
        name: the name in a self-signed certificate.
        clock: returns seconds of Unix time.
    """

    def __init__(self, files: Files, name: str, clock: Callable[[], float] = time.time) -> None:
        self._files = files
        self._name = name
        self._clock = clock
        self._context: SSL.Context | None = None
        self._lock = trio.Lock()
        self._facts = Facts()

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal; "" as long as it is not known."""
        return self._facts.fingerprint

    @property
    def expires(self) -> float | None:
        """Seconds of Unix time from which on clients refuse the certificate; None for a self-signed
        one, or before it is read.
        """
        return self._facts.expires

    @property
    def names(self) -> tuple[str, ...]:
        """Names of hosts in the certificate, as far as they are known."""
        return self._facts.names

    @property
    def is_own(self) -> bool:
        """Whether the certificate is self-signed, so that no authority vouches for it."""
        return self._files.is_own

    async def prepare(self) -> None:
        """Make or check the certificate.

        Raises:
            CertificateError: it cannot be used.
        """
        async with self._lock:
            if not self.fingerprint:
                self._facts = await trio.to_thread.run_sync(
                    certificates.look, self._files, self._name
                )

    async def reload(self, files: Files) -> None:
        """Read the certificate again, for new connections; existing ones stay open.

        A certificate that is not stored is kept: clients would reject another one.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """
        if files.certificate is None and files == self._files:
            return
        async with self._lock:
            before = self.fingerprint
            facts = await trio.to_thread.run_sync(certificates.look, files, self._name)
            context = await trio.to_thread.run_sync(certificates.context, files, self._name)
            self._files, self._context, self._facts = files, context, facts
        if facts.fingerprint != before:
            log.info("the TLS certificate in use has the SHA-256 fingerprint %s", facts.fingerprint)
        self._warn()

    async def watch(self) -> None:
        """Warn now and once a day of a certificate that expires, and begin each day with new keys
        for tickets; for ever.

        A certificate that was renewed in place is in use within a day, also without REHASH.
        """
        self._warn()
        while True:
            await trio.sleep(_DAY)
            if self._context is None:  # no client has used TLS, or none can
                self._warn()
                continue
            try:
                await self.reload(self._files)
            except CertificateError as error:
                log.error(
                    "the TLS certificate cannot be read again, the old one stays in use: %s", error
                )
                self._warn()

    def _warn(self) -> None:
        expires = self._facts.expires
        left = expires - self._clock() if expires is not None else _SOON + 1
        if expires is None or left > _SOON:
            return
        day = f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%d}"
        how = f"on {day}: renew it, and have it read with REHASH or SIGHUP"
        if left <= 0:
            log.error(
                "the TLS certificate %s has expired %s; clients refuse it",
                self._files.certificate,
                how,
            )
        else:
            level = logging.ERROR if left <= _VERY_SOON else logging.WARNING
            log.log(
                level,
                "the TLS certificate %s expires in %d days, %s",
                self._files.certificate,
                left // _DAY,
                how,
            )

    async def load(self) -> None:
        """Read the certificate, unless that was done.

        Raises:
            CertificateError: it cannot be used.
        """
        if self._context is None:
            await self.prepare()
            async with self._lock:
                if self._context is None:
                    self._context = await trio.to_thread.run_sync(
                        certificates.context, self._files, self._name
                    )

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

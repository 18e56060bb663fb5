"""The certificate in use: checked at the start, read when the first client uses TLS, and replaced
while clients are connected.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trio

from trio_chat.config import Settings
from trio_chat.irc.plurals import counted
from trio_chat.server import certificates
from trio_chat.server.certificate_files import Files, OwnFiles, files_of
from trio_chat.server.certificates import CertificateError, Facts, Inspection
from trio_chat.server.certified_names import Machine, of_this_machine
from trio_chat.server.client_hello import ServerContexts
from trio_chat.server.transport import Transport

if TYPE_CHECKING:
    from trio_chat.server.tls import TlsTransport

log = logging.getLogger("trio_chat")

HANDSHAKE_TIMEOUT = 10.0
"""Seconds for agreeing on encryption."""
CHECK_INTERVAL = 60.0
"""Seconds between two looks at the clock, and at the names and addresses of this machine."""
_DAY = 86_400.0
_SOON = 30 * _DAY
_VERY_SOON = 7 * _DAY
LATE, _VERY_LATE = 1 / 4, 1 / 8
"""Parts of the lifetime that are left when a renewal is late: programs for ACME renew a certificate
in its last third, and there are those of 45 days and of 6.
"""


def _has_tls(settings: Settings) -> bool:
    listeners = settings.listeners
    return any(tls != "off" for tls in (settings.server.tls, *(one.tls for one in listeners)))


class Encryption:
    """The TLS context of a server, and the certificate in it.

    Args:
        settings: all of config.ini.
        clock: returns seconds of Unix time.
        machine: returns the name and the addresses of this machine, and may block.
        local_host: returns the name that multicast DNS answers for the server; "" for none.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        machine: Callable[[], Machine] = of_this_machine,
        local_host: Callable[[], str] = str,
    ) -> None:
        self._settings = settings
        self._files = files_of(settings)
        self._clock = clock
        self._machine = machine
        self._local_host = local_host
        self._contexts: ServerContexts | None = None
        self._lock = trio.Lock()
        self._facts = Facts()
        self._problem = ""

    @property
    def facts(self) -> Facts:
        """What is known of the certificate; nothing before it is read."""
        return self._facts

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal; "" as long as it is not known."""
        return self._facts.fingerprint

    @property
    def expires(self) -> float | None:
        """Seconds of Unix time from which on clients refuse the certificate; None for one that is
        not kept, or before it is read.
        """
        return self._facts.expires

    @property
    def names(self) -> tuple[str, ...]:
        """Names of hosts in a certificate of the administrator's, as far as they are known."""
        return self._facts.names

    @property
    def is_own(self) -> bool:
        """Whether the server has made the certificate: no public authority vouches for it."""
        return self._files.is_own

    @property
    def is_used(self) -> bool:
        """Whether clients can use TLS."""
        return _has_tls(self._settings)

    @property
    def own_files(self) -> OwnFiles | None:
        """The files of a certificate of the server's own making, which it uses and keeps."""
        return self._files.own if self.is_used else None

    async def authority(self) -> bytes:
        """Return the certificate of the server's private authority in the DER format; b"" when it
        has none, or none that can be used, or when TLS is off.
        """
        if not self.is_used:
            return b""
        try:
            await self.prepare()
        except CertificateError as error:
            self._report(str(error))
        return self._facts.authority

    async def prepare(self) -> None:
        """Make or check the certificate.

        Raises:
            CertificateError: it cannot be used.
        """
        async with self._lock:
            if not self.fingerprint:
                self._take(await self._look(self._files, self._settings))

    async def reload(self, settings: Settings) -> None:
        """Read the certificate again, for new connections; existing ones stay open.

        A certificate that is not stored is kept: clients would reject another one. None is made
        where TLS is off.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """
        files = files_of(settings)
        is_kept = files.certificate is None and files == self._files
        # One that is not made now is made by the next call with TLS: `_files` stay the former ones.
        if is_kept or (files.is_own and not _has_tls(settings)):
            self._settings = settings
            return
        async with self._lock:
            before = self.fingerprint
            found = await self._look(files, settings)
            contexts = await self._make_contexts(files, settings)
            self._files, self._settings, self._contexts = files, settings, contexts
            self._take(found)
        if self.fingerprint != before and not found.reason:
            log.info("the TLS certificate in use has the SHA-256 fingerprint %s", self.fingerprint)
        self._warn()

    async def watch(self) -> None:
        """Warn now and once a day of a certificate that expires, and begin each day with new keys
        for tickets; for ever.

        A certificate that was renewed in place is in use within a day, also without REHASH.
        """
        self._warn()
        while True:
            await trio.sleep(_DAY)
            if self._contexts is None:  # no client has used TLS, or none can
                self._warn()
                continue
            try:
                await self.reload(self._settings)
            except CertificateError as error:
                log.error(
                    "the TLS certificate cannot be read again, the old one stays in use: %s", error
                )
                self._warn()

    async def renew(self) -> None:
        """Renew a certificate of the server's own making before it expires, and when the clock, or
        the names or addresses of this machine have changed; for ever.
        """
        while True:
            await trio.sleep(CHECK_INTERVAL)
            if not self._facts.fingerprint or self._files.own is None:
                continue
            try:
                await self._renew()
            except CertificateError as error:
                self._report(str(error))

    async def _renew(self) -> None:
        async with self._lock:
            before = self._facts
            found = await self._look(self._files, self._settings)
            if found.facts != before and self._contexts is not None:
                self._contexts = await self._make_contexts(self._files, self._settings)
            self._take(found)

    async def _look(self, files: Files, settings: Settings) -> Inspection:
        local_host = self._local_host()

        def look() -> Inspection:
            machine = None
            if files.own is not None:
                machine = self._machine()._replace(local_host=local_host)
            return certificates.look(files, settings, self._clock(), machine)

        return await trio.to_thread.run_sync(look)

    async def _make_contexts(self, files: Files, settings: Settings) -> ServerContexts:
        return await trio.to_thread.run_sync(certificates.contexts, files, settings, self._clock())

    def _take(self, found: Inspection) -> None:
        self._facts = found.facts
        if found.reason:
            log.info(
                "made a TLS certificate in %s (%s); clients know the server by the SHA-256"
                " fingerprint %s, or by that of its key, %s",
                self._files.certificate,
                found.reason,
                found.facts.fingerprint,
                found.facts.key,
            )
        self._report(found.problem)

    def _report(self, problem: str) -> None:
        """Log a problem of the certificate once, not every minute."""
        if problem and problem != self._problem:
            log.warning("the TLS certificate needs attention: %s", problem)
        self._problem = problem

    def _warn(self) -> None:
        expires = self._facts.expires
        lifetime = self._facts.lifetime
        left = expires - self._clock() if expires is not None else _SOON + 1
        if expires is None or left > min(_SOON, lifetime * LATE):
            return
        day = f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%d}"
        what = self._problem if self.is_own else "renew it, and have it read with REHASH or SIGHUP"
        how = f"on {day}: {what}"
        if left <= 0:
            log.error(
                "the TLS certificate %s has expired %s; clients refuse it",
                self._files.certificate,
                how,
            )
        else:
            is_urgent = left <= min(_VERY_SOON, lifetime * _VERY_LATE)
            level = logging.ERROR if is_urgent else logging.WARNING
            log.log(
                level,
                "the TLS certificate %s expires in %s, %s",
                self._files.certificate,
                counted(int(left // _DAY), "day"),
                how,
            )

    async def load(self) -> None:
        """Read the certificate, unless that was done.

        Raises:
            CertificateError: it cannot be used.
        """
        if self._contexts is None:
            await self.prepare()
            async with self._lock:
                if self._contexts is None:
                    self._contexts = await self._make_contexts(self._files, self._settings)

    async def wrap(self, transport: Transport) -> "TlsTransport":
        """Agree with a client on encryption, after `load`.

        Raises:
            HandshakeError: the client cannot be talked to.
            trio.BrokenResourceError: the connection broke.
            trio.TooSlowError: it took too long.
        """
        from trio_chat.server.tls import handshake  # noqa: PLC0415  # OpenSSL is loaded by now

        assert self._contexts is not None  # noqa: S101  # loaded
        with trio.fail_after(HANDSHAKE_TIMEOUT):
            return await handshake(transport, self._contexts)

"""Encrypted connections to servers whose certificates are signed by an authority, or known.

The key of a certificate without a trusted issuer is accepted on first use and remembered, as ssh
does with host keys. Another key is refused, and so is a server that offered TLS before and does not
now.
"""

import os
import ssl
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import trio

from trio_chat.client import proxies
from trio_chat.client.fingerprints import Presented, presented_by, validity_of
from trio_chat.client.known_servers import BY_AUTHORITY, KnownServers, key_mark
from trio_chat.client.session.connecting import CannotConnectError, connect_tcp
from trio_chat.client.session.name_records import NameRecords
from trio_chat.client.sts_policies import StsPolicies
from trio_chat.client.target import is_this_machine
from trio_chat.client.tls_handshake import (
    Encrypted,
    NoAnswerError,
    NoTlsError,
    UnverifiedError,
    accept_any,
    shake_hands,
)
from trio_chat.i18n import _
from trio_chat.irc.addresses import format_address

HANDSHAKE_TIMEOUTS = (15.0, 45.0)
"""Seconds for a handshake, and for the second attempt: silence does not mean that there is no TLS.
"""
_UNKNOWN_ISSUER = frozenset((2, 18, 19, 20, 21))
"""OpenSSL's codes for a certificate without a trusted issuer; with any other code it is not valid.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The user's demands on a connection.

    Args:
        plaintext: whether it is not encrypted.
        insecure: whether any certificate is accepted.
        required: whether it must be encrypted, as for ircs://.
        fingerprint: that of the only certificate, or of the only key, that is accepted; "" for any
            trusted one.
    """

    plaintext: bool = False
    insecure: bool = False
    required: bool = False
    fingerprint: str = ""


class Connector:
    """Connects to one server as often as it is called.

    Args:
        host: its name or address.
        port: its port.
        security: the user's demands.
        known: the known servers.
        now: returns the time.
        proxy: as `[client] proxy`.
        policies: those of strict transport security.
    """

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        known: KnownServers | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        proxy: str = "",
        policies: StsPolicies | None = None,
    ) -> None:
        self.tell: Callable[[str], Awaitable[None]] = _tell_nobody
        """Called with warnings about the security of a connection, in the user's language."""
        self.records = NameRecords()
        """The addresses of the host in DNS, if it is a name."""
        self.network: Collection[str] = ()
        """Further addresses of the same network, as `address`: a key that is known from one of them
        is that of a known server.
        """
        self._host = host
        self._own_port = port
        self._aim(port)
        self._security = security
        self._known = known or KnownServers()
        self._now = now
        self._proxy = proxy
        self._policies = policies or StsPolicies()
        self._upgrade_port = self._strict_port = 0
        self._has_no_tls = False
        self._was_encrypted = False
        self._patience = HANDSHAKE_TIMEOUTS[0]

    @property
    def address(self) -> str:
        """The host and the port, for people."""
        return self._address

    @property
    def port(self) -> int:
        """The port that it connects to."""
        return self._port

    @property
    def proxy(self) -> str:
        """The proxy, as `[client] proxy`."""
        return self._proxy

    async def __call__(self) -> trio.abc.Stream:
        """Connect.

        Raises:
            CannotConnectError: the message says why, in the user's language.

        Cancelled, it leaves no connection behind.
        """
        self._aim(self._upgrade_port or self._own_port)
        if not self._may_encrypt:
            return await self._reach()
        self._strict_port = self._upgrade_port or await self._policies.require(self._host)
        mark = await self._mark()
        if self._has_no_tls and not (mark or self._strict_port):
            return await self._reach()
        try:
            stream = await self._encrypted_patiently(mark)
        except NoTlsError:
            if not self._strict_port:
                return await self._unencrypted(mark)
            stream = await self._at_strict_port()
        self._was_encrypted = True
        return stream

    async def upgrade(self, port: int) -> None:
        """Use an encrypted connection at another port from now on, as the server demands.

        A policy follows only on that connection (IRCv3 sts, The port key).
        """
        self._upgrade_port = port
        text = _("{address} demands an encrypted connection, at port {port}.")
        await self.tell(text.format(address=self._address, port=port))

    async def keep_policy(self, duration: int) -> None:
        """Keep the policy that the server has announced on the present connection, which must be
        encrypted (IRCv3 sts, The duration key).

        Only a certificate of an authority counts: any other server is known by its key, and is not
        reached without encryption in any case.

        Args:
            duration: seconds; 0 removes the policy.
        """
        if not self._may_encrypt or self._security.insecure:
            return
        try:
            if not duration or await self._known.get(self._address) == BY_AUTHORITY:
                await self._policies.keep(self._host, self._port, duration)
        except OSError as error:
            text = _(
                "{path} cannot be written: {reason}. It is not known the next time that"
                " {address} must be encrypted."
            )
            path, reason = error.filename or "sts_policies", error.strerror or error
            await self.tell(text.format(path=path, reason=reason, address=self._address))

    @property
    def _may_encrypt(self) -> bool:
        wants = self._security
        is_wanted = wants.required or wants.insecure or bool(wants.fingerprint)
        return not wants.plaintext and (is_wanted or not is_this_machine(self._host))

    def _aim(self, port: int) -> None:
        self._port = port
        self._address = format_address(self._host, port)

    async def _mark(self) -> str:
        """Return the mark of the server, "" when it is not known or no mark is wanted."""
        if self._security.fingerprint or self._security.insecure:
            return self._security.fingerprint
        return await self._known.require(self._address)

    async def _at_strict_port(self) -> Encrypted:
        """Connect to the port of the policy, if it is not the one that has no TLS."""
        if self._port != self._strict_port:
            self._aim(self._strict_port)
            with suppress(NoTlsError):
                return await self._encrypted_patiently(await self._mark())
        text = _(
            "{address} OFFERS NO TLS, AND MUST BE ENCRYPTED: the server has announced that (STS)."
            " Somebody may be intercepting the connection. Nothing was sent there."
        )
        raise CannotConnectError(text.format(address=self._address), _("it offers no TLS any more"))

    async def _reach(self) -> trio.abc.Stream:
        """Connect without encryption, through the proxy if there is one."""
        proxy = proxies.choose(self._host, self._port, self._proxy, os.environ)
        if proxy:
            return await proxies.connect_through(proxy, self._host, self._port)
        return await connect_tcp(self._host, self._port, self.records)

    async def _encrypted_patiently(self, mark: str) -> Encrypted:
        """Connect with encryption, and try again with more time if the server gives no answer."""
        try:
            return await self._encrypted(mark)
        except NoAnswerError as first:
            await self.tell(
                _("{address}: {problem}. Trying again.").format(
                    address=self._address, problem=first
                )
            )
        self._patience = HANDSHAKE_TIMEOUTS[1]
        try:
            return await self._encrypted(mark)
        except NoAnswerError as error:
            text = _(
                "{address} does not say whether it offers TLS: {problem}. Nothing was sent there."
                " Try again; if you know that it has no TLS, --plaintext connects without."
            )
            raise CannotConnectError(
                text.format(address=self._address, problem=error), _("no answer")
            ) from error

    async def _unencrypted(self, mark: str) -> trio.abc.Stream:
        if self._security.required or self._security.insecure or self._security.fingerprint:
            text = _("{address} offers no TLS; --plaintext connects without.")
            raise CannotConnectError(text.format(address=self._address), _("it offers no TLS"))
        if mark or self._was_encrypted:
            text = _(
                "{address} WAS ENCRYPTED BEFORE AND OFFERS NO TLS NOW. Somebody may be"
                " intercepting the connection. If you know why, --plaintext connects all the"
                " same."
            )
            raise CannotConnectError(
                text.format(address=self._address), _("it offers no TLS any more")
            )
        stream = await self._reach()
        if not self._has_no_tls:
            self._has_no_tls = True
            await self.tell(
                _("{address} offers no TLS: others on the network can read what you write.").format(
                    address=self._address
                )
            )
        return stream

    async def _encrypted(self, mark: str) -> Encrypted:
        if self._security.insecure:
            return (await self._shake_hands(accept_any()))[0]
        if mark in ("", BY_AUTHORITY):
            try:
                stream, _shown = await self._shake_hands(
                    await trio.to_thread.run_sync(ssl.create_default_context)
                )
            except UnverifiedError as error:
                return await self._unverified(mark, error)
            return stream if mark else await self._keep(stream, BY_AUTHORITY)
        stream, _shown = await self._shake_hands(accept_any())
        is_known = False
        try:
            presented = await presented_by(stream)
            is_known = presented.fits(mark)
            is_former = mark == presented.certificate and bool(presented.key)
            if is_former and not self._security.fingerprint:
                with suppress(OSError):  # the former mark is still right
                    await self._known.remember(self._address, key_mark(presented.key))
        except BaseException:
            is_known = False
            raise
        finally:
            if not is_known:
                await trio.aclose_forcefully(stream)
        return stream if is_known else await self._check_change(mark, presented)

    async def _unverified(self, mark: str, problem: UnverifiedError) -> Encrypted:
        """Accept a certificate without a trusted issuer on first use, if the user allows it."""
        stream, _shown = await self._shake_hands(accept_any())
        is_kept = False
        try:
            presented = await presented_by(stream)
            if problem.code in _UNKNOWN_ISSUER and not mark and not self._has_expired(stream):
                is_known = await self._is_known_elsewhere(presented)
                is_required = self._security.required or self._strict_port
                is_required = is_required and not is_this_machine(self._host)
                if is_required and not is_known:
                    text = _(
                        "No trusted authority has signed the certificate of {address} ({reason}),"
                        " and ircs:// and STS accept no other. If the SHA-256 fingerprint of its"
                        " key is the one that the server printed when it started, connect with"
                        " --fingerprint {shown}"
                    )
                    raise self._refusal(text, str(problem), presented.key)
                is_kept = True
                text = _(
                    "You connect to {address} for the first time, and no trusted authority has"
                    " signed its certificate. From now on the server is known by the SHA-256"
                    " fingerprint of its key: {key}. That of its certificate is {certificate}. The"
                    " server printed both when it started."
                )
                text = text.format(
                    address=self._address, key=presented.key, certificate=presented.certificate
                )
                return await self._keep(stream, key_mark(presented.key), "" if is_known else text)
        finally:
            if not is_kept:
                await trio.aclose_forcefully(stream)
        if mark and problem.code in _UNKNOWN_ISSUER:
            raise self._changed(BY_AUTHORITY, str(problem))
        text = _(
            "The certificate of {address} is not valid: {reason}. Nothing was sent there. Check the"
            " address, and ask the operators of the server for a new certificate. If you know that"
            " it is right, connect with --fingerprint {shown}"
        )
        expired = _("it has expired, or is not valid yet")
        raise self._refusal(
            text,
            str(problem) if problem.code not in _UNKNOWN_ISSUER else expired,
            presented.certificate,
        )

    async def _is_known_elsewhere(self, presented: Presented) -> bool:
        """Return whether the key is known from another address of the network."""
        with suppress(OSError):
            for address in self.network:
                if presented.fits(await self._known.get(address)):
                    return True
        return False

    def _refusal(self, text: str, reason: str, shown: str) -> CannotConnectError:
        text = text.format(address=self._address, reason=reason, shown=shown)
        return CannotConnectError(text, _("its certificate is not valid"))

    def _has_expired(self, stream: Encrypted) -> bool:
        begin, end = validity_of(stream.getpeercert(binary_form=True) or b"")
        return not begin <= self._now() <= end

    async def _check_change(self, mark: str, presented: Presented) -> Encrypted:
        """Accept another key than the known one only if an authority has signed the certificate."""
        if not self._security.fingerprint:
            try:
                stream, _shown = await self._shake_hands(
                    await trio.to_thread.run_sync(ssl.create_default_context)
                )
            except UnverifiedError:
                pass
            else:
                return await self._keep(stream, BY_AUTHORITY)
        raise self._changed(mark.removeprefix(key_mark("")), presented.like(mark))

    async def _keep(self, stream: Encrypted, mark: str, news: str = "") -> Encrypted:
        """Remember the mark of the server, notify the user, and return the connection."""
        try:
            try:
                await self._known.remember(self._address, mark)
            except OSError as error:
                text = _(
                    "{path} cannot be written: {reason}. The server will be unknown the next time,"
                    " too."
                )
                await self.tell(text.format(path=self._known.path, reason=error.strerror or error))
            if news:
                await self.tell(news)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return stream

    def _changed(self, mark: str, shown: str) -> CannotConnectError:
        if self._security.fingerprint:
            text = _(
                "{address} is not the server that you want: its certificate has the SHA-256"
                " fingerprint {shown}."
            )
        else:
            text = _(
                "THE CERTIFICATE OF {address} HAS CHANGED. Somebody may be intercepting the"
                " connection, or the server has a new certificate: ask its operator. Known:"
                " {mark}. Shown: {shown}. If that is right, remove the line of {address} from"
                " {path}."
            )
        return CannotConnectError(
            text.format(address=self._address, mark=mark, shown=shown, path=self._known.path),
            _("its certificate has changed"),
        )

    async def _shake_hands(self, context: ssl.SSLContext) -> tuple[Encrypted, str]:
        return await shake_hands(await self._reach(), context, self._host, self._patience)


async def _tell_nobody(text: str) -> None:
    pass

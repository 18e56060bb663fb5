"""An encrypted connection to a server that is the right one: vouched for by an authority, or known by its certificate.

Who is met for the first time and is vouched for by nobody is trusted from then on by the certificate shown, as ssh does. A
certificate that has changed is refused, and so is a server that spoke TLS before and does not any more.
"""

import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address

import trio

from trio_chat.client.known_servers import BY_AUTHORITY, KnownServers
from trio_chat.client.session.connecting import CannotConnectError, connect_tcp
from trio_chat.client.target import format_address
from trio_chat.i18n import _

HANDSHAKE_TIMEOUT = 5.0
"""Seconds after which a server that does not answer TLS is held not to speak it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """What the user wants of a connection.

    Args:
        plaintext: no encryption.
        insecure: encryption with whoever it is.
        required: encryption and nothing else, as for ircs://.
        fingerprint: that of the only certificate that is the right one; "" for whichever is trusted.
    """

    plaintext: bool = False
    insecure: bool = False
    required: bool = False
    fingerprint: str = ""


class _NoTlsError(Exception):
    """The server does not speak TLS."""


class _NotVouchedForError(Exception):
    """No authority of the system vouches for the server; the text says why."""


Encrypted = trio.SSLStream[trio.abc.Stream]


class Connector:
    """Connects to one server, again and again.

    Args:
        host: its name or address.
        port: its port.
        security: what the user wants.
        known: the servers that are known.
    """

    def __init__(self, host: str, port: int, security: Security, known: KnownServers | None = None) -> None:
        self.tell: Callable[[str], Awaitable[None]] = _tell_nobody
        """Told, in the user's language, what they must know of how safe a connection is."""
        self._host = host
        self._port = port
        self._address = format_address(host, port)
        self._security = security
        self._known = known or KnownServers()
        self._has_no_tls = False

    async def __call__(self) -> trio.abc.Stream:
        """Connect.

        Raises:
            CannotConnectError: with a sentence for people.

        Cancelled, it leaves no connection behind.
        """
        wants = self._security
        if wants.plaintext or (not (wants.required or wants.insecure or wants.fingerprint) and _is_this_machine(self._host)):
            return await connect_tcp(self._host, self._port)
        try:
            mark = wants.fingerprint or ("" if wants.insecure else await self._known.get(self._address))
        except OSError as error:
            text = _("{path} cannot be read: {reason}. Without it nobody can say whether this is still the same server.")
            raise CannotConnectError(text.format(path=self._known.path, reason=error.strerror or error)) from error
        if self._has_no_tls and not mark:
            return await connect_tcp(self._host, self._port)
        try:
            return await self._encrypted(mark)
        except _NoTlsError:
            return await self._unencrypted(mark)

    async def _unencrypted(self, mark: str) -> trio.abc.Stream:
        if self._security.required or self._security.insecure or self._security.fingerprint:
            text = _("{address} offers no TLS; --plaintext connects without.")
            raise CannotConnectError(text.format(address=self._address), _("it offers no TLS"))
        if mark:
            text = _(
                "{address} WAS ENCRYPTED BEFORE AND OFFERS NO TLS NOW. Somebody may be in between. If you know why, "
                "--plaintext connects all the same."
            )
            raise CannotConnectError(text.format(address=self._address), _("it offers no TLS any more"))
        stream = await connect_tcp(self._host, self._port)
        if not self._has_no_tls:
            self._has_no_tls = True
            await self.tell(_("{address} offers no TLS: what you say can be read on the way.").format(address=self._address))
        return stream

    async def _encrypted(self, mark: str) -> Encrypted:
        if self._security.insecure:
            return (await self._shake_hands(_trusting()))[0]
        if mark in ("", BY_AUTHORITY):
            try:
                stream, _shown = await self._shake_hands(await trio.to_thread.run_sync(ssl.create_default_context))
            except _NotVouchedForError as error:
                if mark:
                    raise self._changed(BY_AUTHORITY, str(error)) from error
            else:
                return stream if mark else await self._keep(stream, BY_AUTHORITY)
        stream, shown = await self._shake_hands(_trusting())
        if not mark:
            text = _(
                "You are at {address} for the first time, and nobody vouches for its certificate. From now on it is known by "
                "this SHA-256 fingerprint, which the server printed when it started: {shown}"
            )
            return await self._keep(stream, shown, text.format(address=self._address, shown=shown))
        if shown == mark:
            return stream
        await trio.aclose_forcefully(stream)
        return await self._check_change(mark, shown)

    async def _check_change(self, mark: str, shown: str) -> Encrypted:
        """Take another certificate than the one that was known only when an authority vouches for it."""
        if not self._security.fingerprint:
            try:
                stream, _shown = await self._shake_hands(await trio.to_thread.run_sync(ssl.create_default_context))
            except _NotVouchedForError:
                pass
            else:
                return await self._keep(stream, BY_AUTHORITY)
        raise self._changed(mark, shown)

    async def _keep(self, stream: Encrypted, mark: str, news: str = "") -> Encrypted:
        """Remember by what the server is known, tell the user about it, and return the connection."""
        try:
            try:
                await self._known.remember(self._address, mark)
            except OSError as error:
                text = _("{path} cannot be written: {reason}. The server will be unknown the next time, too.")
                await self.tell(text.format(path=self._known.path, reason=error.strerror or error))
            if news:
                await self.tell(news)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return stream

    def _changed(self, mark: str, shown: str) -> CannotConnectError:
        if self._security.fingerprint:
            text = _("{address} is not the server that you want: its certificate has the SHA-256 fingerprint {shown}.")
        else:
            text = _(
                "THE CERTIFICATE OF {address} HAS CHANGED. Somebody may be in between, or the server has a new one: ask who runs "
                "it. Known: {mark}. Shown: {shown}. If that is right, remove the line of {address} from {path}."
            )
        return CannotConnectError(
            text.format(address=self._address, mark=mark, shown=shown, path=self._known.path), _("its certificate has changed")
        )

    async def _shake_hands(self, context: ssl.SSLContext) -> tuple[Encrypted, str]:
        """Connect and agree on encryption; return the connection and the fingerprint of the server's certificate."""
        tcp = await connect_tcp(self._host, self._port)
        # Servers that just hang up are common; IRC says by itself where it ends.
        stream: Encrypted = trio.SSLStream(tcp, context, server_hostname=self._host, https_compatible=True)
        is_done = False
        try:
            problem = await _agree(stream)
            is_done = problem is None
        finally:
            if not is_done:
                await trio.aclose_forcefully(tcp)
        if problem is not None:
            raise problem
        return stream, hashlib.sha256(stream.getpeercert(binary_form=True) or b"").hexdigest()


async def _agree(stream: Encrypted) -> _NoTlsError | _NotVouchedForError | None:
    """Agree on encryption; return why that is impossible."""
    try:
        with trio.fail_after(HANDSHAKE_TIMEOUT):
            await stream.do_handshake()
    except (trio.BrokenResourceError, trio.TooSlowError) as error:
        cause = error.__cause__
        return _NotVouchedForError(cause.verify_message) if isinstance(cause, ssl.SSLCertVerificationError) else _NoTlsError()
    return None


def _trusting() -> ssl.SSLContext:
    """Return what encrypts with whoever it is; whose certificate it is, is looked at afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_this_machine(host: str) -> bool:
    """Tell whether nothing that is said leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


async def _tell_nobody(text: str) -> None:
    pass

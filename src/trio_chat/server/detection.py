"""Protocol detection: the first bytes of a connection show TLS, HTTP, the PROXY protocol or IRC.

One port serves all of them. The caller sets a deadline for the detection, which reads a bounded
number of bytes, and loses none of them.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import trio

from trio_chat.chat.accounts import Busy
from trio_chat.config import GatewaySettings, ListenerSettings, ServerSettings
from trio_chat.irc.message import Message, ParseError, parse
from trio_chat.server import proxy
from trio_chat.server.certificates import CertificateError
from trio_chat.server.encryption import Encryption
from trio_chat.server.gateways import GatewayError, speak_for
from trio_chat.server.handshake import HandshakeError
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.http.refusal import refusal_by_http
from trio_chat.server.http.site import Site
from trio_chat.server.peer import Peer, is_in
from trio_chat.server.transport import PeekableTransport, Transport, send_all

if TYPE_CHECKING:
    from trio_chat.server.http.connection import HttpConnection

log = logging.getLogger("trio_chat")

_MAX_LINE = 1024
"""Bytes of a WEBIRC line."""
# A fatal alert, handshake_failure (RFC 8446 §6): what a client that begins TLS understands.
_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
_METHODS = (
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"TRACE ",
    b"CONNECT ",
    b"PRI * ",
)
_LONGEST_METHOD = max(map(len, _METHODS))
_REQUEST_LINE = re.compile(rb"[!-~]{1,40} (?:/|\*|https?://)[!-~]* HTTP/1\.[01]\r?\n")
"""One with any method, such as those of WebDAV. No line of IRC is like that."""
_WEBIRC = b"WEBIRC "


class DetectedProtocol(Enum):
    """A protocol that a connection begins with."""

    TLS = "TLS"
    HTTP = "HTTP"
    IRC = "IRC"


class NotServed(Exception):  # an outcome, not a mistake
    """The connection is not served, and the peer has been notified where possible; the message says
    why.
    """


class NotLogged(NotServed):
    """The connection is not served, and this is not logged.

    The peer has sent nothing, or has requested the page `/health`: a supervisor checks the server
    twice a minute. Or its address has too many connections, which is logged once.
    """


@dataclass(slots=True, kw_only=True)  # frozen ones are slow to make
class DetectionRules:
    """The settings that hold for every listener.

    Args:
        server: names, proxies, origins.
        gateways: the gateways that may use WEBIRC.
        encryption: the certificate.
        threads: where passwords are hashed, and wrong ones counted.
        site: the server as handlers of HTTP requests see it.
    """

    server: ServerSettings
    gateways: tuple[GatewaySettings, ...]
    encryption: Encryption
    threads: HashingThreads
    site: Site


class IrcConnection(NamedTuple):
    """A connection on which IRC is spoken.

    Args:
        transport: its bytes.
        peer: the other end.
        ahead: bytes that have been read already.
    """

    transport: Transport
    peer: Peer
    ahead: bytes


def detect_protocol(data: bytes) -> DetectedProtocol | None:
    """Return the protocol of a connection by its first bytes; None when more are needed."""
    if not data:
        return None
    if data[:1] == b"\x16":  # a TLS record with a handshake message; no line of IRC begins so
        return DetectedProtocol.TLS
    if data.startswith(_METHODS):
        return DetectedProtocol.HTTP
    if len(data) < _LONGEST_METHOD and any(method.startswith(data) for method in _METHODS):
        return None
    return DetectedProtocol.HTTP if _REQUEST_LINE.match(data) else DetectedProtocol.IRC


def is_irc_at_once(
    data: bytes, listener: ListenerSettings, gateways: tuple[GatewaySettings, ...]
) -> bool:
    """Return whether IRC is spoken on a connection that begins so, and nothing else has to happen
    before.

    Args:
        data: the first bytes; of the client, not of a proxy.
        listener: the settings of the listener that accepted it.
        gateways: the gateways that may use WEBIRC.
    """
    return (
        not gateways
        and listener.tls != "required"
        and detect_protocol(data) is DetectedProtocol.IRC
    )


class ProtocolDetection:
    """The detection of one connection's protocol, and what has to happen before IRC is spoken on
    it.

    Args:
        transport: the connection.
        peer: the other end, as far as the socket knows it.
        listener: the settings of the listener that accepted it.
        rules: the settings for all listeners.
        admit: called with the address of a client behind a proxy; returns why it is refused, or "".
        admit_for_pages: called when a connection is one of HTTP, with the address of its peer;
            returns why it is refused, or "".
        ahead: bytes that have been read already.
    """

    def __init__(
        self,
        transport: Transport,
        peer: Peer,
        listener: ListenerSettings,
        rules: DetectionRules,
        admit: Callable[[str], str],
        admit_for_pages: Callable[[str], str],
        ahead: bytes = b"",
    ) -> None:
        self.peer = peer
        self.transport = PeekableTransport(transport, ahead)
        """The topmost transport so far: the caller sends the last lines on it, and closes it."""
        self._listener = listener
        self._rules = rules
        self._admit = admit
        self._admit_for_pages = admit_for_pages
        self.scope = trio.CancelScope()
        """The scope in which the caller runs this. An HTTP connection moves its deadline."""
        self._http: HttpConnection | None = None
        self._takes_lines = True  # whether the peer can read a line of IRC, as far as is known

    async def run(self) -> IrcConnection:
        """Detect the protocol, and return the connection when IRC is spoken on it. The caller sets
        a deadline.

        Raises:
            NotServed: it is not to be served.
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """
        await self._read_proxy_header()
        kind = await self._read_kind()
        listener = self._listener
        if kind is DetectedProtocol.TLS:
            if listener.tls == "off":
                await self._send(_ALERT)
                raise NotServed("TLS is off here")
            await self._start_tls()
            kind = await self._read_kind()
        is_tls_missing = listener.tls == "required" and not self.peer.is_secure
        if kind is DetectedProtocol.HTTP:
            await self._start_websocket(tls_first=is_tls_missing)
        elif is_tls_missing:
            raise NotServed(await self.tell("Use TLS: this port takes no plain text"))
        elif kind is DetectedProtocol.IRC:
            await self._read_gateway()
        return IrcConnection(self.transport.below, self.peer, self.transport.data)

    async def _read_proxy_header(self) -> None:
        ahead, must = self.transport, self._listener.proxy
        if not (must or is_in(self.peer.host, self._rules.server.proxies)):
            return
        while not ahead.data and await ahead.peek_more():
            pass
        if not must and not proxy.may_be_header(ahead.data):
            return
        try:
            while (header := proxy.parse(ahead.data)) is None:
                if not await ahead.peek_more():
                    raise (
                        NotServed("Connection closed")
                        if ahead.data
                        else NotLogged("Connection closed")
                    )
        except proxy.ProxyError as error:
            if not must:  # "P" could have become PROXY, and is PASS
                return
            raise NotServed(f"the proxy did not say who is behind it: {error}") from error
        ahead.consume(header.size)
        if header.host:
            self.peer = self.peer._replace(host=header.host, is_secure=header.is_secure, local=None)
            if refusal := self._admit(header.host):  # before it can make the server wait or compute
                if detect_protocol(ahead.data) is DetectedProtocol.HTTP:
                    await self._refuse_by_http(refusal)
                raise NotLogged(await self.tell(refusal))
        elif not header.is_local:
            log.warning(
                "refused a client behind the proxy %s, which does not know its address",
                self.peer.host,
            )
            raise NotServed(
                await self.tell("The proxy in front of this server does not say who you are")
            )

    async def _read_kind(self) -> DetectedProtocol:
        while (kind := detect_protocol(self.transport.data)) is None:
            if not await self.transport.peek_more():
                raise (
                    NotServed("Connection closed")
                    if self.transport.data
                    else NotLogged("Connection closed")
                )
        return kind

    async def _start_tls(self) -> None:
        self._takes_lines = False
        encryption = self._rules.encryption
        try:
            await encryption.load()
        except CertificateError as error:
            log.error("no client can use TLS: %s", error)
            raise NotServed("there is no certificate") from error
        try:
            tls = await encryption.wrap(self.transport)
        except HandshakeError as error:
            raise NotServed(f"TLS failed: {error}") from error
        except trio.TooSlowError as error:
            raise NotServed("TLS took too long") from error
        self.transport, self._takes_lines = PeekableTransport(tls, under=self.transport), True
        self.peer = self.peer._replace(is_secure=True, certificate=tls.fingerprint())

    async def _start_websocket(self, *, tls_first: bool) -> None:
        self._takes_lines = False
        if refusal := self._admit_for_pages(self.peer.host):
            await self._refuse_by_http(refusal)
        await self._rules.site.load("trio_chat.server.http.connection")
        from trio_chat.server.http import connection  # noqa: PLC0415

        rules = connection.HttpRules(
            site=self._rules.site,
            websocket=self._listener.websocket,
            tls_first=tls_first,
            extend=self._extend,
        )
        self._http = connection.HttpConnection(self.transport, self.peer, rules)
        try:
            websocket, self.peer = await self._http.run()
        except connection.HttpEnded as ended:
            if refusal := str(ended):
                raise NotServed(f"HTTP {refusal}") from ended
            raise NotLogged("HTTP") from ended
        self.transport, self._takes_lines = PeekableTransport(websocket), True

    async def _refuse_by_http(self, why: str) -> None:
        """Send 429; always ends with `NotLogged`."""
        await self._send(refusal_by_http(429, why, self.transport.data))
        raise NotLogged(why)

    @property
    def is_answered(self) -> bool:
        """Whether HTTP requests were answered, so that the end of the connection is expected."""
        return self._http is not None and self._http.is_answered

    def _extend(self, seconds: float) -> None:
        self.scope.deadline = trio.current_time() + seconds

    async def _read_gateway(self) -> None:
        """Read the client's address from a gateway, in the first line (WEBIRC)."""
        ahead = self.transport
        if (
            not self._rules.gateways
            or ahead.data[: len(_WEBIRC)].upper() != _WEBIRC[: len(ahead.data)]
        ):
            return
        while (
            b"\n" not in ahead.data[:_MAX_LINE]
            and len(ahead.data) < _MAX_LINE
            and await ahead.peek_more()
        ):
            pass
        line, end, _ = ahead.data[:_MAX_LINE].partition(b"\n")
        if line[: len(_WEBIRC)].upper() != _WEBIRC:
            return
        try:
            message = parse(line.rstrip(b"\r").decode("utf-8", "replace"))
            self.peer = await speak_for(
                self.peer, self._rules.gateways, message.params, self._rules.threads
            )
        except (ParseError, GatewayError) as error:
            reason = error.reply if isinstance(error, GatewayError) else "That is no line of IRC"
            if not isinstance(error.__cause__, Busy):  # the lockout was logged when it began
                log.warning("refused the gateway at %s: %s", self.peer.host, error)
            raise NotServed(await self.tell(reason)) from error
        ahead.consume(len(line) + len(end))

    async def tell(self, reason: str) -> str:
        """Send the peer a reason in a line of IRC, if it can read one; return it."""
        if self._takes_lines:
            error = Message("ERROR", (f"Closing link: {self.peer.host} ({reason})",))
            await self._send(f"{error.line()}\r\n".encode())
        return reason

    async def _send(self, data: bytes) -> None:
        with trio.move_on_after(1), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await send_all(self.transport, data)

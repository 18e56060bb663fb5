"""Proxies between the client and a server: SOCKS5 (RFC 1928, by python-socks) and HTTP CONNECT (RFC
9110 §9.3.6, by h11).

The proxy looks up the name of the server, as `socks5h` of curl means. Connections to this machine
never go through a proxy.
"""

import importlib
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import trio

from trio_chat.client.session.connecting import CannotConnectError, reason_of
from trio_chat.client.target import is_this_machine
from trio_chat.client.wrapped import WrappedStream
from trio_chat.config.proxies import Proxy, parse
from trio_chat.i18n import _
from trio_chat.installation import install_command
from trio_chat.irc.addresses import format_address

PROXY_TIMEOUT = 60.0
"""Seconds until the proxy has answered; an onion service may take that long."""
_PART = 4096
_SUCCESSFUL = 2
"""The class of the status codes that open a tunnel (RFC 9110 §15.3)."""
_PACKAGE = "python_socks.async_.trio.v2"


class Tunnel(WrappedStream):
    """A connection through a proxy.

    It is no socket stream, because the address of its socket is that of the proxy.


    Args:
        stream: the connection to the proxy.
        received: bytes that the server has already sent.
    """

    def __init__(self, stream: trio.abc.Stream, received: bytes = b"") -> None:
        super().__init__(stream)
        self._received = received

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Receive; see `trio.abc.ReceiveStream`."""
        if not self._received:
            return bytes(await self._stream.receive_some(max_bytes))
        await trio.lowlevel.checkpoint()
        size = len(self._received) if max_bytes is None else max_bytes
        data, self._received = self._received[:size], self._received[size:]
        return data


def choose(host: str, port: int, setting: str, environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy to a server, None for a direct connection.

    Args:
        host: the server's name or address.
        port: its port.
        setting: as `[client] proxy`: a URL, `none`, or "" for the one of the environment.
        environment: may have `ALL_PROXY` and `NO_PROXY`; as for curl, small letters take
            precedence.

    Raises:
        CannotConnectError: the environment names a proxy that cannot be used. The user does not
            expect a direct connection then.
    """
    if is_this_machine(host) or setting == "none":
        return None
    if setting:
        return parse(setting)
    url = environment.get("all_proxy") or environment.get("ALL_PROXY") or ""
    if not url or _is_excepted(
        host, port, environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    ):
        return None
    try:
        return parse(url)
    except ValueError:
        text = _(
            "ALL_PROXY in the environment is no proxy that can be used: allowed is"
            " socks5://host:port or http://host:port, with user:password@ before the host if need"
            " be. Nothing was sent. [client] proxy = none connects without a proxy."
        )
        raise CannotConnectError(text, _("the proxy cannot be used")) from None


async def connect_through(proxy: Proxy, host: str, port: int) -> trio.abc.Stream:
    """Connect to a server through a proxy, which looks up its name.

    Raises:
        CannotConnectError: the server cannot be reached.

    Cancelled, it leaves no connection behind.
    """
    try:
        name = _in_ascii(host)
        with trio.fail_after(PROXY_TIMEOUT):
            return await (_socks if proxy.scheme == "socks5" else _http)(proxy, name, port)
    except trio.TooSlowError:
        reason = _("no answer")
    except (OSError, UnicodeError) as error:
        reason = reason_of(error)
    except _RefusedError as error:
        reason = str(error)
    text = _(
        "Cannot connect to {address} through the proxy {proxy}: {reason}. Check that the proxy is"
        " running and reaches it."
    )
    raise CannotConnectError(
        text.format(address=format_address(host, port), proxy=proxy, reason=reason), reason
    )


class _RefusedError(Exception):
    """The proxy does not connect; the message says why, and has nothing that the proxy has sent."""


async def _socks(proxy: Proxy, host: str, port: int) -> trio.abc.Stream:
    try:
        package: Any = importlib.import_module(_PACKAGE)
        errors: Any = importlib.import_module("python_socks")
    except ImportError:
        text = _(
            "A SOCKS5 proxy needs the package python-socks: {command}. Nothing was sent."
        ).format(command=install_command("proxy"))
        raise CannotConnectError(text, _("the package python-socks is missing")) from None
    tunnel = package.Proxy(
        errors.ProxyType.SOCKS5,
        proxy.host,
        proxy.port,
        proxy.user or None,
        proxy.password or None,
        rdns=True,
    )
    try:
        stream = await tunnel.connect(host, port, timeout=PROXY_TIMEOUT)
    except errors.ProxyConnectionError as error:
        raise _RefusedError(
            _("the proxy itself: {reason}").format(reason=reason_of(error))
        ) from None
    except errors.ProxyError as error:
        raise _RefusedError(str(error)) from None
    except trio.BrokenResourceError:
        raise _RefusedError(_ends()) from None
    return Tunnel(stream.trio_stream)


async def _http(proxy: Proxy, host: str, port: int) -> trio.abc.Stream:
    try:
        stream: trio.abc.Stream = await trio.open_tcp_stream(proxy.host, proxy.port)
    except OSError as error:
        raise _RefusedError(
            _("the proxy itself: {reason}").format(reason=reason_of(error))
        ) from None
    is_open = False
    try:
        received = await _ask(stream, proxy, format_address(host, port))
        is_open = True
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        raise _RefusedError(_ends()) from None
    finally:
        if not is_open:
            await trio.aclose_forcefully(stream)
    return Tunnel(stream, received)


async def _ask(stream: trio.abc.Stream, proxy: Proxy, address: str) -> bytes:
    """Request a tunnel; return the bytes that the server has sent after the answer."""
    h11: Any = importlib.import_module("h11")  # few users need it, and it would delay the start
    http = h11.Connection(h11.CLIENT)
    headers = [("Host", address)]
    if proxy.user:
        headers.append(
            (
                "Proxy-Authorization",
                "Basic " + b64encode(f"{proxy.user}:{proxy.password}".encode()).decode(),
            )
        )
    request = h11.Request(method="CONNECT", target=address, headers=headers)
    await stream.send_all(http.send(request) + http.send(h11.EndOfMessage()))
    while True:
        try:
            answer = http.next_event()
        except h11.RemoteProtocolError:
            raise _RefusedError(_("this is no HTTP proxy")) from None
        if answer is h11.NEED_DATA:
            http.receive_data(await stream.receive_some(_PART))
        elif isinstance(answer, h11.Response):
            break
    if answer.status_code // 100 != _SUCCESSFUL:
        raise _RefusedError(_status(answer.status_code))
    return bytes(http.trailing_data[0])


def _ends() -> str:
    return _("the proxy ends the connection without an answer")


def _status(code: int) -> str:
    http: Any = importlib.import_module("http")
    try:
        return f"{code} {http.HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _in_ascii(host: str) -> str:
    """Return a name in ASCII (RFC 5891); a proxy need not accept other letters."""
    if host.isascii():
        return host
    idna: Any = importlib.import_module("idna")
    return str(idna.encode(host, uts46=True).decode())


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Return whether NO_PROXY matches: `*`, a name with its subdomains, an address or a network
    (with or without port).
    """
    name = host.lower().rstrip(".")
    for word in exceptions.lower().replace(",", " ").split():
        if word == "*" or _is_in_network(name, word):
            return True
        domain, colon, number = word.rpartition(":")
        if not colon or not number.isdecimal() or domain.endswith(":"):
            domain, number = word, ""
        domain = domain.removeprefix("*").strip(".").removeprefix("[").removesuffix("]")
        is_below = name.endswith(f".{domain}") and not _is_in_network(name, name)
        if domain and number in ("", str(port)) and (name == domain or is_below):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False

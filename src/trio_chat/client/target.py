"""Addresses of servers: `host`, `host:port`, `[::1]:5000`, `irc://host/#channel`, `ircs://host`.

Several addresses of one network are separated by commas: `a.example,b.example:5001`.
A link to the page of a server is one as well: `http://host:5000/#channel?invite=token`.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from trio_chat.config import values
from trio_chat.i18n import _
from trio_chat.irc.names import CHANTYPES

_PORTS = {"irc": 6667, "ircs": 6697}
"""The ports of URLs without one (IANA: ircu; RFC 7194)."""
_PAGE_PORTS = {"http": 80, "https": 443}
"""Those of links to a page, at the same port as IRC."""

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)/?(?P<rest>.*)", re.DOTALL
)
_PORT = re.compile(r"[0-9]{1,5}")
THIS_COMPUTER = "127.0.0.1"
_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is replaced here, not listened on


class TargetError(ValueError):
    """The address is not valid; the message says why, in the user's language."""


_MOST_ADDRESSES = 16
"""Addresses of one network, also in a link from elsewhere."""


class ServerAddress(NamedTuple):
    """The address of a server, or the addresses of a network."""

    host: str
    port: int | None
    """None when the address has none."""
    channel: str = ""
    is_encrypted: bool = False
    """Whether TLS is required."""
    key: str = ""
    """With which the channel is joined: an invitation."""
    others: tuple[tuple[str, int | None], ...] = ()
    """Further addresses of the same network; a port of None means the usual one."""


def parse(text: str) -> ServerAddress:
    """Return the address that a text on the command line names.

    Raises:
        TargetError: the text has none of the forms above.
    """
    url = _URL.fullmatch(text)
    if "@" in (url["authority"] if url else text):
        # The text is not shown: a password may be in it.
        raise TargetError(
            _(
                "an address has no user or password: leave out what is before the '@', and use"
                " --nick and --password-file"
            )
        )
    if not url:
        (host, port), *others = _listed(text)
        return ServerAddress(host, port, others=tuple(others))
    scheme = url["scheme"].lower()
    if scheme in _PAGE_PORTS:
        return _of_page(scheme, url["authority"], url["rest"].partition(CHANTYPES)[2])
    if scheme not in _PORTS:
        raise TargetError(
            _(
                "only irc://, ircs://, http:// and https:// addresses can be used, not {scheme}://"
            ).format(scheme=scheme)
        )
    pairs: list[tuple[str, int | None]] = [
        (host, port or _PORTS[scheme]) for host, port in _listed(url["authority"])
    ]
    first, *others = pairs
    channel = _channel_of_url(url["rest"])
    return ServerAddress(*first, channel, scheme == "ircs", others=tuple(others))


def join(addresses: Sequence[ServerAddress]) -> ServerAddress:
    """Return one network with the addresses of all; the first one has the channel.

    Raises:
        TargetError: there are too many, or another one than the first has a channel.
    """
    first, *more = addresses
    if any(address.channel for address in more):
        raise TargetError(_("only the first of several addresses can name a channel"))
    others = [pair for each in more for pair in ((each.host, each.port), *each.others)]
    _check_number(1 + len(first.others) + len(others))
    is_encrypted = any(address.is_encrypted for address in addresses)
    return first._replace(is_encrypted=is_encrypted, others=(*first.others, *others))


def _listed(text: str) -> list[tuple[str, int | None]]:
    parts = [part.strip(" ") for part in text.split(",") if part.strip(" ")]
    _check_number(len(parts))
    return [_host_and_port(part) for part in parts or [text]]


def _check_number(count: int) -> None:
    if count > _MOST_ADDRESSES:
        raise TargetError(
            _("a network can have at most {most} addresses here").format(most=_MOST_ADDRESSES)
        )


def _of_page(scheme: str, authority: str, fragment: str) -> ServerAddress:
    """Return the address of a link to the page of a server; see `irc.weblinks`."""
    from urllib.parse import parse_qs  # noqa: PLC0415 - as below

    host, port = _host_and_port(authority)
    name, _mark, query = fragment.partition("?")
    channel = _channel_of_url(f"%23{name}") if name else ""
    token = parse_qs(query).get("invite", [""])[0]
    return ServerAddress(
        host,
        _PAGE_PORTS[scheme] if port is None else port,
        channel,
        # An address has the certificate of a private authority, which is trusted on first use.
        scheme == "https" and not _is_address(host),
        token if channel and token.isascii() and token.isalnum() else "",
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def reachable(host: str) -> str:
    """Return the address for connecting to a server that listens on this one.

    Not every system can connect to 0.0.0.0, which means all addresses to a listener.
    """
    return _THIS_MACHINE.get(host, host)


def is_this_machine(host: str) -> bool:
    """Return whether a connection to a host stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host_and_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise TargetError(
                _("an IPv6 address with a port is written [::1]:5000, not {text}").format(text=text)
            )
        return _ipv6(host, text), _port(port[1:]) if port else None
    if text.count(":") > 1:
        return _ipv6(text, text), None
    host, colon, port = text.partition(":")
    try:
        return reachable(values.host(host)), _port(port) if colon else None
    except TargetError:
        raise
    except ValueError:
        raise TargetError(
            _("{host!r} is not a host name or an address").format(host=host)
        ) from None


def _ipv6(host: str, text: str) -> str:
    try:
        return reachable(str(IPv6Address(host)))
    except ValueError:
        raise TargetError(_("{host!r} is not an IPv6 address").format(host=host or text)) from None


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 0 < int(text) < 65536:
        raise TargetError(
            _("{port!r} is not a port: allowed is a whole number from 1 to 65535").format(port=text)
        )
    return int(text)


def _channel_of_url(rest: str) -> str:
    from urllib.parse import unquote  # noqa: PLC0415 - few targets are addresses, and start-up time counts

    # '#' would begin a fragment, so some write %23, some '#', and many leave it out. Clients do not
    # agree on the options after a '?'.
    written = rest.partition("?")[0]
    if written in ("", CHANTYPES):
        return ""
    try:
        return values.channel(unquote(written, errors="strict"))
    except ValueError:
        raise TargetError(
            _("{channel!r} is not the name of a channel").format(channel=written)
        ) from None

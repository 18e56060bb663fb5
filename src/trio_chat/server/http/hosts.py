"""Host names under which a browser may reach this server, as a defence against DNS rebinding.

A page whose name an attacker points here at the second look-up would otherwise have the origin of
this server. An address cannot be pointed anywhere else, so every address is allowed.
"""

import re
import socket
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from trio_chat.config import Settings
from trio_chat.irc.addresses import parse_address

_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::(?P<port>[0-9]{1,5}))?"
)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@]+)", re.IGNORECASE)
_HERE = ("localhost", "*.localhost")


class Host(NamedTuple):
    """A host of a request.

    Args:
        name: in small letters and without a dot at the end; an address in its usual form, without
            brackets.
        port: None when it is left out.
    """

    name: str
    port: int | None

    @property
    def is_address(self) -> bool:
        """Whether it is no name."""
        return parse_address(self.name) is not None

    def shown(self) -> str:
        """Return its name as it stands in an address of the web."""
        return f"[{self.name}]" if ":" in self.name else self.name


def parse_host(text: str) -> Host | None:
    """Read the header `Host`, or the part of an address of the web that has its form; None when it
    is neither.
    """
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    name = (match["v6"] or match["name"]).lower().removesuffix(".")
    if (address := parse_address(name)) is not None:
        name = str(address)
    elif match["v6"]:
        return None
    return Host(name, int(match["port"]) if match["port"] else None) if name else None


def parse_origin(text: str) -> Host | None:
    """Read the header `Origin` of a page that came by HTTP; None when it is of anything else."""
    match = _ORIGIN.fullmatch(text)
    return parse_host(match["host"]) if match else None


def is_known(host: Host, settings: Settings, certified: Iterable[str] = ()) -> bool:
    """Return whether a browser may reach this server under a name.

    Args:
        host: the name.
        settings: all of config.ini.
        certified: names in the certificate.
    """
    if "any" in settings.server.allowed_hosts or host.is_address:
        return True
    return any(
        matches(host.name, pattern)
        for pattern in (*_configured(settings), *certified, *_own_names(), *_HERE)
    )


def is_local(host: Host) -> bool:
    """Return whether a name or address is this machine's own: to a browser, a secure context."""
    address = parse_address(host.name)
    return address.is_loopback if address else host.name == _HERE[0] or matches(host.name, _HERE[1])


def _configured(settings: Settings) -> Iterable[str]:
    server = settings.server
    yield server.name
    yield from server.allowed_hosts
    if public := urlsplit(server.url).hostname:
        yield public
    if node := urlsplit(settings.cluster.address).hostname:
        yield node
    yield from server.host
    for listener in settings.listeners:
        yield from listener.host
    for origin in server.origins:
        if (allowed := origin.partition("://")[2]) and allowed[0] != "[":
            yield allowed.partition(":")[0]


def _own_names() -> Iterable[str]:
    """Return what this machine is called, also in a local network without a name server (mDNS)."""
    name = socket.gethostname().lower()
    first = name.partition(".")[0]
    return (name, f"{first}.local", first) if first else ()


def matches(name: str, pattern: str) -> bool:
    """Return whether a host name is the one of a pattern, or below that of `*.example.org`.

    Args:
        name: in small letters.
        pattern: in any letters.
    """
    pattern = pattern.lower().removesuffix(".")
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern

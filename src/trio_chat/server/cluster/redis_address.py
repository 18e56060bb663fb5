"""Addresses of Redis and Valkey, in the forms that redis-py and its relatives have:

    redis://[[user]:password@]host[:port]{,host[:port]}[/name][?options]
    redis+sentinel://[[user]:password@]host[:port]{,host[:port]}[/name][?master=mymaster&options]
    unix:///path/of/the/socket[?name=name&options]

`rediss` and `rediss+sentinel` are with TLS. The name is that of the cluster. With Sentinel, hosts
are those of the Sentinels, and user and password are still those of the engine.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_NAME = "trio-chat"
DEFAULT_MASTER = "mymaster"
"""The name that the example of Sentinel's own configuration has."""
_PORT = 6379
_SENTINEL_PORT = 26379
_SCHEMES = ("redis", "rediss", "redis+sentinel", "rediss+sentinel", "unix", "redis+unix")
_TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
_SENTINEL_OPTIONS = {"master", "sentinel_username", "sentinel_password"}
_OPTIONS = {"name", "replicas", "username", "password"} | _TLS_OPTIONS | _SENTINEL_OPTIONS
_MOST_REPLICAS = 100

Place = tuple[str, int]
"""A host, by name or address, and its port; or the path of a Unix socket, and 0."""


class Named(NamedTuple):
    """Where the primary is.

    Args:
        place: of it.
        epoch: of the failover by which it became the primary, as Sentinels count them; 0 if they
            are not asked.
    """

    place: Place
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Login:
    """A name and a password, by which a server knows a client.

    Args:
        user: the name of the user, or "".
        password: its password, or "" for no login.
    """

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where an engine is, and how to log in to it.

    Args:
        hosts: of the engine, one of which is the primary; or of the Sentinels.
        user: the name of the user, or "".
        password: its password, or "".
        tls: the TLS context, or None.
        name: the name of the cluster; clusters with other names share an engine.
        master: the name that the Sentinels have for the engine; "" without Sentinel.
        sentinel_login: of the Sentinels.
        replicas: on how many replicas an entry must be before it counts.
    """

    hosts: tuple[Place, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    name: str = DEFAULT_NAME
    master: str = ""
    sentinel_login: Login = Login()
    replicas: int = 0

    @property
    def login(self) -> Login:
        """The login of the engine."""
        return Login(self.user, self.password)

    @property
    def is_local(self) -> bool:
        """Whether no network is on the way, so that a password and TLS are not needed."""
        return all(is_local(place) for place in self.hosts)


def parse(url: str, password: str = "") -> RedisAddress:
    """Read an address.

    Args:
        url: the address.
        password: a password that is not in the address, because others can read it there; a second
            line is that of the Sentinels.

    Raises:
        ValueError: it is no such address, or a file of TLS cannot be used; the message does not
            show the address, as it may have a password.
    """
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme not in _SCHEMES or not rest:
        raise ValueError(
            "the address of the engine begins with redis://, rediss://, redis+sentinel://,"
            " rediss+sentinel:// or unix://"
        )
    rest, _, query = rest.partition("?")
    is_sentinel = scheme.endswith("sentinel")
    options = _options(query, is_sentinel, scheme.startswith("rediss"))
    login, at, place = rest.rpartition("@")
    user, _, own = login.partition(":")
    own, _, sentinel_password = _lines(password, unquote(own) or options.get("password", ""))
    user = unquote(user) or options.get("username", "")
    if (at or user) and not own:
        raise ValueError("the address of the engine has a user and no password")
    hosts, name = _hosts(scheme, place, _SENTINEL_PORT if is_sentinel else _PORT)
    return RedisAddress(
        hosts,
        user,
        own,
        _tls(options) if scheme.startswith("rediss") else None,
        options.get("name") or name or DEFAULT_NAME,
        (options.get("master") or DEFAULT_MASTER) if is_sentinel else "",
        Login(
            options.get("sentinel_username", ""),
            options.get("sentinel_password", "") or sentinel_password,
        ),
        _replicas(options.get("replicas"), 1 if is_sentinel or len(hosts) > 1 else 0),
    )


def is_local(place: Place) -> bool:
    """Return whether a place is on this machine for certain."""
    host = place[0]
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def place_text(place: Place) -> str:
    """Return a place as it stands in an address."""
    host, port = place
    if host.startswith("/"):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _lines(password: str, own: str) -> tuple[str, str, str]:
    first, line_end, second = password.replace("\r\n", "\n").partition("\n")
    return own or first, line_end, second.partition("\n")[0]


def _options(query: str, is_sentinel: bool, is_tls: bool) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    allowed = _OPTIONS - (set() if is_sentinel else _SENTINEL_OPTIONS)
    allowed -= set() if is_tls else _TLS_OPTIONS
    unknown = sorted(options.keys() - allowed)
    if unknown:
        raise ValueError(f"the address of the engine has an unknown option: {unknown[0]}")
    return options


def _hosts(scheme: str, text: str, port: int) -> tuple[tuple[Place, ...], str]:
    """Return the places, and the name of the cluster or ""."""
    if scheme.endswith("unix"):
        path = unquote(text)
        if not path.startswith("/") or path == "/":
            raise ValueError("the address of the engine has no path of a socket: unix:///path")
        return ((path, 0),), ""
    places, _, name = text.partition("/")
    return tuple(_host(one, port) for one in places.split(",")), unquote(name)


def _host(text: str, default: int) -> Place:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError("the address of the engine has a host that is none")
    return host, port or default


def _replicas(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) > _MOST_REPLICAS:
        raise ValueError("the address of the engine has a number of replicas that is none")
    return int(text)


def _tls(options: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca_certs") or None)
        if certificate := options.get("ssl_certfile"):
            context.load_cert_chain(certificate, options.get("ssl_keyfile") or None, lambda: "")
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(
            "the address of the engine names a file of TLS that cannot be used: "
            f"{error.strerror or error}"
        ) from error
    return context

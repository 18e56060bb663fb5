"""Addresses of Redis and Valkey: `redis://[[user]:password@]host[:port]{,host[:port]}[/name]`."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PORT = 6379
DEFAULT_NAME = "trio-chat"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where an engine is, and how to log in to it.

    Args:
        hosts: names or addresses with ports; one of them is the primary.
        user: the name of the user, or "".
        password: its password, or "".
        tls: the TLS context, or None.
        name: the name of the cluster; clusters with other names share an engine.
    """

    hosts: tuple[tuple[str, int], ...]
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    name: str = DEFAULT_NAME

    @property
    def is_local(self) -> bool:
        """Whether no network is on the way, so that a password and TLS are not needed."""
        return all(host in ("localhost", "127.0.0.1", "::1") for host, _port in self.hosts)


def parse(url: str, password: str = "") -> RedisAddress:
    """Read an address; `rediss://` is with TLS.

    Args:
        url: the address.
        password: a password that is not in the address, because others can read it there.

    Raises:
        ValueError: it is no such address; the message does not show it, as it may have a password.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("redis", "rediss") or not rest:
        raise ValueError("the address of the engine begins with redis:// or rediss://")
    login, at, place = rest.rpartition("@")
    places, _, name = place.partition("/")
    hosts = tuple(_host(one) for one in places.split(","))
    user, _, own = login.partition(":")
    if at and not (own or password):
        raise ValueError("the address of the engine has a user and no password")
    return RedisAddress(
        hosts,
        unquote(user),
        unquote(own) or password,
        ssl.create_default_context() if scheme == "rediss" else None,
        unquote(name) or DEFAULT_NAME,
    )


def _host(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError("the address of the engine has a host that is none")
    return host, port or _PORT

"""Addresses of PostgreSQL: `postgresql://[user[:password]@]host[:port]{,host[:port]}[/database]`.

The form and its options after `?` are those of libpq, "Connection URIs", with one of our own:
`replicas`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

SCHEMES = ("postgresql", "postgres")
_PORT = 5432
_MOST_REPLICAS = 100
_OWN = ("host", "port", "target_session_attrs", "load_balance_hosts", "connect_timeout")
"""Parameters of libpq whose work is done here."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where an engine is, and how to log in to it.

    Args:
        hosts: names, addresses or directories of Unix domain sockets, with ports; one of them is
            the primary.
        parameters: what else libpq is given for a connection, by its names.
        replicas: on how many replicas an entry must be before it counts.
    """

    hosts: tuple[tuple[str, int], ...]
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    replicas: int = 0

    @property
    def is_local(self) -> bool:
        """Whether no network is on the way, so that a password and TLS are not needed."""
        return all(map(_is_local, self.hosts))


def parse(url: str, password: str = "") -> PostgresAddress:
    """Read an address.

    To another machine the connection is with TLS, and the password proves the engine to the client
    as well (SCRAM with channel binding), so no certificate has to be trusted; with `sslmode` the
    address decides itself.

    Args:
        url: the address.
        password: a password that is not in the address, because others can read it there.

    Raises:
        ValueError: it is no such address; the message does not show it, as it may have a password.
    """
    if url.partition("://")[0] not in SCHEMES:
        raise ValueError("the address of the engine begins with postgresql://")
    url, replicas = _take_replicas(url)
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (psycopg.Error, UnicodeError):  # the message of libpq may show a password
        raise ValueError("the address of the engine is none that PostgreSQL understands") from None
    if "hostaddr" in found or "service" in found:
        raise ValueError("the address of the engine has to name its hosts")
    hosts = _hosts(found.get("host", ""), found.get("port", ""))
    parameters = {name: value for name, value in found.items() if name not in _OWN}
    if password:
        parameters.setdefault("password", password)
    if "sslmode" not in parameters and not all(map(_is_local, hosts)):
        parameters |= {"sslmode": "require", "channel_binding": "require"}
    if replicas is None:  # an engine that fails over must not lose what others have read
        replicas = int(len(hosts) > 1)
    return PostgresAddress(hosts, parameters, replicas)


def _take_replicas(url: str) -> tuple[str, int | None]:
    """Return the address without the option that libpq does not know, and its value."""
    place, _, options = url.partition("?")
    others = [each for each in options.split("&") if not each.startswith("replicas=")]
    values = [each[9:] for each in options.split("&") if each.startswith("replicas=")]
    if not values:
        return url, None
    value = values[-1]
    if not (value.isascii() and value.isdecimal() and int(value) <= _MOST_REPLICAS):
        raise ValueError("the address of the engine has a number of replicas that is none")
    return f"{place}?{'&'.join(others)}" if any(others) else place, int(value)


def _hosts(names: str, ports: str) -> tuple[tuple[str, int], ...]:
    hosts, numbers = names.split(","), ports.split(",")
    if len(numbers) == 1:  # as libpq has it: one for all
        numbers *= len(hosts)
    if not all(hosts) or len(hosts) != len(numbers):
        raise ValueError("the address of the engine has a host that is none")
    return tuple(zip(hosts, map(_port, numbers), strict=True))


def _port(text: str) -> int:
    try:
        return urlsplit(f"//host:{text}").port or _PORT
    except ValueError:
        raise ValueError("the address of the engine has a port that is none") from None


def _is_local(host: tuple[str, int]) -> bool:
    return host[0] in ("localhost", "127.0.0.1", "::1") or host[0].startswith(("/", "@"))

"""Connecting to a server, and the reason for people when that fails."""

import errno
import socket
import ssl
from collections.abc import Iterator
from random import Random

import trio

from trio_chat.client.session.name_records import NameRecords
from trio_chat.i18n import _
from trio_chat.irc.addresses import format_address, parse_address

CONNECT_TIMEOUT = 20.0
"""Seconds for looking the address up and for all attempts to reach it."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
MOST_SPREAD = 0.5
"""Seconds in which the clients of a lost server go to the others."""
_BROKEN_OFF = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError)
_NO_WAY = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL))


class CannotConnectError(Exception):
    """No connection could be made.

    Args:
        text: what has failed and what to check, in the user's language.
        reason: what has failed, in few words.
    """

    def __init__(self, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.reason = reason


async def connect_tcp(host: str, port: int, records: NameRecords | None = None) -> trio.abc.Stream:
    """Connect to the address of a host that answers first (RFC 8305, Happy Eyeballs).

    Cancelled, it leaves no connection behind.

    Args:
        host: a name, or an IPv4 or IPv6 address.
        port: the port.
        records: those of the name, which may decide between them; None for no preference.

    Raises:
        CannotConnectError: with a sentence for people.
    """
    refuse_onion(host)
    try:
        with trio.fail_after(CONNECT_TIMEOUT):
            return await _open(host, port, records)
    except trio.TooSlowError:
        reason = _("no answer")
    except (OSError, UnicodeError) as error:
        reason = reason_of(error)
    text = _(
        "Cannot connect to {address}: {reason}. Check the address and the port, that the server is"
        " running, and that no firewall is in the way."
    )
    text = text.format(address=format_address(host, port), reason=reason)
    if _is_in_local_network(host):
        text += " " + _("`trio-chat find` lists the servers of this network.")
    raise CannotConnectError(text, reason)


def _is_in_local_network(host: str) -> bool:
    """Return whether a host is a machine of a local network, other than this one."""
    address = parse_address(host)
    if address is None:
        return host.lower().removesuffix(".").endswith(".local")
    return address.is_private and not address.is_loopback


async def _open(host: str, port: int, records: NameRecords | None) -> trio.abc.Stream:
    try:
        if records is None or parse_address(host) is not None:
            return await trio.open_tcp_stream(host, port)
        return await records.open(host, port)
    except socket.gaierror as error:
        # Imported late: few names are of multicast DNS, and most systems know it themselves.
        from trio_chat.client.discovery.local_names import is_local_name, local_address  # noqa: PLC0415

        if not is_local_name(host):
            raise
        unknown = error
    address = await local_address(host)
    if address is None:
        raise unknown
    return await trio.open_tcp_stream(str(address), port)


def refuse_onion(host: str) -> None:
    """Refuse to look up an onion service: its name must not reach DNS (RFC 7686 §2).

    Raises:
        CannotConnectError: with a sentence for people.
    """
    if host.lower().rstrip(".").endswith(".onion"):
        text = _(
            "{host} is an onion service: only Tor reaches it, and its name is not looked up here."
            " Set [client] proxy or ALL_PROXY to socks5h://127.0.0.1:9050, or where your Tor"
            " listens."
        )
        raise CannotConnectError(text.format(host=host), _("an onion service needs a proxy"))


def reason_of(error: BaseException) -> str:
    """Return in few words why a connection has failed, from the cause that Trio keeps."""
    causes = list(_causes(error))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return _("nobody answers there (connection refused)")
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        return _("there is no such address")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return _("no answer")
    if any(isinstance(cause, _BROKEN_OFF) for cause in causes):
        return _("the connection was broken off")
    last = causes[-1]
    if isinstance(last, OSError) and last.errno in _NO_WAY:
        return _("there is no way to it in the network")
    return (last.strerror if isinstance(last, OSError) else None) or str(last)


def reason_of_loss(error: trio.BrokenResourceError | trio.ClosedResourceError) -> str:
    """Return in few words why a connection was lost; "" if that is unknown."""
    return reason_of(error.__cause__) if error.__cause__ else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    elif error.__cause__:
        yield from _causes(error.__cause__)


class Backoff:
    """The pauses between attempts to connect: doubling up to a minute, with jitter so that clients
    do not all come at once.

    Args:
        random: the source of the jitter.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.attempts = 0

    def next_delay(self) -> float:
        """Return the seconds to wait before the next attempt, and count it."""
        longest = min(FIRST_DELAY * 2.0**self.attempts, LONGEST_DELAY)
        self.attempts += 1
        return longest * self._random.uniform(0.5, 1.0)

    def spread(self) -> float:
        """Return the seconds to wait before another server is tried."""
        return self._random.uniform(0, MOST_SPREAD)

    def reset(self) -> None:
        """Begin anew with the shortest pause."""
        self.attempts = 0

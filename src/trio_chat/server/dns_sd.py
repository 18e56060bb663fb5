"""The responder of DNS-SD (RFC 6763) over multicast DNS (RFC 6762): services of this server, and a
host name that ends in `.local`.

`zeroconf` runs in a thread of its own. Everything here blocks, and belongs into a thread.
"""

import asyncio
import logging
import socket
from collections.abc import Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar

from trio_chat.interfaces import fallbacks
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import ServiceRecord, instance_label
from trio_chat.server.local_host import LOCAL, HostConflict

if TYPE_CHECKING:
    from zeroconf import RecordUpdate, ServiceInfo, Zeroconf

_T = TypeVar("_T")

_TIMEOUT = 10.0
"""Seconds for what takes `zeroconf` one or two when nothing disturbs it."""
_PROBE = 750
"""Milliseconds in which the owner of a name answers (RFC 6762 §8.1)."""
_MOST_NAMES = 20


class ResponderError(Exception):
    """Multicast DNS cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertised:
    """What a responder makes known.

    Args:
        record: the server.
        types: of its services.
        host: the name to be answered, such as `chat.local`.
        addresses: with which it is answered.
        own: all addresses of this machine, with which another program may answer for it.
        sources: the addresses from which to speak, as of `multicast_sources`; those that are
            answered when there are none.
    """

    record: ServiceRecord
    types: tuple[str, ...]
    host: str
    addresses: tuple[IpAddress, ...]
    own: frozenset[IpAddress] = field(default=frozenset(), compare=False)
    sources: tuple[IpAddress, ...] = ()


class Responder:
    """Makes a server known until it is closed. Its methods block."""

    def __init__(self) -> None:
        self._zeroconf: Zeroconf | None = None
        self._services: list[ServiceInfo] = []
        self._is_closed = False
        self._attempt = 0  # which of the ways to speak is possible
        self._conflict: HostConflict | None = None
        self.host = ""
        """The name that is answered; "" before `start`, and another one than wanted if that is
        taken.
        """

    @property
    def name(self) -> str:
        """The name of the first service, which differs from the wanted one if that is taken."""
        return self._services[0].get_name() if self._services else ""

    def start(self, advertised: Advertised) -> None:
        """Find names that nobody else has, and make the services known.

        Raises:
            ResponderError: multicast DNS cannot be used. Nothing is left behind.
        """
        import zeroconf  # noqa: PLC0415  # only a server that has started needs it

        _silence()
        try:
            running = self._open(advertised)
            own = advertised.own | set(advertised.addresses)
            self.host = _free_host(running, advertised.host, own)
            self._services = [self._service(type_, advertised) for type_ in advertised.types]
            self._conflict = HostConflict(self.host, advertised.addresses, own)
            _listen(running, self._conflict)
            _register(running, self._services)
        except (OSError, RuntimeError, TimeoutError, zeroconf.Error, ResponderError) as error:
            self.close()
            raise ResponderError(str(error) or type(error).__name__) from error

    @property
    def has_lost_name(self) -> bool:
        """Whether another machine answers the same host name and keeps it; `start` of a new
        responder then finds another one.
        """
        return self._conflict is not None and self._conflict.is_lost

    def move(self, advertised: Advertised) -> None:
        """Follow a change of this machine's addresses.

        Args:
            advertised: as for `start`, with other addresses.

        Raises:
            ResponderError: multicast DNS cannot be used any more.
        """
        import zeroconf  # noqa: PLC0415

        running = self._zeroconf
        if running is None:
            raise ResponderError("closed")
        try:
            if self._conflict is not None:
                self._conflict.move(advertised.addresses, advertised.own)
            choices = self._speaking(advertised)
            running.update_interfaces(choices[min(self._attempt, len(choices) - 1)])
            for service in self._services:
                service.addresses = [address.packed for address in advertised.addresses]
                running.update_service(service)
        except (OSError, RuntimeError, TimeoutError, zeroconf.Error) as error:
            raise ResponderError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Say goodbye, so that others forget this server at once; end `start` if another thread is
        in it. A second call does nothing.
        """
        self._is_closed = True
        running, self._zeroconf = self._zeroconf, None
        if running is not None:
            running.close()

    def _open(self, advertised: Advertised) -> "Zeroconf":
        """Return what speaks, by both versions of IP or, where that is not possible, by one."""
        import zeroconf  # noqa: PLC0415

        choices = self._speaking(advertised)
        for self._attempt, sources in enumerate(choices):
            try:
                running = self._zeroconf = zeroconf.Zeroconf(interfaces=sources, use_asyncio=False)
                if self._is_closed:
                    raise ResponderError("closed")
                _keep_answers_in_this_network(running)
            except (OSError, RuntimeError):
                if self._attempt == len(choices) - 1:
                    raise
                if self._zeroconf is not None:
                    self._zeroconf.close()
            else:
                return running
        raise ResponderError("there is no address to speak from")

    @staticmethod
    def _speaking(advertised: Advertised) -> list[list[str]]:
        return fallbacks(advertised.sources or advertised.addresses)

    def _service(self, type_: str, advertised: Advertised) -> "ServiceInfo":
        from zeroconf import ServiceInfo  # noqa: PLC0415

        record = advertised.record
        return ServiceInfo(
            type_,
            f"{instance_label(record.name)}.{type_}",
            port=record.port,
            properties=record.properties(),
            server=f"{self.host}.",
            addresses=[address.packed for address in advertised.addresses],
        )


def _run(running: "Zeroconf", work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine in the thread of `zeroconf`, and return its result."""
    if running.loop is None:
        work.close()
        raise ResponderError("closed")
    return asyncio.run_coroutine_threadsafe(work, running.loop).result(_TIMEOUT)


def _register(running: "Zeroconf", services: Iterable["ServiceInfo"]) -> None:
    """Register services at the same time, each under a name that is free: it takes more than a
    second.
    """

    async def register(service: "ServiceInfo") -> None:
        await (await running.async_register_service(service, allow_name_change=True))

    async def register_all() -> None:
        await asyncio.gather(*map(register, services))

    _run(running, register_all())


def _free_host(running: "Zeroconf", wanted: str, own: Collection[IpAddress]) -> str:
    """Return a host name that no other machine answers: the wanted one, or one with a number
    (RFC 6762 §9).
    """
    from zeroconf import AddressResolver  # type: ignore[attr-defined]  # noqa: PLC0415

    label = wanted.removesuffix(LOCAL)
    for number in range(1, _MOST_NAMES):
        host = wanted if number == 1 else f"{label}-{number}{LOCAL}"
        resolver = AddressResolver(f"{host}.")
        if not resolver.request(running, _PROBE):
            return host
        # Another server of this machine may have it: its answers are the same.
        if {ip_address(text) for text in resolver.parsed_addresses()} <= set(own):
            return host
    raise ResponderError(f"{wanted} and {_MOST_NAMES - 1} names like it are taken")


def _keep_answers_in_this_network(running: "Zeroconf") -> None:
    """Make the answers to single senders end at the first router.

    `zeroconf` answers queries from everywhere, although RFC 6762 §11 forbids it, so an attacker on
    the Internet could have answers sent to somebody else.
    """
    _run(running, running.async_wait_for_start())
    for reader in running.engine.readers:
        sock: socket.socket = reader.transport.get_extra_info("socket")
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)
        if sock.family == socket.AF_INET or not _is_only_ipv6(sock):
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)


def _listen(running: "Zeroconf", conflict: HostConflict) -> None:
    """Let a conflict hear all addresses that others answer."""
    from zeroconf import RecordUpdateListener  # noqa: PLC0415

    class Listener(RecordUpdateListener):
        """Passes addresses on."""

        def async_update_records(
            self,
            zc: "Zeroconf",
            now: float,
            records: "list[RecordUpdate]",
        ) -> None:
            """Look at the records of one packet."""
            for record in records:
                packed = getattr(record.new, "address", None)  # of A and AAAA alone
                if packed is not None and record.new.ttl:  # 0 is a goodbye
                    conflict.hear(record.new.key, packed)

    running.add_listener(Listener(), None)


def _is_only_ipv6(sock: socket.socket) -> bool:
    return bool(sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))


def _silence() -> None:
    """Keep the warnings of `zeroconf` about other machines out of standard error."""
    logger = logging.getLogger("zeroconf")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

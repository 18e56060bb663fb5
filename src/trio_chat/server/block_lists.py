"""DNS-based block lists: what they say of the address of a client (RFC 5782).

The look-up takes place while a client registers, and ends before it is welcome, within a deadline;
without an answer the client is not listed. Answers are kept as long as DNS says.
"""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, NamedTuple

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import OperatorsNotified, ProbationBegun
from trio_chat.chat.events import Event, Output
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.config import BlockListZone, DnsblSettings
from trio_chat.installation import install_command
from trio_chat.irc.addresses import IpAddress, parse_address
from trio_chat.irc.masks import Network
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.peer import is_in

if TYPE_CHECKING:
    import dns.asyncresolver

log = logging.getLogger("trio_chat")

REFUSE, REQUIRE_ACCOUNT = "refuse", "require-account"
_MOST_AT_ONCE = 32
"""Clients whose addresses are looked up at the same time; others are not looked up."""
_MOST_KEPT = 10_000
_SHORTEST, _LONGEST = 60.0, 3600.0
"""Seconds for which an answer is kept, whatever DNS says."""
_UNLISTED = 600.0
"""Seconds for which it is kept that an address is not listed."""
_ERRORS = "127.255.255."
"""Answers with which a list says that it does not answer, such as to a public resolver."""


class Records(NamedTuple):
    """The addresses that a name has, and for how many seconds; none if there is no such name."""

    addresses: Sequence[str]
    seconds: float


class LookupFailed(Exception):
    """DNS has no answer; the message says why."""


Resolve = Callable[[str], Awaitable[Records]]
"""Return the records A of a name.

Raises:
    LookupFailed: there is no answer.
"""


class _Known(NamedTuple):
    """What is known of an address: the lists that have it, until a time."""

    zones: tuple[str, ...]
    until: float


class BlockLists:
    """The block lists of config.ini.

    Args:
        world: learns of addresses that are listed.
        broadcaster: by which operators get notices.
        settings: returns the current settings.
        trusted: returns the networks that no list is asked for, whatever the settings say.
        resolve: asks DNS; by default dnspython does, with the resolvers of the machine.
    """

    def __init__(
        self,
        world: World,
        broadcaster: Broadcaster,
        settings: Callable[[], DnsblSettings],
        trusted: Callable[[], tuple[Network, ...]],
        resolve: Resolve | None = None,
    ) -> None:
        self._world = world
        self._broadcaster = broadcaster
        self._settings = settings
        self._trusted = trusted
        self._resolve = resolve
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._looking = 0

    def concern(self, session: Session) -> bool:
        """Return whether there are lists to be asked for the address of a new session."""
        settings = self._settings()
        return (
            bool(settings.zones)
            and public_address(session.address) is not None
            and not is_in(session.address, (*settings.exempt, *self._trusted()))
        )

    async def check(self, session: Session) -> str:
        """Look the address of a new session up; return why its connection is refused, or "".

        If cancelled, the address counts as not listed.
        """
        address = public_address(session.address)
        if address is None:
            return ""
        known = self._known.get(str(address))
        if known is None or known.until < trio.current_time():
            known = await self._ask(address)
            if known is not None and known.zones:
                await self._notify(session, known.zones)
        if known is None or not known.zones:
            return ""
        return await self._act(session, known.zones)

    async def _ask(self, address: IpAddress) -> _Known | None:
        if self._looking >= _MOST_AT_ONCE:
            return None
        found: dict[str, float] = {}
        failed: list[str] = []
        settings = self._settings()
        self._looking += 1
        try:
            with trio.move_on_after(settings.timeout) as scope:
                async with trio.open_nursery() as nursery:
                    for zone in settings.zones:
                        nursery.start_soon(self._ask_one, zone, address, found, failed)
        finally:
            self._looking -= 1
        seconds = min(found.values(), default=_UNLISTED)
        if not found and (failed or scope.cancelled_caught):
            seconds = _SHORTEST
            why = ", ".join(failed) or f"no answer within {settings.timeout:g} seconds"
            log.warning("block lists do not answer for %s: %s", address, why)
        return self._keep(str(address), tuple(sorted(found)), seconds)

    async def _ask_one(
        self, zone: BlockListZone, address: IpAddress, found: dict[str, float], failed: list[str]
    ) -> None:
        try:
            if self._resolve is None:
                self._resolve = await trio.to_thread.run_sync(resolver)
            records = await self._resolve(query_name(address, zone.name))
        except LookupFailed as error:
            failed.append(f"{zone.name}: {error}")
            return
        if any(each.startswith(_ERRORS) for each in records.addresses):
            failed.append(f"{zone.name}: it refuses to answer this resolver")
        elif any(zone.lists(each) for each in records.addresses):
            found[zone.name] = min(max(records.seconds, _SHORTEST), _LONGEST)

    def _keep(self, key: str, zones: tuple[str, ...], seconds: float) -> _Known:
        known = _Known(zones, trio.current_time() + seconds)
        self._known[key] = known
        self._known.move_to_end(key)
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return known

    async def _notify(self, session: Session, zones: tuple[str, ...]) -> None:
        text = f"{session.address} is in the block lists {', '.join(zones)}"
        log.info("%s", text)
        await self._accept(lambda: apply(self._world, OperatorsNotified(text)))

    async def _act(self, session: Session, zones: tuple[str, ...]) -> str:
        action = self._settings().action
        if action == REFUSE:
            return f"Your address is in the block list {zones[0]}, which this server uses"
        session.needs_account = action == REQUIRE_ACCOUNT
        if session.payer:
            change = ProbationBegun(session.payer, is_listed=True)
            await self._accept(lambda: apply(self._world, change))
        return ""

    async def _accept(self, work: Callable[[], list[Event]]) -> None:
        await self._broadcaster.wait_room()
        self._broadcaster.accept(Output(tuple(work())))


def public_address(text: str) -> IpAddress | None:
    """Return an address that lists can have; None for one of a private network or of a machine."""
    address = parse_address(text)
    return address if address is not None and address.is_global else None


def query_name(address: IpAddress, zone: str) -> str:
    """Return the name that a list has for an address (RFC 5782 §2.1, §2.4)."""
    if isinstance(address, IPv4Address):
        parts = str(address).split(".")
    else:
        parts = list(address.exploded.replace(":", ""))
    return f"{'.'.join(reversed(parts))}.{zone}."


def resolver() -> Resolve:
    """Return what asks the resolvers of the machine, by dnspython. It may block.

    Raises:
        LookupFailed: dnspython is not installed, or the machine has no resolver.
    """
    try:
        import dns.asyncbackend  # noqa: PLC0415  # only servers with block lists need it
        import dns.asyncresolver  # noqa: PLC0415
        import dns.exception  # noqa: PLC0415
        import dns.resolver  # noqa: PLC0415
    except ImportError as error:
        raise LookupFailed(f"dnspython is missing: {install_command('dnsbl')}") from error
    try:
        return partial(resolve_by, dns.asyncresolver.Resolver())
    except dns.exception.DNSException as error:
        raise LookupFailed(f"no resolver: {error}") from error


async def resolve_by(resolver: "dns.asyncresolver.Resolver", name: str) -> Records:
    """Ask a resolver of dnspython; see `Resolve`."""
    import dns.asyncbackend  # noqa: PLC0415
    import dns.exception  # noqa: PLC0415
    import dns.resolver  # noqa: PLC0415

    backend = dns.asyncbackend.get_backend("trio")
    try:
        answer = await resolver.resolve(name, "A", search=False, backend=backend)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Records((), _UNLISTED)
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailed(str(error)) from error
    addresses = [str(record.address) for record in answer]
    return Records(addresses, answer.rrset.ttl if answer.rrset is not None else _UNLISTED)

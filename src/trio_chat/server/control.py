"""What operators need of the edge: their passwords checked, the configuration read again, the server stopped."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_network
from typing import Protocol

import trio

from trio_chat.chat.accounts import Busy
from trio_chat.chat.cloaks import parse_address
from trio_chat.chat.events import Output
from trio_chat.chat.operators import RehashError
from trio_chat.chat.world import World
from trio_chat.config import ConfigError, Settings
from trio_chat.server import rehash
from trio_chat.server.accounts import Cost
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.certificates import CertificateError
from trio_chat.server.hashing import HashingThreads

log = logging.getLogger("trio_chat")

WRONG_DELAY = 1.0
"""Seconds that somebody waits for the answer to a wrong password."""
MOST_WRONG = 10
"""Wrong passwords of one network in `WRONG_WINDOW`; more are not looked at."""
WRONG_WINDOW = 600.0
_MOST_NETWORKS = 4096
"""Networks whose wrong passwords are counted; the oldest gives way."""


class Attempts:
    """Counts wrong passwords by where they come from: an address of IPv4, a /64 of IPv6.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def are_spent(self, address: str) -> bool:
        """Tell whether somebody has been wrong too often."""
        count, since = self._wrong.get(_network(address), (0, 0.0))
        return count >= MOST_WRONG and self._clock() - since < WRONG_WINDOW

    def note_wrong(self, address: str) -> None:
        """Count one."""
        network, now = _network(address), self._clock()
        count, since = self._wrong.pop(network, (0, now))
        self._wrong[network] = (count + 1, since) if now - since < WRONG_WINDOW else (1, now)
        while len(self._wrong) > _MOST_NETWORKS:
            self._wrong.popitem(last=False)


def _network(address: str) -> str:
    parsed = parse_address(address)
    if parsed is None or parsed.version == 4:
        return str(parsed or address)
    return str(ip_network((parsed, 64), strict=False))


class Steered(rehash.Reconfigured, Protocol):
    """What is controlled: the server."""

    world: World
    broadcaster: Broadcaster

    def stop(self) -> None:
        """Make it end."""

    async def reload_certificate(self, settings: Settings) -> None:
        """Read the TLS certificate again, for who comes from now on.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """


class ServerControl:
    """The port `trio_chat.chat.operators.Control`.

    Args:
        server: what is controlled.
        cost: how dear a hash is.
        threads: where passwords are hashed.
        load: reads the configuration again, and may block; None when there is none to be read.
    """

    def __init__(self, server: Steered, cost: Cost, threads: HashingThreads, load: Callable[[], Settings] | None = None) -> None:
        self._server = server
        self._cost = cost
        self._decoy = cost.nobody()
        self._threads = threads
        self._load = load
        self._lock = trio.Lock()
        self._attempts = Attempts(trio.current_time)

    async def is_password(self, hashed: str, password: str, address: str) -> bool:
        """Tell whether a password is right; see `Control.is_password`."""
        if self._attempts.are_spent(address):
            raise Busy
        is_right = await self._threads.run(address, self._cost.verify, hashed or self._like_the_others(), password)
        if is_right and hashed:
            return True
        self._attempts.note_wrong(address)
        await trio.sleep(WRONG_DELAY)
        return False

    def _like_the_others(self) -> str:
        """Return a hash that fits nothing and is as dear as those in config.ini, which may be of another cost than ours."""
        known = next((entry.password for entry in self._server.world.identity.operators.values() if entry.password), "")
        return f"{known.rsplit('$', 2)[0]}${self._decoy.split('$', 4)[4]}" if known else self._decoy

    async def rehash(self) -> list[str]:
        """Read the configuration and apply it; see `Control.rehash`. When cancelled before it is read, nothing changes."""
        if self._load is None:
            raise RehashError("this server was started without a configuration that could be read again")
        async with self._lock:
            try:
                settings = await trio.to_thread.run_sync(self._load)
                await self._server.reload_certificate(settings)
            except (ConfigError, CertificateError) as error:
                log.error("the configuration was not read again, the old one stays: %s", error)
                raise RehashError(str(error)) from error
            await self._server.broadcaster.wait_room()
            outcome = rehash.apply(self._server, settings)
            self._server.broadcaster.accept(Output(tuple(outcome.events)))
        for line in outcome.lines:
            log.info("configuration: %s", line)
        return outcome.lines

    def shut_down(self) -> None:
        """Begin to stop the server."""
        self._server.stop()

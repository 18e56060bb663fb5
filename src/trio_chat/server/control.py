"""The port of operators to the edge: checked passwords, rehashing the configuration, stopping the
server.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from trio_chat.chat.accounts import Origin
from trio_chat.chat.control import RehashError, ShownNode
from trio_chat.chat.events import Output
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.config import ConfigError, Settings
from trio_chat.server import rehash
from trio_chat.server.accounts import Cost
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.certificates import CertificateError
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.login.problem import LoginSetupError
from trio_chat.server.prometheus import CLUSTER, TABLE
from trio_chat.server.secret_file import SecretFileError
from trio_chat.server.statistics import ServerStatistics

log = logging.getLogger("trio_chat")

_COMMAND = "PASS"
"""The name under which wrong server passwords are counted."""


class ControlledServer(rehash.ReconfigurableServer, Protocol):
    """What is controlled: the server."""

    world: World
    broadcaster: Broadcaster

    def stop(self) -> None:
        """Stop the server."""

    def statistics(self) -> ServerStatistics:
        """Return a snapshot of its numbers."""

    def issue_api_token(self, session: Session) -> tuple[int, str]:
        """Return a token for the HTTP API, and for how many seconds it is valid."""

    def nodes(self) -> Sequence[ShownNode]:
        """Return how the nodes of its cluster stand."""

    async def reload_logins(self, settings: Settings) -> None:
        """Have the single sign-on, and the directory, of these settings.

        Raises:
            LoginSetupError: one of them cannot be used; those before stay.
        """

    async def reload_translation(self, settings: Settings) -> None:
        """Have the translation service of these settings.

        Raises:
            SecretFileError: it cannot be used; the one before stays.
        """

    async def reload_certificate(self, settings: Settings) -> None:
        """Read the TLS certificate again, for new connections.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """


class ServerControl:
    """The port `trio_chat.chat.control.Control`.

    Args:
        server: what is controlled.
        cost: the cost of a hash.
        threads: where passwords are hashed.
        load: reads the configuration again, and may block; None when there is none to be read.
    """

    def __init__(
        self,
        server: ControlledServer,
        cost: Cost,
        threads: HashingThreads,
        load: Callable[[], Settings] | None = None,
    ) -> None:
        self._server = server
        self._cost = cost
        self._decoy = cost.nobody()
        self._threads = threads
        self._load = load
        self._lock = trio.Lock()

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Return whether a password is right; see `Control.is_password`."""
        decoy = "" if hashed else self._like_the_others()
        lockout, verify = self._threads.operators, self._cost.verify
        is_right = await self._threads.check(
            lockout, name, origin, verify, hashed or decoy, password, is_decoy=bool(decoy)
        )
        if is_right:
            lockout.note_right(name, origin)
        return is_right

    def _like_the_others(self) -> str:
        """Return a hash that fits no password and costs as much as those in config.ini, which may
        differ from `cost`.
        """
        known = next(
            (
                entry.password
                for entry in self._server.world.server_info.operators.values()
                if entry.password
            ),
            "",
        )
        return f"{known.rsplit('$', 2)[0]}${self._decoy.split('$', 4)[4]}" if known else self._decoy

    def refuse_guesser(self, origin: Origin) -> None:
        """Check no server password after too many wrong ones; see `Control.refuse_guesser`."""
        self._threads.server.refuse(_COMMAND, origin)

    def note_password(self, origin: Origin, *, is_right: bool) -> None:
        """Count a password of the server; see `Control.note_password`."""
        lockout = self._threads.server
        (lockout.note_right if is_right else lockout.note_wrong)(_COMMAND, origin)

    def issue_api_token(self, session: Session) -> tuple[int, str]:
        """Return a token of an operator; see `Control.issue_api_token`."""
        return self._server.issue_api_token(session)

    def numbers(self) -> list[tuple[str, float]]:
        """Return the numbers of the server; see `Control.numbers`."""
        now = self._server.statistics()
        answers = ("Answers by HTTP.", float(sum(now.requests.values())))
        node = now.node
        own = [(f"Cluster: {row.help}", row.value(node)) for row in CLUSTER] if node else []
        return [*((row.help, row.value(now)) for row in TABLE), answers, *own]

    def nodes(self) -> Sequence[ShownNode]:
        """Return how the nodes of the cluster stand; see `Control.nodes`."""
        return self._server.nodes()

    async def rehash(self) -> list[str]:
        """Read the configuration and apply it; see `Control.rehash`. When cancelled before it is
        read, nothing changes.
        """
        if self._load is None:
            raise RehashError(
                "this server was started without a configuration that could be read again"
            )
        async with self._lock:
            try:
                settings = await trio.to_thread.run_sync(self._load)
                if self._server.world.is_replicated and (
                    why := rehash.why_not_in_cluster(self._server, settings)
                ):
                    raise ConfigError(why)
                # Merged, because a self-signed certificate stays next to the database that is in
                # use.
                merged = rehash.merge(self._server.settings, settings)
                await self._server.reload_certificate(merged)
                await self._server.reload_logins(merged)
                await self._server.reload_translation(merged)
            except (ConfigError, CertificateError, LoginSetupError, SecretFileError) as error:
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

"""What tests need of the engines of a cluster's log, whichever they are."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import postgres_fakes
import redis_fakes
from trio_chat.server.cluster.engines import EngineLog
from trio_chat.server.cluster.log import START, Log, Stored


class Engine(Protocol):
    """An engine with a port of its own, which can be killed and started again."""

    @property
    def url(self) -> str:
        """Its address."""

    def log(self, replicas: int = 0) -> EngineLog:
        """Return a log in it, with connections of its own."""

    def start(self) -> None:
        """Start it, on the port that it had before."""

    def kill(self) -> None:
        """Kill it."""

    async def trim(self, keep: int) -> None:
        """Remove the oldest entries of the log."""


Start = Callable[[Path], AbstractContextManager[Engine]]
"""Runs an engine that keeps its data in a directory."""
ENGINES: dict[str, Start] = {"redis": redis_fakes.engine, "postgres": postgres_fakes.engine}


async def read_all(log: Log, after: str = START, least: int = 1) -> list[Stored]:
    """Return what is in the log after a position."""
    found: list[Stored] = []
    while len(found) < least:
        found += await log.read(found[-1].position if found else after)
    return found

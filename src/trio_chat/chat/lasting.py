"""What of the state lasts besides messages and accounts: registered channels, and how far people have read.

It is all in memory; whatever changes is noted here, and a task of the edge writes it down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Changes(NamedTuple):
    """What is to be written down.

    Args:
        channels: the state of registered channels by folded name; None forgets one.
        markers: how far an account (folded) has read a target (folded), as the server-time tag writes it.
    """

    channels: Mapping[str, dict[str, Any] | None]
    markers: Mapping[tuple[str, str], str]


class Store(Protocol):
    """Where it is kept."""

    async def load(self) -> Changes:
        """Return everything that was ever kept and not forgotten."""

    async def save(self, changes: Changes) -> None:
        """Keep changes, all or nothing."""


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Unsaved:
    """What has changed and is not written down yet.

    Args:
        channels: folded names of registered channels, or of those that no longer are.
        markers: accounts (folded) and targets (folded).
        on_change: called when something is noted.
    """

    channels: set[str] = field(default_factory=set)
    markers: set[tuple[str, str]] = field(default_factory=set)
    on_change: Callable[[], None] = _nothing

    def note_channel(self, folded: str) -> None:
        """Note that what lasts of a channel has changed."""
        self.channels.add(folded)
        self.on_change()

    def note_marker(self, account: str, target: str) -> None:
        """Note that somebody has read on."""
        self.markers.add((account, target))
        self.on_change()

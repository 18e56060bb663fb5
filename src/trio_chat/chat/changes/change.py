"""The base of all changes of state."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state; each subclass is one kind."""

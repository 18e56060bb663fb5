"""A channel that we are in, as the server has told us of it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class ChannelState:
    """A channel we are in: its name as the server writes it, and its members by folded nickname."""

    name: str
    members: dict[str, str] = field(default_factory=dict)
    ranks: dict[str, str] = field(default_factory=dict)
    """Prefixes by folded nickname, the highest first; of those who have any."""

"""A channel that this client is in, as the server has described it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class ChannelState:
    """The name of a channel as the server writes it, and its members by folded nickname."""

    name: str
    members: dict[str, str] = field(default_factory=dict)
    ranks: dict[str, str] = field(default_factory=dict)
    """Prefixes by folded nickname, the highest first; only members that have any."""

    def remove(self, key: str) -> None:
        """Remove a member by its folded nickname, if it is there."""
        self.members.pop(key, None)
        self.ranks.pop(key, None)

    def rename(self, old: str, new: str, nick: str) -> None:
        """Give a member, if it is there, another nickname: both folded, and the new one as it is
        written.
        """
        if self.members.pop(old, None) is not None:
            self.members[new] = nick
            if ranks := self.ranks.pop(old, ""):
                self.ranks[new] = ranks

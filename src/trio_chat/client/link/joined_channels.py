"""The channels that the user is in, and the one of them to which typed lines go; they outlive a
connection.
"""

from collections.abc import Iterable

from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.features import Features


class JoinedChannels:
    """The channels.

    Args:
        channel: the one to join first, "" for none.
        more: others to join as well.
    """

    def __init__(self, channel: str, more: Iterable[str] = ()) -> None:
        self.current = channel
        self.features = Features()
        self._asked = channel
        self._names = [*([channel] if channel else []), *more]
        self._keys: dict[str, str] = {}

    def is_current(self, target: str) -> bool:
        """Return whether a target is the channel that the user talks in."""
        return bool(self.current) and self.features.same(target, self.current)

    def ask(self, channel: str, key: str) -> None:
        """Note that the user wants to talk in another channel."""
        self._asked = channel
        self._keys[self.features.fold(channel)] = key

    def joined(self, channel: str) -> None:
        """Go to a channel that was joined, if the user asked for it or is in no other."""
        if not self.current or self.features.same(channel, self._asked):
            self.current = channel

    def left(self, channel: str, others: Iterable[ChannelState]) -> None:
        """Go to another channel when the current one is no longer ours."""
        if self.is_current(channel):
            self.current = next((other.name for other in others), "")

    def to_join(self) -> list[tuple[str, str]]:
        """Return the channels to join on a new connection, each with its key."""
        self._asked = self.current
        return [(name, self._keys.get(self.features.fold(name), "")) for name in self._names]

    def remember(self, channels: Iterable[ChannelState]) -> None:
        """Remember the channels of a connection that has ended, the current one first."""
        self._names = sorted(
            (channel.name for channel in channels), key=lambda name: not self.is_current(name)
        )

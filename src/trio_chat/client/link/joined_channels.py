"""The channels of a link, and the current one, to which typed lines go: over all connections."""

from collections.abc import Iterable

from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.features import Features


class JoinedChannels:
    """The channels.

    Args:
        channel: the channel to join first, "" for none.
        more: other channels to join.
        key: the key of the first one; "" for none.

    Attributes:
        current: the channel to which typed lines go, "" for none.
        features: of the server of the latest connection.
    """

    def __init__(self, channel: str, more: Iterable[str] = (), key: str = "") -> None:
        self.current = channel
        self.features = Features()
        self._asked = channel
        self._left = ""
        self._names = [*([channel] if channel else []), *more]
        self._keys: dict[str, str] = {self.features.fold(channel): key} if key else {}

    def is_current(self, target: str) -> bool:
        """Return whether a target is the current channel."""
        return bool(self.current) and self.features.same(target, self.current)

    def ask(self, channel: str, key: str) -> None:
        """Note that the user wants to talk in a channel; `joined` makes it the current one."""
        self._asked = channel
        self.set_key(channel, key)

    def set_key(self, channel: str, key: str) -> None:
        """Set the key with which a channel is joined."""
        self._keys[self.features.fold(channel)] = key

    def joined(self, channel: str, instead_of: str = "") -> None:
        """Make a joined channel the current one, if the user asked for it or there is no other, or
        it is in the place of the one that was current.
        """
        is_successor = bool(instead_of) and instead_of == self._left
        if not self.current or self.features.same(channel, self._asked) or is_successor:
            self.current = channel

    def renamed(self, old: str, new: str) -> None:
        """Note that a channel has another name."""
        same = self.features.same
        if same(old, self._asked):
            self._asked = new
        if self.is_current(old):
            self.current = new
        self._names = [new if same(name, old) else name for name in self._names]
        if key := self._keys.pop(self.features.fold(old), ""):
            self.set_key(new, key)

    def left(self, channel: str, others: Iterable[ChannelState]) -> None:
        """Make another channel the current one, if the user is no longer in the current one."""
        self._left = channel if self.is_current(channel) else ""
        if self._left:
            self.current = next((other.name for other in others), "")

    def to_join(self) -> list[tuple[str, str]]:
        """Return the channels to join on a new connection, each with its key."""
        if any(self.features.same(name, self._asked) for name in self._names):
            self._asked = self.current  # any other one was asked for meanwhile, and is to come
        return [(name, self._keys.get(self.features.fold(name), "")) for name in self._names]

    def remember(self, channels: Iterable[ChannelState]) -> None:
        """Remember the channels of a connection that has ended, the current one first."""
        self._names = sorted(
            (channel.name for channel in channels), key=lambda name: not self.is_current(name)
        )

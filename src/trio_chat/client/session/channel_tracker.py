"""Channels that this client has joined, or asked to join, on one connection, and their members."""

from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.features import Features

_MOST_CHANNELS = 1000
_MOST_MEMBERS = 200_000
"""Channels, and members of all of them, that are kept: a server could send such without an end."""


class ChannelTracker:
    """The channels, by folded names.

    Args:
        features: of the server.

    Attributes:
        joined: the channels that this client is in.
        just_left: the channel that this client was taken out of by the message before; "" for none.
    """

    def __init__(self, features: Features) -> None:
        self.joined: dict[str, ChannelState] = {}
        self.just_left = ""
        self._features = features
        self._joining: list[tuple[str, bool]] = []
        self._names: dict[str, ChannelState] = {}
        self._added = 0  # members, since they were counted

    @property
    def is_settled(self) -> bool:
        """Whether every JOIN was answered, and the members of every channel are known."""
        return not self._joining and not self._names

    @property
    def is_joining(self) -> bool:
        """Whether a JOIN was not answered yet."""
        return bool(self._joining)

    def get(self, name: str) -> ChannelState | None:
        """Return a channel that this client is in."""
        return self.joined.get(self._features.fold(name))

    def has_member(self, nick: str) -> bool:
        """Return whether a user is in one of the channels."""
        key = self._features.fold(nick)
        return any(key in channel.members for channel in self.joined.values())

    # This client

    def asked(self, name: str, *, has_key: bool = False) -> None:
        """Note that JOIN was sent for a channel, perhaps with a key or an invitation."""
        self._joining.append((name, has_key))

    def answered(self, name: str) -> bool | None:
        """Note that a JOIN was answered; return whether it had a key, None if none was awaited."""
        for asked in self._joining:
            if self._features.same(asked[0], name):
                self._joining.remove(asked)
                return asked[1]
        return None

    def enter(self, name: str) -> bool:
        """Note that this client has joined a channel; return whether it is kept."""
        key = self._features.fold(name)
        _make(self.joined, key, name)
        self.answered(name)
        return key in self.joined

    def leave(self, name: str) -> None:
        """Note that this client is in a channel no longer."""
        self.joined.pop(self._features.fold(name), None)

    def rename_channel(self, old: str, new: str) -> None:
        """Note that a channel has another name."""
        if channel := self.joined.pop(self._features.fold(old), None):
            channel.name = new
            self.joined[self._features.fold(new)] = channel

    # Members

    def add(self, name: str, nick: str) -> None:
        """Note that a user has joined a channel."""
        channel = self.get(name)
        if channel and self._has_room():
            channel.members[self._features.fold(nick)] = nick

    def remove(self, name: str, nick: str) -> None:
        """Note that a user has left a channel."""
        if channel := self.get(name):
            channel.remove(self._features.fold(nick))

    def remove_everywhere(self, nick: str) -> None:
        """Note that a user has left the server."""
        for channel in self.joined.values():
            channel.remove(self._features.fold(nick))

    def rename(self, old: str, new: str) -> None:
        """Note that a user has another nickname."""
        for channel in self.joined.values():
            channel.rename(self._features.fold(old), self._features.fold(new), new)

    def change_ranks(self, name: str, modes: tuple[str, ...]) -> list[tuple[str, str]]:
        """Apply the parameters of MODE; return the members whose ranks were in it, with the
        prefixes that they have now.
        """
        channel = self.get(name)
        if channel is None:
            return []
        changed = []
        for nick, prefix, is_set in self._features.rank_changes(modes):
            key = self._features.fold(nick)
            if key not in channel.members:
                continue
            known = channel.ranks.get(key, "").replace(prefix, "")
            channel.ranks[key] = self._features.sorted_ranks(known + (prefix if is_set else ""))
            changed.append((channel.members[key], channel.ranks[key]))
        return changed

    # NAMES

    def add_names(self, name: str, words: list[str]) -> None:
        """Take the words of one RPL_NAMREPLY: nicknames with their prefixes, and with addresses
        where userhost-in-names is enabled.
        """
        key = self._features.fold(name)
        names = self._names.get(key) or _make(self._names, key, name)
        for word in words:
            if not self._has_room():
                return
            rest = word.lstrip(self._features.prefixes)
            nick = rest.partition("!")[0]
            key = self._features.fold(nick)
            names.members[key] = nick
            if len(rest) < len(word):
                names.ranks[key] = word[: len(word) - len(rest)]

    def end_names(self, name: str) -> ChannelState:
        """Return the complete answer to NAMES; its members are those of the channel from now on, if
        this client is in it.
        """
        names = self._names.pop(self._features.fold(name), ChannelState(name))
        if channel := self.get(name):
            channel.members, channel.ranks = names.members, names.ranks
        return names

    def _has_room(self) -> bool:
        """Return whether one more member can be kept."""
        self._added += 1
        if self._added > _MOST_MEMBERS:
            kept = (*self.joined.values(), *self._names.values())
            self._added = 1 + sum(len(channel.members) for channel in kept)
        return self._added <= _MOST_MEMBERS


def _make(kept: dict[str, ChannelState], key: str, name: str) -> ChannelState:
    """Return a new channel, which is kept if there are not too many."""
    channel = ChannelState(name)
    if key in kept or len(kept) < _MOST_CHANNELS:
        kept[key] = channel
    return channel

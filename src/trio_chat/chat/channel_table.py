"""The table of existing channels by folded name, with the indexes of secret channels, confusable
names and former names.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.confusables import ConfusableIndex
from trio_chat.chat.ids import IdSource
from trio_chat.chat.users import User
from trio_chat.irc import modes
from trio_chat.irc.names import fold_or_self

_DAY: Final = 86_400.0
_MOST_FORMER_NAMES: Final = 5
"""Former names of one channel that lead to it."""


class ChannelTable(dict[str, Channel]):
    """All channels.

    Args:
        clock: returns seconds of Unix time.
        ids: the source of the id at which a channel is created.
        markers: the read markers of accounts (by number) for targets (folded), which are renamed
            with a channel.
        steady: returns seconds of Unix time by which things expire; see `steady`.
        renamed_days: the days for which a former name is redirected to its channel.
        on_ended: called with `Channel.founded` when a channel, or its registration, has ended.

    Attributes:
        lobby: the channel that always exists, or None.
        secret: the secret channels (+s): counting them at each connection would be slow.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        ids: IdSource,
        markers: dict[int, dict[str, str]],
        steady: Callable[[], float],
        renamed_days: int = 30,
        on_ended: Callable[[int], object] = int,
    ) -> None:
        super().__init__()
        self._on_ended = on_ended
        self._redirection = renamed_days * _DAY
        self._former: dict[str, Channel] = {}
        self._clock = clock
        self._steady = steady
        self._ids = ids
        self._markers = markers
        self.lobby: Channel | None = None
        self.secret: set[Channel] = set()
        self._confusables = ConfusableIndex()

    def create(self, name: str, folded: str, *, permanent: bool = False) -> Channel:
        """Make a channel that does not exist yet."""
        channel = Channel(name, folded, int(self._clock()), self._ids.next(), permanent=permanent)
        self[folded] = channel
        self._forget_former(folded)
        self._confusables.add(name, folded)
        return channel

    def restore(self, name: str, folded: str, created: int, founded: int) -> Channel:
        """Have a channel as it was created at another time; see `Channel`."""
        channel = self[folded] = Channel(name, folded, created, founded)
        self._confusables.add(name, folded)
        return channel

    def clear(self) -> None:
        """Have no channels, not even the lobby."""
        super().clear()
        self.lobby, self._confusables = None, ConfusableIndex()
        self._former.clear()
        self.secret.clear()

    def is_confusable(self, name: str, folded: str, than: str = "") -> bool:
        """Return whether a name is confusable with that of another channel.

        Args:
            name: the name as it would be shown.
            folded: the folded name.
            than: the folded name of the channel that is to be renamed; "" for a new one.
        """
        return any(other != than for other in self._confusables.of(name, folded))

    def create_lobby(self, name: str, folded: str, topic: str, setter: str) -> None:
        """Create the channel that always exists.

        Args:
            name: its name.
            folded: its folded name.
            topic: its topic, or "".
            setter: the setter that TOPIC shows.
        """
        self.lobby = self.create(name, folded, permanent=True)
        if topic:
            self.lobby.topic = Topic(topic, setter, self.lobby.created)

    def numbered(self, founded: int, name: str) -> Channel | None:
        """Return a channel by `Channel.founded`; None when it has ended, whatever has its name now.
        The lobby never ends, but has another number after each start, unless it is registered.

        Args:
            founded: the number.
            name: its name then.
        """
        for channel in self.values():
            if channel.founded == founded:
                return channel
        is_lobby = self.lobby is not None and fold_or_self(name) == self.lobby.folded
        return self.lobby if is_lobby else None

    def set_flags(self, channel: Channel, flags: Collection[str]) -> None:
        """Have just these flags on in a channel."""
        channel.set_flags(flags)
        (self.secret.add if modes.SECRET in flags else self.secret.discard)(channel)

    def count_shown(self, user: User) -> int:
        """Return the number of channels that a user may know of."""
        return (
            len(self) - len(self.secret) + sum(channel in self.secret for channel in user.channels)
        )

    def leave(self, user: User, channel: Channel) -> None:
        """Remove a member; an empty channel is removed unless it is permanent."""
        channel.remove(user)
        self.forget_if_empty(channel)

    def unregister(self, channel: Channel) -> None:
        """End the registration of a channel, and remove it if it is empty."""
        channel.registration = None
        self._on_ended(channel.founded)
        channel.permanent = channel is self.lobby
        self.forget_if_empty(channel)

    def forget_if_empty(self, channel: Channel) -> bool:
        """Remove an empty channel unless it is permanent; return whether it was removed."""
        if channel.members or channel.permanent:
            return False
        del self[channel.folded]
        self._on_ended(channel.founded)
        self._confusables.remove(channel.name, channel.folded)
        self.secret.discard(channel)
        for former in list(channel.former):
            self._forget_former(former)
        return True

    def rename(self, channel: Channel, name: str, folded: str) -> None:
        """Rename a channel; its registration, read markers and forwards to it follow. The name must
        be free.
        """
        before, old_name = channel.folded, channel.name
        del self[before]
        self._confusables.remove(old_name, before)
        self._confusables.add(name, folded)
        channel.name, channel.folded = name, folded
        self[folded] = channel
        for other in self.values():
            if other.forward == old_name:
                other.forward = name
        if folded == before:
            return
        channel.former[before] = self._steady()
        self._forget_former(folded)
        self.note_former(channel)
        self._move_markers(channel, before)

    def note_former(self, channel: Channel) -> None:
        """Have the latest former names of a channel lead to it."""
        for former in list(channel.former)[:-_MOST_FORMER_NAMES]:
            self._forget_former(former)
        for former in channel.former:
            if former not in self:
                self._former[former] = channel

    def _forget_former(self, folded: str) -> None:
        channel = self._former.pop(folded, None)
        if channel is not None:
            channel.former.pop(folded, None)

    def has(self, channel: Channel) -> bool:
        """Return whether a channel still exists; another one may have its name."""
        return self.get(channel.folded) is channel

    def former_names(self) -> dict[str, str]:
        """Return the former names that lead to a channel, with the name of today, folded."""
        return {former: channel.folded for former, channel in self._former.items()}

    def restore_former(self, names: Mapping[str, str]) -> None:
        """Have former names lead to channels, as `former_names` returned them."""
        self._former = {former: self[folded] for former, folded in names.items()}

    def renamed_to(self, folded: str) -> Channel | None:
        """Return the channel that had a name before which no channel has now; None after a while
        (IRCv3 draft/channel-rename).
        """
        channel = self._former.get(folded)
        if channel is None or self._steady() - channel.former[folded] >= self._redirection:
            return None
        return channel

    def _move_markers(self, channel: Channel, before: str) -> None:
        for markers in self._markers.values():
            if moment := markers.pop(before, ""):
                markers[channel.folded] = moment
        for user in channel.members:
            if moment := user.markers.pop(before, ""):
                user.markers[channel.folded] = moment

"""The channels that there are, by folded name: how they come to be, get other names and go, and
what must be noted as they do.
"""

from collections.abc import Callable, Collection

from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.confusables import ConfusableIndex
from trio_chat.chat.ids import IdSource
from trio_chat.chat.users import User
from trio_chat.irc import modes

_DAY = 86_400.0
_MOST_FORMER_NAMES = 5
"""Former names of one channel that lead to it."""


class ChannelTable(dict[str, Channel]):
    """All channels.

    Args:
        clock: returns seconds of Unix time.
        ids: gives each channel the id at which it was founded.
        markers: how far accounts (by number) have read targets (folded); they follow a channel to
            another name.
        steady: returns seconds of Unix time by which things expire; see `steady`.
        renamed_days: for how many days a former name of a channel leads to it.

    Attributes:
        lobby: the channel that always exists, or None.
        secret: those of which only members may know; counting them anew for everybody who comes
            would grow dear.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        ids: IdSource,
        markers: dict[int, dict[str, str]],
        steady: Callable[[], float],
        renamed_days: int = 30,
    ) -> None:
        super().__init__()
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

    def is_confusable(self, name: str, folded: str, than: str = "") -> bool:
        """Return whether a name looks like a channel's: people would say there what is for others.

        Args:
            name: as it would be shown.
            folded: as it is compared.
            than: the channel, by its folded name, that is to have it instead of its own; "" for a
                new one.
        """
        return any(other != than for other in self._confusables.of(name, folded))

    def create_lobby(self, name: str, folded: str, topic: str, setter: str) -> None:
        """Make the channel that always exists.

        Args:
            name: of the channel.
            folded: its name as it is compared.
            topic: its topic, or "".
            setter: who the topic is said to be of.
        """
        self.lobby = self.create(name, folded, permanent=True)
        if topic:
            self.lobby.topic = Topic(topic, setter, self.lobby.created)

    def set_flags(self, channel: Channel, flags: Collection[str]) -> None:
        """Have just these flags on in a channel."""
        channel.set_flags(flags)
        (self.secret.add if modes.SECRET in flags else self.secret.discard)(channel)

    def count_shown(self, user: User) -> int:
        """Return how many channels somebody may know of."""
        return (
            len(self) - len(self.secret) + sum(channel in self.secret for channel in user.channels)
        )

    def leave(self, user: User, channel: Channel) -> None:
        """End a membership; a channel that nobody is left in is gone, unless it is permanent."""
        channel.remove(user)
        self.forget_if_empty(channel)

    def unregister(self, channel: Channel) -> None:
        """Make a channel belong to nobody; when nobody is in it either, it is gone."""
        channel.registration = None
        channel.permanent = channel is self.lobby
        self.forget_if_empty(channel)

    def forget_if_empty(self, channel: Channel) -> bool:
        """Have a channel be gone when nobody is in it, unless it is permanent; return whether it
        is.
        """
        if channel.members or channel.permanent:
            return False
        del self[channel.folded]
        self._confusables.remove(channel.name, channel.folded)
        self.secret.discard(channel)
        for former in list(channel.former):
            self._forget_former(former)
        return True

    def rename(self, channel: Channel, name: str, folded: str) -> None:
        """Give a channel another name that no other one has: registration, markers, and who is
        forwarded to it follow.
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

"""Read markers: the time up to which the user has read each conversation (IRCv3
`draft/read-marker`).
"""

from collections.abc import Mapping

from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.effects import Effects
from trio_chat.client.session.features import Features
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.sync_state import SyncState
from trio_chat.irc import capability_names
from trio_chat.irc.message import is_middle

_MOST_KNOWN = 10_000
"""Markers that are kept, however many a server announces."""


class ReadMarkers:
    """The markers of one connection, by folded names.

    Args:
        effects: where MARKREAD is sent.
        negotiation: knows whether the server keeps markers.
        features: of the server.
        sync_state: knows the latest message that was shown of a channel.
        is_watched: whether a person reads what is shown.
        sees_status: whether the interface reports by `note` what the user has looked at; if not,
            what was shown counts as read.
    """

    def __init__(
        self,
        effects: Effects,
        negotiation: Negotiation,
        features: Features,
        sync_state: SyncState,
        *,
        is_watched: bool,
        sees_status: bool,
    ) -> None:
        self._effects = effects
        self._negotiation = negotiation
        self._features = features
        self._sync_state = sync_state
        self._is_watched = is_watched
        self._sees_status = sees_status
        self._known: dict[str, str] = {}
        self._read: dict[str, tuple[str, str]] = {}

    @property
    def is_available(self) -> bool:
        """Whether the server keeps markers."""
        return capability_names.READ_MARKER in self._negotiation.enabled

    def position(self, conversation: str) -> str:
        """Return the time of a marker, "" when there is none."""
        return self._known.get(self._features.fold(conversation), "")

    def request(self, conversation: str) -> None:
        """Ask the server for the marker of a conversation, if it keeps any."""
        if self.is_available:
            self._effects.send("MARKREAD", conversation)

    def moved(self, conversation: str, time: str) -> None:
        """Note that the server has announced the position of a marker."""
        key = self._features.fold(conversation)
        if key in self._known or len(self._known) < _MOST_KNOWN:
            self._known[key] = time

    def rename(self, old: str, new: str) -> None:
        """Note that a channel has another name, whose marker the server has kept."""
        before, after = self._features.fold(old), self._features.fold(new)
        if (known := self._known.pop(before, None)) is not None:
            self._known[after] = known
        if (read := self._read.pop(before, None)) is not None:
            self._read[after] = new, read[1]

    def note(self, conversation: str, time: str) -> None:
        """Note that the user has seen a conversation up to this time; `send` informs the server."""
        if is_middle(conversation):
            self._read[self._features.fold(conversation)] = (conversation, time)

    def send(self, channels: Mapping[str, ChannelState], account: str) -> None:
        """Inform the server how far the user has read, where a person watches and the server keeps
        markers.

        Args:
            channels: those that this client is in, by folded names.
            account: that of this client; without one, the server keeps no marker of what was shown.
        """
        if not (self._is_watched and self.is_available):
            return
        if self._sees_status:
            for key, (conversation, time) in self._read.items():
                self._move(key, conversation, time)
            self._read.clear()
        elif account:
            for key, channel in channels.items():
                last = self._sync_state.channel(key).last
                if last.msgid and is_middle(last.time):
                    self._move(key, channel.name, last.time)

    def _move(self, key: str, conversation: str, time: str) -> None:
        if time > self._known.get(key, ""):
            self._known[key] = time
            self._effects.send("MARKREAD", conversation, f"timestamp={time}")

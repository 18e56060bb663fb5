"""The user's choice whose messages are shown: the ignore list, and private messages of strangers.

A stranger is a user that shares no channel with this client and to which it has sent nothing in
this run.
"""

from trio_chat.client.session.channel_tracker import ChannelTracker
from trio_chat.client.session.features import Features
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.own_nickname import OwnNickname
from trio_chat.client.session.sync_state import SyncState


class SenderFilter:
    """The choice on one connection.

    Args:
        ignored: the ignore list.
        hides_strangers: whether private messages of strangers are hidden.
        features: of the server.
        nickname: that of this client.
        channels: those that this client is in.
        sync_state: knows to whom messages were sent.

    Attributes:
        server: the name of the server, "" until it is known.
    """

    def __init__(
        self,
        ignored: IgnoreList,
        features: Features,
        nickname: OwnNickname,
        channels: ChannelTracker,
        sync_state: SyncState,
        *,
        hides_strangers: bool,
    ) -> None:
        self.server = ""
        self._ignored = ignored
        self._features = features
        self._nickname = nickname
        self._channels = channels
        self._sync_state = sync_state
        self._hides_strangers = hides_strangers

    def ignores(self, source: str) -> bool:
        """Return whether the user ignores a source, `nick!user@host` or a nickname alone; never the
        user, nor a server.
        """
        if self.is_server(source) or not self._ignored.hides(source, self._features.fold):
            return False
        return not self._nickname.is_me(source.partition("!")[0])

    def is_server(self, source: str) -> bool:
        """Return whether a source is a server: the one of this connection, or a name with dots and
        no user.
        """
        return not source or source == self.server or ("!" not in source and "." in source)

    def is_stranger(self, nick: str) -> bool:
        """Return whether a user is a stranger; nobody is while members of channels are not known
        yet.
        """
        has_written = self._features.fold(nick) in self._sync_state.written
        if has_written or not self._channels.is_settled:
            return False
        return not self._channels.has_member(nick)

    def hides_stranger(self, nick: str) -> bool:
        """Return whether a user is a stranger and the user wants to hear of none."""
        return self._hides_strangers and self.is_stranger(nick)

"""Everything the server knows at this moment: users, channels, who was here; and the changes that keep the indexes consistent."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.events import Event
from trio_chat.chat.history import History
from trio_chat.chat.ids import IdSource
from trio_chat.chat.users import Session, User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import isupport
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.names import fold_channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the server says of itself.

    Args:
        name: the server's name, the source of its replies.
        network: the chat's name for people.
        description: one line, shown by WHOIS.
        version: program and version.
        created: seconds of Unix time at which it started.
        motd: lines of the message of the day.
        admin: how to reach who runs it, or "".
        password: what PASS must say, or "" when everyone may come.
        lobby: the channel that always exists, or "".
        lobby_topic: its topic, or "".
    """

    name: str = "chat.local"
    network: str = "trio-chat"
    description: str = "A trio-chat server"
    version: str = "trio-chat"
    created: float = 0.0
    motd: tuple[str, ...] = ()
    admin: str = ""
    password: str = field(default="", repr=False)
    lobby: str = "#lobby"
    lobby_topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The history, and how much of it is given out.

    Args:
        history: where messages are kept.
        most_messages: how many one CHATHISTORY gives.
        playback: how many who joins is shown without asking; 0 for none.
        last_id: the greatest id given out before the start.
    """

    history: History
    most_messages: int = 100
    playback: int = 20
    last_id: int = 0


class WhoWas(NamedTuple):
    """Somebody who has left or changed the nickname."""

    nick: str
    folded: str
    username: str
    host: str
    realname: str
    time: float


class World:
    """The state of the chat.

    Args:
        identity: what the server says of itself.
        lengths: the lengths and numbers it keeps to.
        clock: returns seconds of Unix time.
        whowas_entries: how many of those who left are remembered.
        memory: the history with its limits, or None when nothing is remembered.
    """

    def __init__(
        self,
        identity: Identity,
        lengths: Lengths,
        clock: Callable[[], float],
        whowas_entries: int = 200,
        memory: Memory | None = None,
    ) -> None:
        self.identity = identity
        self.lengths = lengths
        self.clock = clock
        self.memory = memory
        self.ids = IdSource(clock, memory.last_id if memory else 0)
        self.capabilities = cap.ALL if memory else cap.ALL & ~cap.CHATHISTORY
        self.isupport = tuple(isupport.tokens(lengths, identity.network, memory.most_messages if memory else 0))
        self.sessions: set[Session] = set()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.whowas: deque[WhoWas] = deque(maxlen=whowas_entries)
        self.most_users = 0
        if identity.lobby:
            lobby = self.create_channel(identity.lobby, fold_channel(identity.lobby, lengths.channel), permanent=True)
            if identity.lobby_topic:
                lobby.topic = Topic(identity.lobby_topic, identity.name, lobby.created)

    def connect(self, session: Session) -> None:
        """Take in a new connection, which is not registered yet."""
        self.sessions.add(session)

    def register(self, session: Session, folded: str, username: str) -> User:
        """Make a user of a session that has said all that registration needs."""
        user = User(session.wanted_nick, folded, username, session.host, session.wanted_realname, signon=session.connected)
        user.sessions = (session,)
        session.user = user
        self.users[folded] = user
        self.most_users = max(self.most_users, len(self.users))
        return user

    def rename(self, user: User, nick: str, folded: str) -> None:
        """Give a user another nickname that nobody else has."""
        self._remember(user)
        del self.users[user.folded]
        user.rename(nick, folded)
        self.users[folded] = user

    def disconnect(self, session: Session, reason: str) -> list[Event]:
        """Forget a connection, and its user with it; return what others are to see.

        Calling it again for the same session does nothing.
        """
        if session not in self.sessions:
            return []
        self.sessions.discard(session)
        session.closing = True
        user = session.user
        if user is None:
            return []
        user.sessions = tuple(other for other in user.sessions if other is not session)
        if user.sessions:
            for channel in user.channels:
                channel.sessions_changed()
            return []
        events = []
        if user.channels:  # who is in no channel leaves unseen
            events.append(self.event(user, "QUIT", (reason,), user.audience(), skip=session))
        self._remember(user)
        for channel in list(user.channels):
            self.leave(user, channel)
        del self.users[user.folded]
        return events

    def event(
        self,
        user: User,
        command: str,
        params: tuple[str, ...],
        recipients: tuple[Session, ...],
        *,
        skip: Session | None = None,
        requires: int = 0,
        extended: tuple[str, ...] = (),
    ) -> Event:
        """Return an event of a user's doing, accepted now."""
        return Event(self.ids.next(), command, params, user.source, recipients, skip, requires, user.account, extended)

    def create_channel(self, name: str, folded: str, *, permanent: bool = False) -> Channel:
        """Make a channel that does not exist yet."""
        channel = Channel(name, folded, int(self.clock()), self.ids.next(), permanent=permanent)
        self.channels[folded] = channel
        return channel

    def leave(self, user: User, channel: Channel) -> None:
        """End a membership; a channel that nobody is left in is gone, unless it is permanent."""
        channel.remove(user)
        if not channel.members and not channel.permanent:
            del self.channels[channel.folded]

    def invisible_count(self) -> int:
        """Return how many users have +i."""
        return sum("i" in user.modes for user in self.users.values())

    def _remember(self, user: User) -> None:
        self.whowas.appendleft(WhoWas(user.nick, user.folded, user.username, user.host, user.realname, self.clock()))

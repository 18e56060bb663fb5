"""Everything the server knows at this moment: users, channels, who was here; and the changes that keep the indexes consistent."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from trio_chat.chat import offers, operators
from trio_chat.chat.bans import Bans
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.cloaks import Cloaks, as_param
from trio_chat.chat.events import Event
from trio_chat.chat.identity import Identity, Memory
from trio_chat.chat.ids import IdSource
from trio_chat.chat.lasting import Unsaved
from trio_chat.chat.lookalikes import Lookalikes
from trio_chat.chat.operators import Control
from trio_chat.chat.preferences import AUTO_AWAY, Preferences
from trio_chat.chat.residents import Residents
from trio_chat.chat.users import UNSPECIFIED, Session, User
from trio_chat.chat.verification import Mail, Verifications
from trio_chat.chat.watches import Watches
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.modes import BOT
from trio_chat.irc.names import fold_channel, fold_or_self


class WhoWas(NamedTuple):
    """Somebody who has left or changed the nickname."""

    nick: str
    folded: str
    username: str
    host: str
    realname: str
    time: float
    address: str = ""


class WorldStatistics(NamedTuple):
    """Who and what is there; see `World.statistics`."""

    sessions: int
    users: int
    most_users: int
    channels: int
    memberships: int
    accounts: int
    unsaved: int


class World:
    """The state of the chat.

    Args:
        identity: what the server says of itself.
        lengths: the lengths and numbers it keeps to.
        clock: returns seconds of Unix time.
        whowas_entries: how many of those who left are remembered.
        memory: the history with its limits, or None when nothing is remembered.

    Attributes:
        cloaks: what hides addresses, or None when they are shown.
        control: what operators need of the edge, or None when there is none.
        mail: what sends e-mails, or None when nothing does.
        offer: what clients are told that the server can do.
        verifications: registrations that wait for the code that was sent to somebody.
        staff: who is an operator of the server.
        usage: how often each command was given.
    """

    def __init__(
        self,
        identity: Identity,
        lengths: Lengths,
        clock: Callable[[], float],
        whowas_entries: int = 200,
        memory: Memory | None = None,
    ) -> None:
        self.staff: dict[User, None] = {}
        self.lengths = lengths
        self.clock = clock
        self.memory = memory
        self.ids = IdSource(clock, memory.last_id if memory else 0)
        self.accounts = memory.accounts if memory else None
        self.identity = identity
        self.offer = offers.offer(identity, lengths, memory)
        self.sessions: set[Session] = set()
        self.newcomers: set[Session] = set()  # of them, those that are not registered
        self.invisible: set[User] = set()  # those with +i; to count them anew would make registering dear where many are
        self.watches = Watches()
        self.lookalikes = Lookalikes()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.whowas: deque[WhoWas] = deque(maxlen=whowas_entries)
        self.most_users = 0
        self.unsaved = Unsaved()
        self.preferences = Preferences(identity.account_rules)
        self.residents = Residents(self.preferences, self.unsaved, identity.account_rules.most_always_on)
        self.markers: dict[str, dict[str, str]] = {}  # how far accounts (folded) have read targets (folded)
        self.bans = Bans(clock)
        self.cloaks: Cloaks | None = None
        self.control: Control | None = None
        self.mail: Mail | None = None
        self.verifications = Verifications(clock)
        self.usage: Counter[str] = Counter()
        self.metadata: dict[str, dict[str, str]] = {}  # what accounts (folded) say of themselves
        self.lobby: Channel | None = None
        if identity.lobby:
            lobby = self.lobby = self.create_channel(
                identity.lobby, fold_channel(identity.lobby, lengths.channel), permanent=True
            )
            if identity.lobby_topic:
                lobby.topic = Topic(identity.lobby_topic, identity.name, lobby.created)

    def reconfigure(self, identity: Identity) -> list[Event]:
        """Be as the configuration now says; return what they see who are operators no more, and who is offered other things."""
        self.identity = identity
        before, self.offer = self.offer, offers.offer(identity, self.lengths, self.memory)
        dismissed = [event for user in list(self.staff) if (event := self._review(user, identity))]
        return dismissed + offers.news(self, before, self.offer)

    def _review(self, user: User, identity: Identity) -> Event | None:
        before = user.operator
        now = identity.operators.get(fold_or_self(before.name)) if before else None
        if before is None or now is None or not before.is_same_person(now):
            return operators.dismiss(self, user)
        user.operator = now
        return None

    def host_of(self, address: str) -> str:
        """Return what others see of who comes from an address."""
        host = self.cloaks.of_address(address) if self.cloaks else as_param(address)
        return host[: self.lengths.host]

    def connect(self, session: Session) -> None:
        """Take in a new connection, which is not registered yet."""
        self.sessions.add(session)
        self.newcomers.add(session)

    def register(self, session: Session, folded: str, username: str) -> User:
        """Make a user of a session that has said all that registration needs."""
        if self.cloaks and self.cloaks.accounts and session.account:
            session.host = self.cloaks.of_account(session.account)[: self.lengths.host]
        modes = self.identity.user_modes
        user = User(session.wanted_nick, folded, username, session.host, session.wanted_realname, session.connected, modes)
        user.sessions = (session,)
        user.note_security()
        user.since = user.identity = self.ids.next()
        user.away = user.away_message()
        self._link_metadata(user, session.account)
        user.account = session.account
        session.user = user
        session.number = 1
        self.newcomers.discard(session)
        self.add_user(user)
        self.residents.settle(user)
        return user

    def add_user(self, user: User) -> None:
        """Make somebody be here."""
        self.users[user.folded] = user
        self.lookalikes.add(user)
        if "i" in user.modes:
            self.invisible.add(user)
        self.most_users = max(self.most_users, len(self.users))

    def with_account(self, name: str) -> list[User]:
        """Return those who are logged in to an account."""
        return [user for user in self.users.values() if user.account == name]

    def take_metadata(self, user: User, said: Mapping[str, str]) -> bool:
        """Add to what a user says of itself, as far as there is room; tell whether anything is new."""
        known = user.metadata
        is_new = False
        for key, value in said.items():
            if known.get(key) != value and (key in known or len(known) < self.lengths.metadata_keys):
                known[key] = value
                is_new = True
        if is_new:
            self.touch_metadata(user)
        return is_new

    def touch_metadata(self, target: User | Channel) -> None:
        """Have what a registered channel, or an account, says of itself written down."""
        if isinstance(target, Channel):
            self.touch(target)
        elif target.account:
            self.unsaved.note_metadata(fold_or_self(target.account))

    def add_session(self, user: User, session: Session) -> list[Event]:
        """Make a session one more of a user who is here; return what others are to see."""
        session.number = max((other.number for other in user.sessions), default=0) + 1
        user.sessions = (*user.sessions, session)
        user.note_security()
        session.user = user
        self.newcomers.discard(session)
        for channel in user.channels:
            channel.sessions_changed()
        return self.update_away(user, skip=session)

    def move_session(self, session: Session, user: User) -> list[Event]:
        """Make a session of one user a session of another who is here; return what others are to see."""
        before = session.user
        assert before is not None  # noqa: S101  # who asks for it is registered
        before.sessions = tuple(other for other in before.sessions if other is not session)
        before.note_security()
        for channel in before.channels:
            channel.sessions_changed()
        events = self.update_away(before) if before.sessions else self.remove(before, f"Now here as {user.nick}")
        return events + self.add_session(user, session)

    def update_away(self, user: User, skip: Session | None = None) -> list[Event]:
        """Make a user be away or back as its sessions are now; return what others are to see.

        Without sessions it is away when its account is so by itself; with the message that it had, if any.
        """
        away = user.away_message() if user.sessions else user.away
        if not user.sessions and not away and self.preferences.is_on(user.account, AUTO_AWAY):
            away = UNSPECIFIED
        if away == user.away:
            return []
        user.away = away
        self.residents.note(user)
        return self.news(user, "AWAY", (away,) if away else (), requires=cap.AWAY_NOTIFY, skip=skip)

    def set_account(self, user: User, name: str) -> None:
        """Make a user, with all its sessions, be logged in to another account, or with "" to none.

        What it says of itself is then what the account says; what a guest has said goes with it, where the account says nothing.
        """
        self.residents.unsettle(user)
        before, was_guest = user.metadata, not user.account
        self._link_metadata(user, name)
        user.account = name
        if name and was_guest:
            self.take_metadata(user, {key: value for key, value in before.items() if key not in user.metadata})
        for session in user.sessions:
            session.account = name
        self.residents.settle(user)

    def _link_metadata(self, user: User, name: str) -> None:
        user.metadata = self.metadata.setdefault(fold_or_self(name), {}) if name else {}

    def rename(self, user: User, nick: str, folded: str) -> list[Event]:
        """Give a user another nickname that nobody else has; return what those who watch the two nicknames are to see."""
        self._remember(user, user.sessions[0].address if user.sessions else "")
        del self.users[user.folded]
        self.lookalikes.remove(user)
        before, folded_before = user.nick, user.folded
        user.rename(nick, folded)
        user.since = self.ids.next()
        self.users[folded] = user
        self.residents.note(user)
        self.lookalikes.add(user)
        if folded == folded_before:
            return []
        return self._sighting(n.RPL_MONOFFLINE, folded_before, before) + self.arrival(user)

    def arrival(self, user: User) -> list[Event]:
        """Return what those who watch a user's nickname are to see now that there is such a user."""
        return self._sighting(n.RPL_MONONLINE, user.folded, user.source)

    def _sighting(self, numeric: n.Numeric, folded: str, shown: str) -> list[Event]:
        # "The server may send "*" instead of the nick": so it is one event for all who watch.
        watchers = self.watches.watchers(folded)
        return [Event(self.ids.next(), numeric.code, ("*", shown), self.identity.name, watchers)] if watchers else []

    def disconnect(self, session: Session, reason: str, *, is_seen: bool = True) -> list[Event]:
        """Forget a connection, and its user with it unless that stays; return what others are to see.

        Calling it again for the same session does nothing.

        Args:
            session: whose connection it is.
            reason: what others are told.
            is_seen: whether they are; to find them out for everybody in a large channel takes long.
        """
        if session not in self.sessions:
            return []
        self.sessions.discard(session)
        self.newcomers.discard(session)
        self.watches.clear(session)
        session.closing = True
        user = session.user
        if user is None:
            return []
        user.sessions = tuple(other for other in user.sessions if other is not session)
        user.note_security()
        if user.sessions:
            for channel in user.channels:
                channel.sessions_changed()
            return self.update_away(user)
        if not user.always_on:
            return self.remove(user, reason, skip=session, is_seen=is_seen)
        for channel in user.channels:
            channel.sessions_changed()
        operators.dismiss(self, user)  # who comes back to this user has not proved to be one
        user.active, user.seen = session.active, self.clock()
        self.residents.note(user)
        return self.update_away(user)

    def dismiss(self, user: User, reason: str) -> list[Event]:
        """Make somebody leave who may have stayed: end the sessions, or else the user; return what others are to see."""
        self.residents.unsettle(user)
        for session in user.sessions:
            session.sink.end(reason)
        return [] if user.sessions else self.remove(user, reason)

    def remove(self, user: User, reason: str, skip: Session | None = None, *, is_seen: bool = True) -> list[Event]:
        """Forget a user who has no session any more; return what others are to see, if they are to."""
        self.residents.unsettle(user)
        self.staff.pop(user, None)
        address = skip.address if skip else ""
        events = []
        if is_seen and (exiting := operators.notice(self, f"{user.source} [{address}] has left: {reason}")):
            events.append(exiting)
        if is_seen and user.channels:  # who is in no channel leaves unseen
            events.append(self.event(user, "QUIT", (reason,), user.audience(), skip=skip, channels=user.channels))
        self._remember(user, address)
        self.invisible.discard(user)
        for channel in list(user.channels):
            self.leave(user, channel)
        del self.users[user.folded]
        self.lookalikes.remove(user)
        return events + self._sighting(n.RPL_MONOFFLINE, user.folded, user.nick)

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
        channels: Collection[Channel] = (),
        about: User | None = None,
    ) -> Event:
        """Return an event of a user's doing, accepted now.

        Args:
            user: who did it.
            command: what the recipients are sent.
            params: its parameters.
            recipients: who is to see it.
            skip: see `Event`.
            requires: see `Event`.
            extended: see `Event`.
            channels: where it is remembered, when the server remembers; not where some members may not know of it.
            about: to whom it happens, when that is somebody else.
        """
        places = tuple(place for channel in channels if not channel.hides(about or user) for place in channel.places)
        return Event(
            self.ids.next(), command, params, user.source, recipients, skip, requires, user.account, extended,
            carries_msgid=bool(channels), places=places if self.memory else (),
            is_bot=BOT in user.modes,
        )  # fmt: skip

    def news(
        self, user: User, command: str, params: tuple[str, ...], *, requires: int, skip: Session | None = None
    ) -> list[Event]:
        """Return what tells others of a change of a user's: those in common channels, and those who watch the nickname.

        The latter only with extended-monitor, and both only with the capabilities that the change requires.
        """
        audience = user.audience()
        event = self.event(user, command, params, audience, skip=skip, requires=requires)
        watchers = self.watches.watchers(user.folded, without=audience)
        if not watchers:
            return [event]
        return [event, event._replace(recipients=watchers, requires=requires | cap.EXTENDED_MONITOR)]

    def create_channel(self, name: str, folded: str, *, permanent: bool = False) -> Channel:
        """Make a channel that does not exist yet."""
        channel = Channel(name, folded, int(self.clock()), self.ids.next(), permanent=permanent)
        self.channels[folded] = channel
        return channel

    def enter(self, user: User, channel: Channel, ranks: str = "") -> None:
        """Make somebody a member."""
        channel.add(user, ranks)
        if user.always_on:
            self.unsaved.note_channel(channel.folded)

    def rename_channel(self, channel: Channel, name: str, folded: str) -> None:
        """Give a channel another name that no other one has: registration, markers, and who is forwarded to it follow."""
        before, old_name = channel.folded, channel.name
        del self.channels[before]
        channel.name, channel.folded, channel.renamed = name, folded, self.clock()
        self.channels[folded] = channel
        for other in self.channels.values():
            if other.forward == old_name:
                other.forward = name
                self.touch(other)
        if folded == before:
            self.touch(channel)
            return
        if channel.is_lasting:
            self.unsaved.note_channel(before)
            self.unsaved.note_channel(folded)
        for account, markers in self.markers.items():
            if time := markers.pop(before, ""):
                markers[folded] = time
                self.unsaved.note_marker(account, folded)
        for user in channel.members:
            if time := user.markers.pop(before, ""):
                user.markers[folded] = time

    def leave(self, user: User, channel: Channel) -> None:
        """End a membership; a channel that nobody is left in is gone, unless it is permanent."""
        channel.remove(user)
        if user.always_on:
            self.unsaved.note_channel(channel.folded)
        if not channel.members and not channel.permanent:
            del self.channels[channel.folded]

    def touch(self, channel: Channel) -> None:
        """Have what lasts of a channel written down, if anything does."""
        if channel.is_lasting:
            self.unsaved.note_channel(channel.folded)

    def unregister(self, channel: Channel) -> None:
        """Make a channel belong to nobody; when nobody is in it either, it is gone."""
        channel.registration = None
        channel.permanent = channel is self.lobby
        self.unsaved.note_channel(channel.folded)
        if not channel.members and not channel.permanent:
            del self.channels[channel.folded]

    def set_user_mode(self, user: User, letter: str, *, is_on: bool) -> None:
        """Turn a user mode on or off."""
        (user.modes.add if is_on else user.modes.discard)(letter)
        if letter == "i":
            (self.invisible.add if is_on else self.invisible.discard)(user)

    def statistics(self) -> WorldStatistics:
        """Return how many there are of what."""
        return WorldStatistics(
            sessions=len(self.sessions),
            users=len(self.users),
            most_users=self.most_users,
            channels=len(self.channels),
            memberships=sum(len(channel.members) for channel in self.channels.values()),
            accounts=len(self.accounts.known) if self.accounts else 0,
            unsaved=len(self.unsaved.channels) + len(self.unsaved.markers),
        )

    def _remember(self, user: User, address: str) -> None:
        self.whowas.appendleft(WhoWas(user.nick, user.folded, user.username, user.host, user.realname, self.clock(), address))

"""Presence: users come, go, stay, are away, log in and change their names, and every index of the
world follows.
"""

from trio_chat.chat import metadata, operators, policy
from trio_chat.chat.accounts import Account
from trio_chat.chat.events import Event
from trio_chat.chat.preferences import AUTO_AWAY
from trio_chat.chat.users import UNSPECIFIED, Session, User
from trio_chat.chat.world import WhoWas, World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n


def connect(world: World, session: Session) -> None:
    """Take in a new connection, which is not registered yet."""
    world.sessions.add(session)
    world.unregistered.add(session)


def register(world: World, session: Session, folded: str, username: str) -> User:
    """Make a user of a session that has said all that registration needs."""
    if world.cloaks and world.cloaks.accounts and session.account:
        session.host = world.cloaks.of_account(session.account)[: world.lengths.host]
    modes = world.server_info.user_modes
    user = User(
        session.wanted_nick,
        folded,
        username,
        session.host,
        session.wanted_realname,
        session.connected,
        modes,
    )
    user.sessions = (session,)
    user.note_security()
    user.since = user.identity = world.ids.next()
    user.away = user.away_message()
    metadata.link(world, user, session.account_id)
    user.account, user.account_id = session.account, session.account_id
    session.number = 1
    _attach(world, user, session)
    add_user(world, user)
    world.always_on.enable(user)
    return user


def add_user(world: World, user: User) -> None:
    """Make somebody be here."""
    world.users[user.folded] = user
    world.confusables.add(user.nick, user.folded)
    if "i" in user.modes:
        world.invisible.add(user)
    world.most_users = max(world.most_users, len(world.users))


def add_session(world: World, user: User, session: Session) -> list[Event]:
    """Make a session one more of a user who is here; return what others are to see."""
    session.number = max((other.number for other in user.sessions), default=0) + 1
    user.sessions = (*user.sessions, session)
    user.note_security()
    _attach(world, user, session)
    _sessions_changed(user)
    return update_away(world, user, skip=session)


def _attach(world: World, user: User, session: Session) -> None:
    session.user = user
    session.attached = world.elapsed()
    world.unregistered.discard(session)


def move_session(world: World, session: Session, user: User) -> list[Event]:
    """Make a session of one user a session of another who is here; return what others are to
    see.
    """
    before = session.user
    assert before is not None  # noqa: S101  # who asks for it is registered
    _let_go(before, session)
    _sessions_changed(before)
    events = (
        update_away(world, before)
        if before.sessions
        else remove(world, before, f"Now here as {user.nick}")
    )
    return events + add_session(world, user, session)


def update_away(world: World, user: User, skip: Session | None = None) -> list[Event]:
    """Make a user be away or back as its sessions are now; return what others are to see.

    Without sessions it is away when its account is so by itself; with the message that it had, if
    any.
    """
    away = user.away_message() if user.sessions else user.away
    if not user.sessions and not away and world.preferences.is_on(user.account_id, AUTO_AWAY):
        away = UNSPECIFIED
    if away == user.away:
        return []
    user.away = away
    world.always_on.note(user)
    events = world.news(user, "AWAY", (away,) if away else (), requires=cap.AWAY_NOTIFY, skip=skip)
    if away and policy.muted_in(user):
        return [part for event in events for part in _without_text(event, policy.readers(user))]
    return events


def _without_text(event: Event, readers: tuple[Session, ...]) -> list[Event]:
    """Return an AWAY as two events: with its text for `readers`, and with the usual text for the
    other recipients.
    """
    others = tuple(session for session in event.recipients if session not in readers)
    shared = tuple(session for session in event.recipients if session in readers)
    return [
        event._replace(recipients=shared),
        event._replace(recipients=others, params=(UNSPECIFIED,)),
    ]


def set_account(world: World, user: User, account: Account) -> None:
    """Make a user, with all its sessions, be logged in to another account, or with `NO_ACCOUNT` to
    none.

    What it says of itself is then what the account says; what a guest has said goes with it, where
    the account says nothing.
    """
    world.always_on.disable(user)
    before, was_guest = user.metadata, not user.account_id
    metadata.link(world, user, account.id)
    user.set_account(account)
    if account.id and was_guest:
        metadata.take(
            world, user, {key: value for key, value in before.items() if key not in user.metadata}
        )
    for session in user.sessions:
        session.set_account(account)
    world.always_on.enable(user)


def rename(world: World, user: User, nick: str, folded: str) -> list[Event]:
    """Give a user another nickname that nobody else has; return what those who watch the two
    nicknames are to see.
    """
    _remember(world, user, user.sessions[0].address if user.sessions else "")
    del world.users[user.folded]
    world.confusables.remove(user.nick, user.folded)
    before, folded_before = user.nick, user.folded
    user.rename(nick, folded)
    user.since = world.ids.next()
    world.users[folded] = user
    world.always_on.note(user)
    world.confusables.add(user.nick, user.folded)
    if folded == folded_before:
        return []
    return _sighting(world, n.RPL_MONOFFLINE, folded_before, before) + arrival(world, user)


def arrival(world: World, user: User) -> list[Event]:
    """Return what those who watch a user's nickname are to see now that there is such a user."""
    return _sighting(world, n.RPL_MONONLINE, user.folded, user.source)


def disconnect(world: World, session: Session, reason: str, *, is_seen: bool = True) -> list[Event]:
    """Forget a connection, and its user with it unless that stays; return what others are to see.

    Calling it again for the same session does nothing.

    Args:
        session: whose connection it is.
        reason: what others are told.
        is_seen: whether they are; to find them out for everybody in a large channel takes long.
    """
    if session not in world.sessions:
        return []
    world.sessions.discard(session)
    world.unregistered.discard(session)
    world.monitor.clear(session)
    session.closing = True
    user = session.user
    if user is None:
        return []
    _let_go(user, session)
    if user.sessions:
        _sessions_changed(user)
        return update_away(world, user)
    if not user.always_on:
        return remove(world, user, reason, skip=session, is_seen=is_seen)
    _sessions_changed(user)
    operators.dismiss(world, user)  # who comes back to this user has not proved to be one
    user.active, user.seen = session.active, world.clock()
    world.always_on.note(user)
    return update_away(world, user)


def expel(world: World, user: User, reason: str) -> list[Event]:
    """Make somebody leave who may have stayed: end the sessions, or else the user; return what
    others are to see.
    """
    world.always_on.disable(user)
    for session in user.sessions:
        session.sink.end(reason)
    return [] if user.sessions else remove(world, user, reason)


def remove(
    world: World, user: User, reason: str, skip: Session | None = None, *, is_seen: bool = True
) -> list[Event]:
    """Forget a user who has no session any more; return what others are to see, if they are to."""
    world.always_on.disable(user)
    world.opers.pop(user, None)
    address = skip.address if skip else ""
    events = []
    if is_seen and (
        exiting := operators.notice(world, f"{user.source} [{address}] has left: {reason}")
    ):
        events.append(exiting)
    if is_seen and user.channels:  # who is in no channel leaves unseen
        events.append(
            world.event(user, "QUIT", (reason,), user.audience(), skip=skip, channels=user.channels)
        )
    _remember(world, user, address)
    world.invisible.discard(user)
    for channel in list(user.channels):
        world.channels.leave(user, channel)
    del world.users[user.folded]
    world.confusables.remove(user.nick, user.folded)
    return events + _sighting(world, n.RPL_MONOFFLINE, user.folded, user.nick)


def set_mode(world: World, user: User, letter: str, *, is_on: bool) -> None:
    """Turn a user mode on or off."""
    (user.modes.add if is_on else user.modes.discard)(letter)
    if letter == "i":
        (world.invisible.add if is_on else world.invisible.discard)(user)


def _let_go(user: User, session: Session) -> None:
    user.sessions = tuple(other for other in user.sessions if other is not session)
    user.note_security()


def _sessions_changed(user: User) -> None:
    for channel in user.channels:
        channel.sessions_changed()


def _sighting(world: World, numeric: n.Numeric, folded: str, shown: str) -> list[Event]:
    # "The server may send "*" instead of the nick": so it is one event for all who watch.
    watchers = world.monitor.watchers(folded)
    if not watchers:
        return []
    return [
        Event(
            world.ids.next(),
            numeric,
            ("*", shown),
            world.server_info.name,
            watchers,
            shift=world.ids.shift,
        )
    ]


def _remember(world: World, user: User, address: str) -> None:
    world.whowas.appendleft(
        WhoWas(
            user.nick, user.folded, user.username, user.host, user.realname, world.clock(), address
        )
    )

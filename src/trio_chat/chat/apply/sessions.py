"""Transitions of sessions: they complete registration, attach to users, are away, and end.

What several sessions of one user have in common, such as being away, follows from all of them.
"""

from trio_chat.chat import logins, metadata, missed, operators, policy
from trio_chat.chat.apply.probation import note_arrival
from trio_chat.chat.apply.transitions import (
    Effects,
    carry_out,
    stay_keys,
    transition,
    user_keys,
)
from trio_chat.chat.changes import (
    AlwaysOnEnded,
    AlwaysOnUpdated,
    AwaySet,
    LoginsEnded,
    NoticeKept,
    OperatorDismissed,
    PushUnsubscribed,
    SessionAttached,
    SessionEnded,
    SessionMoved,
    SessionRegistered,
    SessionsClosed,
    UserExpired,
    UserRemoved,
)
from trio_chat.chat.events import Event
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.preferences import AUTO_AWAY
from trio_chat.chat.users import UNSPECIFIED, Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n


def _of_session(world: World, change: AwaySet | SessionEnded) -> list[DirtyKey]:
    session = world.sessions.get(change.session)
    return user_keys(session.user) if session is not None else []


def _of_both(world: World, change: SessionMoved) -> list[DirtyKey]:
    return stay_keys(world.sessions[change.session].user) + user_keys(world.users.get(change.user))


@transition(SessionRegistered, lambda world, change: user_keys(world.users.get(change.folded)))
def _register(world: World, change: SessionRegistered) -> Effects:
    session = world.sessions[change.session]
    before = make_way(world, change.folded)
    if world.cloaks and world.cloaks.accounts and session.account:
        session.host = world.cloaks.of_account(session.account)[: world.lengths.host]
    user = User(
        change.nick,
        change.folded,
        change.username,
        session.host,
        change.realname,
        session.connected,
        world.server_info.user_modes,
    )
    user.sessions = (session,)
    user.note_security()
    user.since = user.identity = world.ids.next()
    user.away = user.away_message()
    metadata.link(world, user, session.account_id)
    user.account, user.account_id = session.account, session.account_id
    session.number = 1
    _attach(world, user, session)
    world.add_user(user)
    world.always_on.update(user)
    arrival = note_arrival(world, session)
    return before + arrival + world.sighting(n.RPL_MONONLINE, user.folded, user.source)


@transition(SessionAttached, lambda world, change: user_keys(world.users.get(change.user)))
def _add(world: World, change: SessionAttached) -> Effects:
    return _add_session(world, world.users[change.user], world.sessions[change.session])


def _add_session(world: World, user: User, session: Session) -> Effects:
    session.number = max((other.number for other in user.sessions), default=0) + 1
    user.sessions = (*user.sessions, session)
    user.note_security()
    _attach(world, user, session)
    _forget_audiences(user)
    return update_away(world, user, skip=session)


def _attach(world: World, user: User, session: Session) -> None:
    session.user, session.pending = user, None
    user.is_expected = False
    session.attached = world.elapsed()
    world.unregistered.discard(session)


@transition(SessionMoved, _of_both)
def _move(world: World, change: SessionMoved) -> Effects:
    session, user = world.sessions[change.session], world.users[change.user]
    before = session.user
    assert before is not None  # noqa: S101  # only a registered session moves
    _detach(before, session)
    _forget_audiences(before)
    events = (
        update_away(world, before)
        if before.sessions
        else remove_user(world, before, f"Now here as {user.nick}")
    )
    return events + _add_session(world, user, session)


@transition(AwaySet, _of_session)
def _set_away(world: World, change: AwaySet) -> Effects | None:
    session = world.sessions[change.session]
    session.away = change.message
    # Before registration only the server of the session knows of it.
    session.away_since = world.ids.next() if session.user is not None else world.ids.now()
    user = session.user
    if user is None:
        return None
    before = user.away
    events = update_away(world, user, skip=session)
    return events if user.away != before else None


def update_away(world: World, user: User, skip: Session | None = None) -> Effects:
    """Make a user be away or back as its sessions are now.

    A user without sessions is away when its account has chosen so, with the message that it had, if
    any.
    """
    away = user.away_message() if user.sessions else user.away
    if not user.sessions and not away and world.preferences.is_on(user.account_id, AUTO_AWAY):
        away = UNSPECIFIED
    if away == user.away:
        return []
    user.away = away
    events = world.change_notices(
        user, "AWAY", (away,) if away else (), requires=cap.AWAY_NOTIFY, skip=skip
    )
    if away and policy.muted_in(user):
        return [part for event in events for part in _without_text(event, policy.readers(user))]
    return events


def _without_text(event: Event, readers: tuple[Session, ...]) -> Effects:
    """Return an AWAY as two events: with its text for `readers`, and with the usual text for the
    other recipients.
    """
    others = tuple(session for session in event.recipients if session not in readers)
    shared = tuple(session for session in event.recipients if session in readers)
    return [
        event.replace(recipients=shared),
        event.replace(recipients=others, params=(UNSPECIFIED,)),
    ]


@transition(SessionEnded, _of_session)
def _end(world: World, change: SessionEnded) -> Effects | None:
    session = world.sessions.pop(change.session, None)
    if session is None:
        return None
    world.unregistered.discard(session)
    world.monitor.clear(session)
    session.closing = True
    user = session.user
    if user is None:
        return None
    _detach(user, session)
    if user.sessions:
        _forget_audiences(user)
        return update_away(world, user)
    is_expected = change.is_expected and bool(user.account_id)
    if not user.always_on and not is_expected:
        return remove_user(
            world, user, change.reason, skip=session, is_announced=change.is_announced
        )
    _forget_audiences(user)
    # A client that comes back to this user has not proved to be the operator.
    carry_out(world, OperatorDismissed(user.folded))
    user.active, user.seen = session.active, world.clock()
    user.is_expected = is_expected and not user.always_on
    return [] if user.is_expected else update_away(world, user)


@transition(SessionsClosed)
def _close(world: World, change: SessionsClosed) -> Effects:
    return [
        event
        for number in change.sessions
        if number in world.sessions
        for event in end_session(world, world.sessions[number], change.reason)
    ]


def end_session(world: World, session: Session, reason: str) -> Effects:
    """End the connection of a session, which the session leaves when it is gone.

    In a cluster only the server of the session knows when that is. So there it leaves at once.
    """
    session.sink.end(reason)
    if world.is_replicated and session.user is not None:
        return carry_out(world, SessionEnded(session.id, reason))
    return []


@transition(LoginsEnded)
def _end_logins(world: World, change: LoginsEnded) -> Effects:
    if world.accounts is not None:
        world.accounts.invalidate(change.account)
    ended = logins.sessions_of(
        world, change.account, change.keep, change.certificate, change.app_password
    )
    if change.certificate or change.app_password:
        endpoints = [session.push_endpoint for session in ended if session.push_endpoint]
    else:
        keep = world.sessions.get(change.keep)
        kept = keep.push_endpoint if keep is not None else ""
        endpoints = [one for one in world.push.of(change.account) if one != kept]
    if endpoints:
        carry_out(world, PushUnsubscribed(change.account, tuple(endpoints)))
    return [event for each in ended for event in end_session(world, each, change.reason)]


@transition(AlwaysOnUpdated, lambda world, change: stay_keys(world.users.get(change.user)))
def _update_always_on(world: World, change: AlwaysOnUpdated) -> Effects | None:
    user = world.users[change.user]
    before = user.always_on
    world.always_on.update(user)
    return [] if user.always_on is not before else None


@transition(AlwaysOnEnded, lambda world, change: stay_keys(world.users.get(change.user)))
def _end_always_on(world: World, change: AlwaysOnEnded) -> Effects:
    world.always_on.disable(world.users[change.user])
    return []


@transition(UserRemoved, lambda world, change: stay_keys(world.users.get(change.user)))
def _expel(world: World, change: UserRemoved) -> Effects:
    user = world.users[change.user]
    world.always_on.disable(user)
    if not user.sessions:
        return remove_user(world, user, change.reason)
    return [
        event for session in user.sessions for event in end_session(world, session, change.reason)
    ]


@transition(UserExpired, lambda world, change: stay_keys(world.users.get(change.user)))
def _expire(world: World, change: UserExpired) -> Effects | None:
    user = world.users[change.user]
    if user.sessions or not user.always_on or user.seen != change.seen:
        return None
    carry_out(world, NoticeKept(user.folded, missed.of_removal(user, change.reason)))
    return remove_user(world, user, change.reason)


def remove_user(
    world: World,
    user: User,
    reason: str,
    skip: Session | None = None,
    *,
    is_announced: bool = True,
) -> Effects:
    """Forget a user without sessions; one that was always on is so no longer.

    Args:
        world: where the user is.
        user: the user.
        reason: shown to others by QUIT.
        skip: the session that was its last one, or None.
        is_announced: whether others see it.
    """
    world.always_on.disable(user)
    world.opers.pop(user, None)
    address = skip.address if skip else ""
    events = []
    if is_announced and (
        exiting := operators.notice(world, f"{user.source} [{address}] has left: {reason}")
    ):
        events.append(exiting)
    if is_announced and user.channels:  # a user in no channel leaves unseen
        events.append(
            world.event(user, "QUIT", (reason,), user.audience(), skip=skip, channels=user.channels)
        )
    world.remember(user, address)
    for channel in list(user.channels):
        world.channels.leave(user, channel)
    world.discard_user(user)
    return events + world.sighting(n.RPL_MONOFFLINE, user.folded, user.nick)


def make_way(world: World, folded: str) -> Effects:
    """Remove the user that has a nickname only because its client is expected to come back."""
    holder = world.users.get(folded)
    if holder is None or not holder.is_expected:
        return []
    return remove_user(world, holder, "Another client has taken the nickname")


def _detach(user: User, session: Session) -> None:
    user.sessions = tuple(other for other in user.sessions if other is not session)
    user.note_security()


def _forget_audiences(user: User) -> None:
    for channel in user.channels:
        channel.sessions_changed()

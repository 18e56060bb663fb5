"""Transitions of users: nickname, real name, modes, account, rights of a server operator."""

from trio_chat.chat import metadata, missed, operators
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply.sessions import make_way
from trio_chat.chat.apply.transitions import (
    Effects,
    carry_out,
    is_outdated,
    stay_keys,
    transition,
    user_keys,
)
from trio_chat.chat.audit import AuditEntry
from trio_chat.chat.changes import (
    AcceptChanged,
    AccountChanged,
    Announced,
    Audited,
    AuditKept,
    MetadataAdopted,
    NickChanged,
    NoticeKept,
    NoticesDelivered,
    OperatorAppointed,
    OperatorDismissed,
    OperatorsNotified,
    PushUnsubscribed,
    RealnameSet,
    Seen,
    UserModesChanged,
)
from trio_chat.chat.events import Event
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import INVISIBLE, NOTICES, SERVER_OPERATOR

OfUser = NickChanged | NoticeKept | NoticesDelivered | RealnameSet | Seen | UserModesChanged


def _of_user(world: World, change: OfUser) -> list[DirtyKey]:
    return user_keys(world.users.get(change.user))


@transition(
    NickChanged,
    lambda world, change: user_keys(world.users.get(change.user) or world.users.get(change.folded)),
)
def _rename(world: World, change: NickChanged) -> Effects:
    user = world.users[change.user]
    events = make_way(world, change.folded) if change.folded != user.folded else []
    events.append(
        world.event(user, "NICK", (change.nick,), user.audience(), channels=user.channels)
    )
    world.remember(user, user.sessions[0].address if user.sessions else "")
    before, folded_before = user.nick, user.folded
    world.rename_user(user, change.nick, change.folded)
    user.since = world.ids.next()
    if change.folded == folded_before:
        return events
    return [
        *events,
        *world.sighting(n.RPL_MONOFFLINE, folded_before, before),
        *world.sighting(n.RPL_MONONLINE, user.folded, user.source),
    ]


@transition(RealnameSet, _of_user)
def _set_realname(world: World, change: RealnameSet) -> Effects:
    user = world.users[change.user]
    user.realname = change.realname
    return world.change_notices(user, "SETNAME", (change.realname,), requires=cap.SETNAME)


@transition(UserModesChanged, _of_user)
def _set_modes(world: World, change: UserModesChanged) -> Effects | None:
    user = world.users[change.user]
    text, sign = "", None
    for adding, letter in change.changes:
        if (letter in user.modes) is adding:
            continue
        user.set_mode(letter, is_on=adding)
        if letter == INVISIBLE:
            (world.invisible.add if adding else world.invisible.discard)(user)
        text += letter if sign is adding else ("+" if adding else "-") + letter
        sign = adding
    return [_mode_event(world, user, text)] if text else None


def _mode_event(world: World, user: User, text: str) -> Event:
    return world.event(user, "MODE", (user.nick, text), user.sessions)


@transition(OperatorAppointed)
def _appoint(world: World, change: OperatorAppointed) -> Effects | None:
    user = world.users[change.user]
    if not change.operator.permits_account(user.account_id):  # it was logged out meanwhile
        return None
    is_new = SERVER_OPERATOR not in user.modes
    user.operator = change.operator
    world.opers[user] = None
    user.set_mode(SERVER_OPERATOR, is_on=True)
    return [_mode_event(world, user, f"+{SERVER_OPERATOR}")] if is_new else []


@transition(OperatorsNotified)
def _notify(world: World, change: OperatorsNotified) -> Effects:
    event = operators.notice(world, change.text)
    return [event] if event is not None else []


@transition(Announced)
def _announce(world: World, change: Announced) -> Effects:
    number, shift, name = world.ids.now(), world.ids.shift, world.server_info.name
    return [
        Event(number, "NOTICE", (user.nick, change.text), name, user.sessions, shift=shift)
        for user in world.users.values()
        if user.sessions
    ]


@transition(Audited)
def _audit(world: World, change: Audited) -> None:
    if world.storage is not None:
        entry = AuditEntry(int(world.clock() * 1000), change.actor, change.address, change.text)
        world.dirty.record(AuditKept(entry))


@transition(OperatorDismissed)
def _dismiss(world: World, change: OperatorDismissed) -> Effects | None:
    user = world.users[change.user]
    if user.operator is None:
        return None
    user.operator = None
    world.opers.pop(user, None)
    change_text = "-" + "".join(
        letter for letter in (SERVER_OPERATOR, NOTICES) if letter in user.modes
    )
    for letter in (SERVER_OPERATOR, NOTICES):
        user.set_mode(letter, is_on=False)
    return [_mode_event(world, user, change_text)]


@transition(AccountChanged, lambda world, change: stay_keys(world.sessions[change.session].user))
def _change_account(world: World, change: AccountChanged) -> Effects | None:
    account, session = change.account, world.sessions[change.session]
    if is_outdated(world, account.id, change.version) or (
        change.version is not None and world.bans.of_account(account.id) is not None
    ):
        return None
    session.set_account(account, change.app_password)
    user = session.user
    if user is None:
        return None
    others = tuple(other for other in user.sessions if other is not session)
    events = change_account(world, user, change.account, change.app_password)
    if events is None or not others:
        return events
    return [_login_numeric(world, user, change.account, others), *events]


def _login_numeric(
    world: World, user: User, account: Account, recipients: tuple[Session, ...]
) -> Event:
    """Return the numeric for the other sessions of a user, as the account is theirs too.

    IRCv3 sasl-3.1: it "is sent when the user's account name is set (whether by SASL or otherwise)".
    """
    code = n.RPL_LOGGEDIN if account.id else n.RPL_LOGGEDOUT
    names = (account.name,) if account.id else ()
    params = (user.nick, user.source, *names, code.text.format(*names))
    number = world.ids.now()
    return Event(number, code, params, world.server_info.name, recipients, shift=world.ids.shift)


def change_account(
    world: World, user: User, account: Account, app_password: str = ""
) -> Effects | None:
    """Log a user, with all its sessions, in to an account, or with `NO_ACCOUNT` out of it.

    Args:
        world: the world.
        user: the user.
        account: the account.
        app_password: by which sessions are logged in that were not before; see `AccountChanged`.
    """
    for session in user.sessions:
        if session.account_id != account.id:
            session.set_account(account, app_password)
    if user.account_id == account.id:
        return None
    _unsubscribe(world, user)
    before = dict(user.metadata)
    events: Effects = []
    if user.operator is not None and user.operator.account:
        events += carry_out(world, OperatorDismissed(user.folded))
    set_account(world, user, account)
    now = user.metadata
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    events += world.change_notices(
        user, "ACCOUNT", (account.name or "*",), requires=cap.ACCOUNT_NOTIFY
    )
    return events + [event for key in keys for event in metadata.changed_of_one(world, user, key)]


def _unsubscribe(world: World, user: User) -> None:
    """Send no push messages to the devices of a user that leaves its account."""
    endpoints = tuple(session.push_endpoint for session in user.sessions if session.push_endpoint)
    if endpoints:
        carry_out(world, PushUnsubscribed(user.account_id, endpoints))
    for session in user.sessions:
        session.push_endpoint = ""


def set_account(world: World, user: User, account: Account) -> None:
    """Have a user belong to an account.

    The metadata of the user is then that of the account; keys that a guest has set are added to
    it, where the account has none.
    """
    world.always_on.disable(user)
    before, was_guest = user.metadata, not user.account_id
    metadata.link(world, user, account.id)
    user.set_account(account)
    if account.id and was_guest:
        added = tuple((key, before[key]) for key in before if key not in user.metadata)
        carry_out(world, MetadataAdopted(user.folded, added))
    world.always_on.update(user)
    if world.users.get(user.folded) is user:
        world.push.update(user)


@transition(AcceptChanged)
def _change_accept(world: World, change: AcceptChanged) -> Effects | None:
    user, other = world.users.get(change.user), world.users[change.other]
    if user is None:
        return None  # the owner of a scheduled message, who is not here
    if change.adding:
        user.accept(other, world.lengths.accept_entries)
    else:
        user.accepted.pop(other.party, None)
    return []


@transition(Seen, _of_user)
def _see(world: World, change: Seen) -> Effects:
    world.users[change.user].seen = change.time
    return []


@transition(NoticeKept, _of_user)
def _keep_notice(world: World, change: NoticeKept) -> Effects | None:
    user = world.users[change.user]
    return [] if missed.keep(world, user, change.text, is_minor=change.is_minor) else None


def _of_delivered(world: World, change: NoticesDelivered) -> list[DirtyKey]:
    keys, account = _of_user(world, change), world.users[change.user].account_id
    return [*keys, *([DirtyKey.scheduled(account)] if world.scheduled.notices(account) else [])]


@transition(NoticesDelivered, _of_delivered)
def _forget_notices(world: World, change: NoticesDelivered) -> Effects:
    missed, account = world.always_on.missed, world.users[change.user].account_id
    world.scheduled.forget_notices(account, change.last)
    left = [notice for notice in missed.pop(account, ()) if notice.id > change.last]
    if left:
        missed[account] = left
    return []

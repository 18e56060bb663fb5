"""Being logged in: what changes with the account of a user, and who is told (IRCv3
account-notify).
"""

from trio_chat.chat import metadata, operators, presence, registered_channels
from trio_chat.chat.accounts import NO_ACCOUNT, Account
from trio_chat.chat.events import Event
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n

CREDENTIALS_CHANGED = "The password of your account was changed: log in with the new one"
CERTIFICATE_REMOVED = "The certificate of this device was taken from your account"


def change_account(world: World, user: User, account: Account) -> list[Event]:
    """Make a user be logged in to an account with all sessions, or with `NO_ACCOUNT` to none;
    return the events.
    """
    for session in user.sessions:
        session.set_account(account)
    if user.account_id == account.id:
        return []
    before = dict(user.metadata)
    events = _dismissed(world, user)
    presence.set_account(world, user, account)
    now = user.metadata
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    events += world.news(user, "ACCOUNT", (account.name or "*",), requires=cap.ACCOUNT_NOTIFY)
    return events + [event for key in keys for event in metadata.changed_of_one(world, user, key)]


def _dismissed(world: World, user: User) -> list[Event]:
    """Take the rights of a server operator from the sessions that have them by the account; return
    the events.
    """
    if user.operator is None or not user.operator.account:
        return []
    event = operators.dismiss(world, user)
    return [event] if event else []


def end_sessions(
    world: World, account: int, reason: str, *, keep: Session | None = None, certificate: str = ""
) -> int:
    """End the sessions of an account, which may belong to an intruder; return how many there were.

    The account's always-on user stays.

    Args:
        world: who is here.
        account: its number.
        reason: what they are told.
        keep: the session that stays, or None.
        certificate: the fingerprint of the certificate that those to be ended have shown; "" ends
            all.
    """
    ended = [
        session
        for session in world.sessions
        if session.account_id == account
        and session is not keep
        and certificate in ("", session.certificate)
    ]
    for session in ended:
        session.sink.end(reason)
    return len(ended)


def forget_account(world: World, account: Account) -> list[Event]:
    """Take away what an account that is gone had: its sessions, its channels, its place on lists,
    what it has chosen.

    Returns:
        what tells others, and those who are logged out.
    """
    events = [
        event for user in world.with_account(account.id) for event in _logged_out(world, user)
    ]
    for session in world.sessions:  # logged in, and not registered yet
        if session.account_id == account.id:
            session.set_account(NO_ACCOUNT)
    world.markers.pop(account.id, None)
    world.always_on.take_missed(account.id)
    world.metadata.pop(account.id, None)
    if world.preferences.chosen(account.id):
        world.preferences.restore(account.id, {})
        world.dirty.note_preferences(account.id)
    for channel in list(world.channels.values()):
        events += registered_channels.forget_account(world, channel, account)
    return events


def _logged_out(world: World, user: User) -> list[Event]:
    """Log a user out of a deleted account; remove a user without sessions."""
    if not user.sessions:
        _dismissed(world, user)
        presence.set_account(world, user, NO_ACCOUNT)
        return presence.remove(world, user, "The account was deleted")
    notice = (user.nick, user.source, n.RPL_LOGGEDOUT.text)
    number, code = world.ids.next(), n.RPL_LOGGEDOUT
    told = Event(number, code, notice, world.server_info.name, user.sessions, shift=world.ids.shift)
    return [told, *change_account(world, user, NO_ACCOUNT)]

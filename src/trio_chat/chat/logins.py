"""Being logged in: what changes with the account of a user, and who is told (IRCv3 account-notify)."""

from trio_chat.chat import metadata, operators, presence
from trio_chat.chat.events import Event
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.names import fold_or_self


def change_account(world: World, user: User, name: str) -> list[Event]:
    """Make a user be logged in to an account with all sessions, or with "" to none; return what tells others of it."""
    for session in user.sessions:
        session.account = name
    if user.account == name:
        return []
    before = dict(user.metadata)
    events = _dismissed(world, user)
    presence.set_account(world, user, name)
    now = user.metadata
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    events += world.news(user, "ACCOUNT", (name or "*",), requires=cap.ACCOUNT_NOTIFY)
    return events + [event for key in keys for event in metadata.changed_of_one(world, user, key)]


def _dismissed(world: World, user: User) -> list[Event]:
    """Take the powers of an operator of the server from who has them by the account; return what tells of it."""
    if user.operator is None or not user.operator.account:
        return []
    event = operators.dismiss(world, user)
    return [event] if event else []


def forget_account(world: World, name: str) -> list[Event]:
    """Take away what an account that is gone had: its sessions, its channels, its place on access lists, what it has chosen.

    Returns:
        what tells others, and those who are logged out.
    """
    events: list[Event] = []
    world.account_lookalikes.remove(name, fold_or_self(name))
    for user in world.with_account(name):
        if not user.sessions:
            _dismissed(world, user)
            presence.set_account(world, user, "")
            events += presence.remove(world, user, "The account was deleted")
            continue
        notice = (user.nick, user.source, n.RPL_LOGGEDOUT.text)
        number, code = world.ids.next(), n.RPL_LOGGEDOUT.code
        events.append(Event(number, code, notice, world.identity.name, user.sessions, shift=world.ids.shift))
        events += change_account(world, user, "")
    for session in world.sessions:  # logged in, and not registered yet
        if session.account == name:
            session.account = ""
    world.markers.pop(fold_or_self(name), None)
    world.residents.take_missed(name)
    world.metadata.pop(fold_or_self(name), None)
    if world.preferences.chosen(name):
        world.preferences.restore(name, {})
        world.unsaved.note_preferences(fold_or_self(name))
    for channel in list(world.channels.values()):
        if channel.registration is None:
            continue
        if channel.registration.owner == name:
            world.channels.unregister(channel)
        elif channel.registration.access.pop(name, ""):
            world.channels.touch(channel)
    return events

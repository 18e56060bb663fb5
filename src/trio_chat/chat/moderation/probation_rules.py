"""Rules of probation: what a new account or address may not do yet.

Links are found in any spelling that filters find.
"""

from typing import Final

from trio_chat.chat.channels import Channel
from trio_chat.chat.moderation.links import hosts
from trio_chat.chat.moderation.probation import Probation
from trio_chat.chat.moderation.rules import Verdict, sender_key
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.irc.modes import BOT
from trio_chat.irc.plurals import counted

PROBATION: Final = "PROBATION"


def account_key(number: int) -> str:
    """Return the key of an account; see `rules.sender_key`."""
    return f"@{number}"


def find(world: World, session: Session) -> Probation | None:
    """Return the probation of a session if it is in force."""
    table = world.moderation.probation
    if not table.all:
        return None
    user = session.user
    if user is not None and user.operator is not None:
        return None
    key = sender_key(session)
    probation, now = table.get(key), world.steady()
    if probation is None and key and not key.startswith("@") and table.is_full:
        probation = Probation(int(now), int(now))
    rules = world.server_info.moderation
    return probation if probation is not None and probation.is_on(rules, now) else None


def is_on(world: World, session: Session) -> bool:
    """Return whether a session is on probation."""
    return find(world, session) is not None


def is_user_on(world: World, user: User) -> bool:
    """Return whether a user is on probation, by one of its sessions."""
    return any(is_on(world, session) for session in user.sessions)


def why_not_say(world: World, session: Session, text: str) -> Verdict | None:
    """Return why a session may not send a message, or None.

    Args:
        world: the world.
        session: the sender.
        text: the text with reactions; "" if there is none.
    """
    probation = find(world, session)
    if probation is None:
        return None
    if why := why_no_link(world, session, text):
        return Verdict(PROBATION, f"Not sent: {why}")
    most = world.server_info.moderation.probation_per_minute
    if text and probation.has_said(world.steady()) >= most:
        return Verdict(
            PROBATION,
            f"Not sent: at most {counted(most, 'message')} in a minute, {_because(session)};"
            " wait a little",
        )
    return None


def why_no_link(world: World, session: Session, text: str) -> str:
    """Return why a session may not say a text with a link, as a clause; "" if it may."""
    if not (is_on(world, session) and hosts(text)):
        return ""
    return f"links are not allowed yet, {_because(session)}"


def why_not_write_to(world: World, session: Session, other: User) -> Verdict | None:
    """Return why a session may not write to a user, or None: to operators, and to users that have
    written to it or accept it (ACCEPT), it may.
    """
    user = session.user
    if user is None or other.operator is not None or other.accepts(user) or user is other:
        return None
    if not is_on(world, session):
        return None
    why = f"Not sent: you can answer {other.nick}, but not write first, {_because(session)}"
    return Verdict(PROBATION, why)


def has_known_reader(world: World, session: Session, channel: Channel) -> bool:
    """Return whether what a session says in a channel is seen by a member that is not on probation
    itself, and is from another address. So nobody becomes known by talking to oneself.
    """
    own = rate_limit_key(session.address)
    return any(
        BOT not in other.modes
        and any(rate_limit_key(each.address) != own for each in other.sessions)
        and not is_user_on(world, other)
        for other in channel.members
        if other is not session.user
    )


def why_not_upload(world: World, session: Session) -> str:
    """Return why a session may not upload files, or ""."""
    return f"You cannot upload files yet, {_because(session)}" if is_on(world, session) else ""


def why_account_may_not_upload(world: World, number: int) -> str:
    """Return why a user of an account may not upload files, or ""."""
    probation = world.moderation.probation.get(account_key(number))
    is_new = probation is not None and probation.is_on(world.server_info.moderation, world.steady())
    return "You cannot upload files yet, as the account is new" if is_new else ""


def _because(session: Session) -> str:
    return (
        "as the account is new" if session.account_id else "as you are new here without an account"
    )

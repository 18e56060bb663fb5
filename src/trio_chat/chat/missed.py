"""Notices for an always-on user of what happened to it while it had no sessions.

A reminder, or the notice that a scheduled message was not sent, is kept for every account. A KICK,
an invitation or the removal of the user itself is sent to nobody then, and the user is no
longer in the channels that it concerns, so CHATHISTORY cannot show it. The notice is kept until a
session of the account registers or attaches, which receives it as a NOTICE.
"""

from typing import Final

from trio_chat.chat.always_on import MissedNotice
from trio_chat.chat.events import Event
from trio_chat.chat.ids import readable_time
from trio_chat.chat.scheduled import KeptNotice
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import truncate

MAX_TEXT: Final = 380
"""Bytes of a notice, so that its line holds it."""


def keep(world: World, user: User, text: str, *, is_minor: bool = False) -> bool:
    """Keep a notice for a user without sessions; return whether it is kept.

    Args:
        world: keeps it.
        user: the user that it concerns. Nothing is kept for other users.
        text: the event, with its source and reason.
        is_minor: whether any user could cause it, so that it must not displace another notice.
    """
    if user.sessions or not user.account:
        return False
    missed, most = world.always_on.missed, world.lengths.missed_entries
    kept = missed.get(user.account_id, [])
    if is_minor and (len(kept) >= most or any(text == notice.text for notice in kept)):
        return False
    missed[user.account_id] = [*kept, MissedNotice(world.ids.next(), text)][-most:]
    return True


def keep_for_account(world: World, account: int, text: str) -> None:
    """Keep a notice for an account without a connected user, until one logs in to it."""
    kept = world.always_on.missed.get(account, [])
    notice = MissedNotice(world.ids.next(), text)
    world.always_on.missed[account] = [*kept, notice][-world.lengths.missed_entries :]


def of_removal(user: User, reason: str) -> str:
    """Return the notice that a user was made to leave all its channels."""
    names = ", ".join(channel.name for channel in user.channels)
    return f"{reason}; you are no longer in {names}" if names else reason


def notices(world: World, session: Session) -> list[Event]:
    """Return the NOTICEs that were kept for the user of a session, as they are sent to it."""
    user = session.user
    if user is None:
        return []
    return [
        Event(
            number,
            "NOTICE",
            (user.nick, truncate(_shown(world, session, number, text), MAX_TEXT)),
            world.server_info.name,
            (),
            shift=world.ids.timeline.at(number),
        )
        for number, text in kept_for(world, user)
    ]


def kept_for(world: World, user: User) -> list[tuple[int, str]]:
    """Return the notices that are kept for a user, each with its id, the oldest first."""
    kept = (*world.always_on.missed.get(user.account_id, ()), *_scheduled(world, user))
    return sorted((number, text) for number, text in kept)


def _scheduled(world: World, user: User) -> list[KeptNotice]:
    return world.scheduled.notices(user.account_id) if user.account_id else []


def _shown(world: World, session: Session, number: int, text: str) -> str:
    if session.effective & cap.SERVER_TIME:
        return f"While you were away: {text}"
    when = readable_time(number, world.ids.timeline.at(number))
    return f"[{when}] While you were away: {text}"

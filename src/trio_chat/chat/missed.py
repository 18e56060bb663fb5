"""Notices for an always-on user of what happened to it while none of its sessions was connected.

A KICK, an invitation or the end of the user itself is sent to nobody then, and the channels of
which it tells are not the user's any more, so CHATHISTORY cannot show it. It is kept until a
session of the account is here, which gets a NOTICE of each.
"""

from trio_chat.chat.always_on import Missed
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.ids import readable_time
from trio_chat.chat.masklists import ListEntry
from trio_chat.chat.response import Response
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import truncate

_MAX_TEXT = 380
"""Bytes of a notice, so that its line holds it."""


def note(world: World, user: User, text: str, *, is_minor: bool = False) -> None:
    """Keep a notice for a user without a connected session; do nothing for other users.

    Args:
        world: keeps it.
        user: to whom it happened.
        text: the event, with its source and reason.
        is_minor: whether anybody could cause it, so that it must not take the room of something
            else.
    """
    if user.sessions or not user.account:
        return
    kept, most = world.always_on.missed_of(user.account_id), world.lengths.missed_entries
    if is_minor and (len(kept) >= most or any(text == entry.text for entry in kept)):
        return
    world.always_on.keep_missed(user.account_id, [*kept, Missed(world.ids.next(), text)][-most:])
    world.always_on.note(user)


def note_removed(world: World, user: User, reason: str) -> None:
    """Keep a notice that a user was made to leave all its channels."""
    names = ", ".join(channel.name for channel in user.channels)
    note(world, user, f"{reason}; you are no longer in {names}" if names else reason)


def note_banned(world: World, source: str, channel: Channel, ban: ListEntry) -> None:
    """Keep a notice of a new ban or mute for the members that it covers."""
    for member in channel.members:
        if not member.sessions and ban.covers(member) and channel.is_silenced(member):
            note(
                world,
                member,
                f"{source} set the ban {ban.mask} on {channel.name}, which covers you",
            )


def tell(world: World, session: Session, reply: Response) -> None:
    """Send a session of an account what was kept for it, which is then forgotten."""
    user = session.user
    kept = world.always_on.take_missed(user.account_id) if user is not None else []
    if user is None or not kept:
        return
    world.always_on.note(user)
    has_time = session.effective & cap.SERVER_TIME
    for number, text in kept:
        shift = world.ids.timeline.at(number)
        shown = (
            f"While you were away: {text}"
            if has_time
            else f"[{readable_time(number, shift)}] While you were away: {text}"
        )
        reply.replay(
            Event(
                number,
                "NOTICE",
                (user.nick, truncate(shown, _MAX_TEXT)),
                world.server_info.name,
                (),
                shift=shift,
            )
        )

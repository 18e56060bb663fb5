"""Rules of moderation: what becomes of a message to a channel that has slow mode or filters.

They are for members without a rank. They ask only the state of the world and its clock, so that all
nodes of a cluster decide the same.
"""

from collections.abc import Mapping
from math import ceil
from typing import Final, NamedTuple

from trio_chat.chat.channels import Channel
from trio_chat.chat.moderation.filters import HOLD, first_match
from trio_chat.chat.moderation.links import hosts
from trio_chat.chat.moderation.state import (
    MOST_HELD,
    MOST_HELD_OF_SENDER,
    RAID_SLOW,
    HeldMessage,
)
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import tag_names
from trio_chat.irc.plurals import counted

SLOW_MODE: Final = "SLOW_MODE"
FILTERED: Final = "MESSAGE_FILTERED"
RAID: Final = "RAID_MODE"
HELD: Final = "MESSAGE_HELD"
_WITH_TEXT: Final = (tag_names.REACT, tag_names.UNREACT, "+react", "+unreact")
"""Client-only tags whose values clients show."""


class Verdict(NamedTuple):
    """Why a message is not delivered: the code of FAIL, a sentence, and the pattern of the filter
    that holds it.
    """

    code: str
    why: str
    pattern: str = ""


def sender_key(session: Session) -> str:
    """Return what identifies a sender: its account, or else its address, since a nickname is
    changed in a moment.
    """
    user = session.user
    number = user.account_id if user is not None else 0
    return f"@{number}" if number else session.payer


def why_not_deliver(
    world: World,
    channel: Channel,
    session: Session,
    text: str,
    tags: Mapping[str, str],
    *,
    may_hold: bool = True,
) -> Verdict | None:
    """Return why a message is not delivered, or None.

    Args:
        world: the world.
        channel: to which it is.
        session: its sender.
        text: its text; "" for a TAGMSG.
        tags: its client-only tags.
        may_hold: whether it can be held; else it is refused.
    """
    moderation, user = channel.moderation, session.user
    if moderation is None or user is None or is_exempt(user, channel):
        return None
    if is_raided(world, channel) and (
        verdict := _why_not_in_raid(channel, user, whole_text(text, tags))
    ):
        return verdict
    may_hold = may_hold and bool(text)
    if moderation.filters and (
        verdict := _why_not_filter(channel, session, text, tags, may_hold=may_hold)
    ):
        return verdict
    slow = slow_seconds(world, channel) if text else 0
    if slow:
        now = world.elapsed()
        wait = ceil(moderation.seconds_to_wait(sender_key(session), now, slow))
        if wait > 0:
            return Verdict(
                SLOW_MODE,
                f"{channel.name} is in slow mode: one message in {counted(slow, 'second')}. You can"
                f" send the next one in {wait}",
            )
    return None


def is_raided(world: World, channel: Channel) -> bool:
    """Return whether a channel is in raid mode."""
    moderation = channel.moderation
    return (
        moderation is not None
        and bool(moderation.raid_until)
        and world.steady() < moderation.raid_until
    )


def slow_seconds(world: World, channel: Channel) -> int:
    """Return the seconds between two messages of a sender; 0 for no slow mode."""
    return max(channel.slow, RAID_SLOW) if is_raided(world, channel) else channel.slow


def keeps_out(world: World, user: User, channel: Channel) -> bool:
    """Return whether raid mode keeps a user from joining: one without an account."""
    return not user.account and is_raided(world, channel)


def _why_not_in_raid(channel: Channel, user: User, text: str) -> Verdict | None:
    if not user.account:
        why = f"{channel.name} is in raid mode: log in to an account to write here, or wait"
        return Verdict(RAID, why)
    if hosts(text):
        return Verdict(RAID, f"{channel.name} is in raid mode: links are not allowed for a while")
    return None


def _why_not_filter(
    channel: Channel, session: Session, text: str, tags: Mapping[str, str], *, may_hold: bool
) -> Verdict | None:
    moderation = channel.moderation
    whole = whole_text(text, tags)
    found = first_match(moderation.filters, whole) if moderation is not None else None
    if found is None or moderation is None:
        return None
    if found.action != HOLD or not may_hold:
        return Verdict(
            FILTERED,
            f"Not sent: the operators of {channel.name} do not allow a word or a link in it",
        )
    sender = sender_key(session)
    mine = sum(each.sender == sender for each in moderation.held)
    if mine >= MOST_HELD_OF_SENDER or len(moderation.held) >= MOST_HELD:
        return Verdict(
            FILTERED, f"Not sent: too many messages wait for the operators of {channel.name}"
        )
    return Verdict(
        HELD,
        f"The message waits for an operator of {channel.name} to release it; do not send it again",
        found.pattern,
    )


def whole_text(text: str, tags: Mapping[str, str]) -> str:
    """Return all text of a message as clients show it, with its reactions.

    Lines that continue the one before (draft/multiline-concat) are one.
    """
    if "\n" in text:
        text = text.replace("\n\r", "")
    reactions = [tags[name] for name in _WITH_TEXT if name in tags] if tags else []
    return "\n".join((text, *reactions)) if reactions else text


def is_exempt(user: User, channel: Channel) -> bool:
    """Return whether a user is not restrained: a member with a rank."""
    membership = channel.members.get(user)
    return membership is not None and bool(membership.ranks)


def has_filtered(world: World, user: User, channel: Channel, text: str) -> bool:
    """Return whether a text that is no message, such as the reason of PART, is left out because of
    a filter or raid mode.
    """
    return bool(why_filtered(world, user, channel, text))


def why_filtered(world: World, user: User, channel: Channel, text: str) -> str:
    """Return why a text that is no message is left out or refused, as a sentence; "" if not."""
    moderation = channel.moderation
    if moderation is None or not text or is_exempt(user, channel):
        return ""
    if is_raided(world, channel) and (verdict := _why_not_in_raid(channel, user, text)):
        return verdict.why
    if first_match(moderation.filters, text) is None:
        return ""
    return f"The operators of {channel.name} do not allow a word or a link in it"


def held_message(
    channel: Channel,
    session: Session,
    command: str,
    text: str,
    tags: Mapping[str, str],
    pattern: str,
    now: float,
    *,
    is_bot: bool,
) -> HeldMessage:
    """Return a message as an operator finds it; its number is given when it is put there."""
    user = session.user
    source, account = (user.source, user.account_id) if user is not None else ("", 0)
    return HeldMessage(
        0,
        int(now),
        source,
        account,
        sender_key(session),
        command,
        text,
        tuple(tags.items()),
        pattern,
        is_bot,
    )

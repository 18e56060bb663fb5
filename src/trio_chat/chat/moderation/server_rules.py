"""Rules of moderation for the whole server: what its filters and raid mode refuse or hold.

They are for all users but operators of the server. A message between two users is never kept where
operators could read it: a filter refuses it, or operators get to know that there was one, and by
which filter, without its text and its receiver.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from trio_chat.chat.apply.transitions import apply
from trio_chat.chat.changes import (
    AcceptChanged,
    ModeratorsNotified,
    ProbationCounted,
    ServerMessageHeld,
)
from trio_chat.chat.channels import Channel
from trio_chat.chat.moderation import probation_rules, rules
from trio_chat.chat.moderation.filters import FLAG, HOLD, first_match
from trio_chat.chat.moderation.links import hosts
from trio_chat.chat.moderation.rules import FILTERED, RAID, Verdict, sender_key
from trio_chat.chat.moderation.server import (
    CHANNELS,
    NICKS,
    PRIVATE,
    ServerFilter,
    ServerHeldMessage,
    can_hold,
)
from trio_chat.chat.moderation.state import MOST_HELD_OF_SENDER, HeldMessage
from trio_chat.chat.registry import Request
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc.modes import BOT

_BEGIN_OF_WORD: Final = re.compile("(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_DIGITS_AROUND: Final = re.compile(r"(?<![^\W\d_])\d+|\d+(?![^\W\d_])")
_NOT_ALLOWED: Final = "the operators of this server do not allow a word or a link in it"


def is_raided(world: World) -> bool:
    """Return whether the server is in raid mode."""
    until = world.moderation.raid.until
    return bool(until) and world.steady() < until


def is_newcomer(world: World, user: User) -> bool:
    """Return whether raid mode of the server restrains a user: one without an account that has come
    since shortly before it.
    """
    return (
        not user.account_id
        and user.operator is None
        and user.signon >= world.moderation.raid.since
        and is_raided(world)
    )


def keeps_out(world: World, user: User) -> bool:
    """Return whether raid mode of the server keeps a user from joining without an invitation."""
    return bool(world.moderation.raid.until) and is_newcomer(world, user)


def matching(world: World, user: User | None, place: str, text: str) -> ServerFilter | None:
    """Return the filter that a text matches, or None.

    Args:
        world: the world.
        user: whose text it is; None before registration.
        place: see `server.PLACES`.
        text: the text.
    """
    if not world.moderation.restrains or not text:
        return None
    filters = world.moderation.in_place(place)
    if not filters or (user is not None and user.operator is not None):
        return None
    forms = _forms_of_name(text) if place == NICKS else (text,)
    return next((found for each in forms if (found := first_match(filters, each))), None)


def _forms_of_name(name: str) -> Iterable[str]:
    """Yield a name, its words where it is written `LikeThis`, and these without the digits around
    them, which are in names for other reasons than in texts.
    """
    yield name
    words = _BEGIN_OF_WORD.sub(" ", name)
    yield words
    yield _DIGITS_AROUND.sub(" ", words)


def refuses(request: Request, place: str, text: str, what: str) -> bool:
    """Return whether a text that is no message, such as a topic, is refused by a filter; one that
    only flags notifies the operators.

    Args:
        request: of the user, who may be unregistered yet.
        place: see `server.PLACES`.
        text: the text.
        what: what it is, for the notice.
    """
    user = request.session.user
    is_new = user is not None and probation_rules.is_on(request.world, request.session)
    if is_new and place != NICKS and hosts(text):
        return True
    found = matching(request.world, user, place, text)
    if found is None:
        return False
    if found.action == FLAG and user is not None:
        _flag(request, f"{user.source} has a {what} that matches the filter {found.pattern}")
    return found.action != FLAG


def _flag(request: Request, text: str) -> None:
    for event in apply(request.world, ModeratorsNotified(text)):
        request.reply.emit(event, is_answer=False)


def restrains_in_channel(
    request: Request,
    channel: Channel,
    verb: str,
    text: str,
    tags: Mapping[str, str],
    *,
    may_hold: bool,
) -> bool:
    """Refuse or hold a message to a channel by the moderation of the server; return whether it was.

    Args:
        request: of the sender.
        channel: to which it is.
        verb: the command.
        text: its text; "" for a TAGMSG.
        tags: its client-only tags.
        may_hold: whether it can be held; else it is refused.
    """
    world, user = request.world, request.user
    if user.operator is not None:
        return False
    shown, found = rules.whole_text(text, tags), None
    verdict = _why_not_new(world, request.session, channel, shown)
    if verdict is None:
        found = matching(world, user, CHANNELS, shown)
        verdict = _of_filter(world, request.session, found, may_hold=may_hold and bool(text))
    if verdict is None:
        if found is not None:
            what = f"a message of {user.source} to {channel.name}"
            _flag(request, f"{what} matches the filter {found.pattern}")
        return False
    if verdict.code == rules.HELD:
        held = _held(request, channel, verb, text, tags, verdict.pattern)
        request.reply.emit_all(apply(world, ServerMessageHeld(held)))
    if verb != "NOTICE":
        request.reply.fail(verb, verdict.code, channel.name, text=verdict.why)
    return True


def _why_not_new(world: World, session: Session, channel: Channel, text: str) -> Verdict | None:
    """Return why a newcomer, or a user on probation, may not write to a channel, or None."""
    user = session.user
    if user is None:
        return None
    is_ranked = rules.is_exempt(user, channel)
    if not (is_ranked and channel.registration is not None) and (
        verdict := probation_rules.why_not_say(world, session, text)
    ):
        return verdict
    if world.moderation.raid.until and not is_ranked and is_newcomer(world, user):
        admitted = (user.identity, channel.founded) in world.moderation.admitted
        return None if admitted else Verdict(RAID, _in_raid("write"))
    return None


def _of_filter(
    world: World, session: Session, found: ServerFilter | None, *, may_hold: bool
) -> Verdict | None:
    if found is None or found.action == FLAG:
        return None
    if found.action != HOLD or not may_hold:
        return Verdict(FILTERED, f"Not sent: {_NOT_ALLOWED}")
    if not can_hold(world.moderation.held.values(), sender_key(session), MOST_HELD_OF_SENDER):
        return Verdict(
            FILTERED, "Not sent: too many messages wait for the operators of this server"
        )
    why = "The message waits for an operator of this server to release it; do not send it again"
    return Verdict(rules.HELD, why, found.pattern)


def _held(
    request: Request,
    channel: Channel,
    verb: str,
    text: str,
    tags: Mapping[str, str],
    pattern: str,
) -> ServerHeldMessage:
    message: HeldMessage = rules.held_message(
        channel,
        request.session,
        verb,
        text,
        tags,
        pattern,
        request.world.clock(),
        is_bot=BOT in request.user.modes,
    )
    return ServerHeldMessage(channel.founded, channel.name, message)


def restrains_in_private(
    request: Request, other: User, verb: str, text: str, tags: Mapping[str, str]
) -> bool:
    """Refuse a message to a user by the moderation of the server; return whether it was.

    A filter that holds refuses it. Nobody but the two may read it.

    Args:
        request: of the sender.
        other: to which it is.
        verb: the command.
        text: its text; "" for a TAGMSG.
        tags: its client-only tags.
    """
    world, user = request.world, request.user
    if user.operator is not None or other is user:
        return False
    shown = rules.whole_text(text, tags)
    verdict = why_not_new_to_user(world, request.session, other, shown)
    if verdict is None:
        found = matching(world, user, PRIVATE, shown)
        verdict = _of_filter(world, request.session, found, may_hold=False)
        if verdict is None and found is not None:
            _flag(request, f"a private message of {user.source} matches {found.pattern}")
    if verdict is None:
        count_delivered(request, text, None)
        is_first = bool(text) and not user.accepts(other)
        if is_first and probation_rules.is_user_on(world, other):  # which may answer
            apply(world, AcceptChanged(user.folded, other.folded, adding=True))
        return False
    if verb != "NOTICE":
        request.reply.fail(verb, verdict.code, other.nick, text=verdict.why)
    return True


def why_not_new_to_user(world: World, session: Session, other: User, text: str) -> Verdict | None:
    """Return why a newcomer, or a user on probation, may not write to a user, or None."""
    verdict = probation_rules.why_not_write_to(world, session, other)
    verdict = verdict or probation_rules.why_not_say(world, session, text)
    user = session.user
    if verdict is not None or user is None or other.operator is not None:
        return verdict
    if world.moderation.raid.until and is_newcomer(world, user):
        return Verdict(RAID, _in_raid("write to users"))
    return None


def count_delivered(request: Request, text: str, channel: Channel | None) -> None:
    """Count a message of a user on probation; see `ProbationCounted`.

    Args:
        request: of the sender.
        text: the message.
        channel: to which it was delivered; None for a private one.
    """
    world, session = request.world, request.session
    if not text or not probation_rules.is_on(world, session):
        return
    is_accepted = (
        channel is not None
        and not rules.is_exempt(request.user, channel)
        and probation_rules.has_known_reader(world, session, channel)
    )
    apply(world, ProbationCounted(sender_key(session), is_accepted))


def _in_raid(what: str) -> str:
    return f"This server is in raid mode: log in to an account to {what}, or wait until it is over"


def why_not_text(request: Request, what: str, text: str) -> str:
    """Return a sentence for the answer that `refuses` has refused a text: a link of a user on
    probation, or what a filter finds.
    """
    is_said = request.session.user is not None
    if is_said and (why := probation_rules.why_no_link(request.world, request.session, text)):
        return f"{what} is refused: {why}"
    return why_not(what)


def why_not(what: str) -> str:
    """Return a sentence for the answer that a text which is no message was refused."""
    return f"{what} is refused: {_NOT_ALLOWED}"

"""Rules for one message to a channel or a user: whether it is refused, held, stored, or pushed to
devices.
"""

from collections.abc import Mapping
from typing import Final

from trio_chat.chat import multiline, policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MessageHeld, SpokenInSlowMode
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.moderation import rules, server_rules
from trio_chat.chat.registry import Request
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, NO_TAGS, body_size
from trio_chat.irc.modes import BOT

_KEPT_TAGS: Final = frozenset(
    (
        "+draft/react",
        "+draft/unreact",
        "+draft/reply",
        "+draft/persist",
        "+react",
        "+unreact",
        "+reply",
        "+persist",
    )
)
_FLEETING_TAGS: Final = frozenset(("+typing", "+draft/typing"))


def is_worth_keeping(text: tuple[str, ...], tags: Mapping[str, str]) -> bool:
    """Return whether a message is stored in the history.

    A CTCP query is not, as clients would answer it again at playback. A TAGMSG is stored if it
    refers to a message; typing notifications are not.
    """
    if text:
        return not policy.is_ctcp(text[0])
    return not _KEPT_TAGS.isdisjoint(tags) and _FLEETING_TAGS.isdisjoint(tags)


def client_tags(request: Request) -> Mapping[str, str]:
    """Return the client-only tags, which are all that a client may have passed on."""
    if not request.message.tags or not request.session.caps & cap.MESSAGE_TAGS:
        return NO_TAGS
    return {key: value for key, value in request.message.tags.items() if key.startswith("+")}


def is_restrained(
    request: Request,
    channel: Channel,
    verb: str,
    text: tuple[str, ...],
    tags: Mapping[str, str],
    *,
    may_hold: bool,
) -> bool:
    """Refuse or hold a message by the moderation of its channel, or of the server; return whether
    it was.

    A message that is delivered counts for slow mode. One that cannot be held is refused: what is
    released later is said to the whole channel, under the name of its sender.
    """
    world, session = request.world, request.session
    said = text[0] if text else ""
    if world.moderation.restrains and server_rules.restrains_in_channel(
        request, channel, verb, said, tags, may_hold=may_hold
    ):
        return True
    verdict = rules.why_not_deliver(world, channel, session, said, tags, may_hold=may_hold)
    if verdict is None:
        if (
            said
            and rules.slow_seconds(world, channel)
            and not rules.is_exempt(request.user, channel)
        ):
            apply(world, SpokenInSlowMode(channel.folded, rules.sender_key(session)))
        if world.moderation.restrains:
            server_rules.count_delivered(request, said, channel)
        return False
    if verdict.code == rules.HELD:
        held = rules.held_message(
            channel,
            session,
            verb,
            said,
            tags,
            verdict.pattern,
            world.clock(),
            is_bot=BOT in request.user.modes,
        )
        request.reply.emit_all(apply(world, MessageHeld(channel.folded, held)))
    if verb != "NOTICE":
        request.reply.fail(verb, verdict.code, channel.name, text=verdict.why)
    return True


def is_pushed(text: tuple[str, ...]) -> bool:
    """Return whether a message can be pushed to devices: it has a text, which is no CTCP query."""
    return bool(text) and not policy.is_ctcp(text[0])


def fits(request: Request, event: Event) -> bool:
    """Refuse a text that is too long for the line to its receivers, instead of truncating it, or
    one that may not be stored; return whether it was refused.
    """
    if event.is_multiline:
        *head, text = event.params
        sizes = [
            body_size(event.command, (*head, line.text), event.source)
            for line in multiline.split(text)
        ]
        if max(sizes) <= MAX_BODY:
            return _may_last(request, event)
        request.reply.fail(
            "BATCH",
            "MULTILINE_INVALID",
            text="A line is too long for its receivers, so the batch is dropped",
        )
        return False
    if body_size(event.command, event.params, event.source) <= MAX_BODY:
        return not event.history_targets or _may_last(request, event)
    request.reply.numeric(n.ERR_INPUTTOOLONG)
    return False


def _may_last(request: Request, event: Event) -> bool:
    """Refuse a message that would be stored if a quota is exhausted."""
    why_not = request.world.quotas.why_not_say(request.user, event) if event.history_targets else ""
    if why_not:
        request.reply.fail(event.command, "QUOTA_EXCEEDED", event.params[0], text=why_not)
    return not why_not

"""The commands FILTER and HELD of ChanServ: what a channel does not let through, and what waits."""

import logging
from math import ceil

from trio_chat.chat import multiline, policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    FilterAdded,
    FilterRemoved,
    HeldMessageReleased,
    HeldMessagesDropped,
    RaidModeSet,
)
from trio_chat.chat.channels import Channel
from trio_chat.chat.durations import parse, show
from trio_chat.chat.moderation.filters import ACTIONS, MOST, BadPattern, Filter, parse_pattern
from trio_chat.chat.moderation.state import HeldMessage
from trio_chat.chat.registry import Request
from trio_chat.chat.services.chanserv import CHANSERV, answer, find_channel
from trio_chat.irc import modes
from trio_chat.irc.message import MAX_BODY, body_size

log = logging.getLogger("trio_chat")

_RAID, _LONGEST_RAID = 1800, 86_400
"""Seconds of raid mode: when none are asked for, and at most."""
_ROOM = 300
"""Bytes of a message that a sentence shows."""


@CHANSERV.command(
    "FILTER",
    "<#channel> ADD refuse|hold|allow <pattern> | LIST | DEL <number>",
    2,
    "refuses or holds messages with a word, `link` or `link:<host>`",
)
def _filter(request: Request, words: list[str]) -> None:
    channel = managed(request, words[0], modes.OPERATOR)
    verb = words[1].upper()
    if channel is None:
        return
    if verb == "LIST":
        _list_filters(request, channel)
    elif verb == "ADD" and len(words) > 3 and words[2].lower() in ACTIONS:
        _add_filter(request, channel, words[2].lower(), " ".join(words[3:]))
    elif verb == "DEL" and len(words) > 2:
        _remove_filter(request, channel, " ".join(words[2:]))
    else:
        answer(request, f"Usage: /msg {CHANSERV.name} {CHANSERV.commands['FILTER'].usage}")


def managed(request: Request, name: str, rank: str) -> Channel | None:
    """Return a channel in which the user has a rank, also by its registration; or reply why not."""
    channel = find_channel(request, name)
    if channel is None:
        return None
    registration = channel.registration
    right = registration.rank_of(request.user.account_id) if registration is not None else ""
    if policy.has_rank(request.user, channel, rank) or right in modes.AT_LEAST[rank]:
        return channel
    answer(request, f"You are not an operator of {channel.name}.")
    return None


def _filters(channel: Channel) -> tuple[Filter, ...]:
    return channel.moderation.filters if channel.moderation is not None else ()


def _list_filters(request: Request, channel: Channel) -> None:
    filters = _filters(channel)
    for number, each in enumerate(filters, 1):
        answer(request, f"{number}. {each.action} {each.pattern} (by {each.setter})")
    answer(request, f"Filters of {channel.name}: {len(filters)}.")


def _add_filter(request: Request, channel: Channel, action: str, text: str) -> None:
    try:
        pattern = parse_pattern(text)
        if action == "allow" and not pattern.startswith("link:"):
            raise BadPattern("Only links can be allowed, as in allow link:example.org")
    except BadPattern as error:
        answer(request, f"{error}.")
        return
    filters = _filters(channel)
    if len(filters) >= MOST and pattern not in [each.pattern for each in filters]:
        answer(request, f"{channel.name} has {MOST} filters already; remove some first.")
        return
    if policy.refuses_to_store(request):
        return
    user = request.user
    added = Filter(action, pattern, user.nick, int(request.world.clock()))
    apply(request.world, FilterAdded(channel.folded, added))
    log.info("%s added the filter %s %s to %s", user.source, action, pattern, channel.name)
    done = {
        "refuse": "are refused",
        "hold": f"wait for an operator: /msg {CHANSERV.name} HELD {channel.name} shows them",
        "allow": "are no links for other filters",
    }
    answer(request, f"Messages in {channel.name} with {pattern} {done[action]}.")


def _remove_filter(request: Request, channel: Channel, wanted: str) -> None:
    filters = _filters(channel)
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else 0
    found = [
        each
        for position, each in enumerate(filters, 1)
        if position == number or each.pattern == wanted.lower()
    ]
    if len(found) != 1:
        answer(request, f"{wanted} is no filter of {channel.name}; FILTER LIST shows them.")
        return
    apply(request.world, FilterRemoved(channel.folded, found[0].pattern))
    log.info("%s removed the filter %s from %s", request.user.source, found[0], channel.name)
    answer(request, f"{channel.name} has the filter {found[0].pattern} no longer.")


@CHANSERV.command(
    "RAID",
    "<#channel> ON [<duration>] | OFF",
    2,
    "for a time: only accounts may join and write, slowly, and without links",
)
def _raid(request: Request, words: list[str]) -> None:
    channel = managed(request, words[0], modes.HALF_OPERATOR)
    verb = words[1].upper()
    if channel is None:
        return
    seconds = parse(words[2]) if len(words) > 2 else _RAID
    if verb not in ("ON", "OFF"):
        answer(request, f"Usage: /msg {CHANSERV.name} {CHANSERV.commands['RAID'].usage}")
    elif verb == "ON" and (seconds is None or not 0 < seconds <= _LONGEST_RAID):
        answer(request, f"Raid mode is for at most {show(_LONGEST_RAID)}, such as 30m or 2h.")
    elif not policy.refuses_to_store(request):
        until = ceil(request.world.steady() + (seconds or 0)) if verb == "ON" else 0
        request.reply.emit_all(apply(request.world, RaidModeSet(channel.folded, until)))
        log.info("%s set raid mode of %s: %s", request.user.source, channel.name, verb)
        answer(request, f"Raid mode of {channel.name} is {verb.lower()}.")


@CHANSERV.command(
    "HELD",
    "<#channel> [LIST | SHOW <number> | RELEASE <number> | DROP <number>|*]",
    1,
    "shows the messages that a filter holds, and delivers or drops them",
)
def _held(request: Request, words: list[str]) -> None:
    channel = managed(request, words[0], modes.HALF_OPERATOR)
    verb = words[1].upper() if len(words) > 1 else "LIST"
    if channel is None:
        return
    held = channel.moderation.held if channel.moderation is not None else ()
    wanted = [each for each in held if words[2:3] in ([str(each.number)], ["*"])]
    if verb == "LIST":
        _list_held(request, channel, held)
    elif (
        verb not in ("SHOW", "RELEASE", "DROP")
        or len(words) < 3
        or (verb != "DROP" and words[2] == "*")
    ):
        answer(request, f"Usage: /msg {CHANSERV.name} {CHANSERV.commands['HELD'].usage}")
    elif not wanted:
        answer(request, f"No such message is held in {channel.name}.")
    elif verb == "SHOW":
        answer(request, f"{wanted[0].number}. {wanted[0].source}:")
        for piece in multiline.whole(wanted[0].text, _ROOM):
            answer(request, f"   {piece}")
    elif verb == "DROP":
        numbers = tuple(each.number for each in wanted)
        change = HeldMessagesDropped(channel.folded, numbers, request.user.folded)
        request.reply.emit_all(apply(request.world, change))
        answer(request, f"Dropped: {len(numbers)}.")
    else:
        _release(request, channel, wanted[0])


def _list_held(request: Request, channel: Channel, held: tuple[HeldMessage, ...]) -> None:
    now = request.world.clock()
    for each in held:
        text = multiline.overview(each.text, _ROOM)
        nick, ago = each.source.partition("!")[0], show(max(1, now - each.time))
        answer(request, f"{each.number}. {ago} ago, {nick} ({each.pattern}): {text}")
    answer(request, f"Held in {channel.name}: {len(held)}.")


def _release(request: Request, channel: Channel, held: HeldMessage) -> None:
    # The channel may have got a longer name since then.
    longest = max(held.text.split("\n"), key=len)
    if body_size(held.command, (channel.name, longest), held.source) > MAX_BODY:
        answer(request, f"{channel.name} has a longer name now, for which the message is too long.")
        return
    if policy.refuses_to_store(request):
        return
    change = HeldMessageReleased(channel.folded, held.number, request.user.folded)
    request.reply.emit_all(apply(request.world, change))
    log.info("%s released a message of %s", request.user.source, held.source)
    answer(request, f"Released: message {held.number}.")

"""Moderation of the whole server by its operators: FILTER, HELD, REPORTS and RAID.

The work is in `chat.moderation.desk`, which other ways to it share.
"""

from collections.abc import Callable, Mapping
from typing import Final

from trio_chat.chat import durations, multiline, policy
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.ids import msgid
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.server import PLACES, RAID_SECONDS, ServerFilter
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import COMMANDS, Request, command

_RIGHT: Final = "moderate"
_ROOM: Final = 280
"""Bytes of a message that a sentence shows."""
_Verb = Callable[[Request, tuple[str, ...]], None]


def answer(request: Request, text: str) -> None:
    """Send the outcome to the operator."""
    request.reply.send("NOTICE", (request.user.nick, f"*** {text}"))


def _carry_out(request: Request, verbs: Mapping[str, _Verb], least: Mapping[str, int]) -> None:
    """Carry out a command by its first word; LIST if there is none."""
    verb, *rest = request.params or ("LIST",)
    verb = verb.upper()
    if verb not in verbs or len(rest) < least.get(verb, 0):
        answer(
            request, f"Usage: {request.message.command} {COMMANDS[request.message.command].usage}"
        )
        return
    try:
        verbs[verb](request, tuple(rest))
    except BadTerms as error:
        answer(request, f"{error}.")


@command(
    "FILTER",
    "[LIST | ADD refuse|hold|flag|allow [@<place>{,<place>}] <pattern> | DEL <number>]",
    right=_RIGHT,
    help="List, add or remove filters of words and links of the whole server.",
)
def filter_command(request: Request) -> None:
    """Manage the filters of the server."""
    verbs = {"LIST": _list_filters, "ADD": _add_filter, "DEL": _remove_filter}
    _carry_out(request, verbs, {"ADD": 2, "DEL": 1})


def describe(each: ServerFilter) -> str:
    """Return a filter in the words by which it is added."""
    places = "" if set(each.places) == set(PLACES) else f"@{','.join(each.places)} "
    return f"{each.action} {places}{each.pattern}"


def _list_filters(request: Request, words: tuple[str, ...]) -> None:
    filters = desk.list_filters(request.world)
    for number, each in enumerate(filters, 1):
        answer(request, f"{number}. {describe(each)} (by {each.setter})")
    answer(request, f"Filters of the server: {len(filters)}.")


def _add_filter(request: Request, words: tuple[str, ...]) -> None:
    if policy.refuses_to_store(request):
        return
    added, events = desk.add_filter(request.world, words, request.user.nick)
    request.reply.emit_all(events)
    audit(request, f"FILTER ADD {describe(added)}")
    answer(request, f"The server has the filter {describe(added)}.")


def _remove_filter(request: Request, words: tuple[str, ...]) -> None:
    removed, events = desk.remove_filter(request.world, " ".join(words))
    request.reply.emit_all(events)
    audit(request, f"FILTER DEL {describe(removed)}")
    answer(request, f"The server has the filter {describe(removed)} no longer.")


@command(
    "HELD",
    "[LIST | SHOW <number> | RELEASE <number> | DROP <number>|*]",
    right=_RIGHT,
    help="List the messages that filters of the server hold, read, deliver or drop them.",
)
def held_command(request: Request) -> None:
    """Decide on held messages."""
    verbs = {"LIST": _list_held, "SHOW": _show_held, "RELEASE": _release, "DROP": _drop}
    _carry_out(request, verbs, {"SHOW": 1, "RELEASE": 1, "DROP": 1})


def _list_held(request: Request, words: tuple[str, ...]) -> None:
    held = desk.list_held(request.world)
    for each in held:
        message = each.message
        text = multiline.overview(message.text, _ROOM)
        nick, ago = message.source.partition("!")[0], _ago(request, message.time)
        shown = f"{each.number}. {ago} ago, {nick} to {each.name} ({message.pattern}): {text}"
        answer(request, shown)
    answer(request, f"Held messages: {len(held)}.")


def _show_held(request: Request, words: tuple[str, ...]) -> None:
    held = desk.find_held(request.world, words[0])
    answer(request, f"{held.number}. {held.message.source} to {held.name}:")
    _show(request, held.message.text)


def _show(request: Request, text: str) -> None:
    """Answer with a whole text; it has as many lines as a message may have."""
    for piece in multiline.whole(text, _ROOM):
        answer(request, f"   {piece}")


def _ago(request: Request, time: int) -> str:
    return durations.show(max(1, request.world.clock() - time))


def _release(request: Request, words: tuple[str, ...]) -> None:
    if policy.refuses_to_store(request):
        return
    held, events = desk.release(request.world, words[0], request.user.nick)
    request.reply.emit_all(events)
    audit(request, f"HELD RELEASE {held.number}, of {held.message.source} to {held.name}")
    answer(request, f"Released: message {held.number}.")


def _drop(request: Request, words: tuple[str, ...]) -> None:
    count, events = desk.drop(request.world, words[0], request.user.nick)
    request.reply.emit_all(events)
    audit(request, f"HELD DROP {words[0]}")
    answer(request, f"Dropped: {count}.")


@command(
    "REPORTS",
    "[LIST | SHOW <number> | RESOLVE <number>|* [:<note>]]",
    right=_RIGHT,
    help="List the reports of users, show the reported message, and close them with a note that"
    " these users read.",
)
def reports_command(request: Request) -> None:
    """Decide on reports."""
    verbs = {"LIST": _list_reports, "SHOW": _show_report, "RESOLVE": _resolve}
    _carry_out(request, verbs, {"SHOW": 1, "RESOLVE": 1})


def _list_reports(request: Request, words: tuple[str, ...]) -> None:
    reports = desk.list_reports(request.world)
    for each in reports:
        ago, count = _ago(request, each.time), len(each.reporters)
        answer(request, f"{each.number}. {ago} ago, {count}x: {each.source}{each.place}")
        for one in each.reporters:
            answer(request, f"   by {one.nick}: {one.reason or '-'}")
        if each.text:
            text = multiline.overview(each.text, _ROOM)
            answer(request, f"   {msgid(each.message)}: {text}")
    answer(request, f"Reports: {len(reports)}.")


def _show_report(request: Request, words: tuple[str, ...]) -> None:
    report = desk.find_report(request.world, words[0])
    answer(request, f"{report.number}. {report.source}{report.place}:")
    _show(request, report.text)


def _resolve(request: Request, words: tuple[str, ...]) -> None:
    note = " ".join(words[1:])
    count, events = desk.resolve(request.world, words[0], request.user.nick, note)
    request.reply.emit_all(events)
    audit(request, f"REPORTS RESOLVE {words[0]}{f': {note}' if note else ''}")
    answer(request, f"Resolved: {count}.")


@command(
    "RAID",
    "[ON [<duration>] | OFF]",
    right=_RIGHT,
    help="Keep newcomers without an account from joining and writing for a time.",
)
def raid_command(request: Request) -> None:
    """Begin or end raid mode of the server."""
    _carry_out(request, {"LIST": _show_raid, "ON": _begin_raid, "OFF": _end_raid}, {})


def _show_raid(request: Request, words: tuple[str, ...]) -> None:
    raid, now = request.world.moderation.raid, request.world.steady()
    if raid.until > now:
        left = durations.show(max(1, round(raid.until - now)))
        answer(request, f"Raid mode of the server is on for {left} (by {raid.by}).")
    else:
        answer(request, "Raid mode of the server is off.")


def _begin_raid(request: Request, words: tuple[str, ...]) -> None:
    seconds = durations.parse(words[0]) if words else RAID_SECONDS
    if seconds is None:
        raise BadTerms(f"{words[0]} is no duration; write it like 30m or 2h")
    request.reply.emit_all(desk.begin_raid(request.world, seconds, request.user.nick))
    audit(request, f"RAID ON {durations.show(seconds)}")
    answer(request, f"Raid mode of the server is on for {durations.show(seconds)}.")


def _end_raid(request: Request, words: tuple[str, ...]) -> None:
    request.reply.emit_all(desk.end_raid(request.world, request.user.nick))
    audit(request, "RAID OFF")
    answer(request, "Raid mode of the server is off.")

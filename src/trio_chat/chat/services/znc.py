"""ZNC's `*playback` (wiki.znc.in/Playback), for clients that request missed messages only in this
way.
"""

import logging
import re
from functools import partial

from trio_chat.chat import conversations
from trio_chat.chat.commands import playback
from trio_chat.chat.commands.history import read
from trio_chat.chat.conversations import Conversation
from trio_chat.chat.history import LAST_ID, HistoryError, Span
from trio_chat.chat.ids import EPOCH_MS, seconds
from trio_chat.chat.registry import LOCAL_SERVICES, SERVICES, Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import PlaybackRequest
from trio_chat.irc.masks import has_wildcard, matches
from trio_chat.irc.names import each_once, fold_or_self, is_channel_name

log = logging.getLogger("trio_chat")

NAME = "*playback"
SOURCE = "*playback!znc@znc.in"
MAX_TARGETS = 100
"""The maximum number of names in one command."""
MAX_SHARES = 10
"""The maximum number of messages of one command, as a multiple of that of CHATHISTORY."""
_TIME = re.compile(r"[0-9]{1,12}(\.[0-9]{1,18})?", re.ASCII)
_UNREADABLE = "Messages could not be retrieved at the moment"


@command(
    "ZNC",
    "*playback <command>",
    min_params=1,
    help="Send a command to *playback, which shows missed messages as ZNC does.",
    is_local=True,
)
def znc_command(request: Request) -> None:
    """Send a command to a module of ZNC; there is one."""
    module, _, text = " ".join(request.params).partition(" ")
    if module.lower() == NAME:
        handle(request, text)
    else:
        request.reply.send(
            "NOTICE", (request.user.nick, f"There is no module {module} here, only {NAME}"), SOURCE
        )


def handle(request: Request, text: str) -> None:
    """Execute a command of `*playback`."""
    verb, *words = text.split() or [""]
    storage = request.world.storage
    handler = _ORDERS.get(verb.upper())
    if storage is None:
        _answer(request, request.reply, "This server remembers nothing")
    elif handler is None or not handler(request, storage, words):
        _answer(
            request,
            request.reply,
            "PLAY <target>{,<target>} [<from> [<to>]], LIST [<target>{,<target>}]; times are"
            " seconds",
        )


def _answer(request: Request, reply: Response, text: str, verb: str = "NOTICE") -> None:
    reply.send(verb, (request.user.nick, text), SOURCE)


def _play(request: Request, storage: StoragePorts, words: list[str]) -> bool:
    times = words[1:]
    if not 1 <= len(words) <= 3 or not all(_TIME.fullmatch(time) for time in times):
        return False
    names = each_once(words[0].split(","))[:MAX_TARGETS]
    # The client gives the time of the last message that it has: that message is left out.
    timeline = request.world.ids.timeline
    after = timeline.reference(_moment(times[0])).last if times else 0
    before = timeline.reference(_moment(times[1])).first if len(times) > 1 else LAST_ID
    _note(request, names, after, before)
    span = Span(after, min(before, request.world.ids.latest + 1))  # later ones are delivered
    request.reply.postpone(partial(_show, request, storage, names, span))
    return True


def _moment(time: str) -> int:
    """Return the milliseconds since 2020 of a moment."""
    whole, _, fraction = time.partition(".")
    return int(whole) * 1000 + int(f"{fraction}000"[:3]) - EPOCH_MS


def _note(request: Request, names: list[str], after: int, before: int) -> None:
    """Keep what was asked for, because some clients ask before they join."""
    channels = (
        None
        if "*" in names
        else frozenset(fold_or_self(name) for name in names if is_channel_name(name))
    )
    request.session.playback_request = PlaybackRequest(
        after, before, channels, request.world.elapsed()
    )


async def _show(
    request: Request, storage: StoragePorts, names: list[str], span: Span, reply: Response
) -> None:
    left = storage.most_messages * MAX_SHARES
    try:
        for conversation in await _wanted(request, storage, names):
            left -= await playback.show(
                request, storage, conversation, span, min(storage.most_messages, left), reply
            )
    except HistoryError as error:
        log.error("the history cannot be read: %s", error)
        _answer(request, reply, _UNREADABLE)


async def _wanted(request: Request, storage: StoragePorts, names: list[str]) -> list[Conversation]:
    """Return the conversations that names and patterns stand for; private ones first, as there are
    fewer of them.
    """
    found: dict[str, Conversation] = {}
    patterns = [fold_or_self(name) for name in names if has_wildcard(name)]
    if patterns:
        private = await playback.private_conversations(request, storage)
        channels = (
            conversations.in_channel(request.user, channel) for channel in request.user.channels
        )
        for conversation in (*private, *channels):
            if any(matches(pattern, fold_or_self(conversation.name)) for pattern in patterns):
                found[conversation.buffer] = conversation
    for name in names:
        exact = (
            None if has_wildcard(name) else conversations.find(request.world, request.user, name)
        )
        if exact is not None:
            found[exact.buffer] = exact
    return list(found.values())


def _list(request: Request, storage: StoragePorts, words: list[str]) -> bool:
    names = each_once(words[0].split(","))[:MAX_TARGETS] if words else ["*"]
    if len(words) <= 1:
        request.reply.postpone(partial(_show_list, request, storage, names))
    return len(words) <= 1


async def _show_list(
    request: Request, storage: StoragePorts, names: list[str], reply: Response
) -> None:
    try:
        for conversation in await _wanted(request, storage, names):
            first = await read(request, storage, conversation, Span(from_newest=False), 1)
            last = await read(request, storage, conversation, Span(), 1)
            if first and last:
                times = " ".join(f"{seconds(one.id, one.shift):.3f}" for one in (first[0], last[0]))
                _answer(request, reply, f"{conversation.name} {times}", "PRIVMSG")
    except HistoryError as error:
        log.error("the history cannot be read: %s", error)
        _answer(request, reply, _UNREADABLE)


def _clear(request: Request, storage: StoragePorts, words: list[str]) -> bool:
    if words:
        _answer(
            request,
            request.reply,
            "Nothing is cleared: what is remembered here belongs to all who were there",
        )
    return bool(words)


_ORDERS = {"PLAY": _play, "LIST": _list, "CLEAR": _clear}
SERVICES[NAME] = handle
LOCAL_SERVICES.add(NAME)

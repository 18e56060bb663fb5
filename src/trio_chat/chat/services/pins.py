"""The commands PIN, UNPIN and PINS of ChanServ: messages that a channel keeps in sight."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from trio_chat.chat import multiline, pins, policy, retention
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MetadataSet
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import HistoryError, Record, Span
from trio_chat.chat.ids import msgid, parse_msgid, readable_time
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.services.chanserv import CHANSERV, answer, find_channel
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self

log = logging.getLogger("trio_chat")

_Work = Callable[[Request, StoragePorts, list[str]], Awaitable[None]]
"""The part of a command that reads the history; raises HistoryError when that is not possible."""
_SEEN = 100
"""Latest messages among which that of a nickname is found."""
_ROOM = 200
"""Bytes of a message that a sentence shows."""


@CHANSERV.command(
    "PIN",
    "<#channel> [<msgid>|<nickname>]",
    1,
    "keeps a message in sight: one with a msgid, the last one of a user, or the last of all",
)
def _pin(request: Request, words: list[str]) -> None:
    with_history(request, words, _pin_message)


@CHANSERV.command("UNPIN", "<#channel> <number>|<msgid>", 2, "takes that back")
def _unpin(request: Request, words: list[str]) -> None:
    channel = _to_change(request, words[0])
    if channel is None:
        return
    known = pins.pinned(channel)
    word = words[1].lstrip("#")
    by_number = int(word) if word.isascii() and word.isdigit() and len(word) < 3 else 0
    number = known[by_number - 1] if 0 < by_number <= len(known) else parse_msgid(words[1])
    if number not in known or number is None:
        answer(request, f"{words[1]} is not pinned in {channel.name}.")
        return
    _set(request, channel, pins.without_pin(known, number), "The message is not pinned any longer.")


@CHANSERV.command("PINS", "<#channel>", 1, "shows the pinned messages")
def _pins(request: Request, words: list[str]) -> None:
    with_history(request, words, _show)


def _to_change(request: Request, name: str) -> Channel | None:
    """Return a channel whose pins the user may change, or reply why not."""
    channel = find_channel(request, name)
    if channel is None:
        return None
    if not policy.can_write_metadata(request.user, channel):
        answer(request, f"You are not an operator of {channel.name}.")
        return None
    return channel


def with_history(request: Request, words: list[str], work: _Work) -> None:
    """Let a command go on that reads the history, on the server of the session alone."""

    def begin() -> None:
        storage = request.world.storage
        if storage is None:
            answer(request, "This server remembers no messages.")
        else:
            request.reply.postpone(partial(_read, request, storage, words, work))

    request.locally(begin)


async def _read(
    request: Request, storage: StoragePorts, words: list[str], work: _Work, reply: Response
) -> None:
    """Go on with a command. If cancelled, what it does may be done without an answer."""
    try:
        await work(request, storage, words)
    except HistoryError as error:
        log.error("messages of a channel cannot be read: %s", error)
        answer(request, "Messages cannot be read at the moment, try again later.")


async def _pin_message(request: Request, storage: StoragePorts, words: list[str]) -> None:
    channel = _to_change(request, words[0])
    if channel is None:
        return
    record = await find_message(request, storage, channel, words[1] if len(words) > 1 else "")
    gone = await _gone(request, storage, channel)
    channel = _to_change(request, words[0])  # asked again: ranks may have changed meanwhile
    if channel is None:
        return
    known = tuple(number for number in pins.pinned(channel) if number not in gone)
    if record is None:
        answer(request, f"There is no such message in {channel.name}, or it is too old.")
    elif record.id in known:
        answer(request, "This message is pinned already.")
    elif (value := pins.with_pin(known, record.id)) is None:
        text = f"{channel.name} has {pins.MOST} pinned messages already, which is as many as"
        answer(request, f"{text} one can have. /msg ChanServ PINS {channel.name} shows them.")
    else:
        _set(request, channel, value, f"Pinned: {described(record)}")
        await request.world.settle()


async def _gone(request: Request, storage: StoragePorts, channel: Channel) -> set[int]:
    """Return the pins whose messages have expired or were pruned, when another pin needs the room:
    they are not shown, so that nobody could take them back.
    """
    known = pins.pinned(channel)
    if len(known) < pins.MOST:
        return set()
    found = [await message_with_id(request, storage, channel, number) for number in known]
    return {number for number, record in zip(known, found, strict=True) if record is None}


async def _show(request: Request, storage: StoragePorts, words: list[str]) -> None:
    channel = find_channel(request, words[0])
    if channel is None:
        return
    if not policy.can_read_history(request.user, channel):
        answer(request, f"You are not in {channel.name}.")
        return
    shown = 0
    for position, number in enumerate(pins.pinned(channel), 1):
        record = await message_with_id(request, storage, channel, number)
        if record is not None and policy.can_read_history(request.user, channel):
            shown += 1
            answer(request, f"{position}. {described(record)} ({msgid(number)})")
    answer(request, f"Pinned in {channel.name}: {shown}.")


def _set(request: Request, channel: Channel, value: str | None, done: str) -> None:
    change = MetadataSet(channel.folded, ((pins.KEY, value),), request.user.folded)
    request.reply.emit_all(apply(request.world, change))
    request.once_settled(lambda: answer(request, done))


async def find_message(
    request: Request, storage: StoragePorts, channel: Channel, word: str
) -> Record | None:
    """Return the message with a msgid, the last one of a nickname, or with "" the last of all; None
    when there is none that a member may read.

    Raises:
        HistoryError: the history cannot be read.
    """
    number = parse_msgid(word) if word else None
    if number is not None:
        return await message_with_id(request, storage, channel, number)
    found = await _messages(request, storage, channel, Span(), _SEEN if word else 1)
    nick = fold_or_self(word)
    fitting = [each for each in found if not word or _nick_of(each) == nick]
    return fitting[-1] if fitting else None


async def message_with_id(
    request: Request, storage: StoragePorts, channel: Channel, number: int
) -> Record | None:
    """Return the message with an id; see `find_message`."""
    span = Span(after=number - 1, before=number + 1)
    found = await _messages(request, storage, channel, span, 1)
    return found[0] if found else None


async def _messages(
    request: Request, storage: StoragePorts, channel: Channel, span: Span, limit: int
) -> Sequence[Record]:
    """Return messages of a channel that a member may read."""
    span = retention.cut(span, retention.oldest(request.world, storage, channel))
    found = await storage.history.messages(channel.folded, span, limit, channel.founded)
    return [each for each in found if each.id not in request.world.redacted]


def _nick_of(record: Record) -> str:
    return fold_or_self(record.source.partition("!")[0])


def described(record: Record) -> str:
    """Return the time, the author and the beginning of a message."""
    nick, text = record.source.partition("!")[0], multiline.flatten(record.text)
    shown = truncate(text, _ROOM)
    when = readable_time(record.id, record.shift)
    return f"{when} {nick}: {shown}{'…' if shown != text else ''}"

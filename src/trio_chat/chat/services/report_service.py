"""The commands REPORT and REPORTS of ChanServ: messages that members show to the operators."""

import logging

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MessageReported, ReportsClosed
from trio_chat.chat.channels import Channel
from trio_chat.chat.durations import show
from trio_chat.chat.ids import msgid
from trio_chat.chat.moderation.rules import sender_key
from trio_chat.chat.moderation.state import MOST_REPORTS, MOST_REPORTS_OF_SENDER, Report
from trio_chat.chat.registry import Request
from trio_chat.chat.services.chanserv import CHANSERV, answer, find_channel
from trio_chat.chat.services.moderation_service import managed
from trio_chat.chat.services.pins import described, find_message, message_with_id, with_history
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import HALF_OPERATOR
from trio_chat.irc.text import strip_formatting

log = logging.getLogger("trio_chat")

_MAX_REASON = 150
"""Bytes of a reason."""


@CHANSERV.command(
    "REPORT",
    "<#channel> <msgid>|<nickname> [<reason>]",
    2,
    "shows the operators a message, or the last one of a user",
)
def _report(request: Request, words: list[str]) -> None:
    with_history(request, words, _report_message)


async def _report_message(request: Request, storage: StoragePorts, words: list[str]) -> None:
    record = None
    if (channel := _readable(request, words[0])) is not None:
        record = await find_message(request, storage, channel, words[1])
        channel = _readable(request, words[0])  # asked again: it may have been left meanwhile
    if channel is None:
        return
    if record is None:
        answer(request, f"There is no such message in {channel.name}, or it is too old.")
        return
    key = sender_key(request.session)
    reports = _reports(channel)
    mine = [each for each in reports if each.sender == key]
    if any(each.message == record.id for each in mine):
        answer(request, "You have reported this message already.")
    elif len(mine) >= MOST_REPORTS_OF_SENDER or len(reports) >= MOST_REPORTS:
        answer(request, f"Too many reports wait for the operators of {channel.name}.")
    elif not policy.refuses_to_store(request):
        _add(request, channel, record.id, described(record), " ".join(words[2:]))
        await request.world.settle()


def _readable(request: Request, name: str) -> Channel | None:
    """Return a channel whose messages the user may read, or reply that it may not."""
    channel = find_channel(request, name)
    if channel is None or policy.can_read_history(request.user, channel):
        return channel
    answer(request, f"You are not in {channel.name}.")
    return None


def _reports(channel: Channel) -> tuple[Report, ...]:
    return channel.moderation.reports if channel.moderation is not None else ()


def _add(request: Request, channel: Channel, number: int, shown: str, reason: str) -> None:
    user, world = request.user, request.world
    report = Report(
        0,
        int(world.clock()),
        user.nick,
        user.account_id,
        sender_key(request.session),
        number,
        truncate(strip_formatting(reason), _MAX_REASON),
    )
    request.reply.emit_all(apply(world, MessageReported(channel.folded, report, shown)))
    log.info("%s reported a message in %s", user.source, channel.name)
    done = f"The operators of {channel.name} have your report."
    request.once_settled(lambda: answer(request, done))


@CHANSERV.command(
    "REPORTS",
    "<#channel> [LIST | CLOSE <number>|*]",
    1,
    "shows and closes what members have reported",
)
def _reports_command(request: Request, words: list[str]) -> None:
    channel = managed(request, words[0], HALF_OPERATOR)
    verb = words[1].upper() if len(words) > 1 else "LIST"
    if channel is None:
        return
    if verb == "LIST":
        with_history(request, words, _list)
        return
    reports = _reports(channel)
    wanted = [each for each in reports if words[2:3] in ([str(each.number)], ["*"])]
    if verb != "CLOSE" or len(words) < 3:
        answer(request, f"Usage: /msg {CHANSERV.name} {CHANSERV.commands['REPORTS'].usage}")
    elif not wanted:
        answer(request, f"There is no such report in {channel.name}.")
    else:
        numbers = tuple(each.number for each in wanted)
        change = ReportsClosed(channel.folded, numbers, request.user.folded)
        request.reply.emit_all(apply(request.world, change))
        answer(request, f"Closed: {len(numbers)}.")


async def _list(request: Request, storage: StoragePorts, words: list[str]) -> None:
    channel = managed(request, words[0], HALF_OPERATOR)
    reports = _reports(channel) if channel is not None else ()
    for each in reports:
        if channel is None:
            return
        record = await message_with_id(request, storage, channel, each.message)
        channel = managed(request, words[0], HALF_OPERATOR)  # ranks may have changed meanwhile
        shown = described(record) if record is not None else "deleted, or too old"
        ago = show(max(1, request.world.clock() - each.time))
        reason = f": {each.reason}" if each.reason else ""
        if channel is not None:
            answer(request, f"{each.number}. {ago} ago, {each.by}{reason}")
            answer(request, f"   {shown} ({msgid(each.message)})")
    if channel is not None:
        answer(request, f"Reports in {channel.name}: {len(reports)}.")

"""REPORT: a user shows the operators of the server another user, or a message.

    REPORT <nickname> [<msgid>] [:<reason>]
    REPORT <#channel> <msgid> [:<reason>]

The text of a message is copied into the report, so that operators can read it although it is
private, or deleted later; that is what its reporter asks for. Nothing else of a private
conversation is.
"""

import logging
from functools import partial
from typing import NamedTuple

from trio_chat.chat import policy, readable_messages
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ReportedToServer
from trio_chat.chat.history import HistoryError
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.moderation.rules import sender_key
from trio_chat.chat.moderation.server import (
    MOST_SERVER_REPORTS,
    Reporter,
    ServerReport,
)
from trio_chat.chat.moderation.state import MOST_REPORTS_OF_SENDER
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.irc.text import strip_formatting

log = logging.getLogger("trio_chat")

_MAX_REASON, _MAX_TEXT = 150, 2000
"""Bytes of a reason, and of the text of a message in a report."""


class _Reported(NamedTuple):
    """What is reported: see `ServerReport`."""

    about: str
    source: str
    account: int
    message: int = 0
    text: str = ""


@command(
    "REPORT",
    "<nickname> [<msgid>] [:<reason>] | <#channel> <msgid> [:<reason>]",
    min_params=1,
    weight=4,
    help="Show the operators of the server a user or a message.",
    is_local=True,
    is_decision=True,
)
def report_command(request: Request) -> None:
    """Report a user, or a message."""
    target, word = request.params[0], request.param(1)
    number = parse_msgid(word)
    reason = " ".join(request.params[2:] if number is not None else request.params[1:])
    if number is not None:
        request.reply.postpone(partial(_report_message, request, target, number, reason))
    elif is_channel_name(target):
        _fail(request, "INVALID_MSGID", "Name the message by its msgid: REPORT <#channel> <msgid>")
    elif (found := _user(request, target)) is None:
        request.reply.numeric(n.ERR_NOSUCHNICK, target)
    else:
        _report(request, target, found, reason)


def _fail(request: Request, code: str, text: str) -> None:
    request.reply.fail("REPORT", code, request.params[0], text=text)


def _user(request: Request, nick: str) -> _Reported | None:
    """Return a user that is here or has just left, or an account."""
    world, folded = request.world, fold_or_self(nick)
    user = world.users.get(folded)
    if user is not None:
        source, account = user.source, user.account_id
    elif world.accounts is not None and (known := world.accounts.known.get(folded)) is not None:
        source, account = known.name, known.id
    else:
        former = next((each for each in world.whowas if each.folded == folded), None)
        if former is None:
            return None
        source, account = f"{former.nick}!{former.username}@{former.host}", 0
    return _Reported(f"@{account}" if account else source.lower(), source, account)


async def _report_message(
    request: Request, target: str, number: int, reason: str, reply: Response
) -> None:
    """Report a message. If cancelled, it may be reported without an answer."""
    storage = request.world.storage
    try:
        found = (
            await readable_messages.find(request.world, request.user, storage, target, number)
            if storage is not None
            else None
        )
    except HistoryError as error:
        log.error("a message that is reported cannot be read: %s", error)
        _fail(request, "TEMPORARILY_UNAVAILABLE", "Messages cannot be read at the moment")
        return
    record = found.record if found is not None else None
    if record is None:
        _fail(request, "UNKNOWN_MSGID", "There is no such message that you can read")
    elif policy.is_own(request.user, record):
        _fail(request, "OWN_MESSAGE", "That is a message of your own; you can delete it")
    else:
        text = truncate(record.text, _MAX_TEXT)
        about = _Reported(str(record.id), record.source, record.account_id, record.id, text)
        _report(request, target, about, reason)


def _report(request: Request, target: str, what: _Reported, reason: str) -> None:
    user, world = request.user, request.world
    key, reports = sender_key(request.session), world.moderation.reports.values()
    mine = [each for each in reports if any(one.sender == key for one in each.reporters)]
    if any(each.about == what.about for each in mine):
        _fail(request, "ALREADY_REPORTED", "You have reported this already; it waits for operators")
        return
    known = world.moderation.report_about(what.about)
    if len(mine) >= MOST_REPORTS_OF_SENDER or (
        known is None and len(reports) >= MOST_SERVER_REPORTS
    ):
        _fail(request, "TOO_MANY_REPORTS", "Too many reports wait for the operators, try later")
        return
    if policy.refuses_to_store(request):
        return
    reason = truncate(strip_formatting(reason), _MAX_REASON)
    reporter = Reporter(user.nick, user.account_id, key, reason)
    report = ServerReport(
        0,
        int(world.clock()),
        what.about,
        target,
        what.source,
        what.account,
        what.message,
        what.text,
        (reporter,),
    )
    request.reply.emit_all(apply(world, ReportedToServer(report)))
    log.info("%s reported %s", user.source, what.source)
    done = "The operators of this server have your report; you will hear of it"
    request.once_settled(lambda: request.reply.send("NOTE", ("REPORT", "REPORTED", target, done)))

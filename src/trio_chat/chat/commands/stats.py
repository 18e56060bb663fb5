"""STATS: counters and configuration of the server, one report for each letter (RFC 2812 §3.4.4)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from trio_chat.chat import policy
from trio_chat.chat.bans import BanKind
from trio_chat.chat.commands.bans import send_list
from trio_chat.chat.commands.info import is_other_server
from trio_chat.chat.registry import Request, command
from trio_chat.irc import numerics as n
from trio_chat.irc.rights import RIGHTS


class Report(NamedTuple):
    """The report of a letter: the right that it needs, its help text, and its function."""

    right: str
    meaning: str
    send: Callable[[Request], None]


def _uptime(request: Request) -> None:
    seconds = max(0, int(request.world.wall_clock() - request.world.server_info.created))
    days, rest = divmod(seconds, 86_400)
    request.reply.numeric(n.RPL_STATSUPTIME, args=(days, rest // 3600, rest // 60 % 60, rest % 60))


def _commands(request: Request) -> None:
    for name, count in sorted(request.world.usage.items()):
        request.reply.numeric(n.RPL_STATSCOMMANDS, name, str(count))


def _operators(request: Request) -> None:
    for block in request.world.server_info.operators.values():
        rights = ",".join(right for right in RIGHTS if right in block.rights)
        request.reply.numeric(
            n.RPL_STATSOLINE, "O", block.host or "*", block.account or "*", block.name, rights
        )


def _staff(request: Request) -> None:
    for user in request.world.opers:
        request.reply.numeric(
            n.RPL_STATSDEBUG, args=(f"{user.nick} ({user.username}@{user.host})",)
        )


def _numbers(request: Request) -> None:
    control = request.world.control
    for text, value in control.numbers() if control else ():
        request.reply.numeric(n.RPL_STATSDEBUG, args=(f"{value:g} {text}",))


def _nodes(request: Request) -> None:
    control = request.world.control
    for node in control.nodes() if control else ():
        request.reply.numeric(n.RPL_STATSDEBUG, args=(node,))


REPORTS: Final[dict[str, Report]] = {
    "a": Report("ban", "suspended accounts", lambda request: send_list(request, BanKind.ACCOUNT)),
    "d": Report("ban", "banned addresses", lambda request: send_list(request, BanKind.ADDRESS)),
    "k": Report("ban", "banned masks", lambda request: send_list(request, BanKind.MASK)),
    "m": Report("stats", "how often each command was given", _commands),
    "n": Report("stats", "the nodes of the cluster", _nodes),
    "o": Report("stats", "who can become an operator", _operators),
    "p": Report("", "the operators who are here", _staff),
    "u": Report("", "since when the server runs", _uptime),
    "z": Report("stats", "how the server stands", _numbers),
}


@command(
    "STATS",
    "<letter> [<server>]",
    min_params=1,
    help=(
        "Show what the server counts:"
        f" {'; '.join(f'{letter}: {report.meaning}' for letter, report in REPORTS.items())}."
    ),
    is_local=True,
)
def stats_command(request: Request) -> None:
    """Show one report; an unknown letter has an empty one."""
    if is_other_server(request, 1):
        return
    letter = request.params[0][:1]
    report = REPORTS.get(letter.lower())
    if report is not None and not (report.right and policy.refuses_right(request, report.right)):
        report.send(request)
    request.reply.numeric(n.RPL_ENDOFSTATS, letter)

"""MONITOR: notices of nicknames that come into use and go out of use (IRCv3 `monitor`)."""

from collections.abc import Callable, Iterable
from typing import Final

from trio_chat.chat.commands import metadata_unasked
from trio_chat.chat.registry import Request, command
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, wrap_words
from trio_chat.irc.names import InvalidName, each_once, fold_nick, fold_or_self
from trio_chat.irc.numerics import Numeric


@command(
    "MONITOR",
    "+|- <nickname>{,<nickname>} | C | L | S",
    min_params=1,
    help=(
        "Watch nicknames: add (+) or remove (-) some, clear (C) or show (L)"
        " them, show who is here (S)."
    ),
    is_local=True,
)
def monitor_command(request: Request) -> None:
    """Change or show the monitor list of the client."""
    modifier = request.params[0].upper()
    handler = _HANDLERS.get(modifier)
    if handler is None:
        request.reply.numeric(
            n.ERR_UNKNOWNERROR,
            "MONITOR",
            request.params[0],
            args=("The first parameter is +, -, C, L or S",),
        )
    elif modifier in "+-" and not request.param(1):
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MONITOR")
    else:
        handler(request)


def _targets(request: Request) -> list[str]:
    """Return the nicknames that a request names, each of them once, as it was first written."""
    return each_once(filter(None, request.params[1].split(",")))


def _add(request: Request) -> None:
    world, session = request.world, request.session
    added, refused = [], []
    for target in _targets(request):
        try:
            folded = fold_nick(target, world.lengths.nick)
        except InvalidName:
            request.reply.numeric(n.ERR_ERRONEUSNICKNAME, target)
            continue
        if not world.monitor.is_monitoring(session, folded):
            if world.monitor.count(session) >= world.lengths.monitor_entries:
                refused.append(target)
                continue
            world.monitor.add(session, folded, target)
        added.append(target)
    _send_status(request, added)
    metadata_unasked.on_monitor(
        request, [user for target in added if (user := world.users.get(fold_or_self(target)))]
    )
    limit = str(world.lengths.monitor_entries)
    for line in _lines(
        request, n.ERR_MONLISTFULL, refused, len(f"{limit} {n.ERR_MONLISTFULL.text}")
    ):
        request.reply.numeric(n.ERR_MONLISTFULL, limit, line)


def _remove(request: Request) -> None:
    for target in _targets(request):
        request.world.monitor.remove(request.session, fold_or_self(target))


def _clear(request: Request) -> None:
    request.world.monitor.clear(request.session)


def _list(request: Request) -> None:
    for line in _lines(
        request, n.RPL_MONLIST, request.world.monitor.targets_of(request.session).values()
    ):
        request.reply.numeric(n.RPL_MONLIST, args=(line,))
    request.reply.numeric(n.RPL_ENDOFMONLIST)


def _status(request: Request) -> None:
    _send_status(request, request.world.monitor.targets_of(request.session).values())


def _send_status(request: Request, targets: Iterable[str]) -> None:
    online, offline = [], []
    for target in targets:
        user = request.world.users.get(fold_or_self(target))
        if user is None:
            offline.append(target)
        else:
            online.append(user.source)
    for numeric, words in ((n.RPL_MONONLINE, online), (n.RPL_MONOFFLINE, offline)):
        for line in _lines(request, numeric, words):
            request.reply.numeric(numeric, args=(line,))


def _lines(request: Request, numeric: Numeric, words: Iterable[str], taken: int = 0) -> list[str]:
    """Join targets into as few lines as possible; `taken` bytes are reserved for the rest of the
    numeric.
    """
    head = f":{request.world.server_info.name} {numeric} {request.user.nick}  :"
    return wrap_words(words, MAX_BODY - len(head.encode()) - taken, ",")


_HANDLERS: Final[dict[str, Callable[[Request], None]]] = {
    "+": _add,
    "-": _remove,
    "C": _clear,
    "L": _list,
    "S": _status,
}

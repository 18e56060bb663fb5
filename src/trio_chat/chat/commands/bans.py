"""Bans of the server: KLINE and UNKLINE by mask, DLINE and UNDLINE by address; without a parameter they list what there is.

    KLINE [<duration>] <nick!user@host> [:<reason>]
    DLINE [<duration>] <address, network or nickname> [:<reason>]

Whom a new ban covers is ended at once, and who comes later is refused.
"""

from functools import partial
from typing import NamedTuple

from trio_chat.chat import banning, durations
from trio_chat.chat.bans import MAX_REASON, BadMask, Ban, Kind, normalise
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import Request, command
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self

NO_REASON = "No reason was given"


class _Form(NamedTuple):
    """How bans of a kind are spoken of: the word for making one, or with UN before it lifting one, and the numeric of a list."""

    word: str
    numeric: n.Numeric


_FORMS = {
    Kind.MASK: _Form("KLINE", n.RPL_STATSKLINE),
    Kind.ADDRESS: _Form("DLINE", n.RPL_STATSDLINE),
    Kind.ACCOUNT: _Form("SUSPEND", n.RPL_STATSDEBUG),
}


def _add_commands(kind: Kind, parameter: str, *, to_ban: str, to_lift: str) -> None:
    word = _FORMS[kind].word
    command(word, f"[[<duration>] {parameter} [:<reason>]]", right="ban", help=to_ban)(partial(_ban_or_list, kind=kind))
    command(f"UN{word}", parameter, min_params=1, right="ban", help=to_lift)(partial(_unban, kind=kind))


def send_list(request: Request, kind: Kind) -> None:
    """Send all bans of a kind."""
    now = request.world.clock()
    for ban in request.world.bans.of_kind(kind):
        request.reply.numeric(_FORMS[kind].numeric, kind.value.upper(), ban.mask, args=(ban.describe(now),))


def _ban_or_list(request: Request, kind: Kind) -> None:
    if not request.params:
        send_list(request, kind)
        request.reply.numeric(n.RPL_ENDOFSTATS, kind.value)
        return
    seconds, (mask, *rest) = take_duration(request.params)
    if kind is Kind.ADDRESS and (other := request.world.users.get(fold_or_self(mask))) and other.sessions:
        mask = other.sessions[0].address
    answer(request, ban(request, kind, mask, seconds, " ".join(rest)))


def take_duration(words: tuple[str, ...] | list[str]) -> tuple[int, tuple[str, ...]]:
    """Return the seconds that the first word says (0 when it says none), and the other words, of which there is at least one."""
    seconds = durations.parse(words[0]) if len(words) > 1 else None
    return (0, tuple(words)) if seconds is None else (seconds, tuple(words[1:]))


def ban(request: Request, kind: Kind, mask: str, seconds: int, reason: str) -> str:
    """Make a ban and end whom it covers; return a sentence for the operator."""
    world, now = request.world, int(request.world.clock())
    try:
        mask = normalise(kind, mask)
    except BadMask as error:
        return f"{error}."
    world.bans.forget_expired()
    expires = now + seconds if seconds else 0
    made = Ban(kind, mask, request.user.source, truncate(reason, MAX_REASON) or NO_REASON, now, expires)
    before = world.bans.get(made.key)
    if before is None and len(world.bans) >= world.identity.most_bans:
        return f"There are {len(world.bans)} bans already, which is as many as [limits] server_bans allows; lift some first."
    world.bans.add(made)
    if banning.ban_of(world, request.session) == made:
        world.bans.restore(made.key, before)
        return f"{mask} covers yourself; nothing was banned."
    ended = banning.enforce(world, [made])
    how_long = f"for {durations.show(seconds)}" if seconds else "for ever"
    audit(request, f"{_FORMS[kind].word} {mask} {how_long}: {made.reason}")
    for event in ended:
        request.reply.emit(event)
    return f"{mask} is banned {how_long}; {len(ended)} connection{'' if len(ended) == 1 else 's'} ended."


def unban(request: Request, kind: Kind, mask: str) -> str:
    """Lift a ban; return a sentence for the operator."""
    try:
        mask = normalise(kind, mask)
    except BadMask as error:
        return f"{error}."
    lifted = request.world.bans.remove(kind, mask)
    if lifted is None:
        return f"{mask} is not banned."
    audit(request, f"UN{_FORMS[kind].word} {lifted.mask}")
    return f"{lifted.mask} is not banned any more."


def _unban(request: Request, kind: Kind) -> None:
    answer(request, unban(request, kind, request.params[0]))


def answer(request: Request, text: str) -> None:
    """Tell the operator what came of it."""
    request.reply.send("NOTICE", (request.user.nick, f"*** {text}"))


_add_commands(
    Kind.MASK,
    "<mask>",
    to_ban="Ban a mask nick!user@host from the server, or list such bans; 1d12h is a duration.",
    to_lift="Lift the ban of a mask.",
)
_add_commands(
    Kind.ADDRESS,
    "<address>",
    to_ban="Ban an address, a network such as 192.0.2.0/24, or where a nickname is from; or list such bans.",
    to_lift="Lift the ban of an address or a network.",
)

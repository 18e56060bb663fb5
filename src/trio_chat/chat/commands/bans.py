"""Bans of the server: KLINE and UNKLINE by mask, DLINE and UNDLINE by address; without a parameter
they list what there is.

    KLINE [<duration>] <nick!user@host> [:<reason>]
    DLINE [<duration>] <address, network or nickname> [:<reason>]

Users that a new ban covers are disconnected at once; later connections are refused.
"""

from functools import partial
from typing import Final, NamedTuple

from trio_chat.chat import banning, durations
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import MAX_REASON, Ban, BanKind, complete, normalise
from trio_chat.chat.changes import BanLifted, BansEnforced, BanSet, BansExpired
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import Request, command
from trio_chat.irc import numerics as n
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.masks import BadMask
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self

NO_REASON: Final = "No reason was given"


class _Form(NamedTuple):
    """How bans of a kind are spoken of: the word for making one, or with UN before it lifting one,
    and the numeric of a list.
    """

    word: str
    numeric: n.Numeric


_FORMS: Final = {
    BanKind.MASK: _Form("KLINE", n.RPL_STATSKLINE),
    BanKind.ADDRESS: _Form("DLINE", n.RPL_STATSDLINE),
    BanKind.ACCOUNT: _Form("SUSPEND", n.RPL_STATSDEBUG),
}


def _add_commands(kind: BanKind, parameter: str, *, to_ban: str, to_lift: str) -> None:
    word = _FORMS[kind].word
    command(word, f"[[<duration>] {parameter} [:<reason>]]", right="ban", help=to_ban)(
        partial(_ban_or_list, kind=kind)
    )
    command(f"UN{word}", parameter, min_params=1, right="ban", help=to_lift)(
        partial(_unban, kind=kind)
    )


def send_list(request: Request, kind: BanKind) -> None:
    """Send all bans of a kind."""
    now = request.world.clock()
    for ban in request.world.bans.of_kind(kind):
        request.reply.numeric(
            _FORMS[kind].numeric, kind.value.upper(), ban.mask, args=(ban.describe(now),)
        )


def _ban_or_list(request: Request, kind: BanKind) -> None:
    if not request.params:
        send_list(request, kind)
        request.reply.numeric(n.RPL_ENDOFSTATS, kind.value)
        return
    try:
        seconds, (mask, *rest) = take_duration(request.params)
    except BadMask as error:
        answer(request, f"{error}. Nothing was banned.")
        return
    if (
        kind is BanKind.ADDRESS
        and (other := request.world.users.get(fold_or_self(mask)))
        and other.sessions
    ):
        mask = other.sessions[0].address
    answer(request, ban(request, kind, mask, seconds, " ".join(rest)))


def take_duration(words: tuple[str, ...] | list[str]) -> tuple[int, tuple[str, ...]]:
    """Return the seconds of the duration in the first word (0 if it is none), and the other words,
    of which there is at least one.

    Raises:
        BadMask: the duration is not understood, or it or the mask seems to follow another word.
    """
    first, *rest = words
    seconds = durations.parse(first) if rest else None
    if seconds is None:
        if rest and durations.is_like(first):
            raise BadMask(
                f"{first} is no duration; write it like 1d12h, 90m or 2weeks, or 0 for ever"
            )
    else:
        first, *rest = rest
    if rest and not _is_mask(first) and _is_mask(rest[0]):
        raise BadMask(
            f"{rest[0]} would be the reason; only a duration, like 1d12h or 90m, can stand before"
            " what is banned"
        )
    if seconds is None and rest and _is_late_duration(rest[0]):
        raise BadMask(f"{rest[0]} would be the reason; a duration stands before what is banned")
    return seconds or 0, (first, *rest)


def _is_late_duration(word: str) -> bool:
    """Return whether a word is a duration with a unit, as some services take it behind the name."""
    bare = word.removeprefix("+")
    return not bare.isdigit() and durations.parse(bare) is not None


def _is_mask(word: str) -> bool:
    """Return whether a word can only be meant as a mask, an address or a network."""
    is_name = "@" in word and ("!" in word or "*" in word) and " " not in word
    return is_name or parse_address(word.partition("/")[0].strip("[]")) is not None


def ban(
    request: Request, kind: BanKind, mask: str, seconds: int, reason: str, account_id: int = 0
) -> str:
    """Add a ban and disconnect the users that it covers; return a sentence for the operator."""
    world, now = request.world, int(request.world.clock())
    try:
        mask = normalise(kind, mask, world.lengths)
    except BadMask as error:
        return f"{error}. Nothing was banned."
    if world.bans.expired():
        apply(world, BansExpired())
    expires = now + seconds if seconds else 0
    made = Ban(
        kind,
        mask,
        request.user.source,
        truncate(reason, MAX_REASON) or NO_REASON,
        now,
        expires,
        account_id,
    )
    if world.bans.get(made.key) is None and len(world.bans) >= world.server_info.most_bans:
        return (
            f"There are {len(world.bans)} bans already, which is as many as [limits] server_bans"
            " allows; lift some first."
        )
    if banning.covers(world, made, request.session):
        return f"{mask} covers yourself; nothing was banned."
    covered = banning.covered(world, [made])
    apply(world, BanSet(made))
    events = apply(world, BansEnforced((made,)))
    how_long = f"for {durations.show(seconds)}" if seconds else "for ever"
    audit(request, f"{_FORMS[kind].word} {mask} {how_long}: {made.reason}")
    request.reply.emit_all(events)
    return f"{mask} is {_done(kind)} {how_long}; {covered}."


def _done(kind: BanKind) -> str:
    """Return what is said of what a ban of a kind concerns."""
    return "suspended" if kind is BanKind.ACCOUNT else "banned"


def unban(request: Request, kind: BanKind, mask: str) -> str:
    """Lift a ban; return a sentence for the operator."""
    bans = request.world.bans
    lifted = None
    if kind is BanKind.MASK:
        # A ban may be older than the current rules for masks, or written in another form.
        lifted = bans.find(kind, mask) or bans.find(kind, complete(mask))
    try:
        mask = lifted.mask if lifted else normalise(kind, mask, request.world.lengths)
    except BadMask as error:
        return f"{error}."
    lifted = lifted or bans.find(kind, mask)
    if lifted is None:
        return f"{mask} is not {_done(kind)}."
    apply(request.world, BanLifted(lifted))
    audit(request, f"UN{_FORMS[kind].word} {lifted.mask}")
    return f"{lifted.mask} is not {_done(kind)} any more."


def _unban(request: Request, kind: BanKind) -> None:
    answer(request, unban(request, kind, request.params[0]))


def answer(request: Request, text: str) -> None:
    """Send the outcome to the operator."""
    request.reply.send("NOTICE", (request.user.nick, f"*** {text}"))


_add_commands(
    BanKind.MASK,
    "<mask>",
    to_ban="Ban a mask nick!user@host from the server, or list such bans; 1d12h is a duration.",
    to_lift="Lift the ban of a mask.",
)
_add_commands(
    BanKind.ADDRESS,
    "<address>",
    to_ban=(
        "Ban an address, a network such as 192.0.2.0/24, or where a nickname is from; or list such"
        " bans."
    ),
    to_lift="Lift the ban of an address or a network.",
)

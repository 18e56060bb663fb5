"""Read markers: MARKREAD (IRCv3 `draft/read-marker`).

The marker of an account is persistent; that of another user ends with the user.
"""

from typing import Final

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MarkerSet
from trio_chat.chat.ids import SLACK_MS, first_id, parse_time, server_time
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc.names import fold_or_self

MAX_TARGET: Final = 128
"""Characters of a target."""


@command(
    "MARKREAD",
    "<target> [timestamp=<time>]",
    stores=2,
    help="Show or set how far you have read a conversation.",
)
def markread_command(request: Request) -> None:
    """Show or set a read marker; it only ever moves on, and the user's other sessions see it."""
    target, stamp = request.param(0), request.param(1)
    if not target:
        request.reply.fail(
            "MARKREAD", "NEED_MORE_PARAMS", text="MARKREAD takes a channel or a nickname"
        )
        return
    if len(target) > MAX_TARGET or " " in target:
        request.reply.fail(
            "MARKREAD",
            "INVALID_PARAMS",
            target[:MAX_TARGET],
            text="That is no channel and no nickname",
        )
        return
    if not stamp:
        send_marker(request.world, request.user, target, request.reply)
        return
    time = stamp.removeprefix("timestamp=")
    if time == stamp or parse_time(time) is None:
        text = "A timestamp is written like timestamp=2026-01-31T12:00:00.000Z"
        request.reply.fail("MARKREAD", "INVALID_PARAMS", target, text=text)
        return
    _set(request, target, time)


def _set(request: Request, target: str, time: str) -> None:
    world, user, folded = request.world, request.user, fold_or_self(target)
    known, now = world.markers_of(user), _now(world)
    time = min(time, now)  # "it can clamp it between the last read timestamp and the current time"
    change = MarkerSet(user.folded, folded, time)
    before = known.get(folded, "")
    if time <= before <= now:  # it only ever increases, but for a marker of a clock that was ahead
        if (user.account_id, folded) in world.dirty.markers:
            request.reply.confirm_again()
        send_marker(world, user, target, request.reply)
        return
    apply(world, change)
    # "The server MUST reply to a successful MARKREAD client set command": also where the capability
    # was not negotiated.
    send_marker(world, user, target, request.reply)
    others, devices = request.other_sessions(), world.push.of(user.account_id)
    if others or devices:
        params = (target, f"timestamp={time}")
        event = world.event(
            user, "MARKREAD", params, others, skip=request.session, requires=cap.READ_MARKER
        )
        pushed_to = (user.account_id,) if devices else ()
        request.reply.emit(
            event.replace(source=world.server_info.name, account="", push_accounts=pushed_to)
        )


def send_marker(world: World, user: User, target: str, reply: Response) -> None:
    """Send how far a user has read a conversation; `*` when that is not known."""
    time = min(world.markers_of(user).get(fold_or_self(target), ""), _now(world))
    reply.send("MARKREAD", (target, f"timestamp={time}" if time else "*"))


def _now(world: World) -> str:
    """Return the latest time that a message can have by now: clients have read nothing that is
    later.
    """
    return server_time(first_id(world.clock() + SLACK_MS / 1000))

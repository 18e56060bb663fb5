"""NickServ: the devices of an account that receive push messages."""

from datetime import UTC, datetime

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PushUnsubscribed
from trio_chat.chat.registry import Request
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer


@NICKSERV.command(
    "PUSH",
    "LIST | DEL <number>|all",
    1,
    "shows the devices that receive push messages, or removes one or all",
)
def _push(request: Request, words: list[str]) -> None:
    verb, number = words[0].upper(), words[1].lower() if len(words) > 1 else ""
    if not request.user.account_id:
        answer(request, "You are not logged in.")
    elif verb == "LIST":
        _list(request)
    elif verb == "DEL" and number:
        _remove(request, number)
    else:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['PUSH'].usage}")


def _list(request: Request) -> None:
    devices = request.world.push.of(request.user.account_id)
    for number, device in enumerate(devices.values(), 1):
        mine = " (this one)" if device.endpoint == request.session.push_endpoint else ""
        created, seen = (
            datetime.fromtimestamp(moment, UTC) for moment in (device.created, device.seen)
        )
        answer(
            request,
            f"{number}{mine}: at {device.host}, since {created:%Y-%m-%d}, last seen"
            f" {seen:%Y-%m-%d}",
        )
    most = request.world.server_info.push_devices
    answer(
        request,
        f"{len(devices)} of at most {most} devices of {request.user.account} receive push"
        " messages.",
    )


def _remove(request: Request, number: str) -> None:
    account = request.user.account_id
    removed = tuple(
        endpoint
        for index, endpoint in enumerate(request.world.push.of(account), 1)
        if number in ("all", str(index))
    )
    if removed:
        apply(request.world, PushUnsubscribed(account, removed))
    answer(request, f"Devices removed: {len(removed)}.")

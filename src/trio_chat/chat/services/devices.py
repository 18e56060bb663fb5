"""NickServ: the devices of an account that receive push messages, and what these are."""

from dataclasses import replace
from datetime import UTC, datetime

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import NotificationsSet, PushRulesSet, PushUnsubscribed
from trio_chat.chat.notification_levels import NO_LEVELS, NOTHING
from trio_chat.chat.push_rules import LISTS, MOST_ENTRIES, NO_RULES
from trio_chat.chat.registry import Request
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer
from trio_chat.chat.services.service import LOG_IN_FIRST

_SHOWN_AT_ONCE = 4
"""Entries in one line, in which the longest ones have room."""


@NICKSERV.command(
    "PUSH",
    "LIST | DEL <number>|all | WORDS|IGNORED|MUTED [+<entry>,-<entry>,-*]",
    1,
    "shows the devices that receive push messages, or removes one or all; words that count as a"
    " mention, users that are ignored, and channels or users that are muted",
)
def _push(request: Request, words: list[str]) -> None:
    verb, number = words[0].upper(), words[1].lower() if len(words) > 1 else ""
    if not request.user.account_id:
        answer(request, LOG_IN_FIRST)
    elif verb == "LIST":
        _list(request)
    elif verb == "DEL" and number:
        _remove(request, number)
    elif verb.lower() in LISTS:
        _change_rules(request, verb.lower(), " ".join(words[1:]))
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
    for name in LISTS:
        _show_rules(request, name)


def _show_rules(request: Request, name: str) -> None:
    entries = getattr(request.world.push.rules.get(request.user.account_id, NO_RULES), name)
    for start in range(0, len(entries), _SHOWN_AT_ONCE):
        answer(request, f"{name}: {', '.join(entries[start : start + _SHOWN_AT_ONCE])}")


def _change_rules(request: Request, name: str, changes: str) -> None:
    account = request.user.account_id
    rules = request.world.push.rules.get(account, NO_RULES)
    if changes:
        try:
            changed = rules.changed(name, changes.split(","))
        except ValueError as error:
            answer(request, f"{error}. Nothing was changed.")
            return
        if name == "muted":
            _mute(request, changed.muted, rules.muted)
        elif changed != rules:
            apply(request.world, PushRulesSet(account, replace(changed, levels=NO_LEVELS)))
    request.once_settled(lambda: _show_changed(request, name))


def _mute(request: Request, wanted: tuple[str, ...], before: tuple[str, ...]) -> None:
    """Choose the level of conversations that are muted, or are so no longer."""
    account = request.user.account_id
    changes = [
        *(NotificationsSet(account, name, NOTHING) for name in wanted if name not in before),
        *(NotificationsSet(account, name, "") for name in before if name not in wanted),
    ]
    for change in changes:
        request.reply.emit_all(apply(request.world, change))


def _show_changed(request: Request, name: str) -> None:
    account = request.user.account_id
    _show_rules(request, name)
    count = len(getattr(request.world.push.rules.get(account, NO_RULES), name))
    answer(request, f"{name} for push messages: {count} of at most {MOST_ENTRIES} entries.")


def _remove(request: Request, number: str) -> None:
    account = request.user.account_id
    removed = tuple(
        endpoint
        for index, endpoint in enumerate(request.world.push.of(account), 1)
        if number in ("all", str(index))
    )
    if removed:
        apply(request.world, PushUnsubscribed(account, removed))
    request.once_settled(lambda: answer(request, f"Devices removed: {len(removed)}."))

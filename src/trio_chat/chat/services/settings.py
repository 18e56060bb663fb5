"""NickServ: the settings of an account, and the sessions that share its nickname."""

from datetime import UTC, datetime

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PreferenceSet, PushUnsubscribed, SessionsClosed
from trio_chat.chat.preferences import ALWAYS_ON, PREFERENCES
from trio_chat.chat.registry import Request
from trio_chat.chat.services import own_password
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer, describe
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.chat.users import Session

_NAMES = "|".join(PREFERENCES)
_VALUES: dict[str, bool | None] = {
    **dict.fromkeys(("on", "true", "yes", "enabled"), True),
    **dict.fromkeys(("off", "false", "no", "disabled"), False),
    "default": None,
}


@NICKSERV.command(
    "SET",
    f"PASSWORD [<old password>] <new password> | {_NAMES} on|off|default",
    2,
    "changes your password or a setting",
)
def _set(request: Request, words: list[str]) -> None:
    name, value = words[0].lower(), words[1].lower()
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif name == "password":
        own_password.change_password(request, words[1:])
    elif name not in PREFERENCES or value not in _VALUES:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['SET'].usage}")
    else:
        _choose(request, name, _VALUES[value])


def _choose(request: Request, name: str, value: bool | None) -> None:
    world = request.world
    if not PREFERENCES[name].is_fixed(world.preferences.rules) or name == ALWAYS_ON:
        change = PreferenceSet(request.user.folded, name, value)
        request.reply.emit_all(apply(world, change))
    request.once_settled(lambda: _show_choice(request, name))


def _show_choice(request: Request, name: str) -> None:
    world, account = request.world, request.user.account_id
    if (
        name == ALWAYS_ON
        and world.preferences.is_on(account, ALWAYS_ON)
        and world.always_on.of(account) is None
    ):
        answer(
            request,
            "This server has as many always-on users as it can have: you leave with your last"
            " device.",
        )
    answer(request, describe(request, name))


@NICKSERV.command("GET", f"[{_NAMES}]", 0, "shows your settings")
def _get(request: Request, words: list[str]) -> None:
    wanted = [word.lower() for word in words] or list(PREFERENCES)
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif not PREFERENCES.keys() >= set(wanted):
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['GET'].usage}")
    else:
        for name in wanted:
            answer(request, describe(request, name))


@NICKSERV.command(
    "CLIENTS",
    "LIST | LOGOUT <number>|all",
    1,
    "shows the devices that share your nickname, or ends one or all others",
)
def _clients(request: Request, words: list[str]) -> None:
    verb, number = words[0].upper(), words[1].lower() if len(words) > 1 else ""
    sessions = request.user.sessions
    if verb == "LIST":
        _list(request, sessions)
    elif verb == "LOGOUT" and number == "all":
        _end(request, [session for session in sessions if session is not request.session])
    elif verb == "LOGOUT" and number:
        _end(request, [session for session in sessions if str(session.number) == number])
    else:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['CLIENTS'].usage}")


@NICKSERV.command("SESSIONS", "", 0, "shows the devices that share your nickname")
def _sessions(request: Request, words: list[str]) -> None:
    _list(request, request.user.sessions)


def _list(request: Request, sessions: tuple[Session, ...]) -> None:
    now = request.world.clock()
    for session in sessions:
        mine = " (this one)" if session is request.session else ""
        since = datetime.fromtimestamp(session.connected, UTC)
        away = f", away: {session.away}" if session.away else ""
        idle = max(0, int(now - session.active))
        answer(
            request,
            f"{session.number}{mine}: from {session.address}, since {since:%Y-%m-%d %H:%M} UTC,"
            f" idle {idle} s{away}",
        )
    answer(
        request,
        f"{len(sessions)} of at most {request.world.lengths.sessions_per_user} devices share"
        f" {request.user.nick}.",
    )


def _end(request: Request, sessions: list[Session]) -> None:
    numbers = tuple(session.id for session in sessions)
    change = SessionsClosed(numbers, "Logged out by another of your devices")
    request.reply.emit_all(apply(request.world, change))
    endpoints = tuple(session.push_endpoint for session in sessions if session.push_endpoint)
    if endpoints:  # what is logged out receives no push messages either
        apply(request.world, PushUnsubscribed(request.user.account_id, endpoints))
    done = f"Devices logged out: {len(sessions)}."
    request.once_settled(lambda: answer(request, done))

"""NickServ: of what an account is notified, for users of any client."""

from trio_chat.chat import durations, notifications
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import NotificationsSet
from trio_chat.chat.notification_levels import EVERYWHERE, LEVELS, LONGEST_TARGET, MOST
from trio_chat.chat.registry import Request
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.irc.names import fold_or_self

_PAUSE = "PAUSE"


@NICKSERV.command(
    "NOTIFY",
    f"[<channel>|<nickname>|* {'|'.join(LEVELS)}|default | {_PAUSE} <duration>|off]",
    0,
    "shows of which messages your devices notify you, or changes it; * is for all conversations"
    " without a level of their own",
)
def _notify(request: Request, words: list[str]) -> None:
    account = request.user.account_id
    if not account:
        answer(request, LOG_IN_FIRST)
    elif not words:
        for target, level, until in notifications.all_params(request.world, account):
            answer(request, _described(target, level, until))
    elif (change := _change(request, words)) is None:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['NOTIFY'].usage}")
    elif notifications.levels_of(request.world, account).is_full(
        change.target, request.world.clock()
    ):
        answer(request, f"You have chosen something for {MOST} conversations, which is the limit.")
    else:
        request.reply.emit_all(apply(request.world, change))
        request.once_settled(lambda: _show(request, change.target))


def _change(request: Request, words: list[str]) -> NotificationsSet | None:
    account, target = request.user.account_id, fold_or_self(words[0])
    verb, end = [*words[1:], "", ""][:2]
    if len(words) > 3 or len(target) > LONGEST_TARGET or set(target) & set(",!@"):
        return None
    if verb.upper() == _PAUSE:
        seconds = 0 if end.lower() == "off" else durations.parse(end) or None
        if seconds is None:
            return None
        until = int(request.world.clock()) + seconds if seconds else 0
        return NotificationsSet(account, target, None, until)
    level = verb.lower()
    if end or level not in notifications.CHOICES:
        return None
    return NotificationsSet(account, target, "" if level == notifications.DEFAULT else level)


def _show(request: Request, target: str) -> None:
    answer(
        request, _described(*notifications.params(request.world, request.user.account_id, target))
    )


def _described(target: str, level: str, until: str) -> str:
    name = "All other conversations" if target == EVERYWHERE else target
    shown = f"{notifications.DEFAULT} (mentions)" if target == EVERYWHERE else level
    if level in LEVELS:
        shown = level
    paused = "" if until == notifications.NONE else f", paused until {until.removeprefix('until=')}"
    return f"{name}: {shown}{paused}"

"""NOTIFY: of what an account is notified (capability `trio-chat/notify`)."""

from typing import Final, NamedTuple

from trio_chat.chat import notifications
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import NotificationsSet
from trio_chat.chat.notification_levels import EVERYWHERE, LEVELS, LONGEST_TARGET, MOST
from trio_chat.chat.registry import Request, command
from trio_chat.irc import capability_names
from trio_chat.irc.names import fold_or_self

_LONGEST_PAUSE: Final = 10 * 365 * 86_400
_PAUSE: Final = "pause"


class _Choice(NamedTuple):
    """What a command chooses: a level, or for None a pause of so many seconds."""

    level: str | None
    seconds: int = 0


@command(
    "NOTIFY",
    f"[<channel|nickname|*> {'|'.join(LEVELS)}|default | {_PAUSE} <seconds>]",
    capability=capability_names.NOTIFY,
    stores=2,
    help=(
        "Show or set of which messages your devices notify you; * is for all conversations without"
        " a level of their own."
    ),
)
def notify_command(request: Request) -> None:
    """Show all that the account of the user has chosen, or choose something."""
    account = request.user.account_id
    if not account:
        _fail(
            request, "ACCOUNT_REQUIRED", text="Log in first: /msg NickServ HELP IDENTIFY shows how"
        )
    elif not request.params:
        for line in notifications.all_params(request.world, account):
            request.reply.send(notifications.COMMAND, line)
    else:
        target = request.param(0)
        choice = _parse(request.params[1:])
        if len(target) > LONGEST_TARGET or set(target) & set(" ,!@"):
            text = "That is no channel and no nickname"
            _fail(request, "INVALID_PARAMS", target[:LONGEST_TARGET], text=text)
        elif choice is None:
            usage = f"The levels are {', '.join(LEVELS)} and default; or {_PAUSE} <seconds>"
            _fail(request, "INVALID_PARAMS", target, text=usage)
        else:
            _choose(request, fold_or_self(target), choice)


def _parse(words: tuple[str, ...]) -> _Choice | None:
    level = words[0].lower() if words else ""
    if level in notifications.CHOICES and len(words) == 1:
        return _Choice("" if level == notifications.DEFAULT else level)
    if level == _PAUSE and len(words) == 2 and words[1].isascii() and words[1].isdigit():
        seconds = int(words[1][:12])
        return _Choice(None, min(seconds, _LONGEST_PAUSE))
    return None


def _choose(request: Request, target: str, choice: _Choice) -> None:
    world, account = request.world, request.user.account_id
    now = world.clock()
    if notifications.levels_of(world, account).is_full(target or EVERYWHERE, now):
        text = f"You can choose something for {MOST} conversations"
        _fail(request, "LIMIT_REACHED", target, text=text)
        return
    until = int(now) + choice.seconds if choice.seconds else 0
    change = NotificationsSet(account, target, choice.level, until)
    request.reply.emit_all(apply(world, change))


def _fail(request: Request, code: str, *context: str, text: str) -> None:
    request.reply.fail(notifications.COMMAND, code, *context, text=text)

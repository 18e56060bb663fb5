"""Notification levels as clients receive them: the lines of NOTIFY, to all sessions of an account
that have negotiated `trio-chat/notify`.
"""

from typing import Final

from trio_chat.chat.events import Event
from trio_chat.chat.ids import first_id, server_time
from trio_chat.chat.notification_levels import EVERYWHERE, LEVELS, NotificationLevels
from trio_chat.chat.push_rules import NO_RULES
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap

COMMAND: Final = "NOTIFY"
DEFAULT: Final = "default"
"""The word for no level of one's own."""
CHOICES: Final = (*LEVELS, DEFAULT)
NONE: Final = "*"
"""The word for no pause, and for an account that has never chosen anything."""


def levels_of(world: World, account: int) -> NotificationLevels:
    """Return what an account has chosen."""
    return world.push.rules.get(account, NO_RULES).levels


def params(world: World, account: int, target: str) -> tuple[str, str, str]:
    """Return the parameters of NOTIFY: the target, its level, and until when it is paused."""
    levels = levels_of(world, account)
    level, until = levels.of(target, world.clock())
    shown = NONE if target == EVERYWHERE and not levels.is_chosen else level or DEFAULT
    end = f"until={server_time(first_id(until))}" if until else NONE
    # The folded name: that of a channel could tell that there is a secret one.
    return target, shown, end


def all_params(world: World, account: int) -> list[tuple[str, str, str]]:
    """Return the parameters for all that an account has chosen; those of `*` are last."""
    targets = levels_of(world, account).targets(world.clock())
    return [params(world, account, target) for target in (*targets, EVERYWHERE)]


def changed(world: World, account: int, target: str) -> list[Event]:
    """Return the event by which the sessions of an account learn what applies to a target now."""
    users = world.with_account(account)
    sessions = tuple(session for user in users for session in user.sessions)
    if not sessions:
        return []
    line = params(world, account, target)
    event = world.event(users[0], COMMAND, line, sessions, requires=cap.NOTIFY)
    return [event.replace(source=world.server_info.name, account="", is_bot=False)]

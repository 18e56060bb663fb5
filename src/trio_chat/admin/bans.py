"""The commands of `trio-chat ban`: their output around `maintenance.bans`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.chat import durations
from trio_chat.i18n import _
from trio_chat.maintenance.bans import existing_ban, new_ban
from trio_chat.storage.bans import every_ban, save
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    from trio_chat.config import LimitSettings

_SETTER = "trio-chat ban"


def list_bans(database: Path) -> int:
    """Write all bans, one a line."""
    with connected(database) as connection:
        bans = every_ban(connection)
    return write_lines(
        (
            ban.mask,
            date(ban.created),
            date(ban.expires) if ban.expires else "-",
            ban.setter,
            ban.reason,
        )
        for ban in bans
    )


def add_ban(database: Path, mask: str, seconds: int, reason: str, limits: "LimitSettings") -> int:
    """Ban a mask, an address or a network."""
    with connected(database, instead=_(in_cluster.BAN)) as connection:
        known, now = every_ban(connection), int(time.time())
        ban = new_ban(known, mask, (seconds, reason), _SETTER, limits, now)
        how_long = f"for {durations.show(seconds)}" if seconds else "for ever"
        with recorded(connection, "ban", f"BAN {ban.mask} {how_long}: {ban.reason}"):
            save(connection, {ban.key: ban})
    report(_("{mask} is banned.").format(mask=ban.mask))
    return OK


def remove_ban(database: Path, mask: str) -> int:
    """Lift a ban, also the suspension of an account by its name."""
    with connected(database, instead=_(in_cluster.BAN)) as connection:
        ban = existing_ban(every_ban(connection), mask)
        with recorded(connection, "ban", f"UNBAN {ban.mask}"):
            save(connection, {ban.key: None})
    report(_("{mask} is not banned any more.").format(mask=ban.mask))
    return OK

"""The commands of `trio-chat ban`: their output around `storage.bans`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.chat.bans import MAX_REASON, Ban, BanKind, complete, find, normalise
from trio_chat.i18n import _
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.masks import BadMask
from trio_chat.irc.message import truncate
from trio_chat.irc.text import escape_controls
from trio_chat.storage.bans import every_ban, save
from trio_chat.storage.database import StorageError, in_transaction
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
    now, most = int(time.time()), limits.server_bans
    kind, mask = _read(mask, limits.lengths)
    reason = truncate(escape_controls(reason), MAX_REASON) or "No reason was given"
    ban = Ban(kind, mask, _SETTER, reason, now, now + seconds if seconds else 0)
    with connected(database, instead=_(in_cluster.BAN)) as connection:
        if len(every_ban(connection)) >= most:
            raise StorageError(
                _("there are {most} bans already; lift some first").format(most=most)
            )
        in_transaction(connection, save, {ban.key: ban})
    report(_("{mask} is banned.").format(mask=mask))
    return OK


def remove_ban(database: Path, mask: str) -> int:
    """Lift a ban, also the suspension of an account by its name."""
    with connected(database, instead=_(in_cluster.BAN)) as connection:
        known = every_ban(connection)
        # A stored mask may be older than today's rules for masks and their canonical form.
        wanted = ((BanKind.ACCOUNT, mask), (BanKind.MASK, mask), (BanKind.MASK, complete(mask)))
        ban = next((ban for kind, text in wanted if (ban := find(known, kind, text))), None)
        ban = ban or find(known, *_read(mask, Lengths()))
        if ban is None:
            raise StorageError(_("{mask} is not banned").format(mask=mask))
        in_transaction(connection, save, {ban.key: None})
    report(_("{mask} is not banned any more.").format(mask=ban.mask))
    return OK


def _read(mask: str, lengths: Lengths) -> tuple[BanKind, str]:
    """Return the kind of ban and the canonical mask: an address or a network, or else a mask."""
    is_address = parse_address(mask.strip("[]").partition("/")[0]) is not None
    kind = BanKind.ADDRESS if is_address else BanKind.MASK
    try:
        return kind, normalise(kind, mask, lengths)
    except BadMask as error:
        raise StorageError(str(error)) from None

"""`trio-chat operator` and `ban`: what they say and ask, around what `storage` does."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin.accounts import NobodyThere, Refused, date, typed, write_lines
from trio_chat.admin.history import FAILED, OK, USAGE, complain, tell
from trio_chat.chat.accounts import MAX_PASSWORD
from trio_chat.chat.bans import MAX_REASON, BadMask, Ban, Kind, fold, normalise
from trio_chat.chat.cloaks import parse_address
from trio_chat.i18n import _
from trio_chat.irc.message import truncate
from trio_chat.irc.text import escape_controls
from trio_chat.server.accounts import COSTS
from trio_chat.storage.bans import every_ban, save
from trio_chat.storage.database import StorageError, in_transaction
from trio_chat.storage.maintenance import opened

if TYPE_CHECKING:
    from trio_chat.config import Settings

_SETTER = "trio-chat ban"
_LEAST = 8
"""Characters of an operator's password."""


def print_hash(settings: "Settings", *, from_stdin: bool) -> int:
    """Ask for a password and print what it is checked against."""
    try:
        password = _first_line() if from_stdin else typed(_("A password for the operator: "))
        if not _LEAST <= len(password) <= len(password.encode()) <= MAX_PASSWORD or not password.isprintable():
            words = _("an operator's password has at least {least} characters, at most {most} bytes and no control characters")
            raise Refused(words.format(least=_LEAST, most=MAX_PASSWORD))
    except NobodyThere:
        complain(_("there is nobody to ask for a password: add --stdin"))
        return USAGE
    except Refused as error:
        complain(str(error))
        return FAILED
    print(COSTS[settings.accounts.hash_cost].hasher().hash(password))
    return OK


def _first_line() -> str:
    line = sys.stdin.readline(MAX_PASSWORD + 2)
    return line.removesuffix("\n").removesuffix("\r")


def list_bans(database: Path) -> int:
    """Write all bans, one a line."""
    with opened(database) as connection:
        bans = every_ban(connection)
    return write_lines(
        (ban.mask, date(ban.created), date(ban.expires) if ban.expires else "-", ban.setter, ban.reason) for ban in bans
    )


def add_ban(database: Path, mask: str, seconds: int, reason: str, most: int) -> int:
    """Ban a mask, an address or a network."""
    now = int(time.time())
    kind, mask = _read(mask)
    reason = truncate(escape_controls(reason), MAX_REASON) or "No reason was given"
    ban = Ban(kind, mask, _SETTER, reason, now, now + seconds if seconds else 0)
    with opened(database) as connection:
        if len(every_ban(connection)) >= most:
            raise StorageError(_("there are {most} bans already; lift some first").format(most=most))
        in_transaction(connection, save, {ban.key: ban})
    tell(_("{mask} is banned.").format(mask=mask))
    return OK


def remove_ban(database: Path, mask: str) -> int:
    """Lift a ban; the name of a suspended account will do, too."""
    with opened(database) as connection:
        known = {ban.key: ban for ban in every_ban(connection)}
        account = (Kind.ACCOUNT, fold(Kind.ACCOUNT, mask))
        key = account if account in known else _key(*_read(mask))
        ban = known.get(key)
        if ban is None:
            raise StorageError(_("{mask} is not banned").format(mask=mask))
        in_transaction(connection, save, {ban.key: None})
    tell(_("{mask} is not banned any more.").format(mask=ban.mask))
    return OK


def _key(kind: Kind, mask: str) -> tuple[Kind, str]:
    return kind, fold(kind, mask)


def _read(mask: str) -> tuple[Kind, str]:
    """Return what is meant: who writes an address or a network means that, anything else is a mask."""
    is_address = parse_address(mask.strip("[]").partition("/")[0]) is not None
    kind = Kind.ADDRESS if is_address else Kind.MASK
    try:
        return kind, normalise(kind, mask)
    except BadMask as error:
        raise StorageError(str(error)) from None

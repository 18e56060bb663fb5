"""The commands `trio-chat filter` and `trio-chat raid`: their output around `storage`."""

import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.durations import show
from trio_chat.chat.moderation import server
from trio_chat.chat.moderation.server import (
    NEWCOMER_SECONDS,
    RaidMode,
    ServerFilter,
    ServerModeration,
)
from trio_chat.chat.moderation.terms import check_raid, check_room, read_filter
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.rule_texts import translated
from trio_chat.storage.errors import StorageError
from trio_chat.storage.maintenance import connected
from trio_chat.storage.moderation import every_row, save

if TYPE_CHECKING:
    import apsw

_BY_FILTER, _BY_RAID = "trio-chat filter", "trio-chat raid"


def _load(connection: "apsw.Connection") -> ServerModeration:
    moderation = ServerModeration()
    for row in every_row(connection):
        moderation.put_row(row)
    return moderation


def list_filters(database: Path) -> int:
    """Write all filters of the server, one a line: action, places, pattern, since when, setter."""
    with connected(database) as connection:
        filters = list(_load(connection).filters.values())
    return write_lines(
        (each.action, ",".join(each.places), each.pattern, date(each.time), each.setter)
        for each in filters
    )


def add_filter(database: Path, words: Sequence[str]) -> int:
    """Add a filter of the server.

    Args:
        database: the file.
        words: see `terms.read_filter`.

    Raises:
        StorageError: it cannot be added.
    """
    with connected(database, instead=_(in_cluster.FILTER)) as connection:
        moderation = _load(connection)
        try:
            added = read_filter(words, _BY_FILTER, int(time.time()))
            check_room(moderation.filters, added)
        except BadTerms as error:
            raise StorageError(translated(str(error))) from None
        moderation.put_filter(added)
        with recorded(connection, "filter", f"FILTER ADD {added.action} {added.pattern}"):
            _keep(connection, moderation, (server.FILTER, added.pattern))
    report(_("{pattern} is filtered.").format(pattern=added.pattern))
    return OK


def remove_filter(database: Path, pattern: str) -> int:
    """Remove the filter of the server with a pattern.

    Raises:
        StorageError: there is none.
    """
    with connected(database, instead=_(in_cluster.FILTER)) as connection:
        moderation = _load(connection)
        wanted = _same(moderation.filters.values(), pattern)
        if wanted is None:
            raise StorageError(_("{pattern} is no filter").format(pattern=escape_controls(pattern)))
        moderation.remove_filter(wanted.pattern)
        with recorded(connection, "filter", f"FILTER DEL {wanted.pattern}"):
            _keep(connection, moderation, (server.FILTER, wanted.pattern))
    report(_("{pattern} is filtered no longer.").format(pattern=wanted.pattern))
    return OK


def _same(filters: Iterable[ServerFilter], pattern: str) -> ServerFilter | None:
    return next((each for each in filters if each.pattern == pattern.lower()), None)


def set_raid(database: Path, seconds: int) -> int:
    """Turn raid mode of the server on for so many seconds; 0 turns it off.

    Raises:
        StorageError: that is too long.
    """
    with connected(database, instead=_(in_cluster.RAID)) as connection:
        moderation, now = _load(connection), time.time()
        try:
            check_raid(seconds or 1)
        except BadTerms as error:
            raise StorageError(translated(str(error))) from None
        raid = RaidMode()
        if seconds:
            since = moderation.raid.since or int(now) - NEWCOMER_SECONDS
            raid = RaidMode(math.ceil(now + seconds), since, _BY_RAID)
        moderation.set_raid(raid)
        said = f"RAID ON {show(seconds)}" if seconds else "RAID OFF"
        with recorded(connection, "raid", said):
            _keep(connection, moderation, (server.RAID, ""))
    text = _("Raid mode is on for {time}.") if seconds else _("Raid mode is off.")
    report(text.format(time=show(seconds)))
    return OK


def show_raid(database: Path) -> int:
    """Write whether raid mode of the server is on, and until when."""
    with connected(database) as connection:
        raid = _load(connection).raid
    is_on = raid.until > time.time()
    return write_lines([("on", date(raid.until), raid.by) if is_on else ("off",)])


def _keep(connection: "apsw.Connection", moderation: ServerModeration, key: server.RowKey) -> None:
    save(connection, {key: moderation.row(key)})

"""The case mapping of a database: the one by which the names in it were folded.

With another mapping some of the names would not be found any longer.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trio_chat.chat.history import GUEST
from trio_chat.i18n import _
from trio_chat.irc.names import CASEMAPPINGS, folds_alike
from trio_chat.storage.bans import every_ban, save
from trio_chat.storage.errors import StorageError
from trio_chat.storage.transactions import damage_reported

if TYPE_CHECKING:
    import apsw

    from trio_chat.storage.database import Database

_NAMES = """
    SELECT folded FROM account UNION ALL SELECT folded FROM channel
    UNION ALL SELECT name FROM buffer
    UNION ALL SELECT folded FROM dropped UNION ALL SELECT target FROM marker
"""


async def change_casemapping(database: "Database", mapping: str) -> None:
    """Change the case mapping of a database, when its names allow that.

    Args:
        database: the database.
        mapping: the mapping of this process, a key of `irc.names.CASEMAPPINGS`.

    Raises:
        StorageError: the database has names that are folded otherwise by this mapping.
    """
    with damage_reported():
        conflict = await database.write(_settle, mapping)
    if conflict:
        before, name = conflict
        raise StorageError(
            _(
                "the database was written with casemapping = {before}, and {name} would be another"
                " name with {mapping}: set [server] casemapping = {before}, or [storage] file to"
                " another file"
            ).format(before=before, name=name, mapping=mapping)
        )


def stored_casemapping(connection: "apsw.Connection") -> str:
    """Return the case mapping of a database.

    Raises:
        ValueError: the database is damaged.
    """
    name = str(connection.execute("SELECT value FROM setting WHERE name = 'casemapping'").get)
    if name not in CASEMAPPINGS:
        raise ValueError(f"not a case mapping: {name!r}")
    return name


def _settle(connection: "apsw.Connection", mapping: str) -> tuple[str, str] | None:
    before = stored_casemapping(connection)
    if before == mapping:
        return None
    for name in _names(connection):
        if not folds_alike(name, before, mapping):
            return before, name
    connection.execute("UPDATE setting SET value = ? WHERE name = 'casemapping'", (mapping,))
    _fold_bans(connection)
    return None


def _fold_bans(connection: "apsw.Connection") -> None:
    """Store bans under their new keys: a ban that is lifted under another key would return after a
    restart.
    """
    bans = every_ban(connection)
    connection.execute("DELETE FROM ban")
    save(connection, {ban.key: ban for ban in bans})


def _names(connection: "apsw.Connection") -> Iterator[str]:
    for (text,) in connection.execute(_NAMES):
        yield from (part.removeprefix(GUEST) for part in text.split(","))

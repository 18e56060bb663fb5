"""The table of uploads, and the links to them in messages.

Triggers of the database remove an upload with the last message of its uploader that links to it,
and with its account, whatever has deleted these: REDACT, the retention, or a maintenance command.
The random name of a removed upload then waits in a table until its bytes are deleted.
"""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.chat.history import Record
from trio_chat.chat.uploads import LINK, Upload, Usage

if TYPE_CHECKING:
    import apsw

    from trio_chat.storage.database import Database

BLOCK = 4096
"""Bytes of which a file takes a whole number, on the disk and of a quota: many tiny files cost
room, too.
"""
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")
_MOST_LINKS = 20
_REMOVED_AT_ONCE = 100
_COLUMNS = """
    SELECT name, filename, type, size, coalesce(account, 0), address, created, digest FROM upload
"""
_FIND = f"{_COLUMNS} WHERE name = ?"
_ALL = f"{_COLUMNS} WHERE ?1 IS NULL OR account = ?1 ORDER BY id"
# In whole blocks; see `BLOCK`.
_USED = "SELECT coalesce(sum((size + 4095) / 4096 * 4096), 0) FROM upload"
_USED_BY_ACCOUNT, _USED_BY_ADDRESS = f"{_USED} WHERE account = ?", f"{_USED} WHERE address = ?"
_INSERT = """
    INSERT INTO upload (name, filename, type, size, account, address, author, created, digest)
    SELECT ?1, ?2, ?3, ?4, nullif(?5, 0), ?6, '', ?7, ?8
    WHERE ?5 = 0 OR EXISTS (SELECT 1 FROM account WHERE id = ?5)
    ON CONFLICT (name) DO NOTHING
"""
_COMPLETE = """
    UPDATE upload SET filename = ?2, type = ?3, size = ?4, created = ?5, digest = ?6 WHERE name = ?1
"""
# A message is the uploader's own if it is of the same account, or of the guest that was the first
# to link to the file.
_LINKED = """
    INSERT INTO upload_link (buffer, message, upload, own)
    SELECT ?1, ?2, id, iif(account IS NULL, ?4 = 0 AND author IN ('', ?5), account IS ?4)
    FROM upload WHERE name = ?3 ON CONFLICT DO NOTHING
"""
_CLAIM = "UPDATE upload SET author = ?2 WHERE name = ?1 AND account IS NULL AND author = ''"
_OLD = "SELECT name FROM upload WHERE created < ? LIMIT ?"
_UNLINKED = """
    SELECT name FROM upload WHERE created < ?1
    AND NOT EXISTS (SELECT 1 FROM upload_link WHERE upload_link.upload = upload.id)
    AND name NOT IN (SELECT value FROM json_each(?3)) LIMIT ?2
"""


def directory_of(database: Path) -> Path:
    """Return the directory of the bytes of the uploads that are in a database."""
    return database.with_name(f"{database.name}-uploads")


class SqliteUploads:
    """The table of uploads (the port `trio_chat.chat.uploads.UploadTable`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def find(self, name: str) -> Upload | None:
        """Return an upload; see `UploadTable.find`."""
        return await self._database.read(find, name)

    async def usage(self, account: int, address: str) -> Usage:
        """Return the bytes in use; see `UploadTable.usage`."""
        return await self._database.read(usage, account, address)

    async def stored(self) -> tuple[int, int]:
        """Return number and bytes of all; see `UploadTable.stored`."""
        return await self._database.read(_stored)

    async def add(self, upload: Upload, own: int, total: int, session: int = 0) -> bool:
        """Add an upload; see `UploadTable.add`."""
        return await self._database.write(add, upload, own, total)

    async def remove(self, name: str) -> bool:
        """Remove an upload; see `UploadTable.remove`."""
        return await self._database.erase(remove, name)

    async def prune(self, before: int) -> int:
        """Remove old uploads; see `UploadTable.prune`."""
        return await self._database.erase(_prune, before)

    async def old(self, before: int) -> list[str]:
        """Return random names of some uploads that `prune` would remove."""
        return await self._database.read(_old, before)

    async def prune_unlinked(self, before: int, used: Collection[str]) -> int:
        """Remove old uploads without a message; see `UploadTable.prune_unlinked`."""
        return await self._database.erase(_prune_unlinked, before, used)

    async def unlinked(self, before: int, used: Collection[str]) -> list[str]:
        """Return random names of some uploads that `prune_unlinked` would remove."""
        return await self._database.read(_unlinked, before, used)

    async def removed(self) -> list[str]:
        """Return removed uploads; see `UploadTable.removed`."""
        return await self._database.read(removed)

    async def forget_removed(self, names: Sequence[str]) -> None:
        """Note that bytes were deleted; see `UploadTable.forget_removed`."""
        await self._database.write(forget_removed, names)

    async def names(self) -> set[str]:
        """Return all random names; see `UploadTable.names`."""
        return await self._database.read(every_name)


def find(connection: "apsw.Connection", name: str) -> Upload | None:
    """Return an upload by its random name; None when there is none."""
    row = connection.execute(_FIND, (name,)).fetchone()
    return Upload(*row) if row else None


def every_upload(connection: "apsw.Connection", account: int | None = None) -> list[Upload]:
    """Return all uploads, or those of one account, the oldest first."""
    return [Upload(*row) for row in connection.execute(_ALL, (account,))]


def usage(connection: "apsw.Connection", account: int, address: str) -> Usage:
    """Return what an account (or, without one, an address) uses, and all together."""
    query, key = (_USED_BY_ACCOUNT, account) if account else (_USED_BY_ADDRESS, address)
    own, total = connection.execute(query, (key,)).get, connection.execute(_USED).get
    return Usage(int(own), int(total))


def _stored(connection: "apsw.Connection") -> tuple[int, int]:
    ((files, stored),) = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM upload")
    return int(files), int(stored)


def blocks(size: int) -> int:
    """Return the bytes as which a file counts."""
    return -(-max(size, 1) // BLOCK) * BLOCK


def add(connection: "apsw.Connection", upload: Upload, own: int, total: int) -> bool:
    """Add an upload if the quotas allow it; see `UploadTable.add`."""
    return _has_room(connection, upload, own, total) and insert(connection, upload)


def _has_room(connection: "apsw.Connection", upload: Upload, own: int, total: int) -> bool:
    used, size = usage(connection, upload.account, upload.address), blocks(upload.size)
    return used.own + size <= own and used.total + size <= total


def insert(connection: "apsw.Connection", upload: Upload) -> bool:
    """Add an upload, whatever the quotas; return whether it is new, and its account exists."""
    connection.execute(_INSERT, upload)
    return connection.changes() == 1


def complete(connection: "apsw.Connection", upload: Upload, own: int, total: int) -> bool:
    """Describe the bytes of an upload that had none before, if the quotas allow it."""
    if not _has_room(connection, upload, own, total):
        return False
    values = (upload.name, upload.filename, upload.type, upload.size, upload.created, upload.digest)
    connection.execute(_COMPLETE, values)
    return connection.changes() == 1


def remove(connection: "apsw.Connection", name: str) -> bool:
    """Remove an upload; return whether there was one."""
    connection.execute("DELETE FROM upload WHERE name = ?", (name,))
    return connection.changes() == 1


def _prune(connection: "apsw.Connection", before: int) -> int:
    return _remove_all(connection, _old(connection, before))


def _old(connection: "apsw.Connection", before: int) -> list[str]:
    return [str(name) for (name,) in connection.execute(_OLD, (before, _REMOVED_AT_ONCE))]


def _prune_unlinked(connection: "apsw.Connection", before: int, used: Collection[str]) -> int:
    return _remove_all(connection, _unlinked(connection, before, used))


def _unlinked(connection: "apsw.Connection", before: int, used: Collection[str]) -> list[str]:
    values = (before, _REMOVED_AT_ONCE, json.dumps(list(used)))
    return [str(name) for (name,) in connection.execute(_UNLINKED, values)]


def _remove_all(connection: "apsw.Connection", names: Iterable[str]) -> int:
    return sum(remove(connection, name) for name in names)


def removed(connection: "apsw.Connection") -> list[str]:
    """Return random names of some removed uploads whose bytes are to be deleted."""
    rows = connection.execute("SELECT name FROM upload_removed LIMIT ?", (_REMOVED_AT_ONCE,))
    return [str(name) for (name,) in rows]


def forget_removed(connection: "apsw.Connection", names: Iterable[str]) -> None:
    """Note that the bytes of removed uploads were deleted."""
    connection.executemany("DELETE FROM upload_removed WHERE name = ?", [(name,) for name in names])


def delete_removed(connection: "apsw.Connection", database: Path) -> None:
    """Delete the bytes of removed uploads, beside a server or without one. What cannot be deleted
    is left to the server.
    """
    directory = directory_of(database)
    while names := removed(connection):
        gone: list[str] = []
        for name in filter(_NAME.fullmatch, names):
            with suppress(OSError):
                (directory / name).unlink(missing_ok=True)
                gone.append(name)
        if not gone:
            return
        forget_removed(connection, gone)


def every_name(connection: "apsw.Connection") -> set[str]:
    """Return the random names of all uploads."""
    return {name for (name,) in connection.execute("SELECT name FROM upload")}


def link(connection: "apsw.Connection", records: Iterable[tuple[int, Record]]) -> None:
    """Note the links to uploads in messages that are being stored, each with the number of its
    buffer.
    """
    for buffer, record in records:
        if "/file/" not in record.text:
            continue
        for name in LINK.findall(record.text)[:_MOST_LINKS]:
            connection.execute(_LINKED, (buffer, record.id, name, record.account_id, record.source))
            if connection.changes() and not record.account_id:
                connection.execute(_CLAIM, (name, record.source))

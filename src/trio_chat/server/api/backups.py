"""Resources of backups, in one directory that config.ini names: no request names a path."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import trio

from trio_chat.config import StorageSettings
from trio_chat.maintenance import backups
from trio_chat.maintenance.backups import BackupFile
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.jobs import JobView, begin
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import moment
from trio_chat.server.jobs import Report


@dataclass(frozen=True, slots=True)
class BackupView:
    """A backup."""

    name: str
    bytes: int
    made: datetime | None


def _show(file: BackupFile) -> BackupView:
    return BackupView(file.name, file.size, moment(file.made))


def _directory(call: Call) -> Path:
    return backups.directory_of(call.site.jobs().database(), call.site.settings.storage)


async def _list(call: Call) -> Page:
    with as_problems():
        found = await trio.to_thread.run_sync(backups.list_backups, _directory(call))
    return call.page(found, lambda file: file.name, _show)


async def _start(call: Call) -> JobView:
    settings, now = call.site.settings.storage, call.site.clock()
    with as_problems():
        database = call.site.jobs().database()
    return await begin(call, "backup", "BACKUP", partial(_make, database, settings, now))


def _make(database: Path, settings: StorageSettings, now: float, report: Report) -> dict[str, Any]:
    made = backups.make_backup(database, settings, now, report)
    return {"name": made.name, "bytes": made.size}


async def _remove(call: Call) -> None:
    name = call.params["name"]
    with as_problems():
        await trio.to_thread.run_sync(backups.remove_backup, _directory(call), name)
    await call.commit(list, f"BACKUP DELETE {name}")


RESOURCES = (
    Resource(
        method="GET",
        path="/backups",
        scope="backups:read",
        summary="List the backups",
        handler=_list,
        query=PageQuery,
        answer=BackupView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/backups",
        scope="backups:write",
        summary="Begin a backup, in the directory that config.ini names",
        handler=_start,
        answer=JobView,
        status=202,
    ),
    Resource(
        method="DELETE",
        path="/backups/{name}",
        scope="backups:write",
        summary="Delete a backup",
        handler=_remove,
    ),
)

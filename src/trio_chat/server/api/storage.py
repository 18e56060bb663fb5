"""Resources of the storage: how much room it takes, and whether the database is sound."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import trio

from trio_chat.maintenance import backups
from trio_chat.server.api.calls import Call
from trio_chat.server.api.jobs import JobView, begin
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule
from trio_chat.server.jobs import Report


@dataclass(frozen=True, slots=True)
class StorageView:
    """What the storage takes on the disk."""

    database_bytes: int
    wal_bytes: Annotated[int, Rule("of the write-ahead log, beside the database")]
    uploads: Annotated[int, Rule("how many files")]
    uploads_bytes: int
    backups_bytes: Annotated[int, Rule("of the backups that the API has made")]
    free_bytes: Annotated[int, Rule("of the disk of the database")]
    total_bytes: Annotated[int, Rule("of that disk")]
    reserve_bytes: Annotated[int, Rule("below which messages of guests are refused")]


async def _get(call: Call) -> StorageView:
    settings, table = call.site.settings.storage, None
    if call.world.storage is not None:
        table = call.world.storage.uploads
    with as_problems():
        database = call.site.jobs().database()
        use = await trio.to_thread.run_sync(backups.disk_use, database, settings)
        files, stored = await table.stored() if table is not None else (0, 0)
    return StorageView(
        use.database,
        use.wal,
        files,
        stored,
        use.backups,
        use.free,
        use.total,
        settings.reserve,
    )


async def _check(call: Call) -> JobView:
    with as_problems():
        database = call.site.jobs().database()
    return await begin(call, "check", "DB CHECK", partial(_examine, database))


def _examine(database: Path, report: Report) -> dict[str, Any]:
    found = backups.examine(database, lambda: report(0, 0))
    return {
        "is_sound": not found.problems,
        "problems": found.problems[:100],
        "schema": found.version,
        "bytes": found.size,
        "rows": found.counts,
    }


RESOURCES = (
    Resource(
        method="GET",
        path="/storage",
        scope="server:read",
        summary="Get how much room the database, the uploads and the backups take",
        handler=_get,
        answer=StorageView,
    ),
    Resource(
        method="POST",
        path="/storage/check",
        scope="server:write",
        summary="Begin a check of the whole database; the outcome is that of the job",
        handler=_check,
        answer=JobView,
        status=202,
    ),
)

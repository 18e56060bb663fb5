"""Resources of uploaded files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trio_chat.chat.uploads import Upload, UploadTable
from trio_chat.i18n import _
from trio_chat.irc.plurals import counted
from trio_chat.maintenance import uploads as rules
from trio_chat.server.api.bans import account_named
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment
from trio_chat.storage import uploads

if TYPE_CHECKING:
    import apsw

_MOST_FORGOTTEN = 1000


@dataclass(frozen=True, slots=True)
class UploadView:
    """An uploaded file."""

    name: Annotated[str, Rule("the random name, which is in its link")]
    filename: str
    type: str
    bytes: int
    account: Annotated[str, Rule("empty of a guest")]
    address: Annotated[str, Rule("of a guest, if the token may see addresses")]
    created: datetime | None


@dataclass(frozen=True, slots=True)
class UploadQuery(PageQuery):
    """The files that are wanted."""

    account: Annotated[str, Rule("of this account", most=200)] = ""
    words: Annotated[str, Rule("what the name or the type contains", most=200)] = ""


@dataclass(frozen=True, slots=True)
class QuotaView:
    """What uploads use, and may use, in bytes."""

    files: int
    used: int
    total_quota: int
    account_quota: int
    address_quota: int
    max_size: int


@dataclass(frozen=True, slots=True)
class ForgottenUploads:
    """Files that were removed because their bytes are missing."""

    names: tuple[str, ...]


def _table(call: Call) -> UploadTable:
    table = call.world.storage.uploads if call.world.storage is not None else None
    if table is None:
        raise not_found(_("this server keeps no files"))
    return table


async def _list(call: Call) -> Page:
    query, names = call.query_as(UploadQuery), _names(call)
    account = account_named(call, query.account).id if query.account else None
    words = query.words.casefold()

    def read(connection: "apsw.Connection", _file: Path) -> Page:
        found = [
            upload
            for upload in uploads.every_upload(connection, account)
            if words in f"{upload.filename}\n{upload.type}\n{upload.name}".casefold()
        ]
        return call.page(
            found,
            lambda upload: f"{upload.created:012} {upload.name}",
            lambda upload: _show(call, upload, names),
        )

    with as_problems():
        return await call.site.jobs().read(read)


def _names(call: Call) -> Mapping[int, str]:
    accounts = call.world.accounts
    if accounts is None:
        return {}
    return {number: account.name for number, account in accounts.by_id.items()}


def _show(call: Call, upload: Upload, names: Mapping[int, str]) -> UploadView:
    return UploadView(
        upload.name,
        upload.filename,
        upload.type,
        upload.size,
        names.get(upload.account, ""),
        upload.address if call.caller.shows_addresses else "",
        moment(upload.created),
    )


async def _quota(call: Call) -> QuotaView:
    settings = call.site.settings.uploads
    with as_problems():
        files, used = await _table(call).stored()
    return QuotaView(
        files,
        used,
        settings.total_quota,
        settings.account_quota,
        settings.address_quota,
        settings.max_size,
    )


async def _remove(call: Call) -> None:
    name = rules.random_name(call.params["name"])
    with as_problems():
        # The service deletes the bytes at once; without one the server does it when it next can.
        remover = call.site.uploads or _table(call)
        if not await remover.remove(name):
            raise not_found(_("there is no such file"))
    await call.commit(list, f"UPLOAD REMOVE {name}")


async def _forget_missing(call: Call) -> ForgottenUploads:
    if call.world.is_replicated:
        raise ApiProblem(409, _("another server of the cluster may have the bytes, and sends them"))
    table = _table(call)
    with as_problems():
        missing = await call.site.jobs().read(rules.without_bytes)
        removed = [name for name in missing[:_MOST_FORGOTTEN] if await table.remove(name)]
    await call.commit(list, f"UPLOAD REMOVE of {counted(len(removed), 'file')} without bytes")
    return ForgottenUploads(tuple(removed))


RESOURCES = (
    Resource(
        method="GET",
        path="/uploads",
        scope="uploads:read",
        summary="List the uploaded files, the oldest first",
        handler=_list,
        query=UploadQuery,
        answer=UploadView,
        is_list=True,
    ),
    Resource(
        method="GET",
        path="/uploads/quota",
        scope="uploads:read",
        summary="Get how much uploads use, and may use",
        handler=_quota,
        answer=QuotaView,
    ),
    Resource(
        method="DELETE",
        path="/uploads/{name}",
        scope="uploads:write",
        summary="Remove an uploaded file; messages with links to it stay",
        handler=_remove,
    ),
    Resource(
        method="POST",
        path="/uploads/forget-missing",
        scope="uploads:write",
        summary="Forget the files whose bytes are missing on the disk",
        handler=_forget_missing,
        answer=ForgottenUploads,
    ),
)

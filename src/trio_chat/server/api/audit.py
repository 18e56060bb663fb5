"""Resources of the audit log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from trio_chat.chat.audit import AuditEntry
from trio_chat.i18n import _
from trio_chat.server.api.calls import (
    MAX_LIMIT,
    Call,
    Page,
    bad_cursor,
    from_cursor,
    to_cursor,
)
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """The entries that are wanted."""

    limit: Annotated[int, Rule("how many items", least=1, most=MAX_LIMIT)] = 50
    after: Annotated[str, Rule("the cursor `next` of the page before", most=1000)] = ""
    words: Annotated[str, Rule("what the actor or the text contains", most=200)] = ""


@dataclass(frozen=True, slots=True)
class AuditView:
    """Something that an operator of the server or an API token has done."""

    number: int
    time: datetime
    actor: str
    address: str | None
    text: str


async def _list(call: Call) -> Page:
    wanted = call.query_as(AuditQuery)
    log = call.world.storage.audit if call.world.storage is not None else None
    if log is None:
        raise ApiProblem(
            404, _("this server stores no audit log; set [storage] file in config.ini")
        )
    before = from_cursor(wanted.after) if wanted.after else 0
    if not isinstance(before, int) or not 0 <= before < 2**62:
        raise bad_cursor()
    found = await log.read(wanted.limit + 1, before, wanted.words)
    shown = found[: wanted.limit]
    cursor = to_cursor(shown[-1].number) if len(found) > len(shown) else None
    return Page([_view(call, entry) for entry in shown], cursor)


def _view(call: Call, entry: AuditEntry) -> AuditView:
    address = entry.address if call.caller.shows_addresses else None
    time = datetime.fromtimestamp(entry.time / 1000, UTC)
    return AuditView(entry.number, time, entry.actor, address, entry.text)


RESOURCES = (
    Resource(
        method="GET",
        path="/audit",
        scope="audit:read",
        summary="List what operators and tokens have done, the newest first",
        handler=_list,
        query=AuditQuery,
        answer=AuditView,
        is_list=True,
    ),
)

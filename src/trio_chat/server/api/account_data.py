"""Resources of what is stored of an account: its description, and the deletion of all of it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trio_chat.chat.accounts import Account
from trio_chat.irc.names import fold_or_self
from trio_chat.maintenance import accounts as rules
from trio_chat.server.api.accounts import delete_account
from trio_chat.server.api.bans import account_named, accounts_of
from trio_chat.server.api.calls import Call
from trio_chat.server.api.jobs import JobView, begin
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule
from trio_chat.server.jobs import Report, end_when_cancelled
from trio_chat.storage import account_maintenance
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    import apsw


@dataclass(frozen=True, slots=True)
class AccountData:
    """What is stored of an account but its messages; no secret is in it."""

    data: Annotated[dict[str, Any], Rule("as `trio-chat account export` writes it")]


async def _get(call: Call) -> AccountData:
    account = account_named(call, call.params["name"])

    def read(connection: "apsw.Connection", _file: Path) -> dict[str, Any]:
        stored = account_maintenance.find(connection, account.folded)
        if stored is None:
            raise rules.unknown(account.name)
        return rules.describe(connection, stored)

    with as_problems():
        return AccountData(await call.site.jobs().read(read))


async def _forget(call: Call) -> JobView:
    name = call.params["name"]
    folded = fold_or_self(name)
    with as_problems():
        database = call.site.jobs().database()
        call.site.jobs().check_room("forget")
        author, total = await call.site.jobs().read(partial(_count, folded))
    account: Account | None = accounts_of(call).known.get(folded)
    if account is None and not total:  # a deleted account may have left messages behind
        with as_problems():
            raise rules.unknown(name)
    if account is not None:
        # First, so that nothing is said by it meanwhile.
        await delete_account(call, account)
    work = partial(_delete, database, author, total)
    return await begin(call, "forget", f"FORGET {account.name if account else name}", work)


def _count(
    folded: str, connection: "apsw.Connection", _file: Path
) -> tuple[account_maintenance.Author, int]:
    author = account_maintenance.author_of(connection, folded)
    return author, account_maintenance.count_messages(connection, author)


def _delete(
    database: Path, author: account_maintenance.Author, total: int, report: Report
) -> dict[str, Any]:
    with connected(database, as_it_is=True) as connection:
        end_when_cancelled(connection)
        deleted = account_maintenance.delete_messages(
            connection, author, lambda done: report(done, total)
        )
    return {"deleted": deleted}


RESOURCES = (
    Resource(
        method="GET",
        path="/accounts/{name}/data",
        scope="accounts:read",
        summary="Get what is stored of an account but its messages",
        handler=_get,
        answer=AccountData,
    ),
    Resource(
        method="POST",
        path="/accounts/{name}/forget",
        scope="accounts:write",
        summary="Delete an account, and begin to delete all that it has said, for ever",
        handler=_forget,
        answer=JobView,
        status=202,
    ),
)

"""Resources of the app passwords of an account; they are made in the chat, by their owner alone."""

from dataclasses import dataclass
from datetime import datetime

from trio_chat.chat import account_changes, logins
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.i18n import _
from trio_chat.server.api.accounts import EndedSessions
from trio_chat.server.api.bans import account_named, accounts_of
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import moment


@dataclass(frozen=True, slots=True)
class AppPasswordView:
    """An app password, without anything by which it could be guessed."""

    name: str
    created: datetime | None
    last_used: datetime | None
    expires: datetime | None


async def _list(call: Call) -> Page:
    account = account_named(call, call.params["name"])
    with as_problems():
        known = await accounts_of(call).app_passwords(account.id)

    def show(each: AppPassword) -> AppPasswordView:
        return AppPasswordView(
            each.name, moment(each.created), moment(each.used), moment(each.expires)
        )

    return call.page(known, lambda each: each.name, show)


async def _remove(call: Call) -> EndedSessions:
    account, wanted = account_named(call, call.params["name"]), call.params["app"]
    accounts, is_done = accounts_of(call), False
    with as_problems():
        version = accounts.version(account.id)
        known = await accounts.app_passwords(account.id)
        digest = next((each.digest for each in known if each.name == wanted), "")
        if digest:
            is_done = await account_changes.remove_app_password(
                call.world, account.id, digest, version
            )
    if not is_done:
        raise not_found(
            _("the account {name} has no app password of this name").format(name=account.name)
        )
    ended = 0

    def end() -> tuple[()]:
        nonlocal ended
        ended = logins.end_sessions(call.world, account.id, logins.REVOKED, app_password=digest)
        return ()

    await call.commit(end, f"APPPASSWORD DEL {wanted} of {account.name}")
    return EndedSessions(ended)


RESOURCES = (
    Resource(
        method="GET",
        path="/accounts/{name}/app-passwords",
        scope="accounts:read",
        summary="List the app passwords of an account",
        handler=_list,
        query=PageQuery,
        answer=AppPasswordView,
        is_list=True,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}/app-passwords/{app}",
        scope="accounts:write",
        summary="Revoke an app password of an account, and end its sessions",
        handler=_remove,
        answer=EndedSessions,
    ),
)

"""Resources of the second factor and the passkeys of an account; no secret is in them."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from trio_chat.chat.factor_removal import remove_passkey
from trio_chat.chat.passkeys import Passkey
from trio_chat.i18n import _
from trio_chat.server.api.bans import account_named
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment


@dataclass(frozen=True, slots=True)
class SecondFactorView:
    """A second factor."""

    since: datetime | None
    recovery_codes: Annotated[int, Rule("that were not used")]
    wrong_codes: Annotated[int, Rule("with the right password, within a day of the first one")]
    wrong_since: datetime | None


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey."""

    name: str
    created: datetime | None
    last_used: datetime | None


def _get(call: Call) -> SecondFactorView:
    account = account_named(call, call.params["name"])
    factor = call.world.second_factors.of(account.id)
    if factor is None:
        raise not_found(_("the account {name} has no second factor").format(name=account.name))
    wrong = moment(factor.wrong_since if factor.wrong else 0)
    return SecondFactorView(moment(factor.since), len(factor.recovery), factor.wrong, wrong)


def _list(call: Call) -> Page:
    account = account_named(call, call.params["name"])

    def show(each: Passkey) -> PasskeyView:
        return PasskeyView(each.name, moment(each.created), moment(each.used))

    return call.page(call.world.passkeys.of(account.id), lambda each: each.name, show)


async def _remove(call: Call) -> None:
    account, wanted = account_named(call, call.params["name"]), call.params["passkey"]
    known = call.world.passkeys.of(account.id)
    found = next((one for one in known if one.name == wanted), None)
    if found is None:
        raise not_found(
            _("the account {name} has no passkey of this name").format(name=account.name)
        )
    remove = partial(remove_passkey, call.world, account, found.id)
    await call.commit(remove, f"SAPASSKEY DEL {wanted} of {account.name}")


RESOURCES = (
    Resource(
        method="GET",
        path="/accounts/{name}/second-factor",
        scope="accounts:read",
        summary="Get since when an account has a second factor, and its wrong codes",
        handler=_get,
        answer=SecondFactorView,
    ),
    Resource(
        method="GET",
        path="/accounts/{name}/passkeys",
        scope="accounts:read",
        summary="List the passkeys of an account",
        handler=_list,
        query=PageQuery,
        answer=PasskeyView,
        is_list=True,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}/passkeys/{passkey}",
        scope="accounts:write",
        summary="Remove a passkey of an account; its sessions go on",
        handler=_remove,
    ),
)

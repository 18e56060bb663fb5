"""Resources of accounts, of their suspensions and second factors, and of deleted accounts."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from trio_chat.chat import account_changes, logins, nicknames
from trio_chat.chat.accounts import MAX_PASSWORD, Account, Accounts, Origin
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban
from trio_chat.chat.changes import AccountDeleted, AccountNameFreed, EmailSet
from trio_chat.chat.credentials import Credentials, Email
from trio_chat.chat.factor_removal import remove_second_factor
from trio_chat.config.values import LONGEST_NICK
from trio_chat.i18n import _
from trio_chat.irc.names import InvalidName, fold_nick, fold_or_self
from trio_chat.maintenance import accounts as rules
from trio_chat.maintenance.refusals import InvalidValue
from trio_chat.server.api.bans import (
    MadeBan,
    Reason,
    Seconds,
    account_named,
    accounts_of,
    lift,
    set_ban,
)
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment

_MAX_EMAIL = 254
_ENDED = "An operator of the server has ended the sessions of your account"
Password = Annotated[str, Rule("the new password", 1, MAX_PASSWORD)]


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account."""

    name: str
    registered: datetime | None
    email: str | None
    is_email_verified: bool
    suspended: Annotated[str | None, Rule("the reason; null if it is not suspended")]
    suspended_until: Annotated[datetime | None, Rule("null for ever, or if it is not suspended")]
    sessions: Annotated[int, Rule("connections that are logged in")]
    is_always_on: bool
    seen: Annotated[datetime | None, Rule("when its always-on user was last connected")]
    has_second_factor: bool
    devices: Annotated[int, Rule("that receive push messages")]
    channels: Annotated[tuple[str, ...], Rule("registered channels of which it is the founder")]


@dataclass(frozen=True, slots=True)
class AccountQuery(PageQuery):
    """The accounts that are wanted."""

    words: Annotated[str, Rule("what the name contains", most=200)] = ""
    suspended: Annotated[bool | None, Rule("only those that are, or are not")] = None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that is to be added."""

    name: Annotated[str, Rule("the nickname", 1, LONGEST_NICK)]
    password: Password
    email: Annotated[str | None, Rule("", 3, _MAX_EMAIL)] = None
    is_email_verified: bool = False


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is changed of an account; a field that is left out stays."""

    email: Annotated[str | None, Rule('the e-mail address; "" for none', most=_MAX_EMAIL)] = None
    is_email_verified: Annotated[
        bool | None, Rule("whether its owner is known to receive mail there")
    ] = None


@dataclass(frozen=True, slots=True)
class NewPassword:
    """Another password."""

    password: Password


@dataclass(frozen=True, slots=True)
class NewSuspension:
    """A suspension of an account."""

    reason: Reason = ""
    seconds: Seconds = 0


@dataclass(frozen=True, slots=True)
class EndedSessions:
    """What was ended."""

    ended: Annotated[int, Rule("how many sessions")]


@dataclass(frozen=True, slots=True)
class DroppedView:
    """A deleted account, whose name is not free."""

    name: str


async def _list(call: Call) -> Page:
    query, world = call.query_as(AccountQuery), call.world
    words = fold_or_self(query.words)
    found = [
        account
        for account in (world.accounts.known if world.accounts is not None else {}).values()
        if words in account.folded
        and query.suspended in (None, world.bans.of_account(account.id) is not None)
    ]
    page = call.page(found, lambda account: account.folded, lambda account: account)
    return Page([await _view(call, account) for account in page.items], page.next)


async def _get(call: Call) -> AccountView:
    return await _view(call, account_named(call, call.params["name"]))


async def _view(call: Call, account: Account) -> AccountView:
    with as_problems():
        email = await accounts_of(call).email(account.id)
    world = call.world
    ban, user = world.bans.of_account(account.id), world.always_on.of(account.id)
    return AccountView(
        account.name,
        moment(account.created),
        email.address if email is not None else None,
        email is not None and email.is_verified,
        ban.reason if ban is not None else None,
        moment(ban.expires) if ban is not None else None,
        len(logins.sessions_of(world, account.id, 0, "")),
        user is not None,
        moment(user.seen) if user is not None else None,
        world.second_factors.of(account.id) is not None,
        len(world.push.of(account.id)),
        tuple(
            sorted(
                channel.name
                for channel in world.channels.values()
                if channel.registration is not None and channel.registration.owner == account.id
            )
        ),
    )


def _folded(call: Call, name: str) -> str:
    try:
        fold_nick(name, LONGEST_NICK)
    except InvalidName:
        raise InvalidValue(_("no account can have the name {name}").format(name=name)) from None
    return rules.check_length(name, call.site.settings)


def _email(wanted: NewAccount) -> Email | None:
    if wanted.email is None:
        return None
    with as_problems("email"):
        return rules.changed_email(None, wanted.email, wanted.is_email_verified)


async def _add(call: Call) -> AccountView:
    wanted, world, accounts = call.body_as(NewAccount), call.world, accounts_of(call)
    email = _email(wanted)
    with as_problems("password"):
        rules.check_password(wanted.password, call.site.settings)
    with as_problems("name"):
        folded = _folded(call, wanted.name)
        rules.check_is_free(wanted.name, folded, accounts.taken, accounts.dropped.values())
    account = Account(wanted.name, folded, int(world.clock()))
    with as_problems():
        credentials = await _prepared(accounts, wanted.password, call)
        if nicknames.is_account_name_taken(world, account.name, folded) or any(
            world.registering.of(account.name, folded)
        ):
            raise rules.exists(account.name)
        world.registering.add(account.name, folded)
        try:
            made = await account_changes.create(world, account, credentials, email, "")
        finally:
            world.registering.remove(account.name, folded)
        if made is None:
            raise rules.exists(account.name)
    await call.commit(list, f"SAREGISTER {made.name}")
    return await _view(call, made)


async def _prepared(accounts: Accounts, password: str, call: Call) -> Credentials:
    try:
        origin = Origin(call.request.peer.host)
        return await accounts.prepare(password, origin, by_operator=True)
    except ValueError:
        why = _("the password has characters that cannot be used")
        raise ApiProblem(400, why, field="password") from None


async def _change(call: Call) -> AccountView:
    account, wanted = account_named(call, call.params["name"]), call.body_as(AccountChange)
    if wanted == AccountChange():
        raise ApiProblem(400, _("name what is to be changed: email, or is_email_verified"))
    with as_problems("email"):
        known = await accounts_of(call).email(account.id)
        email = rules.changed_email(known, wanted.email, wanted.is_email_verified)
    said = "none" if email is None else ("verified" if email.is_verified else "not verified")
    change = EmailSet(account.id, email)
    await call.commit(lambda: apply(call.world, change), f"EMAIL {account.name}: {said}")
    return await _view(call, account)


async def _set_password(call: Call) -> EndedSessions:
    account, password = account_named(call, call.params["name"]), call.body_as(NewPassword).password
    with as_problems("password"):
        rules.check_password(password, call.site.settings)
    origin = Origin(call.request.peer.host)
    with as_problems():
        try:
            is_done = await account_changes.set_password(call.world, account.id, password, origin)
        except ValueError:
            why = _("the password has characters that cannot be used")
            raise ApiProblem(400, why, field="password") from None
    if not is_done:
        raise not_found(
            _("the account {name} was deleted in the meantime").format(name=account.name)
        )
    return await _end(call, account, logins.CREDENTIALS_CHANGED, "SAPASSWD")


async def _log_out(call: Call) -> EndedSessions:
    return await _end(call, account_named(call, call.params["name"]), _ENDED, "LOGOUT")


async def _end(call: Call, account: Account, reason: str, word: str) -> EndedSessions:
    ended = 0

    def end() -> tuple[()]:
        nonlocal ended
        ended = logins.end_sessions(call.world, account.id, reason)
        return ()

    await call.commit(end, f"{word} {account.name}")
    return EndedSessions(ended)


async def _delete(call: Call) -> None:
    await delete_account(call, account_named(call, call.params["name"]))


async def delete_account(call: Call, account: Account) -> None:
    """Delete an account; its name is not free.

    Raises:
        ApiProblem: 503.
    """
    if call.world.decider is None:
        with as_problems():
            await accounts_of(call).delete(account.id)
    await call.commit(lambda: apply(call.world, AccountDeleted(account)), f"SADROP {account.name}")


async def _suspend(call: Call) -> MadeBan:
    wanted = call.body_as(NewSuspension)
    account = account_named(call, call.params["name"])
    return await set_ban(call, account, wanted.seconds, wanted.reason)


def _suspension(call: Call, account: Account) -> Ban:
    ban = call.world.bans.of_account(account.id)
    if ban is None:
        raise not_found(_("the account {name} is not suspended").format(name=account.name))
    return ban


async def _resume(call: Call) -> None:
    await lift(call, _suspension(call, account_named(call, call.params["name"])))


async def _remove_second_factor(call: Call) -> None:
    account = account_named(call, call.params["name"])
    if call.world.second_factors.of(account.id) is None:
        raise not_found(_("the account {name} has no second factor").format(name=account.name))
    remove = partial(remove_second_factor, call.world, account)
    await call.commit(remove, f"SA2FAOFF {account.name}")


def _list_dropped(call: Call) -> Page:
    accounts = call.world.accounts
    dropped = accounts.dropped if accounts is not None else {}
    return call.page(
        dropped.values(), lambda account: account.folded, lambda account: DroppedView(account.name)
    )


async def _free(call: Call) -> None:
    world, name = call.world, call.params["name"]
    accounts = accounts_of(call)
    with as_problems():
        found = accounts.dropped.get(fold_or_self(name))
        gone = rules.check_can_be_freed(found, name, call.site.settings)
        if world.decider is None:
            await accounts.free(gone.folded)
    # Masks of lists may name the account; in a cluster the change frees the name, too.
    change = AccountDeleted(gone) if world.decider is None else AccountNameFreed(gone)
    await call.commit(lambda: apply(world, change), f"FREE {gone.name}")


RESOURCES = (
    Resource(
        method="GET",
        path="/accounts",
        scope="accounts:read",
        summary="List the accounts",
        handler=_list,
        query=AccountQuery,
        answer=AccountView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/accounts",
        scope="accounts:write",
        summary="Add an account",
        handler=_add,
        body=NewAccount,
        answer=AccountView,
        status=201,
    ),
    Resource(
        method="GET",
        path="/accounts/{name}",
        scope="accounts:read",
        summary="Get an account",
        handler=_get,
        answer=AccountView,
    ),
    Resource(
        method="PATCH",
        path="/accounts/{name}",
        scope="accounts:write",
        summary="Change the e-mail address of an account, and whether it is verified",
        handler=_change,
        body=AccountChange,
        answer=AccountView,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}",
        scope="accounts:write",
        summary="Delete an account; nobody can register its name until it is freed",
        handler=_delete,
    ),
    Resource(
        method="PUT",
        path="/accounts/{name}/password",
        scope="accounts:write",
        summary="Set the password of an account, and end its sessions",
        handler=_set_password,
        body=NewPassword,
        answer=EndedSessions,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}/sessions",
        scope="accounts:write",
        summary="End all sessions of an account",
        handler=_log_out,
        answer=EndedSessions,
    ),
    Resource(
        method="POST",
        path="/accounts/{name}/suspension",
        scope="accounts:write",
        summary="Suspend an account, and end its sessions",
        handler=_suspend,
        body=NewSuspension,
        answer=MadeBan,
        status=201,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}/suspension",
        scope="accounts:write",
        summary="Let a suspended account be used again",
        handler=_resume,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}/second-factor",
        scope="accounts:write",
        summary="Remove the second factor of an account: its password alone logs in",
        handler=_remove_second_factor,
    ),
    Resource(
        method="GET",
        path="/dropped-accounts",
        scope="accounts:read",
        summary="List the deleted accounts whose names are not free",
        handler=_list_dropped,
        query=PageQuery,
        answer=DroppedView,
        is_list=True,
    ),
    Resource(
        method="DELETE",
        path="/dropped-accounts/{name}",
        scope="accounts:write",
        summary="Let the name of a deleted account be registered again",
        handler=_free,
    ),
)

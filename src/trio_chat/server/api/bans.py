"""Resources of the bans of the server: masks, addresses and networks, suspended accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from trio_chat.chat import banning, durations
from trio_chat.chat.accounts import Account, Accounts
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import MAX_MASK, MAX_REASON, Ban, BanKind
from trio_chat.chat.changes import BanLifted, BansEnforced, BanSet, BansExpired
from trio_chat.i18n import _
from trio_chat.irc.names import fold_or_self
from trio_chat.maintenance.bans import existing_ban, new_ban
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment

Kind = Literal["mask", "address", "account"]
KINDS: dict[BanKind, Kind] = {
    BanKind.MASK: "mask",
    BanKind.ADDRESS: "address",
    BanKind.ACCOUNT: "account",
}
_WORDS = {BanKind.MASK: "KLINE", BanKind.ADDRESS: "DLINE", BanKind.ACCOUNT: "SUSPEND"}
Seconds = Annotated[int, Rule("for how many seconds; 0 for ever", 0, durations.LONGEST)]
Reason = Annotated[str, Rule("what a banned user reads", most=MAX_REASON)]


@dataclass(frozen=True, slots=True)
class BanView:
    """A ban."""

    mask: Annotated[str, Rule("of an account, its name")]
    kind: Kind
    reason: str
    set_by: str
    created: datetime | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class BanQuery(PageQuery):
    """The bans that are wanted."""

    kind: Kind | None = None
    words: Annotated[str, Rule("what the mask or the reason contains", most=MAX_MASK)] = ""


@dataclass(frozen=True, slots=True)
class NewBan:
    """A ban that is to be set."""

    mask: Annotated[
        str,
        Rule("an address, a network, nick!user@host, or the name of an account", 1, MAX_MASK),
    ]
    kind: Annotated[Kind | None, Rule("needed for an account only")] = None
    reason: Reason = ""
    seconds: Seconds = 0


@dataclass(frozen=True, slots=True)
class MadeBan:
    """A new ban, and what it has ended."""

    ban: BanView
    connections: Annotated[int, Rule("connections that it has ended")]
    users: Annotated[tuple[str, ...], Rule("users that it covers")]


def show(ban: Ban) -> BanView:
    """Return a ban as the answer has it."""
    return BanView(
        ban.mask, KINDS[ban.kind], ban.reason, ban.setter, moment(ban.created), moment(ban.expires)
    )


def _list(call: Call) -> Page:
    query, now = call.query_as(BanQuery), call.world.clock()
    wanted = query.words.casefold()
    found = [
        ban
        for ban in call.world.bans
        if not ban.is_over(now)
        and query.kind in (None, KINDS[ban.kind])
        and wanted in f"{ban.mask}\n{ban.reason}".casefold()
    ]
    return call.page(found, lambda ban: f"{ban.kind.value} {ban.key[1]}", show)


async def _add(call: Call) -> MadeBan:
    wanted = call.body_as(NewBan)
    if wanted.kind == "account":
        account = account_named(call, wanted.mask)
        return await set_ban(call, account, wanted.seconds, wanted.reason)
    return await set_ban(call, wanted.mask, wanted.seconds, wanted.reason, wanted.kind)


async def set_ban(
    call: Call, what: str | Account, seconds: int, reason: str, kind: Kind | None = None
) -> MadeBan:
    """Set a ban, and end what it covers.

    Args:
        call: the request.
        what: a mask, an address or a network; or an account.
        seconds: for how long; 0 for ever.
        reason: for those that it covers.
        kind: what kind the request says it is; None when it does not.

    Raises:
        ApiProblem: it is refused.
    """
    world = call.world
    if world.bans.expired():
        apply(world, BansExpired())
    with as_problems("mask"):
        ban = new_ban(
            list(world.bans),
            what,
            (seconds, reason),
            call.caller.actor,
            call.site.settings.limits,
            int(world.clock()),
        )
    if kind not in (None, KINDS[ban.kind]):
        raise ApiProblem(
            400,
            _("the ban {mask} is of the kind {kinds}").format(mask=ban.mask, kinds=KINDS[ban.kind]),
            field="kind",
        )
    _refuse_own(call, ban)
    covered = banning.covered(world, [ban])
    length = f"for {durations.show(seconds)}" if seconds else "for ever"
    await call.commit(
        lambda: [*apply(world, BanSet(ban)), *apply(world, BansEnforced((ban,)))],
        f"{_WORDS[ban.kind]} {ban.mask} {length}: {ban.reason}",
    )
    return MadeBan(show(ban), covered.connections, tuple(covered.names))


def _refuse_own(call: Call, ban: Ban) -> None:
    user = call.world.users.get(fold_or_self(call.caller.nick)) if call.caller.nick else None
    sessions = user.sessions if user is not None else ()
    is_own = banning.only(call.world, [ban]).of_address(call.request.peer.host) is not None
    if is_own or any(banning.covers(call.world, ban, session) for session in sessions):
        raise ApiProblem(
            409, _("the ban {mask} would cover yourself; nothing was banned").format(mask=ban.mask)
        )


async def _remove(call: Call) -> None:
    with as_problems():
        ban = existing_ban(list(call.world.bans), call.params["mask"])
    await lift(call, ban)


async def lift(call: Call, ban: Ban) -> None:
    """Lift a ban."""
    await call.commit(lambda: apply(call.world, BanLifted(ban)), f"UN{_WORDS[ban.kind]} {ban.mask}")


def account_named(call: Call, name: str) -> Account:
    """Return an account.

    Raises:
        ApiProblem: 404.
    """
    account = accounts_of(call).known.get(fold_or_self(name))
    if account is None:
        raise not_found(_("there is no account {name}").format(name=name))
    return account


def accounts_of(call: Call) -> Accounts:
    """Return the accounts.

    Raises:
        ApiProblem: 409: the server has none.
    """
    if call.world.accounts is None:
        raise ApiProblem(409, _("there are no accounts on this server: it remembers nothing"))
    return call.world.accounts


RESOURCES = (
    Resource(
        method="GET",
        path="/bans",
        scope="bans:read",
        summary="List the bans of the server",
        handler=_list,
        query=BanQuery,
        answer=BanView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/bans",
        scope="bans:write",
        summary="Ban a mask, an address, a network or an account, and end what that covers",
        handler=_add,
        body=NewBan,
        answer=MadeBan,
        status=201,
    ),
    Resource(
        method="DELETE",
        path="/bans/{mask}",
        scope="bans:write",
        summary="Lift a ban, named as the list shows it; a / is written %2F",
        handler=_remove,
    ),
)

"""Resources of invitations for channels and accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from trio_chat.chat import durations
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import InvitationMade, InvitationRevoked
from trio_chat.chat.invitations import MOST_USES, Invitation
from trio_chat.irc.weblinks import page_link
from trio_chat.maintenance.invitations import (
    check_accounts_need_one,
    existing_invitation,
    new_invitation,
    not_registered,
)
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.named_channels import (
    folded_name,
    names_by_number,
    registered_numbers,
)
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment
from trio_chat.server.links import page_url_for


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation, without its token."""

    id: str
    channel: Annotated[str | None, Rule("null for an account")]
    uses: Annotated[int | None, Rule("how many users can use it; null for any number")]
    used: int
    made_by: str
    created: datetime | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation that is to be made."""

    channel: Annotated[str | None, Rule("a registered channel; null for an account", 1, 200)] = None
    uses: Annotated[int, Rule("how many users can use it; 0 for any number", 0, MOST_USES)] = 1
    seconds: Annotated[
        int | None, Rule("0 for ever; null for the default of 7 days", 0, durations.LONGEST)
    ] = None


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A new invitation. Its token is not shown again."""

    invitation: InvitationView
    token: str
    link: Annotated[str, Rule("to the page; empty where its address is not known")]


def _show(call: Call, one: Invitation) -> InvitationView:
    channel = names_by_number(call.world).get(one.channel, "") if one.channel else None
    return InvitationView(
        one.id,
        channel,
        one.uses or None,
        len(one.used_by),
        one.setter,
        moment(one.created),
        moment(one.expires),
    )


def _in_force(call: Call) -> list[Invitation]:
    now = call.world.steady()
    return [one for one in call.world.invitations if not one.is_over(now)]


def _list(call: Call) -> Page:
    return call.page(_in_force(call), lambda one: one.digest[:16], lambda one: _show(call, one))


async def _add(call: Call) -> MadeLink:
    world, wanted = call.world, call.body_as(NewInvitation)
    name, number = "", 0
    with as_problems("channel"):
        if wanted.channel is None:
            check_accounts_need_one(call.site.settings)
        else:
            folded = folded_name(wanted.channel)
            number = registered_numbers(world).get(folded, 0)
            if not number:
                raise not_registered(folded)
            name = world.channels[folded].name
        terms, now = (wanted.uses, wanted.seconds), int(world.steady())
        made = new_invitation(_in_force(call), number, call.caller.actor, terms, now)
    one = made.invitation
    await call.commit(
        lambda: apply(world, InvitationMade(one)),
        f"INVITATION CREATE {one.id} for {name or 'an account'}",
    )
    page = page_url_for(call.site.settings, call.request.peer, call.site.certified())
    link = page_link(page, name, made.token) if page else ""
    return MadeLink(_show(call, one), made.token, link)


async def _remove(call: Call) -> None:
    with as_problems():
        found = existing_invitation(_in_force(call), call.params["invitation"])
    await call.commit(
        lambda: [
            event for one in found for event in apply(call.world, InvitationRevoked(one.digest))
        ],
        f"INVITATION REVOKE {found[0].id}",
    )


RESOURCES = (
    Resource(
        method="GET",
        path="/invitations",
        scope="invitations:read",
        summary="List the invitations",
        handler=_list,
        query=PageQuery,
        answer=InvitationView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/invitations",
        scope="invitations:write",
        summary="Make an invitation; its token is in the answer, and is not shown again",
        handler=_add,
        body=NewInvitation,
        answer=MadeLink,
        status=201,
    ),
    Resource(
        method="DELETE",
        path="/invitations/{invitation}",
        scope="invitations:write",
        summary="Revoke an invitation",
        handler=_remove,
    ),
)

"""Operators of the server by a group of the provider of single sign-on, or of the directory.

Only a login that has asked one of them says anything about groups. It gives the rights, and it
takes those away that earlier logins of the account have given by groups of the same source.
"""

import logging
from typing import Final

from trio_chat.chat.apply.transitions import apply
from trio_chat.chat.changes import OperatorAppointed, OperatorDismissed
from trio_chat.chat.identity_keys import ConfirmedGroups
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.operators import audit, record_audit, why_one_factor
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import numerics as n
from trio_chat.irc.rights import RIGHTS

log = logging.getLogger("trio_chat")

_PLACES: Final = {"oidc": "of the single sign-on", "ldap": "of the directory"}


def relevant(world: World, confirmed: ConfirmedGroups | None) -> ConfirmedGroups | None:
    """Return confirmed groups, with those alone by which somebody can be an operator."""
    if confirmed is None:
        return None
    blocks = world.server_info.operators.values()
    wanted = {group for block in blocks if (group := block.group_of(confirmed.source))}
    return confirmed._replace(groups=confirmed.groups & wanted)


def review_later(request: Request) -> None:
    """Review the operators of the account of a session that has just got a user, if its login has
    confirmed groups. In a cluster only the server of the session knows them.
    """
    if request.session.confirmed is not None:

        async def work(reply: Response) -> None:
            await request.world.settle()
            await review(request, reply)

        request.reply.postpone(work)


async def review(request: Request, reply: Response) -> None:
    """Give the user of a session the rights of the groups that its login has confirmed, and take
    those of its account away that depend on others; once for a login.

    Args:
        request: of the session, which has a user.
        reply: takes the answers.
    """
    world, session = request.world, request.session
    confirmed, session.confirmed = session.confirmed, None
    user = session.user
    if confirmed is None or user is None or not user.account_id:
        await world.settle()
        return
    block = _block(request, user, confirmed)
    granted = block and block.granted(confirmed.source, user.account, user.account_id)
    _dismiss(request, reply, confirmed.source, granted)
    if granted is None or (user.operator is not None and user.operator.source == ""):
        return
    if user.operator == granted:
        return
    if why := why_one_factor(request):
        log.warning("%s is not made the operator %s: no second factor", user.source, granted.name)
        reply.send("NOTICE", (user.nick, f"You are not an operator now. {why}"))
        return
    await _appoint(request, reply, granted, confirmed.source)


def _block(request: Request, user: User, confirmed: ConfirmedGroups) -> Operator | None:
    """Return the first block of the configuration with one of the groups."""
    address = request.session.address
    for block in request.world.server_info.operators.values():
        if block.group_of(confirmed.source) in confirmed.groups:
            if block.permits_host(user.username, address, user.host):
                return block
            log.info("%s is not made the operator %s: wrong address", user.source, block.name)
    return None


def _dismiss(request: Request, reply: Response, source: str, granted: Operator | None) -> None:
    """Dismiss the operators of the account by groups of a source that it is not in now."""
    world, account = request.world, request.user.account_id
    for user in list(world.opers):
        before = user.operator
        if before is None or before.account_id != account or before.source != source:
            continue
        if granted is not None and before.name == granted.name:
            continue
        reply.emit_all(apply(world, OperatorDismissed(user.folded)))
        actor, what = f"operator {before.name}, {user.source}", "is an operator no longer"
        text = f"{what}: a login was without the group {_PLACES[source]}"
        reply.emit_all(record_audit(world, actor, request.session.address, text))


async def _appoint(request: Request, reply: Response, granted: Operator, source: str) -> None:
    world, user = request.world, request.user
    events = apply(world, OperatorAppointed(user.folded, granted))
    reply.expect(events)
    await world.settle()
    if request.session.user is not user or not granted.permits_account(user.account_id):
        return  # it was logged out meanwhile
    reply.numeric(n.RPL_YOUREOPER)
    reply.emit_all(events)
    rights = ", ".join(right for right in RIGHTS if right in granted.rights)
    audit(request, f"OPER by a group {_PLACES[source]}, with the rights {rights}", reply)

"""Invitations by a link: INVITATION, which makes, lists and revokes them.

    INVITATION CREATE <channel or *> [<uses> [<duration>]]
    INVITATION LIST <channel or *>
    INVITATION REVOKE <channel or *> <id, or *>

`*` in the place of a channel stands for the registration of an account. A user that may not make
invitations gets the address of an open channel, with `*` as id and token. The answers are in the
same form, for programs:

    INVITATION CREATED <channel or *> <id> <uses> <expires> <token> :<link>
    INVITATION ENTRY <channel or *> <id> <uses> <used> <expires> :<setter>
    INVITATION END <channel or *>
    INVITATION REVOKED <channel or *> <id>

ChanServ and NickServ use the same functions and answer in sentences.
"""

import logging
from typing import Final, NamedTuple

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import InvitationMade, InvitationRevoked
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.invitations import (
    MOST,
    Invitation,
    Terms,
    digest_of,
    make_token,
    parse_terms,
)
from trio_chat.chat.operators import has_right
from trio_chat.chat.registry import Request, command
from trio_chat.irc import modes
from trio_chat.irc.weblinks import page_link

log = logging.getLogger("trio_chat")

_COMMAND: Final = "INVITATION"
NOT_TERMS: Final = (
    "Give a number of uses up to 1000, or 0 for any number, and a duration such as 2d, or 0 for"
    " ever"
)


class Refusal(NamedTuple):
    """Why something about invitations is refused: a code of FAIL, and a sentence."""

    code: str
    text: str


class Made(NamedTuple):
    """An invitation that was made.

    Args:
        invitation: it.
        token: nothing keeps it.
        link: to the page; "" when the address of the page is not known.
    """

    invitation: Invitation
    token: str
    link: str


@command(
    _COMMAND,
    "CREATE|LIST|REVOKE <channel or *> [<uses> [<duration>] | <id>]",
    min_params=2,
    help="Make, list or revoke links by which others join a channel or register an account (*).",
    is_local=True,
)
def invitation_command(request: Request) -> None:
    """Carry out a subcommand."""
    verb, name = request.params[0].upper(), request.params[1]
    handlers = {"CREATE": _create, "LIST": _list, "REVOKE": _revoke}
    if verb not in handlers:
        text = f"{request.params[0]} is not one of {', '.join(handlers)}"
        request.reply.fail(_COMMAND, "UNKNOWN_COMMAND", request.params[0], text=text)
        return
    channel = None if name == "*" else find_channel(request, name)
    if channel is None and name != "*":
        return
    if refusal := why_not_manage(request, channel):
        if verb == "CREATE" and channel is not None and (link := _open_link(request, channel)):
            request.reply.send(_COMMAND, ("CREATED", name, "*", "0", "0", "*", link))
            return
        request.reply.fail(_COMMAND, refusal.code, name, text=refusal.text)
        return
    handlers[verb](request, channel)


def _open_link(request: Request, channel: Channel) -> str:
    """Return the address of a channel that anybody may join, for one of its members; "" if it is
    closed, or terms are wanted that only an invitation has.
    """
    world = request.world
    is_closed = channel.key or channel.flags & {modes.INVITE_ONLY, modes.REGISTERED_JOIN}
    if is_closed or request.user not in channel.members or len(request.params) > 2:
        return ""
    return page_link(world.page_url, channel.name) if world.page_url else ""


def _create(request: Request, channel: Channel | None) -> None:
    name = channel.name if channel else "*"
    terms = parse_terms(request.params[2:])
    if terms is None:
        request.reply.fail(_COMMAND, "INVALID_PARAMS", name, text=NOT_TERMS)
        return
    made = create(request, channel, terms)
    if isinstance(made, Refusal):
        request.reply.fail(_COMMAND, made.code, name, text=made.text)
        return
    one = made.invitation
    params = ("CREATED", name, one.id, str(one.uses), str(one.expires), made.token, made.link)
    request.once_settled(lambda: request.reply.send(_COMMAND, params))


def _list(request: Request, channel: Channel | None) -> None:
    name = channel.name if channel else "*"
    for one in listed(request, channel):
        used = str(len(one.used_by))
        params = ("ENTRY", name, one.id, str(one.uses), used, str(one.expires), one.setter)
        request.reply.send(_COMMAND, params)
    request.reply.send(_COMMAND, ("END", name))


def _revoke(request: Request, channel: Channel | None) -> None:
    name, wanted = channel.name if channel else "*", request.param(2)
    revoked = revoke(request, channel, wanted)
    if not revoked:
        text = "There is no such invitation; INVITATION LIST shows those that there are"
        request.reply.fail(_COMMAND, "NO_SUCH_INVITATION", name, wanted or "*", text=text)
    request.once_settled(lambda: _show_revoked(request, name, revoked))


def _show_revoked(request: Request, name: str, revoked: list[Invitation]) -> None:
    for one in revoked:
        request.reply.send(_COMMAND, ("REVOKED", name, one.id))


def why_not_manage(request: Request, channel: Channel | None) -> Refusal | None:
    """Return why a user may not make, list and revoke invitations, or None.

    Those of a channel are for its operators and half-operators. Those for accounts are for
    operators of the server with the right `accounts`, and for the users of accounts if the
    configuration says so.
    """
    user, rules = request.user, request.world.server_info.account_rules
    if channel is not None:
        if policy.why_not_operate(user, channel, modes.HALF_OPERATOR) is None:
            return None
        return Refusal("CHANOPRIVSNEEDED", f"You are not an operator of {channel.name}")
    if not rules.by_invitation:
        return Refusal("DISALLOWED", "Accounts are not registered by invitation on this server")
    if has_right(user, "accounts") or (rules.users_invite and user.account):
        return None
    if rules.users_invite:
        return Refusal("ACCOUNT_REQUIRED", "Log in to invite others")
    return Refusal("NOPRIVS", "Only operators of the server invite others here")


def create(request: Request, channel: Channel | None, terms: Terms) -> Made | Refusal:
    """Make an invitation that `why_not_manage` does not refuse.

    Args:
        request: of its maker.
        channel: for what it is; None for an account.
        terms: for how many users it is, and for how long.
    """
    world, user = request.world, request.user
    if (channel is None or channel.registration is not None) and (
        why_not := world.quotas.why_not(user)
    ):
        return Refusal("QUOTA_EXCEEDED", why_not)
    _make_room(request, channel)
    if len(_counted(request, channel)) >= MOST:
        return Refusal("LIMIT_REACHED", f"There are {MOST} invitations already; revoke some first")
    token, now = make_token(), int(world.steady())
    invitation = Invitation(
        digest=digest_of(token),
        channel=channel.founded if channel else 0,
        setter=user.account or user.nick,
        account=user.account_id,
        created=now,
        expires=now + terms.seconds if terms.seconds else 0,
        uses=terms.uses,
    )
    apply(world, InvitationMade(invitation))
    name = channel.name if channel else ""
    log.info("%s made the invitation %s %s", user.source, invitation.id, name or "for an account")
    link = page_link(world.page_url, name, token) if world.page_url else ""
    return Made(invitation, token, link)


def _make_room(request: Request, channel: Channel | None) -> None:
    """Remove the oldest invitation that is used up, if there is no room for another one."""
    counted = _counted(request, channel)
    used_up = next((one for one in counted if one.left == 0), None)
    if len(counted) >= MOST and used_up is not None:
        apply(request.world, InvitationRevoked(used_up.digest))


def _counted(request: Request, channel: Channel | None) -> list[Invitation]:
    """Return the invitations that count together: of a channel, or of one account for others."""
    found = request.world.invitations.of_channel(channel.founded if channel else 0)
    return [one for one in found if channel is not None or one.account == request.user.account_id]


def listed(request: Request, channel: Channel | None) -> list[Invitation]:
    """Return the invitations that a user may see and revoke: all of a channel; for accounts its
    own, and as an operator of the server all.
    """
    found = request.world.invitations.of_channel(channel.founded if channel else 0)
    if channel is not None or has_right(request.user, "accounts"):
        return found
    return [one for one in found if one.account == request.user.account_id]


def revoke(request: Request, channel: Channel | None, wanted: str) -> list[Invitation]:
    """Revoke an invitation by its id, or all of them with `*`; return those that were."""
    found = [one for one in listed(request, channel) if wanted in ("*", one.id)]
    for one in found:
        apply(request.world, InvitationRevoked(one.digest))
        log.info("%s revoked the invitation %s", request.user.source, one.id)
    return found

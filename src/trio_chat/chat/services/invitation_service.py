"""The command INVITATION of ChanServ and NickServ: invitations by a link, in sentences."""

from trio_chat.chat.channels import Channel
from trio_chat.chat.commands import invitation_links
from trio_chat.chat.commands.invitation_links import Made, Refusal
from trio_chat.chat.invitations import parse_terms
from trio_chat.chat.registry import Request
from trio_chat.chat.services.nickserv import NICKSERV
from trio_chat.chat.services.service import Service


def carry_out(
    service: Service, request: Request, channel: Channel | None, words: list[str]
) -> None:
    """Carry out a subcommand.

    Args:
        service: which answers.
        request: of the user.
        channel: for which the invitations are; None for accounts.
        words: CREATE, LIST or REVOKE with what belongs to it.
    """
    if refusal := invitation_links.why_not_manage(request, channel):
        service.answer(request, f"{refusal.text}.")
        return
    verb, rest = words[0].upper(), words[1:]
    if verb == "CREATE":
        _create(service, request, channel, rest)
    elif verb == "LIST":
        found = invitation_links.listed(request, channel)
        now = request.world.steady()
        for one in found:
            service.answer(request, one.describe(now))
        service.answer(request, f"Invitations: {len(found)}.")
    elif verb == "REVOKE" and rest:
        revoked = invitation_links.revoke(request, channel, rest[0])
        done = f"Invitations that were revoked: {len(revoked)}."
        request.once_settled(lambda: service.answer(request, done))
    else:
        service.answer(
            request, f"Usage: /msg {service.name} {service.commands['INVITATION'].usage}"
        )


def _create(service: Service, request: Request, channel: Channel | None, words: list[str]) -> None:
    terms = parse_terms(words)
    if terms is None:
        service.answer(request, f"{invitation_links.NOT_TERMS}.")
        return
    made = invitation_links.create(request, channel, terms)
    if isinstance(made, Refusal):
        service.answer(request, f"{made.text}.")
        return
    request.once_settled(lambda: _show(service, request, channel, made))


def _show(service: Service, request: Request, channel: Channel | None, made: Made) -> None:
    service.answer(request, made.invitation.describe(request.world.steady()))
    if channel is not None and made.invitation.is_personal:
        service.answer(request, "It lets in a user that is banned, too, as INVITE does.")
    if made.link:
        service.answer(request, f"Link: {made.link}")
    if channel is not None:
        service.answer(request, f"With any IRC client: /join {channel.name} {made.token}")
    else:
        service.answer(
            request,
            f"With any IRC client: /msg NickServ REGISTER <password> <email or *> {made.token}",
        )


@NICKSERV.command(
    "INVITATION",
    "CREATE [<uses>] [<duration>] | LIST | REVOKE <id>|*",
    1,
    "makes links by which others register an account",
)
def _invitation(request: Request, words: list[str]) -> None:
    carry_out(NICKSERV, request, None, words)

"""The command HOOK of ChanServ: webhooks of a channel."""

import logging

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.changes import HookDelivered, HookMade, HookRemoved
from trio_chat.chat.channels import Channel
from trio_chat.chat.hook_terms import HookTerms, parse_terms
from trio_chat.chat.hooks import LOBBY, MOST, PATH, Hook, digest_of, leads_back, make_secret
from trio_chat.chat.registry import Request
from trio_chat.chat.services.service import Service
from trio_chat.irc.modes import OPERATOR

log = logging.getLogger("trio_chat")


def carry_out(service: Service, request: Request, channel: Channel, words: list[str]) -> None:
    """Carry out a subcommand.

    Args:
        service: which answers.
        request: of the user.
        channel: of the hooks.
        words: ADD, LIST or DEL with what belongs to it.
    """
    number = _number(request, channel)
    if not _may_manage(request, channel):
        service.answer(request, f"You are not an operator of {channel.name}.")
    elif number is None:
        register = f"/msg {service.name} REGISTER {channel.name}"
        service.answer(request, f"{channel.name} is not registered; {register} does that.")
    elif words[0].upper() == "ADD":
        _add(service, request, channel, number, words[1:])
    elif words[0].upper() == "LIST":
        found = request.world.hooks.of_channel(number)
        for hook in found:
            service.answer(request, describe(hook))
        service.answer(request, f"Webhooks of {channel.name}: {len(found)}.")
    elif words[0].upper() == "DEL" and len(words) > 1:
        _remove(service, request, number, words[1])
    elif words[0].upper() == "ENABLE" and len(words) > 1:
        _enable(service, request, number, words[1])
    else:
        service.answer(request, f"Usage: /msg {service.name} {service.commands['HOOK'].usage}")


def _number(request: Request, channel: Channel) -> int | None:
    """Return the number by which hooks name a channel; None if it cannot have any, as it does not
    outlast its members.
    """
    if channel.registration is not None:
        return channel.founded
    return LOBBY if channel is request.world.channels.lobby else None


def _may_manage(request: Request, channel: Channel) -> bool:
    """Return whether a user may see and change hooks: as an operator of the channel, or as one by
    its registration.
    """
    user, registration = request.user, channel.registration
    if policy.is_operator(user, channel):
        return True
    rank = registration.rank_of(user.account_id) if registration is not None else ""
    return bool(rank) and policy.may_grant(rank, OPERATOR)


def describe(hook: Hook) -> str:
    """Return what there is to say of a hook, without its secrets."""
    parts = [f"{hook.id}: {hook.name}/hook, {hook.kind}, by {hook.setter}"]
    if hook.url:
        parts.append(f"to {hook.url.split('/')[2]}")
    if hook.signing:
        parts.append("signed")
    if hook.failing:
        parts.append("nothing arrives there; the log of the server says why")
    return ", ".join(parts)


def _add(
    service: Service, request: Request, channel: Channel, number: int, words: list[str]
) -> None:
    world = request.world
    try:
        terms = parse_terms(words)
    except BadTerms as error:
        service.answer(request, f"{error}.")
        return
    if leads_back(world.hooks, number, terms.url):
        service.answer(request, "That is the address of a webhook of this channel itself.")
        return
    if len(world.hooks.of_channel(number)) >= MOST:
        service.answer(request, f"There are {MOST} webhooks already; remove some first.")
        return
    if policy.refuses_to_store(request):
        return
    secret, user = make_secret(), request.user
    hook = terms.hook(
        digest_of(secret),
        number,
        user.account or user.nick,
        user.account_id,
        int(world.clock()),
        world.ids.latest,
    )
    apply(world, HookMade(hook))
    log.info("%s made the webhook %s of %s", user.source, hook.id, channel.name)
    request.once_settled(lambda: _show(service, request, hook, terms, secret))


def _show(service: Service, request: Request, hook: Hook, terms: HookTerms, secret: str) -> None:
    service.answer(request, f"{describe(hook)}.")
    if terms.url:
        service.answer(request, f"It is signed with this secret, shown once: {hook.signing}")
        return
    address = f"{request.world.page_url or 'https://<this server>/'}{PATH}{secret}"
    service.answer(request, f"Its address is shown once: {address}")
    service.answer(request, "Every program with this address can write to the channel.")


def _find(service: Service, request: Request, number: int, wanted: str) -> Hook | None:
    """Return the hook with an id or a name, or reply that there is none."""
    hooks = request.world.hooks.of_channel(number)
    found = [hook for hook in hooks if wanted in (hook.id, hook.name)]
    if len(found) == 1:
        return found[0]
    text = "There is no such webhook" if not found else "Several webhooks have that name"
    service.answer(request, f"{text}; HOOK LIST shows their ids.")
    return None


def _remove(service: Service, request: Request, number: int, wanted: str) -> None:
    hook = _find(service, request, number, wanted)
    if hook is None:
        return
    apply(request.world, HookRemoved(hook.digest))
    log.info("%s removed the webhook %s", request.user.source, hook.id)
    request.once_settled(lambda: service.answer(request, f"{hook.name} is removed."))


def _enable(service: Service, request: Request, number: int, wanted: str) -> None:
    """Let a disabled hook go on from where it was."""
    hook = _find(service, request, number, wanted)
    if hook is None:
        return
    apply(request.world, HookDelivered(hook.digest, hook.cursor, 0, 0))
    request.once_settled(lambda: service.answer(request, f"{hook.name} is enabled."))

"""Resources of webhooks, incoming and outgoing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookDelivered, HookMade, HookRemoved
from trio_chat.chat.hook_terms import HookTerms
from trio_chat.chat.hooks import (
    LOBBY,
    MAX_FILTER,
    MAX_FILTERS,
    MAX_SIGNING,
    MAX_URL,
    PATH,
    Hook,
)
from trio_chat.i18n import _
from trio_chat.irc.names import fold_or_self
from trio_chat.maintenance.hooks import (
    HookMaker,
    channel_number,
    checked_terms,
    existing_hook,
    new_hook,
)
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.named_channels import (
    folded_channel,
    folded_name,
    names_by_number,
    registered_numbers,
)
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment
from trio_chat.server.links import page_url_for

_Words = tuple[Annotated[str, Rule("", 1, MAX_FILTER)], ...]


@dataclass(frozen=True, slots=True)
class HookView:
    """A webhook, without its secrets."""

    id: str
    channel: str
    name: str
    direction: Literal["in", "out"]
    host: Annotated[str, Rule("where an outgoing one posts; the rest of its URL is not shown")]
    is_signed: bool
    events: tuple[str, ...]
    nicks: tuple[str, ...]
    words: tuple[str, ...]
    made_by: str
    created: datetime | None
    last_used: datetime | None
    failing_since: datetime | None
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class HookQuery(PageQuery):
    """The webhooks that are wanted."""

    channel: Annotated[str, Rule("the channel", most=200)] = ""


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that is to be made; with a URL it is an outgoing one."""

    channel: Annotated[str, Rule("a registered channel, or the lobby", 1, 200)]
    name: Annotated[str, Rule("under which its messages are shown", 1, 64)]
    url: Annotated[str, Rule("where it posts", most=MAX_URL)] = ""
    signing: Annotated[str, Rule("the secret that signs", most=MAX_SIGNING)] = ""
    events: Annotated[_Words, Rule("what is posted", most=MAX_FILTERS)] = ()
    nicks: Annotated[_Words, Rule("of which users", most=MAX_FILTERS)] = ()
    words: Annotated[_Words, Rule("texts with one of these", most=MAX_FILTERS)] = ()


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    """A new webhook. Its secret is not shown again."""

    hook: HookView
    address: Annotated[str, Rule("where programs post; empty for an outgoing one")]
    signing: Annotated[str, Rule("the secret that signs; empty if nothing is signed")]


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """A change of a webhook: a disabled one goes on from where it was."""

    is_enabled: bool


def _show(call: Call, hook: Hook) -> HookView:
    return HookView(
        hook.id,
        names_by_number(call.world, LOBBY).get(hook.channel, ""),
        hook.name,
        "out" if hook.url else "in",
        hook.url.split("/")[2] if hook.url else "",
        bool(hook.signing),
        hook.filter.events if hook.url else (),
        hook.filter.nicks,
        hook.filter.words,
        hook.setter,
        moment(hook.created),
        moment(hook.used),
        moment(hook.failing),
        not hook.is_disabled,
    )


def _list(call: Call) -> Page:
    names, wanted = names_by_number(call.world, LOBBY), call.query_as(HookQuery).channel
    folded = folded_channel(call.world, wanted) if wanted else ""
    found = [
        hook
        for hook in call.world.hooks
        if not folded or fold_or_self(names.get(hook.channel, "")) == folded
    ]
    return call.page(found, lambda hook: hook.digest[:16], lambda hook: _show(call, hook))


def _found(call: Call) -> Hook:
    with as_problems():
        return existing_hook(list(call.world.hooks), call.params["hook"])


def _get(call: Call) -> HookView:
    return _show(call, _found(call))


async def _add(call: Call) -> MadeWebhook:
    world, wanted = call.world, call.body_as(NewWebhook)
    with as_problems():
        terms = checked_terms(
            HookTerms(
                wanted.name,
                wanted.url,
                wanted.signing,
                wanted.events,
                wanted.nicks,
                wanted.words,
            )
        )
        number = channel_number(
            registered_numbers(world),
            world.channels.lobby.name if world.channels.lobby is not None else "",
            folded_name(wanted.channel),
        )
        maker = HookMaker(call.caller.actor, int(world.clock()), world.ids.latest)
        made = new_hook(list(world.hooks), number, terms, maker)
    hook = made.hook
    await call.commit(
        lambda: apply(world, HookMade(hook)), f"HOOK ADD {hook.id} {hook.name} {wanted.channel}"
    )
    page = page_url_for(call.site.settings, call.request.peer, call.site.certified())
    address = "" if hook.url else f"{page or '/'}{PATH}{made.secret}"
    return MadeWebhook(_show(call, hook), address, hook.signing)


async def _change(call: Call) -> HookView:
    hook, wanted = _found(call), call.body_as(WebhookChange).is_enabled
    if not hook.url:
        raise ApiProblem(409, _("only an outgoing webhook can be disabled; remove this one"))
    change = HookDelivered(hook.digest, hook.cursor, 0, 0, is_disabled=not wanted)
    word = "ENABLE" if wanted else "DISABLE"
    await call.commit(lambda: apply(call.world, change), f"HOOK {word} {hook.id} {hook.name}")
    return _show(call, _found(call))


async def _remove(call: Call) -> None:
    hook = _found(call)
    await call.commit(
        lambda: apply(call.world, HookRemoved(hook.digest)), f"HOOK DEL {hook.id} {hook.name}"
    )


RESOURCES = (
    Resource(
        method="GET",
        path="/hooks",
        scope="hooks:read",
        summary="List the webhooks",
        handler=_list,
        query=HookQuery,
        answer=HookView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/hooks",
        scope="hooks:write",
        summary="Make a webhook; its secret is in the answer, and is not shown again",
        handler=_add,
        body=NewWebhook,
        answer=MadeWebhook,
        status=201,
    ),
    Resource(
        method="GET",
        path="/hooks/{hook}",
        scope="hooks:read",
        summary="Get a webhook",
        handler=_get,
        answer=HookView,
    ),
    Resource(
        method="PATCH",
        path="/hooks/{hook}",
        scope="hooks:write",
        summary="Let a disabled outgoing webhook go on, or disable it",
        handler=_change,
        body=WebhookChange,
        answer=HookView,
    ),
    Resource(
        method="DELETE",
        path="/hooks/{hook}",
        scope="hooks:write",
        summary="Remove a webhook",
        handler=_remove,
    ),
)

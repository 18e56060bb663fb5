"""Resources of API tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from trio_chat.chat import api_tokens
from trio_chat.chat.api_tokens import ApiToken
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ApiTokenMade, ApiTokenRemoved
from trio_chat.i18n import _
from trio_chat.maintenance.api_tokens import (
    TokenTerms,
    checked_name,
    checked_scopes,
    existing_api_token,
    new_api_token,
)
from trio_chat.maintenance.refusals import ResourceNotFound
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment

_LATEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token, without its secret."""

    name: str
    id: Annotated[str, Rule("the beginning of its hash")]
    scopes: tuple[str, ...]
    made_by: str
    created: datetime
    expires: datetime | None
    last_used: Annotated[datetime | None, Rule("to within ten minutes")]
    is_expired: bool


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that is to be made."""

    name: Annotated[str, Rule("what lists and the audit log call it", 1, api_tokens.MAX_NAME)]
    scopes: Annotated[tuple[str, ...], Rule("such as channels:read", 1, len(api_tokens.SCOPES))]
    expires: Annotated[datetime | None, Rule("when it ends; null for never")] = None


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token. Its secret is not shown again."""

    token: TokenView
    secret: str


def _list(call: Call) -> Page:
    def show(token: ApiToken) -> TokenView:
        return _view(call, token)

    return call.page(call.world.api_tokens, lambda token: token.name, show)


def _get(call: Call) -> TokenView:
    return _view(call, _found(call))


async def _add(call: Call) -> MadeToken:
    wanted, world = call.body_as(NewToken), call.world
    with as_problems("name"):
        name = checked_name(wanted.name)
    with as_problems("scopes"):
        scopes = checked_scopes(wanted.scopes)
    if missing := next((scope for scope in scopes if not call.caller.may(scope)), ""):
        why = _("a token cannot have the scope {missing}, which its maker does not have").format(
            missing=missing
        )
        raise ApiProblem(403, why, field="scopes")
    now = world.wall_clock()
    terms = TokenTerms(name, scopes, _end(wanted.expires, now))
    with as_problems():
        made, secret = new_api_token(list(world.api_tokens), terms, call.caller.actor, int(now))
    await call.commit(
        lambda: apply(world, ApiTokenMade(made)), f"TOKEN ADD {name}: {' '.join(scopes)}"
    )
    if world.api_tokens.get(made.digest) is None:
        raise ApiProblem(409, _("another token was made at the same time; try again"))
    return MadeToken(_view(call, made), secret)


def _end(expires: datetime | None, now: float) -> int:
    if expires is None:
        return 0
    begin = datetime.fromtimestamp(now, UTC)
    if not begin < expires <= begin + _LATEST:
        raise ApiProblem(400, _("a token ends in the future, within ten years"), field="expires")
    return int(expires.timestamp())


async def _remove(call: Call) -> None:
    token = _found(call)
    change = ApiTokenRemoved(token.digest)
    await call.commit(lambda: apply(call.world, change), f"TOKEN REMOVE {token.name}")


def _found(call: Call) -> ApiToken:
    try:
        return existing_api_token(list(call.world.api_tokens), call.params["name"])
    except ResourceNotFound:
        raise not_found(
            _("there is no token of this name; GET /api/v1/tokens lists them")
        ) from None


def _view(call: Call, token: ApiToken) -> TokenView:
    return TokenView(
        token.name,
        token.id,
        token.scopes,
        token.setter,
        datetime.fromtimestamp(token.created, UTC),
        moment(token.expires),
        moment(token.used),
        token.is_expired(call.world.wall_clock()),
    )


RESOURCES = (
    Resource(
        method="GET",
        path="/tokens",
        scope="tokens:read",
        summary="List the API tokens",
        handler=_list,
        query=PageQuery,
        answer=TokenView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/tokens",
        scope="tokens:write",
        summary="Make an API token, with no scope that the token of the request does not have",
        handler=_add,
        body=NewToken,
        answer=MadeToken,
        status=201,
    ),
    Resource(
        method="GET",
        path="/tokens/{name}",
        scope="tokens:read",
        summary="Get an API token by its name or id",
        handler=_get,
        answer=TokenView,
    ),
    Resource(
        method="DELETE",
        path="/tokens/{name}",
        scope="tokens:write",
        summary="Revoke an API token by its name or id",
        handler=_remove,
    ),
)

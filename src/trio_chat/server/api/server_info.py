"""Resources of the server itself: what it is, the caller, and reading config.ini again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from trio_chat import __version__
from trio_chat.chat.control import RehashError
from trio_chat.i18n import _
from trio_chat.server.api.calls import Call
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the cluster."""

    name: str
    is_alive: bool
    version: str
    sessions: int


@dataclass(frozen=True, slots=True)
class ServerView:
    """The server."""

    name: str
    network: str
    description: str
    version: str
    started: datetime
    uptime: Annotated[float, Rule("seconds")]
    motd: tuple[str, ...]
    lobby: str
    limits: Annotated[dict[str, int], Rule("lengths and numbers that hold in the chat")]
    nodes: Annotated[tuple[NodeView, ...], Rule("the nodes of the cluster; none without one")]


@dataclass(frozen=True, slots=True)
class CallerView:
    """The caller: what the audit log calls it, and what it may do."""

    actor: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehashed:
    """What has changed with config.ini, as sentences."""

    changes: tuple[str, ...]


def _get(call: Call) -> ServerView:
    world = call.world
    info, lengths = world.server_info, world.lengths
    control = world.control
    nodes = control.nodes() if control is not None else ()
    return ServerView(
        info.name,
        info.network,
        info.description,
        __version__,
        datetime.fromtimestamp(info.created, UTC),
        round(max(0.0, world.wall_clock() - info.created), 3),
        info.motd,
        info.lobby,
        {
            "nickname": lengths.nick,
            "channel": lengths.channel,
            "topic": lengths.topic,
            "bans": info.most_bans,
            "clients": call.site.settings.limits.clients,
        },
        tuple(NodeView(each.name, each.is_alive, each.version, each.sessions) for each in nodes),
    )


def _caller(call: Call) -> CallerView:
    return CallerView(call.caller.actor, tuple(sorted(call.caller.scopes)))


async def _rehash(call: Call) -> Rehashed:
    control = call.world.control
    if control is None:
        raise ApiProblem(409, _("this server has no configuration that could be read"))
    why, lines = "", list[str]()
    try:
        lines = await control.rehash()
    except RehashError as error:
        why = str(error)
    await call.commit(lambda: (), f"REHASH failed: {why}" if why else "REHASH")
    if why:
        raise ApiProblem(409, _("nothing was changed: {why}").format(why=why))
    return Rehashed(tuple(lines))


RESOURCES = (
    Resource(
        method="GET",
        path="/server",
        scope="server:read",
        summary="Get the server: version, uptime, limits, message of the day, nodes",
        handler=_get,
        answer=ServerView,
    ),
    Resource(
        method="POST",
        path="/server/rehash",
        scope="server:write",
        summary="Read config.ini again, and apply what can be applied to a running server",
        handler=_rehash,
        answer=Rehashed,
    ),
    Resource(
        method="GET",
        path="/caller",
        scope="",
        summary="Get the name and the scopes of the token of the request",
        handler=_caller,
        answer=CallerView,
    ),
)

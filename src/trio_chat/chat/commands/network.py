"""The servers of the network: LINKS and MAP.

Users see one server, also in a cluster. Operators see its nodes.
"""

from collections.abc import Sequence
from typing import Final

from trio_chat.chat.control import ShownNode
from trio_chat.chat.operators import has_right
from trio_chat.chat.registry import Request, command
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import matches
from trio_chat.irc.plurals import counted

_RIGHT: Final = "stats"
"""The right of operators that see the nodes."""


@command(
    "LINKS",
    "[<mask>]",
    help="Show the servers of this network: one; operators see the nodes of a cluster.",
    is_local=True,
)
def links_command(request: Request) -> None:
    """Show the servers (Modern IRC, LINKS)."""
    reply, server_info = request.reply, request.world.server_info
    mask = request.params[-1] if request.params else "*"
    nodes = _nodes(request) if has_right(request.user, _RIGHT) else ()
    servers = [(server_info.name, 0, server_info.description)]
    servers += [(node.name, 1, f"trio-chat {node.version}".rstrip()) for node in nodes]
    for name, hops, text in servers:
        if matches(mask.lower(), name.lower()):
            reply.numeric(n.RPL_LINKS, name, server_info.name, args=(hops, text))
    reply.numeric(n.RPL_ENDOFLINKS, mask)


@command(
    "MAP",
    help="Show operators the nodes of a cluster, and how many sessions each has.",
    right=_RIGHT,
    is_local=True,
    needs_cluster=True,
)
def map_command(request: Request) -> None:
    """Show the nodes as a tree below the server."""
    reply, nodes = request.reply, _nodes(request)
    total = counted(sum(node.sessions for node in nodes), "session")
    reply.numeric(n.RPL_MAP, args=(f"{request.world.server_info.name} {total}",))
    for node in nodes:
        branch = "`-" if node is nodes[-1] else "|-"
        reply.numeric(n.RPL_MAP, args=(f"{branch}{node.name} {counted(node.sessions, 'session')}",))
    reply.numeric(n.RPL_MAPEND)


def _nodes(request: Request) -> Sequence[ShownNode]:
    """Return the nodes that are alive; none without a cluster."""
    control = request.world.control
    return [node for node in control.nodes() if node.is_alive] if control else ()

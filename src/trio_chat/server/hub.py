"""The port of a connection to the server that it belongs to."""

from typing import TYPE_CHECKING, Any, Protocol

import trio

from trio_chat.chat.users import NOWHERE, Session
from trio_chat.chat.world import World
from trio_chat.config import LimitSettings
from trio_chat.server.block_lists import BlockLists
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.peer import Peer

if TYPE_CHECKING:  # it needs what only a cluster needs
    from trio_chat.server.cluster.node import ClusterNode


PARTS_AT_ONCE = 8
"""Parts of long answers between which nobody else has a turn. With fewer, what the clients of a
storm of JOINs are sent could not be sent together.
"""


class Hub(Protocol):
    """What a connection needs of the server.

    Attributes:
        connections: the served ones; each adds itself, and removes itself at its end.
        turns: a fair semaphore for parts of long answers, so that many long answers together delay
            a client no longer than `PARTS_AT_ONCE` of them take.
        node: this server as one of a cluster; None if it is alone.
        block_lists: the block lists in DNS.
    """

    world: World
    broadcaster: Broadcaster
    limits: LimitSettings
    connections: set[Any]  # of `Connection`, which imports this module
    turns: trio.Semaphore
    node: "ClusterNode | None"
    block_lists: BlockLists

    def page_url_for(self, peer: Peer) -> str:
        """Return the address of the page as a client reaches it, or ""."""

    def is_busy(self) -> bool:
        """Return whether so many clients wait that a command in steps is to await its turn."""

    def jitter(self) -> float:
        """Return a number from 0 to 1, to spread what would otherwise happen at once."""


def session_of(peer: Peer, hub: Hub) -> Session:
    """Return a new session for a peer, which is not registered."""
    session = Session(NOWHERE, peer.host, hub.world.clock(), hub.world.host_of(peer.host))
    session.is_secure, session.certificate = peer.is_secure, peer.certificate
    session.page_url = hub.page_url_for(peer)
    return session

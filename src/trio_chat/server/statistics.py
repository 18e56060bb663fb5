"""Statistics of a server: those of its long-lived objects, combined for STATS and for metrics.

Every one of them has a `statistics()`, as Trio's own objects have: a snapshot, cheap enough to be
asked for every few seconds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.chat.world import WorldStatistics
from trio_chat.server.admission import AdmissionStatistics
from trio_chat.server.broadcaster import BroadcasterStatistics
from trio_chat.server.push.service import PushStatistics
from trio_chat.server.uploads.received import UploadStatistics

if TYPE_CHECKING:  # it needs what only a cluster needs
    from trio_chat.server.cluster.statistics import NodeStatistics


class ServerStatistics(NamedTuple):
    """A snapshot of a server's numbers.

    Args:
        world: users, channels and accounts.
        broadcaster: items that wait to be delivered.
        admission: counted addresses and refusals.
        push: push messages to devices.
        requests: answers by HTTP, by route and class of status, such as `/upload` and `2xx`.
        uploads: uploaded files.
        connections: clients that are connected.
        connected: how many ever were.
        queued_bytes: bytes that wait for slow clients.
        slow_clients: how many clients that are.
        started: when the server was started, in seconds of Unix time.
        node: the node of a cluster that the server is; None if it is alone.
        certificate_expires: when the operator's TLS certificate expires, in seconds of Unix time; 0
            when there is none.
    """

    world: WorldStatistics
    broadcaster: BroadcasterStatistics
    admission: AdmissionStatistics
    push: PushStatistics
    requests: Mapping[tuple[str, str], int]
    uploads: UploadStatistics
    connections: int
    connected: int
    queued_bytes: int
    slow_clients: int
    started: float
    certificate_expires: float
    node: "NodeStatistics | None" = None

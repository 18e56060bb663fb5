"""The states of the connection to a server."""

from enum import Enum


class ConnectionState(Enum):
    """The state of a connection."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    ENDED = "ended"

"""States of the connection to a server."""

from enum import Enum


class ConnectionState(Enum):
    """One of its states."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    ENDED = "ended"

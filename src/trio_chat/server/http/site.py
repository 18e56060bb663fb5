"""The site: what handlers of HTTP requests may know of the server."""

from collections.abc import Callable

from trio_chat.config import Settings
from trio_chat.server.http.hosts import Host


class Site:
    """The server as handlers see it; there is one for all connections.

    Args:
        settings: returns all of config.ini, as it is in force.
        knows: returns whether a browser may reach the server under a name.
    """

    def __init__(self, settings: Callable[[], Settings], knows: Callable[[Host], bool]) -> None:
        self._settings = settings
        self.knows = knows

    @property
    def settings(self) -> Settings:
        """All of config.ini; REHASH replaces it."""
        return self._settings()

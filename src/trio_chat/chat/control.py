"""The port through which operators control the server; the edge implements it."""

from collections.abc import Sequence
from typing import Protocol

from trio_chat.chat.accounts import Origin
from trio_chat.chat.users import Session


class RehashError(Exception):
    """The new configuration is invalid, so the old one stays in force; the message is one line with
    the error and its place.
    """


class ShownNode(Protocol):
    """How a node of the cluster stands; its text is one line about that."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def is_alive(self) -> bool:
        """Whether its users are there."""

    @property
    def version(self) -> str:
        """The version of trio-chat; "" if it is not known."""

    @property
    def sessions(self) -> int:
        """How many registered sessions it has."""


class Control(Protocol):
    """What operators need of the edge."""

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Check the password of an operator. For an operator that does not exist, `hashed` is "",
        and the check takes the same time.

        A wrong password is answered late. After many wrong ones for one operator from one origin,
        further ones are refused for a while. Wrong passwords of accounts do not count.

        Raises:
            Busy: too many wrong passwords from there, or too many pending checks.
        """

    def refuse_guesser(self, origin: Origin) -> None:
        """Refuse to check a password of the server (PASS) after too many wrong ones.

        Raises:
            Busy: too many wrong passwords from there.
        """

    def note_password(self, origin: Origin, *, is_right: bool) -> None:
        """Count a wrong password of the server, or note that the origin knows it."""

    def issue_api_token(self, session: Session) -> tuple[int, str]:
        """Return a token by which an operator uses the HTTP API for so many seconds, at most until
        the session ends or is one of an operator no longer; 0 and "" if there is no HTTP API.
        """

    def numbers(self) -> list[tuple[str, float]]:
        """Return the counters of the server, as descriptions and values."""

    def nodes(self) -> Sequence[ShownNode]:
        """Return how the nodes of the cluster stand; none if the server is alone."""

    async def rehash(self) -> list[str]:
        """Reload the configuration and apply what can be applied at run time; return sentences for
        the operator.

        Raises:
            RehashError: the configuration is invalid; nothing has changed.
        """

    def shut_down(self) -> None:
        """Begin to stop the server."""

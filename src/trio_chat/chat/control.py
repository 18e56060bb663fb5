"""The port through which operators control the server; the edge implements it."""

from typing import Protocol

from trio_chat.chat.accounts import Origin


class RehashError(Exception):
    """The configuration cannot be used, so the old one is kept; the message is one line and says
    what is wrong, and where.
    """


class Control(Protocol):
    """What operators need of the edge."""

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Return whether a password of an operator is the one that was hashed; "" for one that does
        not exist takes as long.

        A wrong one is answered late, and after many for an operator from one place further ones are
        refused for a while. What is wrong with passwords of accounts does not count.

        Raises:
            Busy: too many were wrong from there, or too many wait.
        """

    def refuse_guesser(self, origin: Origin) -> None:
        """Look at no password of the server (PASS) after too many wrong ones.

        Raises:
            Busy: too many were wrong from there.
        """

    def note_password(self, origin: Origin, *, is_right: bool) -> None:
        """Count a wrong password of the server, or know from now on that it is known there."""

    def numbers(self) -> list[tuple[str, float]]:
        """Return how the server stands: what is counted, in words, and how much it is."""

    async def rehash(self) -> list[str]:
        """Read the configuration again and apply what can be applied; return sentences for the
        operator.

        Raises:
            RehashError: it is wrong; nothing has changed.
        """

    def shut_down(self) -> None:
        """Begin to stop the server."""

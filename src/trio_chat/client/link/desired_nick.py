"""The nickname that the user wants: asked for, answered, or varied where nobody can be asked."""

import trio

from trio_chat.client.link import nicknames
from trio_chat.irc import numerics


class DesiredNick:
    """The wanted nickname, and the question for it while there is one.

    Args:
        nick: what was given on the command line, "" when nothing was.
    """

    def __init__(self, nick: str) -> None:
        self.nick = nick
        self.offer: str | None = None
        self.answered = trio.Event()
        self._variants = nicknames.variants(nick)

    @property
    def asking(self) -> bool:
        """Whether an answer is awaited."""
        return self.offer is not None

    def ask(self, offer: str = "") -> None:
        """Begin to ask; an empty answer means `offer`."""
        self.offer = offer
        self.answered = trio.Event()

    def answer(self, line: str) -> bool:
        """Take the user's answer; return False, and go on asking, when no server could accept
        it.
        """
        nick = line.strip() or self.offer or ""
        if not nicknames.is_possible(nick):
            return False
        self.set(nick)
        self.offer = None
        self.answered.set()
        return True

    def end(self) -> None:
        """Ask no longer: the server has let us in."""
        self.offer = None
        self.answered.set()

    def set(self, nick: str) -> None:
        """Want this nickname from now on."""
        self.nick = nick
        self._variants = nicknames.variants(nick)

    def other(self, refused: str, code: str) -> str:
        """Return the next nickname to try when nobody can be asked, "" when there is none left.

        Args:
            refused: the one that the server refused.
            code: why; 432 means that it does not like its form.
        """
        if code != numerics.ERR_ERRONEUSNICKNAME:
            return next(self._variants, "")
        plain = nicknames.plain(refused)
        self._variants = nicknames.variants(plain)
        return "" if plain == refused else plain

"""The nickname that the user wants: given, asked for, or varied where nobody can be asked."""

import trio

from trio_chat.client.link import nicknames
from trio_chat.irc import numerics


class DesiredNick:
    """The wanted nickname, and the question for it while there is one.

    Args:
        nick: the nickname from the command line, "" for none.

    Attributes:
        nick: the wanted nickname, "" until there is one.
        offer: the nickname that an empty answer means; None while nothing is asked.
        answered: set when the question was answered or withdrawn.
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
        """Take the user's answer; return False, and go on asking, when it is no valid nickname."""
        nick = line.strip() or self.offer or ""
        if not nicknames.is_possible(nick):
            return False
        self.set(nick)
        self.offer = None
        self.answered.set()
        return True

    def end(self) -> None:
        """Withdraw the question: the server has completed the registration."""
        self.offer = None
        self.answered.set()

    def set(self, nick: str) -> None:
        """Want this nickname from now on."""
        self.nick = nick
        self._variants = nicknames.variants(nick)

    def other(self, refused: str, code: str) -> str:
        """Return the next nickname to try when nobody can be asked, "" when there is none left.

        Args:
            refused: the nickname that the server has refused.
            code: the numeric of the refusal.
        """
        if code != numerics.ERR_ERRONEUSNICKNAME:
            return next(self._variants, "")
        plain = nicknames.plain(refused)
        self._variants = nicknames.variants(plain)
        return "" if plain == refused else plain

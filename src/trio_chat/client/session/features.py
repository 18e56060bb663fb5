"""Features of a server from RPL_ISUPPORT (005), with the defaults of RFC 2812 until it arrives."""

from collections.abc import Callable, Iterable, Sequence

from trio_chat.irc.isupport import unescape
from trio_chat.irc.names import fold_or_self

_RFC1459 = str.maketrans("[]\\^", "{}|~")
_RFC1459_STRICT = str.maketrans("[]\\", "{}|")

_FOLDS: dict[str, Callable[[str], str]] = {
    "ascii": lambda name: name.lower() if name.isascii() else _lower_ascii(name),
    "rfc1459": lambda name: _lower_ascii(name).translate(_RFC1459),
    "rfc1459-strict": lambda name: _lower_ascii(name).translate(_RFC1459_STRICT),
    "rfc7613": fold_or_self,  # what servers say that knew no other name for PRECIS
}
_PRECIS = frozenset(("rfc7613", "rfc8265"))
"""Values of UTF8MAPPING: how names beyond ASCII are compared, where CASEMAPPING speaks of ASCII
alone.
"""


def _fold_by(casemapping: str, utf8mapping: str) -> Callable[[str], str]:
    fold = _FOLDS.get(casemapping, _FOLDS["ascii"])
    if utf8mapping not in _PRECIS:
        return fold
    return lambda name: fold(name) if name.isascii() else fold_or_self(name)


def _lower_ascii(name: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in name)


class Features:
    """The facts that a client needs, read from the tokens of 005 as they come."""

    def __init__(self) -> None:
        self.network = ""
        self.chantypes = "#&"
        self.prefixes = "~&@%+"
        self.ranks = "qaohv"
        self.modes_with_parameter: tuple[str, ...] = ("beIq", "k", "l")
        self.history_limit = 0
        self.reference_types: tuple[str, ...] = ("msgid", "timestamp")
        self._casemapping = "rfc1459"
        self._utf8mapping = ""
        self.fold = _fold_by(self._casemapping, self._utf8mapping)

    def read(self, tokens: Iterable[str]) -> None:
        """Take over what the tokens of one 005 line say; unknown ones are passed over, `-NAME`
        takes NAME back.
        """
        for token in tokens:
            name, _, value = token.partition("=")
            match name:
                case "NETWORK":
                    self.network = unescape(value)
                case "CHANTYPES":
                    self.chantypes = value
                case "PREFIX":
                    self.ranks, _, self.prefixes = value.removeprefix("(").partition(")")
                case "CHANMODES" if value.count(",") >= 2:
                    self.modes_with_parameter = tuple(value.split(",")[:3])
                case "CHATHISTORY" if value.isascii() and value.isdigit():
                    self.history_limit = int(value[:9])
                case "MSGREFTYPES":
                    self.reference_types = tuple(value.split(","))
                case "CASEMAPPING":
                    self._casemapping = value
                case "UTF8MAPPING" | "-UTF8MAPPING":
                    self._utf8mapping = value
        self.fold = _fold_by(self._casemapping, self._utf8mapping)

    def rank_changes(self, modes: Sequence[str]) -> list[tuple[str, str, bool]]:
        """Return the changes of ranks in the parameters of MODE: a nickname, its prefix, and
        whether it has it now.
        """
        changes = []
        words = list(modes[1:])
        is_set = True
        for letter in modes[0] if modes else "":
            if letter in "+-":
                is_set = letter == "+"
            elif letter in self.ranks:
                if words:
                    changes.append((words.pop(0), self._prefix(letter), is_set))
            elif any(letter in group for group in self.modes_with_parameter[: 3 if is_set else 2]):
                del words[:1]
        return changes

    def sorted_ranks(self, prefixes: Iterable[str]) -> str:
        """Return prefixes, the highest first."""
        return "".join(prefix for prefix in self.prefixes if prefix in prefixes)

    def _prefix(self, letter: str) -> str:
        position = self.ranks.index(letter)
        return self.prefixes[position : position + 1]

    def same(self, one: str, other: str) -> bool:
        """Return whether two names are one name here."""
        return one == other or self.fold(one) == self.fold(other)

    def is_channel(self, target: str) -> bool:
        """Return whether a target is written like a channel."""
        return target[:1] != "" and target[0] in self.chantypes

"""Polls: a message with numbered options, and the reactions to it with the signs of the options.

The text is the whole poll, so a client that knows nothing of polls shows a readable message, and
whoever reads it from the history has the same poll. The author's answer with the counts closes it.
`web/app/irc/polls.js` does the same for the page; both pass the cases of `tests/poll_cases.json`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

SIGNS: Final = (*(f"{digit}\ufe0f\u20e3" for digit in range(1, 10)), "\U0001f51f")
"""The signs of the options: the reaction with one is a vote."""
MARK: Final = "\U0001f4ca"
"""The beginning of a poll."""
CLOSED_MARK: Final = "\U0001f3c1"
"""The beginning of the answer that closes a poll."""
LEAST_OPTIONS: Final = 2
LINE_ROOM: Final = 350
"""Bytes of a text for which every server has room in one line."""
_MOST_VOTERS: Final = 5000
"""Nicknames of one poll that are kept, whatever others send."""
_SEVERAL: Final = "\u2611\ufe0f"
_BEGINNING: Final = re.compile(f"{MARK}(\u2611\ufe0f?)?[ \n]+")
_CLOSED_BEGINNING: Final = re.compile(f"{CLOSED_MARK}[ \n]+")
_SIGN: Final = re.compile("([1-9])\ufe0f?\u20e3|\U0001f51f")
_SPACES: Final = re.compile("[ \t\r\n\u00a0]+")
_COUNTED: Final = re.compile("(.+) — ([0-9]{1,7})")
_ASKED: Final = re.compile("(.*[?？])[ \t\r\n\u00a0]+([^ ].*)", re.DOTALL)
_QUOTES: Final = {'"': '"', "“": "”", "„": "“”", "«": "»", "'": "'"}
_SEVERAL_OPTION: Final = re.compile("-m(?=[ \t\r\n\u00a0]|$)")


class PollProblem(Enum):
    """Why a typed text is no poll."""

    NO_QUESTION = "no question"
    FEW_OPTIONS = "few options"
    MANY_OPTIONS = "many options"
    SAME_OPTIONS = "same options"
    SIGNS = "signs of options"


class PollError(ValueError):
    """A typed text is no poll.

    Args:
        problem: why.
        value: the option that is the problem, "" for none.
    """

    def __init__(self, problem: PollProblem, value: str = "") -> None:
        super().__init__(f"{problem.value}: {value}" if value else problem.value)
        self.problem = problem
        self.value = value


class Vote(NamedTuple):
    """The reactions that a vote consists of.

    Args:
        taken_back: the user's own reactions that are taken back after it.
        given: the new reaction, "" for none.
    """

    taken_back: tuple[str, ...]
    given: str


class VoteLog:
    """The reactions to one message that have the sign of an option, in whatever order they come.

    Of each nickname and sign the latest time counts, also that of a withdrawal: the history may
    return the older part after the newer one.
    """

    def __init__(self) -> None:
        self._latest: dict[str, dict[str, tuple[str, bool]]] = {}

    def note(self, nick: str, sign: str, time: str, *, is_taken_back: bool) -> None:
        """Note a reaction, or its withdrawal.

        Args:
            nick: who has reacted.
            sign: the reaction; one that is no sign of an option is passed over.
            time: when, as server-time; "" means now.
            is_taken_back: whether it is a withdrawal.
        """
        is_known = nick in self._latest
        if _sign_number(sign) is None or not (is_known or len(self._latest) < _MOST_VOTERS):
            return
        signs = self._latest.setdefault(nick, {})
        before = signs.get(sign, ("", False))[0]
        time = time or before
        if time >= before:
            signs.pop(sign, None)  # of the same moment, the last one that comes is the last one
            signs[sign] = time, not is_taken_back

    def copy(self) -> "VoteLog":
        """Return a copy, which changes by itself."""
        log = VoteLog()
        log._latest = {nick: dict(signs) for nick, signs in self._latest.items()}
        return log

    def reactions(self) -> dict[str, list[str]]:
        """Return the reactions of each nickname, the first one first."""
        found = {}
        for nick, signs in self._latest.items():
            given = [sign for sign, (_time, is_given) in signs.items() if is_given]
            if given:
                found[nick] = sorted(given, key=lambda sign: signs[sign][0])
        return found


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll.

    Args:
        question: what is asked.
        options: what can be chosen.
        takes_several: whether a user may choose several options.
    """

    question: str
    options: tuple[str, ...]
    takes_several: bool = False

    def text(self, room: int = LINE_ROOM) -> str:
        """Return the message that the poll is: one line where that has room, else several.

        Args:
            room: how many bytes one line may have.
        """
        mark = MARK + _SEVERAL if self.takes_several else MARK
        return _joined([f"{mark} {self.question}", *_numbered(self.options)], room)

    def result(self, counts: Iterable[int], room: int = LINE_ROOM) -> str:
        """Return the answer that closes the poll with these counts, in the same forms."""
        counted = zip(self.options, counts, strict=True)
        options = _numbered(f"{option} — {count}" for option, count in counted)
        return _joined([f"{CLOSED_MARK} {self.question}", *options], room)

    def number(self, reaction: str) -> int | None:
        """Return the number of the option that a reaction votes for, from 0; None for no vote."""
        number = _sign_number(reaction)
        return number if number is not None and number < len(self.options) else None

    def voters(
        self, author: str, reactions: Mapping[str, Sequence[str]], *, is_bot: bool = False
    ) -> tuple[tuple[str, ...], ...]:
        """Return for each option the nicknames of those that chose it.

        Where one option can be chosen, the last reaction of a user counts. A bot that reacts to its
        own poll offers the signs and does not vote, nor does an author that has reacted with all.

        Args:
            author: the nickname of the author.
            reactions: the reactions of each nickname, the first one first.
            is_bot: whether the author is a bot.
        """
        voters: list[list[str]] = [[] for _option in self.options]
        for nick, signs in reactions.items():
            if is_bot and nick == author:
                continue
            found = map(self.number, signs)
            numbers = list(dict.fromkeys(number for number in found if number is not None))
            if not self.takes_several:
                is_offer = nick == author and len(numbers) == len(self.options)
                numbers = [] if is_offer else numbers[-1:]
            for number in numbers:
                voters[number].append(nick)
        return tuple(map(tuple, voters))

    def vote(self, mine: Sequence[str], number: int) -> Vote:
        """Return what a vote for an option consists of; the same vote again takes it back.

        Args:
            mine: the user's own reactions, the first one first.
            number: that of the option, from 0.
        """
        votes = {sign: found for sign in mine if (found := self.number(sign)) is not None}
        chosen = list(votes.values()) if self.takes_several else list(votes.values())[-1:]
        if number in chosen:
            return Vote(tuple(s for s in votes if votes[s] == number or not self.takes_several), "")
        taken = () if self.takes_several else tuple(votes)
        return Vote(taken, SIGNS[number])


def is_sign(reaction: str) -> bool:
    """Return whether a reaction is the sign of an option, whatever the poll."""
    return _sign_number(reaction) is not None


def read_poll(text: str) -> Poll | None:
    """Return the poll that a message is, None for any other message."""
    beginning = _BEGINNING.match(text)
    parts = _parts(text[beginning.end() :]) if beginning else None
    if beginning is None or parts is None or _same(parts[1]):
        return None
    return Poll(*parts, takes_several=bool(beginning[1]))


def read_result(text: str) -> tuple[int, ...] | None:
    """Return the counts of the answer that closes a poll, None for any other message."""
    beginning = _CLOSED_BEGINNING.match(text)
    parts = _parts(text[beginning.end() :]) if beginning else None
    counted = [_COUNTED.fullmatch(option) for option in parts[1]] if parts else []
    counts = [int(found[2]) for found in counted if found]
    return tuple(counts) if counts and len(counts) == len(counted) else None


def typed_poll(text: str) -> Poll:
    """Return the poll that a user has typed: `-m "Lunch?" pizza | soup`.

    The question ends at its quote, or else at a question mark, or else at the first bar.

    Raises:
        PollError: it is no poll.
    """
    text = text.strip(" \t\r\n\u00a0")
    several = _SEVERAL_OPTION.match(text)
    if several:
        text = text[several.end() :].strip(" \t\r\n\u00a0")
    question, rest = _split_request(text)
    options = tuple(filter(None, map(_tidy, rest)))
    poll = Poll(_tidy(question), options, takes_several=bool(several))
    if not poll.question:
        raise PollError(PollProblem.NO_QUESTION)
    if len(options) < LEAST_OPTIONS:
        raise PollError(PollProblem.FEW_OPTIONS)
    if len(options) > len(SIGNS):
        raise PollError(PollProblem.MANY_OPTIONS)
    if same := _same(options):
        raise PollError(PollProblem.SAME_OPTIONS, same)
    if any(read_poll(poll.text(room)) != poll for room in (0, len(text) * 8 + 99)):
        raise PollError(PollProblem.SIGNS)
    return poll


def _split_request(text: str) -> tuple[str, list[str]]:
    """Return the question of a typed text, and the options."""
    if closing := _QUOTES.get(text[:1]):
        ends = [end for sign in closing if (end := text.find(sign, 1)) > 0]
        if ends:
            return text[1 : min(ends)], text[min(ends) + 1 :].split("|")
        text = text[1:]
    first, *options = text.split("|")
    if asked := _ASKED.fullmatch(first.rstrip(" \t\r\n\u00a0")):
        return asked[1], [asked[2], *options]
    return first, options


def _parts(body: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the question and the options of a text whose options have their signs before them."""
    starts: list[int] = [0]
    ends: list[int] = []
    for found in _SIGN.finditer(body):
        start, end = found.span()
        around = body[start - 1 : start], body[end : end + 1]
        if {*around} <= {" ", "\n"} and _sign_number(found[0]) == len(ends):
            ends.append(start)
            starts.append(end)
    question, *options = (
        _tidy(body[start:end]) for start, end in zip(starts, [*ends, len(body)], strict=True)
    )
    if not question or len(options) < LEAST_OPTIONS or not all(options):
        return None
    return question, tuple(options)


def _joined(lines: Sequence[str], room: int) -> str:
    line = "  ".join(lines)
    return line if len(line.encode(errors="replace")) <= room else "\n".join(lines)


def _numbered(options: Iterable[str]) -> list[str]:
    return [f"{sign} {option}" for sign, option in zip(SIGNS, options, strict=False)]


def _sign_number(reaction: str) -> int | None:
    found = _SIGN.fullmatch(reaction)
    if found is None:
        return None
    return int(found[1]) - 1 if found[1] else len(SIGNS) - 1


def _same(options: Sequence[str]) -> str:
    """Return an option that is there twice, "" for none."""
    lower = [option.lower() for option in options]
    return next(
        (option for place, option in enumerate(options) if option.lower() in lower[:place]), ""
    )


def _tidy(text: str) -> str:
    return _SPACES.sub(" ", text).strip(" ")

"""Polls as texts and reactions, by the table of cases that the page passes, too."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.irc.polls import SIGNS, Poll, PollError, VoteLog, read_poll, read_result, typed_poll

CASES: dict[str, list[list[Any]]] = json.loads(
    Path(__file__).with_name("poll_cases.json").read_text("utf-8")
)
POLLS = {
    "single": Poll("Lunch?", ("pizza", "soup", "none")),
    "several": Poll("Lunch?", ("pizza", "soup", "none"), takes_several=True),
}
POLLS["bot"] = POLLS["single"]


@pytest.mark.parametrize(("typed", "expected"), CASES["requests"], ids=str)
def test_a_typed_poll_becomes_a_message_or_is_explained(
    typed: str, expected: str | dict[str, str]
) -> None:
    """Quotes may be missing; what is no poll has a reason."""
    if isinstance(expected, str):
        poll = typed_poll(typed)
        assert poll.text() == expected
        assert read_poll(expected) == read_poll(poll.text(room=0)) == poll
    else:
        with pytest.raises(PollError) as caught:
            typed_poll(typed)
        assert caught.value.problem.value == expected["problem"]


@pytest.mark.parametrize(("text", "expected"), CASES["polls"], ids=str)
def test_a_message_is_read_as_a_poll(text: str, expected: dict[str, Any] | None) -> None:
    """One line and several lines are the same poll; other messages are none."""
    poll = read_poll(text)
    found = poll and {
        "question": poll.question,
        "options": list(poll.options),
        "takesSeveral": poll.takes_several,
    }
    assert found == expected


@pytest.mark.parametrize(("text", "expected"), CASES["results"], ids=str)
def test_the_counts_of_a_closed_poll_are_read(text: str, expected: list[int] | None) -> None:
    """Only an answer with a count for each option closes a poll."""
    assert read_result(text) == (tuple(expected) if expected else None)


@pytest.mark.parametrize(("kind", "reactions", "expected"), CASES["voters"], ids=str)
def test_votes_are_counted(
    kind: str, reactions: dict[str, list[str]], expected: list[list[str]]
) -> None:
    """Reactions that are no option do not count, nor the signs that the author offers."""
    author = "ann" if kind != "bot" else "bob"
    voters = POLLS[kind].voters(author, reactions, is_bot=kind == "bot")
    assert [list(nicks) for nicks in voters] == expected


@pytest.mark.parametrize(("kind", "mine", "number", "taken", "given"), CASES["votes"], ids=str)
def test_a_vote_takes_back_what_it_replaces(
    kind: str, mine: list[str], number: int, taken: list[str], given: str
) -> None:
    """A second vote for the same option takes it back."""
    assert POLLS[kind].vote(mine, number) == (tuple(taken), given)


def test_the_result_of_a_poll_is_read_as_it_was_written() -> None:
    """The counts return from one line and from several lines, for as many options as there are."""
    poll = Poll("How many?", tuple(map(str, range(len(SIGNS)))))
    counts = tuple(range(len(SIGNS)))
    for room in (0, 999):
        assert read_result(poll.result(counts, room)) == counts


_EVENTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(SIGNS[:3]), st.booleans()), max_size=12
)


@given(_EVENTS, st.randoms())
def test_votes_do_not_depend_on_the_order_in_which_they_come(
    happened: list[tuple[str, str, bool]], random: Random
) -> None:
    """The history may return the older part after the newer one; times tell which is the last."""
    timed = [(f"2026-05-04T00:00:{second:02}Z", *each) for second, each in enumerate(happened)]
    in_order, mixed = VoteLog(), VoteLog()
    for log, events in ((in_order, timed), (mixed, random.sample(timed, len(timed)))):
        for time, nick, sign, is_taken_back in events:
            log.note(nick, sign, time, is_taken_back=is_taken_back)
    assert in_order.reactions() == mixed.reactions()


def test_votes_are_bounded() -> None:
    """Signs that are no option are not kept, nor the votes of ever more nicknames."""
    log = VoteLog()
    log.note("ann", "🎉", "", is_taken_back=False)
    for number in range(6000):
        log.note(f"n{number}", SIGNS[0], "", is_taken_back=False)
    assert len(log.reactions()) == 5000

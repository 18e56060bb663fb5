"""Tests for the numbers of things in the texts of the server."""

import pytest

from always_on_fakes import back, make
from support import Town
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.plurals import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (21, "21 days")]
)
def test_one_thing_is_singular(number: int, text: str) -> None:
    """Every other number has the plural."""
    assert counted(number, "day") == text


def test_a_plural_may_be_given() -> None:
    """It is for nouns whose plural has more than an `s`."""
    assert (counted(1, "entry", "entries"), counted(2, "entry", "entries")) == (
        "1 entry",
        "2 entries",
    )


def test_a_second_of_slow_mode_is_singular() -> None:
    """A channel with the mode `+W 1` says so."""
    town = Town()
    town.person("ann").say("JOIN #a", "MODE #a +W 1")
    bob = town.person("bob", "#a")
    bob.say("PRIVMSG #a :one")
    assert "one message in 1 second. You" in bob.say("PRIVMSG #a :two")[-1].params[-1]


def test_the_only_session_is_singular() -> None:
    """A second one that `sessions_per_user = 1` does not allow is told so."""
    town = make(Lengths(sessions_per_user=1))
    back(town)
    assert back(town)[0].ended.startswith("You have 1 session already")

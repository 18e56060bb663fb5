"""What the rules of the chat say is translated for who is not in the chat."""

from collections.abc import Callable

import pytest

from support import Town
from trio_chat.chat import coverage, mode_rules
from trio_chat.chat.bans import BanKind, normalise
from trio_chat.chat.hook_terms import HookTerms
from trio_chat.chat.mode_rules import Wanted
from trio_chat.chat.moderation.terms import check_raid, read_filter
from trio_chat.i18n import speaking
from trio_chat.irc import modes
from trio_chat.irc.isupport import Lengths
from trio_chat.maintenance.rule_texts import translated


def _mode(letters: str, *params: str) -> None:
    town = Town()
    town.person("ann", "#a")
    changes, _unknown = modes.parse_changes(letters, params)
    wanted = Wanted(town.world, town.world.channels["#a"], changes[0], None, True, [])
    mode_rules.check(wanted)


def _entry(mask: str) -> None:
    coverage.check_entry(mask, Lengths(), hides_addresses=True)


REFUSED: tuple[Callable[[], object], ...] = (
    lambda: _mode("+o", "nobody"),
    lambda: _mode("+k"),
    lambda: _mode("+k", "a,b"),
    lambda: _mode("+l", "0"),
    lambda: _mode("+W", "0"),
    lambda: _mode("+f", "#b"),
    lambda: _mode("+I", "m:x"),
    lambda: _mode("+P"),
    lambda: _entry("zz:x"),
    lambda: _entry("*!*@192.0.*.7"),
    lambda: _entry("*!*@example.org"),
    lambda: _entry("1x!*@*"),
    lambda: _entry("a:1 x"),
    lambda: _entry("*!ü@*"),
    lambda: normalise(BanKind.MASK, "*!*@*", Lengths()),
    lambda: normalise(BanKind.ADDRESS, "192.0.2.0/2", Lengths()),
    lambda: normalise(BanKind.ADDRESS, "999.0.2.0/24", Lengths()),
    lambda: read_filter(["refuse", "x" * 101], "ann", 0),
    lambda: read_filter(["refuse", "!"], "ann", 0),
    lambda: read_filter(["refuse", "ab", "!"], "ann", 0),
    lambda: read_filter(["refuse", "a"], "ann", 0),
    lambda: read_filter(["refuse", "link:"], "ann", 0),
    lambda: read_filter(["cut", "x"], "ann", 0),
    lambda: read_filter(["refuse", "@here", "tea"], "ann", 0),
    lambda: read_filter(["allow", "tea"], "ann", 0),
    lambda: check_raid(10**9),
    lambda: HookTerms("a b").checked(),
    lambda: HookTerms("a", signing=" ").checked(),
    lambda: HookTerms("a", events=("message",)).checked(),
    lambda: HookTerms("a", "https://x.org/", events=("tea",)).checked(),
    lambda: HookTerms("a", "https://x.org/", words=("x" * 999,)).checked(),
    lambda: HookTerms("a", "https://x.org/#a").checked(),
    lambda: HookTerms("a", "https://x.org/ä").checked(),
)


@pytest.mark.parametrize("refused", REFUSED, ids=range(len(REFUSED)))
def test_a_rule_speaks_russian(refused: Callable[[], object]) -> None:
    """Outside of IRC; in English it stays as it is."""
    with pytest.raises(Exception, match=r"\w") as caught:
        refused()
    sentence = str(caught.value)
    assert translated(sentence) == sentence
    with speaking("ru"):
        assert translated(sentence) != sentence


def test_what_no_rule_says_stays_as_it_is() -> None:
    """Such as what a program has said."""
    with speaking("ru"):
        assert translated("database is locked") == "database is locked"

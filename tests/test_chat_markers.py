"""Read markers: they move forward only, on all devices, and persist (draft/read-marker)."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

EARLY, LATE = "timestamp=2026-01-01T00:00:00.000Z", "timestamp=2026-06-01T12:00:00.000Z"


@pytest.fixture
def town() -> Town:
    """Return a world in which Ann has an account."""
    accounts = OpenAccounts()
    accounts.add("ann", "ann-password")
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def device(town: Town) -> Person:
    """Return one of Ann's devices."""
    person = town.newcomer()
    person.say(
        "CAP REQ :sasl draft/read-marker", "NICK ann", "USER a 0 * :Ann", "AUTHENTICATE PLAIN"
    )
    person.say("AUTHENTICATE AGFubgBhbm4tcGFzc3dvcmQ=", "CAP END")
    assert person.session.user is not None
    person.read()
    return person


def test_nothing_is_known_at_first(town: Town) -> None:
    """`*` when there is no marker."""
    assert town.person("bob").say("MARKREAD #a") == [Message("MARKREAD", ("#a", "*"), "chat.local")]


def test_it_only_moves_on(town: Town) -> None:
    """ "The last read timestamp of a target MUST only ever increase": an older one is answered with
    what is known.
    """
    bob = town.person("bob", caps="draft/read-marker")
    assert find(bob.say(f"MARKREAD #A {LATE}"), "MARKREAD").params == ("#A", LATE)
    assert find(bob.say(f"MARKREAD #a {EARLY}"), "MARKREAD").params == ("#a", LATE)
    assert find(bob.say("MARKREAD #a"), "MARKREAD").params == ("#a", LATE)


def test_other_devices_see_it(town: Town) -> None:
    """And nobody else."""
    phone, laptop, bob = device(town), device(town), town.person("bob", caps="draft/read-marker")
    phone.say(f"MARKREAD bob {LATE}")
    assert laptop.read() == [Message("MARKREAD", ("bob", LATE), "chat.local")]
    assert bob.read() == []


FUTURE = "timestamp=9999-12-31T23:59:59.999Z"


def at(seconds: int) -> str:
    """Return the latest time that can be marked so many seconds after the world's beginning: a
    second is for the clock.
    """
    return f"timestamp=2027-01-15T08:00:{seconds + 1:02}.000Z"


def test_nobody_has_read_what_is_not_said_yet(town: Town) -> None:
    """ "it can clamp it between the last read timestamp and the current time": so a wrong one does
    not stay for good.
    """
    bob = town.person("bob", caps="draft/read-marker")
    assert find(bob.say(f"MARKREAD #a {FUTURE}"), "MARKREAD").params == ("#a", at(0))
    town.clock.now += 5
    assert find(bob.say("MARKREAD #a"), "MARKREAD").params == ("#a", at(0))
    assert find(bob.say(f"MARKREAD #a {at(5)}"), "MARKREAD").params == ("#a", at(5))


def test_what_was_marked_by_a_wrong_clock_gives_way(town: Town) -> None:
    """A marker of the future, which is in the database already, is shown as one of now, and the
    next one counts.
    """
    phone = device(town)
    town.world.markers[phone.session.account_id] = {"#a": FUTURE.removeprefix("timestamp=")}
    assert find(phone.say("MARKREAD #a"), "MARKREAD").params == ("#a", at(0))
    assert find(phone.say(f"MARKREAD #a {FUTURE}"), "MARKREAD").params == ("#a", at(0))
    town.clock.now += 5
    assert find(phone.say("MARKREAD #a"), "MARKREAD").params == ("#a", at(0))
    assert town.world.dirty.markers == {(phone.session.account_id, "#a")}


def test_who_sets_one_is_answered_in_any_case(town: Town) -> None:
    """ "The server MUST reply to a successful MARKREAD client set command using a MARKREAD server
    command, or an error".
    """
    assert find(town.person("bob").say(f"MARKREAD #a {EARLY}"), "MARKREAD").params == ("#a", EARLY)


def test_it_is_told_on_joining(town: Town) -> None:
    """The MARKREAD comes before RPL_ENDOFNAMES."""
    bob = town.person("bob", caps="draft/read-marker")
    bob.say(f"MARKREAD #a {LATE}")
    replies = bob.say("JOIN #a")
    assert commands(replies).index("MARKREAD") < commands(replies).index("366")
    assert find(replies, "MARKREAD").params == ("#a", LATE)
    assert "MARKREAD" not in commands(town.person("old").say("JOIN #a"))


def test_an_accounts_marker_is_to_be_written_down(town: Town) -> None:
    """A nickname's is not."""
    town.person("bob").say(f"MARKREAD #a {LATE}")
    assert town.world.dirty.markers == set()
    ann = device(town)
    ann.say(f"MARKREAD #a {LATE}")
    assert town.world.dirty.markers == {(ann.session.account_id, "#a")}
    assert town.world.markers[ann.session.account_id] == {"#a": LATE.removeprefix("timestamp=")}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MARKREAD", "NEED_MORE_PARAMS"),
        ("MARKREAD #a nonsense", "INVALID_PARAMS"),
        ("MARKREAD #a timestamp=nonsense", "INVALID_PARAMS"),
        ("MARKREAD :a b", "INVALID_PARAMS"),
        (f"MARKREAD {'x' * 200}", "INVALID_PARAMS"),
    ],
)
def test_markers_that_cannot_be(town: Town, line: str, code: str) -> None:
    """Standard replies."""
    assert find(town.person("bob").say(line), "FAIL").params[:2] == ("MARKREAD", code)


def test_markers_are_bounded(town: Town) -> None:
    """The one that was set first gives way."""
    bob = town.person("bob")
    for number in range(town.world.lengths.read_markers + 1):
        bob.say(f"MARKREAD #{number} {LATE}")
    assert bob.session.user is not None
    assert len(bob.session.user.markers) == town.world.lengths.read_markers
    assert find(bob.say("MARKREAD #0"), "MARKREAD").params == ("#0", "*")

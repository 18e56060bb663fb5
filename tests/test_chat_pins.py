"""Pins: PIN, UNPIN and PINS of ChanServ, and the metadata that shows them."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, find
from trio_chat.chat import pins
from trio_chat.chat.history import HistoryError
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

CAPS = "message-tags echo-message draft/metadata-2 batch draft/message-redaction"


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=history, accounts=OpenAccounts(), playback=0))


def said(person: Person, text: str, channel: str = "#a") -> str:
    """Have somebody say something; return its msgid."""
    person.read()
    return find(person.say(f"PRIVMSG {channel} :{text}"), "PRIVMSG").tags["msgid"]


def sentences(messages: list[Message]) -> list[str]:
    """Return what ChanServ said."""
    return [each.params[1] for each in messages if each.nick == "ChanServ"]


def test_the_last_message_is_pinned(town: Town) -> None:
    """Without a word, PIN means what was said last."""
    ann = town.person("ann", "#a", caps=CAPS)
    said(ann, "first")
    said(ann, "second")
    assert sentences(ann.say("CS PIN #a"))[0].endswith("ann: second")


def test_a_message_is_pinned_by_its_msgid_or_its_sender(town: Town) -> None:
    """A client has the msgid; a person has the nickname."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    first = said(ann, "first")
    said(bob, "of bob")
    said(ann, "second")
    assert sentences(ann.say(f"CS PIN #A {first}"))[0].endswith("ann: first")
    assert sentences(ann.say("CS PIN #a BOB"))[0].endswith("bob: of bob")
    shown = sentences(bob.say("CS PINS #a"))
    assert [each.partition("UTC ")[2].partition(" (")[0] for each in shown[:-1]] == [
        "bob: of bob",
        "ann: first",
    ]
    assert shown[0].startswith("1. ")
    assert shown[1].endswith(f"({first})")
    assert shown[-1] == "Pinned in #a: 2."


def test_clients_follow_the_pins(town: Town) -> None:
    """The pins are metadata of the channel, so each client that subscribes to the key sees them."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    bob.say(f"METADATA * SUB {pins.KEY}")
    msgid = said(ann, "tea")
    ann.say("CS PIN #a")
    assert find(bob.read(), "METADATA").params == ("#a", pins.KEY, "*", msgid)
    ann.say("CS UNPIN #a 1")
    assert find(bob.read(), "METADATA").params == ("#a", pins.KEY, "*")


@pytest.mark.parametrize("number", ["1", "#1", None])
def test_a_pin_is_taken_back(town: Town, number: str | None) -> None:
    """By the number that PINS shows, or by the msgid."""
    ann = town.person("ann", "#a", caps=CAPS)
    msgid = said(ann, "tea")
    ann.say("CS PIN #a")
    ann.say(f"CS UNPIN #a {number or msgid}")
    assert sentences(ann.say("CS PINS #a")) == ["Pinned in #a: 0."]


@pytest.mark.parametrize("word", ["2", "0", "00", "x", "0" * 13])
def test_what_is_not_pinned_cannot_be_taken_back(town: Town, word: str) -> None:
    """The answer names what was asked for."""
    ann = town.person("ann", "#a", caps=CAPS)
    said(ann, "tea")
    ann.say("CS PIN #a")
    assert sentences(ann.say(f"CS UNPIN #a {word}")) == [f"{word} is not pinned in #a."]


@pytest.mark.parametrize("line", ["CS PIN #a", "CS UNPIN #a 1"])
def test_only_operators_pin(town: Town, line: str) -> None:
    """A pin speaks for the channel."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    said(ann, "tea")
    assert sentences(bob.say(line)) == ["You are not an operator of #a."]


@pytest.mark.parametrize("line", ["CS PINS #a", "CS PIN #a"])
def test_pins_are_for_members(town: Town, line: str) -> None:
    """What is pinned was said in the channel, and strangers do not read that."""
    ann = town.person("ann", "#a", caps=CAPS)
    said(ann, "tea")
    ann.say("CS PIN #a")
    eve = town.person("eve", caps=CAPS)
    assert all("tea" not in each for each in sentences(eve.say(line)))
    ann.say("MODE #a +s")
    assert sentences(eve.say(line)) == ["There is no channel #a."]


@pytest.mark.parametrize("word", ["nobody", "0" * 13, "7zzzzzzzzzzzz"])
def test_a_message_that_is_not_there_is_not_pinned(town: Town, word: str) -> None:
    """A message of another channel, or a deleted one, is not there either."""
    ann = town.person("ann", "#a", "#b", caps=CAPS)
    elsewhere = said(ann, "tea", "#b")
    for each in (word, elsewhere):
        assert "There is no such message" in sentences(ann.say(f"CS PIN #a {each}"))[0]


def test_a_message_is_pinned_once(town: Town) -> None:
    """A second PIN changes nothing."""
    ann = town.person("ann", "#a", caps=CAPS)
    said(ann, "tea")
    ann.say("CS PIN #a")
    assert sentences(ann.say("CS PIN #a")) == ["This message is pinned already."]


def test_a_channel_has_some_pins_only(town: Town) -> None:
    """The oldest pin does not give way by itself: operators decide what is important."""
    ann = town.person("ann", "#a", caps=CAPS)
    for number in range(pins.MOST):
        said(ann, str(number))
        ann.say("CS PIN #a")
    said(ann, "one more")
    assert "10 pinned messages already" in sentences(ann.say("CS PIN #a"))[0]


def test_pins_of_messages_that_are_gone_make_room(town: Town, history: ListHistory) -> None:
    """PINS does not show those that have expired or were pruned, so nobody could take them back."""
    ann = town.person("ann", "#a", caps=CAPS)
    pinned = []
    for number in range(pins.MOST):
        pinned.append(said(ann, str(number)))
        ann.say("CS PIN #a")
    gone = {parse_msgid(each) for each in pinned[:3]}
    history.records = [record for record in history.records if record.id not in gone]
    one_more = said(ann, "one more")
    assert sentences(ann.say("CS PIN #a"))[0].endswith("ann: one more")
    value = town.world.channels["#a"].metadata[pins.KEY]
    assert value.split() == [one_more, *reversed(pinned[3:])]


def test_a_deleted_message_is_not_pinned_any_longer(town: Town) -> None:
    """Clients that follow the pins see that in the same moment."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    bob.say(f"METADATA * SUB {pins.KEY}")
    first, second = said(ann, "first"), said(ann, "second")
    ann.say(f"CS PIN #a {first}", f"CS PIN #a {second}")
    bob.read()
    ann.say(f"REDACT #a {second}")
    assert find(bob.read(), "METADATA").params[-1] == first
    ann.say(f"REDACT #a {first}")
    assert find(bob.read(), "METADATA").params == ("#a", pins.KEY, "*")


def test_a_value_that_is_no_list_of_pins_is_passed_over(town: Town) -> None:
    """Operators can set any value of metadata."""
    ann = town.person("ann", "#a", caps=CAPS)
    msgid = said(ann, "tea")
    ann.say(f"METADATA #a SET {pins.KEY} :x {msgid} {msgid} \u20ac {'0' * 13}")
    shown = sentences(ann.say("CS PINS #a"))
    assert shown[-1] == "Pinned in #a: 1."


def test_a_long_message_is_shortened(town: Town) -> None:
    """A sentence of ChanServ fits into a line."""
    ann = town.person("ann", "#a", caps=CAPS)
    said(ann, "\u00e4" * 150)
    assert sentences(ann.say("CS PIN #a"))[0].endswith("\u00e4\u2026")


def test_a_history_that_cannot_be_read_is_an_answer(town: Town, history: ListHistory) -> None:
    """The user can try again later."""
    ann = town.person("ann", "#a", caps=CAPS)
    history.error = HistoryError("disk full")
    assert "try again later" in sentences(ann.say("CS PIN #a"))[0]

"""TRANSLATE: who may ask for what, and how the answer is written (`trio-chat/translate`)."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, find, offered
from translation_fakes import FakeTranslator
from trio_chat.chat.history import HistoryError
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.translation import Translation, TranslationFailed, pieces, plain

CAPS = "message-tags batch labeled-response echo-message draft/multiline trio-chat/translate"
CAPS_TO_REDACT = f"{CAPS} draft/message-redaction"


@pytest.fixture
def town() -> Town:
    """Return a world that remembers, and that translates."""
    ports = StoragePorts(history=ListHistory(), accounts=OpenAccounts(), playback=0)
    town = Town(ServerInfo(has_translation=True), storage=ports)
    town.world.translator = FakeTranslator()
    return town


def translator(town: Town) -> FakeTranslator:
    """Return what was asked."""
    assert isinstance(town.world.translator, FakeTranslator)
    return town.world.translator


def said(person: Person, text: str = "hallo", target: str = "#a") -> str:
    """Have somebody say something; return its msgid."""
    person.read()
    return find(person.say(f"PRIVMSG {target} :{text}"), "PRIVMSG").tags["msgid"]


def answer(town: Town, person: Person, outcome: Translation | TranslationFailed) -> None:
    """Have the first question answered."""
    town.deliver(translator(town).answers.pop(0)(outcome), person)


def test_it_is_offered_where_there_is_a_service(town: Town) -> None:
    """Clients show no item that leads nowhere."""
    assert "trio-chat/translate" in offered(town.newcomer())
    assert "trio-chat/translate" not in offered(Town().newcomer())


def test_a_message_is_translated(town: Town) -> None:
    """The answer comes later, as a batch with the label of the command."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    msgid = said(bob)
    ann.read()
    assert ann.say(f"@label=7 TRANSLATE #a {msgid} en") == []
    assert translator(town).asked == [("hallo", "en")]
    answer(town, ann, Translation("hello\n:there", "de", "en"))
    begin, first, second, end = ann.read()
    assert begin.tags["label"] == "7"
    assert begin.params[1:] == ("trio-chat/translate", "#a", msgid, "en", "de")
    assert (first.params, second.params) == (("1", "hello"), ("2", ":there"))
    assert first.tags["batch"] == second.tags["batch"] == begin.params[0][1:]
    assert end.params == (f"-{begin.params[0][1:]}",)


def test_a_text_is_translated(town: Town) -> None:
    """Of a user that writes in another language; guests may ask, too."""
    ann = town.person("ann", caps=CAPS)
    assert ann.say("TRANSLATE * * de :how are you?") == []
    answer(town, ann, Translation("wie geht's?", "", "de"))
    assert [message.params for message in ann.read()[:2]] == [
        ("+1", "trio-chat/translate", "*", "*", "de", "*"),
        ("1", "wie geht's?"),
    ]


def test_a_failure_says_what_to_do(town: Town) -> None:
    """Whether it is known at once or later; with the label, once."""
    ann = town.person("ann", caps=CAPS)
    ann.say("@label=1 TRANSLATE * * de :text")
    answer(town, ann, TranslationFailed("RATE_LIMITED", "Try again"))
    later = find(ann.read(), "FAIL")
    translator(town).refusal = TranslationFailed("RATE_LIMITED", "Try again")
    at_once = find(ann.say("@label=1 TRANSLATE * * de :text"), "FAIL")
    for message in (later, at_once):
        assert message.tags["label"] == "1"
        assert message.params == ("TRANSLATE", "RATE_LIMITED", "*", "*", "de", "Try again")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("TRANSLATE * * de", "NOTHING_TO_TRANSLATE"),
        ("TRANSLATE * * de : \x02 ", "NOTHING_TO_TRANSLATE"),
        ("TRANSLATE * * de :\x01VERSION\x01", "NOTHING_TO_TRANSLATE"),
        ("TRANSLATE * * d;e :text", "UNKNOWN_LANGUAGE"),
        ("TRANSLATE * * - :text", "UNKNOWN_LANGUAGE"),
        (f"TRANSLATE * * {'x' * 400} :text", "UNKNOWN_LANGUAGE"),
        ("TRANSLATE #a nonsense en", "UNKNOWN_MSGID"),
        ("TRANSLATE #none 1-1 en", "UNKNOWN_MSGID"),
    ],
)
def test_what_cannot_be_translated(town: Town, line: str, code: str) -> None:
    """Nothing of it reaches the service."""
    ann = town.person("ann", "#a", caps=CAPS)
    failed = find(ann.say(line), "FAIL")
    assert failed.params[:2] == ("TRANSLATE", code)
    assert translator(town).asked == []


def test_a_channel_that_was_left(town: Town) -> None:
    """Its messages can be read no longer, so they are not translated."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    msgid = said(bob)
    ann.say("PART #a")
    assert find(ann.say(f"TRANSLATE #a {msgid} en"), "FAIL").params[1] == "UNKNOWN_MSGID"
    stranger = town.person("eve", "#b", caps=CAPS)
    assert find(stranger.say(f"TRANSLATE #b {msgid} en"), "FAIL").params[1] == "UNKNOWN_MSGID"
    assert translator(town).asked == []


def test_a_channel_that_is_left_meanwhile(town: Town) -> None:
    """Nor is the translation sent."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    ann.say(f"TRANSLATE #a {said(bob)} en", "PART #a")
    answer(town, ann, Translation("hello", "de", "en"))
    assert find(ann.read(), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_private_messages_of_others(town: Town) -> None:
    """Only the two sides read a private message."""
    people = [town.person(nick, caps=CAPS) for nick in ("ann", "bob", "eve")]
    for person in people:
        person.say("NS REGISTER secret-word")
    ann, bob, eve = people
    msgid = said(bob, target="ann")
    for target in ("ann", "bob", "eve"):
        failed = find(eve.say(f"TRANSLATE {target} {msgid} en"), "FAIL")
        assert failed.params[1] == "UNKNOWN_MSGID"
    assert translator(town).asked == []
    ann.say(f"TRANSLATE bob {msgid} en")
    bob.say(f"TRANSLATE ann {msgid} en")
    assert len(translator(town).asked) == 2


def test_a_guest_asks_for_what_it_has_received(town: Town) -> None:
    """A private message that is stored, but none from before it had its nickname."""
    ann, bob = town.person("ann", caps=CAPS), town.person("bob", caps=CAPS)
    bob.say("NS REGISTER secret-word")
    msgid = said(bob, target="ann")
    ann.say(f"TRANSLATE bob {msgid} en")
    assert len(translator(town).asked) == 1
    ann.leave()
    town.clock.now += 1
    another = town.person("ann", caps=CAPS)
    failed = find(another.say(f"TRANSLATE bob {msgid} en"), "FAIL")
    assert failed.params[1] == "UNKNOWN_MSGID"


def test_a_deleted_message(town: Town) -> None:
    """Neither one that was deleted, nor one that is deleted meanwhile."""
    ann = town.person("ann", "#a", caps=CAPS_TO_REDACT)
    first, second = said(ann), said(ann)
    ann.say(f"REDACT #a {first}")
    assert find(ann.say(f"TRANSLATE #a {first} en"), "FAIL").params[1] == "UNKNOWN_MSGID"
    assert translator(town).asked == []
    ann.say(f"TRANSLATE #a {second} en", f"REDACT #a {second}")
    answer(town, ann, Translation("hello", "de", "en"))
    assert find(ann.read(), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_what_was_said_before_one_came(town: Town) -> None:
    """A message of a channel that was closed then is not for those who came later."""
    bob = town.person("bob", "#a", caps=CAPS)
    bob.say("MODE #a +i")
    msgid = said(bob)
    town.world.channels["#a"].founded += 10**12  # as if it had been founded anew
    assert find(bob.say(f"TRANSLATE #a {msgid} en"), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_a_history_that_cannot_be_read(town: Town) -> None:
    """The user is told to try again."""
    ann = town.person("ann", "#a", caps=CAPS)
    msgid = said(ann)
    town.history.error = HistoryError("broken")
    failed = find(ann.say(f"TRANSLATE #a {msgid} en"), "FAIL")
    assert failed.params[1] == "TEMPORARILY_UNAVAILABLE"


def test_without_a_service(town: Town) -> None:
    """A session that has the capability still, after REHASH has removed the service."""
    ann = town.person("ann", caps=CAPS)
    town.world.translator = None
    failed = find(ann.say("@label=1 TRANSLATE * * en :text"), "FAIL")
    assert (failed.params[1], failed.tags["label"]) == ("TEMPORARILY_UNAVAILABLE", "1")


def test_a_message_of_several_lines(town: Town) -> None:
    """The service gets the lines as their author has written them."""
    ann = town.person("ann", "#a", caps=CAPS)
    ann.say(
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :eins",
        "@batch=1 PRIVMSG #a :zwei ",
        "@batch=1;draft/multiline-concat PRIVMSG #a :drei",
    )
    sent = find(ann.say("BATCH -1")[:1], "BATCH")
    ann.say(f"TRANSLATE #a {sent.tags['msgid']} en")
    assert translator(town).asked == [("eins\nzwei drei", "en")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x02fett\x02 \x0304,01rot\x0f", "fett rot"),
        ("\x01ACTION winkt\x01", "winkt"),
        ("\x01DCC SEND x\x01", ""),
        ("a\tb\u202e", "a b"),
        ("a\n\rb\nc", "ab\nc"),
        ("  \n ", ""),
    ],
)
def test_what_is_translated_of_a_text(text: str, expected: str) -> None:
    """The words, without what only a client understands."""
    assert plain(text) == expected


def test_a_long_translation_is_divided() -> None:
    """Within no character, and so that the lines can be joined again."""
    long = "я" * 500
    found = list(pieces(f"{long}\n\nb"))
    assert max(len(piece.encode()) for _, piece in found) <= 400
    assert "".join(piece for number, piece in found if number == 1) == long
    assert found[-2:] == [(2, ""), (3, "b")]

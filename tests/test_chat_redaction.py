"""REDACT: permissions, notices, and deletion from the history (IRCv3 draft/message-redaction)."""

import pytest

from storage_fakes import ListHistory
from support import Person, Town, commands, find, offered
from trio_chat.chat.accounts import Account
from trio_chat.chat.history import HistoryError
from trio_chat.chat.ids import msgid as msgid_of
from trio_chat.chat.storage_ports import StoragePorts

CAPS = "message-tags draft/message-redaction echo-message batch labeled-response draft/chathistory"


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=history, playback=0))


def msgid(person: Person, text: str = "oops") -> str:
    """Have somebody say something in #a; return its msgid."""
    person.read()
    return find(person.say(f"PRIVMSG #a :{text}"), "PRIVMSG").tags["msgid"]


def test_an_own_message(town: Town, history: ListHistory) -> None:
    """ "SHOULD forward this REDACT, with an appropriate prefix, to the target recipients"; the
    history excludes it entirely.
    """
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    first, second = msgid(bob), msgid(bob, "kept")
    ann.read()
    assert find(bob.say(f"REDACT #A {first} :too early"), "REDACT").params == (
        "#a",
        first,
        "too early",
    )
    seen = find(ann.read(), "REDACT")
    assert (seen.source, seen.params) == ("bob!bob@192.0.2.1", ("#a", first, "too early"))
    assert "msgid" not in seen.tags
    replayed = [
        message.tags["msgid"]
        for message in ann.say("CHATHISTORY LATEST #a * 5")
        if message.command == "PRIVMSG"
    ]
    assert replayed == [second]
    assert [record.text for record in history.said] == ["kept"]


def test_a_reason_may_be_missing(town: Town) -> None:
    """ "An optional <reason> MAY be provided"."""
    ann = town.person("ann", "#a", caps=CAPS)
    said = msgid(ann)
    assert find(ann.say(f"REDACT #a {said}"), "REDACT").params == ("#a", said)


def test_who_does_not_know_the_capability(town: Town) -> None:
    """ "MUST not forward this REDACT to target recipients that have not negotiated this
    capability"; nor may they ask for it.
    """
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps="message-tags")
    said = msgid(ann)
    bob.read()
    ann.say(f"REDACT #a {said}")
    assert bob.read() == []
    assert commands(bob.say(f"REDACT #a {said}")) == ["421"]


def test_a_reaction(town: Town, history: ListHistory) -> None:
    """ "MUST be a PRIVMSG, NOTICE, or TAGMSG"; an event is none of them."""
    ann = town.person("ann", "#a", caps=CAPS)
    reaction = find(ann.say("@+draft/react=x;+draft/reply=y TAGMSG #a"), "TAGMSG").tags["msgid"]
    assert commands(ann.say(f"REDACT #a {reaction}")) == ["REDACT"]
    town.person("bob", "#a")
    assert [record.command for record in history.records] == ["JOIN"]
    joined = msgid_of(history.records[0].id)
    assert find(ann.say(f"REDACT #a {joined}"), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_an_operator_may_delete_what_others_said(town: Town) -> None:
    """A channel operator may redact any message; another member gets REDACT_FORBIDDEN."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    of_ann, of_bob = msgid(ann), msgid(bob)
    bob.read()
    assert find(bob.say(f"REDACT #a {of_ann}"), "FAIL").params[:4] == (
        "REDACT",
        "REDACT_FORBIDDEN",
        "#a",
        of_ann,
    )
    ann.read()
    assert commands(ann.say(f"REDACT #a {of_bob} spam")) == ["REDACT"]


def test_a_nickname_taken_over_gives_no_right(town: Town, history: ListHistory) -> None:
    """Messages belong to the user that had the nickname then."""
    town.person("ann", "#a")
    bob = town.person("bob", "#a", caps=CAPS)
    said = msgid(bob)
    bob.leave()
    again = town.person("bob", "#a", caps=CAPS)
    assert find(again.say(f"REDACT #a {said}"), "FAIL").params[1] == "REDACT_FORBIDDEN"
    again.say("NICK eve", "NICK bob")
    assert find(again.say(f"REDACT #a {said}"), "FAIL").params[1] == "REDACT_FORBIDDEN"
    assert len(history.said) == 1


def test_an_account_keeps_its_messages(town: Town) -> None:
    """A user may redact the messages of its account under any nickname."""
    town.person("ann", "#a")
    for nick in ("bob", "rob"):
        person = town.person(nick, "#a", caps=CAPS)
        assert person.session.user
        person.session.user.set_account(Account("bob", "bob", 0, 1))
        if nick == "bob":
            said = msgid(person)
            person.leave()
    assert commands(person.say(f"REDACT #a {said}")) == ["REDACT"]


@pytest.mark.parametrize("target", ["#none", "#b", "bob", "ann"])
def test_where_one_is_not(town: Town, target: str) -> None:
    """The failure is INVALID_TARGET, whether the channel or message exists or not."""
    bob = town.person("bob", "#b", caps=CAPS)
    said = find(bob.say("PRIVMSG #b :x"), "PRIVMSG").tags["msgid"]
    ann = town.person("ann", "#a", caps=CAPS)
    assert find(ann.say(f"REDACT {target} {said}"), "FAIL").params[:3] == (
        "REDACT",
        "INVALID_TARGET",
        target,
    )


@pytest.mark.parametrize("unknown", ["nonsense", "0000000000000", "7zzzzzzzzzzzz", ":no id"])
def test_a_message_that_is_not_there(town: Town, unknown: str) -> None:
    """ "FAIL REDACT UNKNOWN_MSGID <target> <target-msgid>"; so for one that was deleted before."""
    ann = town.person("ann", "#a", caps=CAPS)
    assert find(ann.say(f"REDACT #a {unknown}"), "FAIL").params[:3] == (
        "REDACT",
        "UNKNOWN_MSGID",
        "#a",
    )
    said = msgid(ann)
    ann.say(f"REDACT #a {said}")
    assert find(ann.say(f"REDACT #a {said}"), "FAIL").params[:4] == (
        "REDACT",
        "UNKNOWN_MSGID",
        "#a",
        said,
    )


def test_a_message_of_another_channel(town: Town) -> None:
    """An operator of one channel does not delete in another."""
    ann = town.person("ann", "#a", caps=CAPS)
    town.person("bob", "#b")
    ann.say("JOIN #b")
    said = find(ann.say("PRIVMSG #b :x"), "PRIVMSG").tags["msgid"]
    assert find(ann.say(f"REDACT #a {said}"), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_what_was_said_behind_a_closed_door(town: Town) -> None:
    """A user that creates the channel anew learns of no earlier private message."""
    ann = town.person("ann", "#a", caps=CAPS)
    ann.say("MODE #a +k x")
    said = msgid(ann)
    ann.leave()
    eve = town.person("eve", "#a", caps=CAPS)
    assert find(eve.say(f"REDACT #a {said}"), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_the_answer_has_the_label(town: Town) -> None:
    """Although it comes later."""
    ann = town.person("ann", "#a", caps=CAPS)
    said = msgid(ann)
    assert find(ann.say(f"@label=x REDACT #a {said}"), "REDACT").tags["label"] == "x"
    assert find(ann.say(f"@label=y REDACT #a {said}"), "FAIL").tags["label"] == "y"


def test_a_history_that_cannot_be_written(town: Town, history: ListHistory) -> None:
    """The client gets a failure, and nothing is redacted that would return."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    said = msgid(ann)
    bob.read()
    history.error = HistoryError("full: database or disk is full")
    assert find(ann.say(f"REDACT #a {said}"), "FAIL").params[:3] == (
        "REDACT",
        "TEMPORARILY_UNAVAILABLE",
        "#a",
    )
    assert bob.read() == []


def test_it_needs_the_memory() -> None:
    """Without one neither the capability is offered nor the command taken."""
    ann = Town().person("ann", "#a")
    assert "draft/message-redaction" not in offered(ann)
    assert commands(ann.say("REDACT #a x")) == ["421"]

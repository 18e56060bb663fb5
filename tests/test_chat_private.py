"""Private conversations: their history, reactions and redaction."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.storage_ports import StoragePorts

CAPS = (
    "message-tags draft/message-redaction echo-message batch draft/chathistory draft/event-playback"
    " server-time account-tag"
)


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world in which Ann and Bob have accounts."""
    accounts = OpenAccounts()
    for name in ("ann", "bob"):
        accounts.add(name, "secret")
    return Town(storage=StoragePorts(history=history, playback=0, accounts=accounts))


def member(town: Town, name: str, caps: str = CAPS) -> Person:
    """Return somebody who is logged in."""
    person = town.newcomer()
    person.say(f"CAP REQ :{caps}", "NICK x" + name, f"USER {name} 0 * :x", "CAP END")
    person.say(f"NICKSERV IDENTIFY {name} secret", f"NICK {name}")
    return person


def sent(person: Person, line: str) -> str:
    """Have somebody say something; return its msgid."""
    return person.say(line)[0].tags["msgid"]


def replayed(person: Person, other: str) -> list[str]:
    """Return the msgids of a private conversation, as its history gives them."""
    return [
        m.tags["msgid"]
        for m in person.say(f"CHATHISTORY LATEST {other} * 50")
        if m.command in ("PRIVMSG", "TAGMSG")
    ]


def test_a_message_is_taken_back_on_both_sides(town: Town, history: ListHistory) -> None:
    """The other user gets REDACT, and the history has the message no longer."""
    ann, bob = member(town, "ann"), member(town, "bob")
    said = sent(ann, "PRIVMSG bob :oops")
    bob.read()
    assert find(ann.say(f"REDACT BOB {said} :sorry"), "REDACT").params == ("bob", said, "sorry")
    assert find(bob.read(), "REDACT").params == ("bob", said, "sorry")
    assert history.records == []


def test_only_the_own_ones(town: Town) -> None:
    """The recipient may not redact a message, and a third user does not learn of it."""
    ann, bob, eve = member(town, "ann"), member(town, "bob"), town.person("eve", caps=CAPS)
    said = sent(ann, "PRIVMSG bob :mine")
    assert find(bob.say(f"REDACT ann {said}"), "FAIL").params[1] == "REDACT_FORBIDDEN"
    for other in ("ann", "bob"):
        assert find(eve.say(f"REDACT {other} {said}"), "FAIL").params[1] == "UNKNOWN_MSGID"
    assert replayed(bob, "ann") == [said]


def test_a_guest_takes_back_what_it_has_said(town: Town, history: ListHistory) -> None:
    """A guest may redact its messages; a later user of the nickname may not."""
    ann, guest = member(town, "ann"), town.person("guest", caps=CAPS)
    first, second = sent(guest, "PRIVMSG ann :one"), sent(guest, "PRIVMSG ann :two")
    ann.read()
    assert commands(guest.say(f"REDACT ann {first}")) == ["REDACT"]
    assert find(ann.read(), "REDACT").params == ("ann", first)
    guest.leave()
    later = town.person("guest", caps=CAPS)
    assert find(later.say(f"REDACT ann {second}"), "FAIL").params[1] == "REDACT_FORBIDDEN"
    assert [record.text for record in history.records] == ["two"]


def test_who_is_away_finds_it_gone(town: Town) -> None:
    """The other one need not be here."""
    ann, bob = member(town, "ann"), member(town, "bob")
    said = sent(ann, "PRIVMSG bob :oops")
    bob.leave()
    assert commands(ann.say(f"REDACT bob {said}")) == ["REDACT"]
    assert replayed(member(town, "bob"), "ann") == []


def test_who_has_changed_the_account_is_another_party(town: Town) -> None:
    """A conversation belongs to accounts."""
    ann, _bob = member(town, "ann"), member(town, "bob")
    said = sent(ann, "PRIVMSG bob :oops")
    ann.say("NICKSERV LOGOUT")
    assert find(ann.say(f"REDACT bob {said}"), "FAIL").params[1] == "UNKNOWN_MSGID"


def test_reactions_are_remembered_and_typing_is_not(town: Town) -> None:
    """Both are shown when they are new; a reaction belongs to the message it is about."""
    ann, bob = member(town, "ann"), member(town, "bob")
    reaction = sent(ann, "@+draft/react=x;+draft/reply=y TAGMSG bob")
    sent(ann, "@+typing=active TAGMSG bob")
    assert commands(bob.read()) == ["TAGMSG", "TAGMSG"]
    for person, other, target in ((ann, "bob", "bob"), (bob, "ann", "bob")):
        (shown,) = [
            m for m in person.say(f"CHATHISTORY LATEST {other} * 9") if m.command == "TAGMSG"
        ]
        assert (shown.params, shown.tags["msgid"], shown.tags["+draft/react"]) == (
            (target,),
            reaction,
            "x",
        )
    assert replayed(member(town, "bob", CAPS.replace("draft/event-playback", "")), "ann") == []


def test_what_is_shown_again_has_the_tags_it_had(town: Town) -> None:
    """The tags `account` and `bot` are those of the time of the message."""
    ann, bob = member(town, "ann"), member(town, "bob")
    ann.say("MODE ann +B", "JOIN #a")
    bob.say("JOIN #a")
    bob.read()
    ann.say("PRIVMSG #a :beep", "MODE ann -B", "PRIVMSG #a :I", "NICKSERV LOGOUT", "PRIVMSG #a :me")
    live = [message.tags for message in bob.read() if message.command == "PRIVMSG"]
    again = [
        message.tags
        for message in bob.say("CHATHISTORY LATEST #a * 9")
        if message.command == "PRIVMSG"
    ]
    assert [("bot" in tags, tags.get("account")) for tags in live] == [
        (True, "ann"),
        (False, "ann"),
        (False, None),
    ]
    assert [{key: value for key, value in tags.items() if key != "batch"} for tags in again] == live

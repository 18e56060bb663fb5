"""Reports to the operators of the server: REPORT and REPORTS."""

import pytest

from cluster_town import ClusterTown
from moderation_fakes import CAPS, operator, remembering
from storage_fakes import OpenAccounts
from support import Person, Town, find
from trio_chat.chat import snapshot
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted, ServerModerationRead
from trio_chat.chat.moderation import desk


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return the accounts ann and bob."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    accounts.add("bob", "secret")
    return accounts


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world that remembers."""
    return remembering(accounts)


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator of the server with +s."""
    return operator(town)


@pytest.fixture
def ann(town: Town, root: Person) -> Person:
    """Return a user with an account."""
    ann = town.person("ann_", "#a", caps=CAPS, host="192.0.2.1")
    ann.say("NS IDENTIFY ann secret", "NICK ann")
    return ann


@pytest.fixture
def eve(town: Town, ann: Person) -> Person:
    """Return a user without one."""
    eve = town.person("eve", "#a", caps=CAPS, host="192.0.2.3")
    ann.read()
    return eve


def said(eve: Person, ann: Person, line: str) -> str:
    """Have eve say a line; return its msgid as ann has it."""
    eve.say(line)
    return find(ann.read(), "PRIVMSG").tags["msgid"]


def outcome(person: Person, line: str) -> str:
    """Return the code of the answer."""
    answer = person.say(line)[-1]
    return answer.params[1] if answer.command in ("FAIL", "NOTE") else answer.command


def test_a_report_of_a_user_names_no_place(root: Person, ann: Person, eve: Person) -> None:
    """It is about all that the user does."""
    assert outcome(ann, "REPORT eve :she writes to everybody") == "REPORTED"
    assert find(root.read(), "NOTICE").params[1].endswith("eve@192.0.2.3 (she writes to everybody)")
    assert root.say("REPORTS")[0].params[1].endswith("1x: eve!eve@192.0.2.3")


def test_a_private_message_is_reported_by_its_receiver(
    town: Town, root: Person, ann: Person, eve: Person
) -> None:
    """Operators see its text as it was, also after it was deleted; nothing else of the
    conversation.
    """
    said(eve, ann, "PRIVMSG ann :before")
    msgid = said(eve, ann, "PRIVMSG ann :buy this")
    assert outcome(ann, f"REPORT eve {msgid} :she sells things") == "REPORTED"
    notice = find(root.read(), "NOTICE").params[1]
    assert notice == (
        "*** Report 1 by ann about eve!eve@192.0.2.3 in a private message (she sells things):"
        " buy this"
    )
    eve.say(f"REDACT ann {msgid}")
    listed = [each.params[1] for each in root.say("REPORTS")]
    assert any("buy this" in line for line in listed)
    shown = [each.params[1] for each in root.say("REPORTS SHOW 1")]
    assert shown == ["*** 1. eve!eve@192.0.2.3 in a private message:", "***    buy this"]
    assert root.say("REPORTS SHOW 2")[0].params[1] == "*** No report 2 is open."
    assert not any("before" in line for line in listed)
    assert len(desk.list_reports(town.world)) == 1


def test_a_private_message_of_others_cannot_be_reported(
    town: Town, root: Person, ann: Person, eve: Person
) -> None:
    """Whoever guesses its msgid learns nothing of it."""
    msgid = said(eve, ann, "PRIVMSG ann :secret")
    bob = town.person("bob_", host="192.0.2.9")
    bob.say("NS IDENTIFY bob secret")
    for target in ("eve", "ann", "#a"):
        assert outcome(bob, f"REPORT {target} {msgid}") == "UNKNOWN_MSGID"
    guest = town.person("mallory", host="192.0.2.8")
    assert outcome(guest, f"REPORT ann {msgid}") == "UNKNOWN_MSGID"


def test_a_former_holder_of_a_nickname_keeps_its_messages(
    town: Town, root: Person, ann: Person, eve: Person
) -> None:
    """A guest that has taken the nickname cannot report what was said before."""
    ann.say("PRIVMSG eve :for you")
    msgid = find(eve.read(), "PRIVMSG").tags["msgid"]
    eve.leave()
    other = town.person("eve", host="192.0.2.77")
    assert outcome(other, f"REPORT ann {msgid}") == "UNKNOWN_MSGID"


def test_a_guest_reports_what_it_has_received(root: Person, ann: Person, eve: Person) -> None:
    """Although it cannot read the history."""
    ann.say("PRIVMSG eve :nonsense")
    msgid = find(eve.read(), "PRIVMSG").tags["msgid"]
    assert outcome(eve, f"REPORT ann {msgid}") == "REPORTED"


def test_a_message_of_a_channel_is_reported(
    town: Town, root: Person, ann: Person, eve: Person
) -> None:
    """By members of it alone."""
    msgid = said(eve, ann, "PRIVMSG #a :buy this")
    bob = town.person("bob_", host="192.0.2.9")
    assert outcome(bob, f"REPORT #a {msgid}") == "UNKNOWN_MSGID"
    assert outcome(ann, f"REPORT #a {msgid}") == "REPORTED"
    assert outcome(eve, f"REPORT #a {msgid}") == "OWN_MESSAGE"


def test_a_user_is_reported_without_a_message(
    town: Town, root: Person, ann: Person, eve: Person
) -> None:
    """Also one that has just left."""
    eve.leave()
    assert outcome(ann, "REPORT eve :she was rude") == "REPORTED"
    assert desk.list_reports(town.world)[0].text == ""
    assert outcome(ann, "REPORT nobody") == "401"
    assert outcome(ann, "REPORT #a") == "INVALID_MSGID"


def test_reports_of_the_same_are_joined(town: Town, root: Person, ann: Person, eve: Person) -> None:
    """Each user counts once."""
    bob = town.person("bob_", "#a", caps=CAPS, host="192.0.2.9")
    msgid = said(eve, ann, "PRIVMSG #a :buy this")
    ann.say(f"REPORT #a {msgid} :one")
    assert outcome(ann, f"REPORT #a {msgid} :two") == "ALREADY_REPORTED"
    bob.say(f"REPORT #a {msgid} :three")
    (report,) = desk.list_reports(town.world)
    assert [one.reason for one in report.reporters] == ["one", "three"]


def test_reports_of_a_sender_are_bounded(town: Town, root: Person, ann: Person) -> None:
    """Five wait at most."""
    for number in range(6):
        town.person(f"u{number}", host=f"192.0.2.{number + 20}")
    codes = [outcome(ann, f"REPORT u{number}") for number in range(6)]
    assert codes == ["REPORTED"] * 5 + ["TOO_MANY_REPORTS"]


def test_the_reporter_hears_the_outcome(town: Town, root: Person, ann: Person, eve: Person) -> None:
    """At once, or when it logs in again."""
    bob = town.person("bob_", host="192.0.2.9")
    ann.say("REPORT eve :rude"), bob.say("REPORT eve :very rude")
    ann.leave()
    root.say("REPORTS RESOLVE 1 :she was banned")
    text = "The operators have dealt with your report about eve: she was banned"
    assert find(bob.read(), "NOTICE").params == ("bob_", text)
    assert desk.list_reports(town.world) == ()
    again = town.person("ann_", host="192.0.2.1")
    lines = again.say("NS IDENTIFY ann secret")
    assert any(text in each.params[-1] for each in lines if each.command == "NOTICE")


def test_another_guest_with_the_nickname_hears_nothing(
    town: Town, root: Person, ann: Person, eve: Person
) -> None:
    """The address must be the same."""
    eve.say("REPORT ann")
    eve.leave()
    other = town.person("eve", host="192.0.2.99")
    root.say("REPORTS RESOLVE *")
    assert other.read() == []


def test_reports_persist_and_go_with_their_account(
    town: Town, root: Person, ann: Person, eve: Person, accounts: OpenAccounts
) -> None:
    """They are rows, and part of the snapshot."""
    ann.say("REPORT eve :rude")
    moderation = town.world.moderation
    rows = [row for key in moderation.row_keys() if (row := moderation.row(key))]
    other = Town()
    apply(other.world, ServerModerationRead(tuple(rows)))
    assert other.world.moderation.reports == moderation.reports
    assert snapshot.take(town.world)["moderation"]["reports"]
    apply(town.world, AccountDeleted(accounts.known["ann"]))
    assert desk.list_reports(town.world) == ()


def test_nodes_of_a_cluster_have_the_same_reports() -> None:
    """The reporter is at one node, and the reported user at another."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a", caps="message-tags")
    eve = town.there.person("eve", "JOIN #a", caps="message-tags")
    ann.read()
    eve.say("PRIVMSG #a :buy this")
    msgid = find(ann.read(), "PRIVMSG").tags["msgid"]
    answers = ann.say(f"REPORT #a {msgid} :spam") or ann.read()
    assert answers[-1].params[1] == "REPORTED"
    for node in town.nodes:
        (report,) = desk.list_reports(node.world)
        assert report.text == "buy this"
    town.check()


def test_a_message_of_several_lines_is_reported(town: Town, root: Person, ann: Person) -> None:
    """Operators see it in one line, in the notice and in the list."""
    eve = town.person("eve", "#a", caps=f"{CAPS} batch draft/multiline", host="192.0.2.3")
    eve.say("BATCH +1 draft/multiline ann", "@batch=1 PRIVMSG ann :buy")
    eve.say("@batch=1 PRIVMSG ann :th", "@batch=1;draft/multiline-concat PRIVMSG ann :is")
    ann.read()
    eve.say("BATCH -1")
    msgid = ann.read()[0].tags["msgid"]
    root.read()
    assert outcome(ann, f"REPORT eve {msgid}") == "REPORTED"
    assert find(root.read(), "NOTICE").params[1].endswith(": buy / this")
    assert any(each.params[1].endswith(": buy / this") for each in root.say("REPORTS"))

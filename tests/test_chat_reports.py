"""Reports: REPORT and REPORTS of ChanServ."""

import pytest

from moderation_fakes import CAPS, ann, bob, sentences, town
from support import Person, Town, commands, find
from trio_chat.chat import registered_channels
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted
from trio_chat.chat.moderation.state import ChannelModeration

__all__ = ["ann", "bob", "town"]


@pytest.fixture
def eve(town: Town, bob: Person) -> Person:
    """Return another member, which has said something."""
    eve = town.person("eve", "#a", caps=CAPS, host="192.0.2.3")
    eve.say("PRIVMSG #a :buy this")
    return eve


def test_operators_see_a_report(ann: Person, bob: Person, eve: Person) -> None:
    """At once and in the list; neither other members nor the author do."""
    ann.read(), eve.read()
    assert sentences(bob.say("CS REPORT #a eve sells things")) == [
        "The operators of #a have your report."
    ]
    notice = find(ann.read(), "NOTICE").params
    assert notice[0] == "%#a"
    assert notice[1].startswith("Report 1 by bob (sells things): ")
    assert notice[1].endswith("eve: buy this")
    assert eve.read() == []
    shown = sentences(ann.say("CS REPORTS #a"))
    assert shown[0].endswith("ago, bob: sells things")
    assert "eve: buy this (" in shown[1]
    assert shown[2] == "Reports in #a: 1."


def test_a_report_names_a_message_by_its_msgid(ann: Person, bob: Person, eve: Person) -> None:
    """Also one that is not the last."""
    number = find(eve.say("PRIVMSG #a :older"), "PRIVMSG").tags["msgid"]
    eve.say("PRIVMSG #a :newer")
    ann.read()
    bob.say(f"CS REPORT #a {number}")
    assert find(ann.read(), "NOTICE").params[1].endswith("eve: older")


def test_a_deleted_message_is_gone_from_its_report(ann: Person, bob: Person, eve: Person) -> None:
    """The report has no copy of the text."""
    number = find(eve.say("PRIVMSG #a :secret"), "PRIVMSG").tags["msgid"]
    bob.say(f"CS REPORT #a {number}")
    eve.say(f"REDACT #a {number}")
    ann.read()
    shown = sentences(ann.say("CS REPORTS #a"))
    assert "deleted, or too old" in shown[1]
    assert all("secret" not in each for each in shown)


def test_a_report_is_closed(ann: Person, bob: Person, eve: Person) -> None:
    """Numbers are not used again."""
    bob.say("CS REPORT #a eve")
    assert "Closed: 1." in sentences(ann.say("CS REPORTS #a CLOSE 1"))
    assert sentences(ann.say("CS REPORTS #a CLOSE 1")) == ["There is no such report in #a."]
    bob.say("CS REPORT #a eve")
    assert sentences(ann.say("CS REPORTS #a"))[-3].startswith("2. ")
    assert "Closed: 1." in sentences(ann.say("CS REPORTS #a CLOSE *"))


def test_reports_of_one_user_are_bounded(town: Town, bob: Person, eve: Person) -> None:
    """The same message once, and five in all."""
    answers = []
    for number in range(6):
        eve.say(f"PRIVMSG #a :{number}")
        bob.read()
        answers += sentences(bob.say("CS REPORT #a eve"))
    assert answers[:5] == ["The operators of #a have your report."] * 5
    assert answers[5] == "Too many reports wait for the operators of #a."
    moderation = town.world.channels["#a"].moderation
    assert moderation is not None
    assert len(moderation.reports) == 5


def test_a_message_is_reported_once(bob: Person, eve: Person) -> None:
    """A second time says so."""
    bob.say("CS REPORT #a eve")
    assert sentences(bob.say("CS REPORT #a eve")) == ["You have reported this message already."]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("CS REPORT #a zoe", "There is no such message in #a, or it is too old."),
        ("CS REPORT #b eve", "There is no channel #b."),
        ("CS REPORTS #a", "You are not an operator of #a."),
        ("CS REPORTS #a CLOSE *", "You are not an operator of #a."),
    ],
)
def test_what_is_not_possible_is_answered(bob: Person, eve: Person, line: str, answer: str) -> None:
    """With a sentence."""
    bob.read()
    assert sentences(bob.say(line)) == [answer]


def test_a_stranger_reports_nothing(town: Town, eve: Person) -> None:
    """A user that cannot read the messages cannot ask for them by a report."""
    zoe = town.person("zoe", host="192.0.2.4")
    assert sentences(zoe.say("CS REPORT #a eve")) == ["You are not in #a."]
    assert commands(eve.read()) == []


def test_reports_persist_and_go_with_their_account(town: Town, bob: Person, eve: Person) -> None:
    """A report has the nickname of the user that made it."""
    account = Account("bob", "bob", 0, 7)
    assert bob.session.user is not None
    bob.session.user.set_account(account)
    bob.say("CS REPORT #a eve :why")
    channel = town.world.channels["#a"]
    assert channel.moderation is not None
    state = registered_channels.to_state(channel)["moderation"]
    assert ChannelModeration.from_state(state).reports == channel.moderation.reports
    apply(town.world, AccountDeleted(account))
    assert channel.moderation.reports == ()

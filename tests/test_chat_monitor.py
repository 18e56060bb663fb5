"""MONITOR: notices of users that come and go (IRCv3 monitor, extended-monitor)."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message


@pytest.fixture
def town() -> Town:
    """Return a world in which nobody is yet."""
    return Town(lengths=Lengths(monitor_entries=3))


def said(messages: list[Message]) -> list[tuple[str, str]]:
    """Return commands and last parameters."""
    return [(message.command, message.params[-1]) for message in messages]


def test_isupport_tells_the_limit(town: Town) -> None:
    """ "Support of this specification is indicated by the MONITOR token in RPL_ISUPPORT"."""
    assert any("MONITOR=3" in message.params for message in town.person("ann").say("VERSION"))


def test_adding_tells_who_is_here(town: Town) -> None:
    """ "the server will generate RPL_MONONLINE numerics listing those targets that are online",
    RPL_MONOFFLINE the others.
    """
    town.person("Bob")
    replies = town.person("ann").say("MONITOR + bob,eve,Tom")
    assert said(replies) == [("730", "Bob!Bob@192.0.2.1"), ("731", "eve,Tom")]


def test_a_nickname_is_told_once(town: Town) -> None:
    """Also one that a request names twice, in forms that are the same nickname."""
    town.person("Bob")
    replies = town.person("ann").say("MONITOR + bob,BOB,tom,Tom,tom")
    assert said(replies) == [("730", "Bob!Bob@192.0.2.1"), ("731", "tom")]


def test_coming_and_going_is_told(town: Town) -> None:
    """A client is notified of a target that comes or quits, also without a common channel."""
    ann = town.person("ann")
    ann.say("MONITOR + bob")
    bob = town.newcomer()
    bob.say("NICK Bob", "USER bob 0 * :Bob")
    assert said(ann.read()) == [("730", "Bob!bob@192.0.2.1")]
    bob.leave()
    assert said(ann.read()) == [("731", "Bob")]


def test_a_new_nickname_is_a_going_and_a_coming(town: Town) -> None:
    """Clients that monitor either nickname are notified; a change of case is none."""
    bob, ann, eve = town.person("bob"), town.person("ann"), town.person("eve")
    ann.say("MONITOR + bob")
    eve.say("MONITOR + rob")
    bob.say("NICK BOB")
    assert ann.read() == []
    eve.read()
    bob.say("NICK Rob")
    assert said(ann.read()) == [("731", "BOB")]
    assert said(eve.read()) == [("730", "Rob!bob@192.0.2.1")]


def test_who_does_not_watch_is_not_told(town: Town) -> None:
    """ "Removes the given list of targets"; "No output will be returned for use of this
    command".
    """
    ann, eve = town.person("ann"), town.person("eve")
    assert commands(ann.say("MONITOR + bob")) == ["731"]
    assert ann.say("MONITOR - BOB,nobody,!") == []
    town.newcomer().say("NICK bob", "USER bob 0 * :Bob")
    assert ann.read() == eve.read() == []


def test_clear_and_list(town: Town) -> None:
    """RPL_MONLIST with the targets as they were written, then RPL_ENDOFMONLIST; C clears without
    output.
    """
    ann = town.person("ann")
    ann.say("MONITOR + Bob,eve")
    assert said(ann.say("MONITOR L")) == [("732", "Bob,eve"), ("733", "End of MONITOR list")]
    assert ann.say("MONITOR c") == []
    assert commands(ann.say("MONITOR L")) == ["733"]


def test_status(town: Town) -> None:
    """ "Outputs for each target in the list being monitored, whether the client is online or
    offline".
    """
    ann = town.person("ann")
    assert ann.say("MONITOR S") == []
    ann.say("MONITOR + bob,eve")
    town.person("bob")
    assert said(ann.say("MONITOR S")) == [("730", "bob!bob@192.0.2.1"), ("731", "eve")]


def test_the_list_is_bounded(town: Town) -> None:
    """ERR_MONLISTFULL with "the list of targets, as the client sent them, that cannot be added";
    repeated ones take no place.
    """
    ann = town.person("ann")
    replies = ann.say("MONITOR + a1,A1,a2,a2", "MONITOR + a3,a1,A4,a5")
    assert find(replies, "734").params == ("ann", "3", "A4,a5", "Monitor list is full.")
    assert said(ann.say("MONITOR L"))[0] == ("732", "a1,a2,a3")


@pytest.mark.parametrize("target", ["*!ann@192.0.2.1", "#a", "a b", "x" * 33])
def test_a_target_is_a_nickname(town: Town, target: str) -> None:
    """ "'target' MUST be a valid nick as determined by the IRC daemon"."""
    ann = town.person("ann")
    assert commands(ann.say(f"MONITOR + :{target}")) == ["432"]
    assert commands(ann.say("MONITOR L")) == ["733"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("MONITOR", "461"), ("MONITOR +", "461"), ("MONITOR -", "461"), ("MONITOR ? a", "400")],
)
def test_what_is_not_understood_is_said(town: Town, line: str, expected: str) -> None:
    """Bad input gets a clear answer."""
    assert commands(town.person("ann").say(line)) == [expected]


def test_long_answers_are_split_between_targets() -> None:
    """ "the length of the target list is limited only by the buffer size of 512 chars"; no target
    is cut.
    """
    ann = Town().person("ann")
    nicks = [f"n{number:031}" for number in range(40)]
    for start in range(0, 40, 10):
        ann.say(f"MONITOR + {','.join(nicks[start : start + 10])}")
    for modifier, command in (("L", "732"), ("S", "731")):
        replies = [
            message for message in ann.say(f"MONITOR {modifier}") if message.command == command
        ]
        assert len(replies) > 1
        assert ",".join(message.params[-1] for message in replies).split(",") == nicks


def test_too_many_targets_at_once_are_all_named() -> None:
    """The failures may take more than one line."""
    ann = Town(lengths=Lengths(monitor_entries=1)).person("ann" * 10)
    nicks = [f"n{number:031}" for number in range(14)]
    replies = [
        message for message in ann.say(f"MONITOR + {','.join(nicks)}") if message.command == "734"
    ]
    assert ",".join(message.params[2] for message in replies).split(",") == nicks[1:]
    assert {message.params[-1] for message in replies} == {"Monitor list is full."}


def test_who_leaves_watches_no_more(town: Town) -> None:
    """Nothing of a session is kept when it is gone."""
    ann = town.person("ann")
    ann.say("MONITOR + bob,ann")
    ann.leave()
    monitor = town.world.monitor
    assert monitor.count(ann.session) == 0
    assert monitor.watchers("bob") == monitor.watchers("ann") == ()


def extended(town: Town, caps: str) -> tuple[Person, Person]:
    """Return a client that monitors bob, and bob, without a common channel."""
    ann, bob = town.person("ann", caps=caps), town.person("bob")
    ann.say("MONITOR + bob")
    return ann, bob


@pytest.mark.parametrize(
    ("cap", "line", "expected"),
    [
        ("away-notify", "AWAY :tea", ("AWAY", "tea")),
        ("setname", "SETNAME :Robert", ("SETNAME", "Robert")),
    ],
)
def test_news_of_who_is_watched(town: Town, cap: str, line: str, expected: tuple[str, str]) -> None:
    """ "If away-notify is also enabled, the client will get AWAY notifications for monitored
    nicks"; so with setname.
    """
    ann, bob = extended(town, f"extended-monitor {cap}")
    bob.say(line)
    assert said(ann.read()) == [expected]


def test_logins_of_who_is_watched() -> None:
    """ "If account-notify is also enabled, the client will get ACCOUNT notifications for monitored
    nicks".
    """
    keeper = OpenAccounts()
    keeper.add("rob", "password")
    ann, bob = extended(
        Town(storage=StoragePorts(history=ListHistory(), accounts=keeper)),
        "extended-monitor account-notify",
    )
    bob.say("NS IDENTIFY rob password", "NS LOGOUT")
    assert said(ann.read()) == [("ACCOUNT", "rob"), ("ACCOUNT", "*")]


@pytest.mark.parametrize("caps", ["extended-monitor", "away-notify", "extended-monitor setname"])
def test_no_news_without_both_capabilities(town: Town, caps: str) -> None:
    """What was not asked for is not sent."""
    ann, bob = extended(town, caps)
    bob.say("AWAY :tea")
    assert ann.read() == []


def test_news_come_once(town: Town) -> None:
    """A client that also shares a channel with the target is notified once."""
    ann, bob = extended(town, "extended-monitor away-notify")
    ann.say("JOIN #a")
    bob.say("JOIN #a")
    ann.read()
    bob.say("AWAY :tea")
    assert commands(ann.read()) == ["AWAY"]


def test_watching_oneself(town: Town) -> None:
    """The labelled response to NICK contains the notice of the client's own nickname."""
    ann = town.person("ann", caps="labeled-response batch")
    ann.say("MONITOR + rob,ann")
    replies = ann.say("@label=x NICK rob")
    assert commands(replies) == ["BATCH", "NICK", "731", "730", "BATCH"]


def test_nothing_is_left_of_a_watch(town: Town) -> None:
    """No entry is left of clients that have quit, whatever nicknames they monitored."""
    ann, bob = town.person("ann"), town.person("bob")
    for person in (ann, bob):
        person.say("MONITOR + nobody,nothing")
    ann.say("MONITOR - nobody")
    bob.leave()
    assert town.world.monitor.nicks() == ("nothing",)
    ann.say("MONITOR C")
    assert town.world.monitor.nicks() == ()

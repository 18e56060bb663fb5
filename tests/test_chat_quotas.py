"""Quotas of the history: no client fills the disk of a server, and conversations never reach
them.
"""

import logging

import pytest

from storage_fakes import ListHistory
from support import Person, Town
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply.users import set_account
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.quotas import Room
from trio_chat.chat.response import WORK_PER_LINE
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message

HOUR = 3600


def quota_town(rows: int = 5, size: int = 0) -> Town:
    """Return a town with a quota, and a memory."""
    history = ListHistory()
    town = Town(
        lengths=Lengths(stored_per_hour=rows, stored_bytes_per_hour=size),
        storage=StoragePorts(history=history),
    )
    town.person("host", "#a", host="203.0.113.1")
    return town


def remembered(town: Town) -> list[str]:
    """Return the texts that are remembered."""
    assert town.world.storage is not None
    history = town.world.storage.history
    assert isinstance(history, ListHistory)
    return [record.text for record in history.said]


def events(town: Town, command: str) -> int:
    """Return how many events of a kind are remembered."""
    assert town.world.storage is not None
    history = town.world.storage.history
    assert isinstance(history, ListHistory)
    return sum(record.command == command for record in history.records)


def failures(messages: list[Message]) -> list[tuple[str, ...]]:
    """Return what was refused, and why."""
    return [message.params[:2] for message in messages if message.command in ("FAIL", "NOTE")]


def flood(person: Person, count: int, text: str = "x") -> list[Message]:
    """Have a person send messages, and return the replies."""
    return person.say(*[f"PRIVMSG #a :{text}{number}" for number in range(count)])


def test_what_is_too_much_is_refused_and_not_remembered() -> None:
    """The sender gets an error, and another address is not affected."""
    town = quota_town()
    ann, bob = (
        town.person("ann", "#a", host="192.0.2.1"),
        town.person("bob", "#a", host="192.0.2.2"),
    )
    answers = flood(ann, 6)  # her JOIN is one of five
    assert failures(answers) == [("PRIVMSG", "QUOTA_EXCEEDED")] * 2
    assert "within the last hour" in answers[0].params[-1]
    assert [message.params[-1] for message in bob.read() if message.command == "PRIVMSG"] == [
        "x0",
        "x1",
        "x2",
        "x3",
    ]
    assert not failures(flood(bob, 3, "y"))
    assert remembered(town) == ["x0", "x1", "x2", "x3", "y0", "y1", "y2"]


def test_room_comes_back_with_time() -> None:
    """An hour is spread evenly: after a fifth of it, a fifth of the quota is there again."""
    town = quota_town()
    ann = town.person("ann", "#a")
    flood(ann, 6)
    town.clock.now += HOUR / 5
    assert failures(flood(ann, 2)) == [("PRIVMSG", "QUOTA_EXCEEDED")]
    town.clock.now += HOUR
    assert not failures(flood(ann, 5))


@pytest.mark.parametrize(
    "line",
    ["PRIVMSG #a :{}", "@+draft/reply={} TAGMSG #a", "@+x={} PRIVMSG #a :hi", "NOTICE #a :{}"],
)
def test_bytes_count_wherever_they_are(line: str) -> None:
    """Text and client-only tags, which can be ten times as long."""
    town = quota_town(rows=1000, size=2000)
    ann = town.person("ann", "#a", caps="message-tags")
    answers = ann.say(*[line.format("x" * 400) for _ in range(5)])
    assert 1 <= len(failures(answers)) <= 3


def test_the_lines_of_a_batch_count_together() -> None:
    """A message of several lines is as many bytes as its lines."""
    town = quota_town(rows=1000, size=2000)
    ann = town.person("ann", "#a", caps="draft/multiline batch message-tags")
    lines = [f"@batch=1 PRIVMSG #a :{'x' * 400}"] * 6
    assert ("PRIVMSG", "QUOTA_EXCEEDED") in failures(
        ann.say("BATCH +1 draft/multiline #a", *lines, "BATCH -1")
    )
    assert not remembered(town)


def test_what_is_not_remembered_does_not_count() -> None:
    """Guests talk to each other as much as the budget against floods allows."""
    town = quota_town()
    ann = town.person("ann")
    town.person("bob")
    assert not failures(ann.say(*["PRIVMSG bob :hi"] * 20))


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
    ],
)
def test_an_address_is_counted_whatever_its_clients_are_called(
    one: str, other: str, *, is_one: bool
) -> None:
    """Of IPv6 a /64 is one: that is what one person has."""
    assert (rate_limit_key(one) == rate_limit_key(other)) is is_one
    town = quota_town()
    flood(town.person("ann", "#a", host=one), 6)
    assert bool(failures(flood(town.person("bob", "#a", host=other), 1))) is is_one


def test_an_account_is_counted_wherever_it_comes_from() -> None:
    """Many addresses do not make many quotas."""
    town = quota_town()
    for number, nick in enumerate(("ann", "bob")):
        person = town.person(nick, "#a", host=f"192.0.2.{number}")
        assert person.session.user is not None
        set_account(town.world, person.session.user, Account("ann", "ann", 0, 1))
        assert bool(failures(flood(person, 3))) is (nick == "bob")


def test_what_nobody_else_sees_is_not_remembered() -> None:
    """A hundred channels of one's own are no hundred rows for each nickname."""
    town = quota_town(rows=1000)
    ann = town.person("ann")
    ann.say(
        "JOIN " + ",".join(f"#c{number}" for number in range(50)),
        "NICK anna",
        "TOPIC #c1 :x",
        "MODE #c1 +m",
        "PART #c1 :x",
    )
    assert not any(events(town, command) for command in ("JOIN", "NICK", "PART"))
    assert (events(town, "TOPIC"), events(town, "MODE")) == (
        1,
        1,
    )  # what a channel is like its only member reads again
    ann.leave()
    assert not events(town, "QUIT")


def test_what_happens_beyond_the_quota_happens_unremembered() -> None:
    """A client can always leave and change its nickname; others see it, the client gets one notice
    and is slowed.
    """
    town = quota_town(rows=20)
    ann, bob = town.person("ann"), town.person("bob", host="192.0.2.2")
    names = ",".join(f"#c{number}" for number in range(8))
    bob.say(f"JOIN {names}")
    ann.say(f"JOIN {names}")
    assert events(town, "JOIN") == 8
    costs = [
        handle_line(town.world, ann.session, f"NICK ann{number}".encode()) for number in range(4)
    ]
    for output in costs:
        town.deliver(output, ann)
    assert events(town, "NICK") == 8  # of the first one
    assert [output.cost for output in costs] == [2, 12, 12, 12]
    assert failures(ann.read()) == [("NICK", "QUOTA_EXCEEDED")]
    assert [message.command for message in bob.read()].count("NICK") == 4


def test_what_awaits_its_turn_counts_as_well() -> None:
    """A JOIN that is carried out later, because many clients wait, is no way around the quota."""
    town = quota_town(rows=1)
    ann = town.person("ann", "#a")
    ann.say("PRIVMSG #a :x", "PART #a")
    ann.session.quota_notified = -HOUR
    first = handle_line(town.world, ann.session, b"JOIN #a", lambda: True)
    assert first.more is not None
    second = first.more()
    town.deliver(second, ann)
    assert failures(ann.read()) == [("JOIN", "QUOTA_EXCEEDED")]
    assert second.work > 9 * WORK_PER_LINE


@pytest.mark.parametrize(
    "line",
    ["TOPIC #own :x", "MODE #own +b x!*@*", "METADATA * SET avatar :x", "RENAME #own #other"],
)
def test_what_lasts_is_not_changed_beyond_the_quota(line: str) -> None:
    """Refused before anything changes."""
    town = quota_town()
    ann = town.person("ann", "#a", "#own", caps="draft/metadata-2")
    flood(ann, 6)
    assert failures(ann.say(line))
    channel = town.world.channels["#own"]
    assert (channel.topic, channel.lists["b"], ann.session.user and ann.session.user.metadata) == (
        None,
        {},
        {},
    )


def test_questions_are_answered_beyond_the_quota() -> None:
    """Only what is written down is limited."""
    town = quota_town()
    ann = town.person("ann", "#a")
    flood(ann, 6)
    for line in (
        "TOPIC #a",
        "MODE #a",
        "MODE #a b",
        "WHO #a",
        "MARKREAD #a",
        "PRIVMSG NickServ :HELP",
    ):
        assert not failures(ann.say(line)), line


def test_operators_and_the_exempt_have_no_quota() -> None:
    """Addresses in `flood_exempt` are exempt here, too."""
    town = quota_town()
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", host="192.0.2.2")
    assert ann.session.user is not None
    town.appoint(ann.session.user, Operator(name="ann"))
    bob.session.payer = ""
    assert not failures(flood(ann, 50))
    assert not failures(flood(bob, 50))


def test_a_quota_that_is_used_up_is_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And again when it has been all right in between."""
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    town = quota_town()
    ann = town.person("ann", "#a")
    flood(ann, 50)
    assert sum("quota" in record.getMessage() for record in caplog.records) == 1
    town.clock.now += HOUR
    flood(ann, 50)
    assert sum("quota" in record.getMessage() for record in caplog.records) == 2


@pytest.mark.parametrize(
    ("room", "may_talk"),
    [
        (Room.EVERYBODY, "guest account staff"),
        (Room.ACCOUNTS, "account staff"),
        (Room.OPERATORS, "staff"),
    ],
)
def test_the_last_room_is_kept(room: Room, may_talk: str) -> None:
    """While the disk is nearly full, guests are refused first, then accounts."""
    town = quota_town(rows=1000)
    people = {name: town.person(name, "#a") for name in ("guest", "account", "staff")}
    account, staff = people["account"].session.user, people["staff"].session.user
    assert account is not None
    assert staff is not None
    set_account(town.world, account, Account("account", "account", 0, 1))
    town.appoint(staff, Operator(name="staff"))
    town.world.quotas.set_room("", room)
    assert [
        name for name, person in people.items() if not failures(flood(person, 1))
    ] == may_talk.split()
    assert len(remembered(town)) == len(may_talk.split())

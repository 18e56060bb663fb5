"""Scheduled messages: AT and REMIND of NickServ, and what becomes of a message when it is due."""

from datetime import UTC, datetime

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, find
from trio_chat.chat import snapshot
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    AccountDeleted,
    BanSet,
    ProbationBegun,
    ScheduledMessageDue,
    ScheduledMessageMoved,
)
from trio_chat.chat.events import Event, Output
from trio_chat.chat.moderation.probation import ModerationRules
from trio_chat.chat.moderation.probation_rules import account_key
from trio_chat.chat.scheduled import (
    LONGEST,
    MOST,
    MOST_AT_ONCE,
    TAG,
    ScheduledMessage,
    iso_time,
    parse_offset,
    parse_time,
    shown_time,
)
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

CAPS = "message-tags server-time account-tag echo-message"
HOUR = 3600


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return accounts for ann and bob."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    accounts.add("bob", "secret")
    accounts.add("eve", "secret")
    return accounts


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts, playback=0))


def person(town: Town, nick: str, *channels: str, host: str = "192.0.2.1") -> Person:
    """Return a user that is logged in to the account of its nickname."""
    newcomer = town.newcomer(host)
    newcomer.say(f"CAP REQ :{CAPS}", f"NICK {nick}-", f"USER {nick} 0 * :{nick}", "CAP END")
    newcomer.say(f"NS IDENTIFY {nick} secret", f"NICK {nick}")
    newcomer.say(*(f"JOIN {channel}" for channel in channels))
    return newcomer


def kept(town: Town, nick: str) -> list[str]:
    """Log in to an account; return what it has missed."""
    newcomer = town.person(f"{nick}-", caps=CAPS)
    lines = newcomer.say(f"NS IDENTIFY {nick} secret")
    newcomer.leave()
    start = "While you were away: "
    return [line.params[-1][len(start) :] for line in lines if line.params[-1].startswith(start)]


def sentences(messages: list[Message]) -> list[str]:
    """Return what NickServ said."""
    return [each.params[1] for each in messages if each.nick == "NickServ"]


def pass_time(town: Town, seconds: float = HOUR) -> list[Event]:
    """Let time pass, and have everything sent that is due then, as the timer does."""
    town.clock.now += seconds
    events: list[Event] = []
    for account, message in town.world.scheduled.due(town.clock.now):
        change = ScheduledMessageDue(account, message.id, int(town.clock.now))
        events += apply(town.world, change)
    nobody = Person(town, "192.0.2.99")
    town.deliver(Output(tuple(events)), nobody)
    nobody.leave()
    return events


def waiting(town: Town) -> list[ScheduledMessage]:
    """Return the messages that wait."""
    return [message for _, message in town.world.scheduled]


def test_a_message_is_sent_when_it_is_due(town: Town) -> None:
    """It comes from its owner, with a tag that only the server sets."""
    ann, bob = person(town, "ann", "#a"), town.person("ben", "#a", caps=CAPS)
    assert sentences(ann.say("NS :AT 20m #a good  morning")) == [
        "1. Will be sent to #a at 2027-01-15 08:20 UTC (in 20m). /msg NickServ AT CANCEL 1"
        " cancels it."
    ]
    pass_time(town, 1199)
    assert not bob.read()
    pass_time(town, 1)
    [message] = bob.read()
    assert (message.nick, message.params) == ("ann", ("#a", "good  morning"))
    assert message.tags["account"] == "ann"
    assert message.tags[TAG] == "2027-01-15T08:20:00Z"
    assert find(ann.read(), "PRIVMSG") == message
    assert not waiting(town)


def test_a_client_cannot_say_that_a_message_was_scheduled(town: Town) -> None:
    """The tag is no client-only tag."""
    ann, bob = person(town, "ann", "#a"), town.person("ben", "#a", caps=CAPS)
    ann.say(f"@{TAG}=x;+{TAG}=y PRIVMSG #a :hello")
    assert TAG not in bob.read()[0].tags


def test_a_second_change_sends_nothing(town: Town) -> None:
    """In a cluster two nodes may find out at the same time that a message is due."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 20m #a hello")
    [message] = waiting(town)
    change = ScheduledMessageDue(1, message.id, int(NOON) + HOUR)
    assert apply(town.world, change)
    assert not apply(town.world, change)


def test_a_late_message_says_so(town: Town) -> None:
    """As when the server was down for more than an hour."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 20m #a hello")
    ann.read()
    pass_time(town, 1200 + HOUR + 1)
    assert ann.read()[0].params[1] == "hello (scheduled for 2027-01-15 08:20 UTC)"


@pytest.mark.parametrize(
    ("word", "due"),
    [
        ("20m", NOON + 1200),
        ("5", NOON + 300),
        ("1h30m", NOON + 5400),
        ("2027-01-16T09:00Z", datetime(2027, 1, 16, 9, tzinfo=UTC).timestamp()),
        ("2027-01-16t09:00:30z", datetime(2027, 1, 16, 9, 0, 30, tzinfo=UTC).timestamp()),
        ("2027-01-16T09:00:30.123Z", datetime(2027, 1, 16, 9, 0, 30, tzinfo=UTC).timestamp()),
        ("2027-01-16T09:00", datetime(2027, 1, 16, 9, tzinfo=UTC).timestamp()),
        ("2027-01-16T09:00+03:00", datetime(2027, 1, 16, 6, tzinfo=UTC).timestamp()),
        ("2027-01-16T09:00-0330", datetime(2027, 1, 16, 12, 30, tzinfo=UTC).timestamp()),
        ("2027-02-30T09:00Z", None),
        ("2027-01-16T25:00Z", None),
        ("0001-01-01T00:00+14:00", None),
        ("2027-01-16", None),
        ("0", None),
        ("-5m", None),
        ("soon", None),
        ("٢٠m", None),
        ("99999999999y", None),
    ],
)
def test_times(word: str, due: float | None) -> None:
    """Durations, and times of ISO 8601."""
    moment = parse_time(word, NOON)
    assert (moment.timestamp() if moment else None) == due


def test_times_are_shown_with_their_zone() -> None:
    """So that one reads them as they were written."""
    moment = parse_time("2027-01-16T09:00+05:30", NOON)
    assert moment is not None
    due = int(moment.timestamp())
    assert shown_time(due, moment.tzinfo or UTC) == "2027-01-16 09:00 +05:30"
    assert iso_time(due, moment.tzinfo or UTC) == "2027-01-16T09:00:00+05:30"
    assert parse_offset("nonsense") is None


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT soon #a x", "soon is no time such as 20m, 2h30m or 2030-01-31T09:00Z."),
        ("AT 2001-01-01T00:00Z #a x", "2001-01-01 00:00 UTC is over"),
        (f"AT {LONGEST + 60}s #a x", "A message can wait for a year at most."),
        ("AT 20m #none x", "There is no channel #none."),
        ("AT 20m #b x", "Not scheduled: Cannot send to channel."),
        ("AT 20m nobody x", "nobody has no account"),
        ("AT 20m guest x", "guest has no account"),
        ("AT 20m #a", "Usage: /msg NickServ AT"),
        ("AT CANCEL 7", "There is no message 7 that waits."),
        ("AT CANCEL 7 8", "Usage: /msg NickServ AT"),
        ("REMIND soon x", "soon is no time"),
        ("REMIND 5m", "Usage: /msg NickServ REMIND"),
        (f"AT 20m #a {'x' * 480}", "The text is too long for one message."),
    ],
)
def test_what_is_refused(town: Town, line: str, answer: str) -> None:
    """With a reason, and nothing waits."""
    ann = person(town, "ann", "#a")
    town.person("guest", "#b")
    assert sentences(ann.say(f"NICKSERV :{line}"))[0].startswith(answer)
    assert not waiting(town)


def test_it_takes_an_account(town: Town) -> None:
    """So that nobody can have as much waiting as there are nicknames."""
    guest = town.person("guest", "#a")
    assert sentences(guest.say("NS AT 20m #a x")) == [LOG_IN_FIRST]
    assert sentences(guest.say("NS REMIND 20m x")) == [LOG_IN_FIRST]


def test_the_number_of_messages_is_bounded(town: Town) -> None:
    """All together, and within a minute."""
    ann = person(town, "ann", "#a")
    for _ in range(MOST_AT_ONCE):
        ann.say("NS AT 2027-01-16T09:00:10Z #a x")
    assert "within a minute" in sentences(ann.say("NS AT 2027-01-16T09:00:50Z #a x"))[0]
    for number in range(MOST - MOST_AT_ONCE):
        ann.say(f"NS REMIND {number + 1}h30m x")
    assert f"You have {MOST} messages" in sentences(ann.say("NS REMIND 90h x"))[0]
    assert len(waiting(town)) == MOST


@pytest.mark.parametrize("text", ["/me waves", "\x01ACTION waves\x01"])
def test_an_action_is_sent_later_as_one(text: str, town: Town) -> None:
    """As where users type it; what is said of a delay belongs to it."""
    ann, bob = person(town, "ann", "#a"), person(town, "bob", "#a")
    ann.say(f"NS AT 2h #a :{text}", f"NS AT 20m #a :{text}")
    assert f"to #a: {text}" in sentences(ann.say("NS AT LIST"))[0]
    pass_time(town, 2 * HOUR)
    late, punctual = (each.params[1] for each in bob.read())
    assert punctual == "\x01ACTION waves\x01"
    assert late == "\x01ACTION waves (scheduled for 2027-01-15 08:20 UTC)\x01"


def test_messages_are_listed_and_cancelled(town: Town) -> None:
    """By numbers of one's own."""
    ann, bob = person(town, "ann", "#a"), person(town, "bob", "#a")
    ann.say("NS AT 2h #a second", "NS REMIND 1h first")
    assert sentences(ann.say("NS AT LIST +03:00")) == [
        "2. 2027-01-15T12:00:00+03:00 reminder: first",
        "1. 2027-01-15T13:00:00+03:00 to #a: second",
        f"2 of at most {MOST} messages wait to be sent.",
    ]
    assert sentences(bob.say("NS AT")) == [f"0 of at most {MOST} messages wait to be sent."]
    assert "no message 1" in sentences(bob.say("NS AT CANCEL 1"))[0]
    assert sentences(ann.say("NS AT CANCEL 1")) == ["Message 1 is cancelled."]
    pass_time(town, 3 * HOUR)
    assert [each.params[1] for each in bob.read()] == []


def test_a_number_is_not_used_again(town: Town) -> None:
    """Who reads of a message and cancels it by its number would cancel another one."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 1h #a sent", "NS AT 2h #a cancelled", "NS AT CANCEL 2")
    pass_time(town, HOUR)
    state = snapshot.take(town.world)
    other = Town(storage=town.world.storage)
    snapshot.restore(other.world, state)
    for there in (town, other):
        assert there.world.scheduled.next_number(1) == 3
    assert town.world.accounts is not None
    apply(town.world, AccountDeleted(town.world.accounts.known["ann"]))
    assert town.world.scheduled.accounts() == []


def test_the_list_has_times_by_the_clock_of_their_day(town: Town) -> None:
    """A client names the times from which its offset is another one."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 2027-03-28T02:59:59+02:00 #a x", "NS AT 2027-03-28T03:00+02:00 #a y")
    ann.say("NS AT 2027-12-01T12:00Z #a z")
    times = "+01:00 2027-03-28T03:00+02:00 2027-10-31T02:00+01:00"
    shown = sentences(ann.say(f"NICKSERV AT LIST {times}"))
    assert [line.split()[1] for line in shown[:-1]] == [
        "2027-03-28T01:59:59+01:00",
        "2027-03-28T03:00:00+02:00",
        "2027-12-01T13:00:00+01:00",
    ]
    assert sentences(ann.say(f"NS AT LIST {times}")) == shown
    first, *_, note, _ = sentences(ann.say("NS AT LIST Europe/Berlin x"))
    assert first.split()[1] == "2027-03-28T00:59:59Z"
    assert note == "Europe/Berlin is no offset such as +02:00, so these times are of UTC."


def test_a_message_is_moved(town: Town) -> None:
    """To another time, within the same limits, by its owner."""
    ann, bob = person(town, "ann", "#a"), person(town, "bob", "#a")
    ann.say("NS AT 2h #a hello")
    assert sentences(ann.say("NS AT MOVE 1 2027-01-15T12:00+03:00")) == [
        "Message 1 will be sent at 2027-01-15 12:00 +03:00."
    ]
    assert [one.due for one in waiting(town)] == [int(NOON) + HOUR]
    assert "no message 1" in sentences(bob.say("NS AT MOVE 1 3h"))[0]
    bob.read()
    pass_time(town)
    assert [each.params[1] for each in bob.read()] == ["hello"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT MOVE 1 soon", "soon is no time"),
        ("AT MOVE 1 2001-01-01T00:00Z", "2001-01-01 00:00 UTC is over"),
        (f"AT MOVE 1 {LONGEST + 60}s", "A message can wait for a year at most."),
        ("AT MOVE 1 3h #a x", "3h #a x is no time"),
        ("AT MOVE 1", "Usage: /msg NickServ AT"),
        ("AT MOVE 9 3h", "There is no message 9"),
        ("AT MOVE 1 2027-01-16T09:00:50Z", "Only 5 messages can be sent within a minute."),
    ],
)
def test_what_is_not_moved(town: Town, line: str, answer: str) -> None:
    """It is sent when it was to be."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 2h #a x", *(["NS AT 2027-01-16T09:00Z #a y"] * MOST_AT_ONCE))
    before = waiting(town)
    assert sentences(ann.say(f"NICKSERV :{line}"))[0].startswith(answer)
    assert waiting(town) == before


def test_a_message_that_was_cancelled_is_not_moved(town: Town) -> None:
    """In a cluster another session of its owner may cancel it at the same time."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 2h #a x")
    [message] = waiting(town)
    ann.say("NS AT CANCEL 1")
    assert not apply(town.world, ScheduledMessageMoved(1, message.id, int(NOON) + HOUR))
    assert not waiting(town)


@pytest.mark.parametrize(
    ("before", "why_not"),
    [
        ("MODE #a +b ann!*@*", "Cannot send to channel"),
        ("MODE #a +m", "Cannot send to channel"),
        ("KICK #a ann", "Cannot send to channel"),
        ("CS FILTER #a ADD refuse hello", "the operators of #a do not allow a word"),
        ("CS FILTER #a ADD hold hello", "waits for an operator of #a to release it"),
    ],
)
def test_the_rules_count_when_it_is_sent(town: Town, before: str, why_not: str) -> None:
    """A message is nothing that its owner could not send then; the owner learns why."""
    bob, ann = person(town, "bob", "#a"), person(town, "ann", "#a")
    ann.say("NS AT 20m #a hello")
    bob.say(before)
    ann.read()
    pass_time(town)
    [notice] = sentences(ann.read())
    assert notice.startswith("Not sent to #a: ")
    assert why_not in notice
    assert notice.endswith("The text was: hello")
    assert not [each for each in bob.read() if each.nick == "ann"]


def test_slow_mode_counts(town: Town) -> None:
    """Of two messages within its time, one is sent."""
    bob, ann = person(town, "bob", "#a"), person(town, "ann", "#a")
    bob.say("MODE #a +W 60")
    ann.say("NS AT 20m #a one", "NS AT 20m #a two")
    bob.read()
    pass_time(town)
    assert [each.params[1] for each in bob.read() if each.nick == "ann"] == ["one"]
    assert "is in slow mode" in sentences(ann.read())[-1]


def test_a_suspended_account_sends_nothing(town: Town) -> None:
    """Though the message was written before."""
    ann, bob = person(town, "ann", "#a"), person(town, "bob", "#a")
    ann.say("NS AT 20m #a hello")
    ann.leave()
    bob.read()
    ban = Ban(BanKind.ACCOUNT, "ann", "root", "Spam", int(NOON), 0, 1)
    town.deliver(Output(tuple(apply(town.world, BanSet(ban)))), bob)
    pass_time(town)
    assert not [each for each in bob.read() if each.nick == "ann"]


def test_a_message_is_sent_while_its_owner_is_not_here(town: Town) -> None:
    """Under the name of the account."""
    bob = person(town, "bob", "#a")
    ann = person(town, "ann", "#a", host="192.0.2.7")
    ann.say("NS AT 20m #a hello")
    ann.leave()
    bob.read()
    pass_time(town)
    [message] = bob.read()
    assert message.source == "ann!ann@192.0.2.7"
    assert message.params == ("#a", "hello")
    assert len(town.world.channels["#a"].members) == 1
    assert message.tags["account"] == "ann"


@pytest.mark.parametrize(
    ("before", "why_not"),
    [
        ("MODE #a +b *!*@192.0.2.7", "could not join #a: Cannot join channel (+b)"),
        ("MODE #a +i", "could not join #a: Cannot join channel (+i)"),
        ("MODE #a +k key", "could not join #a: Cannot join channel (+k)"),
        ("MODE #a +m", "Cannot send to channel"),
        ("PART #a", "there is no such channel"),
        ("CS FILTER #a ADD refuse hello", "do not allow a word"),
    ],
)
def test_an_absent_owner_may_do_what_it_could_after_joining(
    town: Town, before: str, why_not: str
) -> None:
    """The notice of why not is kept until the owner is here."""
    bob = person(town, "bob", "#a")
    ann = person(town, "ann", "#a", host="192.0.2.7")
    ann.say("NS AT 20m #a hello")
    ann.leave()
    bob.say(before)
    bob.read()
    pass_time(town)
    assert not bob.read()
    [notice] = kept(town, "ann")
    assert why_not in notice
    assert not kept(town, "ann")


@pytest.mark.parametrize("left", ["PART #a", "KICK"])
@pytest.mark.parametrize("flag", ["+n", "-n"])
def test_an_owner_that_had_left_is_outside(town: Town, left: str, flag: str) -> None:
    """To log off gives it no rights that it had not before."""
    bob = person(town, "bob", "#a")
    ann = person(town, "ann", "#a", host="192.0.2.7")
    bob.say(f"MODE #a {flag}")
    ann.say("NS AT 20m #a hello")
    if left == "KICK":
        bob.say("KICK #a ann")
    else:
        ann.say(left)
    ann.leave()
    bob.read()
    pass_time(town)
    assert [each.params[1] for each in bob.read()] == ([] if flag == "+n" else ["hello"])
    if flag == "+n":
        assert kept(town, "ann") == ["Not sent to #a: Cannot send to channel. The text was: hello"]


def test_an_owner_that_has_come_back_is_inside(town: Town) -> None:
    """And another one that has never been there is not."""
    bob, ann = person(town, "bob", "#a"), person(town, "ann", "#a", host="192.0.2.7")
    eve = person(town, "eve", host="192.0.2.8")
    bob.say("MODE #a -n")
    ann.say("NS AT 20m #a hello", "PART #a", "JOIN #a")
    eve.say("NS AT 20m #a spam")
    bob.say("MODE #a +n")
    ann.leave()
    eve.leave()
    bob.read()
    pass_time(town)
    assert [each.params[1] for each in bob.read()] == ["hello"]


def test_an_owner_is_inside_as_long_as_one_of_its_users_is(town: Town) -> None:
    """One account may have two nicknames at the same time."""
    bob, ann = person(town, "bob", "#a"), person(town, "ann", "#a", host="192.0.2.7")
    other = town.newcomer("192.0.2.7")
    other.say("NICK phone", "USER ann 0 * :ann", "NS IDENTIFY ann secret", "JOIN #a")
    ann.say("NS AT 20m #a hello", "PART #a")
    assert [one.is_outside for one in waiting(town)] == [False]
    other.say("PART #a")
    assert [one.is_outside for one in waiting(town)] == [True]
    assert bob.read()


@pytest.mark.parametrize(
    ("kind", "mask"),
    [
        (BanKind.MASK, "*!*@192.0.2.7"),
        (BanKind.MASK, "ann!*@*"),
        (BanKind.ADDRESS, "192.0.2.0/24"),
    ],
)
@pytest.mark.parametrize("target", ["#a", "bob"])
def test_an_absent_owner_that_could_not_connect_says_nothing(
    town: Town, kind: BanKind, mask: str, target: str
) -> None:
    """A ban of the server counts when the message is sent."""
    bob = person(town, "bob", "#a", host="198.51.100.1")
    ann = person(town, "ann", "#a", host="192.0.2.7")
    ann.say(f"NS AT 20m {target} hello")
    ann.leave()
    bob.read()
    apply(town.world, BanSet(Ban(kind, mask, "root", "Spam", int(NOON), 0)))
    pass_time(town)
    assert not bob.read()
    notices = [notice.text for notice in town.world.scheduled.notices(1)]
    assert notices == [f"Not sent to {target}: you are banned: Spam. The text was: hello"]


def test_a_mute_of_a_real_name_counts_for_an_absent_owner(town: Town) -> None:
    """As it does for one that is here."""
    bob = person(town, "bob", "#a")
    ann = person(town, "ann", "#a", host="192.0.2.7")
    ann.say("NS AT 20m #a hello")
    ann.leave()
    bob.say("MODE #a +b m:r:ann")
    bob.read()
    pass_time(town)
    assert not bob.read()


def test_nobody_else_seems_to_have_said_it(accounts: OpenAccounts) -> None:
    """Where nicknames are not reserved, another user may have the name of the account."""
    town = Town(
        ServerInfo(account_rules=AccountRules(reservation="off")),
        storage=StoragePorts(history=ListHistory(), accounts=accounts, playback=0),
    )
    ann, bob = person(town, "ann", "#a", host="192.0.2.7"), person(town, "bob", "#a")
    ann.say("NS AT 20m #a hello")
    ann.leave()
    town.person("ann", "#a")
    bob.read()
    pass_time(town)
    assert not bob.read()
    [notice] = town.world.scheduled.notices(1)
    assert "somebody else is called ann" in notice.text


def test_an_absent_owner_may_write_to_a_user_on_probation(accounts: OpenAccounts) -> None:
    """Who may answer a user that is here; this one is not."""
    town = Town(
        ServerInfo(moderation=ModerationRules(probation_hours=24)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts, playback=0),
    )
    ann, bob = person(town, "ann"), person(town, "bob")
    apply(town.world, ProbationBegun(account_key(2)))
    ann.say("NS AT 20m bob hello")
    ann.leave()
    bob.read()
    pass_time(town)
    assert [each.params[1] for each in bob.read()] == ["hello"]


def test_one_learns_that_one_must_be_in_a_closed_channel(town: Town) -> None:
    """A message to a channel that its owner could not join would not be sent."""
    ann = person(town, "ann", "#a")
    ann.say("MODE #a +i")
    assert sentences(ann.say("NS AT 20m #a hello"))[0].endswith(
        "Be in #a then, as one cannot simply join it."
    )


def test_a_channel_is_found_by_its_new_name(town: Town) -> None:
    """It is the same channel."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 20m #a hello", "RENAME #a #b")
    ann.read()
    pass_time(town)
    assert ann.read()[0].params == ("#b", "hello")


def test_a_later_channel_of_the_same_name_gets_nothing(town: Town) -> None:
    """Others may have made it; the owner is not in it."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 20m #a hello", "PART #a")
    bob = person(town, "bob", "#a")
    bob.say("MODE #a -n")
    ann.read()
    pass_time(town)
    assert not [each for each in bob.read() if each.nick == "ann"]
    assert sentences(ann.read())[0].startswith("Not sent to #a: there is no such channel")


def test_a_private_message_goes_to_the_account(town: Town) -> None:
    """Whatever nickname its user has then."""
    ann, bob = person(town, "ann"), person(town, "bob")
    ann.say("NS AT 20m bob hello")
    bob.say("NICK robert")
    pass_time(town)
    assert find(bob.read(), "PRIVMSG").params == ("robert", "hello")
    assert find(ann.read(), "PRIVMSG").params == ("robert", "hello")


def test_a_private_message_to_nobody_is_not_sent(town: Town) -> None:
    """As with one that is written at that moment."""
    ann, bob = person(town, "ann"), person(town, "bob")
    ann.say("NS AT 20m bob hello")
    bob.leave()
    ann.read()
    pass_time(town)
    assert sentences(ann.read()) == ["Not sent to bob: nobody is here. The text was: hello"]


def test_a_reminder_comes_from_the_service(town: Town) -> None:
    """It is in the history, where each client of the account finds it."""
    ann = person(town, "ann")
    ann.say("NS REMIND 20m check the build")
    pass_time(town, 1200)
    [message] = ann.read()
    assert message.source == "NickServ!NickServ@chat.local"
    assert message.params == ("ann", "Reminder: check the build")
    assert [each.buffer for each in town.history.records] == ["1,~nickserv"]


def test_a_reminder_waits_for_its_owner(town: Town) -> None:
    """One that is not here gets it with the next login, once."""
    ann = person(town, "ann")
    ann.say("NS REMIND 20m check the build")
    ann.leave()
    pass_time(town)
    assert kept(town, "ann") == ["Reminder: check the build"]
    assert not town.world.scheduled.notices(1)


def test_a_deleted_account_has_nothing_that_waits(town: Town) -> None:
    """What it has not said is gone with it."""
    ann = person(town, "ann", "#a")
    ann.say("NS AT 20m #a hello", "NS DROP secret")
    assert not town.world.scheduled.accounts()
    assert not pass_time(town)


def test_a_snapshot_has_what_waits(town: Town) -> None:
    """With the notices that their owners have not seen."""
    ann = person(town, "ann", "#a")
    ann.say("NS REMIND 20m one", "NS AT 3h #a two")
    ann.leave()
    pass_time(town)
    assert town.world.storage is not None
    other = Town(storage=town.world.storage)
    snapshot.restore(other.world, snapshot.take(town.world))
    assert other.world.scheduled.to_state(1) == town.world.scheduled.to_state(1)
    assert waiting(other) == waiting(town)


def test_a_ctcp_query_is_refused_where_the_channel_refuses_it(town: Town) -> None:
    """As when it is sent."""
    bob, ann = person(town, "bob", "#a"), person(town, "ann", "#a")
    ann.say("NS AT 20m #a \x01VERSION\x01")
    bob.say("MODE #a +C")
    ann.read()
    pass_time(town)
    assert sentences(ann.read())[0].startswith("Not sent to #a: Cannot send to channel")

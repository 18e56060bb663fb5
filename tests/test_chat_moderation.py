"""Slow mode, filters and held messages of a channel."""

import json

import pytest

from moderation_fakes import CAPS, ann, bob, sentences, town
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat import registered_channels
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted
from trio_chat.chat.snapshot import world as snapshots
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

__all__ = ["ann", "bob", "town"]


def refused(messages: list[Message]) -> tuple[str, ...]:
    """Return the parameters of the only message, a FAIL."""
    assert commands(messages) == ["FAIL"]
    return messages[0].params


def test_slow_mode_lets_one_message_through(town: Town, ann: Person, bob: Person) -> None:
    """The answer says how long the sender has to wait."""
    ann.say("MODE #a +W 30")
    bob.read()
    assert commands(bob.say("PRIVMSG #a :one")) == ["PRIVMSG"]
    town.clock.now += 12.5
    fail = refused(bob.say("PRIVMSG #a :two"))
    assert fail[:3] == ("PRIVMSG", "SLOW_MODE", "#a")
    assert fail[3].endswith("in 18")
    town.clock.now += 17.5
    assert commands(bob.say("PRIVMSG #a :three")) == ["PRIVMSG"]


def test_slow_mode_is_not_for_members_with_a_rank(ann: Person, bob: Person) -> None:
    """An operator writes as it likes, and so does a voice."""
    ann.say("MODE #a +Wv 30 bob")
    ann.read(), bob.read()
    for person in (ann, bob, ann, bob):
        assert "PRIVMSG" in commands(person.say("PRIVMSG #a :tea"))


@pytest.mark.parametrize("evasion", ["NICK rob", "PART #a\r\nJOIN #a"])
def test_slow_mode_is_not_evaded(bob: Person, ann: Person, evasion: str) -> None:
    """Another nickname, or another membership, is the same sender."""
    ann.say("MODE #a +W 30")
    bob.say("PRIVMSG #a :one", *evasion.split("\r\n"))
    bob.read()
    assert refused(bob.say("PRIVMSG #a :two"))[1] == "SLOW_MODE"


def test_slow_mode_does_not_count_what_was_refused(town: Town, ann: Person, bob: Person) -> None:
    """A message that is refused does not make its sender wait longer."""
    ann.say("MODE #a +W 30")
    bob.say("PRIVMSG #a :one")
    town.clock.now += 29
    bob.say("PRIVMSG #a :two")
    town.clock.now += 1
    assert "PRIVMSG" in commands(bob.say("PRIVMSG #a :three"))


def test_typing_and_notices_in_slow_mode(ann: Person, bob: Person) -> None:
    """Typing is shown; a NOTICE is not delivered, and not answered either."""
    ann.say("MODE #a +W 30")
    bob.say("PRIVMSG #a :one")
    ann.read()
    assert bob.say("NOTICE #a :two") == []
    assert ann.read() == []
    bob.say("@+typing=active TAGMSG #a")
    assert commands(ann.read()) == ["TAGMSG"]


@pytest.mark.parametrize("param", ["0", "-1", "x", "99999", "1e3"])
def test_the_seconds_of_slow_mode_are_checked(ann: Person, param: str) -> None:
    """Up to six hours."""
    assert commands(ann.say(f"MODE #a +W {param}")) == ["696"]


def test_slow_mode_is_shown_and_ends(ann: Person, bob: Person, town: Town) -> None:
    """As other modes are; then nothing is left of it."""
    ann.say("MODE #a +W 30")
    assert find(ann.say("MODE #a"), "324").params[2:] == ("+ntW", "30")
    bob.say("PRIVMSG #a :one")
    ann.say("MODE #a -W")
    assert town.world.channels["#a"].moderation is None
    assert commands(bob.say("PRIVMSG #a :two"))[-1] == "PRIVMSG"


def test_a_filter_refuses(ann: Person, bob: Person) -> None:
    """The sender is answered, and others see nothing."""
    assert "are refused" in sentences(ann.say("CS FILTER #a ADD refuse Spam"))[0]
    ann.read()
    assert refused(bob.say("PRIVMSG #a :buy s.p.a.m"))[:3] == (
        "PRIVMSG",
        "MESSAGE_FILTERED",
        "#a",
    )
    assert ann.read() == []
    assert "PRIVMSG" in commands(ann.say("PRIVMSG #a :spam"))


@pytest.mark.parametrize(
    "line",
    [
        "PRIVMSG #a :\x01ACTION sells spam\x01",
        "PRIVMSG @#a :spam",
        "NOTICE #a :spam",
        "@+draft/react=spam;+draft/reply=x TAGMSG #a",
        "@+draft/react=spam PRIVMSG #a :tea",
        "NPC #a ann :spam",
        "SCENE #a :spam",
        "TOPIC #a :spam",
    ],
)
@pytest.mark.parametrize("action", ["refuse", "hold"])
def test_a_filter_covers_each_way_to_say_something(
    ann: Person, bob: Person, line: str, action: str
) -> None:
    """A word is not said by another command."""
    ann.say("MODE #a +E-t", f"CS FILTER #a ADD {action} spam")
    ann.read(), bob.read()
    bob.say(line)
    assert [each for each in ann.read() if each.nick != "ChanServ"] == []


def test_a_filter_covers_the_lines_of_a_batch(ann: Person, town: Town) -> None:
    """A word that is spread over the lines of a message is found."""
    bob = town.person("bob", "#a", caps=f"{CAPS} draft/multiline labeled-response")
    ann.say("CS FILTER #a ADD refuse spam")
    ann.read(), bob.read()
    bob.say(
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :s p",
        "@batch=1 PRIVMSG #a :a m",
        "BATCH -1",
    )
    assert ann.read() == []
    bob.say(
        "BATCH +2 draft/multiline #a",
        "@batch=2 PRIVMSG #a :buy sp",
        "@batch=2;draft/multiline-concat PRIVMSG #a :am",
        "BATCH -2",
    )
    assert ann.read() == []


@pytest.mark.parametrize("line", ["PART #a :spam", "QUIT :spam"])
def test_reasons_are_filtered(ann: Person, bob: Person, line: str) -> None:
    """A member that leaves says nothing by it that it could not say before."""
    ann.say("CS FILTER #a ADD refuse spam")
    ann.read()
    bob.say(line)
    left = ann.read()
    assert commands(left) == [line.partition(" ")[0]]
    assert "spam" not in " ".join(left[0].params)


def test_filters_are_listed_and_removed(ann: Person, town: Town) -> None:
    """By their numbers; the same pattern is there once."""
    for words in ("refuse spam", "hold link", "hold SPAM"):
        ann.say(f"CS FILTER #a ADD {words}")
    assert sentences(ann.say("CS FILTER #a LIST"))[:2] == [
        "1. hold link (by ann)",
        "2. hold spam (by ann)",
    ]
    ann.say("CS FILTER #a DEL 1", "CS FILTER #a DEL spam")
    assert town.world.channels["#a"].moderation is None
    assert "is no filter" in sentences(ann.say("CS FILTER #a DEL 1"))[0]


@pytest.mark.parametrize("words", ["FILTER #a LIST", "FILTER #a ADD refuse x", "HELD #a"])
def test_filters_are_for_operators(bob: Person, words: str) -> None:
    """A member does not learn what is filtered."""
    assert sentences(bob.say(f"CS {words}")) == ["You are not an operator of #a."]


def test_a_held_message_is_released(ann: Person, bob: Person) -> None:
    """Operators see it at once; when one releases it, all see it as of its sender."""
    ann.say("CS FILTER #a ADD hold link")
    ann.read(), bob.read()
    assert refused(bob.say("PRIVMSG #a :see https://x.org"))[1] == "MESSAGE_HELD"
    notice = find(ann.read(), "NOTICE")
    assert notice.params == ("%#a", "Held message 1 of bob: see https://x.org")
    assert "bob (link): see https://x.org" in sentences(ann.say("CS HELD #a"))[0]
    ann.read()
    shown = sentences(ann.say("CS HELD #a SHOW 1"))
    assert shown[0].startswith("1. bob!")
    assert shown[1].strip() == "see https://x.org"
    said = ann.say("CS HELD #a RELEASE 1")
    for messages in (said, bob.read()):
        message = find(messages, "PRIVMSG")
        assert (message.source, message.params) == (
            "bob!bob@192.0.2.2",
            ("#a", "see https://x.org"),
        )
        assert "msgid" in message.tags
    assert "No such message" in sentences(ann.say("CS HELD #a RELEASE 1"))[0]


def test_a_held_message_is_dropped(ann: Person, bob: Person) -> None:
    """It is not delivered; numbers are not used again."""
    ann.say("CS FILTER #a ADD hold tea")
    bob.say("PRIVMSG #a :tea", "PRIVMSG #a :more tea")
    bob.read()
    assert "Dropped: 2." in sentences(ann.say("CS HELD #a DROP *"))
    assert bob.read() == []
    bob.say("PRIVMSG #a :tea")
    assert sentences(ann.say("CS HELD #a"))[-2].startswith("3. ")


def test_held_messages_are_bounded(ann: Person, bob: Person, town: Town) -> None:
    """One sender cannot fill the queue."""
    ann.say("CS FILTER #a ADD hold tea")
    bob.read()
    codes = [refused(bob.say(f"PRIVMSG #a :tea {number}"))[1] for number in range(7)]
    assert codes == ["MESSAGE_HELD"] * 5 + ["MESSAGE_FILTERED"] * 2


def test_the_moderation_of_a_channel_persists(ann: Person, bob: Person, town: Town) -> None:
    """Slow mode, filters and held messages are the same after a restart, and on another node."""
    ann.say("MODE #a +W 5", "CS FILTER #a ADD hold tea")
    bob.say("PRIVMSG #a :one", "@+draft/reply=x PRIVMSG #a :tea")
    channel = town.world.channels["#a"]
    assert channel.moderation is not None
    state = json.loads(json.dumps(registered_channels.to_state(channel) | {"owner": 7}))
    later = Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts(), playback=0))
    restored = registered_channels.restore(later.world, "#a", state).moderation
    assert restored is not None
    assert (restored.slow, restored.filters, restored.held) == (
        5,
        channel.moderation.filters,
        channel.moderation.held,
    )
    other = Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts(), playback=0))
    snapshot = snapshots.take(town.world)
    snapshots.restore(other.world, snapshot)
    assert snapshots.take(other.world)["channels"] == snapshot["channels"]


def test_held_messages_go_with_the_account_of_their_sender(
    ann: Person, town: Town, bob: Person
) -> None:
    """Those of others stay."""
    channel = town.world.channels["#a"]
    eve = town.person("eve", "#a", host="192.0.2.3")
    account = Account("bob", "bob", 0, 7)
    ann.say("CS FILTER #a ADD hold tea")
    assert bob.session.user is not None
    bob.session.user.set_account(account)
    bob.say("PRIVMSG #a :tea")
    eve.say("PRIVMSG #a :tea, too")
    apply(town.world, AccountDeleted(account))
    assert channel.moderation is not None
    assert [each.text for each in channel.moderation.held] == ["tea, too"]


def log_in(person: Person, name: str, number: int) -> None:
    """Have a user be logged in to an account."""
    assert person.session.user is not None
    person.session.user.set_account(Account(name, name, 0, number))


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6])
def test_raid_mode_is_announced_for_as_long_as_was_asked(
    ann: Person, town: Town, part: float
) -> None:
    """Whatever the part of the second: 5m is not 5m1s."""
    town.clock.now += part
    assert "raid mode for 5m:" in sentences(ann.say("CS RAID #a ON 5m"))[0]


def test_raid_mode_is_for_accounts(ann: Person, bob: Person, town: Town) -> None:
    """A member without one is silent, and a stranger stays outside, until it ends."""
    said = ann.say("CS RAID #a ON 5m")
    assert "raid mode for 5m" in sentences(said)[0]
    assert find(bob.read(), "NOTICE").params[0] == "#a"
    assert refused(bob.say("PRIVMSG #a :tea"))[1] == "RAID_MODE"
    assert refused(bob.say("@+draft/react=x TAGMSG #a"))[1] == "RAID_MODE"
    eve = town.person("eve", host="192.0.2.3")
    assert commands(eve.say("JOIN #a")) == ["477"]
    town.clock.now += 300
    assert "JOIN" in commands(eve.say("JOIN #a"))
    assert "PRIVMSG" in commands(bob.say("PRIVMSG #a :https://x.org"))


def test_raid_mode_refuses_links_and_is_slow(ann: Person, bob: Person, town: Town) -> None:
    """Also for members with an account."""
    log_in(bob, "bob", 7)
    ann.say("CS RAID #a ON")
    bob.read()
    assert refused(bob.say("PRIVMSG #a :evil[.]com"))[1] == "RAID_MODE"
    assert commands(bob.say("PRIVMSG #a :one")) == ["PRIVMSG"]
    assert refused(bob.say("PRIVMSG #a :two"))[1] == "SLOW_MODE"
    town.clock.now += 10
    assert commands(bob.say("PRIVMSG #a :two")) == ["PRIVMSG"]
    assert "PRIVMSG" in commands(ann.say("PRIVMSG #a :https://x.org"))


def test_a_topic_that_raid_mode_refuses(ann: Person, bob: Person, town: Town) -> None:
    """The answer names the raid mode, as no filter has refused it."""
    ann.say("MODE #a -t", "CS RAID #a ON")
    bob.read()
    (answer,) = bob.say("TOPIC #a :evil[.]com")
    assert "raid mode" in answer.params[-1]
    assert "do not allow a word" not in answer.params[-1]


def test_raid_mode_ends_by_command(ann: Person, bob: Person, town: Town) -> None:
    """Then nothing is left of it."""
    ann.say("CS RAID #a ON")
    ann.say("CS RAID #a OFF")
    assert town.world.channels["#a"].moderation is None
    assert commands(bob.say("PRIVMSG #a :tea"))[-1] == "PRIVMSG"


def test_an_invited_user_may_join_in_raid_mode(ann: Person, town: Town) -> None:
    """The invitation is the operator's own."""
    ann.say("CS RAID #a ON")
    eve = town.person("eve", host="192.0.2.3")
    ann.say("INVITE eve #a")
    assert "JOIN" in commands(eve.say("JOIN #a"))


@pytest.mark.parametrize("words", ["ON 0", "ON x", "ON 2d", "MAYBE", "ON -5"])
def test_raid_mode_takes_a_duration(ann: Person, town: Town, words: str) -> None:
    """At most a day, and not for ever."""
    ann.say(f"CS RAID #a {words}")
    assert town.world.channels["#a"].moderation is None


def test_raid_mode_is_for_operators(bob: Person, town: Town) -> None:
    """A member cannot silence others."""
    assert sentences(bob.say("CS RAID #a ON")) == ["You are not an operator of #a."]


def test_reasons_in_raid_mode(ann: Person, bob: Person) -> None:
    """A member that may not write says nothing by PART."""
    ann.say("CS RAID #a ON")
    ann.read()
    bob.say("PART #a :tea")
    assert find(ann.read(), "PART").params == ("#a",)


def test_a_held_message_of_several_lines_is_shown_in_one(ann: Person, town: Town) -> None:
    """Also with lines that continue the one before them, which begin with CR; what is left out has
    a mark, as an operator decides on the whole.
    """
    eve = town.person("eve", "#a", caps=f"{CAPS} batch draft/multiline")
    ann.say("CS FILTER #a ADD hold link")
    ann.read()
    eve.say("BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a :see")
    eve.say("@batch=1 PRIVMSG #a :evil.c", "@batch=1;draft/multiline-concat PRIVMSG #a :om now")
    eve.say("BATCH -1")
    assert sentences(ann.read()) == ["Held message 1 of eve: see / evil.com now"]
    assert sentences(ann.say("CS HELD #a"))[0].endswith("eve (link): see / evil.com now")
    eve.say(f"PRIVMSG #a :{'evil.com ' * 39}")
    assert sentences(ann.read())[0].endswith(" […]")
    assert sentences(ann.say("CS HELD #a"))[1].endswith(" […]")


def test_held_messages_are_released_one_by_one(ann: Person, town: Town) -> None:
    """With `*` nothing is released: it was the oldest one, whatever the operator had seen."""
    eve = town.person("eve", "#a")
    ann.say("CS FILTER #a ADD hold link")
    eve.say("PRIVMSG #a :evil.com", "PRIVMSG #a :evil.org")
    ann.read(), eve.read()
    assert sentences(ann.say("CS HELD #a RELEASE *"))[0].startswith("Usage: ")
    assert eve.read() == []
    assert sentences(ann.say("CS HELD #a DROP *"))[-1] == "Dropped: 2."

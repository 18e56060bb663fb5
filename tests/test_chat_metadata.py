"""Metadata of users and channels: permissions, visibility and notifications (IRCv3
draft/metadata-2).
"""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.commands.metadata_sync import SYNC_AT_ONCE
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message

CAPS = "batch draft/metadata-2"
ANN = 1
"""The number of ann's account."""


@pytest.fixture
def town() -> Town:
    """Return a world with small limits."""
    return Town(lengths=Lengths(metadata_keys=2, metadata_bytes=16, metadata_subs=3))


def told(messages: list[Message]) -> list[tuple[str, ...]]:
    """Return the parameters of all METADATA messages."""
    return [message.params for message in messages if message.command == "METADATA"]


def failure(person: Person, line: str) -> tuple[str, ...]:
    """Return the parameters of the one FAIL METADATA that answers a line, without its text."""
    (reply,) = person.say(line)
    assert (reply.command, reply.params[0]) == ("FAIL", "METADATA")
    return reply.params[1:-1]


def test_the_value_of_the_capability(town: Town) -> None:
    """ "provides any limits and information about the system that clients must be aware of"."""
    ls = " ".join(message.params[-1] for message in town.person("ann").say("CAP LS 302")).split()
    assert "draft/metadata-2=before-connect,max-subs=3,max-keys=2,max-value-bytes=16" in ls


def test_setting_and_getting(town: Town) -> None:
    """RPL_KEYVALUE for a value, RPL_KEYNOTSET for none, "for every key in order", in a batch; also
    to those who share nothing.
    """
    ann, bob = town.person("ann", caps=CAPS), town.person("bob", caps=CAPS)
    assert ann.say("METADATA * SET url :http://a b")[0].params == (
        "ann",
        "ann",
        "url",
        "*",
        "http://a b",
    )
    start, first, second, bad, end = bob.say("METADATA ANN GET none url Bad")
    assert start.params[1:] == ("metadata", "ann")
    assert (first.command, first.params) == ("766", ("bob", "ann", "none", "key not set"))
    assert (second.command, second.params) == ("761", ("bob", "ann", "url", "*", "http://a b"))
    assert bad.params[:3] == ("METADATA", "KEY_INVALID", "Bad")
    assert end.params == (f"-{start.params[0][1:]}",)


def test_listing(town: Town) -> None:
    """ "a metadata batch containing zero or more RPL_KEYVALUE"; the empty string is a value."""
    ann = town.person("ann", caps=CAPS)
    assert commands(ann.say("METADATA * LIST")) == ["BATCH", "BATCH"]
    ann.say("METADATA * SET a :", "METADATA * SET b :x")
    assert [m.params[2:] for m in ann.say("METADATA ann LIST") if m.command == "761"] == [
        ("a", "*", ""),
        ("b", "*", "x"),
    ]


def test_removing(town: Town) -> None:
    """ "If no value is given, the key is removed"; CLEAR is "equivalently to using METADATA SET on
    all currently-set keys".
    """
    ann = town.person("ann", caps=CAPS)
    ann.say("METADATA * SET a :x", "METADATA * SET b :x")
    assert commands(ann.say("METADATA * SET a")) == ["766"]
    assert failure(ann, "METADATA * SET a") == ("KEY_NOT_SET", "ann", "a")
    assert commands(ann.say("METADATA * CLEAR")) == ["BATCH", "766", "BATCH"]
    assert commands(ann.say("METADATA * LIST")) == ["BATCH", "BATCH"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("METADATA nobody LIST", ("INVALID_TARGET", "nobody")),
        ("METADATA #none LIST", ("INVALID_TARGET", "#none")),
        ("METADATA #secret LIST", ("INVALID_TARGET", "#secret")),
        ("METADATA * NONSENSE", ("SUBCOMMAND_INVALID", "NONSENSE")),
        ("METADATA * SET Url :x", ("KEY_INVALID", "Url")),
        (f"METADATA * SET {'k' * 65} :x", ("KEY_INVALID", "k" * 65)),
        ("METADATA * SET :a b", ("KEY_INVALID", "a_b")),
        ("METADATA * SET url :12345678901234567", ("VALUE_INVALID",)),
        ("METADATA * SET url :яяяяяяяяя", ("VALUE_INVALID",)),
        ("METADATA * SET url :a\x1b[2Jb", ("VALUE_INVALID",)),
        ("METADATA * SET url :a\x02b", ("VALUE_INVALID",)),
        ("METADATA * SET url :a\x85b", ("VALUE_INVALID",)),
        ("METADATA bob SET url :x", ("KEY_NO_PERMISSION", "bob", "url")),
        ("METADATA bob CLEAR", ("KEY_NO_PERMISSION", "bob", "*")),
        ("METADATA #open SET url :x", ("KEY_NO_PERMISSION", "#open", "url")),
        ("METADATA #open CLEAR", ("KEY_NO_PERMISSION", "#open", "*")),
        ("METADATA #closed GET url", ("KEY_NO_PERMISSION", "#closed", "*")),
        ("METADATA #closed LIST", ("KEY_NO_PERMISSION", "#closed", "*")),
        ("METADATA #closed SYNC", ("KEY_NO_PERMISSION", "#closed", "*")),
    ],
)
def test_what_is_refused(town: Town, line: str, expected: tuple[str, ...]) -> None:
    """Standard replies with the codes of the specification."""
    town.person("bob", "#open", "#closed", "#secret").say("MODE #closed +i", "MODE #secret +s")
    assert failure(town.person("ann", caps=CAPS), line) == expected


@pytest.mark.parametrize("key", ["soju.im/blocked", "soju.im/muted", "soju.im/pinned"])
@pytest.mark.parametrize("line", ["* SUB {}", "#own SET {} 1", "bob SET {} 1"])
def test_keys_of_the_devices_of_one_user(town: Town, line: str, key: str) -> None:
    """What a user has pinned, muted or blocked would be public, and that of an operator would count
    for all: clients such as Goguma keep it themselves if the key is refused.
    """
    town.person("bob")
    ann = town.person("ann", "#own", caps=CAPS)
    assert failure(ann, f"METADATA {line.format(key)}") == ("KEY_INVALID", key)


@pytest.mark.parametrize("line", ["METADATA *", "METADATA * GET", "METADATA * SET"])
def test_what_is_missing(town: Town, line: str) -> None:
    """ERR_NEEDMOREPARAMS."""
    assert commands(town.person("ann").say(line)) == ["461"]


def test_keys_are_bounded(town: Town) -> None:
    """ "max-keys: the maximum number of keys a client is allowed to set"; what is there can still
    be changed.
    """
    ann = town.person("ann", caps=CAPS)
    ann.say("METADATA * SET a :1", "METADATA * SET b :2")
    assert failure(ann, "METADATA * SET c :3") == ("LIMIT_REACHED", "ann")
    assert commands(ann.say("METADATA * SET b :4")) == ["761"]


def test_subscriptions(town: Town) -> None:
    """RPL_METADATASUBOK, RPL_METADATAUNSUBOK, and RPL_METADATASUBS in a batch of type
    metadata-subs.
    """
    ann = town.person("ann", caps=CAPS)
    ok, bad = sorted(ann.say("METADATA * SUB a $bad b a"), key=lambda message: message.command)
    assert ok.params == ("ann", "a", "b")
    assert bad.params[1:3] == ("KEY_INVALID", "$bad")
    start, subs, _ = ann.say("METADATA * SUBS")
    assert start.params[1:] == ("metadata-subs",)
    assert (subs.command, subs.params) == ("772", ("ann", "a", "b"))
    assert find(ann.say("METADATA * UNSUB a other"), "771").params == ("ann", "a", "other")
    assert find(ann.say("METADATA * SUBS"), "772").params == ("ann", "b")


def test_subscriptions_are_bounded(town: Town) -> None:
    """ "The <key> parameter [...] MUST be this first key that the client could not subscribe
    to".
    """
    ann = town.person("ann", caps=CAPS)
    replies = ann.say("METADATA * SUB a b c d e")
    assert find(replies, "FAIL").params[1:3] == ("TOO_MANY_SUBS", "d")
    assert find(replies, "770").params == ("ann", "a", "b", "c")


def test_many_keys_take_several_lines() -> None:
    """No line has more than 15 parameters, and no key is cut."""
    ann = Town(lengths=Lengths(metadata_subs=200)).person("ann")
    keys = [f"{'k' * 50}{number}" for number in range(8)] + [f"{number}" for number in range(60)]
    replies = ann.say(
        f"METADATA * SUB {' '.join(keys[:8])}", f"METADATA * SUB {' '.join(keys[8:])}"
    )
    assert [key for message in replies for key in message.params[1:]] == keys
    assert all(len(message.params) <= 15 for message in replies)


def test_who_follows_a_key_is_told(town: Town) -> None:
    """ "users who have subscribed to the changed key will receive a METADATA message"; not who made
    the change, nor others.
    """
    bob, ann = town.person("bob", "#a", caps=CAPS), town.person("ann", "#a", caps=CAPS)
    eve, far = town.person("eve", "#a", caps=CAPS), town.person("far", caps=CAPS)
    for person in (bob, ann, far):
        person.say("METADATA * SUB url")
    assert (
        told(bob.say("METADATA * SET url :x", "METADATA * SET other :x", "METADATA * SET url"))
        == []
    )
    seen = ann.read()
    assert told(seen) == [("bob", "url", "*", "x"), ("bob", "url", "*")]
    assert seen[0].source == "bob!bob@192.0.2.1"
    assert eve.read() == far.read() == []


def test_metadata_of_a_channel(town: Town) -> None:
    """Operators set it; "this applies only to subscribers who are members of the updated
    channel".
    """
    bob, ann, far = (
        town.person("bob", "#a"),
        town.person("ann", "#a", caps=CAPS),
        town.person("far", caps=CAPS),
    )
    for person in (ann, far):
        person.say("METADATA * SUB url")
    assert find(bob.say("METADATA #A SET url :x"), "761").params == ("bob", "#a", "url", "*", "x")
    assert told(ann.read()) == [("#a", "url", "*", "x")]
    assert far.read() == []
    assert find(far.say("METADATA #a GET url"), "761").params[-1] == "x"


def test_who_watches_is_told(town: Town) -> None:
    """ "subscribers who either share a channel with the updated user or are monitoring them"; and
    at once when MONITOR begins.
    """
    ann, bob = town.person("ann", caps=CAPS), town.person("bob")
    bob.say("METADATA * SET url :x", "METADATA * SET other :x")
    ann.say("METADATA * SUB url")
    assert told(ann.say("MONITOR + bob,nobody")) == [("bob", "url", "*", "x")]
    bob.say("METADATA * SET url :y")
    assert told(ann.read()) == [("bob", "url", "*", "y")]


def test_joining(town: Town) -> None:
    """ "On joining a channel, users will get the channel's current metadata", its members' too;
    they get the newcomer's.
    """
    bob, ann = town.person("bob", "#a", caps=CAPS), town.person("ann", caps=CAPS)
    for person in (bob, ann):
        person.say(
            "METADATA * SUB url",
            f"METADATA * SET url :of {person.session.target}",
            "METADATA * SET other :x",
        )
    bob.say("METADATA #a SET url :of #a")
    assert told(ann.say("JOIN #a")) == [
        ("#a", "url", "*", "of #a"),
        ("bob", "url", "*", "of bob"),
        ("ann", "url", "*", "of ann"),
    ]
    assert told(bob.read()) == [("ann", "url", "*", "of ann")]


def test_what_is_much_is_for_later(town: Town) -> None:
    """ "the server MUST respond with a RPL_METADATASYNCLATER numeric instead"; SYNC gives it
    then.
    """
    for number in range(SYNC_AT_ONCE + 1):
        town.person(f"member{number}", "#a").say("METADATA * SET url :x")
    ann = town.person("ann", caps=CAPS)
    ann.say("METADATA * SUB url")
    replies = ann.say("JOIN #a")
    assert find(replies, "774").params == ("ann", "#a", "5")
    assert told(replies) == []
    start, *messages, _ = ann.say("METADATA #a SYNC")
    assert start.params[1:] == ("metadata", "#a")
    assert told(messages) == [
        (f"member{number}", "url", "*", "x") for number in range(SYNC_AT_ONCE + 1)
    ]
    town.person("bob", "#b")
    assert "774" not in commands(ann.say("JOIN #b"))


def test_subscribing_shows_what_there_is(town: Town) -> None:
    """ "When subscribing to a key, clients SHOULD receive the current value of that key for
    channels/users they are receiving updates for": themselves, whom they watch, their channels and
    those in them, each once."""
    ann, bob, eve = (town.person(nick, caps=CAPS) for nick in ("ann", "bob", "eve"))
    for person in (ann, bob):
        person.say("JOIN #a,#b")
    for person, line in (
        (ann, "* SET url :mine"),
        (ann, "#a SET url :ours"),
        (bob, "* SET url :his"),
        (eve, "* SET url :hers"),
    ):
        person.say(f"METADATA {line}")
    ann.say("METADATA * SUB bot", "MONITOR + eve")
    replies = ann.say("METADATA * SUB url")
    assert commands(replies) == ["770", *["METADATA"] * 4]
    assert told(replies) == [
        ("ann", "url", "*", "mine"),
        ("eve", "url", "*", "hers"),
        ("#a", "url", "*", "ours"),
        ("bob", "url", "*", "his"),
    ]


def test_subscribing_where_nothing_is(town: Town) -> None:
    """RPL_METADATASYNCLATER "indicates that the specified target has some metadata set": where none
    is, it is not sent.
    """
    assert commands(town.person("ann", "#a", "#b", caps=CAPS).say("METADATA * SUB url")) == ["770"]


def test_subscribing_where_much_is(town: Town) -> None:
    """ "the server may not be able to send the client all current metadata": then
    RPL_METADATASYNCLATER for that target alone.
    """
    ann = town.person("ann", "#a", "#b", caps=CAPS)
    for number in range(SYNC_AT_ONCE + 1):
        town.person(f"member{number}", "#a", caps=CAPS).say("METADATA * SET url :x")
    town.person("bob", "#b", caps=CAPS).say("METADATA * SET url :y")
    replies = ann.say("METADATA * SUB url")
    assert find(replies, "774").params == ("ann", "#a", "5")
    assert told(replies) == [("bob", "url", "*", "y")]


def test_at_registration_there_is_a_batch(town: Town) -> None:
    """ "before RPL_ENDOFMOTD or ERR_NOMOTD. If none exists, the server MUST send an empty batch
    instead".
    """
    ann = town.newcomer()
    replies = ann.say(f"CAP REQ :{CAPS}", "NICK ann", "USER ann 0 * :Ann", "CAP END")
    starts = [
        message.params[1:]
        for message in replies
        if message.command == "BATCH" and message.params[0][0] == "+"
    ]
    assert starts == [("metadata", "ann")]
    assert commands(replies)[-1] == "422"


def test_whois_shows_it_to_those_who_know(town: Town) -> None:
    """ "a subset of that metadata MAY be sent with RPL_WHOISKEYVALUE numerics"."""
    town.person("bob").say("METADATA * SET url :x y")
    assert find(town.person("ann", caps=CAPS).say("WHOIS bob"), "760").params == (
        "ann",
        "bob",
        "url",
        "*",
        "x y",
    )
    assert "760" not in commands(town.person("eve").say("WHOIS bob"))


def test_without_the_capability_nobody_is_told(town: Town) -> None:
    """ "Clients MUST request this capability in order to receive METADATA notifications"."""
    bob, ann = town.person("bob", "#a"), town.person("ann", "#a", caps="batch")
    ann.say("METADATA * SUB url")
    bob.say("METADATA * SET url :x")
    assert ann.read() == []


THIRD = "batch draft/metadata-3"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("METADATA * NONSENSE", ("INVALID_PARAMS", "NONSENSE")),
        ("METADATA * SET Url :x", ("INVALID_KEY", "Url")),
        ("METADATA * SET url :12345678901234567", ("INVALID_VALUE", "url")),
        ("METADATA * SET c :1", ("LIMIT_REACHED", "ann", "2")),
        ("METADATA nobody LIST", ("INVALID_TARGET", "nobody")),
        ("METADATA bob CLEAR", ("KEY_NO_PERMISSION", "bob", "*")),
    ],
)
def test_refusals_in_the_third_draft(town: Town, line: str, expected: tuple[str, ...]) -> None:
    """A client gets the codes of draft/metadata-3 if it negotiated that, or both."""
    town.person("bob")
    ann = town.person("ann", caps=f"{THIRD} draft/metadata-2")
    ann.say("METADATA * SET a :1", "METADATA * SET b :2")
    assert failure(ann, line) == expected


def test_each_is_told_in_the_own_dialect(town: Town) -> None:
    """METADATA for the second draft, numerics of the server for the third; both of the same
    change.
    """
    ann = town.person("ann", "#a")
    second, third = town.person("bob", "#a", caps=CAPS), town.person("cid", "#a", caps=THIRD)
    for other in (second, third):
        other.say("METADATA * SUB url")
    ann.say("METADATA * SET url :x")
    assert [(m.command, m.params) for m in second.read()] == [
        ("METADATA", ("ann", "url", "*", "x"))
    ]
    (line,) = third.read()
    assert (line.source, line.command, line.params) == (
        "chat.local",
        "761",
        ("*", "ann", "url", "*", "x"),
    )
    ann.say("METADATA * SET url")
    assert [m.params for m in second.read()] == [("ann", "url", "*")]
    assert [(m.command, m.params) for m in third.read()] == [
        ("766", ("*", "ann", "url", "key not set"))
    ]


def test_removing_in_the_third_draft(town: Town) -> None:
    """The empty value removes a key, and to remove one that is not there is no error."""
    ann = town.person("ann", caps=THIRD)
    ann.say("METADATA * SET a :x")
    assert commands(ann.say("METADATA * SET a :", "METADATA * SET a")) == ["766", "766"]
    assert commands(ann.say("METADATA * LIST")) == ["BATCH", "BATCH"]


def test_syncing_everything(town: Town) -> None:
    """What a client follows, each value once: of channels, their members and those whom it
    watches.
    """
    town.person("bob", "#a", "#b").say("METADATA * SET url :b", "METADATA #a SET url :c")
    town.person("cid").say("METADATA * SET url :d")
    ann = town.person("ann", "#a", "#b", caps=THIRD)
    ann.say("MONITOR + cid")
    later = ann.say("METADATA * SUB url")[-1]
    assert (later.command, later.params) == ("774", ("ann", "*ALL", "0"))
    start, *values, _ = ann.say("METADATA *ALL SYNC")
    assert start.params[1:] == ("metadata", "*ALL")
    assert {message.params[1:] for message in values} == {
        ("#a", "url", "*", "c"),
        ("bob", "url", "*", "b"),
        ("cid", "url", "*", "d"),
    }
    assert len(values) == 3


def test_before_registration(town: Town) -> None:
    """ "before-connect": what a client says of itself is there once it is registered; others are
    none of its business.
    """
    town.person("bob")
    ann = town.newcomer()
    ann.say(f"CAP REQ :{THIRD}")
    assert ann.say("METADATA * SET url :x")[0].params[1:] == ("*", "url", "*", "x")
    assert failure(ann, "METADATA bob GET url") == ("INVALID_TARGET", "bob")
    welcome = ann.say("NICK ann", "USER ann 0 * :a", "CAP END")
    assert find(welcome, "761").params == ("*", "ann", "url", "*", "x")


def test_who_watches_is_told_on_arrival(town: Town) -> None:
    """ "when one of their monitored users comes online"."""
    bob = town.person("bob", caps=THIRD)
    bob.say("MONITOR + ann", "METADATA * SUB url")
    ann = town.newcomer()
    ann.say("METADATA * SET url :x", "NICK ann", "USER ann 0 * :a")
    assert find(bob.read(), "761").params == ("*", "ann", "url", "*", "x")


def test_changes_are_slowed_down() -> None:
    """RATE_LIMITED with the seconds to wait; the allowance comes back with time."""
    town = Town(lengths=Lengths(metadata_changes=3))
    ann = town.person("ann", caps=THIRD)
    for value in "abc":
        assert commands(ann.say(f"METADATA * SET url :{value}")) == ["761"]
    assert failure(ann, "METADATA * SET url :d") == ("RATE_LIMITED", "ann", "url", "21")
    town.clock.now += 21
    assert commands(ann.say("METADATA * SET url :d")) == ["761"]


def test_to_say_the_same_again_is_no_news(town: Town) -> None:
    """Nobody is notified of a value that has not changed."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=THIRD)
    bob.say("METADATA * SUB url")
    ann.say("METADATA * SET url :x", "METADATA * SET url :x")
    assert commands(bob.read()) == ["761"]


@pytest.fixture
def members() -> Town:
    """Return a world with accounts."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def test_an_account_keeps_what_it_says(members: Town) -> None:
    """Metadata of an account is back at the next login, and subscribers are notified."""
    bob = members.person("bob", "#a", caps=THIRD)
    bob.say("METADATA * SUB url")
    ann = members.person("Anna", "#a", caps=THIRD)
    ann.say("NICKSERV IDENTIFY ann secret", "METADATA * SET url :x")
    assert members.world.dirty.metadata == {ann.session.account_id}
    assert find(bob.read(), "761").params == ("*", "Anna", "url", "*", "x")
    ann.say("NICKSERV LOGOUT")
    assert find(bob.read(), "766").params[:3] == ("*", "Anna", "url")
    assert commands(ann.say("METADATA * LIST")) == ["BATCH", "BATCH"]
    ann.leave()
    other = members.person("anne", "#a", caps=THIRD)
    bob.read()
    other.say("NICKSERV IDENTIFY ann secret")
    assert find(bob.read(), "761").params == ("*", "anne", "url", "*", "x")


def test_a_guest_takes_along_what_it_has_said(members: Town) -> None:
    """Where the account says nothing else."""
    members.world.metadata[ANN] = {"a": "1"}
    ann = members.person("anna", caps=THIRD)
    ann.say("METADATA * SET a :2", "METADATA * SET b :3", "NICKSERV IDENTIFY ann secret")
    assert members.world.metadata[ANN] == {"a": "1", "b": "3"}


def test_what_a_guest_takes_along_has_room(members: Town) -> None:
    """The limit of keys applies to a guest that logs in; the rest is dropped."""
    most = members.world.lengths.metadata_keys
    members.world.metadata[ANN] = {f"own{number}": "x" for number in range(most - 1)}
    ann = members.person("anna", caps=THIRD)
    ann.say("METADATA * SET a :1", "METADATA * SET b :2", "NICKSERV IDENTIFY ann secret")
    assert len(members.world.metadata[ANN]) == most
    assert members.world.metadata[ANN]["a"] == "1"

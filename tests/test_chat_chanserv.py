"""ChanServ: registered channels, their owners, and the state that persists."""

import json

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.registered_channels import restore, to_state
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message


@pytest.fixture
def town() -> Town:
    """Return a world in which Ann, Bob and Eve have accounts."""
    accounts = OpenAccounts()
    for name in ("ann", "bob", "eve"):
        accounts.add(name, f"{name}-password")
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def logged_in(town: Town, name: str, *joins: str) -> Person:
    """Return somebody who is logged in under an own name."""
    person = town.person(f"{name}_")
    person.say(
        f"NS IDENTIFY {name} {name}-password",
        f"NICK {name}",
        *(f"JOIN {channel}" for channel in joins),
    )
    person.read()
    return person


def owner(town: Town) -> Person:
    """Return Ann, the owner of #a."""
    ann = logged_in(town, "ann", "#a")
    assert "is yours" in sentence(ann.say("CS REGISTER #a"))
    return ann


def sentence(messages: list[Message]) -> str:
    """Return what ChanServ said."""
    notices = [message for message in messages if message.command == "NOTICE"]
    assert {message.nick for message in notices} == {"ChanServ"}
    return " ".join(message.params[1] for message in notices)


def test_a_registered_channel_stays(town: Town) -> None:
    """Topic, modes and lists stay without members, and the first user to join is not the owner."""
    ann = owner(town)
    ann.say("TOPIC #a :tea", "MODE #a +kb x eve!*@*", "PART #a")
    bob = logged_in(town, "bob")
    replies = bob.say("JOIN #a x")
    assert find(replies, "332").params[-1] == "tea"
    assert find(replies, "353").params[-1] == "bob"
    assert commands(logged_in(town, "eve").say("JOIN #a x")) == ["474"]


def test_the_owner_is_operator_by_right(town: Town) -> None:
    """Everyone sees ChanServ give the rank; others on the access list get theirs."""
    ann, bob = owner(town), logged_in(town, "bob", "#a")
    ann.say("CS ACCESS #a ADD bob voice", "PART #a")
    bob.read()
    replies = ann.say("JOIN #a")
    assert find(replies, "MODE") == Message(
        "MODE", ("#a", "+q", "ann"), "ChanServ!ChanServ@chat.local"
    )
    assert "~ann" in find(replies, "353").params[-1]
    bob.say("PART #a")
    assert find(bob.say("JOIN #a"), "MODE").params == ("#a", "+v", "bob")


def test_who_can_register(town: Town) -> None:
    """An operator of the channel who is logged in; once."""
    town.person("carl", "#a")
    assert "Log in" in sentence(town.world.users["carl"].sessions[0].sink.say("CS REGISTER #a"))  # type: ignore[attr-defined]
    bob = logged_in(town, "bob", "#a", "#b")
    assert "not an operator" in sentence(bob.say("CS REGISTER #a"))
    assert "no channel" in sentence(bob.say("CS REGISTER #none"))
    assert "is yours" in sentence(bob.say("PRIVMSG ChanServ :register #B"))
    assert "already" in sentence(bob.say("CS REGISTER #b"))


def test_the_number_of_channels_of_an_account_is_bounded(town: Town) -> None:
    """Or one person could have every name."""
    ann = owner(town)
    for number in range(1, town.world.lengths.channels_per_account):
        ann.say(f"JOIN #a{number}", f"CS REGISTER #a{number}")
    ann.say("JOIN #more")
    assert "as many as one can have" in sentence(ann.say("CS REGISTER #more"))
    bob = logged_in(town, "bob", "#gift")
    bob.say("CS REGISTER #gift")
    assert "as many channels already" in sentence(bob.say("CS TRANSFER #gift ann"))


def test_a_full_access_list() -> None:
    """No entry is added to a full list, but the rank of an entry can change."""
    accounts = OpenAccounts()
    for name in ("ann", "bob", "eve"):
        accounts.add(name, f"{name}-password")
    small = Town(
        lengths=Lengths(access_entries=1),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    ann = owner(small)
    ann.say("CS ACCESS #a ADD bob voice")
    assert "is full" in sentence(ann.say("CS ACCESS #a ADD eve voice"))
    assert "bob has access" in sentence(ann.say("CS ACCESS #a ADD bob op"))


@pytest.mark.parametrize(
    "order", ["DROP #a", "TRANSFER #a bob", "ACCESS #a LIST", "OP #a", "DEOP #a ann"]
)
def test_only_the_owner_rules(town: Town, order: str) -> None:
    """Other users, with or without a login, are refused."""
    owner(town)
    bob = logged_in(town, "bob", "#a")
    text = sentence(bob.say(f"CS {order}"))
    assert "not to you" in text or "no right" in text


def test_dropping_and_transferring(town: Town) -> None:
    """The new owner can do what the old one could; what is dropped is an ordinary channel."""
    ann, bob = owner(town), logged_in(town, "bob", "#a")
    assert "no account" in sentence(ann.say("CS TRANSFER #a nobody"))
    assert "belongs to bob" in sentence(ann.say("CS TRANSFER #a bob"))
    assert "not to you" in sentence(ann.say("CS DROP #a"))
    assert "nobody" in sentence(bob.say("CS DROP #a"))
    assert "not registered" in sentence(bob.say("CS INFO #a"))
    ann.say("PART #a")
    bob.say("PART #a")
    assert "#a" not in town.world.channels


def test_the_lobby_stays_when_nobody_owns_it_any_more(town: Town) -> None:
    """The lobby exists for the next user, empty or not."""
    ann = logged_in(town, "ann", "#lobby")
    lobby = town.world.channels["#lobby"]
    lobby.registration = ChannelRegistration(ann.session.account_id, int(NOON))
    assert "nobody" in sentence(ann.say("CS DROP #lobby"))
    ann.say("PART #lobby")
    assert town.world.channels["#lobby"] is lobby


def test_ranks_by_order(town: Town) -> None:
    """The owner makes operators and takes that back; everyone sees it once."""
    ann, bob = owner(town), logged_in(town, "bob", "#a")
    ann.read()
    ann.say("CS OP #a bob")
    assert find(bob.read(), "MODE").params == ("#a", "+o", "bob")
    assert "not in" in sentence(ann.say("CS VOICE #a eve"))
    ann.say("CS DEOP #a bob")
    assert find(bob.read(), "MODE").params == ("#a", "-o", "bob")


def test_the_access_list(town: Town) -> None:
    """Added, listed, deleted; for accounts only."""
    ann = owner(town)
    assert "no account" in sentence(ann.say("CS ACCESS #a ADD nobody op"))
    assert "Usage" in sentence(ann.say("CS ACCESS #a ADD bob king"))
    ann.say("CS ACCESS #a ADD BOB op")
    assert sentence(ann.say("CS ACCESS #a LIST")) == "bob: op 1 account has access to #a."
    ann.say("CS ACCESS #a DEL Bob")
    assert sentence(ann.say("CS ACCESS #a LIST")) == "0 accounts have access to #a."


def test_a_secret_channel_is_a_secret_of_chanserv_too(town: Town) -> None:
    """For non-members the channel does not exist; for its owner it does."""
    ann = owner(town)
    ann.say("MODE #a +s", "PART #a")
    assert sentence(logged_in(town, "bob").say("CS INFO #a")) == "There is no channel #a."
    assert "belongs to ann" in sentence(ann.say("CS INFO #a"))


def test_a_deleted_account_owns_nothing(town: Town) -> None:
    """And is on no access list."""
    ann, bob = owner(town), logged_in(town, "bob", "#b")
    bob.say("CS REGISTER #b", "CS ACCESS #b ADD ann op")
    ann.say("NS DROP ann-password")
    assert town.world.channels["#a"].registration is None
    assert sentence(bob.say("CS ACCESS #b LIST")) == "0 accounts have access to #b."


def test_what_lasts_is_all_that_matters() -> None:
    """State to JSON and back gives the same channel in another world."""
    accounts = OpenAccounts()
    for name in ("ann", "bob"):
        accounts.add(name, f"{name}-password")
    before = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    ann = owner(before)
    ann.say("TOPIC #a :tea", "MODE #a +kbeIls-t x eve!*@* *!*@h bob 5", "CS ACCESS #a ADD bob op")
    channel = before.world.channels["#a"]
    assert channel.registration is not None
    state = json.loads(json.dumps(to_state(channel)))
    after = Town()
    restored = restore(after.world, "#a", state)
    assert restored.registration == channel.registration
    assert to_state(restored) == to_state(channel)
    assert restored.mode_params(with_key=True) == channel.mode_params(with_key=True)
    assert restored.permanent


def test_changes_are_noted(town: Town) -> None:
    """Each change of a registered channel is marked for persistence, and of no other."""
    ann = owner(town)
    for line, expected in (
        ("TOPIC #a :x", {"#a"}),
        ("MODE #a +i", {"#a"}),
        ("CS ACCESS #a ADD bob op", {"#a"}),
        ("PRIVMSG #a :x", set()),
        ("JOIN #b", set()),
        ("TOPIC #b :x", set()),
        ("CS DROP #a", {"#a"}),
    ):
        town.world.dirty.channels.clear()
        ann.say(line)
        assert town.world.dirty.channels == expected, line

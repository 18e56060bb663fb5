"""Account numbers: a new account inherits nothing of a deleted one of the same name."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat import reconfiguration
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.rights import RIGHTS

CAPS = "batch server-time message-tags account-tag draft/chathistory draft/message-redaction sasl"
ROOT = Operator(name="root", account="staff", rights=frozenset(RIGHTS))


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return a keeper of accounts for ann, bob, and an operator of the server."""
    keeper = OpenAccounts()
    for name in ("ann", "bob", "staff"):
        keeper.add(name, "secret")
    return keeper


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a town in which these are known, and nicknames are not kept for them."""
    server_info = ServerInfo(
        account_rules=AccountRules(reservation="off"), operators={"root": ROOT}
    )
    return Town(
        server_info, storage=StoragePorts(history=ListHistory(), accounts=accounts, playback=0)
    )


def logged_in(
    town: Town, nick: str, *joins: str, account: str = "", password: str = "secret"
) -> Person:
    """Return a person who is logged in to the account of the nickname."""
    person = town.person(nick, *joins, caps=CAPS)
    person.say(f"NS IDENTIFY {account or nick} {password}")
    assert person.session.account == (account or nick)
    return person


def freed(town: Town, name: str = "bob") -> None:
    """Have an operator free the name of a deleted account."""
    staff = logged_in(town, "staff")
    staff.say("OPER root")
    assert "bob can be registered now" in staff.say(f"NS FREE {name}")[-1].params[-1]
    staff.leave()


def stranger(town: Town, nick: str = "bob", *joins: str) -> Person:
    """Return a person who registers the freed name of bob's account."""
    person = town.person(nick, *joins, caps=CAPS)
    assert "yours now" in " ".join(
        message.params[-1] for message in person.say("NS REGISTER another-secret")
    )
    return person


def texts(person: Person, line: str) -> list[str]:
    """Return the messages that a person gets for a command."""
    person.read()
    return [
        message.params[-1]
        for message in person.say(line)
        if message.command == "PRIVMSG" and "!" in message.source
    ]


def talked(town: Town) -> tuple[Person, Person]:
    """Have ann and bob talk in private, and in a channel of ann's."""
    ann, bob = logged_in(town, "ann", "#a"), logged_in(town, "bob", "#a")
    ann.say("PRIVMSG bob :from ann")
    bob.say("PRIVMSG ann :from bob", "PRIVMSG #a :aloud")
    return ann, bob


READING = [
    "CHATHISTORY LATEST ann * 10",
    "CHATHISTORY BEFORE ann timestamp=2030-01-01T00:00:00.000Z 10",
    "ZNC *playback PLAY ann",
    "ZNC *playback PLAY *",
]


@pytest.mark.parametrize("line", READING)
def test_nobody_inherits_conversations(town: Town, line: str) -> None:
    """A new account of the name gets no conversation of the former owner, or of the other user."""
    _ann, bob = talked(town)
    assert texts(bob, line)[-2:] != []
    bob.say("NS DROP secret")
    bob.leave()
    freed(town)
    eve = stranger(town)
    assert texts(eve, line) == []
    targets = (
        "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z"
        " timestamp=2100-01-01T00:00:00.000Z 10"
    )
    assert not any("ann" in message.params for message in eve.say(targets))


def test_the_other_side_keeps_its_conversation(town: Town) -> None:
    """Under the name until it is free; then the name means another account, without a
    conversation.
    """
    ann, bob = talked(town)
    bob.say("NS DROP secret")
    bob.leave()
    assert texts(ann, READING[0].replace("ann", "bob")) == ["from ann", "from bob"]
    targets = (
        "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z"
        " timestamp=2100-01-01T00:00:00.000Z 10"
    )
    assert [
        message.params[1] for message in ann.say(targets) if message.command == "CHATHISTORY"
    ] == ["bob", "#a"]
    freed(town)
    eve = stranger(town)
    assert texts(ann, READING[0].replace("ann", "bob")) == []
    ann.say("PRIVMSG bob :who are you?")
    eve.read()
    assert texts(ann, READING[0].replace("ann", "bob")) == ["who are you?"]


def test_nobody_inherits_messages(town: Town) -> None:
    """The former owner's cannot be deleted; in the history they are still said under the name as it
    was.
    """
    ann, bob = talked(town)
    said = find(bob.say("CHATHISTORY LATEST #a * 1"), "PRIVMSG").tags["msgid"]
    bob.say("NS DROP secret")
    bob.leave()
    freed(town)
    eve = stranger(town, "bob", "#a")
    assert find(eve.say(f"REDACT #a {said}"), "FAIL").params[1] == "REDACT_FORBIDDEN"
    assert find(ann.say("CHATHISTORY LATEST #a * 1"), "PRIVMSG").tags["account"] == "bob"


def test_nobody_inherits_a_place_on_lists(town: Town) -> None:
    """ACCEPT, invitations and exceptions, access, ownership; the lists show that it is another
    account.
    """
    ann, bob = logged_in(town, "ann", "#a"), logged_in(town, "bob", "#b")
    ann.say(
        "CS REGISTER #a",
        "CS ACCESS #a ADD bob op",
        "MODE #a +iI a:bob",
        "MODE #a +e a:bob",
        "MODE ann +R",
        "ACCEPT bob",
    )
    bob.say("CS REGISTER #b")
    ann.read()
    bob.say("NS DROP secret")
    assert sorted(message.params[1] for message in ann.read() if message.command == "MODE") == [
        "-I",
        "-e",
    ]
    bob.leave()
    freed(town)
    eve = stranger(town)
    assert "473" in commands(eve.say("JOIN #a"))
    assert "no access" not in ann.say("CS ACCESS #a LIST")[-1].params[-1]
    assert ann.say("CS ACCESS #a LIST")[-1].params[-1].startswith("0 accounts")
    assert "q" not in "".join(
        message.params[1] for message in eve.say("JOIN #b") if message.command == "MODE"
    )
    guest = town.person("guest")
    assert commands(guest.say("PRIVMSG ann :x")) == ["477"]


def test_a_mask_that_names_a_deleted_account_is_not_of_the_next_one(town: Town) -> None:
    """Set in between it is taken off when the name is freed; one with wildcards is of names, and
    stays.
    """
    ann, bob = logged_in(town, "ann", "#a"), logged_in(town, "bob")
    bob.say("NS DROP secret")
    bob.leave()
    ann.say("MODE #a +iII a:bob a:b?ll")
    freed(town)
    assert [message.params[1:] for message in ann.read() if message.command == "MODE"] == [
        ("-I", "a:bob")
    ]
    assert "473" in commands(stranger(town).say("JOIN #a"))
    assert [message.params[2] for message in ann.say("MODE #a +I") if message.command == "346"] == [
        "a:b?ll"
    ]


def test_whom_one_lets_write_is_an_account(town: Town) -> None:
    """The entry holds when the account returns, and not for a user that logged out of it."""
    ann, bob = logged_in(town, "ann"), logged_in(town, "bob")
    ann.say("MODE ann +R", "ACCEPT bob")
    bob.leave()
    bob = logged_in(town, "bob2", account="bob")
    assert [message.params[-1] for message in ann.say("ACCEPT *") if message.command == "281"] == [
        "bob2"
    ]
    bob.say("NS LOGOUT")
    assert commands(bob.say("PRIVMSG ann :x")) == ["477"]


def test_the_name_of_a_deleted_account_is_nobodys(town: Town) -> None:
    """REGISTER, NickServ and operators are refused until the name is freed."""
    _ann, bob = talked(town)
    bob.say("NS DROP secret", "NICK other")
    eve = town.person("bob", caps="draft/account-registration")
    assert find(eve.say("REGISTER * * another-secret"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    assert "was deleted" in eve.say("NS REGISTER another-secret")[-1].params[-1]
    assert "cannot be" in eve.say("NS INFO bob")[-1].params[-1]
    staff = logged_in(town, "staff")
    staff.say("OPER root")
    assert "free it first" in staff.say("NS SAREGISTER bob another-secret")[-1].params[-1]
    assert "not the name" in staff.say("NS FREE ann")[-1].params[-1]


def test_the_account_of_an_operator_is_a_number(town: Town, accounts: OpenAccounts) -> None:
    """Its name is not freed while config.ini has it, and another account with the name is no
    operator.
    """
    staff = logged_in(town, "staff")
    assert "381" in commands(staff.say("OPER root"))
    staff.say("NS DROP secret")
    assert commands(staff.say("OPER root")) != ["381"]
    other = Operator(name="other", rights=frozenset(RIGHTS), account="ann")
    reconfiguration.reconfigure(
        town.world,
        ServerInfo(
            account_rules=AccountRules(reservation="off"), operators={"root": ROOT, "other": other}
        ),
    )
    ann = logged_in(town, "ann")
    ann.say("OPER other")
    assert "take that account out of config.ini first" in ann.say("NS FREE staff")[-1].params[-1]
    accounts.release("staff")  # by a command that was given another config.ini
    accounts.add("staff", "secret")
    assert "381" not in commands(logged_in(town, "eve", account="staff").say("OPER root"))


def test_a_suspension_is_of_the_account(town: Town) -> None:
    """Not of an account that registers the name later."""
    staff = logged_in(town, "staff")
    staff.say("OPER root")
    assert "is suspended" in staff.say("NS SUSPEND bob spam")[-1].params[-1]
    assert town.world.accounts is not None
    gone = town.world.accounts.known["bob"]
    assert isinstance(town.world.accounts, OpenAccounts)
    town.world.accounts.drop(gone)
    apply(town.world, AccountDeleted(gone))
    staff.say("NS FREE bob")
    eve = stranger(town)
    eve.say("NS LOGOUT", "NS IDENTIFY another-secret")
    assert eve.session.account == "bob"

"""Accounts: registration, reserved nicknames, several sessions, and private messages."""

import pytest

from account_fakes import logged_in, plain, with_sasl
from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands, find
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Event
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with accounts."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def test_registering_an_account(town: Town, accounts: OpenAccounts) -> None:
    """IRCv3 draft/account-registration: REGISTER SUCCESS, and "the client is assumed to be
    authenticated".
    """
    bob = town.person("Bob")
    replies = bob.say("REGISTER * * :battery staple")
    assert replies[0].params[:2] == ("SUCCESS", "Bob")
    assert commands(replies) == ["REGISTER", "900"]
    assert accounts.passwords["bob"] == "battery staple"


def test_registering_before_the_connection_is_complete(town: Town, accounts: OpenAccounts) -> None:
    """The capability's value says before-connect."""
    bob = town.newcomer()
    bob.say("CAP LS 302", "NICK bob")
    assert "REGISTER" in commands(bob.say("REGISTER bob * :battery staple"))
    assert commands(bob.say("USER b 0 * :Bob", "CAP END"))[0] == "001"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("REGISTER carl * :battery staple", "ACCOUNT_NAME_MUST_BE_NICK"),
        ("REGISTER * * short", "WEAK_PASSWORD"),
        ("REGISTER * * :battery\x02staple", "UNACCEPTABLE_PASSWORD"),
    ],
)
def test_registrations_that_are_refused(town: Town, line: str, code: str) -> None:
    """A standard reply with its code."""
    assert find(town.person("bob").say(line), "FAIL").params[:2] == ("REGISTER", code)


def test_nobody_registers_somebody_elses_name(town: Town) -> None:
    """An account's name, a nickname in use, and a second account are refused."""
    early = town.newcomer()
    assert find(early.say("REGISTER * * :battery staple"), "FAIL").params[1] == "NEED_NICK"
    early.say("NICK ann")
    assert find(early.say("REGISTER * * :battery staple"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    early.say("NICK bob")
    town.person("bob")
    assert find(early.say("REGISTER * * :battery staple"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    assert (
        find(logged_in(town).say("REGISTER * * :battery staple"), "FAIL").params[1]
        == "ALREADY_AUTHENTICATED"
    )


def test_registration_can_be_closed(accounts: OpenAccounts) -> None:
    """A setting."""
    town = Town(
        ServerInfo(account_rules=AccountRules(registration=False)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    assert (
        find(town.person("bob").say("REGISTER * * :battery staple"), "FAIL").params[1]
        == "DISALLOWED"
    )


def test_a_registered_nickname_is_its_owners(town: Town) -> None:
    """Another user learns how the owner gets the nickname, and can take another one."""
    eve = town.newcomer()
    replies = eve.say("NICK ann", "USER e 0 * :Eve")
    assert commands(replies) == ["FAIL", "433"]
    assert replies[0].params[:3] == ("NICK", "NICKNAME_RESERVED", "ann")
    assert "IDENTIFY" in replies[0].params[3]
    assert commands(eve.say("NICK eve"))[0] == "001"
    assert commands(eve.say("NICK ANN")) == ["FAIL", "433"]
    assert logged_in(town).session.user is not None


def test_an_impostor_can_be_renamed(accounts: OpenAccounts) -> None:
    """With reservation = rename the client gets another nickname."""
    town = Town(
        ServerInfo(account_rules=AccountRules(reservation="rename")),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    eve = town.newcomer()
    replies = eve.say("NICK ann", "USER e 0 * :Eve")
    assert find(replies, "001").params[0].startswith("Guest")


def test_reservation_can_be_switched_off(accounts: OpenAccounts) -> None:
    """With reservation = off any client may have the nickname."""
    town = Town(
        ServerInfo(account_rules=AccountRules(reservation="off")),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    assert town.person("ann").session.user is not None


@pytest.mark.parametrize("nick", ["NickServ", "nickserv"])
def test_nobody_is_called_like_a_service(town: Town, nick: str) -> None:
    """People tell it their passwords."""
    assert commands(town.newcomer().say(f"NICK {nick}")) == ["433"]


@pytest.mark.parametrize("nick", ["MemoServ", "operserv", "MernoServ", "MеmoServ", "Global"])
def test_nobody_is_called_like_a_service_of_other_networks(town: Town, nick: str) -> None:
    """Users who know it from there would believe a stranger under its name."""
    eve = town.newcomer()
    assert commands(eve.say(f"NICK {nick}", "USER e 0 * :Eve")) == ["433"]
    assert commands(eve.say("NICK eve"))[0] == "001"
    assert commands(eve.say(f"NICK {nick}")) == ["433"]
    assert eve.session.user is not None
    assert eve.session.user.nick == "eve"


def test_an_account_called_like_a_service_of_other_networks_keeps_its_name(
    accounts: OpenAccounts,
) -> None:
    """It was registered when that was possible."""
    accounts.add("MemoServ", "correct horse")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    owner = with_sasl(town)
    owner.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('MemoServ', 'correct horse')}")
    assert "001" in commands(owner.say("NICK MemoServ", "USER u 0 * :Memo", "CAP END"))


def test_two_devices_are_one_person(town: Town) -> None:
    """The second session has the nickname and the channels of the first; others see one person."""
    bob = town.person("bob", "#a")
    phone = logged_in(town, "ann", "#a")
    bob.read()
    laptop = with_sasl(town)
    laptop.say(
        "NICK ann",
        "USER l 0 * :Laptop",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('ann', 'correct horse')}",
    )
    replies = laptop.say("CAP END")
    assert commands(replies)[0] == "001"
    assert find(replies, "JOIN").params == ("#a",)
    assert find(replies, "353").params[-1] == "@bob ann"
    assert bob.read() == []
    bob.say("PRIVMSG #a :hi")
    assert [m.params for m in phone.read()] == [m.params for m in laptop.read()] == [("#a", "hi")]
    laptop.say("PRIVMSG #a :hello", "PRIVMSG bob :psst")
    assert [message.params for message in phone.read()] == [("#a", "hello"), ("bob", "psst")]
    assert [message.params for message in bob.read()] == [("#a", "hello"), ("bob", "psst")]
    bob.say("PRIVMSG ann :you too")
    assert commands(phone.read()) == commands(laptop.read()) == ["PRIVMSG"]


def test_a_person_is_gone_with_the_last_session(town: Town) -> None:
    """Others see nothing of a device that is switched off."""
    bob = town.person("bob", "#a")
    phone, laptop = logged_in(town, "ann", "#a"), logged_in(town, "ann")
    bob.read()
    phone.leave()
    assert bob.read() == []
    bob.say("PRIVMSG #a :still here?")
    assert commands(laptop.read()) == ["PRIVMSG"]
    laptop.leave()
    assert commands(bob.read()) == ["QUIT"]


def test_nobody_else_joins_a_session(town: Town, accounts: OpenAccounts) -> None:
    """Clients without the account cannot join, and learn how the owner gets the name."""
    logged_in(town, "ann")
    assert commands(town.newcomer().say("NICK ann", "USER e 0 * :Eve")) == ["FAIL", "433"]
    accounts.add("eve", "eve-password")
    eve = with_sasl(town)
    eve.say(
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('eve', 'eve-password')}",
        "NICK ann",
        "USER e 0 * :Eve",
    )
    assert commands(eve.say("CAP END")) == ["FAIL", "433"]


def test_several_sessions_can_be_switched_off(accounts: OpenAccounts) -> None:
    """A setting."""
    town = Town(
        ServerInfo(account_rules=AccountRules(multi_session=False)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    logged_in(town, "ann")
    assert commands(town.newcomer().say("NICK ann")) == ["433"]


def test_private_messages_of_two_accounts_are_remembered_for_both(
    town: Town, accounts: OpenAccounts
) -> None:
    """IRCv3 draft/chathistory: "including outgoing messages"; for both, under today's nicknames, on
    every device.
    """
    accounts.add("bob", "bob-password")
    bob = town.person("bob_", caps="draft/chathistory batch message-tags server-time")
    bob.say("NS IDENTIFY bob bob-password", "NICK bob")
    ann = logged_in(town, "ann", caps="draft/chathistory batch message-tags server-time")
    ann.say("PRIVMSG bob :psst")
    bob.say("NOTICE ann :what?", "NICK robert")
    ann.read()
    bob.read()
    for reader, other in ((ann, "robert"), (ann, "bob"), (bob, "ann")):
        replies = reader.say(f"CHATHISTORY LATEST {other} * 10")
        assert replies[0].params[1:] == ("chathistory", other)
        messages = [m for m in replies if m.command in {"PRIVMSG", "NOTICE"}]
        assert [message.params[1] for message in messages] == ["psst", "what?"]
        assert messages[0].nick == "ann"
        assert messages[1].params[0] == "ann"
    targets = ann.say(
        "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z"
        " timestamp=2030-01-01T00:00:00.000Z 5"
    )
    assert [m.params[1] for m in targets if m.command == "CHATHISTORY"] == ["bob"]


def test_private_messages_are_nobody_elses(town: Town, accounts: OpenAccounts) -> None:
    """Another account, or a guest with the nickname, gets none of them."""
    accounts.add("bob", "bob-password")
    accounts.add("eve", "eve-password")
    bob = town.person("bob_")
    bob.say("NS IDENTIFY bob bob-password", "NICK bob")
    logged_in(town, "ann").say("PRIVMSG bob :psst")
    eve = town.person("eve_", caps="draft/chathistory batch")
    for target in ("bob", "ann", "ann,bob", "bob,ann"):
        assert (
            find(eve.say(f"CHATHISTORY LATEST {target} * 10"), "FAIL").params[1] == "INVALID_TARGET"
        )
    eve.say("NS IDENTIFY eve eve-password")
    for target in ("bob", "ann", "ann,bob"):
        assert "PRIVMSG" not in commands(eve.say(f"CHATHISTORY LATEST {target} * 10"))


def test_a_conversation_with_a_guest_is_remembered_for_the_account(
    town: Town, accounts: OpenAccounts
) -> None:
    """A later owner of the guest's nickname gets none of it."""
    guest = town.person("bob")
    ann = logged_in(town, "ann", caps="draft/chathistory batch message-tags")
    ann.say("PRIVMSG bob :psst")
    guest.say("PRIVMSG ann :what?", "QUIT")
    ann.read()
    for _ in range(2):
        found = [m.params for m in ann.say("CHATHISTORY LATEST bob * 10") if m.command == "PRIVMSG"]
        assert found == [("bob", "psst"), ("ann", "what?")]
        town.person("bob").say("QUIT")
    bob = town.person("bob", caps="draft/chathistory batch message-tags")
    assert find(bob.say("CHATHISTORY LATEST ann * 10"), "FAIL").params[1] == "INVALID_TARGET"
    bob.say("REGISTER * * :battery staple")
    assert "PRIVMSG" not in commands(bob.say("CHATHISTORY LATEST ann * 10"))


def test_of_two_guests_nothing_is_remembered(town: Town) -> None:
    """A nickname alone is nobody."""
    town.person("bob")
    town.person("carl").say("PRIVMSG bob :psst")
    storage = town.world.storage
    assert storage is not None
    assert isinstance(storage.history, ListHistory)
    assert storage.history.records == []


def test_a_password_with_other_targets_reaches_none_of_them(
    town: Town, accounts: OpenAccounts
) -> None:
    """NickServ alone receives it."""
    bob, ann = town.person("bob", "#a"), town.person("annie", "#a")
    bob.read()
    accounts.passwords["ann"] = "identify-me"
    output = handle_line(town.world, ann.session, b"PRIVMSG #a,NickServ :IDENTIFY ann identify-me")
    assert [part.params for part in output.parts if isinstance(part, Event)] == []
    assert output.later is not None
    town.deliver(output, ann)
    assert bob.read() == []
    assert ann.session.account == "Ann"

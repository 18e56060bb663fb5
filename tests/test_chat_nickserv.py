"""NickServ: the services' commands for accounts."""

import pytest

from account_fakes import logged_in
from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands, find
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with accounts."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def sentence(messages: list[Message]) -> str:
    """Return what NickServ said."""
    notices = [message for message in messages if message.command == "NOTICE"]
    assert {message.nick for message in notices} == {"NickServ"}
    return " ".join(message.params[1] for message in notices)


@pytest.mark.parametrize(
    "how", ["PRIVMSG NickServ :{}", "PRIVMSG nickserv :{}", "NICKSERV {}", "NS {}", "NICKSERV :{}"]
)
def test_nickserv_is_spoken_to_in_many_ways(town: Town, how: str) -> None:
    """Whatever a client's /msg, /ns or /nickserv sends."""
    bob = town.person("bob")
    assert "yours now" in sentence(bob.say(how.format("REGISTER batterystaple")))
    assert "logged in" in sentence(bob.say(how.format("identify batterystaple")))


def test_identifying(town: Town) -> None:
    """With or without the account's name; wrong passwords count."""
    bob = town.person("bob")
    assert "Wrong" in sentence(bob.say("NS IDENTIFY ann wrong"))
    assert bob.session.failed_logins == 1
    replies = bob.say("NS IDENTIFY :ann correct", "NS LOGOUT")
    assert "Wrong" in sentence(replies)
    town.world.accounts.passwords["ann"] = "horse12"  # type: ignore[union-attr]
    assert "logged in as Ann" in sentence(bob.say("NS IDENTIFY ann horse12"))
    assert commands(bob.say("NICK ann")) == ["NICK"]


def test_bots_find_that_they_are_logged_in(town: Town, accounts: OpenAccounts) -> None:
    """Those that wait for it before they join channels look for these words, which services of
    other networks say.
    """
    accounts.passwords["ann"] = "horse12"
    assert "You are now identified" in sentence(town.person("bot").say("NS IDENTIFY ann horse12"))


def test_a_password_alone_under_another_nickname(town: Town) -> None:
    """Bots send it when they could not have their nickname: the answer says what is missing, unless
    the nickname or what was named is an account.
    """
    bob = town.person("ann_")
    assert "IDENTIFY <account> <password>" in sentence(bob.say("NS IDENTIFY battery"))
    assert "<account>" not in sentence(bob.say("NS IDENTIFY ann battery"))


def test_ghosting(town: Town) -> None:
    """The owner ends a session that holds the nickname; nobody else does."""
    ghost = logged_in(town)
    eve = town.person("eve")
    assert "not yours" in sentence(eve.say("NS GHOST ann"))
    owner = logged_in(town, "annie")
    assert "gone" in sentence(owner.say("NS GHOST ann"))
    assert "Ghosted" in ghost.ended


def test_ghosting_by_password(town: Town, accounts: OpenAccounts) -> None:
    """As programs do that come back while the server has not missed their former connection: they
    are not logged in, and stay so. A wrong password counts.
    """
    ghost, again = logged_in(town), town.person("ann_")
    accounts.passwords["ann"] = "horse12"
    assert "Wrong" in sentence(again.say("NS GHOST ann horse13"))
    assert again.session.failed_logins == 1
    assert not ghost.ended
    assert "ann is gone" in sentence(again.say("NS GHOST ann horse12"))
    assert "Ghosted by ann_" in ghost.ended
    assert not again.session.account


def test_a_password_of_another_account_ends_nobody(town: Town, accounts: OpenAccounts) -> None:
    """The password has to be that of the nickname's account; who is logged in as another one, and
    has a nickname that nobody registered, is ended by the password of that account.
    """
    bob, carl, guest = town.person("bob"), logged_in(town, "carl"), town.person("guest")
    accounts.passwords["ann"] = "horse12"
    accounts.add("eve", "battery")
    assert "Wrong" in sentence(bob.say("NS GHOST guest battery"))
    assert "Wrong" in sentence(bob.say("NS GHOST carl battery"))
    assert not guest.ended
    assert not carl.ended
    assert "carl is gone" in sentence(bob.say("NS GHOST carl horse12"))


@pytest.mark.parametrize("word", ["RECOVER", "Regain", "release"])
def test_the_words_of_other_networks_for_ghost(
    town: Town, accounts: OpenAccounts, word: str
) -> None:
    """Users and programs know them from there."""
    logged_in(town)
    accounts.passwords["ann"] = "horse12"
    again = town.person("ann_")
    assert "Wrong" in sentence(again.say(f"NS {word} ann wrong"))
    assert "ann is gone" in sentence(again.say(f"NS {word} ann horse12"))


@pytest.mark.parametrize("word", ["ID", "login"])
def test_the_words_of_other_networks_for_identify(
    town: Town, accounts: OpenAccounts, word: str
) -> None:
    """Help says what is meant."""
    accounts.passwords["ann"] = "horse12"
    bob = town.person("bob")
    assert "IDENTIFY" in sentence(bob.say(f"NS HELP {word}"))
    assert "You are now identified" in sentence(bob.say(f"NS {word} ann horse12"))


def test_changing_the_password(town: Town, accounts: OpenAccounts) -> None:
    """The old one is needed, and the new one is looked at."""
    accounts.passwords["ann"] = "old-one"
    ann = town.person("annie")
    assert "Log in first" in sentence(ann.say("NS SET PASSWORD old-one new-one"))
    ann.say("NS IDENTIFY ann old-one")
    assert "wrong" in sentence(ann.say("NS SET PASSWORD guess new-one"))
    assert "at least" in sentence(ann.say("NS SET PASSWORD old-one new"))
    assert "changed" in sentence(ann.say("NS SET PASSWORD old-one new-one"))
    assert accounts.passwords["ann"] == "new-one"


def test_a_new_password_ends_the_other_sessions(town: Town, accounts: OpenAccounts) -> None:
    """An intruder with the old one may be connected: under the nickname, under another one, or not
    registered yet.
    """
    accounts.passwords["ann"] = "old-one"
    accounts.add("eve", "old-one")
    ann, phone, other, eve = (town.person(nick) for nick in ("ann1", "ann2", "ann3", "eve1"))
    newcomer = town.newcomer()
    for person in (ann, phone, other):
        person.say("NS IDENTIFY ann old-one")
    eve.say("NS IDENTIFY eve old-one")
    newcomer.session.set_account(accounts.known["ann"])
    assert "ended: 3" in sentence(ann.say("NS SET PASSWORD old-one new-one"))
    assert all(
        "password of your account was changed" in person.ended
        for person in (phone, other, newcomer)
    )
    assert (ann.ended, eve.ended) == ("", "")


def test_a_certificate_that_is_taken_away_ends_its_sessions(
    town: Town, accounts: OpenAccounts
) -> None:
    """A lost device does not stay; the session that deletes the certificate and other devices
    do.
    """
    accounts.passwords["ann"] = "old-one"
    ann, lost, other = (town.person(nick) for nick in ("ann1", "ann2", "ann3"))
    lost.session.certificate = "ab" * 32
    for person in (ann, lost, other):
        person.say("NS IDENTIFY ann old-one")
    lost.say("NS CERT ADD")
    ann.say(f"NS CERT DEL {'ab' * 32}")
    assert "certificate" in lost.ended
    assert (ann.ended, other.ended) == ("", "")


def test_dropping_an_account(town: Town, accounts: OpenAccounts) -> None:
    """With the password; then nobody has the name, neither as a nickname nor as an account."""
    accounts.passwords["ann"] = "old-one"
    ann = town.person("annie")
    ann.say("NS IDENTIFY ann old-one")
    assert "Wrong" in sentence(ann.say("NS DROP guess"))
    assert "deleted" in sentence(ann.say("NS DROP old-one"))
    assert ann.session.user is not None
    assert ann.session.user.account == ""
    refusal = find(ann.say("NICK ann"), "FAIL")
    assert refusal.params[:3] == ("NICK", "NICKNAME_RESERVED", "ann")
    assert "was deleted" in refusal.params[-1]


def test_asking_nickserv(town: Town) -> None:
    """INFO, HELP, and what it does not know."""
    bob = town.person("bob")
    assert "registered 2027-01-15, not online" in sentence(bob.say("NS INFO ann"))
    assert "not registered" in sentence(bob.say("NS INFO"))
    assert "IDENTIFY" in sentence(bob.say("NS HELP"))
    assert "HELP" in sentence(bob.say("NS SING"))
    assert "Usage" in sentence(bob.say("NS IDENTIFY"))


@pytest.mark.parametrize(
    "words", ["correct horse battery", "correct horse", "horse1 * token more", "horse1 a@b c d"]
)
def test_a_password_to_register_is_one_word(town: Town, words: str) -> None:
    """The account would have the first word as its password, and nobody would know."""
    bob = town.person("bob")
    assert "one word" in sentence(bob.say(f"NS REGISTER {words}"))
    assert "not registered" in sentence(bob.say("NS INFO"))


def test_help_with_one_command(town: Town) -> None:
    """Of all commands there are many lines."""
    bob = town.person("bob")
    (told,) = bob.say("NS HELP appPassword")
    assert told.params[-1].startswith("APPPASSWORD ADD <name>")
    (told,) = bob.say("NS HELP SING")
    assert "I do not know SING" in told.params[-1]
    (told,) = bob.say("NS HELP SADROP")
    assert "I do not know SADROP" in told.params[-1]


def test_without_accounts_it_says_so() -> None:
    """A server that remembers nothing offers neither the capabilities nor the service."""
    bob = Town().person("bob")
    caps = " ".join(message.params[-1] for message in bob.say("CAP LS 302"))
    assert "sasl" not in caps
    assert "account-registration" not in caps
    assert "no accounts" in sentence(bob.say("NS IDENTIFY x"))
    assert find(bob.say("REGISTER * * :battery staple"), "FAIL").params[1] == "DISALLOWED"

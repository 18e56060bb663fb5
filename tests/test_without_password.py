"""Accounts that single sign-on alone opens: their owner deletes them, and sets a first password."""

import re

import pytest

from account_fakes import plain, with_sasl
from login_fakes import FakeSignOn, bearer
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands
from test_cluster_accounts import DecidingTown, single_sign_on
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.app_passwords import AppPassword, digest_of, make_password
from trio_chat.chat.changes import AccountDeleted, PasswordSet
from trio_chat.chat.logins import FRESH_SECONDS
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.services.own_password import CONFIRM_SECONDS
from trio_chat.chat.storage_ports import StoragePorts


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with accounts and a provider."""
    made = Town(
        ServerInfo(account_rules=AccountRules(has_sign_on=True)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    made.world.sign_on = FakeSignOn()
    return made


@pytest.fixture
def eve(town: Town) -> Person:
    """Return somebody who has just logged in by single sign-on, and has no password."""
    eve = town.person("eve", caps="sasl")
    sign_on(eve)
    return eve


def sign_on(person: Person, token: str = "good:s1:eve") -> None:
    """Log in by single sign-on."""
    person.say("AUTHENTICATE OAUTHBEARER")
    answers = person.say(*(f"AUTHENTICATE {piece}" for piece in bearer(token)))
    assert "903" in commands(answers)


def said(person: Person, line: str) -> str:
    """Send a line to NickServ; return its answers."""
    answers = person.say(f"NS {line}")
    return " ".join(each.params[-1] for each in answers if each.command == "NOTICE")


def code_of(person: Person) -> str:
    """Ask for the code that deletes the account."""
    found = re.search(r"DROP ([0-9]{6})$", said(person, "DROP"))
    assert found
    return found[1]


def test_the_code_deletes_the_account(eve: Person, accounts: OpenAccounts) -> None:
    """It is shown, and repeated."""
    assert "eve is deleted" in said(eve, f"DROP {code_of(eve)}")
    assert "eve" not in accounts.known


def test_a_code_counts_once(eve: Person, accounts: OpenAccounts) -> None:
    """A wrong one takes it away, and counts as a wrong password; a new one replaces the old one."""
    code = code_of(eve)
    wrong = "000000" if code != "000000" else "000001"
    assert "not the code" in said(eve, f"DROP {wrong}")
    assert eve.session.failed_logins == 1
    assert "First say" in said(eve, f"DROP {code}")
    first, second = code_of(eve), code_of(eve)
    if first != second:
        assert "not the code" in said(eve, f"DROP {first}")
    assert "eve" in accounts.known


@pytest.mark.parametrize(
    "given", ["1", "x", "000000 000000", "０００００１", "-1", "1e3", "x" * 300]
)
def test_what_is_no_code(eve: Person, accounts: OpenAccounts, given: str) -> None:
    """It deletes nothing."""
    code_of(eve)
    assert "not the code" in said(eve, f"DROP {given}")
    assert "eve" in accounts.known


def test_a_code_does_not_wait(town: Town, eve: Person, accounts: OpenAccounts) -> None:
    """It is for a minute."""
    code = code_of(eve)
    town.clock.now += CONFIRM_SECONDS
    assert "First say" in said(eve, f"DROP {code}")
    assert "eve" in accounts.known


def test_a_code_is_of_one_session_and_one_account(
    town: Town, eve: Person, accounts: OpenAccounts
) -> None:
    """Neither another device of the same person nor another account can use it."""
    code, other = code_of(eve), town.person("other", caps="sasl")
    sign_on(other)
    assert "First say" in said(other, f"DROP {code}")
    sign_on(eve, "good:s2:zoe")
    assert "First say" in said(eve, f"DROP {code}")
    assert {"eve", "zoe"} <= set(accounts.known)


def test_the_account_that_another_session_has_logged_in_to_is_not_proved(
    town: Town, eve: Person, accounts: OpenAccounts
) -> None:
    """Sessions of one user have one account: the login of one of them is not that of the other."""
    second = with_sasl(town)
    sign_on(second)
    second.say("NICK eve", "USER u 0 * :x", "CAP END")
    assert second.session.user is eve.session.user
    code = code_of(eve)
    sign_on(second, "good:s2:zoe")
    assert eve.session.account == "zoe"
    for line in (f"DROP {code}", "DROP", "SET PASSWORD correct-horse"):
        assert "Log in by single sign-on" in said(eve, line)
    assert {"eve", "zoe"} <= set(accounts.known)


@pytest.mark.parametrize("line", ["DROP", "DROP 123456", "SET PASSWORD correct-horse"])
def test_the_login_must_be_fresh(
    town: Town, eve: Person, accounts: OpenAccounts, line: str
) -> None:
    """Somebody else may sit at the device by now; logging in again is enough."""
    town.clock.now += FRESH_SECONDS
    assert "Log in by single sign-on" in said(eve, line)
    assert "eve" in accounts.known
    sign_on(eve)
    assert "Log in" not in said(eve, line)


@pytest.mark.parametrize("line", ["DROP", "DROP 123456", "SET PASSWORD correct-horse"])
def test_an_app_password_proves_no_owner(
    town: Town, eve: Person, accounts: OpenAccounts, line: str
) -> None:
    """The password of one program can be stolen from that."""
    password = make_password()
    own = accounts.known["eve"].id
    accounts.apps[own] = [AppPassword("phone", digest_of(password), 1)]
    phone = town.person("phone", caps="sasl")
    phone.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('eve', password)}")
    assert phone.session.account == "eve"
    assert "Log in by single sign-on" in said(phone, line)
    assert "eve" in accounts.known


def test_the_first_password(town: Town, eve: Person, accounts: OpenAccounts) -> None:
    """It logs in, and the next one needs it; other sessions end."""
    other = town.person("other", caps="sasl")
    sign_on(other)
    assert "ended: 1" in said(eve, "SET PASSWORD correct-horse")
    assert accounts.passwords["eve"] == "correct-horse"
    assert "Usage" in said(eve, "SET PASSWORD battery-staple")
    assert "Usage" in said(eve, "DROP")
    assert "Wrong password" in said(eve, "DROP 123456")
    assert "is deleted" in said(eve, "DROP correct-horse")


@pytest.mark.parametrize("password", ["short", "x" * 601])
def test_the_first_password_follows_the_rules(
    eve: Person, accounts: OpenAccounts, password: str
) -> None:
    """Those of every password."""
    before = accounts.passwords["eve"]
    assert "A password has at least" in said(eve, f"SET PASSWORD {password}")
    assert accounts.passwords["eve"] == before


def test_a_code_from_before_the_password_is_nothing(eve: Person, accounts: OpenAccounts) -> None:
    """Then the password is asked for."""
    code = code_of(eve)
    said(eve, "SET PASSWORD correct-horse")
    assert "Wrong password" in said(eve, f"DROP {code}")
    assert "eve" in accounts.known


@pytest.mark.parametrize("line", ["DROP", "SET PASSWORD correct-horse"])
def test_an_account_with_a_password_gets_the_usage(
    town: Town, accounts: OpenAccounts, line: str
) -> None:
    """Also after single sign-on: whoever has a password gives it."""
    accounts.add("bob", "bob-password")
    bob = town.person("guest", caps="sasl")
    bob.say("NS IDENTIFY bob bob-password")
    assert said(bob, line).startswith("Usage: ")
    assert accounts.passwords["bob"] == "bob-password"


@pytest.mark.parametrize("line", ["DROP", "DROP 123456", "SET PASSWORD correct-horse"])
def test_a_disk_that_cannot_be_read_deletes_nothing(
    eve: Person, accounts: OpenAccounts, line: str
) -> None:
    """The client is told to try again later."""
    accounts.error = AccountsError("disk")
    assert "later" in said(eve, line)
    assert "eve" in accounts.known


@pytest.mark.parametrize("line", ["DROP", "DROP x", "SET PASSWORD correct-horse"])
def test_guests_have_no_account(town: Town, line: str) -> None:
    """And are told that."""
    assert "Log in first" in said(town.person("bob"), line)


def test_in_a_cluster_the_log_decides() -> None:
    """Both changes depend on nothing that has changed since the check."""
    town = DecidingTown()
    town.offer_sign_on()
    eve = town.person("eve")
    single_sign_on(eve, "good:s1:zoe")
    own = eve.session.account_id
    town.join_cluster()
    code = code_of(eve)
    town.before.append(PasswordSet(own, town.accounts.no_password()))
    assert "does not count" in said(eve, "SET PASSWORD correct-horse")
    assert "is deleted" in said(eve, f"DROP {code}")
    assert any(isinstance(change, AccountDeleted) for change in town.stored)

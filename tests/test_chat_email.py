"""Accounts that need a verified e-mail address (draft/account-registration)."""

import re
from typing import Any

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find, offered
from trio_chat.chat import verification
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.credentials import Email
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.verification import Letter, MailError, MailRefused
from trio_chat.irc.mail import email_address

ADDRESS = "tester@example.org"


class LetterBox:
    """A mail service that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.error: MailError | None = None

    async def send(self, letter: Letter) -> None:
        """Take a letter."""
        if self.error:
            raise self.error
        self.letters.append(letter)

    @property
    def code(self) -> str:
        """The code in the last letter."""
        found = re.search(r"^    (\w+)$", self.letters[-1].text, re.MULTILINE)
        assert found
        return found[1]


class MailTown(Town):
    """A world in which accounts need an address."""

    def __init__(self, email: str = "verified", **rules: Any) -> None:
        self.accounts = OpenAccounts()
        server_info = ServerInfo(
            created=1_800_000_000.0, account_rules=AccountRules(email=email, **rules)
        )
        super().__init__(
            server_info, storage=StoragePorts(history=ListHistory(), accounts=self.accounts)
        )
        self.box = self.world.mail = LetterBox()


@pytest.fixture
def town() -> MailTown:
    """Return a world in which addresses are verified."""
    return MailTown()


def asked(
    town: Town, nick: str = "tester", email: str = ADDRESS, host: str = "192.0.2.1"
) -> Person:
    """Return somebody who has registered, and was sent a code."""
    person = town.person(nick, host=host)
    assert (
        find(person.say(f"REGISTER * {email} hunter2"), "REGISTER").params[0]
        == "VERIFICATION_REQUIRED"
    )
    return person


@pytest.mark.parametrize(
    ("town", "value"),
    [
        (MailTown("none"), "=before-connect"),
        (MailTown("none", before_connect=False), ""),
        (MailTown("required"), "=before-connect,email-required"),
        (MailTown("verified"), "=before-connect,email-required"),
        (MailTown("verified", before_connect=False), "=email-required"),
    ],
)
def test_the_capability_says_what_is_needed(town: Town, value: str) -> None:
    """ "email-required - if present, registrations require a valid email address";
    custom-account-name is never there.
    """
    assert f"draft/account-registration{value}" in offered(town.newcomer())


def test_a_code_is_sent_and_makes_the_account(town: MailTown) -> None:
    """ "further action is required"; VERIFY SUCCESS, and "the client is assumed to be
    authenticated".
    """
    ann = town.person("tester")
    reply = find(ann.say(f"REGISTER * {ADDRESS} hunter2"), "REGISTER")
    assert reply.params[:2] == ("VERIFICATION_REQUIRED", "tester")
    assert town.box.letters[0].to == ADDRESS
    assert not town.accounts.known
    replies = ann.say(f"VERIFY tester {town.box.code}")
    assert commands(replies) == ["VERIFY", "900"]
    assert replies[0].params[:2] == ("SUCCESS", "tester")
    assert town.accounts.passwords == {"tester": "hunter2"}
    assert town.accounts.emails == {"tester": Email(ADDRESS, is_verified=True)}


def test_before_the_connection_is_complete(town: MailTown) -> None:
    """REGISTER, VERIFY and then CAP END, as in the example of the specification."""
    ann = town.newcomer()
    ann.say("CAP LS 302", "NICK tester", "USER t 0 * :Tester", f"REGISTER * {ADDRESS} hunter2")
    assert commands(ann.say(f"VERIFY tester {town.box.code}")) == ["VERIFY", "900"]
    assert commands(ann.say("CAP END"))[0] == "001"
    assert ann.session.user
    assert ann.session.user.account == "tester"


def test_another_session_may_give_the_code() -> None:
    """The code verifies from any session; case does not matter."""
    town = MailTown()
    asked(town).leave()
    other = town.person("other", host="192.0.2.9")
    assert find(other.say(f"VERIFY TESTER {town.box.code.upper()}"), "VERIFY").params[:2] == (
        "SUCCESS",
        "tester",
    )


@pytest.mark.parametrize("kind", ["required", "verified"])
@pytest.mark.parametrize(
    "email",
    ["*", "tester", "a@b@c", "a@", "@b", "a@x,b@y", "a@-x", "a@[192.0.2.1]", "a" * 65 + "@b"],
)
def test_an_address_that_is_none(kind: str, email: str) -> None:
    """FAIL REGISTER INVALID_EMAIL: "if it cannot send emails to the provided address"."""
    town = MailTown(kind)
    assert find(town.person("tester").say(f"REGISTER * {email} hunter2"), "FAIL").params[:3] == (
        "REGISTER",
        "INVALID_EMAIL",
        "tester",
    )
    assert not town.accounts.known
    assert not town.box.letters


@pytest.mark.parametrize(
    "address",
    [
        "a.b+c@example.org",
        "o'neil@x",
        '"a,b"@example.org',
        "-x@y.z",
        "анна@пример.рф",
        "a_b=c@sub.example.org",
    ],
)
def test_unusual_addresses_are_addresses(address: str) -> None:
    """ "should be careful not to accidentally send INVALID_EMAIL as a response to a valid
    address".
    """
    assert email_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "a@b\r\nBcc: c@d",
        "a@b\n",
        "a b@c",
        "a@b\x00",
        "a\u2028b@c",
        "a\x85@b",
        "<a@b>",
        "a@b.",
        "a..b@c",
    ],
)
def test_nothing_hides_in_an_address(text: str) -> None:
    """An address can add no header and no recipient."""
    with pytest.raises(ValueError, match="not an e-mail address"):
        email_address(text)


def test_a_required_address_is_kept_unverified() -> None:
    """ "With email-required, but not verified": SUCCESS at once."""
    town = MailTown("required")
    ann = town.person("tester")
    assert find(ann.say("REGISTER * Tester@EXAMPLE.org hunter2"), "REGISTER").params[0] == "SUCCESS"
    assert town.accounts.emails == {"tester": Email("Tester@example.org", is_verified=False)}


def test_without_the_need_no_address_is_kept() -> None:
    """Anything is accepted then."""
    town = MailTown("none")
    assert (
        find(town.person("tester").say(f"REGISTER * {ADDRESS} hunter2"), "REGISTER").params[0]
        == "SUCCESS"
    )
    assert not town.accounts.emails


def test_a_wrong_code(town: MailTown) -> None:
    """FAIL VERIFY INVALID_CODE, for a name under which nothing waits too; a code is of use once."""
    ann = asked(town)
    assert find(ann.say("VERIFY tester 123"), "FAIL").params[:3] == (
        "VERIFY",
        "INVALID_CODE",
        "tester",
    )
    assert find(ann.say("VERIFY nobody 123"), "FAIL").params[:3] == (
        "VERIFY",
        "INVALID_CODE",
        "nobody",
    )
    ann.say(f"VERIFY tester {town.box.code}")
    bob = town.person("bob")
    assert find(bob.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1] == "INVALID_CODE"


def test_guessing_ends_the_session(town: MailTown) -> None:
    """A wrong code counts as a wrong password does."""
    eve = asked(town)
    eve.say(*["VERIFY tester 123"] * 5)
    assert eve.ended == "Too many failed logins"


def test_tries_are_bounded(town: MailTown) -> None:
    """After enough wrong codes, from wherever, the right one is worth nothing."""
    asked(town).leave()
    for number in range(verification.MOST_TRIES):
        town.person(f"eve{number}").say("VERIFY tester 123")
    late = town.person("late")
    assert find(late.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1] == "INVALID_CODE"


def test_a_code_expires_and_its_name_is_free(town: MailTown) -> None:
    """ "if the <code> in the VERIFY command is invalid or expired"."""
    ann = asked(town)
    town.clock.now += verification.LIFETIME
    assert find(ann.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1] == "INVALID_CODE"
    ann.leave()
    asked(town)
    assert len(town.world.verifications) == 1


def test_a_name_is_held_and_is_no_account(town: MailTown) -> None:
    """Nobody else registers it meanwhile, nor one that looks the same; nobody can log in to it."""
    asked(town).leave()
    eve = town.person("Tester", host="192.0.2.9")
    assert find(eve.say("REGISTER * eve@example.org hunter2"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    eve.say("NICK tеster")  # the second letter is Cyrillic
    assert find(eve.say("REGISTER * eve@example.org hunter2"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    assert "Wrong account" in eve.say("NS IDENTIFY tester hunter2")[-1].params[-1]
    assert "not registered" in eve.say("NS INFO tester")[-1].params[-1]


def test_one_may_begin_anew(town: MailTown) -> None:
    """A second address replaces the first, and only the last code is valid."""
    ann = asked(town)
    first = town.box.code
    ann.say("REGISTER * right@example.org hunter3")
    assert find(ann.say(f"VERIFY tester {first}"), "FAIL").params[1] == "INVALID_CODE"
    assert find(ann.say(f"VERIFY tester {town.box.code}"), "VERIFY").params[0] == "SUCCESS"
    assert town.accounts.emails["tester"].address == "right@example.org"


def test_one_session_holds_one_name(town: MailTown) -> None:
    """Names are not collected."""
    ann = asked(town)
    ann.say("NICK other", f"REGISTER * {ADDRESS} hunter2")
    assert len(town.world.verifications) == 1


def test_nobodys_mailbox_is_filled(town: MailTown) -> None:
    """FAIL REGISTER UNACCEPTABLE_EMAIL: "valid, but not available for account registration"."""
    for number in range(verification.LETTERS_PER_EMAIL):
        asked(town, f"eve{number}")
    eve = town.person("eve")
    assert (
        find(eve.say(f"REGISTER * {ADDRESS.upper()} hunter2"), "FAIL").params[1]
        == "UNACCEPTABLE_EMAIL"
    )
    town.clock.now += verification.LIFETIME
    assert (
        find(eve.say(f"REGISTER * {ADDRESS} hunter2"), "REGISTER").params[0]
        == "VERIFICATION_REQUIRED"
    )


def test_letters_are_bounded(town: MailTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of messages sent, and of those that wait, is limited."""
    monkeypatch.setattr(verification, "MOST_LETTERS", 2)
    asked(town, "a", "a@example.org")
    asked(town, "b", "b@example.org")
    carl = town.person("c")
    assert (
        find(carl.say("REGISTER * c@example.org hunter2"), "FAIL").params[1]
        == "TEMPORARILY_UNAVAILABLE"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MailError("no route"), "TEMPORARILY_UNAVAILABLE"),
        (MailRefused("550"), "UNACCEPTABLE_EMAIL"),
    ],
)
def test_a_letter_that_cannot_be_sent(
    town: MailTown, error: MailError, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the reason, the name is free again, and another attempt can succeed."""
    town.box.error = error
    ann = town.person("tester")
    assert find(ann.say(f"REGISTER * {ADDRESS} hunter2"), "FAIL").params[:3] == (
        "REGISTER",
        code,
        "tester",
    )
    assert f"tester could not be sent: {error}" in caplog.text
    assert ADDRESS not in caplog.text
    assert not len(town.world.verifications)
    town.box.error = None
    assert (
        find(ann.say(f"REGISTER * {ADDRESS} hunter2"), "REGISTER").params[0]
        == "VERIFICATION_REQUIRED"
    )


def test_without_a_way_to_send(town: MailTown) -> None:
    """Nothing waits for a letter that nobody sends."""
    town.world.mail = None
    assert (
        find(town.person("tester").say(f"REGISTER * {ADDRESS} hunter2"), "FAIL").params[1]
        == "TEMPORARILY_UNAVAILABLE"
    )
    assert not len(town.world.verifications)


def test_verify_is_refused_who_needs_none(town: MailTown) -> None:
    """ALREADY_AUTHENTICATED; COMPLETE_CONNECTION_REQUIRED without before-connect."""
    ann = asked(town)
    ann.say(f"VERIFY tester {town.box.code}")
    assert find(ann.say("VERIFY tester x"), "FAIL").params[:2] == (
        "VERIFY",
        "ALREADY_AUTHENTICATED",
    )
    early = MailTown(before_connect=False).newcomer()
    assert find(early.say("VERIFY tester x"), "FAIL").params[:2] == (
        "VERIFY",
        "COMPLETE_CONNECTION_REQUIRED",
    )


def test_a_code_stays_good_when_the_account_cannot_be_stored(town: MailTown) -> None:
    """FAIL VERIFY TEMPORARILY_UNAVAILABLE."""
    ann = asked(town)
    town.accounts.error = AccountsError("disk full")
    assert (
        find(ann.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1]
        == "TEMPORARILY_UNAVAILABLE"
    )
    town.accounts.error = None
    assert find(ann.say(f"VERIFY tester {town.box.code}"), "VERIFY").params[0] == "SUCCESS"


def test_a_name_that_is_taken_meanwhile(town: MailTown) -> None:
    """An operator may give it to somebody else; then the code makes nothing."""
    ann = asked(town)
    town.accounts.add("tester", "other password")
    assert find(ann.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1] == "INVALID_CODE"
    assert town.accounts.passwords["tester"] == "other password"


def test_the_code_itself_is_not_kept(town: MailTown) -> None:
    """Of it only the hash is; and no list or error shows the password."""
    asked(town)
    holder = town.world.verifications.holder("tester", "tester")
    assert holder
    assert town.box.code.encode() not in holder.digest
    assert "hunter2" not in repr(holder)


# NickServ.


def sentence(person: Person, order: str) -> str:
    """Return what NickServ says."""
    return find(person.say(f"NS {order}"), "NOTICE").params[-1]


def test_nickserv_asks_for_an_address_and_takes_the_code(town: MailTown) -> None:
    """REGISTER <password> <email>, VERIFY <code>."""
    ann = town.person("tester")
    assert "REGISTER <password> <email>" in sentence(ann, "REGISTER hunter2")
    assert f"A code was sent to {ADDRESS}" in sentence(ann, f"REGISTER hunter2 {ADDRESS}")
    assert "not the code" in sentence(ann, "VERIFY 123")
    replies = ann.say(f"NS VERIFY {town.box.code}")
    assert commands(replies) == ["NOTICE", "900"]
    assert "logged in as tester already" in sentence(ann, "VERIFY 123")


def test_an_address_is_shown_to_its_owner_only(town: MailTown) -> None:
    """NickServ INFO of oneself has it; that of somebody else has not."""
    ann = asked(town)
    ann.say(f"VERIFY tester {town.box.code}")
    assert f"Your e-mail address is {ADDRESS}." in [
        message.params[-1] for message in ann.say("NS INFO")
    ]
    seen = town.person("bob").say("NS INFO tester", "WHOIS tester", "WHO tester")
    assert not any(ADDRESS in param for message in seen for param in message.params)

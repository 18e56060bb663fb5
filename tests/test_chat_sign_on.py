"""Single sign-on: OAUTHBEARER, accounts that it makes, and those that it must not open."""

import base64
import json

import pytest

from account_fakes import logged_in, plain, with_sasl
from login_fakes import CLIENT, CONFIGURATION, ISSUER, FakeSignOn, bearer
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import AccountsError, Busy
from trio_chat.chat.identities import LINK_SECONDS, Identity, NotLinked, ProviderUnavailable
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message
from trio_chat.irc.rights import RIGHTS

RULES = AccountRules(has_sign_on=True)
ROOT = Operator(name="root", account="ann", rights=frozenset(RIGHTS))


@pytest.fixture
def sign_on() -> FakeSignOn:
    """Return the provider."""
    return FakeSignOn()


@pytest.fixture
def town(accounts: OpenAccounts, sign_on: FakeSignOn) -> Town:
    """Return a world with accounts and a provider."""
    made = Town(
        ServerInfo(account_rules=RULES, operators={"root": ROOT}),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    made.world.sign_on = sign_on
    return made


def log_in(person: Person, token: str, authzid: str = "") -> list[Message]:
    """Send a token; return the answers."""
    person.say("AUTHENTICATE OAUTHBEARER")
    return person.say(*(f"AUTHENTICATE {piece}" for piece in bearer(token, authzid)))


def refusal(person: Person, token: str, authzid: str = "") -> str:
    """Send a token that is refused by the provider; return the sentence."""
    answers = log_in(person, token, authzid)
    if answers and answers[-1].command == "AUTHENTICATE":
        answers = person.say(f"AUTHENTICATE {base64.b64encode(bytes([1])).decode()}")
    return find(answers, "904").params[-1]


def offered(town: Town) -> str:
    """Return the capabilities that a client is shown."""
    return " ".join(line.params[-1] for line in town.newcomer().say("CAP LS 302"))


def test_a_new_person_gets_an_account(town: Town, accounts: OpenAccounts) -> None:
    """The account has the name that the provider knows, no password, and the identity."""
    eve = with_sasl(town)
    assert commands(log_in(eve, "good:s1:Eve")) == ["900", "903"]
    assert accounts.known["eve"].name == "Eve"
    assert accounts.linked[IdentityKey(ISSUER, "s1")] == accounts.known["eve"].id


def test_the_identity_opens_its_account_under_any_name(town: Town) -> None:
    """The provider may rename a person; the account stays the same."""
    log_in(with_sasl(town), "good:s1:eve")
    answers = log_in(with_sasl(town), "good:s1:ann")
    assert find(answers, "900").params[2] == "eve"


def test_a_name_never_opens_an_account_that_exists(town: Town) -> None:
    """A provider's `ann` is somebody else until the owner of the account says otherwise."""
    reason = refusal(with_sasl(town), "good:s1:ann")
    assert "ann belongs to an account" in reason
    assert "LINK" in reason


@pytest.mark.parametrize("name", ["", "#ann", "a b", "1ann", "x" * 65, "NickServ", "a!n"])
def test_a_name_that_cannot_be_one_makes_no_account(
    town: Town, accounts: OpenAccounts, name: str
) -> None:
    """A name that is none, or that looks like a service."""
    before = dict(accounts.known)
    assert refusal(with_sasl(town), f"good:s1:{name}")
    assert accounts.known == before


def test_a_missing_name_is_not_called_a_wrong_one(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which key of config.ini names it."""
    assert "no name has come" in refusal(with_sasl(town), "good:s1:")
    assert "account_claim" in caplog.text


def test_new_people_can_be_refused(town: Town, sign_on: FakeSignOn) -> None:
    """With `provision = no`, an operator makes and links accounts."""
    sign_on.may_create = False
    assert "operator" in refusal(with_sasl(town), "good:s1:eve")


def test_a_wrong_token_is_answered_in_json(town: Town) -> None:
    """RFC 7628 §3.2.2: the client learns where tokens come from, and answers with one byte."""
    eve = with_sasl(town)
    (challenge,) = log_in(eve, "old")
    answer = json.loads(base64.b64decode(challenge.params[0]))
    assert answer["status"] == "invalid_token"
    assert answer["openid-configuration"] == CONFIGURATION
    assert answer["client_id"] == CLIENT
    (failure,) = eve.say("AUTHENTICATE AQ==")
    assert failure.command == "904"
    assert "expired" in failure.params[-1]


def test_a_client_without_a_token_may_ask(town: Town) -> None:
    """It is no wrong guess, however often it asks."""
    eve = with_sasl(town)
    for _ in range(10):
        assert "needed" in refusal(eve, "")
    assert not eve.session.closing


def test_wrong_tokens_end_the_session(town: Town) -> None:
    """As wrong passwords do."""
    eve = with_sasl(town)
    for _ in range(5):
        refusal(eve, "old")
    assert eve.session.closing


def test_a_long_token_comes_in_pieces(town: Town) -> None:
    """A token with many groups has more than PLAIN may send."""
    assert commands(log_in(with_sasl(town), f"good:s1:eve:{'x' * 9000}"))[-1] == "904"
    eve = with_sasl(town)
    eve.say("AUTHENTICATE OAUTHBEARER")
    answers = [eve.say(f"AUTHENTICATE {'A' * 400}") for _ in range(41)]
    assert commands(answers[-1]) == ["904"]


@pytest.mark.parametrize(("authzid", "code"), [("eve", "903"), ("EVE", "903"), ("ann", "904")])
def test_nobody_acts_for_another_account(town: Town, authzid: str, code: str) -> None:
    """The account that a client names must be that of the identity."""
    log_in(with_sasl(town), "good:s1:eve")
    assert commands(log_in(with_sasl(town), "good:s1:eve", authzid))[-1] == code


def test_a_suspended_account_stays_closed(town: Town) -> None:
    """Whatever the provider says."""
    log_in(with_sasl(town), "good:s1:eve")
    root = logged_in(town)
    root.say("OPER root")
    root.say("NS SUSPEND eve spam")
    reason = find(log_in(with_sasl(town), "good:s1:eve"), "904").params[-1]
    assert "suspended" in reason


@pytest.mark.parametrize(
    "error",
    [ProviderUnavailable("down"), AccountsError("disk"), Busy("wait")],
    ids=("provider", "disk", "busy"),
)
def test_what_cannot_be_checked_is_no_wrong_token(
    town: Town, sign_on: FakeSignOn, error: Exception
) -> None:
    """It counts as nothing, and the client hears no detail."""
    sign_on.error = error
    eve = with_sasl(town)
    assert commands(log_in(eve, "good:s1:eve")) == ["904"]
    assert eve.session.failed_logins == 0


def test_the_mechanism_is_offered_where_there_is_a_provider(town: Town) -> None:
    """And nowhere else."""
    assert "OAUTHBEARER" in offered(town)
    elsewhere = Town(storage=town.world.storage)
    assert "OAUTHBEARER" not in offered(elsewhere)
    assert "904" in commands(with_sasl(elsewhere).say("AUTHENTICATE OAUTHBEARER"))


def test_scram_is_not_offered_with_a_directory(accounts: OpenAccounts) -> None:
    """Clients would prefer it, and the directory has no keys for it."""
    town = Town(
        ServerInfo(account_rules=AccountRules(has_directory=True)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    assert "SCRAM" not in offered(town)
    assert "904" in commands(with_sasl(town).say("AUTHENTICATE SCRAM-SHA-256"))


def test_the_owner_links_an_account(town: Town, accounts: OpenAccounts) -> None:
    """Both are proved on one connection: the password, and then the token."""
    ann = logged_in(town)
    assert "within 10 minutes" in ann.say("NS LINK")[0].params[-1]
    assert "903" in commands(log_in(ann, "good:s1:whatever"))
    assert accounts.linked == {IdentityKey(ISSUER, "s1"): accounts.known["ann"].id}
    assert find(log_in(with_sasl(town), "good:s1:ann"), "900").params[2] == "Ann"


def test_a_link_does_not_wait_for_ever(town: Town) -> None:
    """And it is for one login."""
    ann = logged_in(town)
    ann.say("NS LINK")
    town.clock.now += LINK_SECONDS + 1
    assert "belongs" in refusal(ann, "good:s1:ann")
    ann.say("NS LINK")
    log_in(ann, "good:s1:ann")
    assert "belongs" in refusal(ann, "good:s2:ann")


def test_an_identity_of_another_account_is_not_linked(town: Town) -> None:
    """It stays where it is."""
    log_in(with_sasl(town), "good:s1:eve")
    ann = logged_in(town)
    ann.say("NS LINK")
    assert "eve already" in refusal(ann, "good:s1:eve")


def test_a_session_of_an_app_password_links_nothing(town: Town, accounts: OpenAccounts) -> None:
    """It may not give itself another way in."""
    ann = logged_in(town)
    ann.session.app_password = "a digest"
    assert "app password" in ann.say("NS LINK")[0].params[-1]
    accounts.linked[IdentityKey(ISSUER, "s1")] = accounts.known["ann"].id
    assert "app password" in ann.say("NS LINK DEL 1")[0].params[-1]


def test_the_owner_sees_and_removes_links(town: Town, accounts: OpenAccounts) -> None:
    """By the number in the list."""
    accounts.linked[IdentityKey(ISSUER, "s1")] = accounts.known["ann"].id
    ann = logged_in(town)
    listed = [answer.params[-1] for answer in ann.say("NS LINK LIST")]
    assert listed == [f"1: s1 of {ISSUER}", "That is all: 1 of 8."]
    assert "no identity 2" in ann.say("NS LINK DEL 2")[0].params[-1]
    assert "no longer" in ann.say("NS LINK DEL 1")[0].params[-1]
    assert not accounts.linked


@pytest.mark.parametrize("line", ["LINK x", "LINK DEL", "LINK DEL x", "LINK DEL ²"])
def test_a_wrong_word_shows_the_usage(town: Town, line: str) -> None:
    """One sentence."""
    assert "Usage" in logged_in(town).say(f"NS {line}")[0].params[-1]


class DirectoryAccounts(OpenAccounts):
    """Accounts whose directory takes one password, for a person without an account."""

    async def verify_login(self, folded: str, password: str, origin: object) -> None:
        """Say that the password is that of a person of the directory."""
        raise NotLinked(Identity(IdentityKey("ldap:x", "1"), "zoe"))


@pytest.mark.parametrize("how", ["sasl", "identify", "pass"])
def test_a_password_of_the_directory_makes_an_account(how: str) -> None:
    """By PLAIN, by IDENTIFY and by PASS alike."""
    accounts = DirectoryAccounts()
    town = Town(
        ServerInfo(account_rules=AccountRules(has_directory=True)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    if how == "sasl":
        person = with_sasl(town)
        person.say("AUTHENTICATE PLAIN")
        answers = person.say(f"AUTHENTICATE {plain('zoe', 'pw')}")
    elif how == "pass":
        answers = town.newcomer().say("PASS zoe:pw")
    else:
        answers = town.person("guest").say("NS IDENTIFY zoe pw")
    assert "900" in commands(answers)
    assert accounts.linked == {IdentityKey("ldap:x", "1"): accounts.known["zoe"].id}


def test_the_log_says_why_a_token_was_refused(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    """A clock that is wrong refuses everybody, and is no wrong password."""
    with caplog.at_level("INFO", logger="trio_chat"):
        refusal(with_sasl(town), "bad")
    assert "the token has expired, log in again" in caplog.text
    assert "password" not in caplog.text


def test_the_name_of_a_service_is_none_for_an_account(town: Town) -> None:
    """Nobody can log in to it with a password, as the sentence about others says."""
    assert "cannot be one here" in refusal(with_sasl(town), "good:s1:NickServ")


def test_the_name_of_a_deleted_account_has_no_password(town: Town) -> None:
    """Only an operator helps: there is nothing to link to."""
    person = with_sasl(town)
    log_in(person, "good:s1:eve")
    person.say("CAP END", "NICK eve2", "USER e 0 * :e")
    code = find(person.say("NS DROP"), "NOTICE").params[-1].split()[-1].rstrip(".")
    person.say(f"NS DROP {code}")
    assert "was deleted" in refusal(with_sasl(town), "good:s1:eve")

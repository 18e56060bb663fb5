"""Operators of the server by a group of single sign-on or of a directory."""

from dataclasses import replace

import pytest

from account_fakes import plain, with_sasl
from cluster_town import Client, ClusterTown
from login_fakes import FakeSignOn, bearer
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from test_chat_operators import FakeControl
from trio_chat.chat import reconfiguration
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Login
from trio_chat.chat.changes import Audited, Change
from trio_chat.chat.identity_keys import ConfirmedGroups
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.operators import has_right
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

RULES = AccountRules(has_sign_on=True, has_directory=True)
STAFF = "CN=Staff,OU=Groups"
BLOCKS = {
    "root": Operator(name="root", password="hash of secret"),
    "home": Operator(name="home", oidc_group="home", host="198.51.100.0/24"),
    "admin": Operator(name="admin", oidc_group="admins"),
    "staff": Operator(
        name="staff", oidc_group="staff", ldap_group=STAFF, rights=frozenset(("kill",))
    ),
}
ADMINS = frozenset(("admins",))
NOBODY = frozenset[str]()


class GroupedAccounts(OpenAccounts):
    """Accounts whose passwords are of a directory.

    Attributes:
        groups: of everybody there.
    """

    groups = frozenset[str]()

    async def verify_login(self, folded: str, password: str, origin: object) -> Login | None:
        """Take any password of an account."""
        account = self.known.get(folded)
        confirmed = ConfirmedGroups("ldap", self.groups) if password == "of ldap" else None
        return Login(account, confirmed=confirmed) if account else None


@pytest.fixture
def accounts() -> GroupedAccounts:
    """Return the accounts, with one of Ann."""
    keeper = GroupedAccounts()
    keeper.add("ann", "secret")
    return keeper


@pytest.fixture
def sign_on() -> FakeSignOn:
    """Return the provider."""
    return FakeSignOn()


@pytest.fixture
def town(accounts: GroupedAccounts, sign_on: FakeSignOn) -> Town:
    """Return a world with operators, a provider and a directory."""
    made = Town(
        ServerInfo(created=NOON, account_rules=RULES, operators=BLOCKS),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )
    made.world.sign_on = sign_on
    made.world.control = FakeControl()
    return made


def audited(town: Town) -> list[str]:
    """Return the list that what is audited from now on is added to."""
    found: list[str] = []

    def note(change: Change) -> None:
        if isinstance(change, Audited):
            found.append(f"{change.actor}: {change.text}")

    town.world.observers.append(note)
    return found


def by_token(person: Person, token: str = "good:s1:eve") -> list[Message]:
    """Log in by single sign-on."""
    person.say("AUTHENTICATE OAUTHBEARER")
    return person.say(*(f"AUTHENTICATE {piece}" for piece in bearer(token)))


def by_password(person: Person, password: str = "of ldap") -> list[Message]:
    """Log in by the password of the directory."""
    person.say("AUTHENTICATE PLAIN")
    return person.say(f"AUTHENTICATE {plain('ann', password)}")


def operator_of(person: Person) -> str:
    """Return the name of the block by which somebody is an operator; "" for none."""
    user = person.session.user
    assert user is not None
    return user.operator.name if user.operator is not None else ""


def registered(person: Person, nick: str) -> list[Message]:
    """Complete the registration of somebody who has logged in."""
    return person.say(f"NICK {nick}", "USER u 0 * :x", "CAP END")


def test_a_group_makes_an_operator_at_registration(town: Town, sign_on: FakeSignOn) -> None:
    """Without OPER; the client learns it, and the audit log."""
    sign_on.groups, found = ADMINS, audited(town)
    eve = with_sasl(town)
    assert "381" not in commands(by_token(eve))
    answers = registered(eve, "eve")
    assert commands(answers)[-2:] == ["381", "MODE"]
    assert operator_of(eve) == "admin"
    assert has_right(eve.session.user, "ban") if eve.session.user else False
    assert len(found) == 1
    assert "by a group of the single sign-on" in found[0]


def test_a_user_becomes_one_when_it_logs_in(town: Town, sign_on: FakeSignOn) -> None:
    """Also by a password of the directory, and with the rights of the block alone."""
    sign_on.groups = ADMINS
    eve = town.person("eve", caps="sasl")
    assert "381" in commands(by_token(eve))
    ann = town.person("guest", caps="sasl")
    accounts = town.world.accounts
    assert isinstance(accounts, GroupedAccounts)
    accounts.groups = frozenset((STAFF.casefold(),))
    assert "381" in commands(by_password(ann))
    assert ann.session.user is not None
    assert operator_of(ann) == "staff"
    assert has_right(ann.session.user, "kill")
    assert not has_right(ann.session.user, "ban")


@pytest.mark.parametrize(
    "group",
    ["Admins", "admins ", "admins,x", "x,admins", "admin", "", "root", "home", STAFF.casefold()],
)
def test_what_is_another_group(town: Town, sign_on: FakeSignOn, group: str) -> None:
    """Names are compared as a whole; a group of the directory is none of the provider, a block
    with a password has none, and one with an address is for that address.
    """
    sign_on.groups = frozenset((group,))
    eve = town.person("eve", caps="sasl")
    assert "903" in commands(by_token(eve))
    assert operator_of(eve) == ""


def test_a_group_of_the_provider_is_none_of_the_directory(
    town: Town, accounts: GroupedAccounts
) -> None:
    """Whoever may make groups in one of them makes no operators of the other."""
    accounts.groups = frozenset(("admins", "staff"))
    ann = town.person("guest", caps="sasl")
    by_password(ann)
    assert operator_of(ann) == ""


def test_the_next_login_takes_the_rights_away(town: Town, sign_on: FakeSignOn) -> None:
    """From all users of the account, and the audit log has it."""
    sign_on.groups = ADMINS
    eve, other = town.person("eve", caps="sasl"), town.person("other", caps="sasl")
    by_token(eve)
    by_token(other)
    found, sign_on.groups = audited(town), NOBODY
    third = with_sasl(town)
    by_token(third)
    assert operator_of(eve) == "admin"
    registered(third, "third")
    assert [operator_of(each) for each in (eve, other, third)] == ["", "", ""]
    assert "-o" in find(eve.read(), "MODE").params[1]
    assert len([text for text in found if "without the group" in text]) == 2


def test_a_login_that_asks_nobody_changes_nothing(
    town: Town, sign_on: FakeSignOn, accounts: GroupedAccounts
) -> None:
    """A password of the account says nothing about groups; it neither gives nor takes rights."""
    accounts.groups = frozenset((STAFF.casefold(),))
    ann, other = town.person("guest", caps="sasl"), town.person("other", caps="sasl")
    by_password(ann)
    by_password(other, "an app password")
    assert (operator_of(ann), operator_of(other)) == ("staff", "")


def test_other_people_keep_their_rights(town: Town, sign_on: FakeSignOn) -> None:
    """Who has lost the group is one account, and OPER is not undone by groups."""
    sign_on.groups = ADMINS
    eve, zoe = town.person("eve", caps="sasl"), town.person("zoe", caps="sasl")
    by_token(eve)
    by_token(zoe, "good:s2:zoe")
    zoe.say("OPER root secret")
    sign_on.groups = NOBODY
    by_token(zoe, "good:s2:zoe")
    assert (operator_of(eve), operator_of(zoe)) == ("admin", "root")


def test_the_rights_end_with_the_account(town: Town, sign_on: FakeSignOn) -> None:
    """They are of the account that has logged in."""
    sign_on.groups = ADMINS
    eve = town.person("eve", caps="sasl")
    by_token(eve)
    eve.say("NS LOGOUT")
    assert operator_of(eve) == ""


def test_another_login_before_registration_counts(town: Town, sign_on: FakeSignOn) -> None:
    """Not the groups of the one before it, which is of another account."""
    sign_on.groups = ADMINS
    eve = with_sasl(town)
    by_token(eve)
    by_password(eve, "secret")
    registered(eve, "ann")
    assert (eve.session.account, operator_of(eve)) == ("ann", "")


@pytest.mark.parametrize("password", ["", "x", "secret"])
def test_nobody_becomes_one_by_oper(town: Town, sign_on: FakeSignOn, password: str) -> None:
    """A block with a group has no password."""
    sign_on.groups = NOBODY
    eve = town.person("eve", caps="sasl")
    by_token(eve)
    eve.say(f"OPER admin {password}")
    assert operator_of(eve) == ""


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "admin"),
        ({"rights": frozenset(("kill",))}, "admin"),
        ({"oidc_group": "others"}, ""),
        ({"oidc_group": "", "ldap_group": "admins"}, ""),
        ({"oidc_group": "", "account": "eve"}, ""),
        (None, ""),
    ],
    ids=str,
)
def test_another_configuration_reviews_them(
    town: Town, sign_on: FakeSignOn, changed: dict[str, object] | None, name: str
) -> None:
    """REHASH: another group means other people; other rights count at once."""
    sign_on.groups = ADMINS
    eve = town.person("eve", caps="sasl")
    by_token(eve)
    blocks = {key: block for key, block in BLOCKS.items() if key != "admin"}
    if changed is not None:
        blocks["admin"] = replace(BLOCKS["admin"], **changed)  # type: ignore[arg-type]
    reconfiguration.reconfigure(town.world, replace(town.world.server_info, operators=blocks))
    assert operator_of(eve) == name
    rights = changed.get("rights") if changed else None
    assert eve.session.user is not None
    assert has_right(eve.session.user, "ban") is (bool(name) and not rights)


def test_operators_may_need_a_second_factor(town: Town, sign_on: FakeSignOn) -> None:
    """The rule is that of OPER; the client is told what to do."""
    rules = replace(RULES, operators_second_factor=True)
    town.world.server_info = replace(town.world.server_info, account_rules=rules)
    sign_on.groups = ADMINS
    eve = town.person("eve", caps="sasl")
    answers = by_token(eve)
    assert "second factor" in find(answers, "NOTICE").params[1]
    assert operator_of(eve) == ""


def test_in_a_cluster_the_node_of_the_client_decides() -> None:
    """The other one need not know the group, and both have the same operator."""
    town = ClusterTown()
    world = town.here.world
    world.server_info = replace(world.server_info, operators=BLOCKS)
    ann = Client(town.here)
    assert world.accounts is not None
    ann.session.set_account(world.accounts.by_id[1])
    ann.session.confirmed = ConfirmedGroups("oidc", ADMINS)
    answers = ann.say("NICK ann", "USER u 0 * :x")
    assert "381" in commands(answers)
    assert [user.nick for user in town.there.world.opers] == ["ann"]
    town.check()
    ann.say("NS LOGOUT")
    assert not town.there.world.opers
    town.check()

"""Races in a cluster: what a node has checked, when the log has something else before it.

"there" has checked something, and "here" was faster: its item is in the log already, and was not
carried out yet.
"""

import base64
from collections.abc import Callable

import pytest

from cluster_simulation import ROOT
from cluster_town import Client, ClusterTown
from support import NOON, commands
from trio_chat.chat.accounts import Account
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    AccountDeleted,
    BanSet,
    CertificateAdded,
    Change,
    LoginsEnded,
    OperatorAppointed,
    PasswordSet,
    PushSubscribed,
)
from trio_chat.chat.credentials import Credentials, ScramKeys
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.push import PushSubscription

ACC1 = 1
FINGERPRINT = "ab" * 32
ENDED = LoginsEnded(ACC1, "the password was changed")
SUSPENDED = BanSet(Ban(BanKind.ACCOUNT, "acc1", "root", "x", int(NOON), account_id=ACC1))
PLAIN = base64.b64encode(b"\0acc1\0secret").decode()


def credentials(salt: bytes) -> Credentials:
    """Return what a password is checked against."""
    return Credentials("another", ScramKeys(salt, 1, b"stored", b"server"))


def account(town: ClusterTown) -> Account:
    """Return the account that matters here."""
    assert town.here.world.accounts is not None
    return town.here.world.accounts.by_id[ACC1]


FASTER: dict[str, Callable[[ClusterTown], Change]] = {
    "password": lambda town: PasswordSet(ACC1, credentials(b"faster")),
    "logins ended": lambda town: ENDED,
    "suspended": lambda town: SUSPENDED,
    "deleted": lambda town: AccountDeleted(account(town)),
}
"""What another node does first."""


@pytest.mark.parametrize("faster", FASTER)
def test_a_login_by_nickserv_does_not_come_after_what_forbids_it(faster: str) -> None:
    """The client gets to know that it is not logged in."""
    town = ClusterTown()
    ann = town.there.person("ann")
    town.here.decide(FASTER[faster](town))
    [answer] = ann.say("NS IDENTIFY acc1 secret")
    assert "log in again" in answer.params[-1]
    assert not town.here.world.users["ann"].account
    town.check()


@pytest.mark.parametrize("faster", FASTER)
def test_a_login_by_sasl_does_not_come_after_what_forbids_it(faster: str) -> None:
    """ERR_SASLFAIL, and not RPL_LOGGEDIN."""
    town = ClusterTown()
    ann = town.there.person("ann", "AUTHENTICATE PLAIN", caps="sasl")
    town.here.decide(FASTER[faster](town))
    assert commands(ann.say(f"AUTHENTICATE {PLAIN}")) == ["904"]
    assert not town.there.world.users["ann"].account
    town.check()


def test_a_login_that_nothing_forbids_counts() -> None:
    """What happens to another account does not matter."""
    town = ClusterTown()
    ann = town.there.person("ann", caps="sasl")
    town.here.decide(LoginsEnded(2, "the password was changed"))
    assert commands(ann.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {PLAIN}"))[-2:] == ["900", "903"]
    assert town.here.world.users["ann"].account == "acc1"
    town.check()


@pytest.mark.parametrize("faster", ["logins ended", "password", "deleted"])
def test_a_session_that_logged_in_before_its_registration_is_not_logged_in(faster: str) -> None:
    """Nobody knew it when the sessions of the account were ended."""
    town = ClusterTown()
    client = Client(town.there)
    assert town.there.world.accounts is not None
    client.session.set_account(town.there.world.accounts.by_id[ACC1])
    client.say("NICK ann")
    town.here.decide(FASTER[faster](town))
    client.say("USER ann 0 * :ann")
    user = town.here.world.users.get("ann")
    assert user is None or not user.account
    town.check()


def test_a_suspended_account_is_not_registered_with() -> None:
    """The ban was in the log before."""
    town = ClusterTown()
    client = Client(town.there)
    assert town.there.world.accounts is not None
    client.session.set_account(town.there.world.accounts.by_id[ACC1])
    client.say("NICK ann")
    town.here.decide(SUSPENDED)
    client.say("USER ann 0 * :ann")
    assert "ann" not in town.here.world.users
    town.check()


@pytest.mark.parametrize("faster", ["password", "logins ended"])
@pytest.mark.parametrize("line", ["NS SET PASSWORD secret secret2", "NS DROP secret"])
def test_who_knows_the_old_password_alone_changes_nothing(line: str, faster: str) -> None:
    """Such as an intruder, while the owner sets another password."""
    town = ClusterTown()
    ann = town.there.person("ann", account=ACC1)
    if faster == "password":
        town.here.decide(FASTER[faster](town))
    else:
        town.here.decide(LoginsEnded(ACC1, "x", keep=ann.session.id))
    [answer] = ann.say(line)
    assert "in the meantime" in answer.params[-1]
    for node in town.nodes:
        assert node.world.accounts is not None
        assert ACC1 in node.world.accounts.by_id
        assert node.world.accounts.version(ACC1) == 1
    town.check()


def test_of_two_passwords_the_first_counts() -> None:
    """Each was set by a session that knew the one before."""
    town = ClusterTown()
    first = town.here.person("ann", account=ACC1)
    town.here.decide(PasswordSet(ACC1, credentials(b"one"), 0))
    town.there.decide(PasswordSet(ACC1, credentials(b"two"), 0))
    town.carry_out()
    for node in town.nodes:
        stored = [each for each in node.world.dirty.operations if isinstance(each, PasswordSet)]
        assert [each.credentials.key for each in stored] == [b"one"]
    assert "is changed" in first.say("NS SET PASSWORD secret secret2")[-1].params[-1]
    town.check()


@pytest.mark.parametrize(
    "change",
    [
        CertificateAdded(ACC1, FINGERPRINT, is_proved=True, version=0),
        PushSubscribed(ACC1, PushSubscription("https://push.example/1", b"", b"", 0, 0, 0), 5, 0),
    ],
    ids=["certificate", "device"],
)
def test_a_session_that_was_ended_leaves_nothing_behind(change: Change) -> None:
    """No certificate by which an intruder could come back, and no device."""
    town = ClusterTown()
    town.here.decide(ENDED)
    town.there.decide(change)
    town.carry_out()
    for node in town.nodes:
        assert not node.world.push.of(ACC1)
        assert not node.world.dirty.operations
    town.check()


def test_a_user_that_was_logged_out_becomes_no_operator() -> None:
    """If the operator is one by its account."""
    town = ClusterTown()
    ann = town.there.person("ann", account=ACC1)
    boss = Operator(name="boss", account="acc1", account_id=ACC1)
    town.there.world.server_info.operators["boss"] = boss  # type: ignore[index]
    town.here.decide(FASTER["deleted"](town))
    answer = ann.say("OPER boss")
    assert "381" not in commands(answer)
    assert "464" in commands(answer)
    for node in town.nodes:
        assert not node.world.opers
    town.check()


def test_an_operator_without_an_account_needs_none() -> None:
    """It is checked by its password."""
    town = ClusterTown()
    town.there.person("ann")
    town.there.decide(OperatorAppointed("ann", ROOT))
    town.carry_out()
    assert len(town.here.world.opers) == 1
    town.check()

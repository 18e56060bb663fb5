"""Accounts in a cluster: what a handler wants is decided on, and counts where the log has it."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest

from cluster_simulation import Pause
from cluster_town import ClusterTown
from login_fakes import ISSUER, FakeSignOn, bearer
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, run_now
from trio_chat.chat import account_changes
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountNameFreed,
    AccountRegistered,
    AppPasswordAdded,
    AppPasswordRemoved,
    AuditKept,
    CertificateAdded,
    CertificateRemoved,
    Change,
    IdentityLinked,
    IdentityUnlinked,
    InvitationMade,
    OperatorAppointed,
    PasswordSet,
)
from trio_chat.chat.credentials import Credentials, Email, ScramKeys
from trio_chat.chat.events import Output
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.invitations import Invitation, digest_of, make_token
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.cluster.decisions import decide, resolve
from trio_chat.irc.message import Message

ADMIN = Operator(name="root", rights=frozenset({"accounts"}))
FINGERPRINT = "0" * 64
IDENTITY = IdentityKey(ISSUER, "s1")


def credentials(password: str) -> Credentials:
    """Return what a password is checked against."""
    return Credentials(password, ScramKeys(password.encode(), 1, b"", b""))


class DecidingTown(Town):
    """A node: what is decided on is carried out when somebody waits for it.

    Attributes:
        before: changes of other nodes, which the log has before that.
    """

    def __init__(self, **rules: object) -> None:
        self.accounts = OpenAccounts()
        super().__init__(
            ServerInfo(created=NOON, account_rules=AccountRules(**rules)),  # type: ignore[arg-type]
            storage=StoragePorts(history=ListHistory(), accounts=self.accounts),
        )
        self.before: list[Change] = []
        self._decided: deque[Change] = deque()

    def join_cluster(self) -> None:
        """Have changes decided on from now on."""
        self.world.decider = self._decided.append
        self.world.settle = self._settle

    def offer_sign_on(self) -> None:
        """Have a provider of single sign-on."""
        rules = AccountRules(has_sign_on=True)
        self.world.server_info = replace(self.world.server_info, account_rules=rules)
        self.world.sign_on = FakeSignOn()

    async def _settle(self) -> None:
        log = [*self.before, *self._decided]
        self.before.clear()
        self._decided.clear()
        decider, self.world.decider = self.world.decider, None
        self._store_logins(log)
        someone = next(each.sink for each in self.world.sessions.values())
        assert isinstance(someone, Person)
        for change in log:
            self.deliver(Output(tuple(apply(self.world, change))), someone)
        self.world.decider = decider

    def _store_logins(self, log: list[Change]) -> None:
        for change in log:
            if isinstance(change, CertificateAdded):
                self.accounts.owners.setdefault((change.fingerprint, change.account), False)
            elif isinstance(change, CertificateRemoved):
                self.accounts.owners.pop((change.fingerprint, change.account), None)
            elif isinstance(change, AppPasswordAdded):
                self.accounts.apps.setdefault(change.account, []).append(change.password)
            elif isinstance(change, AppPasswordRemoved):
                self.accounts.apps[change.account].clear()
            elif isinstance(change, IdentityLinked):
                self.accounts.linked.setdefault(change.identity, change.account)
            elif isinstance(change, IdentityUnlinked):
                self.accounts.linked.pop(change.identity, None)

    @property
    def stored(self) -> list[object]:
        """What is to be stored of accounts, one after the other."""
        operations = self.world.dirty.take().operations
        return [each for each in operations if not isinstance(each, AuditKept)]


@pytest.fixture
def town() -> DecidingTown:
    """Return a node without users."""
    return DecidingTown()


def notices(person: Person, line: str) -> str:
    """Return what NickServ answers."""
    return " ".join(each.params[-1] for each in person.say(line) if each.command == "NOTICE")


def test_an_account_gets_the_next_number_of_the_log(town: DecidingTown) -> None:
    """That of an account which another node has registered before is taken."""
    ann = town.person("ann")
    town.join_cluster()
    town.before = [AccountRegistered(Account("bob", "bob", 1), credentials("bobs"))]
    assert "ann is yours now" in notices(ann, "NS REGISTER secret")
    assert {each.name: each.id for each in town.accounts.known.values()} == {"bob": 1, "ann": 2}
    assert [(type(each), each.account.id) for each in town.stored] == [  # type: ignore[attr-defined]
        (AccountRegistered, 1),
        (AccountRegistered, 2),
    ]


def test_the_first_of_two_gets_the_name(town: DecidingTown) -> None:
    """The other one is refused, and its password is stored nowhere."""
    ann = town.person("ann")
    town.join_cluster()
    first = AccountRegistered(Account("Ann", "ann", 1), credentials("of the first"))
    town.before = [first]
    assert "belongs to somebody already" in notices(ann, "NS REGISTER secret")
    [stored] = town.stored
    assert isinstance(stored, AccountRegistered)
    assert stored.credentials == first.credentials
    assert not ann.session.account


def test_a_confusable_name_is_taken_too(town: DecidingTown) -> None:
    """As for a client that comes later."""
    ann = town.person("ann")
    town.join_cluster()
    town.before = [AccountRegistered(Account("аnn", "аnn", 1), credentials("of the first"))]
    assert "looks like a name" in notices(ann, "NS REGISTER secret")


def test_a_number_is_not_used_again(town: DecidingTown) -> None:
    """Not even that of the last account, whose name was freed."""
    town.accounts.add("bob", "secret")
    ann = town.person("ann")
    town.join_cluster()
    bob = town.accounts.known["bob"]
    town.before = [AccountDeleted(bob), AccountNameFreed(bob)]
    notices(ann, "NS REGISTER secret")
    assert town.accounts.known["ann"].id == bob.id + 1


def test_an_invitation_is_used_by_the_first_of_two() -> None:
    """The use and the account are one change."""
    town = DecidingTown(by_invitation=True)
    token = make_token()
    apply(town.world, InvitationMade(Invitation(digest_of(token), 0, "ops", 0, 0, 0, 1)))
    ann = town.person("ann")
    town.join_cluster()
    bob = AccountRegistered(Account("bob", "bob", 1), credentials("x"), None, digest_of(token))
    town.before = [bob]
    notices(ann, f"NS REGISTER secret * {token}")
    assert list(town.accounts.known) == ["bob"]
    [invitation] = town.world.invitations
    assert invitation.left == 0


def test_deleting_an_account_ends_its_logins_and_keeps_its_name(town: DecidingTown) -> None:
    """A second request for it changes nothing."""
    account = town.accounts.add("ann", "secret")
    ann = town.person("eve")
    ann.say("NS IDENTIFY ann secret")
    town.join_cluster()
    town.before = [AccountDeleted(account)]
    assert "is deleted" in notices(ann, "NS DROP secret")
    assert not ann.session.account
    assert town.accounts.dropped == {"ann": account}
    assert town.stored == [AccountDeleted(account)]


def test_an_operator_frees_a_name(town: DecidingTown) -> None:
    """It can be registered then, with another number."""
    account = town.accounts.add("ann", "secret")
    town.accounts.drop(account)
    eve = town.person("eve")
    town.appoint(eve.session.user, ADMIN)
    town.join_cluster()
    assert "can be registered now" in notices(eve, "NS FREE ann")
    assert town.accounts.dropped == {}
    assert "is registered" in notices(eve, "NS SAREGISTER ann secret")
    assert town.accounts.known["ann"].id == account.id + 1
    assert [type(each) for each in town.stored] == [AccountNameFreed, AccountRegistered]


def test_a_password_is_changed_on_all_nodes(town: DecidingTown) -> None:
    """As what it is checked against; other sessions of the account are ended."""
    account = town.accounts.add("ann", "secret")
    ann, other = town.person("eve"), town.person("bob")
    for each in (ann, other):
        each.say("NS IDENTIFY ann secret")
    town.join_cluster()
    assert "password is changed" in notices(ann, "NS SET PASSWORD secret another")
    [stored] = town.stored
    assert isinstance(stored, PasswordSet)
    assert (stored.account, stored.credentials.password) == (account.id, "another")
    run_now(town.world.settle())
    assert other.ended
    assert not ann.ended


def test_a_password_of_a_deleted_account_does_not_change(town: DecidingTown) -> None:
    """The client is not made to believe that it did."""
    account = town.accounts.add("ann", "secret")
    ann = town.person("eve")
    ann.say("NS IDENTIFY ann secret")
    town.join_cluster()
    town.before = [AccountDeleted(account)]
    assert "deleted in the meantime" in notices(ann, "NS SET PASSWORD secret another")
    assert town.stored == [AccountDeleted(account)]


def test_certificates_are_added_and_removed_on_all_nodes(town: DecidingTown) -> None:
    """By the log, in its order."""
    account = town.accounts.add("ann", "secret")
    ann = town.person("eve")
    ann.say("NS IDENTIFY ann secret")
    town.join_cluster()
    assert "can log in with that certificate" in notices(ann, f"NS CERT ADD {FINGERPRINT}")
    assert "is removed" in notices(ann, f"NS CERT DEL {FINGERPRINT}")
    assert "do not have that certificate" in notices(ann, f"NS CERT DEL {FINGERPRINT}")
    assert town.stored == [
        CertificateAdded(account.id, FINGERPRINT, is_proved=False, version=0),
        CertificateRemoved(account.id, FINGERPRINT, version=0),
    ]


def test_a_certificate_that_another_account_has_proved_is_refused(town: DecidingTown) -> None:
    """As on a single server."""
    town.accounts.add("ann", "secret")
    ann = town.person("eve")
    ann.say("NS IDENTIFY ann secret")
    bob = town.accounts.add("bob", "secret")
    town.accounts.owners[FINGERPRINT, bob.id] = True
    town.join_cluster()
    assert "belongs to another account" in notices(ann, f"NS CERT ADD {FINGERPRINT}")
    assert town.stored == []


def test_an_identity_is_linked_by_the_log(town: DecidingTown) -> None:
    """The change has the identity as plain data: no other node asks a provider."""
    town.accounts.add("ann", "secret")
    ann = town.person("eve")
    ann.say("NS IDENTIFY ann secret")
    town.offer_sign_on()
    town.join_cluster()
    assert "within 10 minutes" in notices(ann, "NS LINK")
    assert "903" in commands(single_sign_on(ann, "good:s1:ann"))
    assert IdentityLinked(1, IDENTITY, 0) in town.stored
    assert "no longer" in notices(ann, "NS LINK DEL 1")
    assert IdentityUnlinked(1, IDENTITY, 0) in town.stored


def test_an_account_is_made_with_its_identity_by_the_log(town: DecidingTown) -> None:
    """In one change, so that no crash comes between; another node with the same name is first."""
    eve, bob = town.person("eve"), town.person("bob")
    town.offer_sign_on()
    town.join_cluster()
    assert "903" in commands(single_sign_on(eve, "good:s1:zoe"))
    made = next(each for each in town.stored if isinstance(each, AccountRegistered))
    assert (made.account.name, made.identity) == ("zoe", IDENTITY)
    town.before.append(AccountRegistered(Account("max", "max", 1), credentials("x")))
    assert "904" in commands(single_sign_on(bob, "good:s2:max"))


def single_sign_on(person: Person, token: str) -> list[Message]:
    """Log in with a token."""
    person.say("AUTHENTICATE OAUTHBEARER")
    return person.say(f"AUTHENTICATE {bearer(token)[0]}")


def test_a_decision_for_a_deleted_account_is_dropped(town: DecidingTown) -> None:
    """But not the one that frees its name."""
    account = town.accounts.add("ann", "secret")
    world = town.world
    decisions: list[Callable[[], Change]] = [
        lambda: PasswordSet(account.id, credentials("x")),
        lambda: AccountDeleted(account),
        lambda: CertificateAdded(account.id, FINGERPRINT, is_proved=True),
    ]
    items = [decide(world, make()) for make in decisions]
    assert all(resolve(world, item) is not None for item in items)
    town.accounts.drop(account)
    assert all(resolve(world, item) is None for item in items)
    assert resolve(world, decide(world, AccountNameFreed(account))) is not None


def test_when_cancelled_nothing_waits_any_longer(town: DecidingTown) -> None:
    """The account may be there all the same."""
    town.person("ann")
    town.join_cluster()
    work = account_changes.create(
        town.world, Account("ann", "ann", 1), credentials("x"), None, ""
    ).__await__()
    town.world.settle = _never
    next(work)
    work.close()
    assert town.world.creating == {}


async def _never() -> None:
    await Pause()


@pytest.mark.parametrize(
    "change",
    [
        AccountRegistered(
            Account("ann", "ann", 1),
            credentials("hash"),
            Email("ann@example.org", is_verified=True),
        ),
        PasswordSet(1, credentials("hash")),
    ],
)
def test_a_log_of_changes_has_no_secrets(change: Change) -> None:
    """Neither hashes nor addresses are in their written form."""
    assert "hash" not in repr(change)
    assert "example" not in repr(change)


def test_clients_of_all_nodes_see_that_an_account_is_gone() -> None:
    """Those that are logged in to it are logged out, wherever they are connected."""
    town = ClusterTown()
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret")
    bob = town.there.person("bob", "NS IDENTIFY acc1 secret")
    assert "is deleted" in ann.say("NS DROP secret")[-1].params[-1]
    assert "901" in commands(bob.read())
    assert not bob.session.account
    assert [list(node.world.accounts.dropped) for node in town.nodes if node.world.accounts] == [
        ["acc1"],
        ["acc1"],
    ]
    town.check()


def test_an_account_is_registered_for_all_nodes() -> None:
    """With the same number; the client of another node can take neither name nor a similar one."""
    town = ClusterTown()
    ann = town.here.person("ann")
    bob = town.there.person("bob")
    assert "ann is yours now" in ann.say("NS REGISTER secret")[0].params[-1]
    numbers = [node.world.accounts.known["ann"].id for node in town.nodes if node.world.accounts]
    assert numbers[0] == numbers[1]
    assert ann.session.account_id == numbers[0]
    ann.say("NICK eve")
    assert "433" in commands(bob.say("NICK ann"))
    town.check()


def test_an_operator_of_one_node_ends_the_sessions_of_another() -> None:
    """A new password counts everywhere, and the former one nowhere."""
    town = ClusterTown()
    root = town.here.person("root")
    bob = town.there.person("bob", "NS IDENTIFY acc1 secret")
    assert root.session.user is not None
    town.here.decide(OperatorAppointed("root", ADMIN.sealed()))
    town.carry_out()
    assert "of acc1 is changed" in root.say("NS SAPASSWD acc1 another")[-1].params[-1]
    assert bob.ended
    for node in town.nodes:
        stored, audited = node.world.dirty.take().operations
        assert isinstance(audited, AuditKept)
        assert isinstance(stored, PasswordSet)
        assert stored.credentials.password == "another"
    town.check()

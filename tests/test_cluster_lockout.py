"""Wrong passwords in a cluster: they count on all nodes."""

import pytest
import trio

from cluster_fakes import MemoryLog, NodeDatabase
from cluster_town import ClusterTown
from storage_fakes import OpenAccounts
from support import NOON
from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.changes import PasswordGuessed
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings, Settings, StorageSettings
from trio_chat.server.app import Server
from trio_chat.server.cluster.setup import ClusterSetup
from trio_chat.server.cluster.shared_lockout import SharedLockout
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.lockout import Lockout

MOST = 3
HERE = Origin("192.0.2.1")
ELSEWHERE = Origin("192.0.2.2")


class LockedNode:
    """A node of the town, with its lockout."""

    def __init__(self, town: ClusterTown, number: int) -> None:
        node = town.nodes[number]
        self.name = node.name
        self.is_refusing = False
        self.is_serving = True
        self.lockout = Lockout("account", MOST, 100, lambda: 0.0)
        SharedLockout(node.world, self.lockout, self)


@pytest.fixture
def town() -> ClusterTown:
    """Return a cluster of two nodes."""
    return ClusterTown()


def test_wrong_passwords_count_on_all_nodes(town: ClusterTown) -> None:
    """For the same account, from the same address; the node of the client counts each once."""
    here, there = LockedNode(town, 0), LockedNode(town, 1)
    for node in (here, there):
        node.lockout.note_wrong("acc1", HERE)
        town.carry_out()
    for node in (here, there):
        node.lockout.refuse("acc1", HERE)
    here.lockout.note_wrong("acc1", HERE)
    town.carry_out()
    for node in (here, there):
        with pytest.raises(Busy):
            node.lockout.refuse("acc1", HERE)
        node.lockout.refuse("acc1", ELSEWHERE)
        node.lockout.refuse("acc2", HERE)
    town.check()


def test_a_node_counts_its_own_before_the_log_has_them(town: ClusterTown) -> None:
    """Guesses that come at once are not too many."""
    here = LockedNode(town, 0)
    for _ in range(MOST):
        here.lockout.note_wrong("acc1", HERE)
    with pytest.raises(Busy):
        here.lockout.refuse("acc1", HERE)


def test_names_without_an_account_do_not_come_into_the_log(town: ClusterTown) -> None:
    """Such a name may be a password."""
    here = LockedNode(town, 0)
    here.lockout.note_wrong("correct horse", HERE)
    assert not town.log


def test_nothing_is_appended_while_a_node_refuses_commands(town: ClusterTown) -> None:
    """Guesses fill no queue."""
    here = LockedNode(town, 0)
    here.is_refusing = True
    here.lockout.note_wrong("acc1", HERE)
    assert not town.log


def test_what_was_in_the_log_at_the_start_of_a_node_does_not_count(town: ClusterTown) -> None:
    """It may be old."""
    there = LockedNode(town, 1)
    there.is_serving = False
    for _ in range(MOST):
        town.here.decide(PasswordGuessed(1, HERE.address, "", "here"))
    town.carry_out()
    there.lockout.refuse("acc1", HERE)


async def test_a_server_that_is_a_node_shares_wrong_passwords() -> None:
    """Those of the lockout by which its clients are refused; a server alone has no node for it."""
    accounts, database = OpenAccounts(), NodeDatabase()
    accounts.add("acc1", "secret")
    memory = StoragePorts(history=database, cluster=database, accounts=accounts)
    setup = ClusterSetup("n1", "", MemoryLog(), memory)
    settings = Settings(storage=StorageSettings(file=None))
    threads = HashingThreads(LimitSettings())
    server = Server(settings, lambda: NOON, setup.memory, cluster=setup, threads=threads)
    assert server.node is not None
    before = server.node.unfinished
    threads.accounts.note_wrong("acc1", HERE)
    await trio.lowlevel.checkpoint()
    assert server.node.unfinished == before + 1

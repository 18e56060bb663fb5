"""The simulation of a cluster: whatever is delayed, repeated, lost or killed, nodes agree, and what
a client knows to be accepted is there once. CLUSTER_SEEDS tries other numbers of seeds.
"""

import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

import cluster_simulation
from cluster_simulation import Simulation
from trio_chat import installation
from trio_chat.chat.account_index import AccountIndex
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import messages, stored_accounts
from trio_chat.chat.changes import AccountRegistered, Change
from trio_chat.chat.ids import IdSource
from trio_chat.chat.world import World
from trio_chat.cluster import lives
from trio_chat.cluster.decisions import decide
from trio_chat.cluster.entries import Decided, Entry
from trio_chat.cluster.lives import Life, Lives

pytestmark = pytest.mark.long
pure_only = pytest.mark.skipif(
    installation.is_compiled(), reason="a compiled module does not look its own functions up"
)

PARTS = 5
SEEDS = int(os.environ.get("CLUSTER_SEEDS", "250"))
FIRST = sys.version_info.minor * 1000
"""Each version of Python tries other seeds: those of CI make up a thousand."""


@pytest.mark.parametrize("part", range(PARTS))
def test_nodes_agree_and_nothing_is_lost_or_doubled(part: int) -> None:
    """Lost replies and entries, failovers, crashes, freezes, pauses of the engine."""
    for seed in range(FIRST + part, FIRST + SEEDS, PARTS):
        try:
            Simulation(seed).check()
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise


def failures(seeds: Iterable[int], *, has_barrier: bool = True) -> Iterator[str]:
    """Yield what simulations of a faulty cluster find: a test ends with the first that it wants."""
    for seed in seeds:
        try:
            Simulation(seed, has_barrier=has_barrier).check()
        except AssertionError as error:
            yield str(error).partition("\n")[0]


def test_without_the_barrier_nodes_disagree() -> None:
    """A node has carried out what a failover then loses."""
    assert any(failures(range(10), has_barrier=False))


def test_repetitions_would_double_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node appends an entry again when it has no reply, also if the log has it already."""

    def accept(self: Lives, entry: Entry) -> Life | None:
        life = self.of(entry.node)
        if life is None or life.epoch != entry.epoch or entry.sequence > life.sequence + 1:
            return None
        life.sequence, life.heard = max(life.sequence, entry.sequence), self.active
        return life

    monkeypatch.setattr(Lives, "accept", accept)
    assert "doubled" in failures(range(10))


@pure_only
def test_replies_that_take_ids_would_make_nodes_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the node of a client answers it, with the capabilities that it has."""
    monkeypatch.setattr(IdSource, "now", IdSource.next)
    assert "states differ" in failures(range(10))


def ended(seeds: Iterable[int]) -> Iterator[int]:
    """Yield how many lives each simulation ended by others, where all nodes are well."""
    for seed in seeds:
        yield Simulation(seed, is_freezing=False).counts["lives ended by others"]


def test_a_pause_of_the_engine_ends_no_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Death is judged by the active time of the log; by its times, healthy nodes would die."""
    assert not any(ended(range(40)))
    monkeypatch.setattr(lives, "LONGEST_PAUSE", 1e9)
    assert any(ended(range(40)))


@pure_only
def test_numbers_of_accounts_from_one_node_would_be_given_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two nodes create accounts at once; each draws the number that follows what it knows."""
    number = stored_accounts._number

    def decided(world: World, change: Change) -> Decided:
        if isinstance(change, AccountRegistered) and world.accounts is not None:
            drawn = change.account._replace(created=world.accounts.last)
            change = dataclasses.replace(change, account=drawn)
        return decide(world, change)

    def drawn(world: World, change: AccountRegistered) -> Account | None:
        if world.accounts is not None:
            world.accounts.last = change.account.created
        return number(world, change)

    monkeypatch.setattr(cluster_simulation, "decide", decided)
    monkeypatch.setattr(stored_accounts, "_number", drawn)
    assert "a number is given twice" in failures(range(20))


@pure_only
def test_without_a_look_at_the_name_both_of_two_would_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The node of a client has looked before; meanwhile another node has registered it."""
    monkeypatch.setattr(stored_accounts, "is_account_name_taken", lambda *names: False)
    assert any(failures(range(20)))


def test_a_greatest_number_that_is_not_in_snapshots_would_be_given_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An account that was deleted, and its name freed, leaves nothing else behind."""
    restore = AccountIndex.restore

    def forgetful(self: AccountIndex, state: Mapping[str, Any]) -> None:
        restore(self, {**state, "last": max((*self.by_id, 0))})

    monkeypatch.setattr(AccountIndex, "restore", forgetful)
    assert any(failures(range(60)))


def test_without_a_memory_clients_would_see_a_deletion_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two nodes decide to delete a message at once, as each still has it."""
    monkeypatch.setattr(messages, "_REMEMBERED", 0)
    assert "a message is deleted twice" in failures(range(100))


def test_nodes_of_two_releases_agree_until_all_have_the_later_one() -> None:
    """Each is started again with a release that supports another version of the rules."""
    needed = 0
    for seed in range(14_000, 14_025):  # in a few of which a node is left behind
        simulation = Simulation(seed, is_upgrading=True)
        simulation.check()
        assert [node.machine.version for node in simulation.nodes] == [2] * len(simulation.nodes)
        needed += simulation.counts["updates that were needed"]
    assert needed, "no node was left behind"

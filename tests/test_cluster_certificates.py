"""The certificate that nodes make themselves, which they share by the log."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from trio.testing import MockClock

from cluster_fakes import MemoryLog, NodeNetwork, cluster_node
from trio_chat.admin.cluster import problems_of
from trio_chat.cluster.codec import encode
from trio_chat.cluster.entries import CertificateGiven, CertificateWanted, Entry
from trio_chat.cluster.survey import NodeState, NodeStatus
from trio_chat.config import Settings, StorageSettings
from trio_chat.server.certificate_files import Files, OwnFiles
from trio_chat.server.certificates import look
from trio_chat.server.cluster.certificate_sharing import CertificateSharing
from trio_chat.server.cluster.examination import Examined
from trio_chat.server.cluster.log import EngineStatus


def files_in(directory: Path) -> OwnFiles:
    """Return the files for a database in a directory, which is made."""
    directory.mkdir(exist_ok=True)
    return OwnFiles.next_to(directory / "chat.db")


def key_of(files: OwnFiles) -> str:
    """Return the key of a certificate, which is made or renewed if that is necessary."""
    settings = Settings(storage=StorageSettings(file=files.leaf.with_name("chat.db")))
    return look(Files(files.leaf, files.leaf, files), settings, time.time()).facts.key


@asynccontextmanager
async def sharing(
    network: NodeNetwork, files: OwnFiles | None, key: Callable[[], str] = str
) -> AsyncIterator[CertificateSharing]:
    """Let a node share its certificate."""
    one = CertificateSharing(network.node, files, key)
    network.node.on_entry = one.take
    network.node.key = key
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.run)
        yield one
        nursery.cancel_scope.cancel()


@pytest.fixture
def kept(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Return what returns the log."""
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    caplog.set_level(logging.INFO)
    return lambda: caplog.text


async def test_a_node_without_a_certificate_gets_that_of_the_others(
    tmp_path: Path, kept: Callable[[], str]
) -> None:
    """With the authority, so that it renews it for its own addresses, and before it has clients;
    the log has no byte of a private key.
    """
    log = MemoryLog()
    one, two = files_in(tmp_path / "n1"), files_in(tmp_path / "n2")
    key = key_of(one)
    async with (
        cluster_node(log) as first,
        cluster_node(log, "n2") as second,
        sharing(first, one),
        sharing(second, two) as asking,
    ):
        states = [second.node.readiness.takes_clients]
        assert second.node.readiness.why_not() == "waits for the certificate of the other nodes"
        with trio.fail_after(30):
            await asking.obtain()
        states.append(second.node.readiness.takes_clients)
    assert states == [False, True]
    assert key_of(two) == key
    assert [file.read_bytes() for file in one[1:3]] == [file.read_bytes() for file in two[1:3]]
    assert two.leaf.stat().st_mode & 0o777 == 0o600
    written = b"".join(each.data for each in log.stored)
    assert b"PRIVATE" not in written
    assert one.leaf.read_bytes()[40:80] not in written
    assert "this node has got the certificate of the node n1" in kept()


async def test_the_first_node_waits_for_nobody(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Nor does a node that has a certificate, or uses none of its own."""
    log = MemoryLog()
    async with cluster_node(log) as first, sharing(first, files_in(tmp_path / "n1")) as one:
        await one.obtain()
        async with cluster_node(log, "n2") as second:
            files = files_in(tmp_path / "n2")
            key_of(files)
            for each in (files, None):
                async with sharing(second, each) as other:
                    await other.obtain()
    assert not [item for item in log.items() if isinstance(item, CertificateWanted)]


async def test_without_an_answer_a_node_makes_a_certificate_itself(
    tmp_path: Path, autojump_clock: MockClock, kept: Callable[[], str]
) -> None:
    """The others may have none of their own making; an answer to another node is none."""
    log = MemoryLog()
    async with (
        cluster_node(log) as first,
        cluster_node(log, "n2") as second,
        sharing(first, files_in(tmp_path / "n1")),
        sharing(second, files_in(tmp_path / "n2")) as asking,
    ):
        first.node.submit(CertificateGiven("n3", 1, b"x"))
        await asking.obtain()
        assert second.node.readiness.takes_clients
    assert "no other node has sent its certificate" in kept()


async def test_an_answer_that_cannot_be_used_is_not_used(
    tmp_path: Path, autojump_clock: MockClock, kept: Callable[[], str]
) -> None:
    """It is encrypted to another key, or is no certificate; nothing is written."""
    log = MemoryLog()
    async with (
        cluster_node(log) as first,
        cluster_node(log, "n2") as second,
        sharing(second, files_in(tmp_path / "n2")) as asking,
    ):

        def answer(entry: Entry) -> None:
            for item in entry.items:
                if isinstance(item, CertificateWanted):
                    life = first.node.machine.lives.of("n2")
                    assert life is not None
                    first.node.submit(CertificateGiven("n2", life.epoch, b"x" * 100))

        first.node.on_entry = answer
        await asking.obtain()
    assert "the certificate of the node n1 cannot be used" in kept()
    assert not list((tmp_path / "n2").iterdir())


async def test_a_question_that_is_none_has_no_answer(tmp_path: Path) -> None:
    """A key that is none, a node that does not live, and an earlier life of one."""
    log = MemoryLog()
    files = files_in(tmp_path / "n1")
    key_of(files)
    async with cluster_node(log) as first, cluster_node(log, "n2") as second, sharing(first, files):
        life = second.node.machine.life
        assert life is not None
        good = X25519PrivateKey.generate().public_key().public_bytes_raw()
        log.put(encode(Entry("n2", life.epoch - 1, 5, (CertificateWanted(good),))))
        log.put(encode(Entry("n3", 1, 5, (CertificateWanted(good),))))
        is_answered = trio.Event()

        def look_for_answer(entry: Entry) -> None:
            if any(isinstance(item, CertificateGiven) for item in entry.items):
                is_answered.set()

        second.node.on_entry = look_for_answer
        second.node.submit(CertificateWanted(b"short"))
        second.node.submit(CertificateWanted(good))
        with trio.fail_after(30):
            await is_answered.wait()
        given = [item for item in log.items() if isinstance(item, CertificateGiven)]
        assert [(item.node, item.epoch) for item in given] == [("n2", life.epoch)]


async def test_nodes_that_differ_are_found(
    tmp_path: Path, autojump_clock: MockClock, kept: Callable[[], str]
) -> None:
    """The younger one says what to do, once."""
    log = MemoryLog()
    async with (
        cluster_node(log) as first,
        cluster_node(log, "n2") as second,
        sharing(first, files_in(tmp_path / "n1"), lambda: "aa"),
        sharing(second, files_in(tmp_path / "n2"), lambda: "bb"),
    ):
        await trio.sleep(10)
    assert kept().count("the TLS key of this node is not that of n1, which is older") == 1
    assert "is not that of n2" not in kept()


def test_the_status_finds_nodes_that_differ() -> None:
    """Nodes that have no certificate of their own, or do not live, are left out."""
    alive, lost = NodeState.ALIVE, NodeState.LOST
    nodes = [
        NodeStatus(name, state, since, "1", key=key)
        for name, state, since, key in (
            ("n1", alive, 3.0, "bb"),
            ("n2", alive, 1.0, "aa"),
            ("n3", alive, 2.0, "aa"),
            ("n4", alive, 0.0, ""),
            ("n5", lost, 0.0, "cc"),
        )
    ]
    found = Examined(EngineStatus("", "", 0, 1e9, ""), nodes, 0.0)
    [problem] = [each for each in problems_of(found) if "TLS" in each]
    assert problem.startswith("The TLS key of n1 is not that of n2")
    found = found._replace(nodes=nodes[1:])
    assert not [each for each in problems_of(found) if "TLS" in each]

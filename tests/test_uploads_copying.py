"""Copies of uploaded files from other nodes: concurrent clients, hostile nodes, limits."""

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from trio_chat.chat.uploads import Upload
from trio_chat.config.settings import UploadSettings
from trio_chat.server.uploads import copying
from trio_chat.server.uploads.copy_file import CopyFailed, CopyFile
from trio_chat.server.uploads.copying import UploadCopier
from trio_chat.server.uploads.node_client import NodeClient, NodeFailed, OtherNode
from trio_chat.server.uploads.node_requests import NodeRequests
from upload_fakes import Kept, kept_uploads, put

DATA = bytes(range(256)) * 300
ONE, TWO = OtherNode("n1", "http://n1/"), OtherNode("n2", "http://n2/")


class FakeNodes(NodeClient):
    """Other nodes, which send what a test has them send.

    Attributes:
        sent: by the names of nodes, the pieces that a node sends; an error in them is raised. A
            node without any does not answer.
        asked: the names of the nodes that were asked, in order.
        gate: before the second piece of each answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, Sequence[bytes | Exception]] = {}
        self.asked: list[str] = []
        self.gate = trio.Event()
        self.gate.set()

    @asynccontextmanager
    async def get(
        self, node: OtherNode, name: str, size: int, authorization: str
    ) -> AsyncGenerator[AsyncGenerator[bytes, None], None]:
        """Ask a node; see `NodeClient.get`."""
        await trio.lowlevel.checkpoint()
        self.asked.append(node.name)
        if node.name not in self.sent:
            raise NodeFailed("HTTP 404")
        yield self._pieces(self.sent[node.name])

    async def _pieces(self, pieces: Sequence[bytes | Exception]) -> AsyncGenerator[bytes, None]:
        for number, piece in enumerate(pieces):
            if isinstance(piece, Exception):
                raise piece
            if number:
                await self.gate.wait()
            await trio.lowlevel.checkpoint()
            yield piece


class Node:
    """A node that lacks a file.

    Args:
        kept: its uploads.
        upload: the file, which is in its table.
        nodes: the others.
    """

    def __init__(self, kept: Kept, upload: Upload, nodes: FakeNodes) -> None:
        self.kept = kept
        self.upload = upload
        self.nodes = nodes
        self.others = [ONE]
        requests = NodeRequests(bytes(32), "n0", lambda: 0.0)
        service = kept.service
        self.copier = service.copier = UploadCopier(
            service.table, service.directory, service.limits, requests, lambda: self.others, nodes
        )

    async def read(self, start: int = 0, end: int = len(DATA)) -> bytes:
        """Return what a client gets of a range."""
        pieces = await self.kept.service.read(self.upload, start, end)
        return b"".join([piece async for piece in pieces])

    @property
    def path(self) -> Path:
        """Where the file is to be."""
        return self.kept.path / self.upload.name


@asynccontextmanager
async def lacking(
    directory: Path, monkeypatch: pytest.MonkeyPatch, *sent: bytes | Exception
) -> AsyncIterator[Node]:
    """Run a node that lacks a file, which one other node sends."""
    monkeypatch.setattr(copying, "LOOK_AGAIN", 1e9)
    async with kept_uploads(directory) as kept, trio.open_nursery() as nursery:
        upload = (await put(kept, DATA)).upload
        (kept.path / upload.name).unlink()
        nodes = FakeNodes()
        node = Node(kept, upload, nodes)
        others, node.others = node.others, []  # nothing in the background
        nursery.start_soon(node.copier.run)
        await trio.testing.wait_all_tasks_blocked()
        node.others = others
        if sent:
            nodes.sent["n1"] = sent
        yield node
        nursery.cancel_scope.cancel()


async def test_a_file_comes_from_another_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is here afterwards, and no other node is asked again."""
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        assert await node.read() == DATA
        assert await node.read(5, 9) == DATA[5:9]
        assert node.path.read_bytes() == DATA
        assert node.nodes.asked == ["n1"]
        assert node.kept.files() == [node.upload.name]


@pytest.mark.parametrize(("start", "end"), [(0, 1), (999, 1001), (len(DATA) - 1, len(DATA))])
async def test_a_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: int, end: int
) -> None:
    """The whole file is copied for it."""
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        assert await node.read(start, end) == DATA[start:end]


async def test_clients_that_ask_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is copied once, and each has bytes before all of them are here."""
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        node.nodes.gate = trio.Event()
        first = await node.kept.service.read(node.upload, 0, len(DATA))
        second = await node.kept.service.read(node.upload, 0, len(DATA))
        assert await first.__anext__() == await second.__anext__() == DATA[:1000]
        await second.aclose()
        node.nodes.gate.set()
        assert b"".join([piece async for piece in first]) == DATA[1000:]
        assert node.nodes.asked == ["n1"]


async def test_a_client_asks_when_the_copy_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads that copy, while the node looks whether the file was removed meanwhile."""
    async with lacking(tmp_path, monkeypatch, DATA) as node:
        looks, found = trio.Event(), trio.Event()
        find = node.kept.service.table.find

        async def slow_find(name: str) -> Upload | None:
            looks.set()
            await found.wait()
            return await find(name)

        monkeypatch.setattr(node.kept.service.table, "find", slow_find)
        first = await node.copier.read(node.upload, 0, len(DATA))
        await looks.wait()
        second = await node.copier.read(node.upload, 0, len(DATA))
        found.set()
        for pieces in (first, second):
            assert b"".join([piece async for piece in pieces]) == DATA
        assert node.nodes.asked == ["n1"]


HOSTILE = {
    "another file of the length": (bytes(len(DATA)),),
    "one wrong byte at the end": (DATA[:-1], b"\0"),
    "a part": (DATA[:1000],),
    "an end in the middle": (DATA[:1000], NodeFailed("it broke")),
    "nothing": (),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
async def test_a_node_that_sends_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: tuple[bytes | Exception, ...]
) -> None:
    """Nothing is stored, no client gets a whole file, and another node is asked."""
    async with lacking(tmp_path, monkeypatch, *sent) as node:
        node.nodes.sent["n1"] = sent
        got = b""
        with suppress(CopyFailed):
            got = await node.read()
        assert len(got) < len(DATA)
        await until(lambda: not node.kept.files())
        node.others = [ONE, TWO]
        node.nodes.sent["n2"] = (DATA,)
        while node.nodes.asked[-1] != "n2":  # the order of nodes is random
            with suppress(CopyFailed):
                got = await node.read()
        await until(node.path.exists)
        assert node.path.read_bytes() == DATA


async def test_no_node_has_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was asked once."""
    async with lacking(tmp_path, monkeypatch) as node:
        node.others = [ONE, TWO]
        with pytest.raises(CopyFailed):
            await node.read()
        assert sorted(node.nodes.asked) == ["n1", "n2"]


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; threads may have to do with it."""
    with trio.fail_after(60):
        while not is_so():
            await trio.testing.wait_all_tasks_blocked(0.001)


async def test_a_node_that_is_too_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock_clock: trio.testing.MockClock
) -> None:
    """A client waits for its first byte for so long; a copy ends after the time for its size."""
    monkeypatch.setattr(copying, "SLOWEST", 1 << 40)
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        node.nodes.gate = trio.Event()
        results: list[str] = []

        async def read() -> None:
            try:
                await node.read(2000)
            except CopyFailed as error:
                results.append(str(error))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await until(lambda: bool(node.kept.files()))
            mock_clock.jump(copying.BEGIN + 1)
        assert len(results) == 1
        await until(lambda: not node.kept.files())


async def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reserve stays free, and no node is asked."""
    async with lacking(tmp_path, monkeypatch, DATA) as node:
        node.kept.service.limits.settings = UploadSettings(reserve=1 << 60)
        with pytest.raises(CopyFailed, match="nearly full"):
            await node.read()
        assert node.nodes.asked == []


async def test_too_many_files_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are refused, and those under way go on."""
    monkeypatch.setattr(copying, "MOST_WAITING", 1)
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        node.nodes.gate = trio.Event()
        pieces = await node.kept.service.read(node.upload, 0, len(DATA))
        with pytest.raises(CopyFailed, match="many"):
            await node.copier.read(node.upload._replace(name="B" * 22), 0, 1)
        node.nodes.gate.set()
        assert b"".join([piece async for piece in pieces]) == DATA


async def test_a_client_that_is_gone_before_the_first_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy does not wait for it when it is complete."""
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        node.nodes.gate = trio.Event()
        pieces = await node.kept.service.read(node.upload, 0, len(DATA))
        copy = node.copier._copies[node.upload.name]
        await pieces.aclose()
        node.nodes.gate.set()
        await copy.wait_over()
        await copy.wait_unread()
        assert node.path.read_bytes() == DATA


async def test_a_file_that_is_removed_while_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes do not stay."""
    async with lacking(tmp_path, monkeypatch, DATA[:1000], DATA[1000:]) as node:
        node.nodes.gate = trio.Event()
        pieces = await node.kept.service.read(node.upload, 0, len(DATA))
        assert await node.kept.service.remove(node.upload.name)
        node.nodes.gate.set()
        await pieces.aclose()
        await until(lambda: not node.kept.files())


async def test_a_copy_that_begins_before_a_failed_one_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps its bytes: each copy has a temporary file of its own."""
    is_written = threading.Event()
    close = CopyFile.close

    def close_late(file: CopyFile) -> None:
        is_written.wait(60)
        close(file)

    monkeypatch.setattr(CopyFile, "close", close_late)
    async with lacking(tmp_path, monkeypatch, DATA[:1000], NodeFailed("gone")) as node:
        with pytest.raises(CopyFailed, match="gone"):
            await node.read()
        node.nodes.sent["n1"] = (DATA[:1000], DATA[1000:])
        node.nodes.gate = trio.Event()
        pieces = await node.kept.service.read(node.upload, 0, len(DATA))
        assert await anext(pieces) == DATA[:1000]
        is_written.set()
        await until(lambda: len(node.kept.files()) == 1)
        node.nodes.gate.set()
        assert b"".join([piece async for piece in pieces]) == DATA[1000:]
        assert node.path.read_bytes() == DATA
        assert node.kept.files() == [node.upload.name]


async def test_files_are_copied_without_being_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock_clock: trio.testing.MockClock
) -> None:
    """Again after a delay that doubles, while no node has them."""
    async with lacking(tmp_path, monkeypatch) as node:

        def next_delay() -> float:
            return next((delay for _, delay in node.copier._delays.values()), 0.0)

        node.copier.wake()
        await until(lambda: next_delay() == 2 * copying.FIRST_DELAY)
        node.copier.wake()  # too early
        mock_clock.jump(1.25 * copying.FIRST_DELAY)
        node.copier.wake()
        await until(lambda: next_delay() == 4 * copying.FIRST_DELAY)
        assert node.nodes.asked == ["n1"] * 2
        node.nodes.sent["n1"] = (DATA,)
        mock_clock.jump(1.25 * 2 * copying.FIRST_DELAY)
        node.copier.wake()
        await until(lambda: not node.copier._delays)
        assert node.nodes.asked == ["n1"] * 3
        assert node.path.read_bytes() == DATA


async def test_without_other_nodes_a_missing_file_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server that is alone."""
    async with lacking(tmp_path, monkeypatch) as node:
        node.kept.service.copier = None
        with pytest.raises(FileNotFoundError):
            await node.read()

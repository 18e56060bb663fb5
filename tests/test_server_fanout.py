"""The fan-out: its loop in C does what the one in Python does, whatever the members are."""

import gc
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fanout_extension
from trio_chat.chat.users import NOWHERE, Session
from trio_chat.server import fanout
from trio_chat.server.outbox import Outbox
from trio_chat.server.transport import SocketTransport

LINE = b"PRIVMSG #a :hi\r\n"
SIZES = (0, 1, len(LINE), 5000, 400_000)
SOCKETS = ("open", "full", "closed", "deaf", "shut", "busy", "ended")
FAKES = (
    "no send_raw",
    "takes one",
    "takes all",
    "takes more",
    "would block",
    "raises",
    "fails in send",
    "has no send",
    "shared",
)
HOSTILE = ("ends", "closes", "removes", "adds", "clears", "replaces")

Form = Callable[[Any, bytes, bool], object]


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Return the loop in C."""
    if reason := fanout_extension.why_not():
        pytest.skip(reason)
    return fanout_extension.build(tmp_path_factory.mktemp("fanout"))


class Nursery:
    """Starts nothing: what a writer task would write waits."""

    def start_soon(self, *args: object) -> None:
        """Do nothing."""


class Fake:
    """A sink that is no outbox."""

    def __init__(self, town: "Audience", number: int, kind: str) -> None:
        self.town, self.number, self.kind = town, number, kind
        self.send_raw: Callable[[bytes], int] | None = self._send_raw
        if kind in ("no send_raw", *HOSTILE):
            self.send_raw = None
        if kind == "shared":
            self.send_raw = town.mine.send

    def _send_raw(self, data: bytes) -> int:
        self.town.seen.append((self.number, "send_raw", data))
        if self.kind in ("would block", "fails in send", "has no send"):
            raise BlockingIOError
        if self.kind == "raises":
            raise ZeroDivisionError
        return {"takes one": 1, "takes more": len(data) + 1}.get(self.kind, len(data))

    def __getattr__(self, name: str) -> object:
        if name == "send" and self.kind != "has no send":
            return self._send
        raise AttributeError(name)

    def _send(self, data: bytes, *, is_reply: bool = False) -> None:
        self.town.seen.append((self.number, is_reply, data))
        if self.kind == "fails in send":
            raise RecursionError
        self.town.harm(self.kind, self.number)


class Audience:
    """Sessions of all kinds, and what has become of them."""

    def __init__(self, kinds: list[str], stack: ExitStack) -> None:
        self.seen: list[object] = []
        self.members: list[Any] = []
        self.outboxes: list[Outbox | None] = []
        self.sockets: list[socket.socket] = []
        self.peers: list[socket.socket] = []
        self.strangers: list[socket.socket] = []
        self.mine, self.other = socket.socketpair()
        for each in (self.mine, self.other):
            stack.enter_context(each)
            each.setblocking(False)
        for number, kind in enumerate(kinds):
            self._add(number, kind, stack)
        self.everybody = list(self.members)

    def _add(self, number: int, kind: str, stack: ExitStack) -> None:
        ours, peer = socket.socketpair()
        stack.enter_context(ours)
        stack.enter_context(peer)
        peer.setblocking(False)
        self.sockets.append(ours)
        self.peers.append(peer)
        outbox = None
        if kind in SOCKETS:
            nursery: Any = Nursery()
            no_poller: Any = None  # nothing is read
            transport = SocketTransport(ours, no_poller)

            def end(reason: str) -> None:
                self.seen.append((number, "ended", reason))

            outbox = Outbox(transport, nursery.start_soon, 100_000, end)
            self._prepare(kind, ours, peer, outbox)
        self.outboxes.append(outbox)
        sink: Any = outbox or Fake(self, number, kind)
        self.members.append(Session(sink, "192.0.2.1", 0.0))

    def _prepare(self, kind: str, ours: socket.socket, peer: socket.socket, outbox: Outbox) -> None:
        if kind == "full":
            fill(ours)
        elif kind == "closed":
            ours.close()
        elif kind == "deaf":
            peer.close()
        elif kind == "shut":
            ours.shutdown(socket.SHUT_WR)
        elif kind == "busy":
            fill(ours)
            outbox.send(b"before\r\n")
        elif kind == "ended":
            outbox.send_last(b"ERROR :bye\r\n")

    def harm(self, kind: str, number: int) -> None:
        """Do to the next members what a sink can when it ends a session."""
        for index in range(number + 1, min(number + 4, len(self.sockets))):
            outbox = self.outboxes[index]
            if kind == "ends" and outbox is not None:
                outbox.close()
            elif kind == "closes":
                self.sockets[index].close()
                # Its descriptor is that of somebody else at once.
                self.strangers.append(self.other.dup())
            elif kind == "replaces":
                self.everybody[index].sink = NOWHERE
        if kind == "removes" and self.members:
            del self.members[-1]
        elif kind == "adds" and len(self.members) < 60:
            self.members.append(self.members[0])
        elif kind == "clears":
            self.members.clear()
            gc.collect()

    def outcome(self) -> object:
        """Return all that can be seen of it."""
        return (
            self.seen,
            [drained(each) for each in (*self.peers, self.mine, self.other)],
            [
                outbox and (outbox.queued, outbox.send_raw is None, outbox.has_room)
                for outbox in self.outboxes
            ],
            len(self.members),
        )


def fill(sock: socket.socket) -> None:
    """Send until nothing more is taken."""
    sock.setblocking(False)
    for size in (65536, 1024, 1):
        try:
            while sock.send(bytes(size)):
                pass
        except BlockingIOError:
            continue


def drained(sock: socket.socket) -> bytes | None:
    """Return what waits in a socket, or None if that is closed."""
    received = b""
    try:
        while data := sock.recv(1 << 20):
            received += data
    except BlockingIOError:
        pass
    except OSError:
        return None
    return received


def result(
    form: Form, kinds: list[str], size: int, is_reply: bool, kind: type
) -> tuple[object, object]:
    """Send to an audience in one form; return what was raised, and what has become of it."""
    with ExitStack() as stack:
        audience = Audience(kinds, stack)
        try:
            members = audience.members
            raised = form(members if kind is list else tuple(members), bytes(size), is_reply)
            error: object = raised
        except Exception as caught:
            error = type(caught)
        outcome = audience.outcome()
        for each in audience.strangers:
            each.close()
        return error, outcome


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(SOCKETS + FAKES + HOSTILE), max_size=12),
    size=st.sampled_from(SIZES),
    is_reply=st.booleans(),
    kind=st.sampled_from((list, tuple)),
)
def test_both_forms_do_the_same(
    extension: ModuleType, kinds: list[str], size: int, is_reply: bool, kind: type
) -> None:
    """The same bytes, calls in the same order, and the same exception."""
    forms = (fanout.send_to_all_in_python, extension.send_to_all)
    in_python, in_c = (result(form, kinds, size, is_reply, kind) for form in forms)
    assert in_c == in_python


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("kind", [list, tuple])
def test_both_forms_do_the_same_when_a_sink_changes_the_audience(
    extension: ModuleType, hostile: str, kind: type
) -> None:
    """What a member does to later ones counts for them, also after their objects were fetched."""
    kinds = ["open", hostile, *["open"] * 40]
    forms = (fanout.send_to_all_in_python, extension.send_to_all)
    in_python, in_c = (result(form, kinds, len(LINE), False, kind) for form in forms)
    assert in_c == in_python


def test_a_descriptor_that_is_used_again_gets_nothing(extension: ModuleType) -> None:
    """A stranger that has the number of a socket closed a moment ago does not get its bytes."""
    with ExitStack() as stack:
        audience = Audience(["closes", "open"], stack)
        number = audience.sockets[1].fileno()
        extension.send_to_all(audience.members, LINE, False)
        [stranger] = audience.strangers
        assert stranger.fileno() == number
        assert drained(audience.mine) == b""
        stranger.close()


@pytest.mark.parametrize(
    "arguments",
    [(), ([],), ([], b"", False, 1), (iter([]), b"", False), ([], "x", False), ([], None, False)],
)
def test_other_arguments_are_refused(extension: ModuleType, arguments: tuple[object, ...]) -> None:
    """The loop in C reads their memory, so it takes nothing that it does not know."""
    with pytest.raises(TypeError):
        extension.send_to_all(*arguments)


def test_no_reference_is_lost_or_kept(extension: ModuleType) -> None:
    """Members, sinks, sockets and data have as many references after it as before."""
    kinds = ["open", "closed", "ended", "takes one", "would block", "no send_raw", *["open"] * 30]
    with ExitStack() as stack:
        audience = Audience(kinds, stack)
        audience.seen = Unwritten()  # a list would keep references of its own
        things: list[object] = [LINE, False, audience.members, *audience.members]
        things += [*(member.sink for member in audience.members), *audience.sockets]
        extension.send_to_all(audience.members, LINE, False)  # the closed one is ended
        before = list(map(sys.getrefcount, things))
        for _ in range(50):
            extension.send_to_all(audience.members, LINE, False)
        after = map(sys.getrefcount, things)
        assert [new - old for new, old in zip(after, before, strict=True)] == [0] * len(things)


class Unwritten(list[object]):
    """A list that stays empty."""

    def append(self, item: object) -> None:
        """Do nothing."""


@pytest.fixture(params=["Python", "C"])
def form(request: pytest.FixtureRequest) -> Iterator[Form]:
    """Return each form."""
    if request.param == "Python":
        yield fanout.send_to_all_in_python
    else:
        yield request.getfixturevalue("extension").send_to_all


def test_bytes_go_to_the_socket_of_everybody(form: Form) -> None:
    """The usual case: all have room, and nothing is queued."""
    with ExitStack() as stack:
        audience = Audience(["open"] * 40, stack)
        form(audience.members, LINE, False)
        assert [drained(peer) for peer in audience.peers] == [LINE] * 40
        assert not any(outbox and outbox.queued for outbox in audience.outboxes)

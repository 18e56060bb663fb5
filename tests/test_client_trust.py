"""Trust of the client: authorities, the first certificate of a server, or a given fingerprint."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from trio.testing import MockClock, memory_stream_pair

from edge import HELLO, Edge, End, edge
from support import NOON
from trio_chat.client import trust
from trio_chat.client.known_servers import BY_AUTHORITY, KnownServers
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.client.trust import Connector, Security
from trio_chat.config import ListenerSettings, Settings, StorageSettings, TlsSettings

ADDRESS = "chat.example.org:5000"


def _noon() -> datetime:
    """Return the time of the server."""
    return datetime.fromtimestamp(NOON, UTC)


class Meeting:
    """A client that connects to a server, and what it was told."""

    def __init__(self, here: Edge, known: KnownServers) -> None:
        self.here = here
        self.known = known
        self.told: list[str] = []
        self.connections = 0

    async def connect(self, host: str = "chat.example.org", **security: Any) -> trio.abc.Stream:
        """Connect as a client that has just been started does."""
        return await self.connector(host, **security)()

    def connector(self, host: str = "chat.example.org", **security: Any) -> Connector:
        """Return what connects."""
        connector = Connector(host, 5000, Security(**security), self.known, _noon)

        async def tell(text: str) -> None:
            self.told.append(text)
            await trio.lowlevel.checkpoint()

        connector.tell = tell
        return connector


At = Callable[..., AbstractAsyncContextManager[Meeting]]
"""What the fixture `at` gives."""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> At:
    """Return a function that gives a meeting with a server of some settings."""

    @asynccontextmanager
    async def meet(tls: str = "auto", settings: Settings | None = None) -> AsyncIterator[Meeting]:
        chosen = settings or Settings(storage=StorageSettings(file=tmp_path / "chat.db"))
        async with edge(chosen) as here:
            meeting = Meeting(here, KnownServers(tmp_path / "known" / "known_servers"))

            async def connect_tcp(host: str, port: int, _records: object = None) -> trio.abc.Stream:
                meeting.connections += 1
                await trio.lowlevel.checkpoint()
                return here.stream(ListenerSettings(name="", tls=tls))

            monkeypatch.setattr(trust, "connect_tcp", connect_tcp)
            yield meeting

    return meet


@pytest.fixture
def vouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings of a server that an authority of the client's system vouches for."""
    return issued(tmp_path, "chat.example.org", monkeypatch)


async def chats(stream: trio.abc.Stream) -> None:
    """Check that one can chat on a connection, and leave."""
    end = End(stream)
    await end.send(HELLO)
    await end.until("001")
    await end.send(b"QUIT\r\n")
    await end.until("ERROR")
    await trio.aclose_forcefully(stream)


async def test_a_server_that_nobody_vouches_for_is_known_from_then_on(at: At) -> None:
    """Told the first time, with the fingerprint that the server printed; silently the next."""
    async with at() as meeting:
        await chats(await meeting.connect())
        shown = meeting.here.server.encryption.facts
        assert len(meeting.told) == 1
        assert shown.fingerprint in meeting.told[0]
        assert shown.key in meeting.told[0]
        assert await meeting.known.get(ADDRESS) == f"key {shown.key}"
        await chats(await meeting.connect())
        assert len(meeting.told) == 1


async def test_a_key_that_is_known_from_another_address_of_the_network_is_no_news(
    at: At,
) -> None:
    """Nodes may share a key; also where no first visit is allowed. One of another network does not
    count.
    """
    async with at() as meeting:
        await meeting.here.server.encryption.prepare()
        key = meeting.here.server.encryption.facts.key
        await meeting.known.remember("b.example:5000", f"key {'ab' * 32}")
        await meeting.known.remember("c.example:5000", f"key {key}")
        connector = meeting.connector(required=True)
        connector.network = ["b.example:5000"]
        with pytest.raises(CannotConnectError, match="No trusted authority"):
            await connector()
        connector.network = ["b.example:5000", "c.example:5000"]
        await chats(await connector())
        assert await meeting.known.get(ADDRESS) == f"key {key}"
        assert meeting.told == []


async def test_a_server_that_is_known_by_its_certificate_stays_known(at: At) -> None:
    """The line of an earlier version is silently turned into one of the key; then the certificate
    may be renewed.
    """
    async with at() as meeting:
        encryption = meeting.here.server.encryption
        await encryption.prepare()
        await meeting.known.remember(ADDRESS, encryption.fingerprint)
        await meeting.known.remember("other:5000", "cd" * 32)
        await chats(await meeting.connect())
        assert await meeting.known.get(ADDRESS) == f"key {encryption.facts.key}"
        assert await meeting.known.get("other:5000") == "cd" * 32
        assert meeting.told == []


async def test_a_renewed_certificate_with_the_same_key_is_no_change(at: At) -> None:
    """The server is known by its key; another key is refused, and both fingerprints are shown."""
    async with at() as meeting:
        await chats(await meeting.connect())
        server = meeting.here.server
        before = server.encryption.facts
        await server.reload_certificate(
            replace(server.settings, server=replace(server.settings.server, url="https://x.local/"))
        )
        assert server.encryption.facts.key == before.key
        assert server.encryption.fingerprint != before.fingerprint
        await chats(await meeting.connect())
        await meeting.known.remember(ADDRESS, f"key {'ab' * 32}")
        with pytest.raises(CannotConnectError, match="HAS CHANGED") as caught:
            await meeting.connect()
        assert f"Known: {'ab' * 32}. Shown: {before.key}" in str(caught.value)
        assert len(meeting.told) == 1


def test_an_earlier_version_takes_a_server_that_is_known_by_its_key_for_new(tmp_path: Path) -> None:
    """It reads lines of two words: it does not refuse such a server, and knows the others."""
    known = KnownServers(tmp_path / "known_servers")
    known._write("a:5000", f"key {'ab' * 32}")
    known._write("b:5000", "ca")
    lines = known.path.read_text().splitlines()
    assert [line for line in lines if len(line.split()) == 2] == ["b:5000 ca"]
    known.path.write_text("c:5000 key\nd:5000 ca ca\n\n" + known.path.read_text())
    assert known._read() == {"a:5000": f"key {'ab' * 32}", "b:5000": "ca", "c:5000": "key"}


async def test_a_server_that_an_authority_vouches_for_needs_no_word(
    at: At, vouched: Settings
) -> None:
    """It is remembered as such."""
    async with at(settings=vouched) as meeting:
        await chats(await meeting.connect())
        assert (meeting.told, await meeting.known.get(ADDRESS)) == ([], BY_AUTHORITY)


async def test_a_certificate_that_has_changed_is_refused(at: At) -> None:
    """Loudly, with both fingerprints and what to do; nothing is said on that connection."""
    async with at() as meeting:
        await meeting.known.remember(ADDRESS, "ab" * 32)
        with pytest.raises(CannotConnectError, match="HAS CHANGED") as caught:
            await meeting.connect()
        for words in ("ab" * 32, meeting.here.server.encryption.fingerprint, "known_servers"):
            assert words in str(caught.value)
        assert not meeting.here.server.world.users


async def test_a_server_that_was_vouched_for_and_is_not_is_refused(at: At) -> None:
    """Else whoever is in between only needs a certificate of their own making."""
    async with at() as meeting:
        await meeting.known.remember(ADDRESS, BY_AUTHORITY)
        with pytest.raises(CannotConnectError, match="HAS CHANGED"):
            await meeting.connect()


async def test_a_server_that_is_vouched_for_now_is_accepted(at: At, vouched: Settings) -> None:
    """The operator has got a real certificate: that proves more than the old one did."""
    async with at(settings=vouched) as meeting:
        await meeting.known.remember(ADDRESS, "ab" * 32)
        await chats(await meeting.connect())
        assert await meeting.known.get(ADDRESS) == BY_AUTHORITY


async def test_a_fingerprint_that_was_given_is_the_only_right_one(
    at: At, vouched: Settings
) -> None:
    """A given fingerprint overrides known servers and authorities."""
    async with at(settings=vouched) as meeting:
        await meeting.here.server.encryption.prepare()
        await chats(await meeting.connect(fingerprint=meeting.here.server.encryption.fingerprint))
        await chats(await meeting.connect(fingerprint=meeting.here.server.encryption.facts.key))
        with pytest.raises(CannotConnectError, match="not the server that you want"):
            await meeting.connect(fingerprint="ab" * 32)
        assert await meeting.known.get(ADDRESS) == ""


async def test_insecure_takes_whoever_it_is_and_remembers_nobody(at: At) -> None:
    """It was asked for by name."""
    async with at() as meeting:
        await meeting.known.remember(ADDRESS, "ab" * 32)
        await chats(await meeting.connect(insecure=True))
        assert await meeting.known.get(ADDRESS) == "ab" * 32


async def test_a_server_without_tls_is_told_once(at: At) -> None:
    """The user must know; coming back is quicker and quiet."""
    async with at(tls="off") as meeting:
        connector = meeting.connector()
        await chats(await connector())
        assert len(meeting.told) == 1
        assert "no TLS" in meeting.told[0]
        await chats(await connector())
        assert (len(meeting.told), meeting.connections) == (1, 3)


async def test_a_server_that_spoke_tls_before_is_not_spoken_to_in_the_clear(at: At) -> None:
    """An attacker in between could otherwise just cut the handshake off."""
    async with at(tls="off") as meeting:
        await meeting.known.remember(ADDRESS, "ab" * 32)
        with pytest.raises(CannotConnectError, match="OFFERS NO TLS NOW"):
            await meeting.connect()
        await chats(await meeting.connect(plaintext=True))


@pytest.mark.parametrize(
    "security", [{"required": True}, {"insecure": True}, {"fingerprint": "ab" * 32}]
)
async def test_who_wants_tls_gets_no_plain_text(at: At, security: dict[str, Any]) -> None:
    """ircs:// and the options that only make sense with TLS."""
    async with at(tls="off") as meeting:
        with pytest.raises(CannotConnectError, match="offers no TLS"):
            await meeting.connect(**security)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_this_machine_needs_no_encryption(at: At, host: str) -> None:
    """What is said does not leave it; ircs:// encrypts there too."""
    async with at() as meeting:
        assert not isinstance(await meeting.connect(host), trio.SSLStream)
        assert isinstance(await meeting.connect(host, required=True), trio.SSLStream)


class Slow(trio.abc.Stream):
    """A link that takes its time with each chunk, in both directions."""

    def __init__(self, stream: trio.abc.Stream, seconds: float) -> None:
        self._stream, self._seconds = stream, seconds

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, later."""
        await trio.sleep(self._seconds)
        await self._stream.send_all(data)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Receive, later."""
        data = await self._stream.receive_some(max_bytes)
        await trio.sleep(self._seconds)
        return bytes(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait for room."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()


Through = Callable[[Callable[[trio.abc.Stream], trio.abc.Stream]], None]
"""What the fixture `through` gives."""


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Through:
    """Return a function that lets something come between the client and what it connects to."""

    def put(between: Callable[[trio.abc.Stream], trio.abc.Stream]) -> None:
        connect_tcp = trust.connect_tcp  # type: ignore[attr-defined]  # what `at` has put there

        async def connect(host: str, port: int, _records: object = None) -> trio.abc.Stream:
            return between(await connect_tcp(host, port))

        monkeypatch.setattr(trust, "connect_tcp", connect)

    return put


@pytest.fixture
def patient_clock() -> trio.testing.MockClock:
    """Return a clock that jumps when nothing has happened for so long that no thread can be at work
    any longer.
    """
    return trio.testing.MockClock(autojump_threshold=0.5)


@pytest.mark.parametrize("seconds", [1, 3])
async def test_a_slow_link_stays_encrypted(
    seconds: float, at: At, through: Through, patient_clock: MockClock
) -> None:
    """A server that answers late does speak TLS."""
    async with at() as meeting:
        through(lambda stream: Slow(stream, seconds))
        stream = await meeting.connect()
        assert isinstance(stream, trio.SSLStream)
        await trio.aclose_forcefully(stream)


async def test_a_link_that_is_too_slow_for_the_server(
    at: At, through: Through, patient_clock: MockClock
) -> None:
    """The server gives up; nothing is said to it in the clear."""
    async with at() as meeting:
        through(lambda stream: Slow(stream, 9))
        with pytest.raises(CannotConnectError, match="Nothing was sent there"):
            await meeting.connect()
        assert not meeting.here.server.world.users


class Silent:
    """Servers that send nothing, or only one reply to a line of IRC."""

    def __init__(
        self, nursery: trio.Nursery, answer: bytes = b"", *, hangs_up: bool = False
    ) -> None:
        self.connections = 0
        self.heard = b""
        self._nursery, self._answer, self._hangs_up = nursery, answer, hangs_up

    async def connect(self, host: str, port: int, _records: object = None) -> trio.abc.Stream:
        """Return the client's end of a connection."""
        self.connections += 1
        ours, theirs = memory_stream_pair()
        self._nursery.start_soon(self._run, theirs)
        await trio.lowlevel.checkpoint()
        return ours

    async def _run(self, stream: trio.abc.Stream) -> None:
        try:
            while data := await stream.receive_some(65536):
                self.heard += data
                if self._hangs_up:
                    await stream.aclose()
                    return
                if self._answer and data.endswith(b"\r\n"):
                    await stream.send_all(self._answer)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_silence_is_no_answer(
    hangs_up: bool, at: At, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client tries again with more patience, and sends no plain text but a greeting."""
    async with at() as meeting, trio.open_nursery() as nursery:
        servers = Silent(nursery, hangs_up=hangs_up)
        monkeypatch.setattr(trust, "connect_tcp", servers.connect)
        with pytest.raises(
            CannotConnectError, match=r"does not say whether it offers TLS.*--plaintext"
        ):
            await meeting.connect()
        assert servers.connections == 2
        assert "Trying again" in meeting.told[0]
        assert b"NICK" not in servers.heard
        nursery.cancel_scope.cancel()


async def test_a_server_that_waits_for_a_line_speaks_no_tls(
    at: At, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old servers wait for the end of a line for ever; they get one, and their answer is
    definite.
    """
    async with at() as meeting, trio.open_nursery() as nursery:
        monkeypatch.setattr(
            trust,
            "connect_tcp",
            Silent(nursery, b":srv 451 * :You have not registered\r\n").connect,
        )
        stream = await meeting.connect()
        assert not isinstance(stream, trio.SSLStream)
        assert "no TLS" in meeting.told[-1]
        nursery.cancel_scope.cancel()


async def test_what_was_encrypted_once_never_falls_back(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds though its certificate could not be stored."""
    async with at() as meeting:
        monkeypatch.setattr(meeting.known, "get", _knows_nobody)
        connector = meeting.connector()
        await chats(await connector())

        async def connect_tcp(host: str, port: int, _records: object = None) -> trio.abc.Stream:
            await trio.lowlevel.checkpoint()
            return meeting.here.stream(ListenerSettings(name="", tls="off"))

        monkeypatch.setattr(trust, "connect_tcp", connect_tcp)
        with pytest.raises(CannotConnectError, match="OFFERS NO TLS NOW"):
            await connector()


# Certificates that are wrong


def issued(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, *, days: int = 1
) -> Settings:
    """Return settings of a server whose certificate an authority of the client's system has issued.

    Args:
        tmp_path: where it is kept.
        name: for whom it is.
        monkeypatch: makes the client's system know the authority.
        days: until when from now on it is valid.
    """
    authority = trustme.CA()
    until = datetime.now(UTC) + timedelta(days=days)
    certificate = authority.issue_cert(name, not_before=until - timedelta(days=90), not_after=until)
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "real.pem")
    trust_authority(authority, monkeypatch)
    return Settings(
        storage=StorageSettings(file=tmp_path / "chat.db"),
        tls=TlsSettings(certificate=tmp_path / "real.pem"),
    )


def trust_authority(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client's system know an authority."""
    default = ssl.create_default_context

    def create() -> ssl.SSLContext:
        context = default()
        authority.configure_trust(context)
        return context

    monkeypatch.setattr(ssl, "create_default_context", create)


@pytest.mark.parametrize(("name", "days"), [("other.example.org", 1), ("chat.example.org", -1)])
@pytest.mark.parametrize("required", [False, True])
async def test_a_wrong_certificate_is_refused_at_the_first_visit(
    name: str, days: int, required: bool, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for another name, or one that has expired, with what is wrong and what to do."""
    async with at(settings=issued(tmp_path, name, monkeypatch, days=days)) as meeting:
        with pytest.raises(CannotConnectError, match=r"is not valid.*--fingerprint") as caught:
            await meeting.connect(required=required)
        assert ("expired" if days < 0 else "not valid for") in str(caught.value)
        shown = str(caught.value).split()[-1]
        assert await meeting.known.get(ADDRESS) == ""
        await chats(await meeting.connect(required=required, fingerprint=shown))


async def test_an_expired_certificate_has_not_changed(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is in between."""
    async with at(settings=issued(tmp_path, "chat.example.org", monkeypatch, days=-1)) as meeting:
        await meeting.known.remember(ADDRESS, BY_AUTHORITY)
        with pytest.raises(CannotConnectError, match="expired") as caught:
            await meeting.connect()
        assert "CHANGED" not in str(caught.value)


async def test_a_certificate_of_ones_own_that_has_expired_is_refused(at: At) -> None:
    """This holds for a certificate without an authority too."""
    async with at() as meeting:
        later = datetime.now(UTC) + timedelta(days=36_500)
        connector = Connector("chat.example.org", 5000, Security(), meeting.known, lambda: later)
        with pytest.raises(CannotConnectError, match="it has expired"):
            await connector()


async def test_ircs_takes_nobody_on_trust(at: At) -> None:
    """The error for a certificate without a trusted issuer has its fingerprint, which the user can
    check and give.
    """
    async with at() as meeting:
        with pytest.raises(
            CannotConnectError, match=r"ircs:// and STS accept no other.*--fingerprint"
        ) as caught:
            await meeting.connect(required=True)
        key = meeting.here.server.encryption.facts.key
        assert key in str(caught.value)
        await chats(await meeting.connect(required=True, fingerprint=key))


async def test_a_list_that_cannot_be_read_is_no_empty_list(at: At, tmp_path: Path) -> None:
    """Nobody could say then whether something has changed."""
    async with at() as meeting:
        meeting.known = KnownServers(tmp_path)  # a directory
        with pytest.raises(CannotConnectError, match="cannot be read"):
            await meeting.connect()


async def test_a_list_that_cannot_be_written_is_told(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is as good as without a list."""
    (tmp_path / "file").write_text("")
    async with at() as meeting:
        meeting.known = KnownServers(tmp_path / "file" / "known_servers")
        monkeypatch.setattr(meeting.known, "get", _knows_nobody)
        await chats(await meeting.connect())
        assert "cannot be written" in meeting.told[0]


async def _knows_nobody(address: str) -> str:
    await trio.lowlevel.checkpoint()
    return ""


async def test_others_in_the_list_stay_there(tmp_path: Path) -> None:
    """A line each; lines that are no such thing are passed over."""
    path = tmp_path / "a" / "known_servers"
    known = KnownServers(path)
    await known.remember("[::1]:5000", "ab" * 32)
    await known.remember(ADDRESS, BY_AUTHORITY)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n# a comment of many words\nx\n")
    await known.remember("x:1", "cd" * 32)
    assert [await known.get(address) for address in ("[::1]:5000", ADDRESS, "x:1", "y:1")] == [
        "ab" * 32,
        BY_AUTHORITY,
        "cd" * 32,
        "",
    ]
    assert [entry.name for entry in path.parent.iterdir()] == ["known_servers"]

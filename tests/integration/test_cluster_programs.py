"""Several real servers as one: nodes of a cluster, with a real engine."""

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeVar

import pytest
import trio
from programs import PATIENCE, Program, program

import redis_fakes
from log_engines import Engine
from trio_chat.server.accounts import COSTS

pytestmark = [pytest.mark.engine, pytest.mark.long]

CONFIG = """
[server]
host = 127.0.0.1
port = 0
lobby = none
{settings}
[accounts]
hash_cost = low
[discovery]
enabled = no
[limits]
flood_exempt = 127.0.0.0/8
connections_exempt = 127.0.0.0/8
[cluster]
url = {url}
node = {name}
"""
OPERATOR = "[operator root]\npassword = {hash}"


E = TypeVar("E", bound=Engine)


class Client:
    """A client by its lines."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""

    async def say(self, *lines: str) -> None:
        """Send lines."""
        await self._stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def until(self, text: str) -> str:
        """Return the first further line that has this text in it."""
        with trio.fail_after(PATIENCE):
            while True:
                line = await self._line()
                if text in line:
                    return line

    async def _line(self) -> str:
        while b"\n" not in self._rest:
            data = await self._stream.receive_some()
            assert data, "the connection has ended"
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode().rstrip("\r")


class Cluster(Generic[E]):
    """Nodes with directories of their own, by their names."""

    def __init__(self, directory: Path, running: E) -> None:
        self._directory = directory
        self.engine = running

    @asynccontextmanager
    async def node(self, name: str, settings: str = "") -> AsyncIterator[tuple[Program, int]]:
        """Run a node, with further lines of [server]; yield it and its port."""
        directory = self._directory / name
        directory.mkdir(exist_ok=True)
        config = CONFIG.format(url=self.engine.url, name=name, settings=settings)
        (directory / "server.ini").write_text(config, "utf-8")
        async with program(["serve", "--config", "server.ini", "--no-qr"], directory) as running:
            line = await running.out.until("listens on")
            yield running, int(line.rpartition(":")[2])


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator["RedisCluster"]:
    """A cluster without nodes, with an engine."""
    with redis_fakes.engine(tmp_path / "engine") as running:
        yield Cluster(tmp_path, running)


RedisCluster = Cluster[redis_fakes.Engine]


@asynccontextmanager
async def client(port: int, nick: str, caps: str = "") -> AsyncIterator[Client]:
    """Connect to a node, and register."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        one = Client(stream)
        if caps:
            await one.say(f"CAP REQ :{caps}")
        await one.say(f"NICK {nick}", "USER u 0 * :Real")
        if caps:
            await one.say("CAP END")
        await one.until(" 001 ")
        yield one


async def test_clients_of_two_nodes_are_one_network(cluster: RedisCluster) -> None:
    """They meet in channels, in private messages, and by their nicknames."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann", "echo-message") as ann,
        client(two, "bob") as bob,
    ):
        await ann.say("JOIN #a")
        await ann.until(" 366 ")
        await bob.say("JOIN #a")
        assert "ann" in await bob.until(" 353 ")
        await ann.until("JOIN #a")
        await bob.say("PRIVMSG #a :hello", "PRIVMSG ann :psst", "WHOIS ann", "NICK ann")
        assert (await ann.until("PRIVMSG #a")).endswith(":hello")
        assert (await ann.until("PRIVMSG ann")).endswith(":psst")
        await bob.until(" 311 bob ann")
        await bob.until(" 433 ")
        await ann.say("QUIT :bye")
        assert (await bob.until("QUIT")).endswith("bye")


async def test_a_message_of_several_lines(cluster: RedisCluster) -> None:
    """All lines of a batch are carried out together, also when other lines come between them."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann", "batch message-tags draft/multiline") as ann,
        client(two, "bob", "batch message-tags draft/multiline") as bob,
    ):
        await ann.say("BATCH +1 draft/multiline bob", "@batch=1 PRIVMSG bob :one", "PING x")
        await ann.until("PONG")
        await ann.say("@batch=1 PRIVMSG bob :two", "BATCH -1")
        assert "draft/multiline bob" in await bob.until("BATCH +")
        assert (await bob.until("PRIVMSG")).endswith("one")
        assert (await bob.until("PRIVMSG")).endswith("two")


async def test_a_node_that_is_killed_comes_back_with_everything(cluster: RedisCluster) -> None:
    """It carries out again what it had not stored, and the other node goes on meanwhile."""
    async with cluster.node("n2") as (_, two), client(two, "bob") as bob:
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        async with cluster.node("n1") as (first, one), client(one, "ann", "echo-message") as ann:
            await ann.say("JOIN #a", "PRIVMSG #a :before")
            await ann.until("before")
            first.process.kill()
            await first.process.wait()
        await bob.until("before")
        await bob.say("PRIVMSG #a :meanwhile")
        await bob.until("QUIT")
        async with cluster.node("n1") as (_, one), client(one, "eve", "batch") as eve:
            await eve.say("JOIN #a")
            assert "bob" in await eve.until(" 353 ")
            await eve.say("CHATHISTORY LATEST #a * 10")
            assert (await eve.until("PRIVMSG")).endswith("before")
            assert (await eve.until("PRIVMSG")).endswith("meanwhile")


async def test_a_node_that_stops_keeps_what_it_was(cluster: RedisCluster) -> None:
    """After a restart it starts from its snapshot, and its users have left."""
    async with cluster.node("n2") as (_, two), client(two, "bob") as bob:
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        async with cluster.node("n1") as (first, one), client(one, "ann") as ann:
            await ann.say("JOIN #a")
            await ann.until(" 366 ")
            first.stop()
            await ann.until("ERROR")
            assert await first.wait() == 0
        assert (await bob.until("QUIT")).endswith("restarted")
        async with cluster.node("n1") as (_, one), client(one, "ann") as ann:
            await ann.say("PRIVMSG bob :again")
            await bob.until("again")


async def test_a_killed_engine_loses_nothing(cluster: RedisCluster) -> None:
    """Lines wait until it is back, and are carried out once."""
    async with (
        cluster.node("n1") as (first, one),
        cluster.node("n2") as (_, two),
        client(one, "ann", "echo-message") as ann,
        client(two, "bob") as bob,
    ):
        cluster.engine.kill()
        await ann.say("PRIVMSG bob :one", "PRIVMSG bob :two")
        await first.out.until("cannot be reached")
        await trio.to_thread.run_sync(cluster.engine.start)
        assert (await bob.until(" PRIVMSG bob ")).endswith("one")
        assert (await bob.until(" PRIVMSG bob ")).endswith("two")
        await ann.until("two")
        await ann.say("PRIVMSG bob :three")
        assert (await bob.until(" PRIVMSG bob ")).endswith("three")


async def test_a_second_node_with_the_same_name_takes_its_place(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """The first one stops with a sentence, as two cannot have one name."""
    async with cluster.node("n1") as (first, _), cluster.node("n2") as (_, two):
        (tmp_path / "other").mkdir()
        other = Cluster(tmp_path / "other", cluster.engine)
        async with other.node("n1") as (_, one), client(one, "ann") as ann:
            await first.out.until("another node has started with the name n1")
            assert not any("ResourceWarning" in line for line in await first.out.rest())
            assert await first.wait() == 1
            async with client(two, "bob") as bob:
                await bob.say("PRIVMSG ann :still here")
                await ann.until("still here")


@asynccontextmanager
async def roaming(directory: Path, *ports: int) -> AsyncIterator[tuple[Program, int]]:
    """Run the line client of bob with the addresses of nodes, in #a; yield it, and the port that it
    has chosen.
    """
    addresses = [f"127.0.0.1:{port}" for port in ports]
    arguments = ["connect", *addresses, "--nick", "bob", "--channel", "#a"]
    async with program(arguments, directory) as running:
        chosen = (await running.out.until("Connecting to")).split()[-2]
        await running.out.until("#a")
        yield running, int(chosen.rpartition(":")[2])


@pytest.mark.parametrize("is_killed", [False, True])
async def test_the_client_goes_on_at_another_node(
    cluster: RedisCluster, tmp_path: Path, *, is_killed: bool
) -> None:
    """What is said meanwhile is shown once, and what it says arrives once."""
    async with (
        cluster.node("n1") as (first, one),
        cluster.node("n2") as (second, two),
        roaming(tmp_path, one, two) as (bob, port),
        client(two if port == one else one, "ann", "echo-message") as ann,
    ):
        left, rest = (first, two) if port == one else (second, one)
        await ann.say("JOIN #a")
        await ann.until(" 366 ")
        await bob.say("one")
        await ann.until("PRIVMSG #a :one")
        await bob.out.until("[YOU]: one")
        left.process.kill() if is_killed else left.stop()
        await ann.say("PRIVMSG #a :meanwhile")
        news = await bob.out.until("The connection" if is_killed else "The server")
        if not is_killed:
            assert news == "[INFO] The server is being restarted. Connecting again …"
        await bob.out.until(f"Connecting to 127.0.0.1:{rest}")
        await bob.out.until("Connected as bob")
        await bob.say("two")
        assert (await ann.until(" PRIVMSG #a :")).endswith(":meanwhile")
        assert (await ann.until(" PRIVMSG #a :")).endswith(":two")
        await bob.out.until("[YOU]: two")
        await bob.stdin.aclose()
        assert await bob.wait() == 0
        shown = "\n".join(bob.out.lines)
        assert shown.count("meanwhile") == 1
        assert shown.count("]: one") == shown.count("]: two") == 1


async def test_the_last_node_has_shut_down(cluster: RedisCluster, tmp_path: Path) -> None:
    """Nobody else serves the network, so the client ends, as with a server alone."""
    async with cluster.node("n1") as (first, one), cluster.node("n2") as (second, two):
        second.stop()
        assert await second.wait() == 0
        async with roaming(tmp_path, one, two) as (bob, _):
            first.stop()
            await bob.out.until("[INFO] The server has shut down")
            assert await bob.wait() == 0


async def test_a_token_for_an_upload_is_good_at_any_node(cluster: RedisCluster) -> None:
    """A load balancer leads the upload to another node than the one of the session."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann") as ann,
    ):
        await ann.say("TOKEN GENERATE FILEHOST")
        token = (await ann.until(" GENERATE FILEHOST ")).split()[-1].removeprefix(":")
        head = (
            "POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\nhello"
        )
        with trio.fail_after(PATIENCE):
            for status in (b"201", b"401"):
                async with await trio.open_tcp_stream("127.0.0.1", two) as stream:
                    await stream.send_all(head.encode())
                    answer = b"".join([data async for data in stream])
                assert answer.split()[1] == status, answer


async def test_accounts_are_those_of_all_nodes(cluster: RedisCluster) -> None:
    """An account that is registered at one node is known at the other one, with the password that
    counts, also after that node was killed; and its name stays when it is deleted.
    """
    async with cluster.node("n1") as (_, one), client(one, "ann") as ann:
        async with cluster.node("n2") as (second, two), client(two, "bob") as bob:
            await ann.say("NS REGISTER first-password")
            await ann.until("ann is yours now")
            await bob.say("NS IDENTIFY ann first-password")
            await bob.until(" 900 ")
            await bob.say("NS SET PASSWORD first-password second-password")
            await bob.until("Your password is changed")
            second.process.kill()
            await second.process.wait()
        async with cluster.node("n2") as (_, two), client(two, "bob") as bob:
            await bob.say("NS IDENTIFY ann first-password")
            await bob.until("Wrong account or password")
            await bob.say("NS IDENTIFY ann second-password")
            await bob.until(" 900 ")
            async with client(one, "eve") as eve:
                await eve.say("NS REGISTER eves-password")
                await eve.until("eve is yours now")
                await eve.say("NS DROP eves-password")
                await eve.until("is deleted")
            await bob.say("NS LOGOUT", "NICK eve")
            assert "eve" in await bob.until(" 433 ")


async def test_the_first_of_two_gets_an_account(cluster: RedisCluster) -> None:
    """Two clients that are not registered yet want the same name at once."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        unregistered(one) as ann,
        unregistered(two) as bob,
    ):
        await ann.say("NICK same", "REGISTER * * of-ann")
        await bob.say("NICK same", "REGISTER * * of-bob")
        answers = [(await each.until("REGISTER")).split(" ") for each in (ann, bob)]
        assert sorted(answer[1] for answer in answers) == ["FAIL", "REGISTER"]
        winner = "of-ann" if answers[0][1] == "REGISTER" else "of-bob"
        loser = "of-bob" if winner == "of-ann" else "of-ann"
        for port, nick in ((one, "eve"), (two, "eva")):
            async with client(port, nick) as eve:
                await eve.say(f"NS IDENTIFY same {loser}")
                await eve.until("Wrong account or password")
                await eve.say(f"NS IDENTIFY same {winner}")
                await eve.until(" 900 ")


@asynccontextmanager
async def unregistered(port: int) -> AsyncIterator[Client]:
    """Connect to a node, and do not register."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        one = Client(stream)
        await one.say("CAP LS 302")
        await one.until(" LS ")
        yield one


async def test_a_message_is_deleted_on_all_nodes(cluster: RedisCluster) -> None:
    """Clients of both see that, and neither finds the message again."""
    caps = "message-tags draft/message-redaction batch draft/chathistory echo-message"
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann", caps) as ann,
        client(two, "bob", caps) as bob,
    ):
        await ann.say("JOIN #a")
        await ann.until(" 366 ")
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        await ann.say("PRIVMSG #a :oops", "PRIVMSG #a :kept")
        said = await ann.until(":oops")
        number = said.partition("msgid=")[2].split(" ")[0].split(";")[0]
        await bob.until(":kept")
        await ann.say(f"REDACT #a {number} :sorry")
        for each in (ann, bob):
            assert number in await each.until(" REDACT #a ")
            await each.say("CHATHISTORY LATEST #a * 10")
            assert (await each.until("PRIVMSG")).endswith(":kept")


async def test_a_client_of_another_node_is_told_why_it_is_ended(cluster: RedisCluster) -> None:
    """By a KILL and by a ban, as on a server alone."""
    operator = OPERATOR.format(hash=COSTS["low"].hasher().hash("secret"))
    async with (
        cluster.node("n1", operator) as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "root") as root,
        client(two, "ann") as ann,
        client(two, "bob") as bob,
    ):
        await root.say("OPER root secret")
        await root.until(" 381 ")
        await root.say("KILL ann :why", "KLINE bob!*@* :why")
        assert "KILL ann" in await ann.until("why")
        await ann.until("ERROR :Closing link: 127.0.0.1 (Killed (root (why)))")
        await bob.until(" 465 ")
        await bob.until("ERROR :Closing link: 127.0.0.1 (Banned: why)")
        await root.until("bob!*@* is banned")


async def test_rehash_refuses_what_nodes_have_in_common(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """One sentence says so, and the node goes on."""
    operator = OPERATOR.format(hash=COSTS["low"].hasher().hash("secret"))
    async with cluster.node("n1", operator) as (_, one), client(one, "root") as root:
        await root.say("OPER root secret")
        await root.until(" 381 ")
        file = tmp_path / "n1" / "server.ini"
        text = file.read_text("utf-8")
        file.write_text(text.replace("[accounts]", "[accounts]\nrequired = yes", 1), "utf-8")
        await root.say("REHASH")
        assert "[accounts] required" in await root.until("FAIL REHASH")


async def test_new_nodes_have_the_secrets_of_the_first_one(cluster: RedisCluster) -> None:
    """The same address has the same cloak on all nodes, and push messages have the same keys."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann") as ann,
        client(two, "bob") as bob,
    ):
        await ann.say("WHO bob", "WHO ann")
        hosts = [(await ann.until(" 352 ")).split()[5] for _ in range(2)]
        assert hosts[0] == hosts[1]
        await bob.say("VERSION")
        await ann.say("VERSION")
        tokens = [
            next(word for word in (await each.until(" VAPID=")).split() if word.startswith("VAPID"))
            for each in (ann, bob)
        ]
        assert tokens[0] == tokens[1]


async def test_a_node_with_another_database_is_refused(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """It would not agree with the others about anything that it had before."""
    directory = tmp_path / "n2"
    directory.mkdir()
    (directory / "server.ini").write_text(CONFIG.partition("[cluster]")[0].format(settings=""))
    async with program(["serve", "--config", "server.ini", "--no-qr"], directory) as alone:
        line = await alone.out.until("listens on")
        async with client(int(line.rpartition(":")[2]), "ann") as ann:
            await ann.say("NS REGISTER secret-word")
            await ann.until("is yours now")
        alone.stop()
        assert await alone.wait() == 0
    async with cluster.node("n1"):
        config = CONFIG.format(url=cluster.engine.url, name="n2", settings="")
        (directory / "server.ini").write_text(config, "utf-8")
        async with program(["serve", "--config", "server.ini", "--no-qr"], directory) as refused:
            await refused.out.until("from a backup of another one")
            assert await refused.wait() == 1


async def test_users_with_accounts_stay_while_their_node_is_restarted(
    cluster: RedisCluster,
) -> None:
    """They are found again on another node, and nobody has seen them leave."""
    async with cluster.node("n2") as (_, two), client(two, "bob") as bob:
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        async with cluster.node("n1") as (first, one), client(one, "ann") as ann:
            async with client(one, "eve") as eve:
                await ann.say("NS REGISTER secret-word", "JOIN #a")
                await ann.until(" 366 ")
                await eve.say("JOIN #a")
                await eve.until(" 366 ")
                first.stop()
                await eve.until("ERROR")
            assert await first.wait() == 0
        await bob.until(":eve!")
        assert ":eve!" in await bob.until("QUIT")
        async with unregistered(two) as ann:
            await ann.say("CAP REQ :sasl", "NICK ann", "USER u 0 * :Real", "AUTHENTICATE PLAIN")
            await ann.until("AUTHENTICATE +")
            proof = b64encode(b"\0ann\0secret-word").decode()
            await ann.say(f"AUTHENTICATE {proof}", "CAP END")
            await ann.until(" JOIN #a")
            await ann.say("PRIVMSG #a :here again")
            assert (await bob.until("ann!")).endswith("here again")


async def test_the_nickname_of_a_user_that_is_expected_can_be_taken(cluster: RedisCluster) -> None:
    """Its client may have come back without its account."""
    async with cluster.node("n2") as (_, two), client(two, "bob") as bob:
        async with cluster.node("n1") as (first, one), client(one, "ann") as ann:
            await ann.say("NS REGISTER secret-word", "NICK other", "JOIN #a")
            await ann.until(" 366 ")
            await bob.say("JOIN #a")
            await bob.until(" 366 ")
            first.stop()
            await ann.until("ERROR")
            assert await first.wait() == 0
        async with client(two, "other") as other:
            await bob.until("other!u@")
            await other.say("PRIVMSG bob :me")
            assert (await bob.until("PRIVMSG bob")).endswith("me")

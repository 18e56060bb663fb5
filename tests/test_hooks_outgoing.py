"""Outgoing webhooks: what is posted, in which order, and what happens when nobody takes it."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from fake_servers import until_reset
from storage_fakes import ListHistory
from support import NOON, Person, Town
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookDelivered, HookMade, HookRemoved
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.history import Record
from trio_chat.chat.hooks import EVENTS, LOBBY, Filter, Hook
from trio_chat.chat.ids import msgid
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config.settings import HookSettings
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.hooks.outgoing import LONGEST_PAUSE, OutgoingHooks
from trio_chat.server.hooks.posted import body_of, headers_of, is_wanted
from trio_chat.server.hooks.signatures import is_signed
from trio_chat.server.push.client import Answer, Outcome, PushClient
from trio_chat.server.relaying import Relayer

TAKEN = Answer(Outcome.DELIVERED, "HTTP 200")
LATER = Answer(Outcome.LATER, "HTTP 503")
URL = "https://receiver.example/in"


class Receiver(PushClient):
    """A receiver that answers as it is told, and remembers what it has taken."""

    def __init__(self) -> None:
        super().__init__(lambda host: False)
        self.answer: Callable[[], Answer] = lambda: TAKEN
        self.taken: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.times: list[float] = []

    async def post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take what is posted."""
        await trio.lowlevel.checkpoint()
        answer = self.answer()
        self.times.append(trio.current_time())
        if answer.is_taken:
            assert is_signed("key", headers, body, NOON)
            self.taken.append(json.loads(body))
            self.headers.append(headers)
        return answer

    @property
    def texts(self) -> list[str]:
        """What was taken."""
        return [each["text"] for each in self.taken]


def hook(**fields: Any) -> Hook:
    """Return an outgoing webhook of the lobby."""
    made = Hook("d" * 64, LOBBY, "archive", "ann", 0, int(NOON), signing="key", url=URL)
    return made._replace(**fields)


class Posting:
    """A world with an outgoing webhook."""

    def __init__(self, made: Hook) -> None:
        self.town = Town(storage=StoragePorts(history=ListHistory()))
        self.world = self.town.world
        self.settings = HookSettings()
        self.ann = self.town.person("ann", "#lobby", caps="message-tags")
        apply(self.world, HookMade(made._replace(cursor=self.world.ids.latest)))
        self.broadcaster = Broadcaster(1000, 1000, self.town.history)
        self.relayer = Relayer(self.world, self.broadcaster)
        self.receiver = Receiver()
        self.is_ours = True

    @property
    def hook(self) -> Hook:
        """The webhook as it is now."""
        (made,) = self.world.hooks
        return made

    def say(self, *lines: str, person: Person | None = None) -> None:
        """Send lines by somebody."""
        person = person or self.ann
        for line in lines:
            output = handle_line(self.world, person.session, line.encode())
            self.broadcaster.accept(output, person.session)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run what delivers, with a broadcaster."""
        outgoing = OutgoingHooks(
            self.world,
            self.broadcaster,
            self.relayer,
            lambda: self.settings,
            lambda: self.is_ours,
            self.receiver,
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.broadcaster.run)
            nursery.start_soon(outgoing.run)
            yield
            nursery.cancel_scope.cancel()


@pytest.fixture
def posting() -> Posting:
    """Return such a world."""
    return Posting(hook())


async def test_messages_are_posted_in_order(autojump_clock: MockClock, posting: Posting) -> None:
    """Each with its msgid, its channel and its author, and signed."""
    posting.say("PRIVMSG #lobby :one", "PRIVMSG #lobby :two", "PRIVMSG ann :private")
    async with posting.running():
        await trio.sleep(5)
        posting.say("PRIVMSG #lobby :three")
        await trio.sleep(5)
    assert posting.receiver.texts == ["one", "two", "three"]
    one = posting.receiver.taken[0]
    record = posting.town.history.said[0]
    assert (one["id"], one["event"], one["channel"]) == (msgid(record.id), "message", "#lobby")
    assert (one["nick"], one["account"], one["is_bot"]) == ("ann", None, False)
    assert posting.receiver.headers[0]["webhook-id"] == one["id"]
    assert posting.hook.cursor == posting.town.history.said[-1].id
    assert posting.hook.used == int(NOON)


async def test_nothing_is_lost_while_the_receiver_is_down(
    autojump_clock: MockClock, posting: Posting
) -> None:
    """It is tried again, with pauses that double up to a limit, in order."""
    posting.receiver.answer = lambda: LATER
    async with posting.running():
        posting.say(*(f"PRIVMSG #lobby :{number}" for number in range(150)))
        await trio.sleep(3600)
        assert not posting.receiver.taken
        assert posting.hook.failing == int(NOON)
        pauses = [after - before for before, after in pairwise(posting.receiver.times)]
        assert pauses[:4] == pytest.approx([1, 2, 4, 8], abs=0.01)
        assert max(pauses) == pytest.approx(LONGEST_PAUSE, abs=0.01)
        posting.receiver.answer = lambda: TAKEN
        await trio.sleep(3600)
    assert posting.receiver.texts == [str(number) for number in range(150)]
    assert posting.hook.failing == 0


async def test_a_restart_goes_on_at_the_cursor(autojump_clock: MockClock, posting: Posting) -> None:
    """What was noted is not posted again."""
    posting.say("PRIVMSG #lobby :one")
    async with posting.running():
        await trio.sleep(5)
    posting.say("PRIVMSG #lobby :two")
    async with posting.running():
        await trio.sleep(5)
    assert posting.receiver.texts == ["one", "two"]


async def test_the_wait_that_a_receiver_asks_for(
    autojump_clock: MockClock, posting: Posting
) -> None:
    """`Retry-After` counts where it is longer, up to an hour."""
    answers = [LATER._replace(retry_after=50.0), LATER._replace(retry_after=1e9), TAKEN]
    posting.receiver.answer = lambda: answers.pop(0)
    async with posting.running():
        posting.say("PRIVMSG #lobby :one")
        await trio.sleep(5000)
    first, second, third = posting.receiver.times
    assert (second - first, third - second) == pytest.approx((50, 3600), abs=0.01)


async def test_a_receiver_that_is_gone(autojump_clock: MockClock, posting: Posting) -> None:
    """After days its hook is disabled, which the channel learns once."""
    posting.receiver.answer = lambda: LATER
    async with posting.running():
        posting.say("PRIVMSG #lobby :one")
        await trio.sleep(10)
        posting.town.clock.now += 7 * 86_400
        await trio.sleep(1000)
        assert posting.hook.is_disabled
        count = len(posting.receiver.times)
        await trio.sleep(10_000)
        assert len(posting.receiver.times) == count
    history = posting.town.history.said
    said = [each for each in history if each.source.startswith("archive/hook!")]
    assert len(said) == 1
    assert "receiver.example has taken nothing for 7 days" in said[0].text
    assert "/in" not in said[0].text


async def test_only_one_node_delivers(autojump_clock: MockClock, posting: Posting) -> None:
    """Another one takes over when it is its turn."""
    posting.is_ours = False
    posting.say("PRIVMSG #lobby :one")
    async with posting.running():
        await trio.sleep(10)
        assert not posting.receiver.taken
        posting.is_ours = True
        await trio.sleep(10)
        assert posting.receiver.texts == ["one"]


async def test_a_hook_that_is_removed(autojump_clock: MockClock, posting: Posting) -> None:
    """Nothing is posted by it from then on."""
    async with posting.running():
        posting.settings = HookSettings(outgoing=False)
        posting.say("PRIVMSG #lobby :one")
        await trio.sleep(10)
        posting.settings = HookSettings()
        await trio.sleep(10)
        assert posting.receiver.texts == ["one"]
        apply(posting.world, HookRemoved(hook().digest))
        posting.say("PRIVMSG #lobby :two")
        await trio.sleep(10)
        assert posting.receiver.texts == ["one"]


async def test_other_channels_do_not_cost_more_looks(
    autojump_clock: MockClock, posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is said there, the history is read once in an interval."""
    read, looks = posting.town.history.messages, []

    async def messages(*args: Any) -> list[Record]:
        looks.append(trio.current_time())
        await trio.sleep(0.02)  # in which the next message comes
        return await read(*args)

    posting.ann.say("JOIN #other")
    monkeypatch.setattr(posting.town.history, "messages", messages)
    async with posting.running():
        for number in range(1000):
            posting.say(f"PRIVMSG #other :{number}")
            await trio.sleep(0.01)
    assert len(looks) <= 12


async def test_a_hook_that_is_removed_while_it_posts(
    autojump_clock: MockClock, posting: Posting
) -> None:
    """Nothing of what waits is posted by it any more."""

    def remove() -> Answer:
        apply(posting.world, HookRemoved(hook().digest))
        return TAKEN

    posting.receiver.answer = remove
    posting.say("PRIVMSG #lobby :one", "PRIVMSG #lobby :two")
    async with posting.running():
        await trio.sleep(10)
    assert posting.receiver.texts == ["one"]


@pytest.mark.parametrize("answer", [TAKEN, LATER])
async def test_a_hook_that_is_disabled_while_it_posts(
    autojump_clock: MockClock, posting: Posting, answer: Answer
) -> None:
    """It stays disabled, and goes on with what is next when it is enabled again."""

    def change(*, is_disabled: bool) -> None:
        cursor = posting.hook.cursor
        apply(posting.world, HookDelivered(hook().digest, cursor, 0, 0, is_disabled))

    def disable() -> Answer:
        change(is_disabled=True)
        return answer

    posting.receiver.answer = disable
    posting.say("PRIVMSG #lobby :one", "PRIVMSG #lobby :two")
    async with posting.running():
        await trio.sleep(10)
        assert posting.hook.is_disabled
        assert len(posting.receiver.times) == 1
        posting.receiver.answer = lambda: TAKEN
        change(is_disabled=False)
        await trio.sleep(10)
    assert posting.receiver.texts == ["one", "two"]


async def test_a_failure_after_success_counts_anew(autojump_clock: MockClock) -> None:
    """Also when the success was long in the list of what waited."""
    posting = Posting(hook(failing=int(NOON) - 6 * 86_400))
    answers = [TAKEN] * 100
    posting.receiver.answer = lambda: answers.pop() if answers else LATER
    posting.say(*(f"PRIVMSG #lobby :{number}" for number in range(101)))
    async with posting.running():
        await trio.sleep(10)
    assert posting.hook.failing == int(NOON)


@pytest.mark.parametrize(
    ("url", "why"),
    [(URL, "HTTP 503"), ("http://receiver.example/", "it has no https, and is none of")],
)
async def test_the_log_says_why_nothing_is_taken(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, url: str, why: str
) -> None:
    """Once, with the host alone, as the rest of the address may be secret."""
    posting = Posting(hook(url=url))
    posting.receiver.answer = lambda: LATER
    posting.say("PRIVMSG #lobby :one")
    with caplog.at_level("WARNING"):
        async with posting.running():
            await trio.sleep(100)
    (said,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert f": receiver.example does not take what is posted: {why}" in said


@pytest.mark.parametrize(
    ("patterns", "count"),
    [((), 0), (("other.example",), 0), (("receiver.example",), 1), (("any",), 1)],
)
async def test_plain_http_is_for_the_own_network(
    autojump_clock: MockClock, patterns: tuple[str, ...], count: int
) -> None:
    """Elsewhere anybody on the way could read what is posted."""
    posting = Posting(hook(url="http://receiver.example/"))
    posting.settings = HookSettings(private_hosts=patterns)
    posting.say("PRIVMSG #lobby :one")
    async with posting.running():
        await trio.sleep(10)
    assert len(posting.receiver.taken) == count


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "fd00::1",
        "fe80::1%eth0",
        "224.0.0.1",
        "2002:7f00:1::",
    ],
)
async def test_addresses_that_are_not_public(address: str) -> None:
    """A receiver in the network of the server is not reached, whatever its name resolves to."""

    async def resolve(host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return [address]

    client = PushClient(lambda host: False, resolve=resolve)
    for scheme in ("http", "https"):
        answer = await client.post(f"{scheme}://receiver.example/", {}, b"{}")
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, "its address is not public")


async def test_redirects_are_not_followed(nursery: trio.Nursery) -> None:
    """One could lead to an address that was not examined."""
    requests = []

    async def serve(stream: trio.SocketStream) -> None:
        requests.append(await stream.receive_some())
        location = f"Location: http://127.0.0.1:{port}/other"
        await stream.send_all(f"HTTP/1.1 307 X\r\n{location}\r\nContent-Length: 0\r\n\r\n".encode())

    listeners = await nursery.start(trio.serve_tcp, until_reset(serve), 0)
    port = listeners[0].socket.getsockname()[1]
    client = PushClient(lambda host: True)
    answer = await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert (answer.outcome, len(requests)) == (Outcome.REFUSED, 1)


# Filters and bodies


def record(command: str = "PRIVMSG", text: str = "hello", **fields: Any) -> Record:
    """Return a record."""
    return Record("#lobby", 1, command, "Ann!a@h", "", text)._replace(**fields)


@pytest.mark.parametrize(
    ("chosen", "is_right"),
    [
        (Filter(), True),
        (Filter(EVENTS), True),
        (Filter(("topic",)), False),
        (Filter(nicks=("ann",)), True),
        (Filter(nicks=("bob",)), False),
        (Filter(words=("hell",)), True),
        (Filter(words=("bye", "hello")), True),
        (Filter(words=("bye",)), False),
        (Filter(nicks=("ann",), words=("bye",)), False),
    ],
)
def test_filters(chosen: Filter, is_right: bool) -> None:
    """By events, authors and words, all of which must fit."""
    assert is_wanted(chosen, record()) is is_right
    assert is_wanted(chosen, record(text="\x02HELLO\x0f")) is is_right


@pytest.mark.parametrize(
    ("made", "event", "text"),
    [
        (record(), "message", "hello"),
        (record("NOTICE"), "notice", "hello"),
        (record(text="one\ntwo\n\rthree"), "message", "one\ntwothree"),
        (record(text="\x01ACTION waves\x01"), "message", "waves"),
        (record("TOPIC", "", params=("tea",)), "topic", "tea"),
        (record("KICK", "", params=("bob", "out")), "kick", "out"),
        (record("JOIN", "", params=("*", "Ann")), "join", "Ann"),
        (record("PART", "", params=()), "part", ""),
    ],
)
def test_bodies(made: Record, event: str, text: str) -> None:
    """JSON with all that is known."""
    found = json.loads(body_of(hook(), made, "#lobby", "Chat"))
    assert (found["event"], found["text"], found["nick"]) == (event, text, "Ann")
    assert found["params"] == list(made.params)


def test_a_signature_can_be_checked_with_little_code() -> None:
    """As the documentation shows it."""

    secret = "whsec_" + b64encode(b"k" * 32).decode()
    body = body_of(hook(), record(), "#lobby", "Chat")
    headers = headers_of(hook(signing=secret), record(), body, NOON)
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == right

"""Incoming webhooks over HTTP: addresses, refusals, and deliveries."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from trio.testing import wait_all_tasks_blocked

from edge import Edge, End, edge
from http_fakes import Answer, HttpClient
from storage_fakes import ListHistory
from support import NOON
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookMade, HookRemoved, ModesChanged, ModeSet
from trio_chat.chat.history import HistoryError, Record
from trio_chat.chat.hooks import LOBBY, Hook, digest_of
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings
from trio_chat.config.settings import HookSettings
from trio_chat.irc.tag_names import HOOKS
from trio_chat.server.hooks.signatures import standard_signature

SECRET = "s3cret-of-the-hook-0123456789abcd"
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = (
    '--xx\r\nContent-Disposition: form-data; name="payload_json"\r\n'
    'Content-Type: application/json\r\n\r\n{"text": "it works"}\r\n'
    '--xx\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nno\r\n--xx--\r\n'
)


NESTED = "".join(
    f"--{number}\r\nContent-Type: multipart/mixed; boundary={number + 1}\r\n\r\n"
    for number in range(4000)
)


class Faulty(ListHistory):
    """A history that fails as long as it is told to."""

    is_failing = False

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Store records."""
        if self.is_failing:
            raise HistoryError("the disk is full")
        await super().commit(records)


class Hooked:
    """A server with a webhook of the lobby, and a member of that."""

    def __init__(self, here: Edge, member: End, history: Faulty) -> None:
        self.here = here
        self.member = member
        self.history = history
        self.world = here.server.world

    async def post(
        self,
        body: bytes | str | dict[str, Any],
        *headers: str,
        path: str = f"/hooks/{SECRET}",
        method: str = "POST",
    ) -> Answer:
        """Send a request to the webhook."""
        if isinstance(body, dict):
            body, headers = json.dumps(body), (JSON, *headers)
        data = body.encode() if isinstance(body, str) else body
        client = HttpClient(self.here)
        lines = [f"{method} {path} HTTP/1.1", "Host: example.org", *headers]
        head = "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""])
        await client.send(head.encode() + data, method)
        return await client.answer()

    async def seen(self) -> tuple[str, str]:
        """Return the nickname and the text of the next message that the member sees."""
        message = await self.member.until("PRIVMSG")
        return message.source.partition("!")[0], message.params[-1]


def hook(**fields: Any) -> Hook:
    """Return a webhook of the lobby."""
    made = Hook(digest_of(SECRET), LOBBY, "grafana", "ann", 0, int(NOON))
    return made._replace(**fields)


@asynccontextmanager
async def hooked(
    made: Hook | None = None, settings: Settings | None = None
) -> AsyncIterator[Hooked]:
    """Run a server with a webhook."""
    history = Faulty()
    async with edge(settings, StoragePorts(history=history)) as here:
        apply(here.server.world, HookMade(made or hook()))
        member = here.connect()
        await member.send(b"NICK ann\r\nUSER ann 0 * :Ann\r\nJOIN #lobby\r\n")
        await member.until("366")
        yield Hooked(here, member, history)


# What arrives


async def test_a_message_is_confirmed_after_its_commit() -> None:
    """The answer is that of Slack; the member sees the message under the name of the hook."""
    async with hooked() as town:
        answer = await town.post({"text": "the disk is full"})
        assert (answer.status, answer.text) == (200, "ok")
        assert [record.text for record in town.history.said] == ["the disk is full"]
        assert await town.seen() == ("grafana/hook", "the disk is full")


async def test_a_sender_may_ask_for_a_name() -> None:
    """As those of Slack do; it is marked all the same."""
    async with hooked() as town:
        await town.post({"text": "hello", "username": "Deploy Bot"})
        assert await town.seen() == ("Deploy_Bot/hook", "hello")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("it works", ["Content-Type: text/plain"]),
        ("it works", []),
        ("it works", [FORM]),
        ('{"text": "it works"}', [FORM]),
        (
            "payload=%7B%22text%22%3A+%22it+works%22%7D",
            [FORM],
        ),
        ("text=it+works&x=1", [FORM]),
        (MULTIPART, ["Content-Type: multipart/form-data; boundary=xx"]),
        ('{"message": "it works"}', [JSON]),
        ('{"msg": "it works"}', ["Content-Type: application/vnd.x+json; charset=utf-8"]),
        ('"it works"', [JSON]),
        ("<p>it <script>no</script>works</p>", ["Content-Type: text/html"]),
        (b"\xef\xbb\xbfit works", ["Content-Type: text/plain; charset=utf-8"]),
    ],
)
async def test_forms_of_a_message(body: str | bytes, headers: list[str]) -> None:
    """Text, JSON, and forms, as programs and `curl` send them."""
    async with hooked() as town:
        assert (await town.post(body, *headers)).status == 200
        assert (await town.seen())[1] == "it works"


async def test_discord() -> None:
    """Its clients expect 204, or with `wait=true` the message."""
    async with hooked() as town:
        answer = await town.post({"content": "**hello**"})
        assert (answer.status, answer.body) == (204, b"")
        answer = await town.post({"content": "two"}, path=f"/hooks/{SECRET}?wait=true")
        assert answer.status == 200
        assert json.loads(answer.text)["id"]


@pytest.mark.parametrize("suffix", ["/slack", "/slack/", "/SLACK"])
async def test_a_suffix(suffix: str) -> None:
    """Senders append it to the address of a webhook of Discord."""
    async with hooked() as town:
        assert (await town.post({"text": "hello"}, path=f"/hooks/{SECRET}{suffix}")).status == 200
        assert await town.seen() == ("grafana/hook", "hello")


async def test_an_event_that_says_nothing() -> None:
    """It is accepted, so that its sender does not repeat it."""
    async with hooked() as town:
        answer = await town.post({"action": "labeled"}, "X-GitHub-Event: issues")
        assert answer.status == 200
        assert not town.history.said


async def test_a_delivery_that_is_repeated() -> None:
    """It is one message, and is confirmed again."""
    async with hooked() as town:
        for _ in range(2):
            assert (await town.post({"text": "hello"}, "Idempotency-Key: 1")).status == 200
        await town.post({"text": "hello"}, "Idempotency-Key: 2")
        assert len(town.history.said) == 2


async def test_two_events_of_one_request_to_gitlab() -> None:
    """They have the same id of a request, and are two messages all the same."""
    async with hooked() as town:
        for key in "ab":
            headers = ["X-Gitlab-Event-UUID: 1", f"Idempotency-Key: {key}"]
            assert (await town.post({"text": key}, *headers)).status == 200
        assert [record.text for record in town.history.said] == ["a", "b"]


# What is refused


@pytest.mark.parametrize("path", ["/hooks/", "/hooks/x", f"/hooks/{SECRET}x", f"/hooks/x/{SECRET}"])
async def test_an_unknown_secret(path: str) -> None:
    """It is refused, whatever of it is right."""
    async with hooked() as town:
        assert (await town.post({"text": "x"}, path=path)).status == 404


async def test_a_hook_that_was_removed() -> None:
    """From then on its address is unknown."""
    async with hooked() as town:
        apply(town.world, HookRemoved(digest_of(SECRET)))
        assert (await town.post({"text": "x"})).status == 404


async def test_a_hook_that_is_removed_while_a_body_comes() -> None:
    """What its sender has begun is not shown any more."""
    async with hooked() as town:
        client = HttpClient(town.here)
        head = f"POST /hooks/{SECRET} HTTP/1.1\r\nHost: example.org\r\nContent-Length: 2\r\n\r\n"
        await client.stream.send_all(head.encode() + b"x")
        await wait_all_tasks_blocked()
        apply(town.world, HookRemoved(digest_of(SECRET)))
        await client.send(b"y", "POST")
        assert (await client.answer()).status == 404
        assert not town.history.said


async def test_an_outgoing_hook_takes_nothing() -> None:
    """It has no secret."""
    async with hooked(hook(url="https://example.org/")) as town:
        assert (await town.post({"text": "x"})).status == 404


async def test_a_server_without_webhooks() -> None:
    """An operator can disable all of them."""
    off = Settings(hooks=HookSettings(incoming=False))
    async with hooked(settings=off) as town:
        assert (await town.post({"text": "x"})).status == 404


def posted(hook_id: str, tags: dict[str, str]) -> dict[str, Any]:
    """Return what an outgoing webhook posts."""
    event = {"event": "message", "network": "Chat", "channel": "#x", "nick": "bob", "text": "hi"}
    return {"id": "1", "hook": hook_id, "tags": tags, **event}


@pytest.mark.parametrize(
    ("last", "tags"),
    [
        ("dddddddd", {}),
        ("eeeeeeee", {HOOKS: "dddddddd"}),
        ("eeeeeeee", {HOOKS: ",".join(["ffffffff"] * 8)}),
    ],
    ids=["itself", "by another channel", "by many"],
)
async def test_a_channel_does_not_take_its_own_messages(last: str, tags: dict[str, str]) -> None:
    """Else two webhooks would post the same message to each other for ever."""
    async with hooked() as town:
        outgoing = hook(digest="d" * 64, url="https://example.org/hooks/x", signing="key")
        apply(town.world, HookMade(outgoing))
        answer = await town.post(posted(last, tags))
        assert answer.status == 200  # an outgoing webhook would send it again
        assert "this channel does not know" in answer.text
        assert town.history.said == []


async def test_a_message_of_another_channel_is_taken() -> None:
    """It carries along by which webhooks it has come."""
    async with hooked() as town:
        assert (await town.post(posted("eeeeeeee", {HOOKS: "ffffffff"}))).text == "ok"
        (record,) = town.history.said
        assert (record.text, record.tags[HOOKS]) == ("hi", "ffffffff,eeeeeeee")
        assert record.source.startswith("bob/hook!")


@pytest.mark.parametrize("body", [b"", b" \n ", b"\x02\x0304 \x0f", b'{"text": "\\u200b"}'])
async def test_a_text_that_cannot_be_seen(body: bytes) -> None:
    """Its sender learns that nothing is shown."""
    async with hooked() as town:
        kind = JSON if body[:1] == b"{" else "Content-Type: text/plain"
        assert (await town.post(body, kind)).status == 400
        assert town.history.said == []


async def test_other_methods() -> None:
    """A browser that opens the address learns what it is for."""
    async with hooked() as town:
        answer = await town.post(b"", method="GET")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        assert answer.text == "405: this address takes only POST.\n"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("{", [JSON], 400),
        ("[" * 100_000, [JSON], 400),
        ('{"a": ' * 30_000, [JSON], 400),
        ("{}", [JSON], 400),
        ('{"text": ["x"]}', [JSON], 400),
        ("null", [JSON], 400),
        ("payload=%7B", [FORM], 400),
        ("a=1&" * 1000, [FORM], 400),
        ("<x/>", ["Content-Type: application/xml"], 415),
        ("x", ["Content-Type: multipart/form-data; boundary=x"], 400),
        ("x", ["Content-Type: multipart/form-data"], 400),
        (NESTED, ["Content-Type: multipart/form-data; boundary=0"], 400),
        ("x", ["Content-Encoding: gzip"], 415),
        ("x" * 300_000, [], 413),
    ],
)
async def test_bad_requests(body: str, headers: list[str], status: int) -> None:
    """Each gets its status, and nobody sees anything."""
    async with hooked() as town:
        assert (await town.post(body, *headers)).status == status
        assert not town.history.said


async def test_too_many_messages() -> None:
    """The sender learns when to try again; another hook is not concerned."""
    few = Settings(hooks=HookSettings(per_minute=2))
    async with hooked(settings=few) as town:
        other = "another-secret-0123456789"
        apply(town.world, HookMade(hook(digest=digest_of(other))))
        statuses = [(await town.post({"text": "x"})).status for _ in range(2)]
        answer = await town.post({"text": "x"})
        assert [*statuses, answer.status] == [200, 200, 429]
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert (await town.post({"text": "x"}, path=f"/hooks/{other}")).status == 200


async def test_a_history_that_cannot_be_written() -> None:
    """The sender gets 503 and may repeat the delivery, which then is one message."""
    async with hooked() as town:
        town.history.is_failing = True
        answer = await town.post({"text": "x"}, "X-GitHub-Delivery: 1")
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        town.history.is_failing = False
        for _ in range(2):
            assert (await town.post({"text": "x"}, "X-GitHub-Delivery: 1")).status == 200
        assert len(town.history.said) == 1


async def test_a_banned_hook() -> None:
    """A ban of its name holds, whatever name its sender asks for."""
    async with hooked() as town:
        ban = ModesChanged("#lobby", (ModeSet(True, "b", "grafana/*!*@*"),), by="ann")
        apply(town.world, ban)
        assert (await town.post({"text": "x", "username": "other"})).status == 403
        assert not town.history.said


# Signatures


def sign(body: bytes, key: str = "key") -> str:
    """Return a signature."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


BODY = b'{"text": "hello"}'
RIGHT = sign(BODY)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"X-Hub-Signature-256: sha256={RIGHT}", 200),
        (f"X-Gitea-Signature: {RIGHT}", 200),
        (f"X-Forgejo-Signature: {RIGHT.upper()}", 200),
        (f"X-Grafana-Alerting-Signature: {RIGHT}", 200),
        (f"X-Hub-Signature: sha256={RIGHT}", 200),
        (f"Sentry-Hook-Signature: {RIGHT}", 200),
        (f"X-PagerDuty-Signature: v1={sign(BODY, 'other')},v1={RIGHT}", 200),
        ("X-Gitlab-Token: key", 200),
        ("Authorization: Bearer key", 200),
        (f"X-Hub-Signature-256: sha256={sign(BODY, 'other')}", 401),
        (f"X-Hub-Signature-256: sha256={sign(BODY + b' ')}", 401),
        ("X-Hub-Signature-256: sha256=", 401),
        ("X-Hub-Signature-256: ключ", 401),
        (f"X-Hub-Signature: sha1={RIGHT}", 401),
        ("X-Gitlab-Token: ", 401),
        ("X-Gitlab-Token: kez", 401),
        ("Authorization: Basic a2V5", 401),
        ("X-Other: 1", 401),
    ],
)
async def test_signatures(header: str, status: int) -> None:
    """A hook with a secret for signatures takes nothing that is not signed with it."""
    async with hooked(hook(signing="key")) as town:
        assert (await town.post(BODY, JSON, header)).status == status
        assert len(town.history.said) == (status == 200)


@pytest.mark.parametrize(
    ("late", "status"), [(0, 200), (299, 200), (-299, 200), (301, 401), (-301, 401)]
)
async def test_standard_signatures(late: int, status: int) -> None:
    """They have a time, after which they count no longer."""
    async with hooked(hook(signing="key")) as town:
        time = str(int(NOON) - late)
        signature = standard_signature("key", "1", time, BODY)
        headers = [
            "webhook-id: 1",
            f"webhook-timestamp: {time}",
            f"webhook-signature: v1,x {signature}",
        ]
        assert (await town.post(BODY, JSON, *headers)).status == status
        assert (await town.post(BODY, JSON, *headers[:1], headers[2])).status == 401

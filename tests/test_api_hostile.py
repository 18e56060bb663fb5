"""Hostile requests to the HTTP API: each is refused as it should be, and changes nothing."""

import json
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from api_fakes import SECRET, ApiEnd, api
from http_fakes import LOCAL, HttpClient
from storage_fakes import ListHistory
from support import NOON
from trio_chat import i18n
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ApiTokenRemoved, OperatorAppointed
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings
from trio_chat.config.settings import ApiSettings, ServerSettings
from trio_chat.server.api.problems import TYPE

JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer tca_wrong",
        "Authorization: Bearer",
        "Authorization: Bearer ",
        f"Authorization: Basic {SECRET}",
        f"Authorization: {SECRET}",
        f"Authorization: Bearer {SECRET} {SECRET}",
        f"Authorization: Bearer {'x' * 4000}",
        f"Cookie: token={SECRET}",
        f"X-Api-Key: {SECRET}",
    ],
)
async def test_what_is_no_token(header: str) -> None:
    """Only the header Authorization has one, and no cookie is read: so no page of another site can
    use the API with what a browser sends by itself.
    """
    async with api() as town:
        answer = await town.ask("GET", "/server", None, header, token=None)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_in_the_address_is_none() -> None:
    """It would be in logs of proxies, and in the history of a browser."""
    async with api() as town:
        answer = await town.ask("GET", f"/server?access_token={SECRET}", token=None)
        assert answer.status == 401


@pytest.mark.parametrize(
    ("status", "request_line", "headers"),
    [
        (400, "GET /api/v1/server HTTP/1.1", "Content-Length: x"),
        (403, "GET /api/v1/server HTTP/1.1", "Host: other.example"),
        (404, "GET /api/v2/server HTTP/1.1", "Host: example.org"),
        (431, "GET /api/v1/server HTTP/1.1", f"Host: example.org\r\nX-Large: {'x' * 20000}"),
    ],
)
async def test_what_is_refused_before_the_api_is_asked(
    status: int, request_line: str, headers: str
) -> None:
    """A program that reads JSON need not expect anything else."""
    server = ServerSettings(allowed_hosts=("example.org",))
    async with api(Settings(server=server)) as town:
        client = HttpClient(town.here)
        await client.send(f"{request_line}\r\n{headers}\r\n\r\n".encode(), "GET")
        answer = await client.answer()
        assert (answer.status, answer.headers["content-type"]) == (status, TYPE)
        assert json.loads(answer.text)["status"] == status


async def test_a_byte_order_mark_before_the_body() -> None:
    """Programs of Windows write one (RFC 8259 §8.1: a parser may ignore it)."""
    async with api() as town:
        body = b'\xef\xbb\xbf{"text": "hi"}'
        assert (await town.ask("POST", "/announcements", body)).status == 204


async def test_two_tokens() -> None:
    """A proxy and the server could take different ones (RFC 6750 §3.1)."""
    async with api() as town:
        await town.refusal(400, "GET", "/server", None, "Authorization: Bearer tca_x")


async def test_an_expired_token() -> None:
    """Up to the second."""
    async with api() as town:
        late = town.token("tca_late", "server:read", expires=int(NOON))
        good = town.token("tca_good", "server:read", expires=int(NOON) + 1)
        assert (await town.ask("GET", "/server", token=late)).status == 401
        assert (await town.ask("GET", "/server", token=good)).status == 200


async def test_a_token_that_is_revoked_while_its_request_runs() -> None:
    """It is checked again once the body has come."""
    history = ListHistory()
    async with api(memory=StoragePorts(history=history)) as town:
        client = HttpClient(town.here)
        body = b'{"text": "too late"}'
        head = (
            "POST /api/v1/channels/lobby/messages HTTP/1.1\r\nHost: example.org\r\n"
            f"Authorization: Bearer {SECRET}\r\n{JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        await client.send(head.encode() + body[:5], "POST")
        await wait_all_tasks_blocked()
        (token,) = town.world.api_tokens
        apply(town.world, ApiTokenRemoved(token.digest))
        await client.stream.send_all(body[5:])
        assert (await client.answer()).status == 401
        assert history.said == []


async def test_a_thousand_wrong_tokens(autojump_clock: MockClock) -> None:
    """After some the address is refused further ones; a right token from there passes."""
    async with api() as town:
        statuses = [
            (await town.ask("GET", "/caller", token=f"tca_{number}", host="192.0.2.7")).status
            for number in range(30)
        ]
        # In plain text from another machine, the way is refused before the token.
        assert set(statuses) == {403}
        statuses = [
            (await town.ask("GET", "/caller", token=f"tca_{number}")).status
            for number in range(1000)
        ]
        assert statuses[:20] == [401] * 20
        assert set(statuses[20:]) == {429}
        assert (await town.ask("GET", "/caller")).status == 200


async def test_more_requests_than_a_token_has(autojump_clock: MockClock) -> None:
    """The answer says when to try again."""
    async with api(Settings(api=ApiSettings(per_minute=5))) as town:
        statuses = [(await town.ask("GET", "/caller")).status for _ in range(5)]
        answer = await town.ask("GET", "/caller")
        assert statuses == [200] * 5
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) >= 1
        other = town.token("tca_other", "server:read")
        assert (await town.ask("GET", "/caller", token=other)).status == 200
        await trio.sleep(int(answer.headers["retry-after"]))
        assert (await town.ask("GET", "/caller")).status == 200


async def test_a_server_without_the_api() -> None:
    """It has neither paths nor tokens of operators."""
    async with api(Settings(api=ApiSettings(enabled=False))) as town:
        for path in ("/caller", "/openapi.json"):
            assert (await town.ask("GET", path)).status == 404
        end = await town.person("ann")
        apply(town.world, OperatorAppointed("ann", Operator(name="root")))
        await end.send(b"APITOKEN\r\n")
        assert (await end.until("FAIL")).params[:2] == ("APITOKEN", "NO_API")


# Pages of other sites


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_pages_of_other_sites(site: str) -> None:
    """Also with a token that is right."""
    async with api() as town:
        problem = await town.refusal(403, "GET", "/server", None, f"Sec-Fetch-Site: {site}")
        assert "other sites" in problem["detail"]


async def test_no_answer_is_for_other_origins() -> None:
    """No header of CORS is sent, whatever a preflight asks for."""
    async with api() as town:
        headers = (
            "Origin: https://evil.example",
            "Access-Control-Request-Method: DELETE",
            "Access-Control-Request-Headers: authorization",
        )
        for method, token in (("OPTIONS", None), ("OPTIONS", SECRET), ("GET", SECRET)):
            answer = await town.ask(method, "/server", None, *headers, token=token)
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert "set-cookie" not in answer.headers
            assert (method == "GET") is (answer.status == 200)


# Paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "/../server",
        "/%2e%2e/server",
        "/sessions/..",
        "/sessions/%2e%2e",
        "/channels/%2e/members",
        "/server/",
        "//server",
        "/server%00",
        "/sessions/%00",
        "/sessions/a%0d%0aSet-Cookie:%20x=y",
        "/sessions/%ff",
        "/sessions/%e2%80%ae",
        "/tokens/..%2f..%2fetc%2fpasswd",
        "/sessions/",
        "",
        "/",
        "/" + "a" * 3000,
        "/SERVER",
        "/openapi.json/x",
    ],
)
async def test_paths_that_lead_nowhere(path: str) -> None:
    """Each is 404, and nothing of it is in a header."""
    async with api() as town:
        problem = await town.refusal(404, "GET", path)
        assert "passwd" not in problem["detail"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE", "FOO"])
@pytest.mark.parametrize("path", ["/server", "/openapi.json"])
async def test_methods_that_a_path_does_not_take(path: str, method: str) -> None:
    """The answer names those that it takes."""
    async with api() as town:
        answer = await town.ask(method, path)
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD"
        assert answer.headers["content-type"] == "application/problem+json"


# Bodies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"NaN", 400),
        (b'{"name": "a", "scopes": ["admin"], "name": "b"}', 400),
        (b'{"name": "a", "scopes": ["admin"], "admin": true}', 400),
        (b'{"name": "a", "scopes": []}', 400),
        (b'{"name": "a", "scopes": "admin"}', 400),
        (b'{"name": "a", "scopes": ["root"]}', 400),
        (b'{"name": "a", "scopes": [["admin"]]}', 400),
        (b'{"name": {"a": 1}, "scopes": ["admin"]}', 400),
        (b'{"name": "a\\r\\nb", "scopes": ["admin"]}', 400),
        (b'{"name": "a\\ud800", "scopes": ["admin"]}', 400),
        (b'{"name": "a", "scopes": ["admin"], "expires": "2001-01-01T00:00:00Z"}', 400),
        (b'{"name": "a", "scopes": ["admin"], "expires": "9999-12-31T23:59:59Z"}', 400),
        (b'{"name": "a", "scopes": ["admin"], "expires": "2020-01-01T12:00:00"}', 400),
        (b'{"name": "a", "scopes": ["admin"], "expires": 1e400}', 400),
        (b'{"name": ' + b"9" * 5000 + b', "scopes": ["admin"]}', 400),
        (b"[" * 60_000, 400),
        (b'{"a":' * 12_000, 400),
        (b" " * 65_536 + b"{}", 413),
    ],
    ids=range(24),
)
async def test_bodies_that_are_none(body: bytes, status: int) -> None:
    """Nothing is made, and the server goes on."""
    async with api() as town:
        await town.refusal(status, "POST", "/tokens", body)
        assert len(town.world.api_tokens) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Content-Type: text/plain"], 415),
        (["Content-Type: application/x-www-form-urlencoded"], 415),
        (["Content-Type: multipart/form-data; boundary=x"], 415),
        ([JSON, "Content-Encoding: gzip"], 415),
        (["Content-Type: application/JSON; charset=utf-8"], 201),
    ],
)
async def test_types_of_a_body(headers: list[str], status: int) -> None:
    """A form of a page, which a browser sends anywhere, is none."""
    async with api() as town:
        body = {"name": "a", "scopes": ["admin"]}
        assert (await town.ask("POST", "/tokens", body, *headers)).status == status


async def test_a_body_where_there_is_none() -> None:
    """It is refused, as its sender expects something of it."""
    async with api() as town:
        await town.refusal(400, "DELETE", "/tokens/test0", {"reason": "x"})
        assert len(town.world.api_tokens) == 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "limit=",
        "after=%",
        "after=bnVsbA",
        "after=" + "W1" * 400,
        "after=Mg",
        "other=1",
        "words=%ff",
        "words=%0a",
    ],
)
async def test_queries_that_are_wrong(query: str) -> None:
    """The answer names the parameter, but for what is no text."""
    async with api() as town:
        await town.person("ann")
        problem = await town.refusal(400, "GET", f"/sessions?{query}")
        assert query == "words=%ff" or problem["field"] == query.partition("=")[0]


async def test_a_key_that_is_too_long() -> None:
    """Keys are remembered, so they are bounded."""
    async with api() as town:
        key = f"Idempotency-Key: {'k' * 201}"
        body = {"text": "x"}
        problem = await town.refusal(400, "POST", "/channels/lobby/messages", body, key)
        assert problem["field"] == "Idempotency-Key"


async def test_addresses_of_other_machines_need_tls() -> None:
    """The answer asks for another token, as this one may have been read on its way."""
    async with api() as town:
        problem = await town.refusal(403, "GET", "/server", host="192.0.2.7")
        assert "TLS" in problem["detail"]
        assert (await town.ask("GET", "/server", host="::1")).status == 200


# Anything


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    ("name", "scopes", "expires", "text", "reply_to", "founder", "history", "rank")
)
_BODIES = st.binary(max_size=300) | st.dictionaries(_FIELDS, _VALUES, max_size=4).map(
    lambda value: json.dumps(value).encode()
)
_PATHS = st.sampled_from(
    (
        ("POST", "/tokens"),
        ("POST", "/channels/lobby/messages"),
        ("PATCH", "/channels/lobby/registration"),
        ("PUT", "/channels/lobby/access/anna"),
        ("POST", "/server/rehash"),
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_PATHS, _BODIES), min_size=1, max_size=10))
def test_no_body_is_an_internal_error(requests: list[tuple[tuple[str, str], bytes]]) -> None:
    """Whatever is sent, the answer is JSON, and not that the server has failed."""

    async def send() -> None:
        async with api() as town:
            for (method, path), body in requests:
                await _is_answered(town, method, path, body)

    trio.run(send)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(max_codepoint=126, min_codepoint=33)), max_size=10))
def test_no_path_is_an_internal_error(paths: list[str]) -> None:
    """Whatever is asked for."""

    async def send() -> None:
        async with api() as town:
            for path in paths:
                await _is_answered(town, "GET", f"/{path}", None)
                await _is_answered(town, "GET", f"/sessions?{path}", None)

    trio.run(send)


async def _is_answered(town: ApiEnd, method: str, path: str, body: Any) -> None:
    answer = await town.ask(method, path, body, host=LOCAL)
    assert answer.status < 500, answer.text
    assert answer.status == 204 or "json" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("accepted", "language", "wanted"),
    [
        ("", "en", "There is no user of this nickname"),
        ("Accept-Language: de, fr;q=0.5", "en", "There is no user of this nickname"),
        ("Accept-Language: ru", "ru", "Пользователя с таким псевдонимом нет"),
        ("Accept-Language: ru-RU, en;q=0.8", "ru", "Пользователя с таким псевдонимом нет"),
        ("Accept-Language: ru;q=0.2, en", "en", "There is no user of this nickname"),
    ],
    ids=range(5),
)
async def test_a_refusal_is_in_the_language_that_is_accepted(
    accepted: str, language: str, wanted: str
) -> None:
    """What programs look at stays as it is."""
    async with api() as end:
        answer = await end.ask("GET", "/sessions/nobody", None, *filter(None, [accepted]))
        assert answer.headers["content-language"] == language
        problem = json.loads(answer.text)
        assert problem["detail"].startswith(wanted)
        assert (problem["type"], problem["title"]) == ("about:blank", "Not Found")


async def test_rules_of_maintenance_speak_the_language_of_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not that of the server, nor that of another request at the same time."""
    monkeypatch.setattr("trio_chat.i18n._catalogue", i18n._catalogue_of("ru"))
    monkeypatch.setattr("trio_chat.i18n._chosen", True)
    answers = {}
    async with api() as end, trio.open_nursery() as nursery:

        async def ask(*headers: str) -> None:
            answer = await end.ask("DELETE", "/bans/bob%21*@*", None, *headers)
            answers[headers] = json.loads(answer.text)["detail"]

        nursery.start_soon(ask, "Accept-Language: ru")
        nursery.start_soon(ask)
    assert answers == {
        ("Accept-Language: ru",): "Такого запрета нет: bob!*@*.",
        (): "There is no ban of bob!*@*.",
    }


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"name": "..", "scopes": ["server:read"]}, "Имя не может быть"),
        ({"name": "ci", "scopes": ["everything"]}, "Нет области everything; области:"),
    ],
    ids=["name", "scopes"],
)
async def test_wrong_terms_of_a_token_are_explained_in_the_language_of_the_request(
    body: dict[str, Any], wanted: str
) -> None:
    """As its header Content-Language says."""
    async with api() as end:
        answer = await end.ask("POST", "/tokens", body, "Accept-Language: ru")
        assert answer.headers["content-language"] == "ru"
        assert json.loads(answer.text)["detail"].startswith(wanted)


async def test_a_rule_of_channels_is_in_the_language_of_the_request() -> None:
    """It says the rest of the sentence."""
    async with api() as end:
        await end.person("zoe", "#z")
        body = {"modes": "+l", "params": ["0"]}
        answer = await end.ask("POST", "/channels/%23z/modes", body, "Accept-Language: ru")
        assert "Режим l не изменён: Предел: число от 1" in json.loads(answer.text)["detail"]

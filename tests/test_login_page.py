"""Single sign-on of the page over HTTP: where the user logs in, and the exchange of the code."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from edge import Edge, edge
from http_fakes import Answer, HttpClient, get
from login_fakes import CLIENT, ISSUER, OFFER, RULES, FakeFetcher, claims, settings, sign
from support import NOON
from trio_chat.chat.accounts import Origin
from trio_chat.chat.identities import TokenRefused
from trio_chat.server.login.authorization import CodeExchange
from trio_chat.server.login.provider import Provider, ProviderSettings

EXCHANGE = {
    "code": "code",
    "verifier": "verifier",
    "redirect": "https://chat.example.org/",
    "nonce": "nonce",
}
JSON = "Content-Type: application/json"
HERE = Origin("192.0.2.1")
TOKEN = f"{ISSUER}/token"


@pytest.fixture
def fetcher() -> FakeFetcher:
    """Return the provider, which takes any code."""
    made = FakeFetcher()
    made.documents[TOKEN] = {"id_token": sign(claims(nonce="nonce")), "access_token": "opaque"}
    return made


@pytest.fixture
async def here(fetcher: FakeFetcher) -> AsyncIterator[Edge]:
    """Return a server with a provider."""
    async with edge() as made:
        made.server.world.sign_on = Provider(settings(), fetcher, lambda: NOON)
        yield made


async def post(here: Edge, body: Any, *headers: str) -> Answer:
    """Post what the page posts."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = ("Host: example.org", f"Content-Length: {len(data)}", *(headers or (JSON,)))
    client = HttpClient(here)
    head = "".join(f"{line}\r\n" for line in ("POST /sso HTTP/1.1", *lines))
    await client.send(head.encode() + b"\r\n" + data, "POST")
    return await client.answer()


async def test_the_page_learns_where_the_user_logs_in(here: Edge) -> None:
    """Without what would keep the user logged in: the page keeps no token."""
    answer = await get(here, "/sso")
    assert json.loads(answer.text) == {
        "name": "Example",
        "issuer": ISSUER,
        "authorization": f"{ISSUER}/auth",
        "client_id": CLIENT,
        "scope": "openid profile",
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_a_code_is_exchanged(here: Edge, fetcher: FakeFetcher) -> None:
    """The server asks with the verifier of the page, and without a secret if it has none."""
    answer = await post(here, EXCHANGE)
    assert answer.status == 200
    assert json.loads(answer.text) == {"token": sign(claims(nonce="nonce")), "name": "ann"}
    ((form, headers),) = fetcher.forms
    assert form["code_verifier"] == "verifier"
    assert form["redirect_uri"] == EXCHANGE["redirect"]
    assert headers["Authorization"].startswith("Basic ")  # these settings have one


async def test_a_public_client_has_no_secret(fetcher: FakeFetcher) -> None:
    """The provider takes the name of the client alone, and the access token may be wanted."""
    offer = OFFER._replace(token="access")
    there = Provider(ProviderSettings(RULES, offer), fetcher, lambda: NOON)
    assert await there.exchange(CodeExchange(**EXCHANGE), HERE) == ("opaque", "ann")
    ((form, headers),) = fetcher.forms
    assert form["client_id"] == CLIENT
    assert headers == {}


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "invalid_grant"},
        {"access_token": "opaque"},
        {"id_token": 5},
        {"id_token": sign(claims())},
        {"id_token": sign(claims(nonce="of another login"))},
        {"id_token": sign(claims(nonce="nonce", aud="mail"))},
        {"id_token": sign(claims(nonce="nonce", exp=int(NOON) - 100))},
    ],
    ids=("refused", "no token", "a number", "no nonce", "another nonce", "audience", "expired"),
)
async def test_what_confirms_no_login(
    answer: dict[str, Any], here: Edge, fetcher: FakeFetcher
) -> None:
    """The page gets no token."""
    fetcher.documents[TOKEN] = answer
    refused = await post(here, EXCHANGE)
    assert refused.status == 403
    assert "id_token" not in refused.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", (), 400),
        (b"[]", (), 400),
        (b"[" * 10_000, (), 400),
        ({**EXCHANGE, "code": ""}, (), 400),
        ({**EXCHANGE, "code": "a\nb"}, (), 400),
        ({**EXCHANGE, "nonce": 5}, (), 400),
        ({**EXCHANGE, "code": "x" * 20_000}, (), 413),
        (EXCHANGE, ("Content-Type: text/plain",), 415),
        (EXCHANGE, (JSON, "Sec-Fetch-Site: cross-site"), 403),
    ],
    ids=("none", "list", "deep", "empty", "line", "number", "long", "form", "another site"),
)
async def test_what_the_page_does_not_send(
    body: Any, headers: tuple[str, ...], status: int, here: Edge, fetcher: FakeFetcher
) -> None:
    """It is refused before the provider is asked."""
    assert (await post(here, body, *headers)).status == status
    assert not fetcher.forms


async def test_a_provider_that_is_away(here: Edge, fetcher: FakeFetcher) -> None:
    """The page hears that it may try again."""
    fetcher.is_down = True
    assert (await get(here, "/sso")).status == 503


async def test_a_server_without_a_provider_has_no_such_page() -> None:
    """And its page has no button for it."""
    async with edge() as made:
        assert (await get(made, "/sso")).status == 404


async def test_a_wrong_nonce_is_a_refusal(fetcher: FakeFetcher) -> None:
    """Whatever stands in its place."""
    there = Provider(settings(), fetcher, lambda: NOON)
    with pytest.raises(TokenRefused, match="another login"):
        await there.exchange(CodeExchange("code", "verifier", "https://x/", "é"), HERE)

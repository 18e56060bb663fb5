"""Single sign-on of the client: the code for a browser, tokens, and where they are kept."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from client_fakes import LABELS, FakeServer, chat, talk
from login_fakes import answering
from trio_chat.client.session.authentication import SIGN_ON_OFFERED
from trio_chat.client.session.events import AccountRefused
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sasl import LoginCredentials, mechanisms
from trio_chat.client.sign_on.device_flow import DeviceCode, Tokens, get_tokens, renew
from trio_chat.client.sign_on.fetching import MAX_BODY, HttpAnswer, fetch
from trio_chat.client.sign_on.offer import Offer, SignOnError, read_offer
from trio_chat.client.sign_on.source import TokenSource
from trio_chat.client.sign_on.tokens_file import TokensFile

SSO = "https://sso.example.org"
OFFER = Offer(f"{SSO}/config", "trio-chat", "openid", "id", "Example")
SAID = json.dumps(
    {
        "status": "invalid_token",
        "openid-configuration": OFFER.configuration,
        "client_id": "trio-chat",
        "scope": "openid",
        "token": "id",
        "name": "Example",
    }
)
GRANTED = {"id_token": "id.to.ken", "access_token": "opaque", "refresh_token": "again"}
CAPS = f"{LABELS} sasl=PLAIN,OAUTHBEARER"


def oauth_error(error: str) -> HttpAnswer:
    """Return a refusal of the provider."""
    return HttpAnswer(400, {"error": error})


class FakeProvider:
    """A provider, with the answers to each question for tokens in turn.

    Attributes:
        times: when it was asked for tokens.
        forms: what was posted.
    """

    def __init__(self, *answers: HttpAnswer | SignOnError) -> None:
        self.answers = list(answers)
        self.times: list[float] = []
        self.forms: list[Mapping[str, str]] = []
        self.begun: dict[str, Any] = {
            "device_code": "device",
            "user_code": "ABCD-EFGH",
            "verification_uri": f"{SSO}/device",
            "expires_in": 100,
            "interval": 5,
        }
        self.document = {
            "device_authorization_endpoint": f"{SSO}/begin",
            "token_endpoint": f"{SSO}/token",
        }

    async def __call__(self, url: str, form: Mapping[str, str] | None = None) -> HttpAnswer:
        """Answer a question."""
        await trio.lowlevel.checkpoint()
        if form is None:
            return HttpAnswer(200, self.document)
        self.forms.append(form)
        if url.endswith("begin"):
            return HttpAnswer(200, self.begun)
        self.times.append(trio.current_time())
        answer = self.answers.pop(0)
        if isinstance(answer, SignOnError):
            raise answer
        return answer


async def show(code: DeviceCode) -> None:
    """Show nothing."""
    await trio.lowlevel.checkpoint()


async def test_the_client_asks_until_the_user_has_agreed(autojump_clock: MockClock) -> None:
    """As often as the provider says, and less often when it asks for that (RFC 8628 §3.5)."""
    pending, slow = oauth_error("authorization_pending"), oauth_error("slow_down")
    away = SignOnError("away")
    provider = FakeProvider(pending, slow, away, HttpAnswer(200, GRANTED))
    assert await get_tokens(OFFER, provider, show) == Tokens("id.to.ken", "again")
    assert provider.times == [5, 10, 20, 40]
    assert provider.forms[0] == {"client_id": "trio-chat", "scope": "openid"}
    assert provider.forms[1]["device_code"] == "device"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (oauth_error("access_denied"), "refused"),
        (oauth_error("expired_token"), "expired"),
        (oauth_error("invalid_client"), "invalid_client"),
        (HttpAnswer(200, {}), "200"),
        (HttpAnswer(200, {"id_token": "a b"}), "200"),
        (HttpAnswer(200, {"id_token": 5}), "200"),
        (HttpAnswer(404, {}), "404"),
    ],
    ids=str,
)
async def test_what_ends_without_a_token(
    answer: HttpAnswer, word: str, autojump_clock: MockClock
) -> None:
    """The user reads why."""
    with pytest.raises(SignOnError, match=word):
        await get_tokens(OFFER, FakeProvider(answer), show)


async def test_a_code_expires(autojump_clock: MockClock) -> None:
    """The client does not ask for ever."""
    provider = FakeProvider(*(oauth_error("authorization_pending") for _ in range(100)))
    with pytest.raises(SignOnError, match="expired"):
        await get_tokens(OFFER, provider, show)
    assert trio.current_time() == 100


@pytest.mark.parametrize(
    "changed",
    [
        {"verification_uri": "http://sso.example.org/device"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": ""},
        {"verification_uri_complete": "file:///etc/passwd"},
        {"user_code": "\x1b[2J"},
        {"user_code": "x" * 3000},
        {"user_code": 5},
        {"device_code": None},
    ],
    ids=str,
)
async def test_a_page_that_is_not_safe_is_not_shown(changed: dict[str, Any]) -> None:
    """Nor a code that would control the terminal."""
    provider = FakeProvider()
    provider.begun |= changed
    shown: list[DeviceCode] = []

    async def note(code: DeviceCode) -> None:
        await trio.lowlevel.checkpoint()
        shown.append(code)

    with pytest.raises(SignOnError):
        await get_tokens(OFFER, provider, note)
    assert not shown


@pytest.mark.parametrize("interval", [0, -1, "5", True, None, 1e9], ids=str)
async def test_a_strange_interval_is_bounded(interval: object, autojump_clock: MockClock) -> None:
    """Neither at once nor never."""
    provider = FakeProvider(HttpAnswer(200, GRANTED))
    provider.begun["interval"] = interval
    await get_tokens(OFFER, provider, show)
    assert provider.times in ([5], [60])


async def test_a_provider_without_device_codes_is_named() -> None:
    """The sentence says what is missing."""
    provider = FakeProvider()
    del provider.document["device_authorization_endpoint"]
    with pytest.raises(SignOnError, match="device"):
        await get_tokens(OFFER, provider, show)


async def test_a_page_in_the_place_of_the_provider_is_named() -> None:
    """A proxy has its own page while the provider is away, which may have the status 200."""
    provider = FakeProvider()
    provider.document = {}
    with pytest.raises(SignOnError, match=r"HTTP 200 .* page of a proxy"):
        await get_tokens(OFFER, provider, show)


@pytest.mark.parametrize(
    ("token", "sent"), [("id", "id.to.ken"), ("access", "opaque"), ("other", "id.to.ken")]
)
async def test_the_server_says_which_token_it_takes(
    token: str, sent: str, autojump_clock: MockClock
) -> None:
    """The other one, if there is no such."""
    provider = FakeProvider(HttpAnswer(200, GRANTED))
    assert (await get_tokens(OFFER._replace(token=token), provider, show)).sent == sent


async def test_tokens_are_renewed() -> None:
    """A provider may give another refresh token each time, or none; or take it no longer."""
    assert await renew(OFFER, "old", FakeProvider(HttpAnswer(200, GRANTED))) == Tokens(
        "id.to.ken", "again"
    )
    short = HttpAnswer(200, {"access_token": "opaque"})
    assert await renew(OFFER, "old", FakeProvider(short)) == Tokens("opaque", "old")
    assert await renew(OFFER, "old", FakeProvider(oauth_error("invalid_grant"))) is None


@pytest.mark.parametrize("status", [200, 404, 429, 502, 503])
async def test_a_provider_that_is_overloaded_takes_no_refresh_token_away(status: int) -> None:
    """It is kept for the next time, as when nothing answers."""
    with pytest.raises(SignOnError, match=str(status)):
        await renew(OFFER, "old", FakeProvider(HttpAnswer(status, {})))


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_a_provider_that_is_overloaded_is_asked_less_often(
    status: int, autojump_clock: MockClock
) -> None:
    """The user may still agree."""
    provider = FakeProvider(HttpAnswer(status, {}), HttpAnswer(200, GRANTED))
    assert await get_tokens(OFFER, provider, show) == Tokens("id.to.ken", "again")
    assert provider.times == [5, 15]


def test_tokens_are_in_no_representation() -> None:
    """So they are in no log."""
    assert "id.to.ken" not in repr(Tokens("id.to.ken", "again"))
    assert "id.to.ken" not in repr(LoginCredentials("", "id.to.ken", is_token=True))


def test_the_offer_of_a_server() -> None:
    """As our server writes it; another one may leave out the scope and the token."""
    assert read_offer(SAID) == OFFER
    short = json.dumps({"openid-configuration": f"{SSO}/x", "client_id": "c"})
    assert read_offer(short) == Offer(f"{SSO}/x", "c", "openid", "access")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "[" * 10_000,
        "{}",
        json.dumps({"openid-configuration": f"{SSO}/x"}),
        json.dumps({"openid-configuration": "http://sso.example.org/x", "client_id": "c"}),
        json.dumps({"openid-configuration": "file:///etc/passwd", "client_id": "c"}),
        json.dumps({"openid-configuration": "https://a@b/x", "client_id": "c"}),
        json.dumps({"openid-configuration": f"{SSO}/x", "client_id": "\x1b[2J"}),
    ],
    ids=[f"text {number}" for number in range(10)],
)
def test_what_is_no_offer(text: str) -> None:
    """It comes from the server, so nothing of it is trusted."""
    with pytest.raises(SignOnError):
        read_offer(text)


def test_tokens_are_kept_in_a_private_file(tmp_path: Path) -> None:
    """One for each server; what is no entry is none."""
    file = TokensFile(tmp_path / "state" / "sign_on.json")
    assert file.load("srv:1") is None
    file.save("srv:1", OFFER, "again")
    file.save("srv:2", OFFER, "other")
    assert file.load("srv:1") == (OFFER, "again")
    if os.name == "posix":
        assert (tmp_path / "state" / "sign_on.json").stat().st_mode & 0o777 == 0o600
    file.save("srv:1", OFFER, "")
    assert file.load("srv:1") is None
    assert file.load("srv:2") == (OFFER, "other")
    for broken in ("", "[]", "{", '{"srv:2": 5}', '{"srv:2": {"refresh": "x"}}'):
        (tmp_path / "state" / "sign_on.json").write_text(broken)
        assert file.load("srv:2") is None


class Told:
    """What a user was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, text: str, *, error: bool = False) -> None:
        """Note a sentence."""
        await trio.lowlevel.checkpoint()
        self.lines.append(text)


async def test_each_connection_gets_a_token(tmp_path: Path, autojump_clock: MockClock) -> None:
    """The first asks the server, the second follows the login in the browser, and later ones renew
    the token without a question.
    """
    provider = FakeProvider(HttpAnswer(200, GRANTED), HttpAnswer(200, GRANTED))
    provider.begun["verification_uri_complete"] = f"{SSO}/device?user_code=ABCD-EFGH"
    source, told = TokenSource("srv:1", lambda: TokensFile(tmp_path / "x.json"), provider), Told()
    assert await source.load(told) == LoginCredentials("", "", is_kept=True, is_token=True)
    source.offered(SAID)
    found = LoginCredentials("", "id.to.ken", is_kept=True, is_token=True)
    assert await source.load(told) == found
    assert "ABCD-EFGH" in told.lines[-1]
    assert "█" in told.lines[0]
    count = len(told.lines)
    assert await source.load(told) == found
    assert len(told.lines) == count


async def test_after_a_failure_the_client_goes_on_without_a_login(tmp_path: Path) -> None:
    """It is told once, and does not begin again by itself."""
    source, told = TokenSource("srv:1", lambda: TokensFile(tmp_path / "x"), FakeProvider()), Told()
    source.offered("{}")
    assert await source.load(told) is None
    assert await source.load(told) is None
    assert len(told.lines) == 1


async def test_a_token_is_sent_by_oauthbearer() -> None:
    """RFC 7628 §3.1; a refusal is a challenge, which is answered with one byte."""
    credentials = LoginCredentials("", "tok.en", is_kept=True, is_token=True)
    protocol = ClientProtocol("alice", credentials=credentials, is_private=True)
    async with talk(CAPS, enter=False, protocol=protocol) as t:
        server = await until_mechanism(t.server)
        sent = base64.b64encode(b"n,,\x01auth=Bearer tok.en\x01\x01").decode()
        await server.expect(f"AUTHENTICATE {sent}")
        await server.send(f"AUTHENTICATE {base64.b64encode(SAID.encode()).decode()}")
        await server.expect("AUTHENTICATE AQ==")
        await server.send(":srv.test 904 alice :SASL authentication failed: expired")
        await server.expect("CAP END")
        (refused,) = [each for each in await t.events() if isinstance(each, AccountRefused)]
        assert "expired" in refused.reason
        assert refused.code == "904"


async def until_mechanism(server: FakeServer) -> FakeServer:
    """Let a client negotiate until it names its mechanism."""
    await server.negotiate_login()
    await server.expect("AUTHENTICATE OAUTHBEARER")
    await server.send("AUTHENTICATE +")
    return server


async def test_without_a_token_the_server_is_asked() -> None:
    """And the connection is not completed: the next one comes with a token."""
    credentials = LoginCredentials("", "", is_kept=True, is_token=True)
    protocol = ClientProtocol("alice", credentials=credentials, is_private=True)
    async with talk(CAPS, enter=False, protocol=protocol) as t:
        server = await until_mechanism(t.server)
        await server.expect(f"AUTHENTICATE {base64.b64encode(b'n,,' + bytes((1, 1))).decode()}")
        await server.send(f"AUTHENTICATE {base64.b64encode(SAID.encode()).decode()}")
        await server.expect("AUTHENTICATE AQ==")
        await server.send(":srv.test 904 alice :SASL authentication failed: a token is needed")
        (offered,) = [each for each in await t.events() if isinstance(each, AccountRefused)]
        assert offered == AccountRefused("", SIGN_ON_OFFERED, SAID)


async def test_a_token_that_is_refused_is_of_no_account_that_the_client_knows() -> None:
    """Its nickname may be another one, so the refusal does not name it."""
    credentials = LoginCredentials("", "tok.en", is_kept=True, is_token=True)
    protocol = ClientProtocol("alice", credentials=credentials, is_private=True)
    async with talk(CAPS, enter=False, protocol=protocol) as t:
        server = await until_mechanism(t.server)
        await server.expect("AUTHENTICATE ")
        await server.send(":srv.test 904 alice :no account here is linked to you")
        (refused,) = [each for each in await t.events() if isinstance(each, AccountRefused)]
        assert refused == AccountRefused("", "904", "no account here is linked to you")


def test_a_token_is_sent_by_nothing_else() -> None:
    """Neither by PLAIN, nor where others could read it."""
    token = LoginCredentials("", "tok.en", is_kept=True, is_token=True)
    assert mechanisms(["PLAIN", "SCRAM-SHA-256"], token) == []
    assert mechanisms([], token) == []
    assert mechanisms(["OAUTHBEARER"], token, may_send_password=False) == []
    password = LoginCredentials("ann", "pw")
    assert [each.name for each in mechanisms(["OAUTHBEARER", "PLAIN"], password)] == ["PLAIN"]


async def test_a_user_logs_in_in_a_browser(tmp_path: Path, autojump_clock: MockClock) -> None:
    """From the first connection, by the code, to the second one with a token."""
    provider = FakeProvider(oauth_error("authorization_pending"), HttpAnswer(200, GRANTED))
    tokens = TokenSource("srv:1", lambda: TokensFile(tmp_path / "x.json"), provider)
    async with chat(caps=CAPS, tokens=tokens) as c:
        first = await until_mechanism(await c.server())
        await first.expect("AUTHENTICATE ")
        await first.send(f"AUTHENTICATE {base64.b64encode(SAID.encode()).decode()}")
        await first.expect("AUTHENTICATE AQ==")
        await first.send(":srv.test 904 alice :SASL authentication failed: a token is needed")
        await first.expect("QUIT")
        await first.stream.aclose()
        second = await until_mechanism(await c.server())
        sent = base64.b64encode(b"n,,\x01auth=Bearer id.to.ken\x01\x01").decode()
        await second.expect(f"AUTHENTICATE {sent}")
        await second.send(
            ":srv.test 900 alice alice!u@h alice :You are now logged in as alice",
            ":srv.test 903 alice :SASL authentication successful",
        )
        await second.expect("CAP END")
        await second.welcome("alice")
        shown = await c.interface.take()
        assert any("ABCD-EFGH" in line for line in shown)
        assert any("logged in as alice" in line for line in shown)


async def test_a_provider_is_asked_over_http() -> None:
    """The client of this machine; a refusal has its JSON, too."""
    refused = b"HTTP/1.1 400 Bad\r\nContent-Length: 15\r\n\r\n" + b'{"error": "no"}'
    async with answering(refused) as (url, asked):
        assert await fetch(f"{url}/x?y=1", {"a": "b c"}) == HttpAnswer(400, {"error": "no"})
        assert (await fetch(f"{url}/x")).status == 400
    assert asked[0].startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert asked[0].endswith(b"a=b+c")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * (MAX_BODY + 10),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
    ids=("long", "cut", "ssh", "nothing"),
)
async def test_an_answer_that_cannot_be_read(answer: bytes) -> None:
    """It is a sentence for the user."""
    async with answering(answer) as (url, _):
        with pytest.raises(SignOnError, match=r"127\.0\.0\.1"):
            await fetch(f"{url}/x")


async def test_a_redirect_is_not_followed() -> None:
    """It is an answer like any other, without what was looked for."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with answering(moved) as (url, _):
        assert await fetch(url) == HttpAnswer(302, {})


@pytest.mark.parametrize("url", ["http://sso.example.org/", "file:///x", "https://a b/", ""])
async def test_an_address_that_is_not_safe_is_not_asked(url: str) -> None:
    """Whatever names it."""
    with pytest.raises(SignOnError, match="https"):
        await fetch(url)

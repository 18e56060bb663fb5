"""Questions to a provider over HTTP: what an answer may be, and where it may come from."""

import os
from pathlib import Path

import pytest
import trio

from login_fakes import answering
from trio_chat.chat.identities import ProviderUnavailable
from trio_chat.config import LdapSettings, OidcSettings, Settings
from trio_chat.server.bounded_http import MAX_BODY
from trio_chat.server.login.fetching import JsonFetcher
from trio_chat.server.login.problem import LoginSetupError
from trio_chat.server.login.setup import open_logins, provider_settings
from trio_chat.server.secret_file import SecretFileError, read_secret

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def fetcher() -> JsonFetcher:
    """Return what may ask this machine."""
    return JsonFetcher(lambda host: host == "127.0.0.1")


async def test_an_object_is_fetched() -> None:
    """By GET, and by POST of a form."""
    async with answering(OK + b'Content-Length: 9\r\n\r\n{"a": 1}\n') as (url, asked):
        assert await fetcher().get(f"{url}/x?y=1") == {"a": 1}
        form = {"token": "a b&c"}
        assert await fetcher().post(f"{url}/x", form, {"Authorization": "Basic x"}) == {"a": 1}
    assert asked[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert asked[1].endswith(b"token=a+b%26c")
    assert b"Authorization: Basic x\r\n" in asked[1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 2\r\n\r\n[]",
        OK + b"Content-Length: 2\r\n\r\nno",
        OK + b"Content-Length: 20000\r\n\r\n" + b"[" * 20_000,
        OK + b"Connection: close\r\n\r\n" + b" " * (MAX_BODY + 10),
        OK + b"Content-Length: 100\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
    ids=(
        "redirect",
        "error",
        "list",
        "text",
        "deep",
        "long",
        "cut",
        "ssh",
        "nothing",
    ),
)
async def test_what_is_no_object_is_an_error(answer: bytes) -> None:
    """A redirect is not followed, and no answer is endless."""
    async with answering(answer) as (url, _):
        with pytest.raises(ProviderUnavailable) as caught:
            await fetcher().get(f"{url}/x?secret=1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://sso.example.org/x",
        "ftp://127.0.0.1/x",
        "https:///x",
        "https://user@sso.example.org/x",
        "https://sso.example.org:port/x",
        "https://sso.example.org/a b",
        "https://sso.example.org/é",
        "https://[x/",
        "file:///etc/passwd",
        "",
    ],
)
async def test_what_is_no_address_of_a_provider(url: str) -> None:
    """Only HTTPS, and HTTP on this machine."""
    with pytest.raises(ProviderUnavailable):
        await fetcher().get(url)


async def test_a_provider_names_no_private_address() -> None:
    """Its document cannot make the server ask its own network (SSRF)."""

    async def resolve(host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return ["10.0.0.1", "::1", "169.254.169.254"]

    there = JsonFetcher(lambda host: False, resolve=resolve)
    with pytest.raises(ProviderUnavailable, match="private_hosts"):
        await there.get("https://keys.example.org/x")


def test_a_secret_is_read_from_a_private_file(tmp_path: Path) -> None:
    """Its first line; if others can read the file, or it has none, that is an error."""
    file = tmp_path / "secret"
    file.write_text("hunter2\nmore\n")
    file.chmod(0o600)
    assert read_secret(file, "[oidc] client_secret_file") == "hunter2"
    if os.name == "posix":
        file.chmod(0o640)
        with pytest.raises(SecretFileError, match="chmod 600"):
            read_secret(file, "[oidc] client_secret_file")
    file.chmod(0o600)
    file.write_text("\n")
    with pytest.raises(SecretFileError, match="first line"):
        read_secret(file, "[oidc] client_secret_file")
    with pytest.raises(SecretFileError, match="cannot be read: No such file"):
        read_secret(tmp_path / "none", "[oidc] client_secret_file")


async def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setattr("trio_chat.server.login.setup.find_spec", lambda name: None)
    for settings, extra in (
        (Settings(oidc=OidcSettings(issuer="https://x", client_id="c")), "oidc"),
        (Settings(ldap=LdapSettings(url="ldaps://x", base="o=x")), "ldap"),
    ):
        with pytest.raises(LoginSetupError, match=rf"pip install .*\[{extra}\]"):
            await open_logins(settings, lambda: 0.0)


def test_the_settings_of_a_provider() -> None:
    """The client is the audience, unless others are named."""
    oidc = OidcSettings(issuer="https://x.example.org/", client_id="c")
    assert provider_settings(oidc, "").rules.audiences == {"c"}
    where = "https://x.example.org/.well-known/openid-configuration"
    assert provider_settings(oidc, "").offer.configuration == where
    several = OidcSettings(issuer="https://x", client_id="c", audience=("a", "b"))
    assert provider_settings(several, "").rules.audiences == {"a", "b"}


@pytest.mark.parametrize("base", ["people", "ou=#1,dc=x", "ou=a, b,dc=x"])
async def test_a_base_that_is_no_name_stops_the_start(base: str) -> None:
    """Most often a sign in it is not escaped; a directory would say that at each login."""
    settings = Settings(ldap=LdapSettings(url="ldaps://x", base=base))
    with pytest.raises(LoginSetupError, match="backslash"):
        await open_logins(settings, lambda: 0.0)


async def test_why_a_provider_cannot_be_reached() -> None:
    """As the system says it."""
    async with answering(b"") as (url, _):
        pass
    with pytest.raises(ProviderUnavailable, match=r"(?i)reached: .*refused"):
        await fetcher().get(f"{url}/x")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
async def test_an_address_that_does_not_speak_tls_is_named(answer: bytes) -> None:
    """The number of an error of OpenSSL is none of the system, where 1 is a missing permission."""
    async with answering(answer) as (url, _):
        with pytest.raises(ProviderUnavailable, match="this is the port for TLS"):
            await fetcher().get(url.replace("http:", "https:"))

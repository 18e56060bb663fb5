"""`trio-chat token`: tokens of the HTTP API made alongside a server."""

from pathlib import Path
from typing import Any

import pytest
import trio

from api_fakes import ApiEnd
from test_invite_command import _here, served
from trio_chat import cli
from trio_chat.chat.api_tokens import MOST, PREFIX, ApiToken
from trio_chat.server.state import save_state
from trio_chat.storage.api_tokens import every_api_token, save
from trio_chat.storage.maintenance import connected

__all__ = ["_here"]


def token(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command; return what it prints."""
    assert cli.main(["token", *words]) == 0
    return capfd.readouterr().out.strip()


async def refresh(here: Any) -> None:
    """Have the server look at the database, as it does after some seconds."""
    for table in here.server._tables:
        await table.refresh()


def test_a_token_works_beside_a_running_server(capfd: pytest.CaptureFixture[str]) -> None:
    """Also after a restart; one that was removed works no longer."""

    async def steps(here: Any) -> None:
        town = ApiEnd(here)
        await refresh(here)
        secret = await trio.to_thread.run_sync(
            lambda: token(capfd, "add", "ci", "--scope", "server:read", "--expires", "90d")
        )
        assert secret.startswith(PREFIX)
        await refresh(here)
        assert (await town.get("/server", secret))["name"] == "chat.local"
        assert (await town.ask("GET", "/sessions", token=secret)).status == 403
        await save_state(here.server.world, here.server.world.storage.store)
        await trio.to_thread.run_sync(lambda: token(capfd, "remove", "ci"))
        await refresh(here)
        assert (await town.ask("GET", "/server", token=secret)).status == 401

    trio.run(served, refresh)
    trio.run(served, steps)
    trio.run(served, refresh)
    assert token(capfd, "list") == ""


def test_a_new_token_needs_seconds(capfd: pytest.CaptureFixture[str]) -> None:
    """A program that uses it at once is told that it is unknown."""
    trio.run(served, refresh)
    assert cli.main(["token", "add", "all", "--scope", "admin"]) == 0
    assert "A server that is running knows it within seconds." in capfd.readouterr().err


def test_the_list_of_tokens(capfd: pytest.CaptureFixture[str]) -> None:
    """It shows no secret."""
    trio.run(served, refresh)
    secret = token(capfd, "add", "all", "--scope", "admin, server:read")
    name, number, scopes, maker, end, used = token(capfd, "list").split("\t")
    assert (name, scopes, maker) == ("all", "admin,server:read", "trio-chat token")
    assert (end, used) == ("-", "-")
    assert number not in secret


def test_what_the_command_does_is_in_the_audit_log(capfd: pytest.CaptureFixture[str]) -> None:
    """As what the API does is."""
    trio.run(served, refresh)
    token(capfd, "add", "ci", "--scope", "server:read")
    token(capfd, "remove", "ci")
    with connected(Path("chat.db")) as connection:
        rows = list(connection.execute("SELECT actor, text FROM audit ORDER BY number"))
    assert rows == [
        ("trio-chat token", "TOKEN ADD ci: server:read"),
        ("trio-chat token", "TOKEN REMOVE ci"),
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["add", "x", "--scope", "everything"], "no scope everything"),
        (["add", "x", "--scope", ","], "needs a scope"),
        (["add", " x", "--scope", "admin"], "a name has"),
        (["add", "x" * 41, "--scope", "admin"], "a name has"),
        (["add", "known", "--scope", "admin"], "there is a token known already"),
        (["remove", "x"], "there is no token x"),
    ],
)
def test_what_cannot_be_done(capfd: pytest.CaptureFixture[str], words: list[str], why: str) -> None:
    """The message says why."""
    trio.run(served, refresh)
    token(capfd, "add", "known", "--scope", "admin")
    assert cli.main(["token", *words]) == 1
    assert why in capfd.readouterr().err


def test_tokens_are_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    """As many as the server has room for."""
    trio.run(served, refresh)
    with connected(Path("chat.db")) as connection:
        many = [ApiToken(f"{n:064}", f"t{n}", ("admin",), "me", 1) for n in range(MOST)]
        save(connection, {each.digest: each for each in many})
        assert len(every_api_token(connection)) == MOST
    assert cli.main(["token", "add", "x", "--scope", "admin"]) == 1
    assert "100 tokens already" in capfd.readouterr().err

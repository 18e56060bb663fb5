"""`trio-chat hook`: webhooks made alongside a server."""

from pathlib import Path
from typing import Any

import pytest
import trio

from http_fakes import HttpClient
from test_invite_command import _here, registered, served
from trio_chat import cli
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookUsed
from trio_chat.chat.hooks import LOBBY
from trio_chat.server.state import save_state
from trio_chat.storage.hooks import every_hook
from trio_chat.storage.maintenance import connected

__all__ = ["_here"]


def hook(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command; return what it prints."""
    assert cli.main(["hook", *words]) == 0
    return capfd.readouterr().out.strip()


def failed(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command, which fails; return why."""
    assert cli.main(["hook", *words]) == 1
    return capfd.readouterr().err


async def post(here: Any, secret: str) -> int:
    """Post a message; return the status."""
    client = HttpClient(here)
    head = f"POST /hooks/{secret} HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\n"
    await client.send(f"{head}hello".encode(), "POST")
    return (await client.answer()).status


async def refresh(here: Any) -> None:
    """Have the server look at the database, as it does after some seconds."""
    for table in here.server._tables:
        await table.refresh()


def test_a_hook_works_at_once_and_after_a_restart(capfd: pytest.CaptureFixture[str]) -> None:
    """Its address is printed once, ready to be pasted; the running server takes it over."""

    async def add(here: Any) -> None:
        await registered(here)
        await save_state(here.server.world, here.server.world.storage.store)
        address = await trio.to_thread.run_sync(hook, capfd, "add", "a", "--name", "grafana")
        assert address.startswith("https://chat.example.org/hooks/")
        secrets.append(address.rpartition("/")[2])
        await refresh(here)
        assert await post(here, secrets[0]) == 200
        await save_state(here.server.world, here.server.world.storage.store)

    async def again(here: Any) -> None:
        await refresh(here)
        assert await post(here, secrets[0]) == 200

    async def remove(here: Any) -> None:
        await refresh(here)
        await trio.to_thread.run_sync(hook, capfd, "remove", "grafana")
        (made,) = here.server.world.hooks
        apply(here.server.world, HookUsed(made.digest, made.used + 1))
        await save_state(here.server.world, here.server.world.storage.store)
        await refresh(here)
        assert await post(here, secrets[0]) == 404

    secrets: list[str] = []
    trio.run(served, add)
    trio.run(served, again)
    assert hook(capfd, "list").split("\t")[1:5] == ["#a", "grafana", "in", "trio-chat hook"]
    trio.run(served, remove)
    trio.run(served, refresh)
    assert not hook(capfd, "list")


def test_the_lobby_can_have_hooks(capfd: pytest.CaptureFixture[str]) -> None:
    """Although nobody has registered it."""
    trio.run(served, refresh)
    hook(capfd, "add", "#lobby", "--name", "x")
    with connected(Path("chat.db")) as connection:
        assert [made.channel for made in every_hook(connection)] == [LOBBY]


def test_an_outgoing_hook(capfd: pytest.CaptureFixture[str]) -> None:
    """The secret that signs is printed, instead of an address."""
    trio.run(served, refresh)
    url = "https://example.org/in"
    words = ("--url", url, "--events", "message,topic", "--nicks", "Ann", "--words", "Deploy")
    printed = hook(capfd, "add", "lobby", "--name", "x", *words)
    with connected(Path("chat.db")) as connection:
        (made,) = every_hook(connection)
    assert (made.signing, made.url) == (printed, url)
    assert made.filter == (("message", "topic"), ("ann",), ("deploy",))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "#none", "--name", "x"), "#none is not registered"),
        (("add", "#lobby", "--name", "ChanServ"), "service"),
        (("add", "#lobby", "--name", "x", "--url", "ftp://x"), "https://example.org"),
        (("remove", "x"), "there is no webhook x"),
    ],
)
def test_what_cannot_be_done(
    words: tuple[str, ...], why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The reason is one line."""
    trio.run(served, refresh)
    assert why in failed(capfd, *words)


def test_a_name_that_several_have(capfd: pytest.CaptureFixture[str]) -> None:
    """They are removed by their ids."""
    trio.run(served, refresh)
    for _ in range(2):
        hook(capfd, "add", "#lobby", "--name", "x")
    why = failed(capfd, "remove", "x")
    number = hook(capfd, "list").split("\t")[0]
    assert number in why
    hook(capfd, "remove", number)
    hook(capfd, "remove", "x")

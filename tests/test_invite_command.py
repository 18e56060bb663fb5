"""`trio-chat invite`: links for a channel or an account, made alongside a server."""

import re
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trio

from edge import HELLO, End, edge
from trio_chat import cli
from trio_chat.admin.invitations import page_address
from trio_chat.chat.invitations import MOST, digest_of
from trio_chat.config import AccountSettings, LimitSettings, Settings, StorageSettings
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.open_storage import open_storage
from trio_chat.server.state import load_state
from trio_chat.storage import lock
from trio_chat.storage.lock import ListeningPlace

CONFIG = """\
[server]
url = https://chat.example.org
[storage]
file = chat.db
[accounts]
registration = invitation
hash_cost = low
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in a directory with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    Path("config.ini").write_text(CONFIG)


Steps = Callable[[Any], Coroutine[Any, Any, None]]


async def served(steps: Steps, registration: str = "open") -> None:
    """Run a server with the database of the configuration while steps are carried out."""
    storage = StorageSettings(file=Path("chat.db"))
    settings = Settings(
        storage=storage, accounts=AccountSettings(registration=registration, hash_cost="low")
    )
    threads = HashingThreads(LimitSettings())
    async with (
        open_storage(storage, "low", threads, "precis") as memory,
        edge(settings, memory) as here,
    ):
        assert memory is not None
        assert memory.store is not None
        await load_state(here.server.world, memory.store)
        await steps(here)


async def come(here: Any, nick: str = "ann") -> End:
    """Return a client."""
    end = End(here.stream())
    await end.send(HELLO.replace(b"ann", nick.encode()))
    await end.until("001")
    return end


async def registered(here: Any) -> None:
    """Register an account and a closed channel."""
    ann = await come(here)
    await ann.send(b"REGISTER * * hunter22\r\n")
    await ann.until("REGISTER")
    await ann.send(b"JOIN #a\r\nCS REGISTER #a\r\nMODE #a +i\r\nPING x\r\n")
    await ann.until("PONG")


def invite(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command; return what it prints."""
    assert cli.main(["invite", *words]) == 0
    return capfd.readouterr().out


def test_links_are_made_listed_and_revoked(capfd: pytest.CaptureFixture[str]) -> None:
    """While no server runs; the file has no token."""
    trio.run(served, registered)
    capfd.readouterr()
    link = invite(capfd, "a", "--uses", "3", "--for", "2d")
    found = re.fullmatch(r"https://chat\.example\.org/#a\?invite=(\w{26})\n", link)
    assert found
    account = invite(capfd, "--account")
    assert re.fullmatch(r"https://chat\.example\.org/#\?invite=\w{26}\n", account)
    rows = [line.split("\t") for line in invite(capfd, "--list").splitlines()]
    assert sorted(row[1:4] for row in rows) == [["#a", "3", "0"], ["*", "1", "0"]]
    for path in Path().glob("chat.db*"):
        assert found[1].encode() not in path.read_bytes()
    for row in rows:
        invite(capfd, "--revoke", row[0])
    assert invite(capfd, "--list") == ""


async def test_a_running_server_takes_them(capfd: pytest.CaptureFixture[str]) -> None:
    """It notices that one was made, and that one was revoked; a use of it is stored."""
    capfd.readouterr()

    async def steps(here: Any) -> None:
        await registered(here)
        await here.server._invitations.refresh()
        link = await trio.to_thread.run_sync(invite, capfd, "a", "--uses", "2", "--for", "0")
        token = link.strip().rpartition("=")[2]
        await here.server._invitations.refresh()
        guest = await come(here, "guest")
        await guest.send(f"JOIN #a {token}\r\n".encode())
        await guest.until("JOIN")
        await guest.send(b"PING x\r\n")
        await guest.until("PONG")
        rows = await trio.to_thread.run_sync(invite, capfd, "--list")
        assert rows.split("\t")[1:4] == ["#a", "2", "1"]
        await trio.to_thread.run_sync(invite, capfd, "--revoke", digest_of(token)[:8])
        await here.server._invitations.refresh()
        other = await come(here, "other")
        await other.send(f"JOIN #a {token}\r\n".encode())
        await other.until("473")

    await served(steps)


async def test_a_use_does_not_undo_that_one_was_revoked(capfd: pytest.CaptureFixture[str]) -> None:
    """The server has not noticed it yet when somebody uses the invitation."""
    capfd.readouterr()

    async def steps(here: Any) -> None:
        await registered(here)
        await here.server._invitations.refresh()
        link = await trio.to_thread.run_sync(invite, capfd, "a", "--uses", "9", "--for", "0")
        token = link.strip().rpartition("=")[2]
        await here.server._invitations.refresh()
        await trio.to_thread.run_sync(invite, capfd, "--revoke", digest_of(token)[:8])
        guest = await come(here, "guest")
        await guest.send(f"JOIN #a {token}\r\n".encode())
        await guest.until("JOIN")
        await guest.send(b"PING x\r\n")
        await guest.until("PONG")
        await here.server._invitations.refresh()
        other = await come(here, "other")
        await other.send(f"JOIN #a {token}\r\n".encode())
        await other.until("473")
        assert await trio.to_thread.run_sync(invite, capfd, "--list") == ""

    await served(steps)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["none"], "none is not registered"),
        (["--revoke", "12345678"], "there is no invitation"),
    ],
)
def test_what_is_not_there_is_named(
    words: list[str], problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """In one line."""
    trio.run(served, registered)
    capfd.readouterr()
    assert cli.main(["invite", *words]) == 1
    assert problem in capfd.readouterr().err


@pytest.mark.parametrize("registration", ["open", "closed"])
def test_an_invitation_that_nobody_could_use_is_refused(
    registration: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The command says which key of the configuration it takes."""
    trio.run(served, registered)
    config = f"[storage]\nfile = chat.db\n[accounts]\nregistration = {registration}\n"
    Path("config.ini").write_text(config)
    assert cli.main(["invite", "--account"]) == 1
    assert capfd.readouterr().err == (
        "trio-chat: there are invitations for accounts only with [accounts] registration ="
        " invitation in config.ini\n"
    )


@pytest.mark.parametrize(
    "words",
    [[], ["a", "--list"], ["a", "--uses", "-1"], ["a", "--uses", "1001"], ["a", "--for", "x"]],
)
def test_a_wrong_command_line(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and nothing is made."""
    assert cli.main(["invite", *words]) == 2
    assert not Path("chat.db").exists()


def test_the_number_is_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    """As for those that clients make."""
    trio.run(served, registered)
    for _ in range(MOST):
        invite(capfd, "a")
    assert cli.main(["invite", "a"]) == 1
    assert f"there are {MOST} invitations already" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("places", "address"),
    [
        ([], "http://192.0.2.7:5000/"),
        ([ListeningPlace("0.0.0.0", 5001, proxy=False)], "http://192.0.2.7:5001/"),
        ([ListeningPlace("127.0.0.1", 5001, proxy=False)], "http://localhost:5001/"),
        (
            [
                ListeningPlace("/run/chat.sock", None, proxy=False),
                ListeningPlace("0.0.0.0", 5002, proxy=True),
                ListeningPlace("0.0.0.0", 5003, proxy=False),
            ],
            "http://192.0.2.7:5003/",
        ),
    ],
    ids=["none runs", "another port", "this machine alone", "behind a proxy"],
)
def test_the_address_is_that_of_the_server_that_runs(
    monkeypatch: pytest.MonkeyPatch, places: list[ListeningPlace], address: str
) -> None:
    """Its port may be one of the command line, which the configuration does not say."""
    monkeypatch.setattr(
        "trio_chat.server.addresses.own_addresses", lambda: (ip_address("192.0.2.7"),)
    )
    handle = lock.acquire(Path("chat.db"))
    lock.note_places(Path("chat.db"), places)
    try:
        assert page_address(Settings(), Path("chat.db")) == address
    finally:
        lock.release(handle)

"""Output of a server that has started: how others join, as text and as a QR code."""

import os
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from trio_chat import installation
from trio_chat.config import DiscoverySettings, ServerSettings, Settings, StorageSettings
from trio_chat.irc.addresses import IpAddress
from trio_chat.server import announce as announcing
from trio_chat.server import qr
from trio_chat.server.announce import announce
from trio_chat.server.encryption import Encryption
from trio_chat.server.listeners import close_all, open_listeners

LAN: list[IpAddress] = [ip_address("192.168.1.7"), ip_address("10.0.0.7")]
LOCAL = ServerSettings(host=("127.0.0.1",), port=0, tls="off")
EVERYWHERE = replace(LOCAL, host=("0.0.0.0",))


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the machine two addresses, and the server a terminal of 80 by 24 characters."""
    monkeypatch.setattr(announcing, "own_addresses", lambda: LAN)
    monkeypatch.setattr(qr, "drawable_size", lambda: os.terminal_size((80, 24)))


async def announced(
    settings: Settings, capfd: pytest.CaptureFixture[str], *, closed: bool = False
) -> str:
    """Return what a server prints, with its port replaced; `closed` before it prints."""
    listeners = await open_listeners(settings)
    try:
        port = listeners[0].bound[1]
        if closed:
            close_all(listeners)
        await announce(listeners, Encryption(settings), settings)
        return capfd.readouterr().out.replace(str(port), "5000")
    finally:
        close_all(listeners)


async def test_the_address_of_the_page_is_shown_with_its_code(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A phone scans it, and a person at a computer types it."""
    text = await announced(Settings(server=EVERYWHERE), capfd)
    assert "    http://192.168.1.7:5000/\n" in text
    assert "    trio-chat connect 10.0.0.7:5000\n" in text
    assert "▀▀▀▀▀▀▀" in text
    assert text.index("http://") < text.index("trio-chat connect")


@pytest.mark.parametrize(
    ("kind", "command"), [("checkout", "run.py connect"), ("pip", "trio-chat connect")]
)
async def test_the_command_for_this_machine_is_one_that_there_is(
    kind: str, command: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source directory has no `trio-chat`."""
    monkeypatch.setattr(installation, "kind", lambda: kind)
    text = await announced(Settings(server=EVERYWHERE), capfd)
    assert f"{command} 127.0.0.1:5000\n" in text


async def test_a_server_for_this_machine_shows_no_code(capfd: pytest.CaptureFixture[str]) -> None:
    """A phone cannot reach it."""
    text = await announced(Settings(server=LOCAL), capfd)
    assert "http://" not in text
    assert "▀" not in text


async def test_a_server_that_is_stopped_while_it_starts(capfd: pytest.CaptureFixture[str]) -> None:
    """A signal may close the listeners before their addresses are printed."""
    assert "connect 192.168.1.7:5000\n" in await announced(
        Settings(server=EVERYWHERE), capfd, closed=True
    )


async def test_a_server_behind_a_proxy_shows_the_address_of_the_proxy(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It listens on this machine, and its page is reached by another name."""
    settings = Settings(server=replace(LOCAL, url="https://chat.example.org/"))
    text = await announced(settings, capfd)
    assert "    https://chat.example.org/\n" in text
    assert "▀▀▀▀▀▀▀" in text


@pytest.mark.parametrize(
    ("own", "host", "hint"),
    [
        (["127.0.0.1", "::1"], "0.0.0.0", "not connected to any network"),
        (["127.0.0.1", "fd00::7"], "0.0.0.0", "host = ::"),
        (["127.0.0.1", "::1"], "127.0.0.1", ""),
        (["127.0.0.1", "192.168.1.7"], "0.0.0.0", ""),
    ],
)
async def test_it_says_why_nobody_else_can_join(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    own: list[str],
    host: str,
    hint: str,
) -> None:
    """Without a network, or with another version of IP; not when that was wanted."""
    monkeypatch.setattr(announcing, "own_addresses", lambda: list(map(ip_address, own)))
    text = await announced(Settings(server=replace(LOCAL, host=(host,))), capfd)
    assert hint in text
    assert ("This computer" in text) == bool(hint)


async def test_the_code_comes_after_the_fingerprints(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A terminal of 24 lines still shows all of it when the server has started."""
    storage = StorageSettings(file=tmp_path / "chat.db")
    settings = Settings(server=replace(EVERYWHERE, tls="auto"), storage=storage)
    lines = (await announced(settings, capfd)).splitlines()
    heading = next(number for number, line in enumerate(lines) if "is running" in line)
    assert any("fingerprint" in line for line in lines[:heading])
    assert not any("fingerprint" in line for line in lines[heading:])
    assert len(lines) - heading <= 21


async def test_a_server_without_websocket_has_no_page(capfd: pytest.CaptureFixture[str]) -> None:
    """An address that answers nothing is not shown."""
    text = await announced(Settings(server=replace(EVERYWHERE, websocket=False)), capfd)
    assert "http://" not in text
    assert "trio-chat connect 192.168.1.7:5000" in text


@pytest.mark.parametrize("how", ["setting", "no terminal"])
async def test_the_code_can_be_left_out(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """By a setting, and where it cannot be drawn; the address stays."""
    discovery = DiscoverySettings(qr=how != "setting")
    if how == "no terminal":
        monkeypatch.setattr(qr, "drawable_size", lambda: None)
    text = await announced(Settings(server=EVERYWHERE, discovery=discovery), capfd)
    assert "    http://192.168.1.7:5000/\n" in text
    assert "▀" not in text


async def test_an_address_too_long_for_a_code_stays_text(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Such a code does not fit the screen, or does not exist at all."""
    url = f"https://chat.example.org/{'a' * 3000}/"
    text = await announced(Settings(server=replace(EVERYWHERE, url=url)), capfd)
    assert "a" * 3000 in text
    assert "▀" not in text

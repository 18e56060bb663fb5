"""Notifications to the service manager (sd_notify)."""

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from trio_chat.server import systemd

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no such sockets")


def test_a_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One datagram, to where NOTIFY_SOCKET says."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        systemd.notify("READY=1")
        assert manager.recv(100) == b"READY=1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract sockets")
def test_an_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that begins with @ has a NUL there."""
    name = f"trio-chat-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        systemd.notify("STOPPING=1")
        assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize(
    "path", ["", "/nowhere/at/all", "relative", "@trio-chat-nobody-listens-here"]
)
def test_nobody_to_be_told(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a service manager, or with one that is gone, the server runs all the same."""
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    systemd.notify("READY=1")


def test_reading_the_settings_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "RELOADING=1 … MONOTONIC_USEC=…", and READY=1 afterwards, also when it fails
    (sd_notify(3)).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        before = time.monotonic_ns() // 1000
        with suppress(ValueError), systemd.reloading():
            first, second = manager.recv(100).decode().split("\n")
            raise ValueError
        assert first == "RELOADING=1"
        assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert manager.recv(100) == b"READY=1"


async def test_the_watchdog_gets_signs_of_life(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice in the time it waits; not when it is for another process, or was not asked for."""
    told: list[str] = []
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    with trio.move_on_after(21):
        await systemd.feed_watchdog(told.append)
    assert told == ["WATCHDOG=1"] * 5
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    await systemd.feed_watchdog(told.append)
    monkeypatch.delenv("WATCHDOG_USEC")
    await systemd.feed_watchdog(told.append)
    assert len(told) == 5

"""Notifications for systemd (sd_notify): the server is ready, reloads, stops, and its event loop
still runs.

Without systemd, which sets these variables of the environment for Type=notify and WatchdogSec=,
nothing happens.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio


def notify(state: str) -> None:
    """Send the service manager a state such as READY=1; without one, or on an error, do nothing."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path[:1] not in ("/", "@") or not hasattr(socket, "AF_UNIX"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.sendto(state.encode(), f"\0{path[1:]}" if path[0] == "@" else path)
        except OSError:
            return


@contextmanager
def reloading() -> Iterator[None]:
    """Notify systemd of the beginning and the end of a reload, for which `systemctl reload` waits.

    The time is what `Type=notify-reload` asks for (systemd 253 and newer): that of the clock which
    only goes on.
    """
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        yield
    finally:
        notify("READY=1")


async def feed_watchdog(tell: Callable[[str], None] = notify) -> None:
    """Notify the watchdog of the service manager twice in its interval; return when it has none."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or pid not in ("", str(os.getpid())):
        return
    while True:
        tell("WATCHDOG=1")
        await trio.sleep(int(microseconds) / 2_000_000)

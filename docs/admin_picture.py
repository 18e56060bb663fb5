"""Makes the picture of the administrator's page, with people that talk for more than a minute.

python docs/admin_picture.py        (Linux or macOS; needs Playwright, Chromium and pyte)
"""

import os
import random
import shutil
import socket
import tempfile
import time
from pathlib import Path

from page_picture import visitor
from playwright.sync_api import sync_playwright
from screenshots import running_server

HERE = Path(__file__).parent
_PASSWORD = "correct horse"
# Of the least cost: this server is gone after the picture.
_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$sM5YyjFTAdM0bFh4hpVZdw$kYAJjAcBdgSrLAxfOG6qC9RzK1Nk0HEi3YrgD2q2Zmk"
)
_SIZE = {"width": 1120, "height": 780}
_PEOPLE = 10
_SECONDS = 80


def guest(address: str, number: int) -> socket.socket:
    """Let somebody join."""
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(f"NICK guest{number}\r\nUSER guest 0 * :Guest\r\nJOIN #lobby\r\n".encode())
    return connection


def main() -> None:
    """Make the picture."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    more = f"[operator ann]\npassword = {_HASH}\n"
    with (
        tempfile.TemporaryDirectory() as home,
        running_server(Path(home), more) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = visitor(browser, f"http://{address}/", "ann", viewport=_SIZE)
        page.goto(f"http://{address}/admin")
        page.get_by_role("textbox", name="Name of the operator").fill("ann")
        page.get_by_role("textbox", name="Password").fill(_PASSWORD)
        page.get_by_role("button", name="Log in as operator").click()
        page.get_by_role("navigation", name="Sections").wait_for()
        guests: list[socket.socket] = []
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            if len(guests) < _PEOPLE:
                guests.append(guest(address, len(guests)))
            for each in random.sample(guests, min(len(guests), random.randint(1, 6))):
                each.sendall(b"PRIVMSG #lobby :the build is green\r\n")
            page.wait_for_timeout(800)
        page.screenshot(path=HERE / "admin.png")


if __name__ == "__main__":
    main()

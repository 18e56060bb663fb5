"""Browser tests of the page: the server as a program, Chromium, and people that use either.

A test is skipped where Playwright or Chromium is missing; `run.py browser` demands both.
"""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "playwright.sync_api", reason="the page is NOT tested in a browser: see `run.py browser`"
)

from playwright.sync_api import (  # after the module is known to exist
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Locator,
    Page,
    WebError,
    expect,
)

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
"""The directory of the package that programs run; see the fixture `bundled`."""
PATIENCE = 30
"""Seconds after which something that ought to happen is held never to."""
_WORKER_NOT_FETCHED = re.compile("error occurred when fetching the script")
"""The browser fetches the service worker after the page, perhaps when the test has ended."""
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

expect.set_options(timeout=PATIENCE * 1000)

_SETTLE = """async () => {
    const frame = () => new Promise((resume) => requestAnimationFrame(resume));
    const state = () =>
        [...document.querySelectorAll("body *")].slice(-400).map((element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return [x, y, width, height].join();
        }).join(";");
    for (let before = "", quiet = 0; quiet < 10; ) {
        await frame();
        const now = state();
        quiet = now === before ? quiet + 1 : 0;
        before = now;
    }
}"""

_CONFIG = """
[server]
host = 127.0.0.1
port = {port}
shutdown_grace = 1
{settings}
[logging]
file = logs/server_log.txt
"""


def chromium() -> str:
    """Return the path of Chromium; skip the test where there is none."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (path := shutil.which(name)):
            return path
    pytest.skip("the page is NOT tested in a browser: there is no Chromium on this machine")


def end_pages() -> None:
    """End the pages of this process's browsers as if they had crashed (on Linux)."""
    parents: dict[int, int] = {}
    renderers: list[int] = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            status = (directory / "stat").read_text("utf-8", "replace")
            parents[int(directory.name)] = int(status.rpartition(")")[2].split()[1])
            if b"--type=renderer" in (directory / "cmdline").read_bytes():
                renderers.append(int(directory.name))
    for process in renderers:
        ancestor = process
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        if ancestor == os.getpid():
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)


def variables(directory: Path) -> dict[str, str]:
    """Return the environment of a program that keeps its files in this directory, in English."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "TRIO_CHAT", "NO_COLOR"))
    }
    return kept | {
        "LANG": "C.UTF-8",
        "HOME": str(directory),
        "XDG_STATE_HOME": str(directory),
        "PYTHONPATH": str(SOURCE),
        "PYTHONWARNINGS": "error",
    }


class Lines:
    """Lines of a program's output, each to be waited for.

    Args:
        process: the program, whose output is text.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.seen: list[str] = []
        self._coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._coming.put(line.rstrip("\n"))
        self._coming.put(None)

    def until(self, text: str) -> str:
        """Return the next line that has this text in it."""
        while True:
            try:
                line = self._coming.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no {text!r} in {self.seen}")
            self.seen.append(line)
            if text in line:
                return line

    def close(self) -> None:
        """Wait for the end of the output."""
        self._thread.join(PATIENCE)


class Program:
    """A running `trio-chat`, whose standard output and standard error are read as lines.

    Args:
        directory: where it runs and keeps its files.
        arguments: those of the command line.
    """

    def __init__(self, directory: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "trio_chat", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=variables(directory),
            encoding="utf-8",
        )
        self.out = Lines(self._process)

    def say(self, *lines: str) -> None:
        """Type lines."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def stop(self) -> None:
        """Ask the program to end, and wait for that."""
        self._process.terminate()
        assert self._process.wait(PATIENCE) == 0
        self.kill()

    def kill(self) -> None:
        """End the program at once, as a power cut would."""
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.kill()
            self._process.wait()
            self.out.close()
            self._process.stdin.close()
            self._process.stdout.close()


class Server:
    """A server on a port of its own, with files of its own.

    Args:
        directory: an empty directory.
        settings: lines of config.ini, at first those of [server]; `{port}` stands for its port.
        tls: whether the page is asked for by https.
    """

    def __init__(self, directory: Path, settings: str = "") -> None:
        self._directory = directory
        self._programs: list[Program] = []
        self._clients: list[IrcClient] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        (directory / "server.ini").write_text(
            _CONFIG.format(port=self.port, settings=settings.replace("{port}", str(self.port))),
            "utf-8",
        )
        self.start()

    def uploaded(self) -> list[Path]:
        """Return the files that were uploaded, or are being received."""
        return list(self._directory.glob("trio-chat.db-uploads/*"))

    @property
    def url(self) -> str:
        """Address of the page. `localhost` is a secure context, as https would be."""
        return f"http://localhost:{self.port}/"

    def start(self) -> None:
        """Start the server, perhaps again on the same port and with the same files."""
        self._server = Program(self._directory, "serve", "--config", "server.ini")
        self._server.out.until("is running")

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        self._server.kill()

    def stop(self) -> None:
        """Stop the server as a service manager does, and wait until it has ended."""
        self._server.stop()

    def terminal(self, nick: str) -> Program:
        """Run the line client, and wait until its user is in the lobby."""
        home = self._directory / f"home-{len(self._programs)}"
        home.mkdir()
        program = Program(home, "connect", f"127.0.0.1:{self.port}", "--nick", nick)
        self._programs.append(program)
        program.out.until("in #lobby")
        return program

    def irc(self, nick: str, *channels: str, capabilities: str = "message-tags") -> "IrcClient":
        """Connect a client that speaks IRC directly, and join channels."""
        client = IrcClient(self.port, nick, *channels, capabilities=capabilities)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """End everything that runs."""
        for client in self._clients:
            client.close()
        for program in [*self._programs, self._server]:
            program.kill()


class IrcClient:
    """A bare client, which sends whatever a test wants sent.

    Args:
        port: that of the server.
        nick: its nickname.
        channels: what it joins.
        capabilities: IRCv3 capabilities to request.
    """

    def __init__(
        self, port: int, nick: str, *channels: str, capabilities: str = "message-tags"
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._socket.makefile("r", encoding="utf-8", newline="\r\n", errors="replace")
        self.send(f"CAP REQ :{capabilities}", f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END")
        self.until(" 001 ")
        for channel in channels:
            self.send(f"JOIN {channel}")
            self.until(" 366 ")

    def send(self, *lines: str) -> None:
        """Send lines."""
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def until(self, text: str) -> str:
        """Return the next line from the server that has this text in it."""
        seen = []
        try:
            for line in self._file:
                seen.append(line.rstrip())
                if line.startswith("PING"):
                    self.send(line.rstrip().replace("PING", "PONG"))
                if text in line:
                    return seen[-1]
        except TimeoutError:
            pytest.fail(f"no {text!r} in {seen}")
        pytest.fail(f"the server closed the connection before {text!r}: {seen}")

    def sync(self) -> None:
        """Wait until the server has carried out everything that was sent."""
        self.send("PING :sync")
        self.until("sync")

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()


class Visitor:
    """A user of the page, in a browser context of its own.

    Everything that a browser reports as an error fails the test: exceptions of scripts, errors on
    the console, violations of the Content-Security-Policy among them.

    Args:
        context: the browser context.
        url: the address of the page.
        traced: whether Playwright records a trace of the context.
    """

    def __init__(self, context: BrowserContext, url: str, *, traced: bool = False) -> None:
        self.context = context
        self.traced = traced
        self.url = url
        self.errors: list[str] = []
        self.console: list[str] = []
        self._expected: list[re.Pattern[str]] = [_WORKER_NOT_FETCHED]
        context.set_default_timeout(PATIENCE * 1000)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        self.crashed: list[Page] = []
        context.on("page", lambda page: page.on("crash", self._on_crash))
        self.page: Page = context.new_page()
        self._session: CDPSession | None = None

    def _on_console(self, message: ConsoleMessage) -> None:
        text = f"{message.type}: {message.text} ({message.location.get('url', '')})"
        self.console.append(text)
        if message.type == "error" or "Content Security Policy" in message.text:
            self.errors.append(text)

    def _on_error(self, error: WebError) -> None:
        self.console.append(f"exception: {error.error}")
        self.errors.append(f"exception: {error.error.stack or error.error}")

    def _on_crash(self, page: Page) -> None:
        self.crashed.append(page)
        self.errors.append(f"crash of {page.url}")

    @property
    def pages(self) -> list[Page]:
        """The pages that can answer."""
        pages = self.context.pages
        return [page for page in pages if page not in self.crashed and not page.is_closed()]

    def expect_errors(self, pattern: str) -> None:
        """Accept errors that the browser itself reports, such as that of a refused connection."""
        self._expected.append(re.compile(pattern))

    def unexpected_errors(self) -> list[str]:
        """Return the errors that the test did not expect."""
        return [
            error
            for error in self.errors
            if not any(pattern.search(error) for pattern in self._expected)
        ]

    def open(self, fragment: str = "") -> Page:
        """Load the page."""
        self.page.goto(self.url + fragment)
        return self.page

    def join(self, nick: str, fragment: str = "") -> Page:
        """Load the page, type a nickname, and wait until the user can talk."""
        self.open(fragment)
        self.page.get_by_role("textbox", name="Nickname").fill(nick)
        self.page.get_by_role("button", name="Join").click()
        expect(self.prompt).to_be_visible()
        return self.page

    @property
    def prompt(self) -> Locator:
        """The field into which the user types messages."""
        return self.page.get_by_role("textbox", name=re.compile("^Message"))

    @property
    def timeline(self) -> Locator:
        """The messages of the current conversation."""
        return self.page.get_by_role("log")

    @property
    def messages(self) -> Locator:
        """The messages as a list."""
        return self.timeline.get_by_role("article")

    def say(self, text: str) -> None:
        """Type a message and press Enter."""
        self.prompt.fill(text)
        self.prompt.press("Enter")

    def is_visible(self, text: str) -> bool:
        """Return whether a message with this text is within the visible part of the timeline."""
        found = self.timeline.get_by_text(text, exact=True)
        inner, outer = found.bounding_box() if found.count() else None, self.timeline.bounding_box()
        return (
            inner is not None
            and outer is not None
            and outer["y"] <= inner["y"]
            and inner["y"] + inner["height"] <= outer["y"] + outer["height"]
        )

    def sees(self, text: str) -> None:
        """Wait until a message with this text is shown once."""
        expect(self.timeline.get_by_text(text, exact=True)).to_have_count(1)

    def settle(self) -> None:
        """Wait until nothing in the page has moved for some frames."""
        self.page.evaluate(_SETTLE)

    def until(self, condition: str) -> None:
        """Wait until an expression is true in the page.

        Playwright's `wait_for_function` evaluates text there, which the policy of the page forbids.
        """
        self.page.evaluate(
            f"""(patience) => new Promise((resume, refuse) => {{
                const end = performance.now() + patience;
                const look = () => {{
                    if ({condition}) resume();
                    else if (performance.now() > end) refuse(new Error({condition!r}));
                    else setTimeout(look, 20);
                }};
                look();
            }})""",
            PATIENCE * 1000,
        )

    def is_within_the_width(self) -> bool:
        """Return whether nothing makes the page wider than the screen."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    @property
    def session(self) -> CDPSession:
        """A session of the Chrome DevTools Protocol with the page."""
        if self._session is None:
            self._session = self.context.new_cdp_session(self.page)
        return self._session


@contextmanager
def visitors(
    browser: Browser, url: Callable[[], str], failed: Callable[[], bool], kept: Path
) -> Iterator[Callable[..., Visitor]]:
    """Yield a function that opens a browser context for another user.

    The keywords of the function are the options of the context. When the test has failed, a
    screenshot, the console and a Playwright trace of each context are kept in the directory `kept`;
    `playwright show-trace` shows the last.
    """
    opened: list[Visitor] = []

    def visit(*, address: str = "", trace: bool = True, **options: Any) -> Visitor:
        context = browser.new_context(**(DESKTOP | {"locale": "en-GB"} | options))
        if trace:
            context.tracing.start(snapshots=True)
        opened.append(Visitor(context, address or url(), traced=trace))
        return opened[-1]

    try:
        yield visit
    finally:
        # A message of the console may still be on its way; an evaluation comes after it.
        for visitor in opened:
            for page in visitor.pages:
                page.evaluate("0")
        wrong = [error for visitor in opened for error in visitor.unexpected_errors()]
        for number, visitor in enumerate(opened):
            if wrong or failed():
                _keep(visitor, kept / f"visitor-{number}")
            visitor.context.close()
        assert not wrong, f"errors in the browser (see {kept}): {wrong}"


def _keep(visitor: Visitor, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "console.txt").write_text("\n".join(visitor.console), "utf-8")
    for number, page in enumerate(visitor.pages):
        page.screenshot(path=directory / f"page-{number}.png")
    if visitor.traced:
        visitor.context.tracing.stop(path=directory / "trace.zip")
    print(f"Screenshots, console and trace: {directory}")

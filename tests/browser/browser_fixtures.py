"""Fixtures of the browser tests, a plugin of `tests/conftest.py`.

Modules that need Playwright are imported where they are used: the other tests run without it.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness import Server, Visitor
    from playwright.sync_api import Browser

_FAILED = pytest.StashKey[bool]()
_LONGEST = 180
"""Seconds after which the pages of a test are ended: Playwright waits for ever for one that does
not answer an evaluation.
"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record whether a test has failed, for the fixtures that end after it."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Return Chromium, started once."""
    from harness import chromium
    from playwright.sync_api import sync_playwright

    path = chromium()
    # Chromium's sandbox does not work for root, as which containers run.
    arguments = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    # A name that is not local, so that the page has no secure context there.
    arguments.append("--host-resolver-rules=MAP chat.test 127.0.0.1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the source with the bundle of the page, as a wheel has it. It is loaded with
    fewer requests than the modules, so tests take a third less. Without esbuild there are these.
    """
    from harness import ROOT

    source = tmp_path_factory.mktemp("bundled") / "src"
    package = source / "trio_chat"
    shutil.copytree(ROOT / "src" / "trio_chat", package)
    script, bundle = ROOT / "tools" / "bundle.py", package / "web" / "bundle" / "app"
    subprocess.run([sys.executable, str(script), str(bundle)], check=True)
    return source


@pytest.fixture
def serve(
    tmp_path: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[Callable[..., Server]]":
    """Return a function that starts a server with lines of config.ini."""
    import harness
    from harness import Server

    monkeypatch.setattr(harness, "SOURCE", bundled)
    started: list[Server] = []

    def start(settings: str = "") -> Server:
        directory = tmp_path / f"server-{len(started)}"
        directory.mkdir()
        started.append(Server(directory, settings))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def server(serve: "Callable[..., Server]") -> "Server":
    """Return a server with the default settings."""
    return serve()


@pytest.fixture
def visit(
    browser: "Browser",
    request: pytest.FixtureRequest,
    tmp_path: Path,
    serve: "Callable[..., Server]",
) -> "Iterator[Callable[..., Visitor]]":
    """Return a function that opens the browser of another user of `server`."""
    from harness import end_pages, visitors

    del serve  # named here, so that servers end after the browsers: a page may still be loading

    def url() -> str:
        return str(request.getfixturevalue("server").url)

    def failed() -> bool:
        item: pytest.Item = request.node
        return item.stash.get(_FAILED, False)

    watchdog = threading.Timer(_LONGEST, end_pages)
    watchdog.daemon = True
    watchdog.start()
    try:
        with visitors(browser, url, failed, tmp_path / "browser") as visit:
            yield visit
    finally:
        watchdog.cancel()

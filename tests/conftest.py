"""Fixtures for all tests."""

import gc
import io
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio.testing
from hypothesis import settings

# The server loads these in a thread with the first request that needs them, and a clock that jumps
# does not wait for a thread.
import trio_chat.server.api.service
import trio_chat.server.archive.handlers
import trio_chat.server.hooks.incoming
import trio_chat.server.http.connection  # noqa: F401
from storage_fakes import OpenAccounts
from support import Town
from trio_chat.config import Settings, StorageSettings
from trio_chat.i18n import install
from trio_chat.installation import is_compiled
from trio_chat.server import certificates
from trio_chat.server.certificate_files import files_of

pytest_plugins = ["browser_fixtures", "package_fixtures"]

# Shared machines stall: an example that takes long is no defect. The same examples on every run.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")

# A shell that starts the suite in the background has it ignore Ctrl-C, and the programs that the
# tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Tell which form of the hot rooms is tested; `test_compiled` requires the expected one."""
    return f"form: {'compiled' if is_compiled() else 'pure Python'}"


@pytest.fixture
def town() -> Town:
    """Return an empty world with the lobby."""
    return Town()


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return accounts with one of Ann."""
    made = OpenAccounts()
    made.add("Ann", "correct horse")
    return made


@pytest.fixture
def jumping_clock() -> trio.testing.MockClock:
    """Return a clock that jumps when nothing else happens; not at once, since urwid draws while
    Trio is about to wait.
    """
    return trio.testing.MockClock(autojump_threshold=0.002)


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Start in an empty directory, with an English user whose standard input is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    yield tmp_path
    install("en")


@pytest.fixture(scope="session")
def tls_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings with a certificate of the server's own making."""
    settings = Settings(storage=StorageSettings(file=tmp_path_factory.mktemp("tls") / "chat.db"))
    certificates.look(files_of(settings), settings, time.time())
    return settings


@pytest.fixture(scope="session")
def client_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate that nobody has signed."""
    path = tmp_path_factory.mktemp("client") / "client.pem"
    path.write_bytes(certificates.make("ann"))
    return path


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start programs without the measurement of coverage, which imports modules of its own."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(autouse=True)
def _garbage_collector() -> Iterator[None]:
    """Have a test leave the garbage collector as it was. A server in the test's own process sets it
    for good, and Hypothesis warns when it does not find what the collector has frozen.
    """
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    if gc.get_freeze_count():
        gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_in_the_working_directory() -> Iterator[None]:
    """A database and its certificate belong into a temporary directory, or a server that is tried
    out here would find them.
    """
    traces = [Path(name).absolute() for name in ("trio-chat.db", "trio-chat.db.pem")]
    before = [path.exists() for path in traces]
    yield
    assert [path.exists() for path in traces] == before

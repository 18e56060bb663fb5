"""Fixtures for every suite."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio.testing
from hypothesis import settings

from support import Town

# Shared machines stall: an example that takes long is no defect. The same examples on every run.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")

# A shell that starts the suite in the background has it ignore Ctrl-C, and the programs that the
# tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def town() -> Town:
    """Return an empty world with the lobby."""
    return Town()


@pytest.fixture
def jumping_clock() -> trio.testing.MockClock:
    """Return a clock that jumps when nothing else happens; not at once, since urwid draws while
    Trio is about to wait.
    """
    return trio.testing.MockClock(autojump_threshold=0.002)


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_in_the_working_directory() -> Iterator[None]:
    """A database and its certificate belong into a temporary directory, or a server that is tried
    out here would find them.
    """
    traces = [Path(name).absolute() for name in ("trio-chat.db", "trio-chat.db.pem")]
    before = [path.exists() for path in traces]
    yield
    assert [path.exists() for path in traces] == before

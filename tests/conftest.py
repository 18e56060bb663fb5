"""Fixtures for every suite."""

import signal

import pytest
from hypothesis import settings

from support import Town

# Shared machines stall: an example that takes long is no defect. The same examples on every run.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")

# A shell that starts the suite in the background has it ignore Ctrl-C, and the programs that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def town() -> Town:
    """Return an empty world with the lobby."""
    return Town()

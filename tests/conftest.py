"""Fixtures for every suite."""

import pytest
from hypothesis import settings

from support import Town

# Shared machines stall: an example that takes long is no defect. The same examples on every run.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")


@pytest.fixture
def town() -> Town:
    """Return an empty world with the lobby."""
    return Town()

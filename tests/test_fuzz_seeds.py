"""The fuzz targets on their seeds, among them everything that was ever found: without the fuzzer, in every run."""

import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent / "fuzz"
sys.path.insert(0, str(FUZZ))

import targets  # noqa: E402  # it is not a test module, and not on the path of the others

SEEDS = [(path.parent.name, path) for path in sorted(FUZZ.glob("seeds/*/*"))]


@pytest.mark.parametrize(("name", "path"), SEEDS, ids=[f"{name}/{path.name}" for name, path in SEEDS])
def test_a_seed(name: str, path: Path) -> None:
    """No rule is broken by it."""
    targets.TARGETS[name](path.read_bytes())


def test_every_target_has_seeds() -> None:
    """A fuzzer that starts from nothing takes long to find the language."""
    assert {name for name, _ in SEEDS} == set(targets.TARGETS)

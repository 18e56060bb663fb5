"""Repetition in the log: counted, so that one address cannot have the log overwritten."""

import io
import logging
from pathlib import Path

import pytest

from trio_chat.config import LoggingSettings
from trio_chat.log import logger
from trio_chat.log.repeats import WINDOW, RepeatFilter


class Ticks:
    """A clock that moves only when it is set."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def record(
    message: str, *args: object, level: int = logging.INFO, **more: object
) -> logging.LogRecord:
    """Return what a logging call makes."""
    made = logging.LogRecord("trio_chat", level, __file__, 1, message, args, None)
    made.__dict__.update(more)
    return made


def test_what_repeats_is_counted_and_told_once_a_minute() -> None:
    """With how often, and the last of it."""
    clock = Ticks()
    folding = RepeatFilter(20, clock)
    assert sum(folding.admits(record("connected %s", "192.0.2.1")) for _ in range(1254)) == 20
    assert not list(folding.due())
    clock.now = WINDOW
    assert list(folding.due()) == [
        ("INFO", "… and 1,234 more like this within a minute, the last: connected 192.0.2.1")
    ]
    assert not list(folding.due())
    assert folding.admits(record("connected %s", "192.0.2.1"))


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("ann!a@192.0.2.1", "bob!b@192.0.2.1", True),
        ("ann!a@192.0.2.1 (192.0.2.1)", "192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("ann!a@one.same.net.ip", "ann!a@two.same.net.ip", True),
        ("ann!a@one.same.net.ip", "ann!a@one.other.net.ip", False),
    ],
)
def test_an_address_is_one_whatever_its_clients_are_called(
    one: str, other: str, *, is_one: bool
) -> None:
    """So are the addresses of a /64; others have lines of their own."""
    folding = RepeatFilter(1, Ticks())
    assert folding.admits(record("%s joined %s", one, "#a"))
    assert folding.admits(record("%s joined %s", other, "#b")) is not is_one


def test_errors_and_what_operators_do_are_always_written() -> None:
    """They are what the log is read for."""
    folding = RepeatFilter(1, Ticks())
    for _ in range(5):
        assert folding.admits(record("internal error", level=logging.ERROR))
        assert folding.admits(record("operator %s", "ann", level=logging.WARNING, is_audit=True))


def test_everything_is_written_when_that_is_wanted() -> None:
    """`repeats = 0`."""
    folding = RepeatFilter(0, Ticks())
    assert all(folding.admits(record("connected %s", "192.0.2.1")) for _ in range(500))


def test_kinds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Very many addresses share one count: to count must not cost more than to write."""
    monkeypatch.setattr("trio_chat.log.repeats._MOST_KINDS", 3)
    folding = RepeatFilter(1, Ticks())
    assert [folding.admits(record("connected %s", f"192.0.2.{number}")) for number in range(6)] == [
        True
    ] * 4 + [False] * 2


def test_the_log_is_folded(tmp_path: Path) -> None:
    """From the logging call to the file, and to the end of the programme."""
    file = tmp_path / "log.txt"
    with logger.running(LoggingSettings(file=file, repeats=2), io.StringIO()) as log:
        for number in range(10):
            log.info("%s is now known as %s", f"ann{number}!a@192.0.2.1", "x")
    lines = [line.partition("] ")[2] for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines == [
        "ann0!a@192.0.2.1 is now known as x",
        "ann1!a@192.0.2.1 is now known as x",
        "… and 8 more like this within a minute, the last: ann9!a@192.0.2.1 is now known as x",
    ]

"""The standard streams of the program when Ctrl-C comes while something is written."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from trio_chat.cli import streams


class InterruptedMessages(streams._Messages):
    """Standard error with Ctrl-C right after a write."""

    def write(self, data: Any, /) -> int:  # noqa: D102
        super().write(data)
        raise KeyboardInterrupt


class InterruptedOutput(streams._Output):
    """Standard output with Ctrl-C right after a write."""

    def write(self, data: Any, /) -> int:  # noqa: D102
        super().write(data)
        raise KeyboardInterrupt


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("name", ["_messages", "_output"])
def test_an_interrupted_line_is_written_once(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No buffer keeps what has been written, to write it again at the end of the program."""
    monkeypatch.setattr(streams, "_Messages", InterruptedMessages)
    monkeypatch.setattr(streams, "_Output", InterruptedOutput)
    reading, writing = pipe
    with open(writing, "w", encoding="utf-8", buffering=1, closefd=False) as former:
        stream = streams._with_file(former, getattr(streams, name))
        with pytest.raises(KeyboardInterrupt):
            print("a line", file=stream)
        stream.flush()
        assert os.read(reading, 100) == f"a line{os.linesep}".encode()

"""Plain input and output: lines in any pieces, and output that nobody reads."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.line.interface import OutputError, PromptState
from trio_chat.client.line.pipe import LineDecoder, PlainInterface
from trio_chat.client.spans import StyledText

_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\ufeff")


@given(st.lists(st.text(_CHARACTERS, max_size=9)), st.integers(1, 5))
def test_lines_in_any_pieces(lines: list[str], size: int) -> None:
    """Lines are the same for any pieces of bytes, and the last needs no line end."""
    data = "\n".join(lines).encode()
    decoder = LineDecoder()
    got = [
        line
        for start in range(0, len(data), size)
        for line in decoder.feed(data[start : start + size])
    ]
    got += decoder.feed(b"")
    assert got == (
        "\n".join(lines).split("\n") if lines and lines[-1] else "\n".join(lines).split("\n")[:-1]
    )


def test_windows_line_ends_and_byte_order_mark() -> None:
    """What PowerShell writes is read without its additions."""
    assert list(LineDecoder().feed(b"\xef\xbb\xbfone\r\ntwo\r\n")) == ["one", "two"]


def test_endless_line_is_cut() -> None:
    """A line without an end does not fill the memory."""
    decoder = LineDecoder()
    cut = [line for _ in range(20) for line in decoder.feed(b"x" * 8192)]
    assert [len(line) for line in cut] == [73728, 73728]


async def test_input_is_read_only_when_there_is_room() -> None:
    """What nobody takes stays in the pipe, and the program can end meanwhile."""
    reading, writing = os.pipe()
    interface = PlainInterface(interactive=False, stdin=reading)
    lines, taken = trio.open_memory_channel[str](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(interface.read_lines, lines)
        os.write(writing, b"one\ntwo\n")
        assert await taken.receive() == "one"
        assert await taken.receive() == "two"
        os.close(writing)
        with pytest.raises(trio.EndOfChannel):
            await taken.receive()
    os.close(reading)


async def test_closed_input_is_its_end() -> None:
    """A program started without standard input has nothing to read."""
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    lines, taken = trio.open_memory_channel[str](0)
    await PlainInterface(interactive=False, stdin=reading).read_lines(lines)
    with pytest.raises(trio.EndOfChannel):
        await taken.receive()


async def test_output_that_nobody_reads() -> None:
    """A closed reader raises BrokenPipeError."""
    reading, writing = os.pipe()
    interface = PlainInterface(interactive=False, stdout=writing)
    await interface.write(
        [(StyledText("[INFO] ", "info"), StyledText("привет"))], PromptState("> ")
    )
    assert os.read(reading, 100).decode().splitlines() == ["[INFO] привет"]
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        await interface.write([(StyledText("x"),)], PromptState("> "))
    os.close(writing)


@pytest.fixture
def full() -> Iterator[int]:
    """Return a file descriptor that takes nothing, as on a full disk."""
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
async def test_output_that_cannot_be_written(full: int) -> None:
    """A full disk raises an error of its own, which the program reports in one line."""
    interface = PlainInterface(interactive=False, stdout=full)
    with pytest.raises(OutputError, match="No space left"):
        await interface.write([(StyledText("x"),)], PromptState("> "))

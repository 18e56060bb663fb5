"""The keyboard: bytes in any pieces give the same keys as bytes that arrive at once."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urwid import str_util

from trio_chat.client.screen import tty


class Alarms:
    """An event loop of which only the alarms are used; they ring when the test says so."""

    def __init__(self) -> None:
        self.set: list[tuple[float, Callable[[], None]]] = []

    def alarm(
        self, seconds: float, callback: Callable[[], None]
    ) -> tuple[float, Callable[[], None]]:
        """Set one."""
        self.set.append((seconds, callback))
        return self.set[-1]

    def remove_alarm(self, handle: tuple[float, Callable[[], None]]) -> bool:
        """Remove one."""
        self.set.remove(handle)
        return True

    def wait(self, seconds: float) -> None:
        """Let the alarms ring that are due by then."""
        for handle in [handle for handle in self.set if handle[0] <= seconds]:
            self.set.remove(handle)
            handle[1]()


class Keyboard:
    """The bytes of a terminal, and a controller without servers that takes the keys."""

    def __init__(self) -> None:
        str_util.set_byte_encoding("utf8")
        self.screen = tty.TerminalScreen(input=io.StringIO(), output=io.StringIO())
        self.alarms = Alarms()
        self.keys: list[str] = []

    def feed(self, data: bytes) -> None:
        """Read some bytes."""
        codes = [*self.screen._partial_codes, *data]
        self.screen._partial_codes = []
        self.screen.parse_input(self.alarms, self._take, codes)

    def _take(self, keys: list[Any], raw: list[int]) -> None:
        self.keys += keys


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    """Return a keyboard; the time stands still."""
    monkeypatch.setattr("trio_chat.client.screen.tty.clock.monotonic", lambda: 0.0)
    return Keyboard()


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ("я".encode(), ["я"]),
        ("東".encode(), ["東"]),
        ("😀".encode(), ["😀"]),
        (b"\x1b[A", ["up"]),
        (b"\x1b[1;2A", ["shift up"]),
        (b"\x1b[5~", ["page up"]),
        (b"\x1bOP", ["f1"]),
        (b"\x1b[200~", ["begin paste"]),
    ],
)
def test_what_arrives_in_two_reads_is_one_key(
    data: bytes, keys: list[str], keyboard: Keyboard
) -> None:
    """Three tenths of a second apart, wherever it is cut."""
    for cut in range(1, len(data)):
        keyboard.keys = []
        keyboard.screen.esc_matters = lambda: False
        keyboard.feed(data[:cut])
        keyboard.alarms.wait(0.3)
        keyboard.feed(data[cut:])
        assert keyboard.keys == keys


def test_a_sequence_behind_an_esc_that_counted_already_is_no_text(keyboard: Keyboard) -> None:
    """Esc closes a page at once; the rest of a sequence that comes later is a key all the same."""
    keyboard.feed(b"\x1b")
    keyboard.alarms.wait(0.2)
    keyboard.feed(b"[5~")
    assert keyboard.keys == ["esc", "page up"]


@pytest.mark.parametrize(
    ("text", "keys"), [("Ok", ["O", "k"]), ("[x", ["[", "x"]), ("msg", ["m", "s", "g"])]
)
def test_what_is_typed_behind_esc_is_text(text: str, keys: list[str], keyboard: Keyboard) -> None:
    """Each sign by itself, as a person types."""
    keyboard.feed(b"\x1b")
    keyboard.alarms.wait(0.2)
    for sign in text:
        keyboard.feed(sign.encode())
        keyboard.alarms.wait(2)
    assert [each for key in keyboard.keys for each in key.replace("meta ", "esc ").split()] in (
        ["esc", *keys],
        ["esc", "esc", *keys],  # Esc, and what a terminal sends for Alt-[
    )


@pytest.mark.parametrize("half", [b"\xd1", b"\xf0\x9f", b"\x1b[1;", b"\x1b[20"])
def test_half_of_something_is_dropped(half: bytes, keyboard: Keyboard) -> None:
    """What never gets its rest is not typed, and what comes later is not touched."""
    keyboard.feed(half)
    keyboard.alarms.wait(10)
    keyboard.feed(b"a")
    assert keyboard.keys == ["a"]


PIECES = st.sampled_from(
    [
        *(
            sign.encode()
            for sign in ("a", "/msg bob x", "я", "東", "😀", "\r", "\t", "\x03", "\x7f", "[", "O")
        ),
        *(
            b"\x1b" + rest
            for rest in (
                b"[A",
                b"[D",
                b"[1;2A",
                b"[5~",
                b"OP",
                b"k",
                b"/",
                b"1",
                b"r",
                b"[200~a\x1b\tb\r\n\x1b[201~",
                b"\r",
            )
        ),
    ]
)


@given(st.lists(PIECES, max_size=20), st.data())
def test_chunks_make_no_difference(pieces: list[bytes], data: st.DataObject) -> None:
    """The keys are the same for any pieces of bytes."""
    whole, cut = Keyboard(), Keyboard()
    everything = b"".join(pieces)
    whole.feed(everything)
    rest = everything
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        cut.feed(rest[:size])
        rest = rest[size:]
    for keyboard in (whole, cut):
        keyboard.alarms.wait(10)
    assert whole.keys == cut.keys

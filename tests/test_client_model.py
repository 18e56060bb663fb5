"""The model of the full-screen client, and the pure functions around it."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat import i18n
from trio_chat.client.link.password_command import PasswordCommand
from trio_chat.client.model import emoji_names, fuzzy
from trio_chat.client.model.buffer import MOST_ENTRIES, Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry, EntryKind, time_of
from trio_chat.client.model.formatting import pieces
from trio_chat.client.model.highlights import is_mention
from trio_chat.client.screen.notify import sequence
from trio_chat.client.screen.themes import resolve
from trio_chat.client.session.features import Features
from trio_chat.client.session.split import pieces as parts
from trio_chat.irc.text import escape_controls


def said(text: str, time: float = 0.0, msgid: str = "") -> BufferEntry:
    """Return a message."""
    return BufferEntry(EntryKind.MESSAGE, time, "bob", text, msgid)


@given(st.text())
def test_no_piece_can_move_a_cursor(text: str) -> None:
    """Displayed text has no control characters and changes no direction."""
    for piece, _style in pieces(text):
        assert escape_controls(piece) == piece


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(4, 50))
def test_parts_of_a_line_make_it_again(text: str, room: int) -> None:
    """draft/multiline-concat: nothing is lost between two parts, and each of them fits."""
    found = parts(text, room)
    assert "".join(found) == text
    assert all(len(part.encode()) <= room for part in found)


def test_numbers_of_entries_do_not_change() -> None:
    """What is added at either end moves nothing."""
    buffer = Buffer("#a", BufferKind.CHANNEL)
    number = buffer.append(said("here", msgid="x"))
    buffer.prepend([said("older"), said("old")])
    buffer.append(said("new"))
    assert buffer[number].text == "here"
    assert buffer.find("x") == number
    assert (buffer[buffer.first].text, buffer[buffer.end - 1].text) == ("older", "new")
    with pytest.raises(IndexError):
        buffer[buffer.end]


def test_a_buffer_is_bounded() -> None:
    """The oldest entries go when there are too many."""
    buffer = Buffer("#a", BufferKind.CHANNEL)
    for number in range(MOST_ENTRIES + 10):
        buffer.append(said(str(number)))
    assert len(buffer) <= MOST_ENTRIES
    assert buffer[buffer.end - 1].text == str(MOST_ENTRIES + 9)


@pytest.mark.parametrize(
    ("text", "is_about_us"),
    [
        ("ann: hi", True),
        ("hi ANN!", True),
        ("annual", False),
        ("joann", False),
        ("\x02ann\x02", True),
        ("c++ is", True),
        ("", False),
    ],
)
def test_mentions_are_whole_words(text: str, is_about_us: bool) -> None:
    """Our nickname in any case, and the highlighted words."""
    assert is_mention(text, "ann", ("c++",)) is is_about_us


def test_the_nearest_name_is_found_first() -> None:
    """What begins so, then what has it in one piece, then what has its letters in this order."""
    names = ["#xpython", "#python", "#p-y-t", "#other"]
    assert fuzzy.best("pyt", names, str) == ["#python", "#xpython", "#p-y-t"]


@pytest.mark.parametrize(
    ("modes", "changes"),
    [
        ("+o bob", [("bob", "@", True)]),
        ("+b-v *!*@x bob", [("bob", "+", False)]),
        ("+lo 5 bob", [("bob", "@", True)]),
        ("-lo bob", [("bob", "@", False)]),
        ("+ov bob", [("bob", "@", True)]),
        ("+nt", []),
    ],
)
def test_ranks_in_modes(modes: str, changes: list[tuple[str, str, bool]]) -> None:
    """PREFIX and CHANMODES of RPL_ISUPPORT say which letters take a parameter."""
    features = Features()
    features.read(["PREFIX=(ov)@+", "CHANMODES=b,k,l,nt"])
    assert features.rank_changes(modes.split()) == changes


@pytest.mark.parametrize(
    ("terminal", "begin"),
    [
        ({"TERM": "xterm"}, "\a\x1b]9;"),
        ({"TERM": "xterm", "VTE_VERSION": "1"}, "\a\x1b]777;notify;"),
        ({"TERM": "linux"}, "\a"),
    ],
)
def test_a_notification_says_nothing_to_the_terminal_itself(
    terminal: dict[str, str], begin: str
) -> None:
    """What others wrote ends no sequence and begins none."""
    written = sequence("desktop", "b\x1bob", "4;\x07\x1b\\x\nend", terminal)
    assert written.startswith(begin)
    assert "\x1b" not in written[len(begin) :].removesuffix("\x1b\\")
    assert "\a" not in written[1:]


@pytest.mark.parametrize(
    ("name", "environment", "theme"),
    [
        ("auto", {}, "dark"),
        ("auto", {"COLORFGBG": "0;15"}, "light"),
        ("auto", {"COLORFGBG": "15;0"}, "dark"),
        ("light", {}, "light"),
        ("light", {"NO_COLOR": "1"}, "mono"),
    ],
)
def test_themes(name: str, environment: dict[str, str], theme: str) -> None:
    """What the user says counts, but for NO_COLOR; otherwise what the terminal says of its
    background.
    """
    assert resolve(name, environment) == theme


@pytest.mark.parametrize("text", ["", "?", "yesterday", "9999999-01-01T00:00:00Z"])
def test_a_time_that_is_none(text: str) -> None:
    """An invalid time counts as now."""
    assert time_of(text, 5.0) == 5.0


async def test_a_password_from_a_program() -> None:
    """Its first line counts; a program that fails, or is not there, gives none."""
    python = f'"{sys.executable}" -c'
    found = await PasswordCommand(f"{python} \"print('s3cret'); print('more')\"", "ann").load(
        "nick"
    )
    assert found is not None
    assert (found.account, found.password) == ("ann", "s3cret")
    assert await PasswordCommand(f'{python} "raise SystemExit(1)"', "").load("nick") is None
    assert await PasswordCommand("there-is-no-such-program", "").load("nick") is None
    assert await PasswordCommand('"half', "").load("nick") is None


# Emoji by their names


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        (":thumb", "👍"),
        (":thumbsdown", "👎"),
        (":+1", "👍"),
        (":heart", "❤️"),
        (":HEART:", "❤️"),
        (":up", "🆙"),
        (":up_arr", "⬆️"),
        (":100", "💯"),
    ],
)
def test_the_best_emoji_of_a_name(word: str, sign: str) -> None:
    """The exact name comes first, then what begins so, plain ones before those with a skin tone."""
    assert emoji_names.named(word)[0] == sign


@pytest.mark.parametrize(
    "word", [":", ":D", ":)", ":-(", "::", ":a b", ":nothing_is_called_so", "thumb"]
)
def test_what_is_no_name_of_an_emoji(word: str) -> None:
    """Smileys stay what they are."""
    assert emoji_names.named(word) == []


def test_names_of_emoji_in_the_users_language() -> None:
    """Beside the English ones."""
    i18n.install("ru")
    emoji_names._names.cache_clear()
    try:
        assert emoji_names.named(":большой_палец")[0] == "👍"
        assert emoji_names.named(":thumb")[0] == "👍"
    finally:
        i18n.install("en")
        emoji_names._names.cache_clear()

"""Splitting of a long text into messages that fit."""

from hypothesis import given
from hypothesis import strategies as st

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.split import room_for_text, split


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1),
    st.integers(16, 60),
)
def test_split_keeps_everything_and_fits(text: str, room: int) -> None:
    """Every part fits and is not empty; apart from spaces where it was cut, nothing is added or
    lost.
    """
    parts = split(text, room)
    assert all(part and len(part.encode()) <= room for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.text("abcж😀", min_size=1, max_size=4), min_size=1, max_size=60))
def test_split_between_words(words: list[str]) -> None:
    """No word that fits into a part is cut."""
    assert " ".join(split(" ".join(words), 16)).split() == words


def test_no_emoji_is_cut() -> None:
    """Each part would show another sign."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert {part.replace(family, "") for part in split(family * 10, 50)} == {""}


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30),
    st.sampled_from(MessageKind),
)
def test_relayed_line_is_at_most_512_bytes(target: str, kind: MessageKind) -> None:
    """RFC 2812 §2.3: a message is at most 512 characters with CR LF, our `:nick!user@host `
    included.
    """
    source = "alice!~alice@host.example"
    (part, *_rest) = split("ж" * 1000, room_for_text(source, target, kind))
    body = f"\x01ACTION {part}\x01" if kind is MessageKind.ACTION else part
    command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
    line = f":{source} {command} {target} :{body}\r\n".encode()
    assert 510 <= len(line) <= 512

"""The written form of entries."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.cluster import codec
from trio_chat.cluster.entries import (
    Begun,
    Decided,
    Ended,
    Entry,
    Item,
    Lost,
    Registered,
    Reported,
    Said,
)

numbers = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
st.register_type_strategy(int, numbers)
st.register_type_strategy(str, texts)
st.register_type_strategy(float, st.floats(allow_nan=False))

changes = st.one_of(*(st.from_type(kind) for kind in codec.CHANGES.values()))
items = st.one_of(
    *(st.from_type(kind) for kind in (Begun, Registered, Said, Ended, Lost, Reported)),
    st.builds(Decided, changes, st.lists(st.tuples(texts, numbers), max_size=2).map(tuple)),
)
entries = st.builds(
    Entry, texts, numbers, numbers, st.lists(items, max_size=4).map(tuple[Item, ...])
)


@given(entries)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    """With every kind of item, and every kind of change."""
    assert codec.decode(codec.encode(entry)) == entry


@given(st.binary(max_size=200))
def test_other_bytes_are_no_entry(data: bytes) -> None:
    """They are refused with one exception."""
    with pytest.raises(codec.BadEntry):
        codec.decode(data)


@given(entries, st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_entry_is_another_one_or_none(entry: Entry, place: int, byte: int) -> None:
    """It never raises something else."""
    data = bytearray(codec.encode(entry))
    data[place % len(data)] = byte
    with contextlib.suppress(codec.BadEntry):
        codec.decode(bytes(data))


def test_a_message_is_small() -> None:
    """An entry of one message has the bytes of its line, and some more."""
    line = b"PRIVMSG #channel :" + b"x" * 60
    entry = Entry("node-1", 1_790_000_000_000, 12_345, (Said(17, 0xFFFF, (line,)),))
    assert len(codec.encode(entry)) < len(line) + 40

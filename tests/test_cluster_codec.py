"""The written form of entries."""

import contextlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_simulation import make_world
from support import NOON
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
from trio_chat.cluster.machine import Machine
from trio_chat.server.cluster.explanations import explained
from trio_chat.server.cluster.log import LogBroken

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


def written(*item: object) -> bytes:
    """Return an entry with an item as it is written."""
    return msgspec.msgpack.encode(("node", 1, 1, [list(item)]))


@pytest.mark.parametrize(
    "item", [(99, 1), (2, 1, 0, [b"PING"], "added"), (4, "AddedLater", {}, [])]
)
def test_what_a_later_release_has_added_is_not_skipped(item: tuple[object, ...]) -> None:
    """A kind of item, a field, and a kind of change: the node would go on with another state."""
    with pytest.raises(codec.LaterEntry):
        codec.decode(written(*item))


def test_a_node_of_a_later_release_may_begin() -> None:
    """What it says of itself more than an earlier release knows is ignored."""
    assert codec.decode(written(0, "rules", 7, "added")).items == (Begun("rules", 7),)


def test_another_item_with_fields_like_those_of_a_line_is_no_line() -> None:
    """The number of the kind decides what an item is."""
    line = codec.encode(Entry("node", 1, 1, (Said(7, 0, (b"x",)),)))
    said = codec.ITEMS.index(Said)
    assert written(said, 7, 0, (b"x",)) == line
    for number in range(len(codec.ITEMS) + 1):
        if number != said:
            with pytest.raises(codec.BadEntry):
                codec.decode(written(number, 7, 0, (b"x",)))


def test_an_item_of_an_earlier_release_has_the_defaults() -> None:
    """Its last fields are missing; others may not be."""
    assert codec.decode(written(0, "rules")).items == (Begun("rules"),)
    with pytest.raises(codec.BadEntry):
        codec.decode(written(0))


def test_deeply_nested_bytes_are_no_entry() -> None:
    """They exhaust no stack, as the whole, and where an item has any value."""
    for data in (b"\x91" * 100_000, b"\x94\xa1a\x01\x01\x91" + b"\x91" * 100_000):
        with pytest.raises(codec.BadEntry):
            codec.decode(data)


@given(entries, st.data())
def test_a_truncated_entry_is_none(entry: Entry, data: st.DataObject) -> None:
    """Wherever it ends; nothing of it is carried out."""
    written_entry = codec.encode(entry)
    end = data.draw(st.integers(0, len(written_entry) - 1))
    with pytest.raises(codec.BadEntry):
        codec.decode(written_entry[:end])


@given(entries, st.binary(min_size=1, max_size=20))
def test_an_entry_with_something_after_it_is_none(entry: Entry, rest: bytes) -> None:
    """What would be skipped may be what matters."""
    with pytest.raises(codec.BadEntry):
        codec.decode(codec.encode(entry) + rest)


@given(entries, st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_entry_is_carried_out_or_stops_the_node(
    entry: Entry, place: int, byte: int
) -> None:
    """With a sentence, and never with another exception."""
    data = bytearray(codec.encode(entry))
    data[place % len(data)] = byte
    machine = Machine(make_world)
    with contextlib.suppress(LogBroken), explained("1-0"):
        begun = Entry(entry.node, entry.epoch, 1, (Begun(""),))
        machine.apply(codec.decode(codec.encode(begun)), NOON, ("own", 1))
        found = codec.decode(bytes(data))
        machine.apply(replace(found, node=entry.node, sequence=2), NOON, ("own", 1))

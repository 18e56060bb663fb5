"""The polls of a buffer are found by their msgids, however many entries came since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client.model import buffer as buffer_module
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry, EntryKind, Extras
from trio_chat.client.model.polls import shown_poll
from trio_chat.client.polls import is_result

ASKED = "📊 Lunch?  1️⃣ pizza  2️⃣ sushi"


def said(text: str, msgid: str = "", reply_to: str = "", sender: str = "bob") -> BufferEntry:
    """Return an entry."""
    extras = Extras(reply_to=reply_to) if reply_to else None
    return BufferEntry(EntryKind.MESSAGE, 0.0, sender, text, msgid, extras=extras)


def closing(count: int, msgid: str, reply_to: str, sender: str = "bob") -> BufferEntry:
    """Return an answer that closes a poll."""
    return said(f"🏁 Lunch?  1️⃣ pizza — 0  2️⃣ sushi — {count}", msgid, reply_to, sender)


def test_a_vote_in_an_old_poll_is_counted() -> None:
    """Also where a reaction to another message would wait for it."""
    buffer = Buffer("#a", BufferKind.CHANNEL)
    poll = said(ASKED, "p")
    buffer.append(poll)
    for _ in range(2500):
        buffer.append(said("x"))
    buffer.react("p", "ann", "2️⃣", is_taken_back=False)
    shown = shown_poll(buffer, poll)
    assert shown
    assert shown.counts == [0, 1]


def test_a_vote_walks_through_no_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to find the poll, nor to find out whether it is closed."""
    buffer = Buffer("#a", BufferKind.CHANNEL)
    poll = said(ASKED, "p")
    buffer.append(poll)
    buffer.append(said("x"))
    buffer.append(closing(7, "c", "p"))
    monkeypatch.delattr(Buffer, "newest")
    monkeypatch.delattr(Buffer, "find")
    version = poll.version
    buffer.react("p", "ann", "2️⃣", is_taken_back=False)
    shown = shown_poll(buffer, poll)
    assert shown
    assert shown.result == (0, 7)
    assert poll.version > version


answers = st.tuples(
    st.sampled_from(["append", "prepend", "redact"]),
    st.integers(0, 3),
    st.sampled_from(["bob", "ann"]),
    st.booleans(),
)


@given(st.lists(answers, max_size=30))
def test_a_poll_is_closed_by_the_newest_answer(steps: list[tuple[str, int, str, bool]]) -> None:
    """By one that is there, whenever it was loaded, dropped or deleted: the index knows what a walk
    through all entries finds.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffer_module, "MOST_ENTRIES", 12)
        patch.setattr(buffer_module, "_DROPPED_AT_ONCE", 4)
        buffer = Buffer("#a", BufferKind.CHANNEL)
        for count, (step, number, sender, is_poll) in enumerate(steps):
            if step == "redact":
                buffer.redact(f"c{count - number}", "ann")
                continue
            made = [
                said(ASKED, f"p{number}")
                if is_poll and buffer.find(f"p{number}", far=True) is None
                else closing(count, f"c{count}", f"p{number}", sender)
            ]
            if step == "append":
                buffer.append(made[0])
            else:
                buffer.prepend([said("x"), *made])
        for entry in buffer.newest():
            shown = shown_poll(buffer, entry)
            if shown is None:
                continue
            walked = (
                is_result(shown.poll, entry.sender, each.sender, each.text)
                for each in buffer.newest()
                if each.extras and each.extras.reply_to == entry.msgid
            )
            assert shown.result == next(filter(None, walked), None)


def test_what_is_dropped_or_deleted_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls and answers come for years; the index has those of the entries that are there."""
    monkeypatch.setattr(buffer_module, "MOST_ENTRIES", 12)
    monkeypatch.setattr(buffer_module, "_DROPPED_AT_ONCE", 12)
    buffer = Buffer("#a", BufferKind.CHANNEL)
    for number in range(6):
        buffer.append(said(ASKED, f"p{number}"))
        buffer.append(closing(1, f"c{number}", f"p{number}"))
    assert buffer.redact("c3", "bob")
    assert buffer.redact("p5", "bob")
    buffer.append(said("x"))
    assert vars(buffer.polls) == {"_polls": {}, "_answers": {}}
    buffer.append(said(ASKED, "p"))
    buffer.clear()
    assert buffer.polls.poll("p") is None

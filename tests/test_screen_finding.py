"""Local search: Ctrl-F filters what is loaded while one types."""

from trio.testing import MockClock

from screen_fakes import inside
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.buffer_search import BufferSearch
from trio_chat.client.model.entries import BufferEntry, EntryKind, Extras


def said(*texts: str) -> Buffer:
    """Return a buffer in which bob has said that."""
    buffer = Buffer("#x", BufferKind.CHANNEL)
    for text in texts:
        buffer.append(BufferEntry(EntryKind.MESSAGE, 1.0, "bob", text))
    return buffer


def test_all_words_in_any_order_and_case() -> None:
    """Parts of words count, of the nickname as well; codes of colours stand in no word's way."""
    loaded = BufferSearch(said("the \x0304RE\x02D fox", "a red hen", "Ёлка"))
    assert loaded.find("red", 9) == [0, 1]
    assert loaded.find("FOX red", 9) == [0]
    assert loaded.find("bob he", 9) == [0, 1]
    assert loaded.find("елк", 9) == [2]
    assert loaded.find("04", 9) == []
    assert loaded.find(" ", 9) == []


def test_the_newest_are_found_where_there_are_too_many() -> None:
    """They are in the order of the timeline."""
    assert BufferSearch(said("a1", "a2", "a3")).find("a", 2) == [1, 2]


def test_what_is_added_at_either_end_or_dropped_or_deleted_while_one_searches() -> None:
    """Numbers stay with their entries."""
    buffer = said("a0")
    loaded = BufferSearch(buffer)
    assert loaded.find("a", 9) == [0]
    buffer.append(BufferEntry(EntryKind.MESSAGE, 2.0, "bob", "a1"))
    buffer.prepend(
        [
            BufferEntry(EntryKind.MESSAGE, 0.0, "bob", "a-2"),
            BufferEntry(EntryKind.MESSAGE, 0.5, "bob", "a-1"),
        ]
    )
    assert loaded.find("a", 9) == [-2, -1, 0, 1]
    buffer[0].extras = Extras(deleted_by="carol")
    assert loaded.find("a", 9) == [-2, -1, 1]
    buffer.clear()
    assert loaded.find("a", 9) == []
    buffer.append(BufferEntry(EntryKind.MESSAGE, 3.0, "bob", "a2"))
    assert loaded.find("a", 9) == [2]


async def test_ctrl_f_filters_while_one_types_and_enter_goes_there(
    jumping_clock: MockClock,
) -> None:
    """The message is selected in the timeline, and the typed line comes back."""
    messages = [
        f"PRIVMSG #lobby :{'needle' if number == 3 else 'hay'} {number}" for number in range(60)
    ]
    async with inside() as (it, server):
        await server.send(
            *(f"@msgid=m{number} :bob!u@h {line}" for number, line in enumerate(messages))
        )
        await it.sees("hay 59")
        it.screen.type("unfinished")
        it.screen.press("ctrl f", *"hay 5")
        await it.sees("Find: hay 5", "bob: hay 5", "bob: hay 59")
        it.screen.press("backspace", "backspace", "backspace", "backspace", "backspace", *"needle")
        await it.sees("bob: needle 3")
        await it.sees_not("hay")
        it.screen.press("enter")
        await it.sees("bob │ needle 3", "› unfinished")
        assert it.controller.timeline.selected is not None
        assert it.workspace.buffer[it.controller.timeline.selected].text == "needle 3"


async def test_esc_goes_back_to_where_one_was(jumping_clock: MockClock) -> None:
    """With the line that was being typed, also when Ctrl-F or Ctrl-G was pressed again
    meanwhile.
    """
    async with inside() as (it, server):
        await server.send(*(f":bob!u@h PRIVMSG #lobby :hay {number}" for number in range(60)))
        await it.sees("hay 59")
        it.screen.press(*"unfinished", "page up")
        before = await it.sees("hay 21")
        it.screen.press("ctrl f", *"nowhere")
        await it.sees("Nothing was found.")
        it.screen.press("enter", "ctrl g", *"x", "ctrl f", *"y", "esc")
        assert await it.sees("› unfinished") == before


async def test_a_search_goes_on_in_the_window_that_comes_up(jumping_clock: MockClock) -> None:
    """What is typed stays a search: it must not end up in the prompt of another channel."""
    async with inside() as (it, server):
        it.screen.press(*"mine", "ctrl f", *"hello")
        await server.send(":alice!u@h JOIN #other", ":srv.test 366 alice #other :End")
        await server.play_back(kind="chathistory #other")
        await server.send(":carol!u@h PRIVMSG #other :hello there")
        await it.sees("#other")
        it.screen.press("ctrl n")
        await it.sees("Find: hello", "carol: hello there")
        it.screen.press("esc")
        await it.sees_not("Find:")
        assert it.controller.prompt.edit_text == ""
        it.screen.press("ctrl p")
        await it.sees("› mine")

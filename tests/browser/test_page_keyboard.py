"""The page with nothing but the keyboard."""

from collections.abc import Callable

import pytest
from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


@pytest.fixture
def ann(visit: Visit, server: Server) -> Visitor:
    """Return a user that has joined by the keyboard: the field has the focus at once."""
    visitor = visit()
    visitor.open()
    expect(visitor.page.get_by_role("textbox", name="Nickname")).to_be_focused()
    visitor.page.keyboard.type("ann")
    visitor.page.keyboard.press("Enter")
    expect(visitor.prompt).to_be_focused()
    return visitor


def test_a_user_joins_and_talks(ann: Visitor) -> None:
    """The prompt has the focus, and Enter sends."""
    ann.page.keyboard.type("no mouse needed")
    ann.page.keyboard.press("Enter")
    ann.sees("no mouse needed")
    expect(ann.prompt).to_be_focused()


def test_a_channel_is_joined_by_its_name(ann: Visitor) -> None:
    """Ctrl+K, the name, Enter."""
    ann.page.keyboard.press("Control+k")
    expect(ann.page.get_by_role("combobox")).to_be_focused()
    ann.page.keyboard.type("#garden")
    expect(ann.page.get_by_role("option", selected=True)).to_contain_text("#garden")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", name="#garden")).to_be_visible()
    expect(ann.prompt).to_be_focused()
    ann.page.keyboard.press("Alt+ArrowDown")
    expect(ann.page.get_by_role("heading", name="#lobby")).to_be_visible()


def test_a_message_is_answered_and_reacted_to(ann: Visitor, server: Server) -> None:
    """Shift+Up selects a message, R answers it, and E opens the picker of reactions."""
    boris = server.irc("boris", "#lobby")
    boris.send("PRIVMSG #lobby :who has the key?")
    ann.sees("who has the key?")
    ann.page.keyboard.press("Shift+ArrowUp")
    expect(ann.messages.filter(has_text="who has the key?")).to_be_focused()
    ann.page.keyboard.press("r")
    expect(ann.prompt).to_be_focused()
    ann.page.keyboard.type("me")
    ann.page.keyboard.press("Enter")
    assert "+draft/reply=" in boris.until(":me")
    ann.page.keyboard.press("Shift+ArrowUp")
    ann.page.keyboard.press("e")
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.page.keyboard.type("thumbs up")
    ann.page.keyboard.press("Enter")
    assert "+draft/react=👍" in boris.until("TAGMSG")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)


def test_the_keys_are_listed(ann: Visitor) -> None:
    """`?` outside of the prompt shows them, and Escape closes the list."""
    ann.page.keyboard.press("Shift+ArrowUp")
    ann.timeline.focus()
    ann.page.keyboard.press("?")
    expect(ann.page.get_by_role("dialog")).to_contain_text("Ctrl+K")
    ann.page.keyboard.press("Escape")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)


def test_nicknames_and_commands_are_completed(ann: Visitor, server: Server) -> None:
    """Tab completes what is being typed."""
    boris = server.irc("boris", "#lobby")
    boris.send("PRIVMSG #lobby :here")
    ann.sees("here")
    ann.page.keyboard.type("bor")
    ann.page.keyboard.press("Tab")
    ann.page.keyboard.type("good morning")
    ann.page.keyboard.press("Enter")
    boris.until("boris: good morning")
    ann.page.keyboard.type("/topi")
    ann.page.keyboard.press("Tab")
    ann.page.keyboard.type("Tea at four")
    ann.page.keyboard.press("Enter")
    boris.until("Tea at four")


def test_a_name_that_is_typed_in_full_is_sent_at_once(ann: Visitor, server: Server) -> None:
    """Enter does not first accept a suggestion that is there already."""
    boris = server.irc("boris", "#lobby")
    ann.page.keyboard.type("see #lobby")
    expect(ann.page.get_by_role("option")).to_have_count(1)
    ann.page.keyboard.press("Enter")
    boris.until(":see #lobby")
    ann.page.keyboard.type("hello @boris")
    expect(ann.page.get_by_role("option")).to_have_count(1)
    ann.page.keyboard.press("Enter")
    boris.until(":hello @boris")


def test_escape_closes_a_search_with_a_text_in_its_field(ann: Visitor) -> None:
    """The focus is then where it was."""
    ann.page.keyboard.press("Control+k")
    expect(ann.page.get_by_role("combobox")).to_be_focused()
    ann.page.keyboard.type("lob")
    ann.page.keyboard.press("Escape")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    expect(ann.prompt).to_be_focused()


def test_the_focus_is_always_visible(ann: Visitor) -> None:
    """Each element that Tab reaches is outlined, and lies within the window (WCAG 2.4.7)."""
    seen = set()
    for _ in range(40):
        ann.page.keyboard.press("Tab")
        state = ann.page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return null;
                const { outlineStyle, boxShadow, borderColor } = getComputedStyle(element);
                const { x, y, width, height } = element.getBoundingClientRect();
                return {
                    name: element.getAttribute("aria-label") ?? element.textContent,
                    outlined: outlineStyle !== "none" || boxShadow !== "none" ||
                        element.matches("textarea,input"),
                    inside: x + width > 0 && y + height > 0 && x < innerWidth && y < innerHeight,
                };
            }"""
        )
        if state is None or state["name"] in seen:
            continue
        seen.add(state["name"])
        assert state["outlined"], state
        assert state["inside"], state
    assert len(seen) > 5

"""The focus of a user with a keyboard when what had it is gone: it is never lost (WCAG 2.4.3)."""

import re
from collections.abc import Callable

import pytest
from harness import Server, Visitor
from playwright.sync_api import Locator, expect

Visit = Callable[..., Visitor]


@pytest.fixture
def ann(visit: Visit) -> Visitor:
    """Return a user whose page has loaded what keeps the focus."""
    visitor = visit()
    with visitor.page.expect_response("**/focus_keeper*.js"):
        visitor.join("ann")
    return visitor


def _press(button: Locator, key: str = "Enter") -> None:
    """Press a button as somebody does that has come there by Tab."""
    button.page.keyboard.press("Shift")
    button.focus()
    button.page.keyboard.press(key)


def test_a_poll_that_is_closed_leaves_the_focus_on_its_message(ann: Visitor) -> None:
    """The button is gone with the answer of the server, and not when it is pressed."""
    ann.say("/poll Lunch? pizza | soup")
    _press(ann.page.get_by_role("button", name="Close the poll"))
    expect(ann.page.get_by_text("This poll is closed.")).to_be_visible()
    expect(ann.messages.filter(has=ann.page.get_by_text("This poll is closed."))).to_be_focused()
    ann.page.keyboard.press("ArrowUp")
    ann.page.keyboard.press("Escape")
    expect(ann.prompt).to_be_focused()


def test_what_somebody_else_closes_leaves_it_there_too(ann: Visitor, server: Server) -> None:
    """The buttons of the options take no keys any longer."""
    boris = server.irc("boris", "#lobby")
    boris.send("PRIVMSG #lobby :📊 Tea?  1️⃣ yes  2️⃣ no")
    _press(ann.page.get_by_role("button", name="yes 0 votes"))
    line = boris.until("TAGMSG")
    msgid = line.split("draft/reply=")[1].split(";")[0].split(" ")[0]
    boris.send(f"@+draft/reply={msgid} PRIVMSG #lobby :🏁 Tea?  1️⃣ yes — 1  2️⃣ no — 0")
    expect(ann.messages.filter(has=ann.page.get_by_text("This poll is closed."))).to_be_focused()


def test_a_reaction_that_is_taken_back(ann: Visitor) -> None:
    """The message has the focus."""
    ann.say("hello")
    ann.page.keyboard.press("Shift+ArrowUp")
    ann.page.keyboard.press("e")
    ann.page.keyboard.type("thumbs up")
    ann.page.keyboard.press("Enter")
    message = ann.messages.filter(has_text="hello")
    expect(message).to_be_focused()
    _press(message.get_by_role("button", name="👍"), "Space")
    expect(message.get_by_role("button", name="👍")).to_have_count(0)
    expect(message).to_be_focused()


def test_what_is_gone_from_the_prompt_gives_it_the_focus(ann: Visitor) -> None:
    """The answer that is not to be one; a note goes with the focus to the prompt, too."""
    ann.say("question")
    ann.page.keyboard.press("Shift+ArrowUp")
    ann.page.keyboard.press("r")
    _press(ann.page.get_by_role("button", name="Do not reply"))
    expect(ann.prompt).to_be_focused()
    ann.page.keyboard.press("Shift+ArrowUp")
    ann.page.keyboard.press("Enter")
    _press(ann.page.get_by_role("button", name="Copy the text"))
    _press(ann.page.locator(".note").last.get_by_role("button", name="Close"))
    expect(ann.page.locator(".note")).to_have_count(0)
    expect(ann.prompt).to_be_focused()


def test_each_dialog_gives_the_focus_back(ann: Visitor) -> None:
    """To the button that has opened it."""
    for name in ("Settings", "Join a channel", "Mentions", "Search", "Emoji", "Channel"):
        button = ann.page.get_by_role("button", name=name, exact=True).last
        _press(button)
        expect(ann.page.get_by_role("dialog")).to_be_visible()
        ann.page.keyboard.press("Escape")
        expect(ann.page.get_by_role("dialog")).to_have_count(0)
        expect(button).to_be_focused()


@pytest.mark.parametrize("closing", ["Escape", "scrim"])
def test_a_drawer_gives_the_focus_back(visit: Visit, closing: str) -> None:
    """On a narrow page, to the button that has opened it; so does a dialog of the drawer."""
    visitor = visit(viewport={"width": 390, "height": 844})
    visitor.join("ann")
    button = visitor.page.get_by_role("button", name=re.compile("^Conversations"))
    _press(button)
    settings = visitor.page.get_by_role("button", name="Settings", exact=True)
    expect(settings).to_be_in_viewport()
    if closing == "Escape":
        visitor.page.keyboard.press("Escape")
    else:
        _press(visitor.page.locator(".scrim"))
    expect(button).to_be_focused()
    _press(button)
    _press(settings)
    expect(visitor.page.get_by_role("dialog")).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(button).to_be_focused()

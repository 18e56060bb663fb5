"""Polls in the page: asked by a form or a command, answered by a click, closed by their author."""

from collections.abc import Callable

from harness import PHONE, Server, Visitor
from hostile_texts import assert_harmless
from playwright.sync_api import Locator, expect
from test_page_accessibility import AXE, violations

Visit = Callable[..., Visitor]


def _poll(visitor: Visitor, question: str) -> Locator:
    return visitor.page.get_by_role("group", name=f"Poll: {question}")


def _option(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("button", name=name)


def test_a_poll_is_asked_answered_and_closed(visit: Visit, server: Server) -> None:
    """All see the counts, also after the page was loaded anew; a changed vote replaces the earlier
    one, and another client sees a readable line and reactions.
    """
    ann, boris = visit(color_scheme="dark"), visit(**PHONE)
    carol = server.irc("carol", "#lobby")
    ann.join("ann")
    boris.join("boris")
    ann.prompt.fill("a draft that stays")
    ann.page.get_by_role("button", name="Channel", exact=True).click()
    ann.page.get_by_role("button", name="Ask a question in a poll").click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog.get_by_role("alert")).to_have_text("A poll needs a question.")
    dialog.get_by_label("Question").fill("Lunch?")
    for number, option in enumerate(("pizza", "<b>sushi</b>", "soup"), 1):
        dialog.get_by_label(f"Option {number}").fill(option)
    if AXE.exists():
        ann.settle()
        assert violations(ann) == []
    dialog.get_by_label("Question").press("Enter")
    expect(_poll(boris, "Lunch?")).to_contain_text("Nobody has voted yet.")
    carol.until("📊 Lunch?  1️⃣ pizza  2️⃣ <b>sushi</b>  3️⃣ soup")
    _option(boris, "pizza 0 votes").tap()
    expect(_option(boris, "pizza 1 vote (boris)")).to_have_attribute("aria-pressed", "true")
    _option(boris, "soup 0 votes").tap()
    expect(_option(ann, "soup 1 vote (boris)")).to_be_visible()
    expect(_option(ann, "pizza 0 votes")).to_be_visible()
    expect(ann.prompt).to_have_value("a draft that stays")
    ann.say("/vote 3")
    expect(_poll(boris, "Lunch?")).to_contain_text("2 have voted")
    assert boris.is_within_the_width()
    if AXE.exists():
        assert violations(ann) == violations(boris) == []
    boris.page.reload()
    expect(_option(boris, "soup 2 votes")).to_have_attribute("aria-pressed", "true")
    ann.page.get_by_role("button", name="Close the poll").click()
    expect(_poll(boris, "Lunch?")).to_contain_text("This poll is closed.")
    expect(_option(boris, "soup 2 votes")).to_be_disabled()
    carol.until("🏁 Lunch?  1️⃣ pizza — 0  2️⃣ <b>sushi</b> — 0  3️⃣ soup — 2")
    assert_harmless(ann)

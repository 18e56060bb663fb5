"""Pinned messages of a channel: the bar below its head, and the dialog with all of them."""

import re
from collections.abc import Callable

from harness import PHONE, Server, Visitor
from hostile_texts import assert_harmless
from playwright.sync_api import Locator, expect
from test_page_accessibility import AXE, violations

Visit = Callable[..., Visitor]

HOSTILE = "<img src=x onerror=ran=1> \x02\x0304\u202epinned\x0f " + "w" * 300


def _pin(ann: Visitor, text: str, choice: str = "Pin") -> None:
    """Choose an item in the menu of the newest message."""
    ann.sees(text)
    ann.prompt.press("Shift+ArrowUp")
    ann.page.keyboard.press("Enter")
    ann.page.get_by_role("button", name=choice, exact=True).click()


def _bar(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("region", name="Pinned messages")


def test_operators_pin_messages_for_all(visit: Visit, server: Server) -> None:
    """The bar appears for members at once, also on a phone, leads to the message, and shows a
    hostile text as text; others have no item in the menu.
    """
    ann, boris = visit(color_scheme="dark"), visit(**PHONE)
    ann.join("ann", "#garden")
    ann.say("the first pin")
    _pin(ann, "the first pin")
    expect(_bar(ann)).to_contain_text("the first pin")
    mallory = server.irc("mallory", "#garden")
    mallory.send(*(f"PRIVMSG #garden :line {number}" for number in range(15)))
    mallory.send(f"PRIVMSG #garden :{HOSTILE}")
    expect(ann.timeline).to_contain_text("<img src=x onerror=ran=1>")
    boris.join("boris", "#garden")
    expect(_bar(boris)).to_contain_text("the first pin")
    assert boris.is_within_the_width()
    ann.say("/quote CS PIN #garden mallory")
    expect(_bar(boris)).to_contain_text("<img src=x onerror=ran=1>")
    if AXE.exists():
        assert violations(ann) == violations(boris) == []
    _bar(boris).get_by_role("button", name=re.compile(r"^\d pinned")).tap()
    dialog = boris.page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Unpin")).to_have_count(0)
    if AXE.exists():
        boris.settle()
        assert violations(boris) == []
    dialog.get_by_role("button", name=re.compile("the first pin")).tap()
    expect(boris.timeline.get_by_text("the first pin")).to_be_in_viewport()
    _bar(ann).get_by_role("button", name=re.compile(r"^\d pinned")).click()
    ann.page.get_by_role("button", name="Unpin").first.click()
    expect(_bar(boris)).to_contain_text("the first pin")
    assert_harmless(ann)

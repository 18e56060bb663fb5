"""Scripts that are written from right to left on the page."""

from collections.abc import Callable

import pytest
from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


@pytest.mark.parametrize(
    "text",
    ["שלום לכולם", "שלום. לכולם", "שלום ann", "> quoted\nשלום"],
    ids=("plain", "stop", "nick", "quote"),
)
def test_a_text_from_right_to_left_begins_at_the_right(
    visit: Visit, server: Server, text: str
) -> None:
    """A full stop, a nickname or a quote in it does not matter."""
    ann = visit()
    ann.join("ann")
    ann.prompt.fill(text)
    ann.prompt.press("Enter")
    message = ann.messages.filter(has_text="שלום")
    expect(message).to_be_visible()
    gap = message.evaluate(
        """(row) => {
            const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
            while (walker.nextNode() && !walker.currentNode.data.includes("ש"));
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            const text = row.querySelector(".text").getBoundingClientRect();
            return Math.abs(text.right - range.getBoundingClientRect().right);
        }"""
    )
    assert gap < 2

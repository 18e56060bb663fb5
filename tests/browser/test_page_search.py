"""The search of the page: what it says about what it has found."""

from collections.abc import Callable

import pytest
from harness import Server, Visitor
from playwright.sync_api import Locator, expect

Visit = Callable[..., Visitor]


@pytest.fixture
def ann(server: Server, visit: Visit) -> Visitor:
    """Return a user in the lobby, with whom somebody has talked."""
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :apple {number}" for number in range(60)))
    boris.send(f"PRIVMSG #lobby :{'a long story, and ' * 10}then came a wolf")
    boris.sync()
    ann = visit()
    ann.join("ann")
    ann.page.get_by_role("button", name="Search", exact=True).click()
    return ann


def search(ann: Visitor, words: str) -> Locator:
    """Search for words, and return the dialog."""
    ann.page.get_by_role("searchbox").fill(words)
    ann.page.get_by_role("searchbox").press("Enter")
    return ann.page.get_by_role("dialog")


def test_a_result_shows_the_word_far_behind_the_beginning(ann: Visitor) -> None:
    """It shows a few lines of a message, those in which the word is."""
    found = search(ann, "wolf").get_by_role("button").filter(has_text="boris")
    expect(found.locator("mark")).to_have_text("wolf")
    expect(found).to_contain_text("… story, and a long story, and then came a wolf")


def test_what_is_not_shown_is_told(ann: Visitor) -> None:
    """The server finds the newest messages, and what it cannot find at all is explained."""
    expect(search(ann, "apple")).to_contain_text("Only the newest 50 messages are shown.")
    expect(search(ann, ":)")).to_contain_text("There is no word to search for")

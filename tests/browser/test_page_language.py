"""The page in Russian."""

import re
from collections.abc import Callable

import pytest
from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


def test_a_russian_browser_gets_a_russian_page(visit: Visit, server: Server) -> None:
    """All texts of the page are translated, from the first visit on."""
    anna = visit(locale="ru-RU")
    anna.open()
    field = anna.page.get_by_role("textbox").first
    expect(field).to_be_visible()
    expect(anna.page.locator("html")).to_have_attribute("lang", "ru")
    field.fill("анна")
    field.press("Enter")
    expect(anna.page.get_by_role("log")).to_be_visible()
    anna.page.keyboard.type("привет")
    anna.page.keyboard.press("Enter")
    anna.sees("привет")
    labels = anna.page.evaluate(
        """() => [...document.querySelectorAll("[aria-label],button,h2,h3,label,[placeholder]")]
            .flatMap((element) => [
                element.getAttribute("aria-label"),
                element.getAttribute("placeholder"),
                element.closest("[role=log]") ? "" : element.innerText,
            ]).filter(Boolean)"""
    )
    names = {"#lobby", "trio-chat", "lobby", "NickServ", "ChanServ"}
    english = [
        label
        for label in labels
        if re.search("[a-z]{3}", label)
        and not re.search("[а-я]", label.lower())
        and label.strip() not in names
    ]
    assert english == []


def test_the_language_can_be_chosen(visit: Visit, server: Server) -> None:
    """At once, without loading the page again, and it is kept."""
    ann = visit()
    # The page is loaded again while its connection may be opening.
    ann.expect_errors("WebSocket connection to .* failed")
    ann.join("ann")
    ann.page.get_by_role("button", name="Settings").click()
    ann.page.get_by_role("combobox", name="Language").select_option("ru")
    expect(ann.page.get_by_role("dialog")).to_contain_text("Язык")
    expect(ann.page.locator("html")).to_have_attribute("lang", "ru")
    ann.page.reload()
    expect(ann.page.locator("html")).to_have_attribute("lang", "ru")


@pytest.mark.parametrize(
    ("locale", "pattern"),
    [("en-GB", r"^\d\d:\d\d$"), ("en-US", r"^\d?\d:\d\d\s[AP]M$"), ("de-DE", r"^\d\d:\d\d$")],
)
def test_times_are_those_of_the_locale(
    visit: Visit, server: Server, locale: str, pattern: str
) -> None:
    """They have AM and PM only where people expect them, and the full date as their title."""
    ann = visit(locale=locale)
    ann.join("ann")
    ann.say("what time is it?")
    time = ann.messages.filter(has_text="what time is it?").locator("time").first
    expect(time).to_have_text(re.compile(pattern))
    expect(time).to_have_attribute("title", re.compile(r"day,.* \d{4}"))

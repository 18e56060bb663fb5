"""Messages that are sent later, and reminders, in the page."""

import re
from collections.abc import Callable

from harness import PHONE, Server, Visitor
from playwright.sync_api import Locator, expect
from test_page_accessibility import AXE, violations

Visit = Callable[..., Visitor]


def _check(visitor: Visitor) -> None:
    if AXE.exists():
        visitor.settle()
        assert violations(visitor) == []


def _dialog(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("dialog", name=name, exact=True)


def test_a_message_is_sent_later(visit: Visit, server: Server) -> None:
    """From the prompt, by the keyboard alone; it is listed, moved and cancelled. Without an account
    one learns what to do, and what was typed stays.
    """
    ann = visit(timezone_id="Europe/Berlin", color_scheme="dark")
    ann.join("ann")
    page = ann.page
    expect(page.get_by_role("button", name="Send later")).to_have_count(0)
    ann.prompt.fill("good morning")
    page.get_by_role("button", name="Send later").click()
    dialog = _dialog(ann, "Send later")
    expect(dialog).to_contain_text("Log in, or register your nickname")
    _check(ann)
    page.keyboard.press("Escape")
    ann.say("/register horse-battery")
    expect(ann.timeline).to_contain_text("is yours now")
    ann.prompt.fill("good morning")
    ann.prompt.press("Tab")
    page.get_by_role("button", name="Send later").press("Enter")
    expect(dialog).to_contain_text("0 of at most 50 messages wait")
    _check(ann)
    dialog.get_by_role("button", name="Schedule").press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("Choose a day and a time.")
    dialog.get_by_label("Day and time").fill("2020-01-01T09:00")
    dialog.get_by_role("button", name="Schedule").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("This time is over")
    dialog.get_by_role("button", name=re.compile("^Tomorrow")).press("Enter")
    expect(dialog.get_by_text("09:00 (Europe/Berlin)")).to_be_visible()
    dialog.get_by_role("button", name="Schedule").press("Enter")
    expect(dialog).to_have_count(0)
    expect(ann.prompt).to_have_value("")
    ann.say("/at")
    expect(ann.timeline).to_contain_text("1 of at most 50 messages wait to be sent.")
    ann.say("/remind 2h tea")
    expect(ann.timeline).to_contain_text("2: you will be reminded.")
    _changes(ann)


def _changes(ann: Visitor) -> None:
    """Move a message and cancel another one."""
    ann.page.get_by_role("button", name=re.compile("^ann Logged in")).click()
    ann.page.get_by_role("button", name="Scheduled messages").click()
    dialog = _dialog(ann, "Scheduled messages")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    dialog.get_by_role("button", name=re.compile("^Change the time: .*#lobby")).click()
    moving = _dialog(ann, "Change the time")
    expect(moving).to_contain_text("good morning")
    moving.get_by_label("Day and time").fill("2020-01-01T09:00")
    moving.get_by_role("button", name="Change the time").click()
    expect(moving.get_by_role("alert")).to_contain_text("This time is over")
    moving.get_by_role("button", name="In 20 minutes").click()
    moving.get_by_role("button", name="Change the time").click()
    expect(dialog.get_by_role("listitem").first).to_contain_text("good morning")
    _check(ann)
    dialog.get_by_role("button", name=re.compile("^Cancel: .*reminder")).click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    expect(dialog.get_by_text("1 of at most 50 messages wait")).to_be_focused()


def test_one_is_reminded_of_a_message(visit: Visit, server: Server) -> None:
    """From its menu, on a phone, with a hostile text; the reminder arrives."""
    phone = visit(**PHONE)
    phone.join("ann", "#garden")
    phone.say("/register horse-battery")
    expect(phone.timeline).to_contain_text("is yours now")
    mallory = server.irc("mallory", "#garden")
    mallory.send("PRIVMSG #garden :<img src=x onerror=ran=1> water the plants " + "w" * 300)
    expect(phone.timeline).to_contain_text("water the plants")
    phone.prompt.press("Shift+ArrowUp")
    phone.page.keyboard.press("Enter")
    phone.page.get_by_role("button", name="Remind me of it").tap()
    dialog = _dialog(phone, "Remind me")
    expect(dialog.get_by_label("What to remind you of")).to_have_value(
        re.compile("#garden mallory: <img .*water the plants w+…$")
    )
    _check(phone)
    assert phone.is_within_the_width()
    dialog.get_by_label("What to remind you of").fill("the plants")
    dialog.get_by_role("button", name="In an hour").tap()
    dialog.get_by_role("button", name="Remind me", exact=True).tap()
    expect(dialog).to_have_count(0)
    phone.say("/at cancel 1")
    expect(phone.timeline).to_contain_text("Message 1 is cancelled.")
    phone.say("/remind 1s now")
    phone.page.get_by_role("button", name=re.compile("^Conversations, 1 mention")).tap()
    phone.page.get_by_text("NickServ", exact=True).tap()
    phone.sees("Reminder: now")

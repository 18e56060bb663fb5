"""Calls: the button that posts a link to a room, and the button beneath such a message."""

import re
from collections.abc import Callable

from harness import PHONE, Server, Visitor
from playwright.sync_api import expect
from test_page_accessibility import AXE, violations

SETTINGS = "[call]\nbase = https://meet.example.org/chat\n"
ROOM = re.compile(r"https://meet\.example\.org/chat/garden-[a-z2-7]{26}")


def test_people_join_a_call_by_one_button(
    visit: Callable[..., Visitor], serve: Callable[..., Server]
) -> None:
    """It opens the room in a tab of its own, without a referrer; a second call is not opened beside
    it, and an address that only looks like a room has no button.
    """
    server = serve(SETTINGS)
    ann, boris = visit(address=server.url), visit(address=server.url, **PHONE)
    ann.join("ann", "#garden")
    boris.join("boris", "#garden")
    mallory = server.irc("mallory", "#garden")
    mallory.send("PRIVMSG #garden :📞 https://meet.example.org/chat/../evil")
    mallory.send("PRIVMSG #garden :📞 https://meet.example.org.evil.example/chat/room")
    expect(boris.timeline).to_contain_text("evil.example")
    expect(boris.page.get_by_role("link", name="Join the call")).to_have_count(0)
    ann.page.get_by_role("button", name="Call", exact=True).click()
    link = boris.page.get_by_role("link", name="Join the call")
    expect(link).to_have_attribute("href", ROOM)
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert boris.is_within_the_width()
    if AXE.exists():
        assert violations(ann) == violations(boris) == []
    boris.page.get_by_role("button", name="Call", exact=True).tap()
    expect(boris.timeline).to_contain_text("There is a call: https://meet.example.org/chat/garden-")
    expect(ann.page.get_by_role("link", name="Join the call")).to_have_count(1)


def test_without_rooms_there_is_no_button(visit: Callable[..., Visitor]) -> None:
    """A button that does nothing would be in the way."""
    ann = visit()
    ann.join("ann", "#garden")
    expect(ann.page.get_by_role("button", name="Channel", exact=True)).to_be_visible()
    expect(ann.page.get_by_role("button", name="Call", exact=True)).to_have_count(0)

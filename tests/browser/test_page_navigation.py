"""The address of the page, the back button, and gestures on a touch screen."""

import re
from collections.abc import Callable

import pytest
from harness import PHONE, Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


def swipe(visitor: Visitor, start: int, end: int) -> None:
    """Move a finger across the page. The events come from the page itself: those of the DevTools
    come one after the other, too slowly for a swipe on a busy machine.
    """
    visitor.page.evaluate(
        """([start, end]) => {
            const target = document.elementFromPoint(start, 300);
            const send = (kind, clientX) => {
                const touch = new Touch({ identifier: 1, target, clientX, clientY: 300 });
                const touches = kind === "touchend" ? [] : [touch];
                const options = { bubbles: true, touches, changedTouches: [touch] };
                target.dispatchEvent(new TouchEvent(kind, options));
            };
            send("touchstart", start);
            send("touchmove", end);
            send("touchend", end);
        }""",
        [start, end],
    )


def test_the_address_names_the_current_channel(visit: Visit, server: Server) -> None:
    """A reload shows the same one, and does not join the one of the link, which was left."""
    ann = visit()
    ann.expect_errors("WebSocket connection to .* failed")  # the reload may interrupt it
    ann.join("ann", "#garden")
    ann.say("/join #shed")
    expect(ann.page.get_by_role("heading", name="#shed")).to_be_visible()
    ann.until("location.hash === '#shed'")
    link = ann.page.get_by_role("navigation").get_by_role("link", name="garden")
    link.click()
    ann.until("location.hash === '#garden'")
    ann.say("/part")
    link.click()
    ann.page.get_by_role("navigation").get_by_role("link", name="shed").click()
    ann.until("location.hash === '#shed'")
    ann.page.reload()
    expect(ann.page.get_by_role("heading", name="#shed")).to_be_visible()
    ann.say("here I am")
    ann.sees("here I am")
    boris = server.irc("boris", "#shed")
    boris.send("WHOIS ann")
    assert "#garden" not in boris.until(" 319 ")


def test_a_renamed_channel_has_its_new_name_everywhere(visit: Visit, server: Server) -> None:
    """The address of the page and the link in the list of channels lead to it, too."""
    boris = server.irc("boris", "#garden")
    ann = visit()
    ann.join("ann", "#garden")
    boris.send("RENAME #garden #park :it has grown")
    link = ann.page.get_by_role("navigation").get_by_role("link", name="park")
    expect(link).to_have_attribute("href", "/#park")
    expect(ann.page).to_have_url(re.compile("#park$"))
    expect(ann.page.get_by_role("textbox", name="Message #park")).to_be_visible()


def test_a_user_that_is_renamed_has_the_new_name_in_the_list(visit: Visit, server: Server) -> None:
    """The conversation goes on under it."""
    boris = server.irc("boris", "#lobby")
    ann = visit()
    ann.join("ann")
    boris.send("PRIVMSG ann :hi")
    link = ann.page.get_by_role("navigation").get_by_role("link", name=re.compile("boris"))
    expect(link).to_be_visible()
    boris.send("NICK bob")
    expect(
        ann.page.get_by_role("navigation").get_by_role("link", name=re.compile("bob"))
    ).to_be_visible()
    expect(link).to_have_count(0)


def test_a_link_to_a_joined_channel_shows_it(visit: Visit, server: Server) -> None:
    """It is shown without a reload, whatever was shown before."""
    ann = visit()
    ann.join("ann")
    ann.say("/join #garden")
    ann.until("location.hash === '#garden'")
    ann.page.evaluate("location.hash = '#lobby'")
    expect(ann.page.get_by_role("heading", name="#lobby")).to_be_visible()
    ann.page.get_by_role("button", name="Settings").click()
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.page.evaluate("location.hash = '#garden'")
    expect(ann.page.get_by_role("heading", name="#garden")).to_be_visible()


def test_back_closes_what_covers_the_conversation(visit: Visit, server: Server) -> None:
    """Drawers and dialogs, one after the other; the page stays."""
    ann = visit(**PHONE)
    ann.join("ann")
    drawer = ann.page.get_by_role("link", name=re.compile("lobby"))
    ann.page.get_by_role("button", name="Conversations").tap()
    expect(drawer).to_be_in_viewport(ratio=1)
    ann.page.go_back()
    expect(drawer).not_to_be_in_viewport()
    ann.page.get_by_role("button", name="Channel", exact=True).tap()
    ann.page.get_by_role("button", name="Change the topic").tap()
    expect(ann.page.get_by_role("dialog")).to_have_count(2)
    ann.page.go_back()
    expect(ann.page.get_by_role("dialog")).to_have_count(1)
    ann.page.go_back()
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    ann.say("still here")
    ann.sees("still here")


def test_swipes_move_the_drawers(visit: Visit, server: Server) -> None:
    """To the right for the conversations, to the left for the members, and back again."""
    ann = visit(**PHONE)
    ann.join("ann")
    conversations = ann.page.get_by_role("link", name=re.compile("lobby"))
    members = ann.page.get_by_role("heading", name="1 member")
    swipe(ann, 60, 260)
    expect(conversations).to_be_in_viewport(ratio=1)
    swipe(ann, 260, 60)
    expect(conversations).not_to_be_in_viewport()
    swipe(ann, 260, 60)
    expect(members).to_be_in_viewport(ratio=1)
    swipe(ann, 120, 320)
    expect(members).not_to_be_in_viewport()


def test_a_long_touch_opens_the_menu_of_a_message(visit: Visit, server: Server) -> None:
    """The finger that is lifted presses nothing of the menu, which appears under it."""
    ann = visit(**PHONE)
    ann.join("ann")
    ann.say("touch me")
    ann.sees("touch me")
    box = ann.timeline.get_by_text("touch me", exact=True).bounding_box()
    assert box is not None
    point = {"x": box["x"] + 20, "y": box["y"] + 8}
    send = ann.session.send
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    menu = ann.page.get_by_role("dialog")
    expect(menu.get_by_role("button", name="Copy the text")).to_be_visible()
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    ann.settle()
    expect(menu).to_have_count(1)
    menu.get_by_role("button", name="Reply").tap()
    expect(ann.page.get_by_text("Replying to")).to_be_visible()


@pytest.mark.parametrize("channel", ["#what?", "##c"])
def test_the_link_in_the_list_of_channels_leads_others_there(visit: Visit, channel: str) -> None:
    """Copied, or opened in another tab, it names the channel as the address of the page does."""
    ann, bob = visit(), visit()
    ann.join("ann")
    ann.say(f"/join {channel}")
    link = ann.page.get_by_role("navigation").get_by_role("link", name=channel[1:], exact=True)
    address = link.evaluate("(element) => element.href")
    bob.join("bob", address.removeprefix(bob.url))
    expect(bob.page.get_by_role("heading", level=1)).to_have_text(channel)

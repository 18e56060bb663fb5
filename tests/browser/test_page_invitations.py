"""Invitations in the browser: a link lets a guest into a closed channel, and is made there."""

import re
from collections.abc import Callable

from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


def test_a_link_lets_a_guest_into_a_closed_channel(server: Server, visit: Visit) -> None:
    """The page sends the token as the key of JOIN; and again when it is loaded anew."""
    founder = server.irc("founder", "#den")
    founder.send("MODE #den +i", "INVITATION CREATE #den 1 1d")
    token = founder.until("INVITATION CREATED").split()[-2]
    guest = visit()
    guest.join("guest", f"#den?invite={token}")
    guest.say("thank you")
    founder.until("thank you")
    guest.page.reload()
    guest.sees("thank you")
    guest.say("back again")
    founder.until("back again")
    other = visit()
    other.open(f"#den?invite={token}")
    other.page.get_by_role("textbox", name="Nickname").fill("other")
    other.page.get_by_role("button", name="Join").click()
    told = other.page.get_by_text("the invitation or key is wrong, has expired, was used up")
    expect(told.first).to_be_visible()


def test_an_operator_makes_a_link_in_the_page(server: Server, visit: Visit) -> None:
    """It has a token where one is needed, and lets an IRC client in."""
    founder = visit()
    founder.join("founder", "#den")
    founder.say("/mode +i")
    founder.page.get_by_role("button", name="Channel", exact=True).click()
    founder.page.get_by_text("Invite by a link or QR code").click()
    link = founder.page.get_by_role("textbox", name="Link")
    expect(link).to_have_value(re.compile(r"#den\?invite=\w{26}$"))
    token = link.input_value().rpartition("=")[2]
    guest = server.irc("guest")
    guest.send(f"JOIN #den {token}")
    guest.until("JOIN")

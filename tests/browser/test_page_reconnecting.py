"""The page after its connection was lost: everything is there, and nothing is there twice."""

from collections.abc import Callable

from harness import PHONE, Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]
_REFUSED = (
    "WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED"
    "|unknown error occurred when fetching the script"
)
"""What Chromium reports, also of its own look for a newer service worker."""


def numbers(visitor: Visitor) -> list[str]:
    """Return the texts of the messages that are shown."""
    texts: list[str] = visitor.messages.locator(".text").all_inner_texts()
    return [text for text in texts if text.startswith("number")]


def test_nothing_is_missing_after_the_server_was_killed(visit: Visit, server: Server) -> None:
    """Neither messages of others meanwhile, nor doubles of those from before."""
    ann = visit()
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(10)))
    ann.sees("number 9")
    server.kill()
    boris.close()
    expect(ann.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    server.start()
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(10, 30)))
    boris.sync()
    ann.sees("number 29")
    boris.send("PRIVMSG #lobby :number 30")
    ann.sees("number 30")
    assert numbers(ann) == [f"number {number}" for number in range(31)]


def test_a_message_typed_without_a_connection_is_sent_later(visit: Visit, server: Server) -> None:
    """It is shown as pending, and arrives once."""
    ann = visit()
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    server.kill()
    expect(ann.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    ann.say("typed in a tunnel")
    server.start()
    ann.sees("typed in a tunnel")
    boris = visit()
    boris.join("boris")
    boris.sees("typed in a tunnel")


def test_a_phone_shows_that_there_is_no_connection(visit: Visit, server: Server) -> None:
    """Beside the prompt, as the list of conversations is a drawer there; nothing else moves."""
    ann = visit(**PHONE)
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    ann.say("hello")
    ann.sees("hello")
    ann.settle()
    before = ann.timeline.get_by_text("hello", exact=True).bounding_box()
    server.kill()
    notice = ann.page.get_by_role("status").filter(has_text="No connection")
    expect(notice).to_be_in_viewport(ratio=1)
    assert ann.timeline.get_by_text("hello", exact=True).bounding_box() == before
    server.start()
    expect(notice).to_have_count(0)


def test_nothing_is_missing_after_the_network_was_away(visit: Visit, server: Server) -> None:
    """As when a phone changes from Wi-Fi to the mobile network."""
    ann = visit()
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    boris = server.irc("boris", "#lobby")
    boris.send("PRIVMSG #lobby :number 0")
    ann.sees("number 0")
    ann.context.set_offline(offline=True)
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(1, 9)))
    boris.sync()
    ann.context.set_offline(offline=False)
    boris.send("PRIVMSG #lobby :number 9")
    ann.sees("number 9")
    assert numbers(ann) == [f"number {number}" for number in range(10)]


def test_nothing_is_missing_after_the_page_was_frozen(visit: Visit, server: Server) -> None:
    """As when a phone or a laptop sleeps, and the page's timers stop."""
    ann = visit()
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    boris = server.irc("boris", "#lobby")
    boris.send("PRIVMSG #lobby :number 0")
    ann.sees("number 0")
    ann.session.send("Page.setWebLifecycleState", {"state": "frozen"})
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(1, 9)))
    boris.sync()
    ann.session.send("Page.setWebLifecycleState", {"state": "active"})
    boris.send("PRIVMSG #lobby :number 9")
    ann.sees("number 9")
    assert numbers(ann) == [f"number {number}" for number in range(10)]

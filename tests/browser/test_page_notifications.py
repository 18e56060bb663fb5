"""Notifications of the service worker: what a push service delivers, in the browser itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import Server, Visitor
from playwright.sync_api import expect
from push_browser import PushServiceThread, Worker, push_service_thread

Visit = Callable[..., Visitor]
PASSWORD = "correct-horse-battery"


def test_a_notification_of_a_closed_page(visit: Visit, server: Server) -> None:
    """It is in the language of the page, counts the messages of its conversation, and goes when
    they are read on another device.
    """
    anna = visit(locale="ru-RU")
    anna.open()
    anna.page.get_by_role("textbox").first.fill("anna")
    anna.page.get_by_role("textbox").first.press("Enter")
    expect(anna.page.get_by_role("log")).to_be_visible()
    worker = Worker(anna)
    anna.page.goto("about:blank")
    worker.deliver(":bob!u@h PRIVMSG #garden :anna: hi")
    worker.shown(["bob в #garden: anna: hi"])
    worker.deliver(":bob!u@h PRIVMSG #garden :anna: lunch?")
    worker.shown(["bob в #garden (2): anna: hi\nanna: lunch?"])
    worker.deliver(":chat MARKREAD #garden timestamp=2027-01-15T08:00:00.000Z")
    worker.shown([])


def test_a_page_in_front_keeps_notifications_away(visit: Visit, server: Server) -> None:
    """The user sees the message in the page; the notification that a browser requires goes."""
    ann = visit()
    ann.join("ann")
    worker = Worker(ann)
    worker.deliver_in_front(":bob!u@h PRIVMSG ann :hi")
    ann.page.goto("about:blank")
    worker.deliver(":eve!u@h PRIVMSG ann :hi")
    worker.shown(["eve: hi"])


def test_the_address_of_a_notification_opens_its_conversation(visit: Visit, server: Server) -> None:
    """A page that a notification opens shows the private conversation, and forgets the address."""
    ann = visit()
    ann.join("ann", "#?open=bob")
    expect(ann.page.get_by_role("textbox", name="Message bob")).to_be_visible()
    assert "open=" not in ann.page.url


@pytest.fixture
def push(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushServiceThread]:
    """Return a push service whose certificate the servers trust that are started from now on."""
    with push_service_thread() as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.service.authority_file(tmp_path)))
        yield running


def test_a_message_reaches_a_closed_page(
    visit: Visit, serve: Callable[..., Server], push: PushServiceThread
) -> None:
    """From another user by the server and a push service to the service worker, whose notification
    opens the conversation. When the message is read on another device, the notification goes.
    """
    server = serve("[push]\nprivate_hosts = localhost\ndelay = 0\n")
    ann = visit(address=server.url)
    device = push.device(ann)
    ann.join("ann")
    ann.page.get_by_role("button", name="Settings").click()
    ann.page.get_by_label("Keep the login").check()
    ann.page.keyboard.press("Escape")
    ann.say(f"/register {PASSWORD}")
    expect(ann.page.get_by_role("button", name="ann Logged in")).to_be_visible()
    worker = Worker(ann)
    ann.page.get_by_role("button", name="Settings").click()
    ann.page.get_by_label("Show notifications").check()
    worker.deliver(push.received(device))
    ann.page.keyboard.press("Escape")
    ann.page.goto("about:blank")
    boris = server.irc("boris", "#lobby")
    boris.send("PRIVMSG #lobby :ann: lunch?")
    worker.deliver(push.received(device))
    worker.shown(["boris in #lobby: ann: lunch?"])
    boris.send("PRIVMSG ann :or a walk")
    worker.deliver(push.received(device))
    worker.shown(["boris in #lobby: ann: lunch?", "boris: or a walk"])
    phone = server.irc("phone", "#lobby", capabilities="draft/read-marker")
    phone.send(f"NS IDENTIFY ann {PASSWORD}", "MARKREAD #lobby timestamp=2100-01-01T00:00:00.000Z")
    worker.deliver(push.received(device))
    worker.shown(["boris: or a walk"])
    ann.page.goto(server.url + worker.click("or a walk").removeprefix("/"))
    expect(ann.page.get_by_role("textbox", name="Message boris")).to_be_visible()
    ann.sees("or a walk")

"""Notifications of the service worker: what a push service delivers, in the browser itself."""

from collections.abc import Callable
from typing import Any

from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


class Worker:
    """The service worker of a page, to which a push service delivers messages."""

    def __init__(self, visitor: Visitor) -> None:
        visitor.context.grant_permissions(["notifications"])
        visitor.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
        self._worker = visitor.context.service_workers[0]
        self._session = visitor.session
        found: list[dict[str, Any]] = []
        self._session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: found.extend(event["registrations"]),
        )
        self._session.send("ServiceWorker.enable")
        while not found:
            visitor.page.evaluate("() => 0")
        self._registration = found[0]["registrationId"]
        self._origin = visitor.page.evaluate("location.origin")

    def deliver(self, line: str) -> None:
        """Deliver a push message, as the browser does."""
        self._session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self._origin, "registrationId": self._registration, "data": line},
        )

    def shown(self, wanted: list[str]) -> None:
        """Wait until the notifications are as wanted."""
        found: list[str] = []
        for _ in range(500):
            found = self._worker.evaluate(
                """async () => {
                    await new Promise((resume) => setTimeout(resume, 20));
                    const all = await self.registration.getNotifications();
                    return all.map(({ title, body }) => `${title}: ${body}`);
                }"""
            )
            if found == wanted:
                return
        raise AssertionError(found)


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
    worker.deliver(":bob!u@h PRIVMSG ann :hi")
    ann.page.goto("about:blank")
    worker.deliver(":eve!u@h PRIVMSG ann :hi")
    worker.shown(["eve: hi"])


def test_the_address_of_a_notification_opens_its_conversation(visit: Visit, server: Server) -> None:
    """A page that a notification opens shows the private conversation, and forgets the address."""
    ann = visit()
    ann.join("ann", "#?open=bob")
    expect(ann.page.get_by_role("textbox", name="Message bob")).to_be_visible()
    assert "open=" not in ann.page.url

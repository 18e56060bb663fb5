"""Push messages in a browser: the service worker, and a push service for its subscription."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import trio
import trio.from_thread
from harness import PATIENCE, Visitor

from push_fakes import DeviceFake, PushServiceFake, push_service


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

    def deliver_in_front(self, line: str) -> None:
        """Deliver a push message while the page is in front, and wait until its notification, which
        a browser requires, has come and gone.
        """
        self._worker.evaluate(
            """() => {
                const { registration } = self;
                const show = registration.showNotification.bind(registration);
                self.hasShown = false;
                registration.showNotification = async (...options) => {
                    await show(...options);
                    self.hasShown = true;
                };
            }"""
        )
        self.deliver(line)
        while not self._worker.evaluate("self.hasShown"):
            pass
        self.shown([])

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

    def click(self, body: str) -> str:
        """Click on a notification while no page is open; return the address that is opened.

        Only the click of a user lets a worker open a window, so that the opening is a stub.
        """
        address: str = self._worker.evaluate(
            """(body) => new Promise((resume) => {
                self.clients.openWindow = async (address) => resume(address);
                self.registration.getNotifications().then((all) => {
                    const notification = all.find((each) => each.body === body);
                    self.dispatchEvent(
                        new NotificationEvent("notificationclick", { notification }));
                });
            })""",
            body,
        )
        return address


_SUBSCRIPTION = """{
    const json = %s;
    let known = null;
    PushManager.prototype.getSubscription = async () => known;
    PushManager.prototype.subscribe = async (options) => known = {
        endpoint: json.endpoint,
        options,
        toJSON: () => json,
        unsubscribe: async () => Boolean([known, known = null][0]),
    };
}"""


class PushServiceThread:
    """A push service in a thread of its own, where Trio runs.

    Args:
        service: the push service.
        token: of its event loop.
    """

    def __init__(self, service: PushServiceFake, token: trio.lowlevel.TrioToken) -> None:
        self.service = service
        self._token = token

    def device(self, visitor: Visitor) -> DeviceFake:
        """Have the browser of a visitor subscribe here.

        Chromium without an account at its vendor has no push service: `PushManager` is a stub that
        returns the keys of the device, which are real.
        """
        device = self.service.device()
        visitor.context.add_init_script(_SUBSCRIPTION % json.dumps(device.json))
        return device

    def received(self, device: DeviceFake) -> str:
        """Return the next message, decrypted by the keys of the device for which it is."""

        async def next_one() -> str:
            with trio.fail_after(PATIENCE):
                received = await self.service.received()
            assert received.device is device
            return received.line

        return trio.from_thread.run(next_one, trio_token=self._token)


@contextmanager
def push_service_thread() -> Iterator[PushServiceThread]:
    """Run a push service until the block ends."""
    started = threading.Event()
    running: list[tuple[PushServiceFake, trio.lowlevel.TrioToken, trio.CancelScope]] = []

    async def run() -> None:
        with trio.CancelScope() as scope:
            async with push_service() as service:
                running.append((service, trio.lowlevel.current_trio_token(), scope))
                started.set()
                await trio.sleep_forever()

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    assert started.wait(PATIENCE)
    service, token, scope = running[0]
    try:
        yield PushServiceThread(service, token)
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join(PATIENCE)

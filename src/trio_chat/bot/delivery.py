"""Delivery of a bot's messages: from the queue to the server's confirmation.

A text may go out as several messages. The delivery is complete when all of them are confirmed; its
msgid is that of the first.
"""

from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from itertools import count

import trio

from trio_chat.client.link.send_queue import Say, SayLines
from trio_chat.client.session.events import MessageKind, MessageRefused, MessageUnconfirmed, Said
from trio_chat.client.session.session import ClientSession, NotConnectedError
from trio_chat.irc.message import MAX_CLIENT_TAGS, MAX_LABEL, Message, format_tags

_MOST_TAGS = MAX_CLIENT_TAGS - MAX_LABEL - len("label=;")
"""Bytes of the tags of a message, besides its label."""


class NotDeliveredError(Exception):
    """The server has refused a message, or it is not known whether it arrived.

    Attributes:
        code: the numeric or the code of the refusal; "" if it is not known whether it arrived.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class Delivery:
    """One text on its way."""

    def __init__(self) -> None:
        self.is_sent = False
        self.msgid: str | None = None
        self.error: NotDeliveredError | None = None
        self.requests: set[int] = set()
        self.latest = 0
        self._settled = trio.Event()

    async def wait(self) -> str:
        """Wait until the text is confirmed, and return its msgid.

        Raises:
            NotDeliveredError: it is not; what of it was sent is not taken back.
        """
        await self._settled.wait()
        if self.error is not None:
            raise self.error
        return self.msgid or ""

    def fail(self, error: NotDeliveredError) -> None:
        """End the wait with an error, unless it has ended."""
        self.error = self.error or error
        self._settled.set()

    def check(self) -> None:
        """End the wait if everything was sent and confirmed."""
        if self.is_sent and not self.requests:
            self._settled.set()


class Deliveries:
    """The texts on their way, by the numbers of the messages that carry them."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, Delivery] = {}
        self._all: set[Delivery] = set()

    def action(
        self, target: str, text: str, kind: MessageKind, tags: Mapping[str, str]
    ) -> "tuple[Delivery, TrackedSay | TrackedLines]":
        """Return a delivery, and the action that sends it.

        Raises:
            NotDeliveredError: no line can hold it.
        """
        lines = [line for line in text.splitlines() if line.strip()]
        _check(target, lines, tags)
        delivery = Delivery()
        self._all.add(delivery)
        if len(lines) > 1:
            return delivery, TrackedLines(self, delivery, target, lines, kind, tags)
        return delivery, TrackedSay(self, delivery, target, "".join(lines), kind, tags)

    def begin(self, delivery: Delivery) -> int:
        """Return the number of another message of a delivery."""
        number = delivery.latest = next(self._numbers)
        delivery.requests.add(number)
        self._waiting[number] = delivery
        return number

    async def track(self, delivery: Delivery, sending: Awaitable[None]) -> None:
        """Wait until what is left of a text is sent; what cannot be written on a line fails.

        Raises:
            NotConnectedError: the connection ended first; the rest is sent on the next one.
        """
        try:
            await sending
        except ValueError as error:
            delivery.fail(NotDeliveredError(str(error)))
        except NotConnectedError:  # before the latest message was sent, which gets another number
            delivery.requests.discard(delivery.latest)
            self._waiting.pop(delivery.latest, None)
            raise
        else:
            delivery.is_sent = True
            delivery.check()

    def settle(self, event: object) -> None:
        """Take an event about one of the messages; other events are passed over."""
        if not isinstance(event, Said | MessageRefused | MessageUnconfirmed) or not event.request:
            return
        delivery = self._waiting.pop(event.request, None)
        if delivery is None:
            return
        delivery.requests.discard(event.request)
        match event:
            case Said(msgid=msgid):
                delivery.msgid = msgid if delivery.msgid is None else delivery.msgid
            case MessageRefused(code=code, reason=reason):
                delivery.fail(NotDeliveredError(reason or code, code))
            case MessageUnconfirmed():
                text = "The connection ended before the server confirmed the message"
                delivery.fail(NotDeliveredError(text))
        delivery.check()

    def forget(self, delivery: Delivery) -> None:
        """Forget a delivery that nobody waits for any longer."""
        self._all.discard(delivery)
        for number in delivery.requests:
            self._waiting.pop(number, None)

    def fail_all(self, text: str) -> None:
        """End all waits."""
        for delivery in self._all:
            delivery.fail(NotDeliveredError(text))


def _check(target: str, lines: Sequence[str], tags: Mapping[str, str]) -> None:
    """Refuse what a server would not answer as a message.

    Raises:
        NotDeliveredError: no line can hold it.
    """
    written = format_tags(tags)
    if "\0" in written or len(written.encode(errors="replace")) > _MOST_TAGS:
        raise NotDeliveredError("a message id cannot be that long, nor have a NUL")
    try:
        for line in lines:
            Message("PRIVMSG", (target, line)).line().encode()
    except ValueError as error:
        raise NotDeliveredError(str(error)) from None


class TrackedSay(Say):
    """A message whose delivery is awaited."""

    def __init__(
        self,
        deliveries: Deliveries,
        delivery: Delivery,
        target: str,
        text: str,
        kind: MessageKind,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(target, text, kind, tags, lambda: deliveries.begin(delivery))
        self._track = partial(deliveries.track, delivery)

    async def __call__(self, session: ClientSession) -> None:
        """Send the rest."""
        await self._track(super().__call__(session))


class TrackedLines(SayLines):
    """Several lines whose delivery is awaited."""

    def __init__(
        self,
        deliveries: Deliveries,
        delivery: Delivery,
        target: str,
        lines: Sequence[str],
        kind: MessageKind,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(target, lines, tags, lambda: deliveries.begin(delivery), kind)
        self._track = partial(deliveries.track, delivery)

    async def __call__(self, session: ClientSession) -> None:
        """Send the rest."""
        await self._track(super().__call__(session))

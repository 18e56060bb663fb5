"""The service that pushes messages: when they are sent, to which devices, and what happens when a
push service does not take them.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from push_fakes import ALL_CAPS, KEYS, ClientFake, DeviceFake, PushTown
from support import Person, find
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Event
from trio_chat.chat.ids import parse_msgid
from trio_chat.config import PushSettings, Settings
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import Message, parse
from trio_chat.server.push.client import Answer, Outcome
from trio_chat.server.push.device import MAX_ATTEMPTS, MAX_REFUSALS, DeviceQueue, QueuedPush
from trio_chat.server.push.service import PushService

DELAY = PushSettings().delay
LATER = Answer(Outcome.LATER, "HTTP 503")
CAPS = "server-time message-tags account-tag draft/read-marker"


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test leaves an internal error in the log that it has not looked at."""
    yield
    assert not [record for record in caplog.get_records("call") if record.exc_info]


class Place:
    """A world whose messages are pushed: Ann has a phone, and Bob writes to her.

    Args:
        clock: of Trio; a jump moves the clock of the world, too.
    """

    def __init__(self, clock: MockClock) -> None:
        self.clock = clock
        self.town = PushTown()
        self.phone = DeviceFake("https://p.test/phone")
        self.client = ClientFake(self.phone)
        self.settings = Settings()
        self.service = PushService(self.town.world, KEYS, lambda: self.settings, self.client)
        self.town.world.push_delivery = self.service
        self.ann = self.town.account("ann", "#a", caps=CAPS)
        self.add(self.phone)
        self.bob = self.town.account("bob", "#a", caps="message-tags echo-message")
        self.eve = self.town.account("eve", "#a")

    def add(self, device: DeviceFake) -> None:
        """Give Ann another device, which was confirmed."""
        self.client.devices[device.endpoint] = device
        subscription = device.subscription(seen=self.town.clock.now)
        self.town.subscribe(self.ann.session.account_id, subscription)

    def say(self, person: Person, line: str) -> list[Message]:
        """Have a line carried out and delivered, as the broadcaster does; return the answer."""
        self.town.clock.now += 0.001
        output = handle_line(self.town.world, person.session, line.encode())
        self.town.deliver(output, person)
        for part in output.parts:
            if isinstance(part, Event) and part.push_accounts:
                self.service.offer(part)
        return person.read()

    def jump(self, seconds: float) -> None:
        """Let time go by."""
        self.clock.jump(seconds)
        self.town.clock.now += seconds

    async def received(self) -> Message:
        """Return the next message that a push service gets."""
        return parse((await self.client.received()).line)

    async def nothing_but(self, text: str) -> None:
        """Check that the next message that a push service gets is one that is sent now."""
        self.say(self.eve, f"PRIVMSG ann :{text}")
        self.jump(DELAY)
        assert (await self.received()).params[-1] == text

    @property
    def devices(self) -> list[str]:
        """The endpoints of Ann's devices."""
        return list(self.town.world.push.of(self.ann.session.account_id))


@asynccontextmanager
async def running(clock: MockClock) -> AsyncIterator[Place]:
    """Run the service of a place."""
    place = Place(clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(place.service.run)
        await wait_all_tasks_blocked()
        yield place
        nursery.cancel_scope.cancel()


async def test_a_private_message_is_pushed(mock_clock: MockClock) -> None:
    """The device gets the line, with the headers of RFC 8030."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG ann :hello")
        place.jump(DELAY)
        received = await place.client.received()
    line = parse(received.line)
    assert (line.command, line.params) == ("PRIVMSG", ("ann", "hello"))
    assert line.tags.keys() == {"time", "msgid", "account"}
    assert received.headers["urgency"] == "high"
    assert int(received.headers["ttl"]) > 86_400
    assert len(received.headers["topic"]) == 32
    assert received.headers["content-encoding"] == "aes128gcm"


async def test_a_message_waits_to_be_seen(mock_clock: MockClock) -> None:
    """Nothing is sent before the delay is over."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG ann :hello")
        place.jump(DELAY - 0.1)
        await wait_all_tasks_blocked()
        assert place.service.statistics().waiting == 1
        place.jump(0.1)
        assert (await place.received()).params[-1] == "hello"


async def test_an_absent_user_is_notified_at_once(mock_clock: MockClock) -> None:
    """There is nothing to wait for where no session is connected, also behind others' messages."""
    async with running(mock_clock) as place:
        place.say(place.ann, "NS SET always-on on")
        place.say(place.bob, "PRIVMSG ann :with a session")
        place.ann.leave()
        place.say(place.bob, "PRIVMSG ann :without a session")
        assert (await place.received()).params[-1] == "without a session"


async def test_a_read_marker_cancels(mock_clock: MockClock) -> None:
    """A message that was read on another device is not pushed."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG #a :ann: hello")
        place.say(place.ann, "MARKREAD #a timestamp=2027-01-15T09:00:00.000Z")
        place.jump(DELAY)
        await place.nothing_but("the next one")


async def test_a_marker_before_the_message_does_not(mock_clock: MockClock) -> None:
    """A message that came after the marker is pushed, and so is one of another conversation."""
    async with running(mock_clock) as place:
        place.say(place.ann, "MARKREAD bob timestamp=2027-01-15T08:00:00.000Z")
        place.say(place.bob, "PRIVMSG ann :hello")
        place.say(place.ann, "MARKREAD eve timestamp=2027-01-15T09:00:00.000Z")
        place.jump(DELAY)
        assert (await place.received()).params[-1] == "hello"


@pytest.mark.parametrize("line", ["PRIVMSG #a :yes?", "@+typing=active TAGMSG bob"])
async def test_a_reply_cancels(mock_clock: MockClock, line: str) -> None:
    """A user that writes has seen what came before."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG ann :hello")
        place.say(place.ann, line)
        place.jump(DELAY)
        await place.nothing_but("the next one")


async def test_what_was_written_before_does_not_cancel(mock_clock: MockClock) -> None:
    """A user that wrote before the message, or whose client sent a PING after it, has not seen
    it.
    """
    async with running(mock_clock) as place:
        place.say(place.ann, "PRIVMSG #a :good night")
        place.say(place.bob, "PRIVMSG ann :hello")
        place.say(place.ann, "PING x")
        place.say(place.ann, "WHO #a")
        place.jump(DELAY)
        assert (await place.received()).params[-1] == "hello"


async def test_a_deleted_message_is_not_pushed(mock_clock: MockClock) -> None:
    """A message that was deleted while it waits goes nowhere; others do."""
    async with running(mock_clock) as place:
        place.say(place.ann, "NS SET always-on on")
        place.say(place.bob, "CAP REQ :draft/message-redaction")
        echo = place.say(place.bob, "PRIVMSG #a :ann: spam")[-1]
        place.say(place.eve, "PRIVMSG ann :hello")
        place.say(place.bob, f"REDACT #a {echo.tags['msgid']}")
        place.jump(DELAY)
        assert (await place.received()).params[-1] == "hello"
        await place.nothing_but("the next one")


async def test_a_deleted_message_is_taken_away(mock_clock: MockClock) -> None:
    """Devices that have received a message learn that it was deleted, in the topic of its
    conversation; those without the capability do not.
    """
    async with running(mock_clock) as place:
        old = DeviceFake("https://p.test/old")
        place.client.devices[old.endpoint] = old
        subscription = old.subscription(ALL_CAPS & ~cap.MESSAGE_REDACTION, place.town.clock.now)
        place.town.subscribe(place.ann.session.account_id, subscription)
        echo = find(place.say(place.bob, "PRIVMSG #a :ann: secret"), "PRIVMSG")
        place.jump(DELAY)
        first = [await place.client.received() for _ in range(2)]
        place.service.withdraw(parse_msgid(echo.tags["msgid"]) or 0)
        received = await place.client.received()
        line = parse(received.line)
        assert (line.command, line.params) == ("REDACT", ("#a", echo.tags["msgid"]))
        assert line.source.startswith("bob!")
        assert received.device is place.phone
        topics = {one.headers["topic"] for one in first if one.device is place.phone}
        assert topics == {received.headers["topic"]}
        await wait_all_tasks_blocked()
        assert place.client.is_idle
        place.service.withdraw(parse_msgid(echo.tags["msgid"]) or 0)
        assert place.service.statistics().waiting == 0


async def test_an_invitation_is_pushed(mock_clock: MockClock) -> None:
    """An INVITE is a message like others, with a topic of its channel."""
    async with running(mock_clock) as place:
        place.say(place.bob, "JOIN #b")
        place.say(place.bob, "INVITE ann #b")
        place.jump(DELAY)
        line = await place.received()
    assert (line.command, line.params) == ("INVITE", ("ann", "#b"))


async def test_all_devices_receive_a_message(mock_clock: MockClock) -> None:
    """Each device of the account gets it, with a topic of its own."""
    async with running(mock_clock) as place:
        place.add(DeviceFake("https://p.test/tablet"))
        place.say(place.bob, "PRIVMSG ann :hello")
        place.jump(DELAY)
        received = [await place.client.received() for _ in range(2)]
    assert {one.device.endpoint for one in received} == {
        "https://p.test/phone",
        "https://p.test/tablet",
    }
    assert len({one.headers["topic"] for one in received}) == 2


async def test_a_conversation_has_one_topic(mock_clock: MockClock) -> None:
    """Messages of one conversation replace each other at the push service, others do not."""
    async with running(mock_clock) as place:
        topics = []
        for person, line in (
            (place.bob, "PRIVMSG ann :one"),
            (place.bob, "PRIVMSG ann :two"),
            (place.eve, "PRIVMSG ann :three"),
            (place.bob, "PRIVMSG #a :ann"),
        ):
            place.say(person, line)
            place.jump(DELAY)
            topics.append((await place.client.received()).headers["topic"])
    assert topics[0] == topics[1]
    assert len(set(topics)) == 3


# Read on another device


async def test_a_notification_is_taken_away(mock_clock: MockClock) -> None:
    """A marker that includes the message is pushed, with the topic of the conversation."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG #a :ann: hello")
        place.jump(DELAY)
        first = await place.client.received()
        place.say(place.ann, "MARKREAD #a timestamp=2027-01-15T09:00:00.000Z")
        second = await place.client.received()
    line = parse(second.line)
    assert (line.command, line.params[0]) == ("MARKREAD", "#a")
    assert second.headers["topic"] == first.headers["topic"]
    assert second.headers["urgency"] == "normal"


async def test_what_was_not_shown_is_not_taken_away(mock_clock: MockClock) -> None:
    """Markers are not pushed where there is no notification: before the first one, below it, and a
    second time.
    """
    async with running(mock_clock) as place:
        place.say(place.ann, "MARKREAD #a timestamp=2027-01-15T07:00:00.000Z")
        place.say(place.bob, "PRIVMSG #a :ann: hello")
        place.jump(DELAY)
        assert (await place.received()).command == "PRIVMSG"
        place.say(place.ann, "MARKREAD #a timestamp=2027-01-15T07:30:00.000Z")
        await place.nothing_but("the next one")
        place.say(place.ann, "MARKREAD #a timestamp=2027-01-15T08:30:00.000Z")
        assert (await place.received()).command == "MARKREAD"
        place.say(place.ann, "MARKREAD #a timestamp=2027-01-15T08:40:00.000Z")
        await place.nothing_but("the last one")


async def test_a_device_takes_its_own_notification_away(mock_clock: MockClock) -> None:
    """The marker goes to the other devices only, and only to those that know it."""
    async with running(mock_clock) as place:
        own, old = DeviceFake("https://p.test/own"), DeviceFake("https://p.test/old")
        place.add(own)
        place.add(old)
        number = place.ann.session.account_id
        place.town.subscribe(number, old.subscription(caps=0, seen=place.town.clock.now))
        place.ann.session.push_endpoint = own.endpoint
        place.say(place.bob, "PRIVMSG ann :hello")
        place.jump(DELAY)
        for _ in range(3):
            await place.client.received()
        place.say(place.ann, "MARKREAD bob timestamp=2027-01-15T09:00:00.000Z")
        place.say(place.eve, "PRIVMSG ann :the next one")
        place.jump(DELAY)
        rest = [await place.client.received() for _ in range(4)]
    markers = [one.device for one in rest if parse(one.line).command == "MARKREAD"]
    assert markers == [place.phone]


# Push services that do not take a message


async def test_a_device_that_is_gone(mock_clock: MockClock) -> None:
    """A device that its push service knows no longer is removed, and the others are not."""
    async with running(mock_clock) as place:
        tablet = DeviceFake("https://p.test/tablet")
        place.add(tablet)
        place.client.answers[place.phone.endpoint] = [Answer(Outcome.GONE, "HTTP 410")]
        place.say(place.bob, "PRIVMSG ann :hello")
        place.jump(DELAY)
        for _ in range(2):
            await place.client.received()
        await place.nothing_but("the next one")
        assert place.devices == [tablet.endpoint]
        assert place.service.statistics().removed == 1


async def test_a_device_that_refuses_everything(mock_clock: MockClock) -> None:
    """A push service that refuses one message after the other has no use for the device; a message
    that it takes in between counts.
    """
    refused = Answer(Outcome.REFUSED, "HTTP 403")
    async with running(mock_clock) as place:
        some = [refused] * (MAX_REFUSALS - 1)
        taken = Answer(Outcome.DELIVERED, "HTTP 201")
        place.client.answers[place.phone.endpoint] = [*some, taken, *some, refused]
        for number in range(2 * MAX_REFUSALS):
            assert place.devices == [place.phone.endpoint]
            place.say(place.bob, f"PRIVMSG ann :{number}")
            place.jump(DELAY)
            await place.received()
        await trio.testing.wait_all_tasks_blocked()
        assert place.devices == []


async def test_a_push_service_that_is_overloaded(mock_clock: MockClock) -> None:
    """A message is sent again after the time that the push service asks for; meanwhile a newer one
    of the conversation takes its place.
    """
    async with running(mock_clock) as place:
        busy = Answer(Outcome.LATER, "HTTP 429", 120.0)
        place.client.answers[place.phone.endpoint] = [busy]
        place.say(place.bob, "PRIVMSG ann :one")
        place.jump(DELAY)
        assert (await place.received()).params[-1] == "one"
        await wait_all_tasks_blocked()
        place.say(place.bob, "PRIVMSG ann :two")
        place.say(place.eve, "PRIVMSG ann :three")
        place.jump(119.9)
        await wait_all_tasks_blocked()
        assert place.service.statistics().waiting == 2
        place.jump(0.1)
        texts = [(await place.received()).params[-1] for _ in range(2)]
        assert sorted(texts) == ["three", "two"]


async def test_a_message_is_given_up(mock_clock: MockClock) -> None:
    """After some attempts a message is dropped; the device stays, and gets the next one."""
    async with running(mock_clock) as place:
        place.client.answers[place.phone.endpoint] = [LATER] * MAX_ATTEMPTS
        place.say(place.bob, "PRIVMSG ann :one")
        place.jump(DELAY)
        for _ in range(MAX_ATTEMPTS):
            assert (await place.received()).params[-1] == "one"
            await wait_all_tasks_blocked()
            place.jump(3600)
        await place.nothing_but("the next one")
        assert place.devices == [place.phone.endpoint]
        now = place.service.statistics()
        assert (now.failed, now.dropped, now.waiting) == (MAX_ATTEMPTS, 1, 0)


async def test_a_device_that_fails_holds_no_other_up(mock_clock: MockClock) -> None:
    """A push service that is out of order does not delay the devices at others."""
    async with running(mock_clock) as place:
        place.add(DeviceFake("https://p.test/tablet"))
        place.client.answers[place.phone.endpoint] = [LATER] * 9
        texts: list[str] = []
        for number in range(3):
            place.say(place.bob, f"PRIVMSG ann :{number}")
            place.jump(DELAY)
            while len(texts) <= number:
                received = await place.client.received()
                if received.device is not place.phone:
                    texts.append(parse(received.line).params[-1])
    assert texts == ["0", "1", "2"]


async def test_a_client_that_fails_by_a_defect(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception is logged once, ends the messages of that device only, and nothing else."""

    raised = trio.Event()

    async def broken(*args: object) -> Answer:
        await trio.lowlevel.checkpoint()
        raised.set()
        raise RuntimeError("a defect")

    async with running(mock_clock) as place:
        with monkeypatch.context() as patch:
            patch.setattr(place.client, "post", broken)
            place.say(place.bob, "PRIVMSG ann :one")
            place.jump(DELAY)
            await raised.wait()
            await wait_all_tasks_blocked()
            assert caplog.text.count("internal error") == 1
        await place.nothing_but("the next one")
    assert "p.test/phone" not in caplog.text
    caplog.clear()


# Bounds


def strangers(place: Place, count: int) -> None:
    """Have so many other users write to Ann at once."""
    number = (place.ann.session.account_id,)
    for index in range(count):
        source = f"stranger{index}!s@192.0.2.1"
        event = Event(
            1000 + index, "PRIVMSG", ("ann", str(index)), source, (), push_accounts=number
        )
        place.service.offer(event)


async def test_a_flood_is_slowed_down(mock_clock: MockClock) -> None:
    """After a burst a device gets one message in five seconds."""
    async with running(mock_clock) as place:
        strangers(place, 15)
        place.jump(DELAY)
        for _ in range(10):
            await place.received()
        for left in (5, 4, 3):
            await wait_all_tasks_blocked()
            assert place.service.statistics().waiting == left
            place.jump(5)
            await place.received()


async def test_a_message_is_withdrawn_from_a_device(mock_clock: MockClock) -> None:
    """A message that was deleted while its device has to wait for its turn is not sent."""
    async with running(mock_clock) as place:
        strangers(place, 11)
        place.jump(DELAY)
        for _ in range(10):
            await place.received()
        await wait_all_tasks_blocked()
        place.service.withdraw(1010)
        place.jump(60)
        await wait_all_tasks_blocked()
        await place.nothing_but("the next one")


def test_a_queue_is_bounded() -> None:
    """A device has so many conversations waiting at most; the oldest give way."""
    queue = DeviceQueue(1, "https://p.test/", 0.0)
    for number in range(100):
        queue.put(QueuedPush(f"topic {number}", b"", "high", number))
    assert len(queue) == 32
    assert queue.take().number == 68
    assert queue.dropped == 68


def test_a_newer_message_is_not_replaced_by_one_that_comes_back() -> None:
    """A message that could not be sent makes room for a newer one of its conversation."""
    queue = DeviceQueue(1, "https://p.test/", 0.0)
    queue.put(QueuedPush("topic", b"new", "high", 2))
    assert queue.put_back(QueuedPush("topic", b"old", "high", 1)) == 15.0
    assert queue.put_back(QueuedPush("other", b"old", "high", 1)) == 30.0
    assert [queue.take().line for _ in range(2)] == [b"old", b"new"]


def test_pauses_are_bounded() -> None:
    """The pause doubles with each failure, up to an hour, and begins anew after an answer."""
    queue = DeviceQueue(1, "https://p.test/", 0.0)
    pauses = [queue.put_back(QueuedPush("topic", b"", "high", 1)) for _ in range(100)]
    assert pauses[:3] == [15.0, 30.0, 60.0]
    assert max(pauses) == 3600.0
    queue.note_answer()
    assert queue.put_back(QueuedPush("topic", b"", "high", 1)) == 15.0


async def test_queues_of_removed_devices_are_forgotten(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Devices that come and go leave nothing behind, whatever their number."""
    monkeypatch.setattr("trio_chat.server.push.service._KEPT_QUEUES", 4)
    async with running(mock_clock) as place:
        account = place.ann.session.account_id
        for number in range(20):
            place.add(DeviceFake(f"https://p.test/{number}"))
            place.say(place.bob, f"PRIVMSG ann :{number}")
            place.jump(DELAY)
            for _ in place.devices:
                await place.received()
            await wait_all_tasks_blocked()
        known = set(place.town.world.push.of(account))
        assert len(place.service._queues) <= 2 * len(known) + 4


async def test_one_account_does_not_fill_the_queue(mock_clock: MockClock) -> None:
    """A hundred messages wait for an account at most; further ones are counted as dropped."""
    async with running(mock_clock) as place:
        event = Event(1, "PRIVMSG", ("ann", "x"), "bob!b@h", ())
        for account in (1, 2):
            for _ in range(150):
                place.service.offer(event.replace(push_accounts=(account,)))
        now = place.service.statistics()
    assert (now.waiting, now.dropped) == (200, 100)


async def test_new_devices_are_bounded(mock_clock: MockClock) -> None:
    """An account registers ten new devices in an hour: each makes the server send something."""
    async with running(mock_clock) as place:
        sent = [await place.service.confirm(7, place.phone.subscription()) for _ in range(11)]
        assert sent[:10] == [""] * 10
        assert "try again later" in sent[10]
        assert await place.service.confirm(8, place.phone.subscription()) == ""
        place.jump(360)
        assert await place.service.confirm(7, place.phone.subscription()) == ""


async def test_a_first_message(mock_clock: MockClock) -> None:
    """A device gets a standard reply when it is registered; the reason of a failure is for the
    user.
    """
    async with running(mock_clock) as place:
        assert await place.service.confirm(1, place.phone.subscription()) == ""
        line = await place.received()
        place.client.answers[place.phone.endpoint] = [Answer(Outcome.GONE, "HTTP 410")]
        why_not = await place.service.confirm(1, place.phone.subscription())
    assert (line.command, line.params[:2]) == ("NOTE", ("WEBPUSH", "REGISTERED"))
    assert why_not == "The push service did not take a first message: HTTP 410"


# Settings and time


async def test_push_messages_that_are_disabled(mock_clock: MockClock) -> None:
    """After REHASH without them, neither new nor waiting messages are sent; devices stay."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG ann :waiting")
        place.settings = replace(place.settings, push=PushSettings(enabled=False))
        place.say(place.bob, "PRIVMSG ann :new")
        place.jump(DELAY)
        await wait_all_tasks_blocked()
        place.settings = Settings()
        await place.nothing_but("the next one")
        assert place.devices == [place.phone.endpoint]


async def test_a_device_expires(mock_clock: MockClock) -> None:
    """A device that was not registered again for two weeks is removed within an hour, another one
    stays.
    """
    async with running(mock_clock) as place:
        place.jump(13 * 86_400)
        tablet = DeviceFake("https://p.test/tablet")
        place.add(tablet)
        await wait_all_tasks_blocked()
        assert place.devices == [place.phone.endpoint, tablet.endpoint]
        place.jump(86_400 + 3600)
        await wait_all_tasks_blocked()
        assert place.devices == [tablet.endpoint]


async def test_a_device_that_is_removed_while_messages_wait(mock_clock: MockClock) -> None:
    """Messages for a device that its user has removed are not sent."""
    async with running(mock_clock) as place:
        place.client.answers[place.phone.endpoint] = [LATER]
        place.say(place.bob, "PRIVMSG ann :one")
        place.jump(DELAY)
        await place.received()
        await wait_all_tasks_blocked()
        place.say(place.ann, "NS PUSH DEL 1")
        place.jump(3600)
        await wait_all_tasks_blocked()
        assert place.client.is_idle
        assert place.service.statistics().waiting == 0


async def test_cancellation_in_between(mock_clock: MockClock) -> None:
    """The server stops while messages wait and are being sent; nothing is left behind."""
    async with running(mock_clock) as place:
        place.client.answers[place.phone.endpoint] = [LATER]
        place.say(place.bob, "PRIVMSG ann :one")
        place.jump(DELAY)
        await place.received()
        place.say(place.eve, "PRIVMSG ann :two")
    place.say(place.bob, "PRIVMSG ann :after the end")  # no task would send it


async def test_what_waits_is_sent_at_the_end(mock_clock: MockClock) -> None:
    """A server that stops sends what waits to be seen, and what waits for its turn."""
    async with running(mock_clock) as place:
        for number in range(12):
            place.say(place.bob, f"PRIVMSG ann :{number}")
            place.jump(DELAY)
            await wait_all_tasks_blocked()
        place.say(place.eve, "PRIVMSG ann :the last")
        before = mock_clock.current_time()
        await place.service.drain()
        texts = {parse(line).params[-1] for _, line, _ in place.client.taken()}
        assert mock_clock.current_time() == before
        assert {"11", "the last"} <= texts
        assert place.service.statistics().waiting == 0


async def test_what_was_seen_is_not_sent_at_the_end(mock_clock: MockClock) -> None:
    """A server that stops sends nothing that the user has read."""
    async with running(mock_clock) as place:
        place.say(place.bob, "PRIVMSG ann :hello")
        place.say(place.ann, "MARKREAD bob timestamp=2099-01-01T00:00:00.000Z")
        await place.service.drain()
        assert place.client.is_idle


async def test_what_was_put_off_is_not_sent_at_the_end(
    mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A push service that is overloaded is left alone; the log says what is lost."""
    caplog.set_level("INFO")
    async with running(mock_clock) as place:
        place.client.answers[place.phone.endpoint] = [LATER]
        place.say(place.bob, "PRIVMSG ann :hello")
        place.jump(DELAY)
        await place.received()
        await wait_all_tasks_blocked()
        await place.service.drain()
        assert place.client.is_idle
    assert "push messages were not sent before the server stopped: 1" in caplog.text


async def test_what_comes_while_the_server_stops(mock_clock: MockClock) -> None:
    """A message that is delivered during the shutdown is sent at once."""
    async with running(mock_clock) as place:
        await place.service.drain()
        place.say(place.bob, "PRIVMSG ann :goodbye")
        assert (await place.received()).params[-1] == "goodbye"


async def test_the_end_without_a_beginning(mock_clock: MockClock) -> None:
    """A service that does not run has nothing to wait for."""
    place = Place(mock_clock)
    place.say(place.bob, "PRIVMSG ann :hello")
    await place.service.drain()
    assert place.service.statistics().waiting == 1


async def test_a_defect_does_not_end_the_delivery(
    mock_clock: MockClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broadcaster goes on when a message cannot be pushed; the exception is logged once."""

    def defect(event: Event) -> str:
        raise KeyError("defect")

    async with running(mock_clock) as place:
        monkeypatch.setattr("trio_chat.server.push.service.conversation_of", defect)
        place.say(place.bob, "PRIVMSG ann :hello")
    assert [record.message for record in caplog.records if record.exc_info] == [
        "internal error: a message cannot be pushed"
    ]
    caplog.clear()

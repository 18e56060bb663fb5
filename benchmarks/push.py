"""Benchmark of push messages: what devices add to the cost of a message to a channel.

    python benchmarks/push.py [--devices N] [--messages N] [--rounds N]

README.md in this directory explains what is measured and how to read it.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path
from statistics import median

import trio
import trio.testing

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from push_fakes import KEYS, DeviceFake, PushTown  # noqa: E402
from support import Person  # noqa: E402  # the path comes first
from trio_chat.chat.dispatch import handle_line  # noqa: E402
from trio_chat.chat.events import Event  # noqa: E402
from trio_chat.config import Settings  # noqa: E402
from trio_chat.server.push.client import Answer, Outcome, PushClient  # noqa: E402
from trio_chat.server.push.encryption import encrypt  # noqa: E402
from trio_chat.server.push.service import PushService  # noqa: E402
from trio_chat.server.push.vapid import VapidSigner  # noqa: E402

_TEXT = "The quick brown fox jumps over the lazy dog and then has lunch with everybody at noon"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what devices add to a message.")
    parser.add_argument("--devices", type=int, default=1000, help="registered devices (1000)")
    parser.add_argument("--messages", type=int, default=2000, help="of a measurement (2000)")
    parser.add_argument(
        "--rounds", type=int, default=7, help="rounds; the least and the median count (7)"
    )
    options = parser.parse_args()
    for name, measured in {
        "no device": _channel(0, 0, options.messages),
        "devices of users elsewhere": _channel(0, options.devices, options.messages),
        "devices of absent members": _channel(options.devices, 0, options.messages),
        "… and each message mentions one": _channel(
            options.devices, 0, options.messages, mentions=True
        ),
        "encrypting and signing one, in a thread": _encryption(options.messages // 10),
        "pushing one in all, without its request": _pushing(options.devices),
    }.items():
        times = [measured() for _ in range(options.rounds)]
        print(f"{name:42} {min(times):8.2f} µs a message (median {median(times):.2f})")
    return 0


def _channel(
    members: int, others: int, messages: int, *, mentions: bool = False
) -> Callable[[], float]:
    """Return a function that measures the rules of a message, in microseconds of CPU.

    Args:
        members: absent members with a device each.
        others: absent users with a device each in another channel.
        messages: to send.
        mentions: whether each message mentions a member.
    """
    town = PushTown(always_on="opt-in", most_always_on=100_000)
    town.world.observers.clear()
    for number in range(members + others):
        _absent(town, f"user{number}", "#a" if number < members else "#b")
    sender = town.person("sender", "#a")
    names = cycle([f"user{number}, " for number in range(members)] if mentions else [""])
    lines = [f"PRIVMSG #a :{next(names)}{_TEXT}".encode() for _ in range(messages)]

    def measured() -> float:
        begin = time.thread_time()
        for line in lines:
            handle_line(town.world, sender.session, line)
        return (time.thread_time() - begin) / messages * 1e6

    return measured


class _Nobody(PushClient):
    """A push service that takes everything at once."""

    async def post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a message."""
        await trio.lowlevel.checkpoint()
        return Answer(Outcome.DELIVERED, "HTTP 201")


def _pushing(devices: int) -> Callable[[], float]:
    """Return a function that measures messages to so many users with a device each, at once."""
    town = PushTown(always_on="opt-in", most_always_on=100_000)
    town.world.observers.clear()
    for number in range(devices):
        _absent(town, f"user{number}", "#a")
    sender, client = town.person("sender", "#a"), _Nobody(lambda host: False)

    async def pushed() -> None:
        service = PushService(town.world, KEYS, Settings, client)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service.run)
            await trio.testing.wait_all_tasks_blocked()
            for number in range(devices):
                line = f"PRIVMSG #a :user{number}, {_TEXT}".encode()
                for part in handle_line(town.world, sender.session, line).parts:
                    if isinstance(part, Event) and part.push_accounts:
                        service.offer(part)
            await service.drain()
            assert service.statistics().sent == devices
            nursery.cancel_scope.cancel()

    def measured() -> float:
        begin = time.process_time()
        trio.run(pushed)
        return (time.process_time() - begin) / devices * 1e6

    return measured


def _absent(town: PushTown, name: str, channel: str) -> None:
    """Have a user of an account with a device stay in a channel without a session."""
    town.accounts.add(name, f"{name}-password")
    person: Person = town.account(name, channel)
    device = DeviceFake(f"https://push.example.org/{name}")
    town.subscribe(person.session.account_id, device.subscription(seen=town.clock.now))
    person.say("NS SET always-on on")
    person.leave()


def _encryption(messages: int) -> Callable[[], float]:
    device, signer = DeviceFake(), VapidSigner(KEYS, time.time)
    line = f":ann!ann@host PRIVMSG #a :{_TEXT}".encode()

    def measured() -> float:
        begin = time.thread_time()
        for _ in range(messages):
            signer.header("https://push.example.org", "mailto:ann@example.org")
            encrypt(line, device.p256dh, device.auth)
        return (time.thread_time() - begin) / messages * 1e6

    return measured


if __name__ == "__main__":
    sys.exit(main())

"""Soak test: many clients for a long time, to find memory and descriptors that are not released.

    python benchmarks/soak.py                            500 clients, 30 minutes
    python benchmarks/soak.py --clients 100 --minutes 5  shorter

Clients send, join and leave, change their nicknames, and are replaced by new ones all the time.
Memory and descriptors of the server are recorded every few seconds and drawn to an SVG. The slope
of the memory is that of a line fitted to the second half. More than 1 MB an hour is a failure, and
so are descriptors that grow. A short run shows little about the slope: the bound is then what its
noise allows, and the result states that.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import trio

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "tests" / "chaos")]

from victim import FRIEND, Health, Victim  # noqa: E402

from lobby import hello  # noqa: E402  # the path comes first

MOST_GROWTH = 1_000_000
"""Bytes an hour."""
_INTERVAL = 2.0
_ROOMS = 25


class Sample(NamedTuple):
    """The state of the server at one second of the run."""

    second: float
    health: Health


class Visitor:
    """A client that stays for a while and is then replaced by another one.

    Args:
        victim: the server.
        number: of the visitor.
        dice: chooses its lines and pauses.
    """

    def __init__(self, victim: Victim, number: int, dice: random.Random) -> None:
        self._victim = victim
        self._number = number
        self._dice = dice
        self._visits = 0

    async def run(self) -> None:
        """Connect, stay and leave, until cancelled."""
        while True:
            self._visits += 1
            try:
                async with await self._victim.connect(FRIEND) as stream:
                    await stream.send_all(hello(f"v{self._number}x{self._visits % 7}"))
                    await self._stay(stream)
            except* (OSError, trio.BrokenResourceError):
                await trio.sleep(0.5)

    async def _stay(self, stream: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, stream)
            for _ in range(self._dice.randrange(5, 60)):
                await trio.sleep(self._dice.expovariate(1 / 5))
                await stream.send_all(self._line().encode())
            nursery.cancel_scope.cancel()

    async def _read(self, stream: trio.SocketStream) -> None:
        while await stream.receive_some(65536):
            pass

    def _line(self) -> str:
        room = f"#room{self._dice.randrange(_ROOMS)}"
        return (
            self._dice.choice(
                (
                    f"JOIN {room}",
                    f"PART {room}",
                    f"PRIVMSG {room} :{'x' * self._dice.randrange(200)}",
                    f"TOPIC {room} :about x",
                    f"NICK v{self._number}x{self._dice.randrange(7)}",
                    "WHO *x1",
                    f"NAMES {room}",
                    f"CHATHISTORY LATEST {room} * 20",
                    f"@+typing=active TAGMSG {room}",
                    f"AWAY :{self._dice.random()}",
                    "AWAY",
                    "PING x",
                    f"METADATA * SET a :{room}",
                    f"MONITOR + v{self._dice.randrange(500)}x1",
                    f"SEARCH in={room};text=xx",
                    f"MODE {room} +b x{self._dice.randrange(200)}",
                )
            )
            + "\r\n"
        )


async def soak(clients: int, minutes: float) -> list[Sample]:
    """Run the clients; return the samples."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="trio-chat-soak-") as directory:
        victim = Victim(Path(directory), clients=clients + 50, ping=90)
        async with victim.running(), trio.open_nursery() as nursery:
            for number in range(clients):
                nursery.start_soon(Visitor(victim, number, random.Random(number)).run)
            start = trio.current_time()
            while (second := trio.current_time() - start) < minutes * 60:
                samples.append(Sample(second, await victim.health()))
                _print(samples[-1])
                await trio.sleep(_INTERVAL)
            nursery.cancel_scope.cancel()
            if "Traceback" in victim.log:
                sys.exit(victim.log)
    return samples


def _print(sample: Sample) -> None:
    health = sample.health
    print(
        f"\r{sample.second:6.0f} s  {health.memory / 1e6:7.1f} MB  {health.descriptors:5}"
        f" descriptors  {health.tasks:5} tasks  {health.connections:5} clients  loop late by"
        f" {health.lag * 1000:5.0f} ms",
        end="",
        file=sys.stderr,
        flush=True,
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line through points (least squares)."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


def draw(samples: Sequence[Sample], title: str) -> str:
    """Return an SVG of memory and descriptors over time."""
    width, height, margin = 900, 320, 60
    last = samples[-1].second or 1

    def line(values: Sequence[float], colour: str) -> str:
        top = max(values) * 1.1 or 1
        x, y = (width - 2 * margin) / last, (height - 2 * margin) / top
        points = " ".join(
            f"{margin + sample.second * x:.1f},{height - margin - value * y:.1f}"
            for sample, value in zip(samples, values, strict=True)
        )
        return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>'

    memory = [sample.health.memory / 1e6 for sample in samples]
    descriptors = [float(sample.health.descriptors) for sample in samples]
    texts = (
        (margin, 24, "#222", title),
        (margin, 44, "#0a58ca", f"memory, up to {max(memory):.1f} MB"),
        (margin + 300, 44, "#b02a37", f"descriptors, up to {max(descriptors):.0f}"),
        (margin, height - 20, "#222", f"0 to {last / 60:.1f} minutes; both axes begin at 0"),
    )
    return "\n".join(
        (
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
                ' font-family="sans-serif" font-size="14">'
            ),
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            (
                f'<path d="M{margin} {margin}V{height - margin}H{width - margin}" fill="none"'
                ' stroke="#888"/>'
            ),
            line(memory, "#0a58ca"),
            line(descriptors, "#b02a37"),
            *(
                f'<text x="{x}" y="{y}" fill="{colour}">{escape(text)}</text>'
                for x, y, colour, text in texts
            ),
            "</svg>\n",
        )
    )


def verdict(samples: Sequence[Sample]) -> tuple[str, bool]:
    """Return a summary of a run, and whether it passed."""
    half = samples[len(samples) // 2 :]
    hours = (half[-1].second - half[0].second) / 3600
    growth = slope([(sample.second / 3600, float(sample.health.memory)) for sample in half])
    memories = [sample.health.memory for sample in half]
    descriptors = slope(
        [
            (sample.second / 3600, float(sample.health.descriptors - sample.health.connections))
            for sample in half
        ]
    )
    # One page more or less at either end would look like a slope in a short run.
    noise = 500_000 / hours if hours else float("inf")
    is_good = growth <= max(MOST_GROWTH, noise) and descriptors * hours < 3
    text = (
        f"memory {memories[0] / 1e6:.1f} -> {memories[-1] / 1e6:.1f} MB in the second half"
        f" ({hours * 60:.1f} minutes): {growth / 1e6:+.2f} MB an hour (at most"
        f" {max(MOST_GROWTH, noise) / 1e6:.1f} for this length); descriptors that are not clients:"
        f" {descriptors:+.2f} an hour"
    )
    return text, is_good


def main() -> None:
    """Run the soak test with the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "benchmarks" / "results" / "soak.svg",
        help="file of the plot",
    )
    arguments = parser.parse_args()
    samples = trio.run(soak, arguments.clients, arguments.minutes)
    text, is_good = verdict(samples)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(
        draw(samples, f"{arguments.clients} clients, {arguments.minutes:g} minutes"), "utf-8"
    )
    print(f"\n{text}\n{arguments.out}\n{'good' if is_good else 'LEAK'}")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()

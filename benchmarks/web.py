"""Benchmark of the page in Chromium: bytes, its start, long histories, and a busy channel.

    python benchmarks/web.py [--modules] [--messages N,N] [--rate N] [--seconds N] [--starts N]

It needs Chromium, esbuild (`npm ci`) and the dependency groups `test` and `browser`. The page is
the bundle that a wheel has; with `--modules`, it is what a checkout sends. The figures depend on
the machine; beside each of them is the target for two shared cores without a graphics card.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

import harness
from harness import DESKTOP, IrcClient, Server, Visitor, chromium
from playwright.sync_api import Browser, sync_playwright

_JOIN = """() => {
    const times = (window.benchmark = {});
    const note = (name) => (times[name] ??= performance.now());
    const look = () => {
        const field = document.querySelector("input[name=nick]");
        if (field && !times.form) {
            note("form");
            field.value = "ann";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            field.form.requestSubmit();
        }
        if (document.querySelector("textarea")) note("joined");
        if (document.querySelector("[role=article]")) note("history");
        if (!times.history) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
"""Joins as soon as there is a form, and notes when what is shown, in milliseconds."""
_FILES = """performance.getEntriesByType("resource").map((each) =>
    [new URL(each.name).pathname, each.encodedBodySize, each.responseEnd])"""
_SCROLL = """async ([direction, frames, step]) => {
    const log = document.querySelector("[role=log]");
    const frame = () => new Promise((resume) => requestAnimationFrame(resume));
    const times = [];
    let last = await frame();
    for (let count = 0; count < frames; count += 1) {
        log.scrollTop += direction * step;
        const now = await frame();
        times.push(now - last);
        last = now;
    }
    return times;
}"""
_MAIN_THREAD = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
_FRAMES = 300
_MIB = 1024 * 1024
_PATIENCE = 300
_SOON = 3000
"""Milliseconds after which the page has begun to load what it does not need at once."""


class Figure(NamedTuple):
    """One line of the result.

    Args:
        name: what was measured.
        value: the figure.
        unit: its unit.
        target: what it should not exceed; 0 for no target.
    """

    name: str
    value: float
    unit: str
    target: float = 0

    def __str__(self) -> str:
        met = "" if not self.target else "met" if self.value <= self.target else "MISSED"
        goal = f"{self.target:g} {self.unit}" if self.target else "-"
        return f"{self.name:<58}{self.value:>10.4g} {self.unit:<6}{goal:>12} {met}"


@contextmanager
def visitor(browser: Browser, server: Server, *, join: bool = False) -> Iterator[Visitor]:
    """Yield a user with an empty cache.

    Args:
        browser: Chromium.
        server: what it visits.
        join: whether the page joins by itself when it is loaded, and notes the times.
    """
    context = browser.new_context(**DESKTOP)
    if join:
        context.add_init_script(f"({_JOIN})()")
    try:
        yield Visitor(context, server.url)
    finally:
        context.close()


class FirstVisit(NamedTuple):
    """What a first visit took.

    Args:
        times: in milliseconds from the navigation on, by name.
        files: path, bytes as they were sent, and the time at which they were there, of each file.
    """

    times: dict[str, float]
    files: list[tuple[str, int, float]]

    def script(self, until: float = float("inf")) -> float:
        """Return kilobytes of script, compressed, that were there at a time."""
        sizes = [size for name, size, end in self.files if name.endswith(".js") and end <= until]
        return sum(sizes) / 1000


def first_visit(browser: Browser, server: Server) -> FirstVisit:
    """Load the page, join, and wait for everything that is loaded then."""
    with visitor(browser, server, join=True) as ann:
        ann.open()
        ann.until("window.benchmark?.history")
        ann.page.wait_for_timeout(_SOON)
        ann.page.wait_for_load_state("networkidle")
        times: dict[str, float] = ann.page.evaluate(
            "({paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,"
            " ...window.benchmark})"
        )
        return FirstVisit(times, ann.page.evaluate(_FILES))


def start(browser: Browser, server: Server, starts: int) -> list[Figure]:
    """Measure what first visits transfer, and how long they take."""
    visits = [first_visit(browser, server) for _ in range(starts)]
    last = visits[-1]

    def median(name: str) -> float:
        return statistics.median(visit.times[name] for visit in visits)

    return [
        Figure("script until the form is drawn", last.script(last.times["form"]), "kB"),
        Figure("script until the history is shown", last.script(last.times["history"]), "kB", 40),
        Figure("script in all, when nothing more is loaded", last.script(), "kB"),
        Figure("all files", sum(size for _, size, _ in last.files) / 1000, "kB"),
        Figure("requests for files", len(last.files), ""),
        Figure("first paint", median("paint"), "ms", 500),
        Figure("form ready", median("form"), "ms"),
        Figure("joined", median("joined"), "ms", 600),
        Figure("history shown", median("history"), "ms"),
    ]


def bundle(directory: Path) -> None:
    """Have servers send the page as a wheel does.

    Raises:
        SystemExit: there is no esbuild.
    """
    copy = directory / "src" / "trio_chat"
    shutil.copytree(harness.ROOT / "src" / "trio_chat", copy)
    target = copy / "web" / "bundle" / "app"
    script = harness.ROOT / "tools" / "bundle.py"
    subprocess.run([sys.executable, str(script), str(target)], check=True)
    if not target.is_dir():
        sys.exit("There is no esbuild: run `npm ci`, or measure the --modules.")
    harness.ROOT = directory


def metrics(ann: Visitor) -> dict[str, float]:
    """Return Chromium's counters of the page. Durations are time of the CPU, not of a clock."""
    ann.session.send("Performance.enable", {"timeDomain": "threadTicks"})
    answer: dict[str, Any] = ann.session.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in answer["metrics"]}


def heap(ann: Visitor) -> float:
    """Return the size of the heap after a collection of garbage, in MiB."""
    for _ in range(2):
        ann.session.send("HeapProfiler.collectGarbage")
    return metrics(ann)["JSHeapUsedSize"] / _MIB


def send(boris: IrcClient, first: int, count: int) -> None:
    """Send this many messages of a usual length to the lobby."""
    words = ["lorem", "ipsum", "dolor", "sit", "amet"] * 3
    for begin in range(first, first + count, 500):
        end = min(begin + 500, first + count)
        boris.send(
            *(
                f"PRIVMSG #lobby :message {number} {' '.join(words[: number % 13 + 1])}"
                for number in range(begin, end)
            )
        )
        boris.sync()


def long_history(
    browser: Browser,
    server: Server,
    counts: Sequence[int],
    rate: int,
    seconds: int,
    *,
    events: bool,
) -> Iterator[Figure]:
    """Measure heap, frames and the main thread with ever more messages in the page."""
    boris = server.irc("boris", "#lobby")
    sent = 0
    with visitor(browser, server) as ann:
        ann.join("ann")
        empty = heap(ann)
        yield Figure("heap at first", empty, "MiB")
        for count in counts:
            send(boris, sent, count - sent)
            sent = count
            ann.page.get_by_text(f"message {count - 1} ").wait_for(timeout=_PATIENCE * 1000)
            yield Figure(f"heap, {count:,} messages", heap(ann), "MiB", 25)
            for name, direction in (("up", -1), ("down", 1)):
                before = metrics(ann)["TaskDuration"]
                times = ann.page.evaluate(_SCROLL, [direction, _FRAMES, 240])
                cpu = (metrics(ann)["TaskDuration"] - before) * 1000 / _FRAMES
                p95 = statistics.quantiles(times, n=20)[-1]
                yield Figure(f"… scrolling {name}: frame, p95", p95, "ms", 20)
                yield Figure(f"… scrolling {name}: longest frame", max(times), "ms")
                yield Figure(f"… scrolling {name}: CPU of the main thread, a frame", cpu, "ms")
            ann.timeline.press("End")
            yield from following(ann, boris, rate, seconds, sent, events=events)
            sent += rate * seconds
    boris.close()


def following(
    ann: Visitor, boris: IrcClient, rate: int, seconds: int, first: int, *, events: bool
) -> Iterator[Figure]:
    """Measure the main thread while messages arrive at a rate."""
    last = first + rate * seconds - 1
    if events:
        ann.session.send(
            "Tracing.start",
            {"transferMode": "ReportEvents", "categories": "devtools.timeline,toplevel,cc"},
        )
    before, begun = metrics(ann), time.perf_counter()
    for number in range(first, last + 1):
        pause = begun + (number - first) / rate - time.perf_counter()
        if pause > 0:
            # Playwright handles events of the browser meanwhile.
            ann.page.wait_for_timeout(pause * 1000)
        boris.send(f"PRIVMSG #lobby :message {number} of a busy channel")
    ann.page.get_by_text(f"message {last} of").wait_for()
    after, took = metrics(ann), time.perf_counter() - begun
    name = f"… following {rate} messages a second"
    for counter in _MAIN_THREAD:
        share = (after[counter] - before[counter]) / took * 100
        target = 35 if counter == "TaskDuration" else 0
        yield Figure(f"{name}: {counter}", share, "%", target)
    if events:
        _print_events(ann, took)


def _print_events(ann: Visitor, took: float) -> None:
    """Print what the threads of the page did, by the names of Chromium's trace events."""
    found: list[dict[str, Any]] = []
    ended: list[bool] = []
    ann.session.on("Tracing.dataCollected", lambda data: found.extend(data["value"]))
    ann.session.on("Tracing.tracingComplete", lambda _: ended.append(True))
    ann.session.send("Tracing.end")
    while not ended:
        ann.page.wait_for_timeout(100)
    threads = {
        (each["pid"], each["tid"]): each["args"]["name"]
        for each in found
        if each["name"] == "thread_name"
    }
    times: Counter[tuple[str, str]] = Counter()
    for each in found:
        if each["ph"] == "X":
            thread = threads.get((each["pid"], each["tid"]), "?")
            times[thread, each["name"]] += each.get("tdur", each["dur"])
    for (thread, event), duration in times.most_common(40):
        print(f"    {thread:<34}{event:<44}{duration / took / 1e4:6.1f} %")


def main() -> None:
    """Measure everything, and print each figure when it is known."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--messages", default="10000,100000", help="numbers of messages in the page"
    )
    parser.add_argument("--rate", type=int, default=100, help="messages a second to follow")
    parser.add_argument("--seconds", type=int, default=10, help="how long to follow them")
    parser.add_argument(
        "--starts", type=int, default=9, help="first visits, of which the median is shown"
    )
    parser.add_argument(
        "--events", action="store_true", help="print what the browser's threads did"
    )
    parser.add_argument(
        "--modules", action="store_true", help="send modules as a checkout does, not the bundle"
    )
    options = parser.parse_args()
    counts = [int(part) for part in options.messages.split(",")]
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    print(f"{'':<58}{'':>10} {'':<6}{'target':>12}")
    with (
        tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as directory,
        sync_playwright() as playwright,
    ):
        if not options.modules:
            bundle(Path(directory, "bundled"))
        home = Path(directory, "server")
        home.mkdir()
        server = Server(home)
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        boris = server.irc("first", "#lobby")
        send(boris, 0, 100)
        boris.close()
        try:
            for figure in start(browser, server, options.starts):
                print(figure, flush=True)
            for figure in long_history(
                browser, server, counts, options.rate, options.seconds, events=options.events
            ):
                print(figure, flush=True)
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()

"""Benchmark of a first visit: what a browser loads from a chat's address until a guest can talk.

    python benchmarks/visit.py http://127.0.0.1:5000/ --fill input=anna
    python benchmarks/visit.py http://127.0.0.1:9000/ --fill '#connect\\:nick=anna' \\
        --click 'button[type=submit]'

It opens any address in Chromium with an empty cache, so the same program measures other chats, too.
`--fill FIELD=VALUE` and `--click ELEMENT` (CSS selectors) do what a guest does there, in the order
given; Enter follows the last field if nothing is clicked. It needs Chromium and the dependency
groups `test` and `browser`.
"""

import argparse
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

_QUIET = 3
"""Seconds without another response after which the page has everything."""


class Traffic:
    """What the network delivered to a page, as Chromium counts it: compressed, with headers."""

    def __init__(self, session: CDPSession) -> None:
        self._kinds: dict[str, str] = {}
        self.files: dict[str, int] = defaultdict(int)
        self.bytes: dict[str, int] = defaultdict(int)
        session.on("Network.responseReceived", self._on_response)
        session.on("Network.loadingFinished", self._on_finished)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _on_response(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event["type"].lower()

    def _on_finished(self, event: dict[str, Any]) -> None:
        kind = self._kinds.get(event["requestId"], "other")
        self.files[kind] += 1
        self.bytes[kind] += int(event["encodedDataLength"])

    @property
    def total(self) -> int:
        """The bytes of all files."""
        return sum(self.bytes.values())

    def settle(self, page: Page) -> None:
        """Wait until nothing more arrives."""
        before = -1
        while before != self.total:
            before = self.total
            page.wait_for_timeout(_QUIET * 1000)


def act(page: Page, steps: Iterable[tuple[str, str]]) -> None:
    """Do what a guest does.

    Raises:
        playwright.sync_api.TimeoutError: the page has no such element

    """
    last = ""
    for last, value in steps:
        if last == "click":
            page.click(value)
        else:
            field, _, text = value.partition("=")
            page.fill(field, text)
    if last == "fill":
        page.keyboard.press("Enter")


def show(title: str, traffic: Traffic) -> None:
    """Print what has arrived so far."""
    print(f"{title}: {traffic.total / 1000:,.0f} kB in {sum(traffic.files.values())} files")
    for kind, size in sorted(traffic.bytes.items(), key=lambda item: -item[1]):
        print(f"    {kind:12} {size / 1000:8,.1f} kB   {traffic.files[kind]} files")


class _Step(argparse.Action):
    """Keeps `--fill` and `--click` in the order in which they were given."""

    def __call__(self, _parser: Any, namespace: Any, value: Any, option: str | None = None) -> None:
        namespace.steps = [*namespace.steps, (str(option).lstrip("-"), value)]


def main() -> None:
    """Measure one address."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--fill", metavar="FIELD=VALUE", action=_Step)
    parser.add_argument("--click", metavar="ELEMENT", action=_Step)
    parser.add_argument("--picture", metavar="FILE", help="write a PNG of the last state there")
    parser.set_defaults(steps=[])
    options = parser.parse_args()
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        traffic = Traffic(page.context.new_cdp_session(page))
        page.goto(options.url)
        traffic.settle(page)
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
        print(f"first paint after {page.evaluate(paint):.0f} ms")
        show("the first page", traffic)
        if options.steps:
            act(page, options.steps)
            traffic.settle(page)
            show("until the guest is in the chat", traffic)
        if options.picture:
            page.screenshot(path=options.picture)
        browser.close()


if __name__ == "__main__":
    main()

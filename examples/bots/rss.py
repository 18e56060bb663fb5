"""Announces new entries of RSS and Atom feeds.

python examples/bots/rss.py chat.example.org --channel '#news' --feed https://example.org/feed.xml
"""

import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException
from typing import NamedTuple
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import trio

from trio_chat.bot import Bot, NotDeliveredError

INTERVAL = 900.0
"""Seconds between two looks at a feed."""
TIMEOUT = 30.0
LARGEST = 5_000_000
"""Bytes of a feed that are read."""
MOST_AT_ONCE = 5
"""Entries announced after one look; the oldest of more are passed over."""
REMEMBERED = 1000


class Entry(NamedTuple):
    """An entry of a feed."""

    identifier: str
    title: str
    link: str


def fetch(url: str) -> bytes:
    """Return the beginning of a document; this blocks.

    Raises:
        OSError: it cannot be had.
        ValueError: the address is not one of the web.
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no address of the web")
    request = Request(url, headers={"User-Agent": "trio-chat-rss"})  # noqa: S310 - checked above
    with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
        return bytes(answer.read(LARGEST))


def entries(document: bytes) -> Iterator[Entry]:
    """Yield the entries of an RSS or Atom document, as they stand there: the newest first.

    Raises:
        ValueError: the document is no feed.
    """
    if b"<!ENTITY" in document:
        raise ValueError("the feed defines entities, which no feed needs")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - no entities, see above
    except (ElementTree.ParseError, LookupError) as error:  # the latter for its encoding
        raise ValueError(f"the feed is no XML: {error}") from None
    for node in root.iter():
        if node.tag.rpartition("}")[2] in ("item", "entry"):
            words = {child.tag.rpartition("}")[2]: child for child in node}
            link = _link(words)
            title = " ".join((_text(words, "title") or link).split())
            identifier = _text(words, "guid") or _text(words, "id") or link or title
            yield Entry(identifier, title, link)


def _text(words: dict[str, ElementTree.Element], name: str) -> str:
    return (words[name].text or "").strip() if name in words else ""


def _link(words: dict[str, ElementTree.Element]) -> str:
    return (words["link"].get("href") or _text(words, "link")) if "link" in words else ""


def feeds(
    urls: list[str],
    channels: tuple[str, ...] = ("#news",),
    get: Callable[[str], bytes] = fetch,
) -> Bot:
    """Return the bot.

    Args:
        urls: the feeds.
        channels: where entries are announced.
        get: returns a document; runs in a thread.
    """
    bot = Bot("rss", channels=channels)

    async def follow(url: str) -> None:
        known: deque[str] = deque(maxlen=REMEMBERED)
        is_first = True
        while True:
            try:
                found = list(entries(await trio.to_thread.run_sync(get, url)))
            except (OSError, HTTPException, ValueError) as error:
                logging.warning("%s: %s", url, error)
            else:
                new = [entry for entry in found if entry.identifier not in known]
                known.extend(entry.identifier for entry in new)
                if not is_first:  # what was there before the bot is no news
                    await announce(new[:MOST_AT_ONCE])
                is_first = False
            await trio.sleep(INTERVAL)

    async def announce(new: list[Entry]) -> None:
        for entry in reversed(new):
            for channel in bot.wanted_channels:  # also without a connection, for which it waits
                name = channel.partition(" ")[0]
                try:
                    await bot.say(name, f"{entry.title} {entry.link}".strip())
                except NotDeliveredError as error:
                    logging.warning("%s: %s was not announced: %s", name, entry.link, error)

    @bot.task
    async def follow_all() -> None:
        async with trio.open_nursery() as nursery:
            for url in urls:
                nursery.start_soon(partial(follow, url))

    return bot


if __name__ == "__main__":
    arguments, addresses = sys.argv[1:], []
    while "--feed" in arguments:
        position = arguments.index("--feed")
        addresses += arguments[position + 1 : position + 2]
        del arguments[position : position + 2]
    sys.argv[1:] = arguments
    feeds(addresses).main()

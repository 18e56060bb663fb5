"""The HTTP handlers of the public archive.

| path | page |
|---|---|
| `/archive/` | the public channels |
| `/archive/lobby/` | the latest day of #lobby |
| `/archive/lobby/2026-11-28` | a day; `?after=<msgid>` goes on after a message |
| `/archive/lobby/m/<msgid>` | redirects to the message: the permanent link |
| `/archive/lobby/search?q=words` | messages with these words |
| `/archive/lobby/feed.xml` | the latest messages (Atom) |
"""

import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

from trio_chat.chat import public_archive
from trio_chat.chat.channels import Channel
from trio_chat.chat.ids import first_id, msgid, parse_msgid, server_time
from trio_chat.exports.html import POLICY
from trio_chat.irc.names import CHANTYPES, fold_or_self
from trio_chat.server.archive.documents import ArchiveDocuments
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError
from trio_chat.server.http.site import Site

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOST_FOUND = 50
_IN_FEED = 50
_LONGEST_QUERY = 200
_POLICY = f"{POLICY}; form-action 'self'; frame-ancestors 'none'"
_ASK_AGAIN = "no-cache"
"""A browser may keep a page, and asks each time whether it is current, so that a deleted message is
gone at once.
"""


class _Archive:
    """The archive for one request."""

    def __init__(self, request: HttpRequest, site: Site) -> None:
        world, settings = site.world, site.settings
        if not settings.archive.enabled or world.storage is None:
            raise RequestError(404, "this server has no public archive")
        self.request = request
        self.reader = site.archive(world.storage)
        self.documents = ArchiveDocuments(
            world.server_info.network, world.page_url, robots=settings.archive.robots
        )
        self.robots = settings.archive.robots

    def asked(self, name: str) -> str:
        """Return the first value of a name in the query; "" when there is none."""
        return parse_qs(self.request.query).get(name, [""])[0]

    def answer(self, text: str, kind: str = "text/html") -> HttpResponse:
        """Return a page, or that the client has it already."""
        body = text.encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = [
            ("Cache-Control", _ASK_AGAIN),
            ("ETag", tag),
            ("Content-Security-Policy", _POLICY),
            *([] if self.robots else [("X-Robots-Tag", "noindex, nofollow")]),
        ]
        if self.request.has_current(tag):
            return HttpResponse(304, b"", headers)
        return HttpResponse(200, body, [("Content-Type", f"{kind}; charset=utf-8"), *headers])


async def answer(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with a page of the archive."""
    archive = _Archive(request, site)
    name, _, rest = request.path.removeprefix(f"/{public_archive.PATH}").partition("/")
    if not name:
        return archive.answer(archive.documents.index(public_archive.channels(site.world)))
    channel = archive.reader.channel(_folded(name))
    own = f"/{public_archive.path(channel)}"
    if not request.path.startswith(own):  # another case, or without the last `/`
        query = f"?{request.query}" if request.query else ""
        return _redirect(f"{own}{rest}{query}")
    match rest.split("/"):
        case [""]:
            return await _latest(archive, channel)
        case ["feed.xml"]:
            records = await archive.reader.latest(channel, _IN_FEED)
            return archive.answer(archive.documents.feed(channel, records), "application/atom+xml")
        case ["search"]:
            return await _search(archive, channel)
        case ["m", word]:
            return await _message(archive, channel, word)
        case [day] if _DAY.fullmatch(day):
            return await _day(archive, channel, day)
    raise RequestError(404, "there is no such page")


def _folded(name: str) -> str:
    try:
        return fold_or_self(CHANTYPES + unquote(name, errors="strict"))
    except UnicodeDecodeError:
        raise RequestError(404, "there is no public channel of this name") from None


def _redirect(path: str) -> HttpResponse:
    return HttpResponse(302, b"", [("Location", path), ("Cache-Control", _ASK_AGAIN)])


async def _latest(archive: _Archive, channel: Channel) -> HttpResponse:
    day = await archive.reader.last_day(channel)
    if day:
        return await _day(archive, channel, day)
    return archive.answer(archive.documents.day(channel, "no messages yet", [], (), links=[]))


async def _day(archive: _Archive, channel: Channel, day: str) -> HttpResponse:
    after = parse_msgid(archive.asked("after")) or 0
    page = await archive.reader.day(channel, _begin(day), after)
    own = f"/{public_archive.path(channel)}"
    links = [
        *([(f"{own}{page.before}", f"← {page.before}")] if page.before else []),
        *([(f"{own}{day}", "Beginning of this day")] if after > first_id(_begin(day)) else []),
        *([(f"{own}{day}?after={msgid(page.last)}", "More of this day")] if page.last else []),
        *([(f"{own}{page.after}", f"{page.after} →")] if page.after else []),
    ]
    missing = await archive.reader.missing(channel, page.records)
    return archive.answer(archive.documents.day(channel, day, page.records, missing, links=links))


def _begin(day: str) -> int:
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise RequestError(404, "there is no such day") from None


async def _message(archive: _Archive, channel: Channel, word: str) -> HttpResponse:
    number = parse_msgid(word)
    if number is None:
        raise RequestError(404, "there is no such message, or it was deleted")
    record = await archive.reader.one(channel, number)
    day = server_time(record.id)[:10]
    page = await archive.reader.day(channel, _begin(day))
    is_on_first = any(each.id == record.id for each in page.records)
    after = "" if is_on_first else f"?after={msgid(record.id - 1)}"
    return _redirect(f"/{public_archive.path(channel)}{day}{after}#{msgid(record.id)}")


async def _search(archive: _Archive, channel: Channel) -> HttpResponse:
    text = archive.asked("q").strip()
    if not text or len(text) > _LONGEST_QUERY:
        raise RequestError(400, f"search for 1 to {_LONGEST_QUERY} characters: search?q=words")
    records = await archive.reader.search(channel, text, _MOST_FOUND)
    missing = await archive.reader.missing(channel, records)
    return archive.answer(archive.documents.found(channel, text, records, missing))

"""Documents of the public archive: HTML without scripts, and Atom feeds (RFC 4287).

The texts come from strangers. Everything is escaped, and a content security policy forbids whatever
else somebody could smuggle in. No address and no host of a user is shown.
"""

import html
import re
from collections.abc import Collection, Iterable, Sequence

from trio_chat.chat import public_archive
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import Record
from trio_chat.chat.ids import msgid, server_time
from trio_chat.exports.html import FOOT, Surroundings, article, escaped, head, said
from trio_chat.exports.text import nick_of
from trio_chat.irc.text import clean, cut

_NOT_IN_XML = re.compile("[\ufffe\uffff]")
"""What a document of XML cannot have (XML 1.0 §2.2), besides what `clean` replaces."""
_LONGEST_TITLE = 80
_NO_ROBOTS = '<meta name="robots" content="noindex, nofollow">\n'


class ArchiveDocuments:
    """The documents of one server.

    Args:
        network: the name of the network.
        base: the address of the page, with a `/` at its end.
        robots: whether search engines may index the pages.
    """

    def __init__(self, network: str, base: str, *, robots: bool) -> None:
        self._network = network
        self._base = base
        self._robots = robots

    def index(self, channels: Iterable[Channel]) -> str:
        """Return the list of the public channels."""
        rows = "".join(
            f'<li><a href="/{_path(channel)}">{escaped(channel.name)}</a>'
            f"{' · ' + escaped(channel.topic.text) if channel.topic else ''}</li>\n"
            for channel in channels
        )
        text = f"<ul>\n{rows}</ul>\n" if rows else "<p>No channel is public.</p>\n"
        return f"{self._head(self._network)}{text}{FOOT}"

    def day(
        self,
        channel: Channel,
        day: str,
        records: Sequence[Record],
        missing: Collection[int],
        *,
        links: Sequence[tuple[str, str]],
    ) -> str:
        """Return the messages of a day.

        Args:
            channel: the channel.
            day: such as `2026-11-28`.
            records: its messages.
            missing: the ids of messages that these answer and that cannot be shown.
            links: to other pages, with their texts.
        """
        title = f"{channel.name} · {day}"
        articles = "".join(_article(channel, record, missing) for record in records)
        return self._page(channel, title, articles, links)

    def found(
        self, channel: Channel, text: str, records: Sequence[Record], missing: Collection[int]
    ) -> str:
        """Return the messages that contain words, each with a link to where it was said; see
        `day`.
        """
        articles = "".join(
            f'<p><a href="/{_path(channel)}m/{msgid(record.id)}">'
            f"{server_time(record.id)[:10]}</a></p>\n{_article(channel, record, missing)}"
            for record in records
        )
        shown = articles or "<p>Nothing was found.</p>\n"
        return self._page(channel, f"{channel.name} · {text}", shown, ())

    def feed(self, channel: Channel, records: Sequence[Record]) -> str:
        """Return the latest messages as an Atom feed, the newest first."""
        own = f"{self._base}{_path(channel)}"
        updated = server_time(records[-1].id, records[-1].shift) if records else _NEVER
        entries = "".join(
            _entry(self._lasting(record.id), own, record) for record in reversed(records)
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<feed xmlns="http://www.w3.org/2005/Atom">\n'
            f"<title>{escaped(f'{channel.name} · {self._network}')}</title>\n"
            f'<link href="{html.escape(own)}"/>\n'
            f'<link rel="self" href="{html.escape(own)}feed.xml"/>\n'
            f"<id>{self._lasting(channel.public_since)}</id>\n<updated>{updated}</updated>\n"
            f"{entries}</feed>\n"
        )

    def _lasting(self, number: int) -> str:
        """Return an identifier that outlasts another name of the channel: a reader of feeds would
        show all messages once more (RFC 4287 §4.2.6).
        """
        return f"{html.escape(self._base)}{public_archive.PATH}#{msgid(number)}"

    def _page(
        self, channel: Channel, title: str, articles: str, links: Sequence[tuple[str, str]]
    ) -> str:
        path = _path(channel)
        shown = " · ".join(f'<a href="{html.escape(to)}">{escaped(text)}</a>' for to, text in links)
        navigation = f"<nav>{shown}</nav>\n" if links else ""
        return (
            f"{self._head(title)}"
            f'<nav><a href="/{public_archive.PATH}">{escaped(self._network)}</a> · '
            f'<a href="/{path}">{escaped(channel.name)}</a> · '
            f'<a href="/{path}feed.xml">Atom</a></nav>\n'
            f'<form action="/{path}search"><input type="search" name="q" maxlength="200" required'
            ' aria-label="Words to search for"> <button>Search</button></form>\n'
            f"{navigation}{articles}{navigation}{FOOT}"
        )

    def _head(self, title: str) -> str:
        whole = head(title)
        return whole if self._robots else whole.replace("<title>", f"{_NO_ROBOTS}<title>", 1)


_NEVER = "1970-01-01T00:00:00.000Z"


def _path(channel: Channel) -> str:
    return html.escape(public_archive.path(channel))


def _article(channel: Channel, record: Record, missing: Collection[int]) -> str:
    # A message may answer one of another day, or of another page of the same day.
    permanent = f"/{public_archive.path(channel)}m/"
    return article(record, Surroundings({}, {}, [], missing=missing, permanent=permanent))


def _entry(identifier: str, own: str, record: Record) -> str:
    link = f"{html.escape(own)}m/{msgid(record.id)}"
    time, nick = server_time(record.id, record.shift), escaped(nick_of(record))
    words, is_action = said(record)
    lines = [_NOT_IN_XML.sub("\ufffd", clean(line)) for line in words.split("\n")]
    whole, content = " ".join(filter(None, lines)), "<br>".join(map(html.escape, lines))
    title = whole if len(whole) <= _LONGEST_TITLE else f"{cut(whole, _LONGEST_TITLE).rstrip()}…"
    who = f"* {nick}" if is_action else f"{nick}:"
    return (
        f"<entry><id>{identifier}</id><title>{who} {html.escape(title)}</title>"
        f'<link href="{link}"/><updated>{time}</updated><author><name>{nick}</name></author>'
        f'<content type="html">{html.escape(content)}</content></entry>\n'
    )

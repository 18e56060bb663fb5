"""The history as pages of HTML for reading from a disk: one for each day, and an index.

The texts come from strangers. Everything is escaped, only links by HTTP are links, there is no
script, and a content security policy forbids whatever else somebody could smuggle in. The style is
in each page, so that a page can be moved alone.
"""

import base64
import hashlib
import html
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from trio_chat.chat.history import Record
from trio_chat.chat.ids import msgid, parse_msgid, server_time
from trio_chat.chat.uploads import LINK
from trio_chat.exports.text import action_of, nick_of, texts_of
from trio_chat.irc import tag_names
from trio_chat.irc.text import ACTION, clean

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem;
  color: #222; background: #fff; }
article { padding: .15rem .4rem; overflow-wrap: anywhere; }
article:target { background: #ffb; }
time { color: #666; font-size: .85em; text-decoration: none; }
article a.time { text-decoration: none; }
b { font-weight: 600; }
b, .text { unicode-bidi: plaintext; }
.text { white-space: pre-wrap; }
.notice { color: #555; }
.reply, .reactions { color: #555; font-size: .9em; }
img { max-width: 100%; max-height: 20rem; display: block; }
nav { padding: 1rem .4rem; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b; }
  a { color: #8bf; }
  article:target { background: #444400; }
  time, .notice, .reply, .reactions { color: #aaa; }
}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{_HASH}'; base-uri 'none'"
"""The content security policy of a page."""
_URL = re.compile(r"https?://[^\s<>\"`\x00-\x20]{1,2000}", re.IGNORECASE)
_AFTER_URL = ".,;:!?'"
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_IMAGES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
INDEX = "index.html"


class CopiedFile(NamedTuple):
    """An upload that is in the export.

    Args:
        path: relative to the pages.
        name: the name that readers see.
        type: its media type.
    """

    path: str
    name: str
    type: str


class Surroundings(NamedTuple):
    """What a page knows besides its records.

    Args:
        reactions: by the id of a message, the emoji with the nicknames of people.
        files: the uploads that were copied, by random name.
        pages: of the messages so far, the first id and the name of each page, in order.
        with_channel: whether messages have their channel, because there are several.
        missing: the ids of messages that are answered and cannot be shown.
        permanent: what the permanent links of messages begin with, "" where there are only pages.
    """

    reactions: Mapping[int, Mapping[str, list[str]]]
    files: Mapping[str, CopiedFile]
    pages: list[tuple[int, str]]
    with_channel: bool = False
    missing: Collection[int] = ()
    permanent: str = ""


def head(title: str, language: str = "") -> str:
    """Return the beginning of a page.

    Args:
        title: plain text.
        language: of the texts of the page itself, or "".
    """
    attribute = f' lang="{html.escape(language)}"' if language else ""
    return (
        f'<!DOCTYPE html>\n<html{attribute}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escaped(title)}</h1>\n"
    )


FOOT = "</body>\n</html>\n"
"""The end of a page."""


def navigation(links: Iterable[tuple[str, str]]) -> str:
    """Return links to other pages: addresses and texts."""
    inner = " · ".join(f'<a href="{quote(to)}">{escaped(text)}</a>' for to, text in links)
    return f"<nav>{inner}</nav>\n"


def listed(links: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a list of links: addresses and texts."""
    yield "<ul>\n"
    for to, text in links:
        yield f'<li><a href="{quote(to)}">{escaped(text)}</a></li>\n'
    yield "</ul>\n"


def escaped(text: str) -> str:
    """Return plain text as HTML, with formatting codes removed and control characters visible."""
    return html.escape(clean(text))


def article(record: Record, around: Surroundings) -> str:
    """Return a message as HTML. Its anchor is its msgid."""
    anchor, time = msgid(record.id), server_time(record.id, record.shift)
    text, is_action = said(record)
    nick, kind = escaped(nick_of(record)), " notice" if record.command == "NOTICE" else ""
    where = f"{escaped(record.buffer)} " if around.with_channel else ""
    return (
        f'<article id="{anchor}"><a class="time" href="#{anchor}">'
        f'<time datetime="{time}">{time[11:19]}</time></a> {where}{_reply(record, around)}'
        f"<b>{'* ' if is_action else ''}{nick}</b> "
        f'<span class="text{kind}">{_linked(text)}</span>'
        f"{_files(text, around)}{_reactions(record, around)}</article>\n"
    )


def said(record: Record) -> tuple[str, bool]:
    """Return the text of a message, and whether that is an action (`/me`)."""
    texts = texts_of(record)
    if len(texts) == 1 and texts[0].startswith(ACTION):
        return action_of(texts[0]), True
    nick = nick_of(record)
    # Programs can send actions among the lines of a message.
    shown = (f"* {nick} {action_of(text)}" if text.startswith(ACTION) else text for text in texts)
    return "\n".join(shown), False


def _linked(text: str) -> str:
    """Return a text as HTML, in which addresses are links."""
    parts, at = [], 0
    for match in _URL.finditer(text):
        url = _trimmed(match[0])
        parts.append(_plain(text[at : match.start()]))
        shown = escaped(url)
        parts.append(f'<a href="{shown}" rel="noopener noreferrer nofollow">{shown}</a>')
        at = match.start() + len(url)
    parts.append(_plain(text[at:]))
    return "".join(parts)


def _trimmed(url: str) -> str:
    """Return an address without the signs of the sentence that follow it; a bracket that it opens
    itself belongs to it.
    """
    end = len(url)
    unopened = {last: url.count(last) - url.count(first) for last, first in _BRACKETS.items()}
    while end:
        last = url[end - 1]
        if unopened.get(last, 0) > 0:
            unopened[last] -= 1
        elif last not in _AFTER_URL:
            break
        end -= 1
    return url[:end]


def _plain(text: str) -> str:
    return "\n".join(map(escaped, text.split("\n")))


def answered(record: Record) -> int | None:
    """Return the id of the message that a message answers, or None."""
    return parse_msgid(
        record.tags.get(tag_names.REPLY) or record.tags.get(tag_names.DRAFT_REPLY, "")
    )


def _reply(record: Record, around: Surroundings) -> str:
    number = answered(record)
    if number is None:
        return ""
    place = bisect_right(around.pages, number, key=lambda each: each[0])
    if number in around.missing or not (place or around.permanent):
        return '<span class="reply">↪</span> '  # without a link, which would lead to nothing
    to = html.escape(around.permanent) or f"{quote(around.pages[place - 1][1])}#"
    return f'<a class="reply" href="{to}{msgid(number)}">↪</a> '


def _files(text: str, around: Surroundings) -> str:
    found = [around.files[name] for name in LINK.findall(text) if name in around.files]
    return "".join(
        f'<a href="{quote(file.path)}">'
        + (
            f'<img src="{quote(file.path)}" alt="{escaped(file.name)}" loading="lazy">'
            if file.type in _IMAGES
            else escaped(file.name)
        )
        + "</a> "
        for file in found
    )


def _reactions(record: Record, around: Surroundings) -> str:
    given = around.reactions.get(record.id)
    if not given:
        return ""
    inner = " ".join(
        f'<span title="{escaped(", ".join(nicks))}">{escaped(emoji)} {len(nicks)}</span>'
        for emoji, nicks in given.items()
    )
    return f' <span class="reactions">{inner}</span>'

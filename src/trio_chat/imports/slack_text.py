"""Slack's text formats: mrkdwn (api.slack.com/reference/surfaces/formatting), blocks, and names of
emoji.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trio_chat.html_references import unescape
from trio_chat.imports.fields import list_of, object_of, text_of
from trio_chat.imports.messages import SourcePerson

_CONTROL = re.compile(r"<([^<>\n]{1,4000})>")
_EMOJI = re.compile(r":([a-z0-9_+'-]{1,64}):(?::skin-tone-[2-6]:)?")
_LINK = re.compile(r"[a-z][a-z0-9+.-]{1,20}:", re.ASCII | re.IGNORECASE)
_MOST_DEPTH = 6
_BREAK = "\0"
_BREAKS = re.compile(r"\n?\0+")
_INLINE = frozenset(("rich_text_section", "rich_text_preformatted", "rich_text_quote"))
"""Blocks whose elements are parts of a line; those of the others are lines."""

_ADDRESSES = {"image": "image_url", "video": "title_url"}
"""Where blocks with a title have their addresses."""
_TEXTS = {"date": "fallback", "color": "value"}
"""Where elements have their texts that are not in `text`."""


class Mrkdwn:
    """The conversion of texts of one workspace.

    Args:
        people: by id.
        channels: names by id.
    """

    def __init__(self, people: Mapping[str, SourcePerson], channels: Mapping[str, str]) -> None:
        self._people = people
        self._channels = channels

    def convert(self, text: str, mentioned: dict[str, SourcePerson] | None = None) -> str:
        """Return mrkdwn as plain text.

        Args:
            text: the text.
            mentioned: gets the people that the text mentions, by the spelling in the result.
        """
        parts, at = [], 0
        for match in _CONTROL.finditer(text):
            parts.append(_with_emoji(text[at : match.start()]))
            # Nothing in an address is the name of an emoji.
            parts.append(self._control(mentioned, match))
            at = match.end()
        parts.append(_with_emoji(text[at:]))
        return unescape("".join(parts))

    def _control(self, mentioned: dict[str, SourcePerson] | None, match: re.Match[str]) -> str:
        """Return the text for `<@U…>`, `<#C…>`, `<!…>` or a link."""
        inner, _separator, label = match[1].partition("|")
        kind, rest = inner[:1], inner[1:]
        if kind == "@":
            person = self._people.get(rest)
            if person is None:
                return f"@{label or rest}"
            if mentioned is not None:
                mentioned[f"@{unescape(person.name)}"] = person
            return f"@{person.name}"
        if kind == "#":
            return f"#{label or self._channels.get(rest, rest)}"
        if kind == "!":
            return label or f"@{rest.partition('^')[0]}"
        if not _LINK.match(inner):
            return _with_emoji(match[0])
        url = inner.removeprefix("mailto:")
        is_named = label and label not in (url, url.partition("//")[2])
        return f"{_with_emoji(label)} ({url})" if is_named else url

    def of_attachment(
        self, value: dict[str, Any], mentioned: dict[str, SourcePerson] | None = None
    ) -> str:
        """Return an attachment (a preview of a link, or the text of an integration) as lines."""
        title, link = text_of(value, "title"), text_of(value, "title_link", 2000)
        lines = [
            text_of(value, "pretext"),
            text_of(value, "author_name"),
            f"{title} — {link}" if title and link else title or link,
            text_of(value, "text"),
            *(
                f"{text_of(field, 'title')}: {text_of(field, 'value')}"
                for field in list_of(value, "fields", 50)
            ),
        ]
        found = [self.convert(line, mentioned) for line in lines if line]
        found += filter(None, [self.of_blocks(list_of(value, "blocks", 50), mentioned)])
        said = "\n".join(found) or self.convert(text_of(value, "fallback"), mentioned)
        picture = self.convert(_link(text_of(value, "image_url", 2000), ""))
        return "\n".join(filter(None, (said, "" if picture in said else picture)))

    def of_blocks(
        self, blocks: list[dict[str, Any]], mentioned: dict[str, SourcePerson] | None = None
    ) -> str:
        """Return the texts of blocks as lines."""
        texts = (_BREAKS.sub("\n", "".join(_words(each, _MOST_DEPTH))) for each in blocks[:50])
        return "\n".join(
            self.convert(text.strip("\n"), mentioned) for text in texts if text.strip()
        )


def _words(value: dict[str, Any], depth: int) -> Iterator[str]:
    """Yield the texts in a block, as mrkdwn, with `_BREAK` where a line ends."""
    kind = text_of(value, "type")
    if kind == "user":
        yield f"<@{text_of(value, 'user_id', 100)}>"
    elif kind == "channel":
        yield f"<#{text_of(value, 'channel_id', 100)}>"
    elif kind == "broadcast":
        yield f"<!{text_of(value, 'range', 100)}>"
    elif kind == "usergroup":
        yield f"<!subteam^{text_of(value, 'usergroup_id', 100)}>"
    elif kind == "emoji":
        yield f":{text_of(value, 'name', 100)}:"
    elif kind == "link":
        yield _link(text_of(value, "url", 2000), text_of(value, "text"))
    else:
        yield text_of(value, _TEXTS.get(kind, "text"))
    yield text_of(object_of(value, "text"), "text")
    if address := _ADDRESSES.get(kind):
        yield f"{text_of(object_of(value, 'title'), 'text') or text_of(value, 'alt_text')} "
        yield _link(text_of(value, address, 2000), "")
    if depth:
        yield from _rows(value.get("rows"), depth - 1)
        joint = "" if kind in _INLINE else _BREAK
        for key in ("elements", "fields"):
            for each in list_of(value, key, 200):
                yield joint
                yield from _words(each, depth - 1)
                yield joint


def _rows(rows: Any, depth: int) -> Iterator[str]:
    """Yield the rows of a table as lines."""
    for row in rows[:200] if isinstance(rows, list) else ():
        cells = (
            [each for each in row[:50] if isinstance(each, dict)] if isinstance(row, list) else ()
        )
        texts = ("".join(_words(each, depth)) for each in cells)
        yield _BREAK
        yield " | ".join(_BREAKS.sub(" ", text).strip() for text in texts)
        yield _BREAK


def _link(url: str, text: str) -> str:
    """Return a link as mrkdwn, or its text where it could not be written so."""
    is_safe = re.fullmatch(r"[^<>|\s]+", url) and not re.search(r"[<>|\n]", text)
    return f"<{url}|{text}>" if is_safe else text or url


def _with_emoji(text: str) -> str:
    return _EMOJI.sub(_emoji, text)


def emoji_of(name: str) -> str:
    """Return an emoji by its name in Slack, or `:name:` where there is none."""
    return _EMOJI.sub(_emoji, f":{name.partition('::')[0]}:")


def _emoji(match: re.Match[str]) -> str:
    import emoji  # noqa: PLC0415  # large tables

    name = f":{match[1]}:"
    found = emoji.emojize(name, language="alias")
    if found == name:
        found = emoji.emojize(name.replace("-", "_"), language="alias")
    return name if found.isascii() else found

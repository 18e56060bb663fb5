"""Slack's text formats: mrkdwn (api.slack.com/reference/surfaces/formatting), blocks, and names of
emoji.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from trio_chat.imports.fields import list_of, object_of, text_of
from trio_chat.imports.messages import SourcePerson

_CONTROL = re.compile(r"<([^<>\n]{1,4000})>")
_EMOJI = re.compile(r":([a-z0-9_+'-]{1,64}):(?::skin-tone-[2-6]:)?")
_LINK = re.compile(r"[a-z][a-z0-9+.-]{1,20}:", re.ASCII | re.IGNORECASE)
_MOST_DEPTH = 6


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
        plain = _CONTROL.sub(partial(self._control, mentioned), text)
        return _EMOJI.sub(_emoji, html.unescape(plain))

    def _control(self, mentioned: dict[str, SourcePerson] | None, match: re.Match[str]) -> str:
        """Return the text for `<@U…>`, `<#C…>`, `<!…>` or a link."""
        inner, _separator, label = match[1].partition("|")
        kind, rest = inner[:1], inner[1:]
        if kind == "@":
            person = self._people.get(rest)
            if person is None:
                return f"@{label or rest}"
            if mentioned is not None:
                mentioned[f"@{html.unescape(person.name)}"] = person
            return f"@{person.name}"
        if kind == "#":
            return f"#{label or self._channels.get(rest, rest)}"
        if kind == "!":
            return label or f"@{rest.partition('^')[0]}"
        if not _LINK.match(inner):
            return match[0]
        url = inner.removeprefix("mailto:")
        return url if not label or label in (url, url.partition("//")[2]) else f"{label} ({url})"

    def of_attachment(self, value: dict[str, Any]) -> str:
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
            self.of_blocks(list_of(value, "blocks", 50)),
        ]
        found = [self.convert(line) for line in lines if line]
        return "\n".join(found) or self.convert(text_of(value, "fallback"))

    def of_blocks(self, blocks: list[dict[str, Any]]) -> str:
        """Return the texts of blocks as lines."""
        return "\n".join(
            filter(None, (self.convert("".join(_words(each, _MOST_DEPTH))) for each in blocks[:50]))
        )


def _words(value: dict[str, Any], depth: int) -> Iterator[str]:
    """Yield the texts in a block, as mrkdwn."""
    kind = text_of(value, "type")
    if kind == "user":
        yield f"<@{text_of(value, 'user_id', 100)}>"
    elif kind == "channel":
        yield f"<#{text_of(value, 'channel_id', 100)}>"
    elif kind == "emoji":
        yield f":{text_of(value, 'name', 100)}:"
    elif kind == "link":
        yield text_of(value, "text") or text_of(value, "url", 2000)
    else:
        yield text_of(value, "text")
    yield text_of(object_of(value, "text"), "text")
    if depth:
        for key in ("elements", "fields"):
            for each in list_of(value, key, 200):
                yield from _words(each, depth - 1)


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

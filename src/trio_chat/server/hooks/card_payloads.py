"""Cards: texts, facts and buttons within each other, as Microsoft Teams, Google Chat and others
have them.

All cards say the same in a few ways, so one walk reads them, in the order of what is in them.
Shapes: adaptivecards.io/explorer, learn.microsoft.com (actionable messages, MessageCard),
developers.google.com/workspace/chat/api/reference/rest/v1/cards.
"""

import re
from typing import Any

from trio_chat.server.hooks.markup import (
    LONGEST,
    bold,
    from_html,
    from_markdown,
    link,
    web_address,
)
from trio_chat.server.hooks.values import HookMessage, at, first_text, list_at, text_at

_HTML = re.compile(r"</(?:a|b|i|u|s|font)>|<br/?>", re.IGNORECASE)
_MOST = 200
"""Things in a card that are looked at."""
_DEEPEST = 12
_KEYS = ("cardsV2", "cards", "card", "sections")
_TITLES = ("title", "activityTitle", "header", "subject")
_TEXTS = (
    "subtitle",
    "activitySubtitle",
    "activityText",
    "text",
    "content",
    "altText",
    "codeSnippet",
    "bottomLabel",
)
_LABELS = ("title", "name", "label", "topLabel", "key")
_URLS = ("url", "uri", "href", "image")
_PICTURES = ("imageUrl", "imageUri")
"""Keys of pictures; besides a title they are that of a person or a program."""
_INLINE = "inlines"
_NOT_SHOWN = (
    "backgroundImage",
    "contentType",
    "fallback",
    "fallbackText",
    "inputs",
    "msteams",
    "style",
    "summary",
)
_OF_NO_USE = frozenset(
    (
        "Action.Execute",
        "Action.ResetInputs",
        "Action.Submit",
        "Action.ToggleVisibility",
        "ActionCard",
        "HttpPOST",
        "HttpPost",
        "InvokeAddInCommand",
    )
)
"""Kinds of actions that call the program back, which nobody can do from here."""
_ROW = "TableRow"
_MENTION = re.compile("</?at>")
_MOMENT = re.compile(r"\{\{(?:DATE|TIME)\(([^,(){}]{1,40})[^(){}]{0,40}\)\}\}")


def is_card(payload: Any) -> bool:
    """Return whether a payload is a card, or has some."""
    attachments = list_at(payload, "attachments")
    return (
        text_at(payload, "type") == "AdaptiveCard"
        or text_at(payload, "@type") == "MessageCard"
        or any("card" in text_at(each, "contentType") for each in attachments)
        or any(isinstance(at(payload, key), list | dict) for key in _KEYS)
    )


def from_card(payload: Any) -> HookMessage:
    """Return what cards say, in lines."""
    text = "\n".join(line for line in _Walk().lines(payload, 0) if line.strip())
    return HookMessage(text or _read(text_at(payload, "summary")))


class _Walk:
    def __init__(self) -> None:
        self._left = _MOST

    def lines(self, value: Any, depth: int) -> list[str]:
        """Return the lines of a part of a card."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return []
        if isinstance(value, list):
            return [line for each in value for line in self.lines(each, depth + 1)]
        if not isinstance(value, dict):
            return []
        kind = first_text(value, "type", "@type")
        if kind in _OF_NO_USE or kind.startswith("Input."):
            return []
        if kind == _ROW:
            cells = [self.lines(each, depth + 2) for each in list_at(value, "cells")]
            return [" | ".join(map(" ".join, cells))]
        own = _own(value)
        inner = [
            line
            for key, each in value.items()
            if key not in (*_NOT_SHOWN, _INLINE)
            for line in self.lines(each, depth + 1)
        ]
        if len(own) == 1 and len(inner) == 1 and web_address(inner[0]):  # a button and its target
            return [link(own[0], inner[0])]
        return own + inner


def _read(text: str) -> str:
    """Return a text in Markdown, or in the HTML that Google Chat has."""
    text = _MOMENT.sub(r"\1", _MENTION.sub("", text[:LONGEST]))
    return from_html(text) if _HTML.search(text) else from_markdown(text)


def _fact(value: dict[str, Any]) -> str:
    """Return a name with its value; "" for what is something else."""
    name = first_text(value, *_LABELS)
    said = text_at(value, "value")
    if not said and "topLabel" in value:
        said = first_text(value, "text", "content")
    return f"{bold(_read(name))}: {_read(said)}" if name and said else ""


def _own(value: dict[str, Any]) -> list[str]:
    """Return the lines of what is in a part itself."""
    # A list of one is that of a ViewAction.
    pictures = () if "title" in value else _PICTURES
    url = web_address(first_text(value, *_URLS, *pictures) or text_at(value, "target", 0))
    if fact := _fact(value):
        return [fact, _read(text_at(value, "bottomLabel")), url]
    titles = [bold(_read(text)) for key in _TITLES if (text := text_at(value, key))]
    texts = [_read(text) for key in _TEXTS if (text := text_at(value, key))]
    found = [*titles, *texts, "".join(map(_run, list_at(value, _INLINE)))]
    found = [each for each in found if each.strip()]
    if not found and (name := first_text(value, "name", "label")):
        found = [_read(name)]
    if url and len(found) == 1:
        return [link(found[0], url)]
    return [*found, url] if url else found


def _run(run: Any) -> str:
    """Return a part of a line of a rich text."""
    text = run if isinstance(run, str) else text_at(run, "text")
    return link(_read(text), web_address(text_at(run, "selectAction", "url")))

"""Payloads of incoming webhooks of other chats: Slack and Mattermost, Discord.

Shapes: api.slack.com/messaging/webhooks and /reference/block-kit, developers.mattermost.com
(incoming webhooks), discord.com/developers/docs/resources/webhook.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from trio_chat.server.hooks.markup import (
    BOLD,
    GREEN,
    ITALIC,
    LONGEST,
    MONOSPACE,
    ORANGE,
    RED,
    STRIKE,
    bold,
    coloured,
    from_markdown,
    from_mrkdwn,
    link,
    plain,
    unescaped,
)
from trio_chat.server.hooks.unknown_payloads import NAMES
from trio_chat.server.hooks.values import HookMessage, at, dict_at, first_text, list_at, text_at

_MOST = 40
"""Attachments, embeds, blocks and fields that are looked at."""
_MEDIA = ("image_url", "video_url", "audio_url")
"""Keys of addresses in an attachment; the last two are of Rocket.Chat."""
_COLOURS = {"good": GREEN, "warning": ORANGE, "danger": RED}


def is_slack(payload: Any) -> bool:
    """Return whether a payload is one for Slack or Mattermost that has more than a text."""
    return bool(list_at(payload, "attachments") or list_at(payload, "blocks"))


def from_slack(payload: Any) -> HookMessage:
    """Return what a payload for Slack or Mattermost says."""
    # Where there are blocks, `text` is only what notifications show.
    text = _joined(map(_block, list_at(payload, "blocks")[:_MOST]))
    first = (text or from_mrkdwn(text_at(payload, "text")),)
    attachments = map(_attachment, list_at(payload, "attachments")[:_MOST])
    return HookMessage(_joined(chain(first, attachments)), first_text(payload, *NAMES))


def _plain(text: str) -> str:
    """Return a text of Slack without markup, where the escapes are the same."""
    return unescaped(plain(text))


def _attachment(attachment: Any) -> str:
    title = link(
        bold(_plain(text_at(attachment, "title"))), _plain(text_at(attachment, "title_link"))
    )
    lines = chain(
        (
            from_mrkdwn(text_at(attachment, "pretext")),
            link(
                _plain(text_at(attachment, "author_name")),
                _plain(text_at(attachment, "author_link")),
            ),
            title,
            from_mrkdwn(text_at(attachment, "text")),
        ),
        map(_block, list_at(attachment, "blocks")[:_MOST]),
        map(_field, list_at(attachment, "fields")[:_MOST]),
        (
            _joined(map(_action, list_at(attachment, "actions")[:_MOST]), " · "),
            *(_plain(text_at(attachment, name)) for name in _MEDIA),
            _plain(text_at(attachment, "footer")),
        ),
    )
    text = _joined(lines) or from_mrkdwn(text_at(attachment, "fallback"))
    colour = _COLOURS.get(text_at(attachment, "color"))
    return f"{coloured('●', colour)} {text}" if colour and text else text


def _action(action: Any) -> str:
    url = text_at(action, "url")
    return link(_plain(text_at(action, "text")), _plain(url)) if url else ""


def _field(field: Any) -> str:
    name, value = _plain(text_at(field, "title")), from_mrkdwn(text_at(field, "value"))
    return f"{bold(name)}: {value}" if name and value else name or value


def _block(block: Any) -> str:
    kind = text_at(block, "type")
    if kind == "header":
        return bold(_text_object(at(block, "text")))
    if kind in ("section", "context"):
        parts = chain((at(block, "text"),), list_at(block, "fields")[:_MOST])
        elements = chain(list_at(block, "elements")[:_MOST], (at(block, "accessory"),))
        line = (_joined(map(_element, elements), " "),)
        return _joined(chain(map(_text_object, parts), line))
    if kind == "image":
        words = first_text(block, "alt_text") or _text_object(at(block, "title"))
        return link(_plain(words), _plain(text_at(block, "image_url")))
    if kind == "video":
        title = link(_text_object(at(block, "title")), _plain(text_at(block, "title_url")))
        return _joined((title, _text_object(at(block, "description"))))
    if kind == "actions":
        return _joined(map(_element, list_at(block, "elements")[:_MOST]), " · ")
    if kind == "rich_text":
        return _joined(_rich(each, 0) for each in list_at(block, "elements")[:_MOST])
    if kind == "markdown":
        return from_markdown(text_at(block, "text"))
    if kind == "table":
        rows = [row[:_MOST] for row in list_at(block, "rows")[:_MOST] if isinstance(row, list)]
        return _joined(_row(row) for row in rows)
    return _joined(_text_object(at(block, name)) for name in _OF_BLOCKS)


_OF_BLOCKS = ("title", "subtitle", "text", "body", "description")
"""Keys of texts in blocks of other kinds, such as cards, of which Slack has more each year."""


def _row(cells: list[Any]) -> str:
    return " | ".join(_first(_rich(cell, 0) for cell in cells))


def _text_object(value: Any) -> str:
    text = text_at(value, "text")
    return from_mrkdwn(text) if text_at(value, "type") == "mrkdwn" else _plain(text)


def _element(element: Any) -> str:
    if text_at(element, "type") == "button":
        # One without an address calls the program back, which nobody can do from here.
        url = _plain(text_at(element, "url"))
        return link(_text_object(at(element, "text")), url) if url else ""
    return _text_object(element) or _plain(text_at(element, "alt_text"))


_RICH = {
    "emoji": (":{}:", ("name",)),
    "user": ("@{}", ("user_id",)),
    "usergroup": ("@{}", ("usergroup_id",)),
    "channel": ("#{}", ("channel_id",)),
    "broadcast": ("{}", ("range",)),
    "date": ("{}", ("fallback", "timestamp")),
    "color": ("{}", ("value",)),
}
"""Elements of rich text: how they are shown, and the keys of which one has what is shown."""
_RICH_STYLES = {"bold": BOLD, "italic": ITALIC, "strike": STRIKE, "code": MONOSPACE}


def _rich(element: Any, depth: int) -> str:
    kind = text_at(element, "type")
    if kind in _RICH:
        form, names = _RICH[kind]
        return form.format(plain(first_text(element, *names)))
    parts = list_at(element, "elements")[:_MOST]
    if depth > 4:  # lists in lists
        return ""
    if kind == "rich_text_list":
        is_numbered = text_at(element, "style") == "ordered"
        # A list within a list is one beside it, with an indent, and the outer one goes on with an
        # offset.
        first, indent = _whole(element, "offset") + 1, "  " * min(_whole(element, "indent"), 8)
        return _joined(
            f"{indent}{f'{number}.' if is_numbered else '•'} {_rich(each, depth + 1)}"
            for number, each in enumerate(parts, first)
        )
    if parts:
        return "".join(_first(_rich(each, depth + 1) for each in parts))
    text = plain(text_at(element, "text"))
    for name, code in _RICH_STYLES.items():
        if text and at(element, "style", name) is True:
            text = f"{code}{text}{code}"
    return link(text, plain(text_at(element, "url")))


def _whole(value: Any, name: str) -> int:
    found = at(value, name)
    return found if isinstance(found, int) and 0 <= found < 1_000_000 else 0


def is_discord(payload: Any) -> bool:
    """Return whether a payload is one for Discord."""
    return (
        isinstance(at(payload, "content"), str)
        or bool(list_at(payload, "embeds"))
        or bool(list_at(payload, "components"))
        or bool(dict_at(payload, "poll", "question"))
    )


def from_discord(payload: Any) -> HookMessage:
    """Return what a payload for Discord says."""
    lines = chain(
        (from_markdown(text_at(payload, "content")),),
        map(_embed, list_at(payload, "embeds")[:_MOST]),
        (_component(each, 0) for each in list_at(payload, "components")[:_MOST]),
        _poll(dict_at(payload, "poll")),
    )
    return HookMessage(_joined(lines), text_at(payload, "username"))


def _poll(poll: dict[str, Any]) -> Iterator[str]:
    """Yield the question of a poll and its answers, which nobody can give from here."""
    yield bold(plain(text_at(poll, "question", "text")))
    for answer in list_at(poll, "answers")[:_MOST]:
        if text := plain(text_at(answer, "poll_media", "text")):
            yield f"• {text}"


def _component(component: Any, depth: int) -> str:
    """Return the text of a component, a button with an address, or what is in it."""
    if depth > 4:
        return ""
    url = plain(text_at(component, "url"))
    inner = [*list_at(component, "components")[:_MOST], at(component, "accessory")]
    return _joined(
        chain(
            (
                from_markdown(text_at(component, "content")),
                link(plain(text_at(component, "label")), url) if url else "",
            ),
            map(_picture, list_at(component, "items")[:_MOST]),
            (_component(each, depth + 1) for each in inner if isinstance(each, dict)),
        )
    )


def _picture(item: Any) -> str:
    return link(plain(text_at(item, "description")), plain(text_at(item, "media", "url")))


def _embed(embed: Any) -> str:
    return _joined(
        chain(
            (
                link(
                    plain(text_at(embed, "author", "name")), plain(text_at(embed, "author", "url"))
                ),
                link(bold(plain(text_at(embed, "title"))), plain(text_at(embed, "url"))),
                from_markdown(text_at(embed, "description")),
            ),
            map(_embed_field, list_at(embed, "fields")[:_MOST]),
            (plain(text_at(embed, "image", "url")), plain(text_at(embed, "footer", "text"))),
        )
    )


def _embed_field(field: Any) -> str:
    name, value = from_markdown(text_at(field, "name")), from_markdown(text_at(field, "value"))
    return f"{bold(name)}: {value}" if name and value else name or value


def _joined(lines: Iterable[str], between: str = "\n") -> str:
    """Return the lines that are not blank, as far as a message has room for them."""
    return between.join(_first(line for line in lines if line.strip()))


def _first(texts: Iterable[str]) -> Iterator[str]:
    """Yield the first texts, so that those for which no message has room are not even made."""
    left = LONGEST
    for text in texts:
        yield text
        left -= len(text)
        if left <= 0:
            return

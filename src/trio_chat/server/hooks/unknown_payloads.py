"""Payloads of senders that are not known: what they say is found by the names of their keys."""

import json
import re
from collections import deque
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any, NamedTuple

from trio_chat.irc.text import strip_formatting
from trio_chat.server.hooks.markup import (
    bold,
    first_line,
    from_html,
    from_markdown,
    from_mrkdwn,
    plain,
    web_address,
)
from trio_chat.server.hooks.statuses import shown_status
from trio_chat.server.hooks.values import HookMessage, dict_at, first_text, text_at

NAMES = ("username", "alias", "sender_name")
"""Keys of the name of a sender; that of Rocket.Chat is its alias."""
_TITLES = ("title", "subject", "summary", "description_title", "check_name")
_TEXTS = (
    "text",
    "message",
    "content",
    "msg",
    "body",
    "description",
    "description_text",
    "markdown",
    "value1",
)
_LINKS = (
    "html_url",
    "web_url",
    "full_url",
    "build_url",
    "url",
    "link",
    "href",
    "permalink",
    "repo_url",
    "shortlink",
    "html",
    "issueurl",
    "alert_url",
    "subscribeurl",
    "click",
)
_STATUSES = (
    "status",
    "state",
    "conclusion",
    "result",
    "current_state",
    "action",
    "severity",
    "level",
)
_WRAPPERS = (
    "data",
    "payload",
    "alert",
    "notification",
    "issue",
    "event",
    "data",
    "message",
    "text",
    "markdown",
    "content",
)
"""Keys of what has the text, the outer ones first: `data.issue` is of Sentry, `event.data` of
PagerDuty, `message.text` of Azure DevOps.
"""
_KINDS = ("event", "eventtype", "event_type", "webhookevent", "notification_type", "type", "action")
_HEADINGS = ("title", "summary", "subject", "display_name", "displayname", "name")
_PERSONS = frozenset(("user", "actor", "sender", "author", "membercreator", "agent", "customer"))
_PERSON = ("display_name", "displayName", "fullName", "name", "username", "login", "summary")
_MEANT = ("text", "content")
"""Keys of a text as Slack and Discord have it; where one is blank, nothing is to be said."""
_ASIDE = frozenset(
    ("webhook", "installation", "links", "_links", "meta", "system", "extra", "headers")
)
"""Keys of what says something about the delivery, and not about the matter."""
_SECRET = re.compile(
    r"token|secret|passw|pwd|passphrase|signature|credential|auth(?!or(?!iz))|cookie|session|"
    r"(?:api|private|access|encryption)[_-]?key",
    re.IGNORECASE,
)
_NO_FACT = re.compile(
    r"(?:^|_)(?:id|uuid|guid|hash|sha|version|timestamp|time|date|created|updated|url|href|"
    r"self|avatar|icon)s?$|[a-z](?:Id|ID|Url|URL|At|Time|Date)$|_at$|^@",
)
"""Names of keys of what tells programs something, and not people."""
_ADDRESS = re.compile(
    r"(?!.*(?:api|avatar|base|callback|doc|home|hook|icon|image|logo|photo|picture|response|self|"
    r"server|site|thumb|unsub)).*(?:url|uri|link|href)$",
    re.IGNORECASE,
)
"""Names of keys of an address that people open, such as `monitorURL`."""
_MACHINE_WORD = re.compile(r"[0-9a-fA-F-]{20,}|[0-9]{4}-[0-9]{2}-[0-9]{2}T.*")
_LONGEST_KEY = 60
_MOST_LOOKED_AT = 300
_MOST_ITEMS = 10
_DEEPEST = 4
_MOST_FACTS = 8


def from_json(payload: Any) -> HookMessage:
    """Return what a payload says, or one of Slack that is only a text: by the keys that most of
    them have, and else the first of its facts.
    """
    if isinstance(payload, list):
        found = [from_json(each).text for each in payload[:_MOST_ITEMS]]
        return HookMessage("\n".join(filter(None, found)))
    message = from_keys(payload)
    if message.text.strip() and not web_address(message.text):
        return message
    # An address alone does not say what has happened there.
    summary = _summary(payload).text
    return HookMessage(summary if summary.strip() else message.text, message.name)


def from_keys(payload: Any) -> HookMessage:
    """Return what a payload says that has a text or a title where most senders have it."""
    if isinstance(payload, str):
        return HookMessage(plain(payload))
    source = _lowered(payload)
    for name in _WRAPPERS:
        inner = _lowered(source.get(name))
        is_told = first_text(source, *_TEXTS) or not inner
        if not is_told and (first_text(inner, *_TEXTS) or not first_text(source, *_TITLES)):
            source = inner
    # As Slack and Mattermost name it; others have Markdown, if anything.
    # Where a sender has Markdown, too, only that has the addresses.
    marked = text_at(source, "markdown")
    text = "" if marked.strip() else from_mrkdwn(text_at(source, "text"))
    is_of_slack = bool(text.strip())
    if not is_of_slack:
        text = marked if marked.strip() else first_text(source, *_TEXTS)
        text = _of_json(text) or from_markdown(text)
    if not text:
        text = from_html(first_text(source, "html", "formatted_body"))
    title = plain(first_text(source, *_TITLES))
    top = _lowered(payload)
    url = web_address(first_text(source, *_LINKS) or first_text(top, *_LINKS))
    addresses = (text_at(each, key) for each in (source, top) for key in each if _is_address(key))
    url = url or next(filter(None, map(web_address, addresses)), "")
    title = bold(title) if text else title
    if not is_of_slack and (title or text):
        words = (text_at(each, key) for each in (top, source) for key in _STATUSES)
        status = _status(words, f"{title}\n{text}")
        title, text = (f"{status} {title}".strip(), text) if title else ("", f"{status} {text}")
    lines = [title, text.strip(" "), "" if url in text else url]
    return HookMessage(_joined(lines), first_text(payload, *NAMES))


def _of_json(text: str) -> str:
    """Return what JSON in a text says, as the alarms have it that Amazon SNS passes on."""
    if not text.lstrip().startswith("{"):
        return ""
    try:
        return _summary(json.loads(text)).text
    except (ValueError, RecursionError):
        return ""


def _is_address(key: str) -> bool:
    """Return whether a key has the name of an address that people open."""
    return len(key) < _LONGEST_KEY and _ADDRESS.match(key) is not None


def _lowered(value: Any) -> dict[str, Any]:
    """Return an object with its keys in small letters, as in `Subject` of Amazon SNS."""
    return {str(key).lower(): each for key, each in dict_at(value).items()}


def _status(words: Iterable[str], said: str) -> str:
    """Return the first word that can say how something stands; "" where a text says it, too."""
    for word in map(str.strip, words):
        if word[:1].isalpha() and " " not in word and len(word) <= 20:
            return "" if word.lower() in said.lower() else shown_status(word)[1]
    return ""


class _Leaf(NamedTuple):
    """A value in a payload, and what it is."""

    key: str
    value: str | int | float
    parent: str


def _leaves(payload: Any) -> list[_Leaf]:
    """Return the texts and numbers in a payload, those at its top first."""
    found: list[_Leaf] = []
    waiting: deque[tuple[Any, str, int]] = deque([(payload, "", 0)])
    looked_at = 0
    while waiting and looked_at < _MOST_LOOKED_AT:
        value, parent, depth = waiting.popleft()
        for key, each in islice(dict_at(value).items(), _MOST_LOOKED_AT):
            looked_at += 1
            if key.lower() in _ASIDE or _SECRET.search(key):
                continue
            if key.lower() in _PERSONS and isinstance(each, dict):
                found.append(_Leaf(key, first_text(each, *_PERSON), key))
            elif isinstance(each, dict | list):
                inner = each[:1] if isinstance(each, list) else [each]
                waiting += [(one, key, depth + 1) for one in inner if depth < _DEEPEST]
            elif isinstance(each, str | int | float):
                found.append(_Leaf(key, each, parent))
    return found


def _summary(payload: Any) -> HookMessage:
    """Return what a payload without a text is about, and its first facts."""
    while len(dict_at(payload)) == 1 and (inner := dict_at(payload, *payload)):
        payload = inner
    top = _lowered(payload)
    if any(isinstance(top.get(key), str) for key in _MEANT):
        return HookMessage("")
    leaves = _leaves(payload)
    kind = first_line(first_text(top, *_KINDS), 40)
    heading = first_line(_first(leaves, *_HEADINGS), 120)
    text = from_markdown(_first(leaves, *_TEXTS))
    status = _status((_first(leaves, key) for key in _STATUSES), f"{kind} {heading}")
    addresses = chain(
        (_first(leaves, key) for key in _LINKS),
        (str(leaf.value) for leaf in leaves if _is_address(leaf.key)),
    )
    url = next(filter(None, map(web_address, addresses)), "")
    facts = _facts(leaves, {kind, heading, text, strip_formatting(status).lower()})
    head = " ".join(filter(None, (kind, bold(heading), status)))
    return HookMessage(_joined((head, text, facts, url if head or text or facts else "")))


def _facts(leaves: list[_Leaf], used: set[str]) -> str:
    """Return the first values that are for people, and not used elsewhere, with their names."""
    facts: dict[str, str] = {}
    for key, value, parent in leaves:
        shown = _shown(value)
        if not shown or shown in used or shown.lower() in used or _NO_FACT.search(key):
            continue
        name = parent if parent and key.lower() in _HEADINGS else key
        facts.setdefault(first_line(name.replace("_", " "), 40), shown)
        used.add(shown)
    return ", ".join(f"{key}: {value}" for key, value in list(facts.items())[:_MOST_FACTS])


def _first(leaves: list[_Leaf], *keys: str) -> str:
    """Return the value of the first of some keys, wherever it is."""
    for key in keys:
        for leaf in leaves:
            if leaf.key.lower() == key and isinstance(leaf.value, str) and leaf.value.strip():
                return leaf.value
    return ""


def _shown(value: Any) -> str:
    """Return a value as a fact; "" for one that says nothing."""
    if isinstance(value, bool):
        return "yes" if value else ""
    text = first_line(str(value), 80)
    is_for_machines = (
        web_address(text) or text[:1] == "<" or text == "0" or _MACHINE_WORD.fullmatch(text)
    )
    return "" if is_for_machines else text


def _joined(lines: Any) -> str:
    return "\n".join(line for line in lines if line.strip())

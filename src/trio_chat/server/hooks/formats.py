"""What a request to an incoming webhook says: the sender is recognised by headers and by the shape
of its payload.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from encodings.aliases import aliases
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from trio_chat.server.hooks.bitbucket_payloads import from_bitbucket
from trio_chat.server.hooks.card_payloads import from_card, is_card
from trio_chat.server.hooks.chat_payloads import (
    from_discord,
    from_slack,
    is_discord,
    is_slack,
)
from trio_chat.server.hooks.forge_payloads import from_forge, from_gitlab, is_forge, is_gitlab
from trio_chat.server.hooks.markup import from_html, from_markdown, plain
from trio_chat.server.hooks.monitor_payloads import (
    from_alertmanager,
    from_grafana_legacy,
    from_healthchecks,
    from_uptime_kuma,
    is_alertmanager,
    is_grafana_legacy,
    is_healthchecks,
    is_uptime_kuma,
)
from trio_chat.server.hooks.posted import from_posted, is_posted
from trio_chat.server.hooks.unknown_payloads import from_json, from_keys
from trio_chat.server.hooks.values import HookMessage
from trio_chat.server.http.parameters import parameters

Headers = Mapping[str, str]
"""Headers of a request, with names in small letters."""
DISCORD = "discord"

_FORGE_EVENTS = ("x-gitea-event", "x-forgejo-event", "x-gogs-event", "x-github-event")
_DELIVERY_IDS = (
    "x-gitea-delivery",
    "x-forgejo-delivery",
    "x-gogs-delivery",
    "x-github-delivery",
    "idempotency-key",
    "x-idempotency-key",
    "webhook-id",
)
"""Not X-Gitlab-Event-UUID: all events of one request to GitLab have the same one, such as that of a
merge and those of the issues that it closes.
"""
_JSON = ("application/json", "text/json", "application/x-json")
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_WHOLE = ("payload_json", "payload", "data")
"""Fields of forms with the whole payload as JSON: of Discord, Slack and GitHub, Uptime Kuma."""
_TEXT = ("", "text/plain", "text/markdown", "text/x-markdown")
_FIELDS = re.compile(r"[\w.%\[\]-]+=[^\s&]*(?:&[\w.%\[\]-]+=[^\s&]*)+")
"""Several fields of a form, which is no text that somebody wrote."""
_MOST_FIELDS = 100
_LONGEST_HEAD = 1024
"""Bytes of the head of a part of a form, in which a field has its name."""
_LIKE_JSON = re.compile(r'\s*(?:\{|\[\s*[\[{"])')
"""The beginning of an object, or of a list of objects, lists or texts."""
_CHARSET = re.compile(r'charset="?([^\s;"]+)', re.IGNORECASE)
_LONGEST_CHARSET = 40
_CODECS = frozenset(
    (*aliases.values(), "cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "koi8_t", "koi8_u")
)
_NO_TEXTS = ("ascii", "idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")
"""Codecs of Python that are no character sets of texts, and one of which UTF-8 is a superset."""

_SHAPES: tuple[tuple[str, Callable[[Any], bool], Callable[[Any], HookMessage]], ...] = (
    ("trio-chat", is_posted, from_posted),
    ("alertmanager", is_alertmanager, from_alertmanager),
    ("grafana", is_grafana_legacy, from_grafana_legacy),
    ("uptime-kuma", is_uptime_kuma, from_uptime_kuma),
    ("healthchecks", is_healthchecks, from_healthchecks),
    ("card", is_card, from_card),
    (DISCORD, is_discord, from_discord),
    ("slack", is_slack, from_slack),
)
"""Shapes of payloads, the most specific ones first."""


class BadPayload(Exception):
    """A payload cannot be read; the text is a clause for its sender."""


class UnknownType(Exception):
    """A payload has a type that no sender is known for."""


class Received(NamedTuple):
    """What was received.

    Args:
        sender: the kind of its sender, such as `slack`.
        message: what it says.
        delivery: the key of the delivery; "" when the sender gives none.
    """

    sender: str
    message: HookMessage
    delivery: str = ""


def read(headers: Headers, body: bytes, suffix: str = "") -> Received:
    """Return what a request says.

    Args:
        headers: of the request.
        body: of the request.
        suffix: what follows the secret in its path: `slack` or `github`, as some senders add it.

    Raises:
        BadPayload: it cannot be read.
        UnknownType: it is of another type than text, JSON and forms.
    """
    try:
        payload = _payload(headers, body)
        sender, message = _message(headers, payload, suffix)
    except RecursionError as error:
        raise BadPayload("its JSON is too deep") from error
    return Received(sender, message, delivery_of(headers))


def delivery_of(headers: Headers) -> str:
    """Return the key of a delivery: a hash, as senders make ids as long as they like."""
    for name in _DELIVERY_IDS:
        if value := headers.get(name, ""):
            return hashlib.sha256(f"{name} {value}".encode()).hexdigest()[:32]
    return ""


def _message(headers: Headers, payload: Any, suffix: str) -> tuple[str, HookMessage]:
    event = next((found for name in _FORGE_EVENTS if (found := headers.get(name, ""))), "")
    if isinstance(payload, str):
        read_text = from_html if _type_of(headers) == "text/html" else from_markdown
        is_marked = _type_of(headers) not in _TEXT[:2]
        text = read_text(payload) if is_marked else plain(payload)
        if not text.strip():
            raise BadPayload("there is no text in it")
        return "text", HookMessage(text)
    # Gitea has its headers also where it posts as to Slack, and GitLab with a template of its user.
    if (event and is_forge(payload)) or suffix == "github":
        return "forge", from_forge(event, payload)
    if headers.get("x-gitlab-event", "") and is_gitlab(payload):
        return "gitlab", from_gitlab(payload)
    if event := headers.get("x-event-key", ""):
        return "bitbucket", from_bitbucket(event, payload)
    if suffix == "slack" and (message := from_slack(payload)).text.strip():
        return "slack", message
    for name, has_shape, convert in _SHAPES:
        # One without a text only looks like it: attachments, for example, are not those of Slack.
        if has_shape(payload) and (message := convert(payload)).text.strip():
            return name, message
    message = from_json(payload)
    if not message.text.strip():
        raise BadPayload("there is no text in it: JSON has it in text, message or content")
    return "json", message


def _type_of(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _payload(headers: Headers, body: bytes) -> Any:
    """Return the payload: JSON, or text."""
    kind = _type_of(headers)
    charset = _CHARSET.search(headers.get("content-type", ""))
    text = _decoded(body, charset[1] if charset else "")
    if kind in _JSON or (kind.startswith("application/") and kind.endswith("+json")):
        return _announced_json(text)
    if kind == _FORM:
        return _form(text)
    if kind == _MULTIPART:
        return _of_fields(_multipart(headers, body))
    if kind not in (*_TEXT, "text/html"):
        raise UnknownType(kind)
    # Amazon SNS announces its JSON as a text.
    found = text if kind == "text/html" else _json_or_text(text)
    return found if not kind or (isinstance(found, dict) and _says_something(found)) else text


def _decoded(data: bytes, charset: str) -> str:
    """Return a text in the character set of its byte order mark (as browsers have it, WHATWG
    Encoding §6), in that which its sender names, or in UTF-8.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what PowerShell writes
        return data.decode("utf-16", "replace")
    try:
        name = codecs.lookup(charset if _is_known(charset) else "utf-8").name
        if name not in _NO_TEXTS:
            name = "cp1252" if name == "iso8859-1" else name  # as browsers have it
            return data.decode(name, "replace").removeprefix("\ufeff")
    except (LookupError, ValueError):  # it is unknown, or no word
        pass
    return data.decode("utf-8-sig", "replace")


def _is_known(charset: str) -> bool:
    """Return whether Python has a codec of this name; it keeps each name for ever that it looked up
    in vain.
    """
    name = re.sub(r"[^a-z0-9]+", "_", charset.lower()) if len(charset) < _LONGEST_CHARSET else ""
    return name in aliases or name in _CODECS


def _json(text: str) -> Any:
    try:
        # Senders have templates of JSON, into which people put texts of several lines as they are.
        return json.loads(text, strict=False)
    except RecursionError as error:
        raise BadPayload("its JSON is too deep") from error
    except ValueError as error:
        raise BadPayload("it is not the JSON that its type announces") from error


def _announced_json(text: str) -> Any:
    """Return JSON; a text that is none as it is: Shoutrrr, which Watchtower has, calls it JSON."""
    try:
        return _json(text)
    except BadPayload:
        if _LIKE_JSON.match(text):
            raise
        return text


def _json_or_text(text: str) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _json(text)
        except BadPayload:
            return text
    return text


def _form(text: str) -> Any:
    """Return the payload of a form: the field `payload` of Slack and GitHub, or other fields.

    `curl -d` announces a form, too, whatever is sent.
    """
    found = _json_or_text(text)
    if not isinstance(found, str):
        return found
    try:
        fields = parse_qs(text, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadPayload("its form has too many fields") from error
    values = {name: values[0] for name, values in fields.items()}
    whole = _of_fields(values)
    is_form = whole is not values or _says_something(values) or _FIELDS.fullmatch(text.strip())
    return whole if is_form else text


def _says_something(values: dict[str, Any]) -> bool:
    """Return whether fields are those of a message, and not a text that only has their form."""
    has_shape = any(has_shape(values) for _, has_shape, _ in _SHAPES)
    return has_shape or bool(from_keys(values).text.strip())


def _of_fields(values: dict[str, str]) -> Any:
    """Return the payload of the fields of a form."""
    for name in _WHOLE:
        if values.get(name, "").lstrip()[:1] in ("{", "["):
            return _json(values[name])
    return values


def _multipart(headers: Headers, body: bytes) -> dict[str, str]:
    """Return the fields of a form that could have files, which are left out (RFC 7578)."""
    from email.parser import BytesHeaderParser  # noqa: PLC0415  # seldom needed

    boundary = parameters(headers["content-type"]).get("boundary", "")
    delimiter = b"\n--" + boundary.encode("utf-8", "replace")
    values: dict[str, str] = {}
    for piece in (b"\n" + body).split(delimiter, _MOST_FIELDS)[1 : _MOST_FIELDS + 1]:
        # Each part begins with the rest of the line of its delimiter; the last one has no head.
        head, blank, data = piece.partition(b"\r\n\r\n" if b"\r\n\r\n" in piece else b"\n\n")
        if not boundary or not blank or len(head) > _LONGEST_HEAD:
            continue
        part = BytesHeaderParser().parsebytes(head.partition(b"\n")[2] + b"\n\n")
        disposition = parameters(str(part.get("content-disposition", "")))
        if "name" not in disposition or "filename" in disposition or part.is_multipart():
            continue
        # It undoes the encoding of the part, if there is one.
        part.set_payload(data.removesuffix(b"\r").decode("ascii", "surrogateescape"))
        content = part.get_payload(decode=True)
        charset = parameters(str(part.get("content-type", ""))).get("charset", "")
        text = _decoded(content, charset) if isinstance(content, bytes) else ""
        values[disposition["name"]] = text
    return values

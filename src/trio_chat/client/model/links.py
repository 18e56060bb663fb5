"""Links in a text: their positions, and their targets as URIs (RFC 3986, RFC 3987)."""

import re
from collections.abc import Iterator
from functools import lru_cache

_BEGIN = re.compile(
    r"(?:(?:https?|ircs?|ftps?|gemini|xmpp|matrix|magnet|ssh|git)://|mailto:)(?=[^\s<>\"`.,;:!?])",
    re.IGNORECASE,
)
_REST = re.compile(r"[^\s<>\"`\x00-\x1f\x7f-\x9f\u2028\u2029|\\^]+")
_CLOSING = {")": "(", "]": "[", "}": "{", "»": "«", "”": "“", "’": "‘"}
_PUNCTUATION = ".,;:!?'*_~…"
_LONGEST = 2000
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
"""Characters that a URI contains unescaped, in addition to letters and digits."""


def found(text: str) -> Iterator[tuple[int, int]]:
    """Yield the begin and the end of each link: without the punctuation of the sentence, with
    brackets of its own.
    """
    if ":" not in text:
        return
    position = without_mail = 0
    while begin := _BEGIN.search(text, position):
        position = begin.end()
        is_mail = begin[0].lower() == "mailto:"
        # What is refused here is not read to its end: thousands may stand in one word.
        if (begin.start() and text[begin.start() - 1].isalnum()) or (
            is_mail and begin.start() < without_mail
        ):
            continue
        rest = _REST.match(text, begin.end())
        if rest is None:
            continue
        if is_mail and "@" not in rest[0]:
            without_mail = rest.end()
            continue
        end = _trimmed(text, begin.end(), rest.end())
        if end > begin.end():
            position = end
            yield begin.start(), end


def _trimmed(text: str, start: int, end: int) -> int:
    """Return the end of a link without the punctuation that follows it."""
    opened = {sign: text.count(sign, start, end) for sign in (*_CLOSING, *_CLOSING.values())}
    while end > start:
        last = text[end - 1]
        if last in _CLOSING:
            if opened[last] <= opened[_CLOSING[last]]:
                return end
            opened[last] -= 1
        elif last in _CLOSING.values():
            opened[last] -= 1
        elif last not in _PUNCTUATION:
            return end
        end -= 1
    return end


@lru_cache(maxsize=1024)
def target(link: str) -> str:
    """Return the target of a link, as a URI in ASCII; "" when it has none."""
    if len(link) > _LONGEST:
        return ""
    if link.isascii():
        return link if link.isprintable() else ""
    from urllib.parse import quote, urlsplit  # noqa: PLC0415  few links have other letters

    import idna  # noqa: PLC0415

    scheme, _colon, rest = link.partition("://")
    if not rest:
        return quote(link, safe=_SAFE)
    try:
        host = urlsplit(link).hostname or ""
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except ValueError:  # the errors of idna are of that type
        return ""
    authority, slash, path = rest.partition("/")
    before, at, _host = authority.rpartition("@")
    port = authority[len(before) + len(at) :][len(host) :] if not host.isascii() else ""
    where = (
        f"{quote(before, safe=_SAFE)}{at}{ascii_host}{port}"
        if port or not host.isascii()
        else authority
    )
    return f"{scheme}://{where}{slash}{quote(path, safe=_SAFE)}"

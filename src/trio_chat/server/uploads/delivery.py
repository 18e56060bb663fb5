"""Delivery of uploads: status, headers and range of the answer to GET and HEAD (RFC 9110 §13, §14).

What a browser could run is never shown: everything but a few types is saved as a file, no type is
guessed, and the content security policy takes all rights away.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from trio_chat.server.uploads import filenames
from trio_chat.server.uploads.content_types import INLINE, TEXT

CACHE = "private, max-age=3600, must-revalidate"
"""A file never changes, but it can be removed: a browser asks again after an hour."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)
_LONGEST_NUMBER = 18


class Deliverable(Protocol):
    """A file that never changes under its name: an upload, or a package of the program."""

    @property
    def name(self) -> str:
        """What its entity tag consists of."""

    @property
    def filename(self) -> str:
        """The name under which a browser saves it."""

    @property
    def type(self) -> str:
        """Its media type."""

    @property
    def size(self) -> int:
        """Its bytes."""


class Delivery(NamedTuple):
    """The answer to a request for an upload.

    Args:
        status: 200, 206, 304 or 416.
        headers: of the answer, without those of the connection.
        start: the first byte that is sent.
        end: the byte behind the last one.
    """

    status: int
    headers: list[tuple[str, str]]
    start: int = 0
    end: int = 0


def deliver(
    upload: Deliverable, header: Callable[[bytes], str], *, is_head: bool = False
) -> Delivery:
    """Return the answer for a file.

    Args:
        upload: the file.
        header: returns a header of the request by its name in small letters; "" when it has none.
        is_head: whether the method is HEAD, for which no range is defined (§14.2).
    """
    etag = f'"{upload.name}"'
    fields = _fields(upload, etag)
    if header(b"if-none-match") and _matches(header(b"if-none-match"), etag):
        return Delivery(304, fields)
    wanted = "" if is_head else header(b"range")
    if wanted and header(b"if-range") in ("", etag):
        found = _range(wanted, upload.size)
        if found is not None and found[0] >= found[1]:
            return Delivery(416, [*fields, ("Content-Range", f"bytes */{upload.size}")])
        if found is not None:
            start, end = found
            place = f"bytes {start}-{end - 1}/{upload.size}"
            return Delivery(206, [*_typed(upload, fields), ("Content-Range", place)], start, end)
    return Delivery(200, _typed(upload, fields), 0, upload.size)


def _fields(upload: Deliverable, etag: str) -> list[tuple[str, str]]:
    return [
        ("ETag", etag),
        ("Cache-Control", CACHE),
        ("Accept-Ranges", "bytes"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "sandbox; default-src 'none'"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Robots-Tag", "noindex"),
    ]


def _typed(upload: Deliverable, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    is_inline = upload.type in INLINE
    kind = f"{TEXT}; charset=utf-8" if upload.type == TEXT else upload.type
    return [
        ("Content-Type", kind),
        ("Content-Disposition", filenames.disposition(upload.filename, is_inline=is_inline)),
        *fields,
    ]


def _matches(condition: str, etag: str) -> bool:
    """Return whether If-None-Match names an entity tag; the comparison is weak (§13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    return "*" in tags or etag in tags


def _range(text: str, size: int) -> tuple[int, int] | None:
    """Return the one range that is requested, cut to the file; None for several or a wrong one,
    which may be ignored. It is empty when it lies outside of the file.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if max(len(match[1]), len(match[2])) > _LONGEST_NUMBER:
        return (size, size)
    if not match[1]:
        return (max(0, size - int(match[2])), size) if int(match[2]) else (size, size)
    start = int(match[1])
    end = min(int(match[2]) + 1, size) if match[2] else size
    if match[2] and int(match[2]) < start:
        return None
    return (start, end) if start < size else (size, size)

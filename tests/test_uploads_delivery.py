"""The answer to a request for an upload: its headers, conditions and ranges."""

import pytest

from trio_chat.chat.uploads import Upload
from trio_chat.server.uploads.delivery import Delivery, deliver

NAME = "A" * 22
TAG = f'"{NAME}"'


def answer(kind: str = "image/png", size: int = 100, **headers: str) -> Delivery:
    """Return the answer to a request with headers."""
    known = {key.replace("_", "-").encode(): value for key, value in headers.items()}
    upload = Upload(NAME, "кот.png", kind, size, 0, "192.0.2.1", 0)
    return deliver(upload, lambda name: known.get(name, ""))


def header(delivery: Delivery, name: str) -> str:
    """Return a header of an answer."""
    return dict(delivery.headers)[name]


@pytest.mark.parametrize(
    ("kind", "how", "shown"),
    [
        ("image/png", "inline", "image/png"),
        ("video/mp4", "inline", "video/mp4"),
        ("text/plain", "inline", "text/plain; charset=utf-8"),
        ("application/octet-stream", "attachment", "application/octet-stream"),
        ("image/svg+xml", "attachment", "image/svg+xml"),
        ("text/html", "attachment", "text/html"),
        ("application/pdf", "attachment", "application/pdf"),
    ],
)
def test_only_a_few_types_are_shown(kind: str, how: str, shown: str) -> None:
    """All others are saved; none is guessed, and none has any rights."""
    delivery = answer(kind)
    assert header(delivery, "Content-Type") == shown
    assert header(delivery, "Content-Disposition").startswith(f"{how}; filename=")
    assert header(delivery, "X-Content-Type-Options") == "nosniff"
    assert header(delivery, "Content-Security-Policy") == "sandbox; default-src 'none'"
    assert header(delivery, "Cross-Origin-Resource-Policy") == "same-origin"
    assert header(delivery, "Cache-Control").startswith("private, max-age=3600")


def test_a_whole_file() -> None:
    """Without a range."""
    delivery = answer()
    assert (delivery.status, delivery.start, delivery.end) == (200, 0, 100)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=90-1000", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("Bytes=99-99", 99, 100),
    ],
)
def test_a_range(text: str, start: int, end: int) -> None:
    """206, cut to the file."""
    delivery = answer(range=text)
    assert (delivery.status, delivery.start, delivery.end) == (206, start, end)
    assert header(delivery, "Content-Range") == f"bytes {start}-{end - 1}/100"


@pytest.mark.parametrize(
    "text", ["bytes=100-", "bytes=1000-2000", "bytes=-0", "bytes=" + "9" * 40 + "-"]
)
def test_a_range_outside_of_the_file(text: str) -> None:
    """416, with the size."""
    delivery = answer(range=text)
    assert (delivery.status, delivery.end) == (416, 0)
    assert header(delivery, "Content-Range") == "bytes */100"


@pytest.mark.parametrize(
    "text", ["bytes=", "bytes=-", "bytes=9-1", "bytes=0-1,3-4", "lines=1-2", "x"]
)
def test_a_range_that_is_ignored(text: str) -> None:
    """Several ones, and what is none: the whole file."""
    assert answer(range=text).status == 200


def test_a_range_of_another_version_is_ignored() -> None:
    """If-Range names the version that the client has."""
    assert answer(range="bytes=0-1", if_range='"other"').status == 200
    assert answer(range="bytes=0-1", if_range=TAG).status == 206


@pytest.mark.parametrize("text", [TAG, f"W/{TAG}", f'"x", {TAG}', "*"])
def test_a_file_that_the_client_has(text: str) -> None:
    """304, without a body."""
    delivery = answer(if_none_match=text)
    assert (delivery.status, delivery.end) == (304, 0)
    assert header(delivery, "ETag") == TAG


def test_a_file_that_the_client_does_not_have() -> None:
    """Another entity tag."""
    assert answer(if_none_match='"x"').status == 200

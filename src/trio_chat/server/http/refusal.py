"""Refusals by HTTP without its parser: a peer that has too many connections must cost little."""

from http import HTTPStatus

RETRY_AFTER = 60
"""Seconds after which a refused client may try again; connections are counted for a minute."""


def refusal_by_http(status: int, why: str, first: bytes) -> bytes:
    """Return an answer after which the connection is to be closed.

    Args:
        status: 429 or 503 also say when to try again (RFC 6585 §4, RFC 9110 §15.6.4).
        why: a sentence without its full stop.
        first: the first bytes of the request; the answer to HEAD has no body.
    """
    body = f"{status}: {why}.\n".encode()
    fields = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        "Content-Type: text/plain; charset=utf-8",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
    ]
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        fields.append(f"Retry-After: {RETRY_AFTER}")
    head = "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n"
    return head if first.startswith(b"HEAD ") else head + body

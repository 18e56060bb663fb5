"""Questions to a provider over HTTPS, each with a deadline and a bounded answer."""

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

import trio

from trio_chat.client.sign_on.offer import SignOnError, check_url
from trio_chat.i18n import _

TIMEOUT = 15.0
"""Seconds for one question."""
MAX_BODY = 262_144
"""Bytes of an answer."""


class HttpAnswer(NamedTuple):
    """An answer: its status, and the JSON object in it; an empty one if there is none."""

    status: int
    document: dict[str, Any]


class Fetch(Protocol):
    """Asks a provider: `fetch` below, or what stands in for it."""

    async def __call__(self, url: str, form: Mapping[str, str] | None = None) -> HttpAnswer:
        """Get a document, or post a form.

        Raises:
            SignOnError: there is no answer.
        """


async def fetch(url: str, form: Mapping[str, str] | None = None) -> HttpAnswer:
    """Get a document, or post a form; see `Fetch`. Redirects are not followed."""
    import httpcore2  # noqa: PLC0415  # only single sign-on needs it here

    check_url(url)
    parts = urlsplit(url)
    body = urlencode(form).encode() if form is not None else b""
    headers = [("Host", parts.netloc), ("Accept", "application/json")]
    if form is not None:
        headers += [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
        ]
    context = await trio.to_thread.run_sync(httpcore2.default_ssl_context)
    data = bytearray()
    with trio.move_on_after(TIMEOUT) as scope:
        try:
            async with (
                httpcore2.AsyncConnectionPool(ssl_context=context) as pool,
                pool.stream(
                    "GET" if form is None else "POST",
                    url,
                    headers=headers,
                    content=body or None,
                ) as response,
                aclosing(response.aiter_stream()) as chunks,
            ):
                async for chunk in chunks:
                    data += chunk
                    if len(data) > MAX_BODY:
                        raise SignOnError(_unreachable(parts.hostname))
                status = response.status
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            OSError,
        ) as error:
            raise SignOnError(_unreachable(parts.hostname)) from error
    if scope.cancelled_caught:
        raise SignOnError(_unreachable(parts.hostname))
    return HttpAnswer(status, _object(bytes(data)))


def _object(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _unreachable(host: str | None) -> str:
    return _("The single sign-on at {host} cannot be reached. Try again later.").format(host=host)

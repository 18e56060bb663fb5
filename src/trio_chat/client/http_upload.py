"""An upload by HTTP to a file host (soju.im/FILEHOST, IRCv3 `draft/FILEHOST`), with h11."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urljoin, urlsplit

import h11
import trio

from trio_chat.client.local_file import LocalFile, UploadError
from trio_chat.i18n import _
from trio_chat.irc.text import clean

PROGRESS_INTERVAL = 5.0
"""Seconds between two reports of the progress."""
_PIECE = 65536
_MOST_ANSWER = 16_384
_LONGEST_REASON = 300


async def send_file(
    stream: trio.abc.Stream,
    url: str,
    local: LocalFile,
    authorization: str,
    report: Callable[[int], Awaitable[None]],
) -> str:
    """Upload a file and return the address at which it can be read.

    Args:
        stream: a connection to the host of the address; closed by the caller.
        url: the address for uploads.
        local: the file.
        authorization: the header, or "".
        report: called now and then with the bytes sent so far.

    Raises:
        UploadError: the host has refused it, or the connection has broken.
    """
    return await _Exchange(stream, url, local, report).run(authorization)


class _Exchange:
    """One request and its answer, which may come before the whole file was sent."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        url: str,
        local: LocalFile,
        report: Callable[[int], Awaitable[None]],
    ) -> None:
        self._stream = stream
        self._url = url
        self._local = local
        self._report = report
        self._http = h11.Connection(h11.CLIENT)
        self._answer: h11.Response | None = None
        self._body = b""
        self._problem = ""

    async def run(self, authorization: str) -> str:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send, authorization)
                await self._receive()
                nursery.cancel_scope.cancel()
        except* (
            trio.BrokenResourceError,
            trio.ClosedResourceError,
            h11.ProtocolError,
            UnicodeError,
        ):
            pass
        if self._problem:
            raise UploadError(self._problem)
        return self._location()

    async def _send(self, authorization: str) -> None:
        parts = urlsplit(self._url)
        headers = [
            ("Host", parts.netloc.rpartition("@")[2]),
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(self._local.size)),
            ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(self._name(), safe='')}"),
            ("User-Agent", "trio-chat"),
            ("Connection", "close"),
        ]
        if authorization:
            headers.append(("Authorization", authorization))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            await self._put(h11.Request(method="POST", target=target, headers=headers))
            await self._send_body()
            await self._put(h11.EndOfMessage())
        except trio.BrokenResourceError:
            pass  # the answer says why
        except OSError as error:
            text = _("{path} cannot be read: {reason}")
            reason = error.strerror or error
            self._problem = text.format(path=self._local.name, reason=reason)
            await trio.aclose_forcefully(self._stream)

    def _name(self) -> str:
        return self._local.name.encode("utf-8", "replace").decode()

    async def _send_body(self) -> None:
        sent, shown = 0, trio.current_time()
        while sent < self._local.size:
            count = min(_PIECE, self._local.size - sent)
            data = await trio.to_thread.run_sync(self._local.file.read, count)
            if not data:
                raise OSError(_("it was changed meanwhile"))
            await self._put(h11.Data(data=data))
            sent += len(data)
            if trio.current_time() - shown >= PROGRESS_INTERVAL:
                shown = trio.current_time()
                await self._report(sent)

    async def _put(self, event: h11.Event) -> None:
        await self._stream.send_all(self._http.send(event) or b"")

    async def _receive(self) -> None:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(bytes(await self._stream.receive_some(_PIECE)))
            elif isinstance(event, h11.Response):
                self._answer = event
            elif isinstance(event, h11.Data) and len(self._body) < _MOST_ANSWER:
                self._body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return

    def _location(self) -> str:
        name = self._local.name
        if self._answer is None:
            text = _("{name} was not uploaded: the connection has broken.")
            raise UploadError(text.format(name=name))
        location = next((v for k, v in self._answer.headers if k == b"location"), b"")
        link = urljoin(self._url, location.decode("ascii", "replace"))
        if self._answer.status_code == 201 and location and _is_link(link):
            return link
        first = self._body.decode("utf-8", "replace").strip().partition("\n")[0]
        reason = clean(first)[:_LONGEST_REASON] or str(self._answer.status_code)
        text = _("{name} was not accepted: {reason}")
        raise UploadError(text.format(name=name, reason=reason))


def _is_link(link: str) -> bool:
    return link.startswith(("http://", "https://")) and link.isprintable() and " " not in link

"""Uploads of a link: one after the other, while the user goes on chatting."""

import base64
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import trio

from trio_chat.client.local_file import LocalFile, UploadError, open_file, typed_paths
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import ClientSession, NotConnectedError
from trio_chat.client.trust import Connector, Security
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_MOST_WAITING = 20
_TOKEN_TIMEOUT = 30.0
_PORTS = {"http": 80, "https": 443}


class UploadingLink(Protocol):
    """What an upload needs of its link."""

    @property
    def session(self) -> ClientSession | None:
        """The present connection, None when there is none."""

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Call a function as soon as there is a connection."""

    async def say(self, target: str, text: str) -> None:
        """Send a message."""


class Uploads:
    """The uploads of one link.

    Args:
        link: the link.
        current: returns the function that connects to the present address of its server.
    """

    def __init__(
        self, link: UploadingLink, current: Callable[[], Callable[[], Awaitable[trio.abc.Stream]]]
    ) -> None:
        self._link = link
        self._current = current
        self._send, self._receive = trio.open_memory_channel[tuple[str, str]](_MOST_WAITING)
        self._scope: trio.CancelScope | None = None
        self._count = 0
        self._idle = trio.Event()

    async def add(self, target: str, typed: str) -> None:
        """Upload one or more files, and send a link to each as a message.

        Args:
            target: a channel or nickname.
            typed: the paths as the user has typed them.
        """
        try:
            self._send.send_nowait((target, typed))
        except trio.WouldBlock:
            await self._link.tell(_("Many files are waiting to be uploaded."), error=True)
            return
        self._count += 1

    async def wait(self) -> None:
        """Wait until nothing is being uploaded."""
        while self._count:
            self._idle = trio.Event()
            await self._idle.wait()

    async def cancel(self) -> None:
        """Cancel the upload in progress and those that wait."""
        count = 0
        while True:
            try:
                self._receive.receive_nowait()
            except trio.WouldBlock:
                break
            count += 1
            self._note_done()
        if self._scope is None and not count:
            await self._link.tell(_("No file is being uploaded."), error=True)
        elif self._scope is not None:
            self._scope.cancel()

    async def run(self) -> None:
        """Upload what is added, until cancelled."""
        async for target, typed in self._receive:
            with trio.CancelScope() as self._scope:
                await self._upload_all(target, typed)
            if self._scope.cancelled_caught:
                await self._link.tell(_("The upload was cancelled."))
            self._scope = None
            self._note_done()

    def _note_done(self) -> None:
        self._count -= 1
        self._idle.set()

    async def _upload_all(self, target: str, typed: str) -> None:
        """Upload files; one that fails does not keep the others from being sent."""
        paths = await trio.to_thread.run_sync(typed_paths, typed)
        if len(paths) > _MOST_WAITING:
            text = _("Nothing was uploaded: those are more than {most} files.")
            await self._link.tell(text.format(most=_MOST_WAITING), error=True)
            return
        for path in paths:
            try:
                await self._link.say(target, await self._upload(path))
            except (UploadError, CannotConnectError) as error:
                await self._link.tell(clean(str(error)), error=True)

    async def _upload(self, path: Path) -> str:
        is_ready = trio.Event()
        await self._link.do(f"/upload {path}", lambda protocol: is_ready.set())
        await is_ready.wait()
        session = self._link.session
        if session is None:
            raise UploadError(_("Not connected at the moment: nothing was uploaded."))
        url = session.protocol.features.filehost
        if not url:
            raise UploadError(_("This server takes no files."))
        local = await trio.to_thread.run_sync(open_file, path)
        from trio_chat.client.http_upload import send_file  # noqa: PLC0415  # h11 is rarely needed

        try:
            await self._link.tell(_("Uploading {name} …").format(name=clean(local.name)))
            authorization = await self._authorization(session, url)
            stream = await self._reach(session, url)
            try:
                return await send_file(
                    stream, url, local, authorization, partial(self._report, local)
                )
            finally:
                await trio.aclose_forcefully(stream)
        finally:
            local.file.close()

    async def _report(self, local: LocalFile, sent: int) -> None:
        text = _("{name}: {sent} of {size} MB; /upload without a file cancels.")
        sizes = {"sent": f"{sent / 1e6:.1f}", "size": f"{local.size / 1e6:.1f}"}
        await self._link.tell(text.format(name=clean(local.name), **sizes))

    async def _authorization(self, session: ClientSession, url: str) -> str:
        """Return a header with a token, or with the password of the account, as soju wants it."""
        protocol = session.protocol
        if not protocol.features.has_upload_tokens:
            known = protocol.authentication.credentials
            if known is None or not protocol.authentication.account:
                return ""
            self._check_way(session, url)
            pair = f"{known.account or protocol.nick}:{known.password}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        answers: list[tuple[str, str]] = []
        is_answered = trio.Event()

        def answer(token: str, reason: str) -> None:
            answers.append((token, reason))
            is_answered.set()

        def request(protocol: ClientProtocol) -> None:
            protocol.upload_tokens.request(answer)

        with trio.move_on_after(_TOKEN_TIMEOUT):
            try:
                await session.do(request)
                await is_answered.wait()
            except NotConnectedError:
                pass
        token, reason = answers[0] if answers else ("", "")
        if not token:
            reason = reason or _("the server has not answered")
            raise UploadError(_("Nothing was uploaded: {reason}").format(reason=reason))
        return f"Bearer {token}"

    def _check_way(self, session: ClientSession, url: str) -> None:
        """Refuse to send a password where somebody could read it: the login may have proved it
        without sending it (SCRAM), and the server names any address for files.

        Raises:
            UploadError: it would be sent without encryption.
        """
        parts, port = _place(url)
        if self._is_here(port):
            is_safe = session.protocol.authentication.is_private
        else:
            is_safe = parts.scheme == "https"
        if not is_safe:
            raise UploadError(_refused_without_encryption())

    def _is_here(self, port: int) -> bool:
        """Return whether a port is that of the chat, to which a connection is made as for that."""
        connect = self._current()
        return not isinstance(connect, Connector) or connect.port == port

    async def _reach(self, session: ClientSession, url: str) -> trio.abc.Stream:
        """Connect to the host of an address.

        The port of the chat means this server: the connection is made as the one for the chat, by
        the same name, with the same trust in the certificate.
        """
        parts, port = _place(url)
        if not (port and parts.hostname and url.isascii()):
            raise UploadError(_("The server names no usable address for files."))
        connect = self._current()
        if not isinstance(connect, Connector) or self._is_here(port):
            return await connect()
        if parts.scheme == "http" and session.is_secure:
            raise UploadError(_refused_without_encryption())
        is_plain = parts.scheme == "http"
        security = Security(plaintext=is_plain, required=not is_plain)
        return await Connector(parts.hostname, port, security, proxy=connect.proxy)()


def _refused_without_encryption() -> str:
    return _("The server wants files without encryption, which is refused here.")


def _place(url: str) -> tuple[SplitResult, int]:
    """Return the parts of an address, and its port; 0 when it cannot be used."""
    try:
        parts = urlsplit(url)
        return parts, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return urlsplit(""), 0

"""A server with uploads, to which requests are sent byte by byte."""

import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from edge import Edge, End, edge
from support import NOON
from trio_chat.chat.accounts import Account, Origin
from trio_chat.config import LimitSettings, ServerSettings, Settings, StorageSettings
from trio_chat.config.settings import UploadSettings
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.open_storage import open_storage

HOST = "chat.example:5000"
ORIGIN = "https://other.example"


class Uploads:
    """A server with uploads, and an account of Ann."""

    def __init__(self, here: Edge, path: Path) -> None:
        self.here = here
        self.server = here.server
        self.path = path

    async def guest(self, nick: str = "bob") -> End:
        """Return a user without an account."""
        end = self.here.connect()
        await end.send(f"NICK {nick}\r\nUSER {nick} 0 * :B\r\n".encode())
        await end.until("422")
        return end

    async def token(self, end: End) -> str:
        """Return a header with a token of a user."""
        await end.send(b"TOKEN GENERATE FILEHOST\r\n")
        return f"Authorization: Bearer {(await end.until('TOKEN')).params[-1]}"

    async def ask(self, request: bytes, host: str = "192.0.2.9") -> tuple[int, str, bytes]:
        """Send bytes and return the status, head and body of the answer."""
        stream = self.here.stream(host=host)
        await stream.send_all(request)
        answer = b""
        await stream.send_eof()
        while data := await stream.receive_some():
            answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100"):
            head, _, body = body.partition(b"\r\n\r\n")
        return int(head.split()[1]) if head else 0, head.decode(), body

    async def put(self, body: bytes, *headers: str) -> tuple[int, str, bytes]:
        """Upload a file."""
        lines = [f"Host: {HOST}", f"Content-Length: {len(body)}", *headers]
        return await self.ask(request("POST", "/upload", *lines) + body)

    def files(self) -> list[str]:
        """Return what is on the disk."""
        return [entry.name for entry in self.path.iterdir()]


def request(method: str, path: str, *headers: str) -> bytes:
    """Return the head of a request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", *headers, "", "")).encode()


def field(head: str, name: str) -> str:
    """Return a header of an answer; "" when it has none."""
    found = re.search(rf"(?mi)^{name}: (.*?)\r?$", head)
    return found[1] if found else ""


def basic(name: str = "ann", password: str = "correct horse") -> str:
    """Return a header with a password."""
    return f"Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


Opener = Callable[..., AbstractAsyncContextManager[Uploads]]
"""Opens a server with uploads, with other settings than the usual ones."""


def opener_in(tmp_path: Path) -> Opener:
    """Return what opens servers with their database in a directory."""

    @asynccontextmanager
    async def opener(**changed: object) -> AsyncIterator[Uploads]:
        listed = ServerSettings(
            allowed_hosts=("chat.example",),
            origins=("same", ORIGIN),
            url=str(changed.pop("url", "")),
        )
        settings = Settings(
            storage=StorageSettings(file=tmp_path / "chat.db"),
            server=listed,
            uploads=replace(UploadSettings(reserve=0), **changed),  # type: ignore[arg-type]
        )
        threads = HashingThreads(LimitSettings(failed_login_delay=0.0))
        async with (
            open_storage(settings.storage, "low", threads) as memory,
            edge(settings, memory) as here,
        ):
            assert memory is not None
            assert memory.accounts is not None
            assert here.server.uploads is not None
            await here.server.uploads.prepare()
            if "ann" not in memory.accounts.known:
                origin = Origin("192.0.2.1")
                credentials = await memory.accounts.prepare("correct horse", origin)
                account = Account("ann", "ann", int(NOON))
                await memory.accounts.create(account, credentials)
            yield Uploads(here, here.server.uploads.directory.path)

    return opener

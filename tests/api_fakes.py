"""A server with its HTTP API for tests, and a client of that."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from edge import Edge, End, edge
from http_fakes import LOCAL, Answer, HttpClient
from storage_fakes import ListHistory
from support import NOON
from trio_chat.chat.api_tokens import ApiToken, digest_of
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ApiTokenMade
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings

SECRET = "tca_of-the-administrator-0123456789abcdef"
ADMIN = "admin"


class ApiEnd:
    """A server, and requests to its API.

    Args:
        here: the server.
    """

    def __init__(self, here: Edge) -> None:
        self.here = here
        self.world = here.server.world

    def token(self, secret: str = SECRET, *scopes: str, expires: int = 0) -> str:
        """Have a token with scopes; return it."""
        name = f"test{len(self.world.api_tokens)}"
        made = ApiToken(digest_of(secret), name, scopes or (ADMIN,), "me", int(NOON), expires)
        apply(self.world, ApiTokenMade(made))
        return secret

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *headers: str,
        token: str | None = SECRET,
        host: str = LOCAL,
    ) -> Answer:
        """Send a request on a connection of its own; return the answer.

        Args:
            method: of HTTP.
            path: behind `/api/v1`.
            body: bytes, or what is sent as JSON; None for none.
            headers: further ones.
            token: None for none.
            host: the address of the client.
        """
        lines = [f"{method} /api/v1{path} HTTP/1.1", "Host: example.org", *headers]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            lines.append(f"Content-Length: {len(data)}")
            if not any(line.lower().startswith("content-type") for line in headers):
                lines.append("Content-Type: application/json")
        client = HttpClient(self.here, host=host)
        await client.send("\r\n".join([*lines, "", ""]).encode() + data, method)
        return await client.answer()

    async def get(self, path: str, token: str | None = SECRET) -> Any:
        """Return what a path answers."""
        answer = await self.ask("GET", path, token=token)
        assert answer.status == 200, answer.text
        return json.loads(answer.text)

    async def refusal(self, status: int, *request: Any, **options: Any) -> Mapping[str, Any]:
        """Return the problem that is the answer to a request."""
        answer = await self.ask(*request, **options)
        assert answer.status == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem: Mapping[str, Any] = json.loads(answer.text)
        assert problem["status"] == status
        assert problem["detail"].endswith(".")
        return problem

    async def person(self, nick: str, channel: str = "") -> End:
        """Return a client that is registered, and in a channel."""
        end = self.here.connect()
        await end.send(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n".encode())
        await end.until("422")
        if channel:
            await end.send(f"JOIN {channel}\r\n".encode())
            await end.until("366")
        return end


@asynccontextmanager
async def api(
    settings: Settings | None = None, memory: StoragePorts | None = None
) -> AsyncIterator[ApiEnd]:
    """Run a server with a token that has the scope `admin`."""
    async with edge(settings, memory or StoragePorts(history=ListHistory())) as here:
        end = ApiEnd(here)
        end.token()
        yield end

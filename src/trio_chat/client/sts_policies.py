"""Policies of strict transport security (IRCv3 `sts`), a file of lines.

    chat.example.org 6697 1767225600

A host is reached at this port, and with TLS, until the time (in seconds of Unix time) is over. A
policy belongs to the host name that the user has typed: further addresses of the same network have
policies of their own.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import trio

from trio_chat.client.paths import sts_policies_file
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.i18n import _
from trio_chat.private import make_directory, replace_bytes

_LONGEST = 10 * 365 * 86_400
"""Seconds that a policy lasts at most."""
_MOST = 1000
"""Policies that are kept; the ones that end first give way."""


class StsPolicies:
    """The file, read and written in threads.

    Args:
        path: the file; None means the platform's place.
        now: returns seconds of Unix time.
    """

    def __init__(self, path: Path | None = None, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now

    @property
    def path(self) -> Path:
        """The file."""
        return self._path or sts_policies_file()

    async def port(self, host: str) -> int:
        """Return the port at which a host must be reached with TLS; 0 when it has no policy.

        Raises:
            OSError: the file exists and cannot be read.
        """
        policies = await trio.to_thread.run_sync(self._read)
        return policies.get(_key(host), (0, 0))[0]

    async def require(self, host: str) -> int:
        """Return the same for a connection, which must not be made without an answer.

        Raises:
            CannotConnectError: the message says why, in the user's language.
        """
        try:
            return await self.port(host)
        except OSError as error:
            text = _(
                "{path} cannot be read: {reason}. Without it nobody can say whether this server"
                " must be encrypted."
            )
            raise CannotConnectError(
                text.format(path=error.filename or "sts_policies", reason=error.strerror or error)
            ) from error

    async def keep(self, host: str, port: int, duration: int) -> None:
        """Keep the policy of a host, or remove it if the duration is 0.

        Raises:
            OSError: the file cannot be written.
        """
        await trio.to_thread.run_sync(self._write, host, port, min(duration, _LONGEST))

    def _read(self) -> dict[str, tuple[int, int]]:
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except (FileNotFoundError, RuntimeError):  # RuntimeError: the user has no home
            return {}
        policies: dict[str, tuple[int, int]] = {}
        for words in map(str.split, text.splitlines()):
            with suppress(ValueError):
                host, port, end = words
                if int(end) > self._now() and 0 < int(port) < 65536:
                    policies[host] = (int(port), int(end))
        return policies

    def _write(self, host: str, port: int, duration: int) -> None:
        policies = self._read()
        before = dict(policies)
        policies.pop(_key(host), None)
        if duration:
            policies[_key(host)] = (port, int(self._now()) + duration)
        if policies == before:
            return
        kept = sorted(policies.items(), key=lambda each: -each[1][1])[:_MOST]
        lines = (f"{name} {port} {end}\n" for name, (port, end) in kept)
        with suppress(RuntimeError):  # the user has no home
            self._replace("".join(lines))

    def _replace(self, text: str) -> None:
        make_directory(self.path.parent)
        replace_bytes(self.path, text.encode())


def _key(host: str) -> str:
    return host.lower().removesuffix(".")

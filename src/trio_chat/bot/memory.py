"""Memory of a bot between two runs: the last message of each of its channels.

Without a file the bot begins with what is said while it is there. With one it receives what was
said while it was away.
"""

import json
from pathlib import Path

import trio

from trio_chat import private
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.session.sync_state import HistoryPosition, SyncState

_MOST_CHANNELS = 10_000


class PositionFile:
    """The last message of each channel, in a file.

    Args:
        path: of the file; None for none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._saved: dict[str, HistoryPosition] = {}

    async def load(self) -> SyncState:
        """Return the state to go on with; that of a first run, where there is no usable file."""
        state = SyncState()
        if self._path is not None:
            self._saved = await trio.to_thread.run_sync(_read, self._path)
            for channel, position in self._saved.items():
                state.channel(channel).last = position
                state.see(position.msgid)
        return state

    async def save(self, state: SyncState) -> None:
        """Write the file, if something has changed.

        Raises:
            OSError: it cannot be written.

        Cancelled, the file is written all the same.
        """
        positions = {key: shown.last for key, shown in state.shown().items() if any(shown.last)}
        if self._path is not None and positions != self._saved:
            text = json.dumps(positions, ensure_ascii=False) + "\n"
            await trio.to_thread.run_sync(private.write_text, self._path, text)
            self._saved = positions


def _read(path: Path) -> dict[str, HistoryPosition]:
    try:
        found = json.loads(path.read_text("utf-8"))
        pairs = list(found.items())[:_MOST_CHANNELS]
        return {str(key): HistoryPosition(str(msgid), str(time)) for key, (msgid, time) in pairs}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


class NoStateFile(StateFile):
    """No file: a bot has the nickname that its program gives it, and ignores nobody."""

    async def load_nick(self) -> str:
        """Return "": no nickname is known."""
        await trio.lowlevel.checkpoint()
        return ""

    async def save_nick(self, nick: str) -> None:
        """Save nothing."""
        await trio.lowlevel.checkpoint()

    async def load_ignored(self) -> list[str]:
        """Return no masks."""
        await trio.lowlevel.checkpoint()
        return []


class GivenPassword:
    """The password of a bot's account; a `PasswordStore` that stores nothing."""

    def __init__(self, account: str, password: str) -> None:
        self._account = account
        self._password = password

    async def load(self, account: str) -> LoginCredentials | None:
        """Return the account and its password; the account is that of the nickname, if none is
        given.
        """
        await trio.lowlevel.checkpoint()
        return LoginCredentials(self._account or account, self._password, is_kept=True)

    async def are_available(self) -> bool:
        """Return False: nothing can be stored."""
        await trio.lowlevel.checkpoint()
        return False

    async def save(self, credentials: LoginCredentials) -> bool:
        """Store nothing, and return False."""
        await trio.lowlevel.checkpoint()
        return False

"""What the client remembers from one run to the next: the last nickname, in a small file of the user's own.

A file that cannot be read or written is no reason to trouble anyone: then nothing is remembered.
"""

import json
from pathlib import Path

import trio

from trio_chat import private
from trio_chat.client.places import state_file


class StateFile:
    """The file, read and written in threads.

    Args:
        path: where it is; None means the platform's place.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    async def load_nick(self) -> str:
        """Return the nickname used last, "" when none is known."""
        return await trio.to_thread.run_sync(self._load)

    async def save_nick(self, nick: str) -> None:
        """Remember a nickname; cancelled, it is remembered all the same."""
        await trio.to_thread.run_sync(self._save, nick)

    def _load(self) -> str:
        try:
            state = json.loads((self._path or state_file()).read_text("utf-8"))
        except (OSError, ValueError, RuntimeError):  # RuntimeError: the user has no home
            return ""
        nick = state.get("nick", "") if isinstance(state, dict) else ""
        return nick if isinstance(nick, str) else ""

    def _save(self, nick: str) -> None:
        try:
            path = self._path or state_file()
            private.write_text(path, json.dumps({"nick": nick}, ensure_ascii=False) + "\n")
        except (OSError, RuntimeError):
            return

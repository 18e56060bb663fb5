"""The state file of the client between runs: the last nickname and the ignore list.

A file that cannot be read or written means that nothing is remembered; it keeps nobody from
chatting.
"""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from trio_chat import private
from trio_chat.client.paths import state_file

_changing = threading.Lock()
"""Held by a thread that changes the file, so that no change of another thread is lost."""


class StateFile:
    """The file, read and written in threads.

    Args:
        path: of the file; None means the default one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    async def load_nick(self) -> str:
        """Return the nickname used last, "" when none is known."""
        nick = (await trio.to_thread.run_sync(self._load)).get("nick", "")
        return nick if isinstance(nick, str) else ""

    async def save_nick(self, nick: str) -> None:
        """Remember a nickname; cancelled, it is remembered all the same."""
        await trio.to_thread.run_sync(self._save, nick)

    async def load_ignored(self) -> list[str]:
        """Return the masks of ignored users."""
        return _words((await trio.to_thread.run_sync(self._load)).get("ignored"))

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Remember masks that were added to the ignore list and removed from it; return whether the
        file could be written.
        """
        return await trio.to_thread.run_sync(self._change_ignored, added, removed)

    def _load(self) -> dict[str, Any]:
        try:
            state = json.loads((self._path or state_file()).read_text("utf-8"))
        except (OSError, ValueError, RuntimeError):  # RuntimeError: the user has no home
            return {}
        return state if isinstance(state, dict) else {}

    def _save(self, nick: str) -> bool:
        with _changing:
            return self._write({**self._load(), "nick": nick})

    def _change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        with _changing:
            state = self._load()
            gone = {word.casefold() for word in (*removed, *added)}
            known = [word for word in _words(state.get("ignored")) if word.casefold() not in gone]
            return self._write({**state, "ignored": [*known, *added]})

    def _write(self, state: dict[str, Any]) -> bool:
        try:
            private.write_text(
                self._path or state_file(), json.dumps(state, ensure_ascii=False) + "\n"
            )
        except (OSError, RuntimeError, ValueError):  # ValueError: a lone surrogate
            return False
        return True


def _words(found: object) -> list[str]:
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []

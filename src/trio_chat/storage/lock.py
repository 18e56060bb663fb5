"""The lock that gives one server at a time the use of a database; maintenance commands need none.

It is a lock of the operating system on a separate file next to the database, so that it ends with
the process in any case. It cannot be on the database itself: closing any handle of that file would
end SQLite's own locks (sqlite.org/howtocorrupt.html, 2.2).
"""

import errno
import json
import logging
import os
import socket
import stat
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from trio_chat.i18n import _
from trio_chat.private import make_directory
from trio_chat.storage.errors import StorageError, check_name, file_error

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger("trio_chat")

_HELD = frozenset((errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK))
_LONGEST_NOTE = 4000
_MOST_PLACES = 16
_LONGEST_REASON = 500
_FRESH = 10.0
"""Seconds for which a noted reason counts; a server that waits notes it every other second."""
_LOOK = 0.05
"""Seconds after which the lock is tried again: longer than a look at it takes."""
_FAR = 1 << 30
"""The byte that is locked on Windows: beyond the note, which other processes have to read."""
_MAGIC = b"SQLite format 3\0"
_NO_LOG = b"\1\1"
"""The file format versions of a database that has no write-ahead log (sqlite.org/fileformat2.html,
1.3.3).
"""
_NOTHING: Mapping[str, object] = {}


FileIdentity = tuple[int, int]
"""The identity of a file: its device and its number there (inode)."""


class ListeningPlace(NamedTuple):
    """A place where a server listens for clients.

    Args:
        host: an address; or the path of a Unix socket.
        port: the port; None for a Unix socket.
        proxy: whether it expects the PROXY protocol.
    """

    host: str
    port: int | None
    proxy: bool


class InUseError(StorageError):
    """Another server uses the database."""


def acquire(path: Path) -> int:
    """Acquire the lock of a database; return the handle that holds it. Blocks for a moment.

    Args:
        path: the database, which need not exist yet.

    Raises:
        InUseError: another server holds the lock; the message names its process.
        StorageError: the lock file cannot be made, or the database has several hard links.
    """
    check_name(path)
    database, lock = path.resolve(), _lock_of(path)
    try:
        make_directory(database.parent)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise file_error(path, error) from error
    try:
        try:
            _take(handle, path)
        except InUseError:  # a command may have looked at this moment, see `is_held`
            time.sleep(_LOOK)
            _take(handle, path)
        _refuse_second_name(database)
        _write_note(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def release(handle: int) -> None:
    """Release a lock. Its file stays, because deleting it would let two others hold one each."""
    with suppress(OSError):  # a full disk
        os.ftruncate(handle, 0)
    os.close(handle)


def is_held(path: Path) -> bool:
    """Return whether a server uses a database. Blocks for a moment."""
    try:
        handle = os.open(_lock_of(path), os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        _take(handle, path)
    except InUseError:
        return True
    finally:
        os.close(handle)
    return False


def is_held_elsewhere(path: Path) -> bool:
    """Return whether a server in another process uses a database. Blocks for a moment."""
    if not is_held(path):
        return False
    try:
        note = _read_note(path)
        return (note["pid"], note["host"]) != (os.getpid(), socket.gethostname())
    except (OSError, ValueError, KeyError, TypeError):  # it was damaged
        return True


def note_places(path: Path, places: Sequence[ListeningPlace]) -> None:
    """Add to the note where the server listens, which the settings do not always say: the port may
    be any free one, or one of the command line. Blocks for a moment.

    Args:
        path: the database, whose lock this process holds.
        places: the first of them are noted.

    Raises:
        OSError: the file cannot be written.
    """
    _replace_note(path, {"places": places[:_MOST_PLACES]})


def noted_places(path: Path) -> list[ListeningPlace]:
    """Return where the server that uses a database listens; nothing when that is not known."""
    try:
        return [
            ListeningPlace(str(host), None if port is None else int(port), bool(proxy))
            for host, port, proxy in _read_note(path)["places"][:_MOST_PLACES]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def note_waiting(path: Path, reason: str) -> None:
    """Add to the note that the server runs, but does not listen now. Blocks for a moment.

    Args:
        path: the database, whose lock this process holds.
        reason: what it waits for, for `noted_waiting`.

    Raises:
        OSError: the file cannot be written.
    """
    _replace_note(path, {"waits": reason[:_LONGEST_REASON], "at": time.time()})


def noted_waiting(path: Path) -> str:
    """Return what a server that runs waits for before it listens; "" if it does not wait, or if it
    has noted nothing for so long that it hangs or is gone.
    """
    try:
        note = _read_note(path)
        return str(note["waits"]) if abs(time.time() - float(note["at"])) < _FRESH else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _read_note(path: Path) -> Any:
    return json.loads(_lock_of(path).read_bytes()[:_LONGEST_NOTE])


def _replace_note(path: Path, more: Mapping[str, object]) -> None:
    handle = os.open(_lock_of(path), os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        before = json.loads(os.read(handle, _LONGEST_NOTE))
        _write_note(handle, {"since": before["since"], **more})
    except (ValueError, KeyError, TypeError):  # it was damaged
        _write_note(handle, more)
    finally:
        os.close(handle)


def _lock_of(path: Path) -> Path:
    database = path.resolve()
    return database.with_name(f"{database.name}.lock")


def _take(handle: int, path: Path) -> None:
    try:
        if sys.platform == "win32":
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            text = _(
                "{file} is in use by another server ({holder}): stop that one, or set [storage]"
                " file to another file."
            )
            raise InUseError(text.format(file=path, holder=_holder(handle))) from None
        # Some network drives support no locks, and a server must be able to run there.
        log.warning(
            "%s cannot be locked against a second server: %s", path, error.strerror or error
        )


def _refuse_second_name(database: Path) -> None:
    try:
        found = database.stat()
    except OSError:  # it does not exist yet
        return
    if (names := found.st_nlink) > 1 and stat.S_ISREG(found.st_mode):
        text = _(
            "{file} has {count} names (hard links), and SQLite would keep what is new beside each"
            " of them: remove the others; `trio-chat backup` makes copies."
        )
        raise StorageError(text.format(file=database, count=names))


def _write_note(handle: int, more: Mapping[str, object] = _NOTHING) -> None:
    note = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        **more,
    }
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, json.dumps(note).encode())


def _holder(handle: int) -> str:
    """Return a description of the process that holds a lock, from its note in the lock file."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        note = json.loads(os.read(handle, _LONGEST_NOTE))
        pid, host, since = int(note["pid"]), str(note["host"]), str(note["since"])
        return _("process {pid} on {host}, since {since}").format(pid=pid, host=host, since=since)
    except (OSError, ValueError, KeyError, TypeError):
        return _("which one is not known")


def identity(path: Path) -> FileIdentity | None:
    """Return the identity of a file; None when there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_foreign_log_aside(path: Path) -> None:
    """Rename the write-ahead log next to a restored copy: it belongs to the former database.

    A copy that `trio-chat backup` made has no write-ahead log; SQLite would apply a log that it
    finds to the copy.

    Raises:
        StorageError: the log cannot be renamed.
    """
    path = path.resolve()
    log_file = path.with_name(f"{path.name}-wal")
    try:
        with path.open("rb") as stream:
            header = stream.read(20)
        if header[:16] != _MAGIC or header[18:20] != _NO_LOG or not log_file.exists():
            return
        for suffix in ("-wal", "-shm"):
            companion = path.with_name(f"{path.name}{suffix}")
            if companion.exists():
                companion.replace(f"{companion}.old")
    except FileNotFoundError:
        return
    except OSError as error:
        raise file_error(path, error) from error
    log.warning(
        "%s is a restored copy; the log next to it belonged to another database and is now %s.old",
        path,
        log_file,
    )

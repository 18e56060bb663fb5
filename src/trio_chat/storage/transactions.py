"""Transactions in the thread of the caller, and what is said of errors of SQLite."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from trio_chat.i18n import N_, _
from trio_chat.storage.errors import StorageError

if TYPE_CHECKING:
    import apsw

P = ParamSpec("P")
T = TypeVar("T")


def in_transaction(
    connection: "apsw.Connection",
    work: "Callable[Concatenate[apsw.Connection, P], T]",
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `work(connection, …)` as one `transaction`, in this thread."""
    with transaction(connection):
        return work(connection, *args, **kwargs)


@contextmanager
def transaction(connection: "apsw.Connection") -> Iterator[None]:
    """Make the block one transaction, which is rolled back when it raises. Within another one it is
    a part of that.
    """
    is_part = connection.in_transaction
    if is_part:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def damage_reported(head: str = "") -> Iterator[None]:
    """Report a value that cannot be understood as damage of the database: SQLite does not check the
    encoding of a text, and after a damaged page rows and numbers are missing.

    Args:
        head: what the message of the error begins with.

    Raises:
        StorageError: a value cannot be understood.
    """
    try:
        yield
    except (UnicodeDecodeError, JSONDecodeError) as error:
        raise StorageError(
            head + _(_DAMAGED) + _(" (a text in it cannot be read: {error})").format(error=error)
        ) from error
    except (TypeError, ValueError, LookupError) as error:
        raise StorageError(
            head
            + _(_DAMAGED)
            + _(" (a value in it cannot be understood: {error!r})").format(error=error)
        ) from error


_DAMAGED = N_("it is damaged; see `trio-chat db check`, and restore a backup")
_WORDS = {
    "Full": N_("the disk is full"),
    "IO": N_("the disk cannot be read or written"),
    "ReadOnly": N_("the file or its directory is read-only"),
    "CantOpen": N_("it cannot be opened"),
    "Permissions": N_("access was denied"),
    "Auth": N_("its use is not permitted"),
    "Busy": N_("another program has it locked"),
    "Locked": N_("it is locked"),
    "Corrupt": _DAMAGED,
    "NotADB": N_(
        "it is damaged, or not an SQLite database; name another file, or restore a backup"
    ),
    "NoMem": N_("there is not enough memory"),
    "Interrupt": N_("it was interrupted, because it took too long"),
}
"""Explanations of result codes (sqlite.org/rescode.html) by the names of apsw's exceptions."""
_NO_WORDS = frozenset(("", "not an error", "unknown error"))


def explain(error: Exception) -> str:
    """Explain an error of SQLite in words, with the name of its result code and its own message."""
    name = type(error).__name__.removesuffix("Error")
    code, said = _code(error), "" if str(error) in _NO_WORDS else str(error)
    if name in _WORDS:
        return f"{_(_WORDS[name])} ({in_short(error)})"
    return f"{said} ({code})" if said else code


def in_short(error: Exception) -> str:
    """Return the name of the result code of an error of SQLite, and its own message."""
    said = "" if str(error) in _NO_WORDS else str(error)
    return f"{_code(error)}: {said}" if said else _code(error)


def _code(error: Exception) -> str:
    import apsw  # noqa: PLC0415

    name = type(error).__name__.removesuffix("Error")
    return str(apsw.mapping_result_codes.get(getattr(error, "result", -1), name))

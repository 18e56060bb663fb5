"""The error of the storage, apart from what is slow to import."""

from pathlib import Path

from trio_chat.i18n import _


class StorageError(Exception):
    """A failure of the database; the message is one line for the operator."""


def file_error(database: Path, error: OSError) -> StorageError:
    """Return the error for a file of a database, or a directory on the way to it, that the system
    refuses.
    """
    return StorageError(
        _(
            "{database} cannot be used: {file}: {reason}; mend that, or name another database"
        ).format(
            database=database,
            file=error.filename or database,
            reason=error.strerror or error,
        )
    )


def check_name(database: Path) -> None:
    """Check that SQLite can open a file, which needs a name in UTF-8.

    Raises:
        StorageError: the name of the file, or of a directory on the way to it, is not.
    """
    try:
        str(database).encode()
    except UnicodeEncodeError:
        raise StorageError(
            _("{file} cannot be used: this name is not UTF-8; choose another one").format(
                file=database
            )
        ) from None

"""The commands of `trio-chat uploads`: their output around `storage.uploads`."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.chat.uploads import LINK
from trio_chat.i18n import _
from trio_chat.storage import uploads
from trio_chat.storage.account_maintenance import all_accounts
from trio_chat.storage.database import StorageError, in_transaction
from trio_chat.storage.maintenance import connected


def list_uploads(database: Path) -> int:
    """Write all uploads, one a line."""
    with connected(database) as connection:
        names = {account.id: account.name for account in all_accounts(connection)}
        found = uploads.every_upload(connection)
    return write_lines(
        (
            upload.name,
            date(upload.created),
            str(upload.size),
            upload.type,
            names.get(upload.account, upload.address),
            upload.filename,
        )
        for upload in found
    )


def remove_uploads(database: Path, names: Sequence[str], *, missing: bool = False) -> int:
    """Remove uploads; all or none.

    Args:
        database: the database.
        names: their random names, or links.
        missing: whether those whose bytes are missing are removed, too.
    """
    with connected(database, instead=_(in_cluster.REMOVE_UPLOAD)) as connection:
        if missing:
            names = [*names, *_without_bytes(database, uploads.every_name(connection))]
        elif not names:
            raise StorageError(_("Name the files, or give --missing."))
        wanted = [_random_name(name) for name in names]
        for name, text in zip(wanted, names, strict=True):
            if uploads.find(connection, name) is None:
                raise StorageError(_("{name}: there is no such file").format(name=text))
        for name in wanted:
            in_transaction(connection, uploads.remove, name)
    for text in names:
        report(_("{name} was removed.").format(name=text))
    return OK


def _without_bytes(database: Path, names: Iterable[str]) -> list[str]:
    directory = uploads.directory_of(database)
    return sorted(name for name in names if not (directory / name).exists())


def _random_name(text: str) -> str:
    match = LINK.search(text)
    return match[1] if match else text

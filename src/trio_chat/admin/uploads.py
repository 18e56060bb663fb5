"""The commands of `trio-chat uploads`: their output around `maintenance.uploads`."""

from collections.abc import Sequence
from pathlib import Path

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.i18n import _
from trio_chat.maintenance.uploads import existing_uploads
from trio_chat.storage import uploads
from trio_chat.storage.account_maintenance import all_accounts
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
        wanted = existing_uploads(connection, database, names, missing=missing)
        for name in wanted.values():
            with recorded(connection, "uploads", f"UPLOAD REMOVE {name}"):
                uploads.remove(connection, name)
    for text in wanted:
        report(_("{name} was removed.").format(name=text))
    return OK

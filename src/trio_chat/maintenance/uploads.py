"""Uploaded files, as maintenance finds and removes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.chat.uploads import LINK
from trio_chat.i18n import _
from trio_chat.maintenance.refusals import InvalidValue, ResourceNotFound
from trio_chat.storage import uploads

if TYPE_CHECKING:
    import apsw


def existing_uploads(
    connection: "apsw.Connection", database: Path, names: Sequence[str], *, missing: bool
) -> dict[str, str]:
    """Return the random names of uploads, by how they were named.

    Args:
        connection: the database.
        database: its file.
        names: random names, or links.
        missing: whether those whose bytes are missing on the disk are among them, too.

    Raises:
        InvalidValue: nothing was named.
        ResourceNotFound: there is no such upload.
    """
    if missing:
        names = [*names, *without_bytes(connection, database)]
    elif not names:
        raise InvalidValue(_("Name the files, or give --missing."))
    wanted = {text: random_name(text) for text in names}
    for text, name in wanted.items():
        if uploads.find(connection, name) is None:
            raise ResourceNotFound(_("{name}: there is no such file").format(name=text))
    return wanted


def without_bytes(connection: "apsw.Connection", database: Path) -> list[str]:
    """Return the random names of uploads whose bytes are missing on the disk."""
    directory = uploads.directory_of(database)
    return sorted(
        name for name in uploads.every_name(connection) if not (directory / name).exists()
    )


def random_name(text: str) -> str:
    """Return the random name in a link; another text as it is."""
    match = LINK.search(text)
    return match[1] if match else text

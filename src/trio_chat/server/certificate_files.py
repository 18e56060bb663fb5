"""Files of the server's certificate: where they are, or are to be."""

from pathlib import Path
from typing import NamedTuple

from trio_chat.config import Settings


class OwnFiles(NamedTuple):
    """The files of a certificate that the server makes itself, next to the database.

    Args:
        leaf: the key, the certificate, and that of the authority.
        authority: the certificate of the authority, which guests can install.
        authority_key: its key, which may be kept elsewhere between renewals.
        former: a self-signed certificate of an earlier version, which clients remember.
    """

    leaf: Path
    authority: Path
    authority_key: Path
    former: Path

    @classmethod
    def next_to(cls, database: Path) -> "OwnFiles":
        """Return the files for a database."""
        ends = (".tls.pem", ".ca.pem", ".ca.key", ".pem")
        return cls(*(database.with_name(f"{database.name}{end}") for end in ends))


class Files(NamedTuple):
    """Where a certificate and its key are.

    Args:
        certificate: the file; None when nothing is kept, and one is made at every start.
        key: the file of the key, which may be the same.
        own: the files of a certificate that the server makes itself; None for one of the
            administrator's.
    """

    certificate: Path | None
    key: Path | None
    own: OwnFiles | None = None

    @property
    def is_own(self) -> bool:
        """Whether the server makes the certificate itself."""
        return self.own is not None or self.certificate is None


def files_of(settings: Settings) -> Files:
    """Return where the certificate is, or is to be."""
    chosen = settings.tls
    if chosen.certificate is not None:
        return Files(chosen.certificate, chosen.key or chosen.certificate)
    database = settings.storage.file
    if database is None or database.name == ":memory:":
        return Files(None, None)
    own = OwnFiles.next_to(database)
    return Files(own.leaf, own.leaf, own)

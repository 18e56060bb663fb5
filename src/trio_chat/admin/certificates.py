"""The commands of `trio-chat certificate`: their output around `server.certificates`."""

import hashlib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trio_chat.admin.console import date, report, to_standard_output, write_lines
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.admin.recorded import record_begin
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.server import certificates
from trio_chat.server.certificate_files import Files, files_of
from trio_chat.server.certificates import CertificateError, Inspection
from trio_chat.server.certified_names import SubjectNames
from trio_chat.storage import audit, maintenance
from trio_chat.storage.errors import StorageError


def show(settings: Settings) -> int:
    """Write what is known of the certificate, one fact a line with a tab between."""
    files = files_of(settings)
    with _errors():
        found = certificates.look(files, settings, time.time())
        names = certificates.names_in(files)
    return write_lines(_rows(files, found, names))


def _rows(files: Files, found: Inspection, names: SubjectNames) -> Iterator[tuple[str, ...]]:
    facts = found.facts
    yield "file", str(files.certificate)
    yield "names", " ".join((*names.names, *map(str, names.addresses)))
    yield "expires", date(int(facts.expires or 0))
    yield "certificate", facts.fingerprint
    yield "key", facts.key
    if facts.authority:
        digest = hashlib.sha256(facts.authority).hexdigest().upper()
        yield "authority", ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    if found.problem:
        yield "problem", found.problem


def print_authority(settings: Settings, *, der: bool) -> int:
    """Write the certificate of the private authority to standard output."""
    with _errors():
        found = certificates.look(files_of(settings), settings, time.time()).facts.authority
    if not found:
        raise FileError(_("there is no private authority; `trio-chat certificate show` says why"))
    data = found if der else ssl.DER_cert_to_PEM_cert(found).encode()
    return FAILED if to_standard_output(lambda stream: stream.write(data)) is None else OK


def renew(settings: Settings, *, authority: bool, drop_former: bool) -> int:
    """Make a new certificate, and another authority if that is wanted."""
    from trio_chat.server import certificate_renewal  # noqa: PLC0415  # its libraries may be missing

    certificate_renewal.renew(settings, authority=authority, drop_former=drop_former)
    words = ["CERTIFICATE RENEW", "with its authority" * authority, "--drop-former" * drop_former]
    _record(settings.storage.file, " ".join(filter(None, words)))
    if authority:
        report(
            _("Another authority was made: everybody has to install it anew, from the page /ca.")
        )
    report(_("A server that is running uses the new certificate within a minute."))
    return OK


def _record(database: Path | None, text: str) -> None:
    """Record a renewal in the audit log, if there is one: a certificate can be made before the
    database, and may be needed when that cannot be used.
    """
    if database is None or not database.is_file():
        return
    try:
        with maintenance.connected(database, as_it_is=True) as connection:
            if audit.is_there(connection):
                record_begin(connection, "certificate", text)
    except StorageError as error:
        report(_("The audit log has no entry of that: {error}").format(error=error))


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except CertificateError as error:
        raise FileError(str(error)) from error

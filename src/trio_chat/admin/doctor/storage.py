"""Checks of what is stored: the disk, the database, the certificate, and the clock."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trio_chat.admin.doctor.findings import Finding, good, note, problem
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.server.certificate_files import files_of
from trio_chat.server.certificates import CertificateError
from trio_chat.server.certificates import check as check_certificate
from trio_chat.server.disk_space import place_of
from trio_chat.server.encryption import LATE
from trio_chat.storage import maintenance, schema
from trio_chat.storage.errors import StorageError

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""This program did not exist before."""
_SLACK = 60.0
"""Seconds by which files of a network drive may be ahead."""
_SOON = timedelta(days=14)
_MEGABYTE = 1 << 20


def database_of(settings: Settings) -> Path | None:
    """Return the file of the database; None when nothing is stored on the disk."""
    file = settings.storage.file
    return None if file is None or file.name == ":memory:" else file.absolute()


def disk(settings: Settings) -> Finding:
    """Return whether there is room for messages, and the right to write them."""
    file = database_of(settings)
    directory = Path.cwd() if file is None else _existing(place_of(file))
    shown = escape_controls(str(directory))
    try:
        with tempfile.TemporaryFile(dir=directory):
            free = shutil.disk_usage(directory).free
    except OSError as error:
        reason = error.strerror or str(error)
        return problem(
            _("{directory} cannot be written: {reason}.").format(directory=shown, reason=reason),
            _("Set [storage] file to a place that you may write."),
        )
    text = _("{free} MB are free in {directory}.").format(free=free // _MEGABYTE, directory=shown)
    if free < settings.storage.reserve:
        return problem(
            text,
            _("Below [storage] reserve, messages are refused: delete something, or move it."),
        )
    return good(text)


def log_file(settings: Settings) -> Iterator[Finding]:
    """Yield a problem if the log cannot be written: the chat goes on without it."""
    if settings.logging.file is None:
        return
    file = settings.logging.file.absolute()
    try:
        if os.path.exists(file):
            with file.open("ab"):
                pass
        else:
            with tempfile.TemporaryFile(dir=_existing(file.parent)):
                pass
    except OSError as error:
        reason = error.strerror or str(error)
        yield problem(
            _("The log file {file} cannot be written: {reason}.").format(
                file=escape_controls(str(file)), reason=reason
            ),
            _("Set [logging] file to a place that you may write."),
        )
    else:
        yield good(_("{file} can be written.").format(file=escape_controls(str(file))))


def _existing(directory: Path) -> Path:
    """Return a directory, or the nearest one above that exists: the server makes the others."""
    while not os.path.exists(directory) and directory != directory.parent:
        directory = directory.parent
    return directory


def database(settings: Settings) -> Finding:
    """Return whether the database can be opened. `trio-chat db check` reads all of it."""
    file = database_of(settings)
    if file is None:
        return note(_("Messages are not stored: [storage] file is none."))
    shown = escape_controls(str(file))
    try:
        file.stat()
    except FileNotFoundError:
        return good(_("{file} will be created at the first start.").format(file=shown))
    except OSError as error:
        reason = error.strerror or str(error)
        return problem(
            _("{file}: cannot be read: {reason}").format(file=shown, reason=reason),
            _("Call this as the user of the server, or make the files its own with chown."),
        )
    if foreign := [each for each in _files_of(file) if not os.access(each, os.R_OK | os.W_OK)]:
        names = ", ".join(escape_controls(str(each)) for each in foreign)
        return problem(
            _("This user may not use {files}.").format(files=names),
            _("Call this as the user of the server, or make the files its own with chown."),
        )
    try:
        with maintenance.connected(file, as_it_is=True) as connection:
            version = schema.schema_version(connection)
    except (StorageError, schema.SchemaError) as error:
        return problem(str(error), _("`trio-chat db check` says more."))
    if 0 < version < len(schema.migrations()):
        return note(
            _("{file} is of an older version (schema {version}).").format(
                file=shown, version=version
            ),
            _("The next start converts it, and an older trio-chat cannot read it then."),
            _("Before that, `trio-chat backup` keeps a copy."),
        )
    return good(_("{file} can be read (schema {version}).").format(file=shown, version=version))


def _files_of(file: Path) -> list[Path]:
    """Return the files of a database that exist."""
    names = (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}.lock")
    return [each for name in names if os.path.exists(each := file.with_name(name))]


def certificate(settings: Settings, now: datetime | None = None) -> Finding:
    """Return whether the certificate fits its key, and until when it is valid.

    Args:
        settings: all of config.ini.
        now: the time; None for the present.
    """
    files = files_of(settings)
    if files.certificate is None or (
        files.own is not None and not os.path.exists(files.certificate)
    ):
        return good(_("The server makes a TLS certificate at its start."))
    try:
        check_certificate(files)
        from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  takes long

        loaded = load_pem_x509_certificate(files.certificate.read_bytes())
        start, end = loaded.not_valid_before_utc, loaded.not_valid_after_utc
    except (CertificateError, OSError, ValueError) as error:
        return problem(str(error), _("No client can use TLS until that is mended."))
    name, day = escape_controls(str(files.certificate)), f"{end:%Y-%m-%d}"
    present = now or datetime.now(UTC)
    if start > present:
        return problem(
            _("{file} is valid only from {day} on.").format(file=name, day=f"{start:%Y-%m-%d}"),
            _("Compare the clock of this computer with another one."),
        )
    left = end - present
    if left > min(_SOON, (end - start) * LATE):
        return good(_("{file} is valid until {day}.").format(file=name, day=day))
    text = (
        _("{file} has expired on {day}.") if left < timedelta() else _("{file} expires on {day}.")
    )
    text = text.format(file=name, day=day)
    if files.own is None:
        return problem(text, _("Renew it; the server takes the new one at REHASH or SIGHUP."))
    key = files.own.authority_key
    if os.path.exists(key):
        return note(text, _("The server renews it when it starts."))
    words = _("The server cannot renew it without {key}: put that back.")
    return problem(text, words.format(key=escape_controls(str(key))))


def clock(settings: Settings, now: float | None = None) -> Finding:
    """Return whether the time is plausible: messages are dated and ordered by it.

    Args:
        settings: all of config.ini.
        now: seconds of Unix time; None for the present.
    """
    now = time.time() if now is None else now
    shown = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"
    advice = _("Set the clock, best by the automatic setting of the system.")
    if now < _EARLIEST.timestamp():
        return problem(_("The clock shows {time}, which is long ago.").format(time=shown), advice)
    file = database_of(settings)
    if file is not None and os.path.exists(file) and file.stat().st_mtime > now + _SLACK:
        return problem(
            _("The clock shows {time}, but the database was written later.").format(time=shown),
            advice,
        )
    return good(_("The clock shows {time}.").format(time=shown))

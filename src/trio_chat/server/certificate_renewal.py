"""Renewal of the server's own certificate on request: by a command, or by the HTTP API."""

import time

from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.server import certificates, own_certificate
from trio_chat.server.certificate_files import OwnFiles, files_of
from trio_chat.server.certified_names import of_this_machine
from trio_chat.server.private_authority import AuthorityError


def renew(settings: Settings, *, authority: bool, drop_former: bool = False) -> None:
    """Make a new certificate; a server that is running uses it within a minute. Blocks.

    Args:
        settings: those of a server that makes its certificate itself.
        authority: whether another authority is made, too.
        drop_former: whether the certificate of an earlier version is no longer used.

    Raises:
        FileError: it cannot be made.
    """
    own = files_of(settings).own
    if own is None:
        raise FileError(_("this server keeps no certificate of its own making"))
    wanted = certificates.wanted(settings, of_this_machine())
    try:
        if authority:
            own_certificate.replace_authority(own, wanted, time.time())
        else:
            problem = own_certificate.renew(own, wanted, time.time(), at_once=True).problem
            if problem:
                raise FileError(problem)
        if drop_former:
            _drop(own)
    except AuthorityError as error:
        raise FileError(str(error)) from error


def _drop(own: OwnFiles) -> None:
    """Rename the certificate of an earlier version, so that no client receives it."""
    try:
        own.former.replace(own.former.with_name(f"{own.former.name}.former"))
    except FileNotFoundError as error:
        text = _("{file}: there is no certificate of an earlier version")
        raise FileError(text.format(file=escape_controls(str(own.former)))) from error
    except OSError as error:
        raise FileError(f"{own.former}: {error.strerror or error}") from error

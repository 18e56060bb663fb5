"""Shortages of the system that end a program: too many open files, or no space or memory."""

import errno
import os

from trio_chat.i18n import _

_FILES = (errno.EMFILE, errno.ENFILE)
_OTHERS = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)


def shortage_in(error: BaseException) -> str:
    """Return what there is too little of, in words for the user; "" if an error has another cause.

    In an exception group, it is the cause if it is that of all errors.
    """
    if isinstance(error, BaseExceptionGroup):
        found = [shortage_in(one) for one in error.exceptions]
        return found[0] if all(found) else ""
    # The loader of extension modules does not pass the number on.
    is_import = isinstance(error, ImportError)
    if (isinstance(error, OSError) and error.errno in _FILES) or (
        is_import and os.strerror(errno.EMFILE) in str(error)
    ):
        return _("too many files are open: allow more, as by `ulimit -n 1024`, and start again")
    if isinstance(error, OSError) and error.errno in _OTHERS:
        reason = error.strerror or os.strerror(error.errno)
        return f"{error.filename}: {reason}" if error.filename else reason
    return ""

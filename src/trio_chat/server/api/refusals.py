"""Refusals of maintenance and of the database, as problems."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from trio_chat.chat.accounts import AccountsError, Busy
from trio_chat.chat.history import HistoryError
from trio_chat.chat.response import Unsettled
from trio_chat.i18n import _
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.maintenance.refusals import InvalidValue, ResourceConflict, ResourceNotFound
from trio_chat.server.api.calls import RETRY_AFTER
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.certificates import CertificateError
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

_LATER = (("Retry-After", str(RETRY_AFTER)),)


@contextmanager
def as_problems(field: str = "") -> Iterator[None]:
    """Raise what is refused in the block as a problem.

    Args:
        field: the field of the body that is wrong when a value is refused, or "".

    Raises:
        ApiProblem: 400, 404, 409, 429 or 503.
    """
    try:
        yield
    except InvalidValue as error:
        raise ApiProblem(400, str(error), field=field or error.field) from error
    except ResourceNotFound as error:
        raise ApiProblem(404, str(error)) from error
    except (ResourceConflict, FileError, CertificateError) as error:
        raise ApiProblem(409, str(error)) from error
    except Busy as error:
        raise ApiProblem(429, str(error), headers=_LATER) from error
    except Unsettled as error:
        why = _("the servers cannot agree at the moment; look whether it was done, before a repeat")
        raise ApiProblem(503, why, headers=_LATER) from error
    except (StorageError, AccountsError, HistoryError) as error:
        log.error("a request to the API cannot be carried out: %s", error)
        why = _("the database cannot be used at the moment; the log of the server says why")
        raise ApiProblem(503, why, headers=_LATER) from error

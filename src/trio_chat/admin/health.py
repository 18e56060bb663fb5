"""`trio-chat health`: whether the server of a configuration answers, for container engines and
supervisors.
"""

import http.client
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from trio_chat.admin.console import report, report_error
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.config import Settings
from trio_chat.i18n import _

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # not listened on
_OK = 200


def check(settings: Settings, timeout: float) -> int:
    """Ask the server, and say whether it answers; return the exit code.

    The page `/health` says whether the event loop runs, so it is asked when there is one. Else a
    connection that is taken has to do. Nothing is said on it, so that it costs nothing and the
    server logs nothing.

    Args:
        settings: of the server.
        timeout: seconds to wait at each place.
    """
    metrics = settings.metrics
    if metrics.port:
        answers = any(
            _has_page(_LOOPBACK.get(host, host), metrics.port, timeout) for host in metrics.host
        )
    else:
        answers = any(_is_taken(place, timeout) for place in _places(settings))
    if answers:
        report(_("The server answers."))
        return OK
    report_error(_("the server does not answer"))
    return FAILED


def _places(settings: Settings) -> Iterator[tuple[str, int] | Path]:
    """Give every place where the server listens, as far as the configuration says."""
    server = settings.server
    for host in server.host if server.port else ():
        yield _LOOPBACK.get(host, host), server.port
    for listener in settings.listeners:
        if listener.path is not None:
            yield listener.path
        elif listener.port:
            for host in listener.host:
                yield _LOOPBACK.get(host, host), listener.port


def _is_taken(place: tuple[str, int] | Path, timeout: float) -> bool:
    with suppress(OSError):
        if not isinstance(place, Path):
            socket.create_connection(place, timeout).close()
            return True
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect(str(place))
            return True
    return False


def _has_page(host: str, port: int, timeout: float) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

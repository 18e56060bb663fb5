"""The command `trio-chat health`: the health check for container engines and supervisors."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from trio_chat.admin.console import report, report_error
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.server import proxy
from trio_chat.storage.lock import noted_places, noted_waiting

_REQUEST = b"GET /health HTTP/1.0\r\n\r\n"
_OWN_ANSWER = re.compile(
    # A server that is full, for example, refuses even this request.
    rb"HTTP/1\.1 ([0-9]{3}) .*?\r\n\r\n(?:ok\n|\1: .*)|ERROR .*",
    re.DOTALL,
)
_HEALTHY = re.compile(rb"HTTP/1\.1 200 .*?\r\n\r\nok\n", re.DOTALL)
_MOST_ANSWER = 4096
"""Bytes that are read; an answer of this server has less."""


def check(settings: Settings, timeout: float) -> int:
    """Report whether the server answers; return the exit code.

    Args:
        settings: the settings of the server.
        timeout: seconds to wait for each listener.
    """
    if answers(settings, timeout):
        waiting = _waiting(settings)
        if waiting:
            text = _("The server runs, but takes no clients: it {reason}.")
            report(text.format(reason=waiting))
        else:
            report(_("The server answers."))
        return OK
    if settings.metrics.port or any(_places(settings)):
        report_error(_("the server does not answer"))
    else:
        report_error(
            _(
                "it is not known where the server listens: the settings name no port, and there is"
                " no database beside which a running server notes it"
            )
        )
    return FAILED


def answers(settings: Settings, timeout: float) -> bool:
    """Return whether the server answers.

    A connection alone proves nothing: the kernel accepts it for a server that hangs. So the page
    `/health` is requested from the port for metrics. Without such a port it is requested where the
    server listens for clients, all of which answer it; another program on the port does not count.
    A node of a cluster that does not listen yet notes every other second what it waits for.

    Args:
        settings: the settings of the server.
        timeout: seconds to wait for each listener.
    """
    metrics = settings.metrics
    if metrics.port:
        places = [(reachable(host), metrics.port) for host in metrics.host]
        return any(_HEALTHY.fullmatch(asked(place, timeout)) for place in places)
    if _waiting(settings):
        return True
    return any(is_own(asked(place, timeout, hello)) for place, hello in _places(settings))


def _waiting(settings: Settings) -> str:
    """Return what the server waits for before it listens; "" for nothing."""
    return noted_waiting(settings.storage.file) if settings.storage.file is not None else ""


def _places(settings: Settings) -> Iterator[tuple[tuple[str, int] | Path, bytes]]:
    """Yield every address and socket path, with the bytes to send there first.

    Those come first that the server has noted beside its database. The settings know neither the
    port that the system has chosen nor the options of the command line.
    """
    server = settings.server
    if settings.storage.file is not None:
        for noted in noted_places(settings.storage.file):
            hello = proxy.LOCAL if noted.proxy else b""
            if noted.port is None:
                yield Path(noted.host), hello
            else:
                yield (reachable(noted.host), noted.port), hello
    for host in server.host if server.port else ():
        yield (reachable(host), server.port), b""
    for listener in settings.listeners:
        hello = proxy.LOCAL if listener.proxy else b""
        if listener.path is not None:
            yield listener.path, hello
        elif listener.port:
            for host in listener.host:
                yield (reachable(host), listener.port), hello


def reachable(host: str) -> str:
    """Return the address by which a host is reached that listens on all addresses of a family."""
    try:
        address = ip_address(host)
    except ValueError:  # a name
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def is_own(answer: bytes) -> bool:
    """Return whether it is this server that has answered the request for `/health`."""
    return _OWN_ANSWER.fullmatch(answer) is not None


def asked(place: tuple[str, int] | Path, timeout: float, hello: bytes = b"") -> bytes:
    """Return what answers a request for the page `/health`, as far as it arrives in time.

    Args:
        place: an address with a port, or the path of a socket.
        timeout: seconds for all of it.
        hello: bytes to send first.
    """
    with suppress(OSError), _connected(place, timeout) as sock:
        return asked_on(sock, timeout, hello)
    return b""


def asked_on(sock: socket.socket, timeout: float, hello: bytes = b"") -> bytes:
    """Return what answers such a request on a connected socket; see `asked`."""
    data, deadline = b"", time.monotonic() + timeout
    with suppress(OSError):
        sock.settimeout(timeout)
        sock.sendall(hello + _REQUEST)
        while len(data) < _MOST_ANSWER and (more := sock.recv(_MOST_ANSWER)):
            data += more
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
    return data


def _connected(place: tuple[str, int] | Path, timeout: float) -> socket.socket:
    if not isinstance(place, Path):
        return socket.create_connection(place, timeout)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    try:
        sock.connect(str(place))
    except BaseException:
        sock.close()
        raise
    return sock

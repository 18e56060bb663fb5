"""One connection to PostgreSQL: libpq, which does not block, under Trio.

`psycopg` itself waits by asyncio or in a thread. Its documented module `pq` has the functions of
libpq for asynchronous use, and here Trio waits for the socket between them.
"""

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
import trio
from psycopg import pq
from psycopg.conninfo import make_conninfo

from trio_chat.server.cluster.log import LogUnavailable
from trio_chat.server.cluster.postgres_address import PostgresAddress

Row = tuple[bytes, ...]
"""The columns, in the binary form of their types; NULL is empty."""
_CONNECT = 2.0
"""Seconds for a connection and the login at one address."""
_MOST_ADDRESSES = 4
"""Addresses of one host that are tried."""
_LOCK_NOT_AVAILABLE = b"55P03"
_BINARY = pq.Format.BINARY
_BROKEN = (psycopg.Error, OSError, trio.ClosedResourceError)


class PostgresConnection:
    """A connection; after a failure or a cancellation it is of no use any longer.

    Args:
        pgconn: the connection of libpq, logged in.
    """

    def __init__(self, pgconn: pq.abc.PGconn) -> None:
        pgconn.nonblocking = 1
        pgconn.notice_handler = self._note
        self._pgconn = pgconn
        self.warning = ""
        """The last warning of the engine."""

    @property
    def used_password(self) -> bool:
        """Whether the engine has asked for a password."""
        return bool(self._pgconn.used_password)

    async def run(self, statement: str, *values: bytes, seconds: float) -> list[Row]:
        """Carry out a statement in a transaction of its own, and return its rows.

        Args:
            statement: in SQL, with $1 and so on.
            values: their values, in the binary form of their types.
            seconds: the time for it.

        Raises:
            LogUnavailable: the connection is broken, too slow, or the engine reports an error.
        """
        try:
            with trio.fail_after(seconds):
                formats = [_BINARY] * len(values)
                self._pgconn.send_query_params(statement.encode(), values, None, formats, _BINARY)
                # The engine has nothing to send that would make it stop reading meanwhile.
                while self._pgconn.flush():
                    await trio.lowlevel.wait_writable(self._pgconn.socket)
                return await self._results()
        except trio.TooSlowError:
            raise LogUnavailable(f"no answer within {seconds:g} s") from None
        except _BROKEN as error:
            raise LogUnavailable(f"the connection is lost: {_first_line(error)}") from error

    async def wait_for_notification(self, seconds: float) -> None:
        """Wait until the engine has sent a notification (LISTEN), for a time.

        Raises:
            LogUnavailable: the connection is broken.
        """
        try:
            with trio.move_on_after(seconds):
                while self._pgconn.notifies() is None:
                    await self._receive()
        except _BROKEN as error:
            raise LogUnavailable(f"the connection is lost: {_first_line(error)}") from error

    def forget_notifications(self) -> None:
        """Forget the notifications that have arrived."""
        while self._pgconn.notifies() is not None:
            pass

    def close(self) -> None:
        """Close it at once; a task that waits for it gets `LogUnavailable`."""
        _close(self._pgconn)

    async def _results(self) -> list[Row]:
        rows: list[Row] = []
        error = ""
        while True:  # until the transaction has ended
            while self._pgconn.is_busy():
                await self._receive()
            result = self._pgconn.get_result()
            if result is None:
                break
            if result.status == pq.ExecStatus.FATAL_ERROR:
                error = error or _report(result)
            rows += _rows(result)
        if error:
            raise LogUnavailable(error)
        return rows

    async def _receive(self) -> None:
        await trio.lowlevel.wait_readable(self._pgconn.socket)
        self._pgconn.consume_input()

    def _note(self, notice: pq.abc.PGresult) -> None:
        if notice.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) == b"WARNING":
            self.warning = _first_line(notice.error_message)


async def connect(
    address: PostgresAddress, prepare: Callable[[PostgresConnection], Awaitable[None]]
) -> PostgresConnection:
    """Connect to the primary, and log in.

    Args:
        address: of the engine.
        prepare: is called with the connection before it is returned.

    Raises:
        LogUnavailable: no host is the primary; the message has the reason of each.
    """
    reasons: list[str] = []
    for host, port in address.hosts:
        try:
            parameters = {**address.parameters, "host": host, "port": str(port)}
            for each in await _look_up(host, port):
                try:
                    return await _connect(parameters | each, prepare)
                except LogUnavailable as error:
                    reasons.append(f"{host}:{port}: {error}")
        except LogUnavailable as error:
            reasons.append(f"{host}:{port}: {error}")
    raise LogUnavailable("; ".join(reasons))


async def _look_up(host: str, port: int) -> list[dict[str, str]]:
    """Return the addresses of a host; libpq would block all tasks until DNS answers."""
    if host.startswith(("/", "@")):
        return [{}]
    try:
        with trio.fail_after(_CONNECT):
            found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, trio.TooSlowError) as error:  # a name that DNS cannot have
        raise LogUnavailable(f"cannot connect: {_first_line(error)}") from error
    return [{"hostaddr": str(each[4][0])} for each in found][:_MOST_ADDRESSES]


async def _connect(
    parameters: dict[str, str], prepare: Callable[[PostgresConnection], Awaitable[None]]
) -> PostgresConnection:
    defaults = {"application_name": "trio-chat", "client_encoding": "UTF8"}
    if "gssencmode" not in parameters:  # Kerberos blocks
        defaults["gssencmode"] = "disable"
    pgconn = pq.PGconn.connect_start(make_conninfo(**(defaults | parameters)).encode())
    is_ready = False
    try:
        with trio.fail_after(_CONNECT):
            await _log_in(pgconn)
        if b"on" in (
            pgconn.parameter_status(b"in_hot_standby"),
            pgconn.parameter_status(b"default_transaction_read_only"),
        ):
            raise LogUnavailable("it is a replica")
        connection = PostgresConnection(pgconn)
        await prepare(connection)
        is_ready = True
    except trio.TooSlowError:
        raise LogUnavailable(f"cannot connect: no answer within {_CONNECT:g} s") from None
    except _BROKEN as error:
        raise LogUnavailable(f"cannot connect: {_first_line(error)}") from error
    finally:
        if not is_ready:
            _close(pgconn)
    return connection


async def _log_in(pgconn: pq.abc.PGconn) -> None:
    wants = pq.PollingStatus.WRITING  # as libpq says of a connection that has been started
    while wants != pq.PollingStatus.OK and pgconn.status != pq.ConnStatus.BAD:
        if wants == pq.PollingStatus.FAILED:
            break
        wait = trio.lowlevel.wait_readable
        if wants == pq.PollingStatus.WRITING:
            wait = trio.lowlevel.wait_writable
        await wait(pgconn.socket)
        wants = pq.PollingStatus(pgconn.connect_poll())
    if pgconn.status != pq.ConnStatus.OK:
        raise LogUnavailable(f"cannot connect: {_first_line(pgconn.error_message)}")


def _close(pgconn: pq.abc.PGconn) -> None:
    with suppress(psycopg.Error):  # it has no socket any longer
        trio.lowlevel.notify_closing(pgconn.socket)
    pgconn.finish()


def _report(result: pq.abc.PGresult) -> str:
    """Return the error of the engine, or of libpq."""
    if result.error_field(pq.DiagnosticField.SQLSTATE) == _LOCK_NOT_AVAILABLE:
        return "an append of another node has not ended; it may wait for a replica"
    text = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
    if text is None:
        return f"the connection is lost: {_first_line(result.error_message)}"
    return " ".join(text.decode("utf-8", "replace").split())


def _rows(result: pq.abc.PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [
        tuple(result.get_value(row, each) or b"" for each in columns)
        for row in range(result.ntuples)
    ]


def _first_line(error: Exception | bytes) -> str:
    """Return what happened; libpq goes on with what that may mean."""
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    return next(iter(text.strip().splitlines()), type(error).__name__)

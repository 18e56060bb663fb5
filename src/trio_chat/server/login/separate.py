"""Connections to a directory, each in a process of its own.

bonsai keeps the lock of the interpreter while it resolves names, connects, negotiates TLS and logs
in. In the process of the server, everybody would wait for each login, and for a directory that
hangs without an end. Such a process is killed at its deadline, whatever libldap waits for.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from typing import Any

from trio_chat.config import LdapSettings
from trio_chat.server.login.directory import (
    Connection,
    DirectoryError,
    Entry,
    MustChange,
    WrongPassword,
)
from trio_chat.server.login.libldap import LibLdap

_START_SECONDS = 30.0
"""Seconds until a process has loaded its modules."""
_MOST_IDLE = 2
"""Processes that wait for the next password."""


class SeparateLdap:
    """Connects to the directory of the settings; see `trio_chat.server.login.directory.Connect`.

    A process that has done its work waits for the next password. None is left behind when this
    object or the server goes.

    Args:
        settings: the section [ldap].
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        weakref.finalize(self, _end_all, self._all)

    def __call__(self, name: str, password: str) -> Connection:
        """Connect and log in."""
        process = self._taken()
        try:
            process.ask("connect", name, password)
        except BaseException:
            self._give_back(process)
            raise
        return _SeparateConnection(self, process)

    def _taken(self) -> "_Process":
        with suppress(IndexError):
            while (process := self._idle.pop()).has_ended:
                self._all.discard(process)
                process.end()
            return process
        process = _Process(self._settings)
        self._all.add(process)
        return process

    def _give_back(self, process: "_Process") -> None:
        if process.has_ended or len(self._idle) >= _MOST_IDLE:
            self._all.discard(process)
            process.end()
        else:
            self._idle.append(process)

    def close(self, process: "_Process") -> None:
        """Close the connection of a process, which the next one can have."""
        with suppress(DirectoryError):
            process.ask("close")
        self._give_back(process)


class _SeparateConnection:
    def __init__(self, ldap: SeparateLdap, process: "_Process") -> None:
        self._ldap = ldap
        self._process = process

    def search(self, base: str, condition: str, attributes: list[str]) -> list[Entry]:
        """Return entries below a base; see `Connection.search`."""
        found: list[Entry] = self._process.ask("search", base, condition, attributes)
        return found

    def read(self, dn: str, attributes: list[str]) -> list[Entry]:
        """Return the entry of a name; see `Connection.read`."""
        found: list[Entry] = self._process.ask("read", dn, attributes)
        return found

    def close(self) -> None:
        """Close the connection."""
        self._ldap.close(self._process)


class _Process:
    """A process that runs `main` below.

    Args:
        settings: the section [ldap].

    Raises:
        DirectoryError: it does not start.
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._seconds = settings.timeout
        # It finds what this process has found, and no module in the current directory besides.
        paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-P", "-m", __name__]
        try:
            self._process = subprocess.Popen(  # noqa: S603  # no word of it is from outside
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=paths
            )
        except OSError as error:
            raise DirectoryError(f"no process for it can be started: {error}") from error
        self._exchange(settings, _START_SECONDS)

    @property
    def has_ended(self) -> bool:
        """Whether it can be asked no longer."""
        return self._process.poll() is not None

    def ask(self, *question: Any) -> Any:
        """Return the answer to a question, or raise it.

        Raises:
            WrongPassword: the directory does not take the password.
            MustChange: the directory wants another one.
            DirectoryError: the directory cannot be asked, or does not answer in time.
        """
        answer = self._exchange(question, self._seconds)
        if isinstance(answer, WrongPassword | MustChange | DirectoryError):
            raise answer
        return answer

    def _exchange(self, question: Any, seconds: float) -> Any:
        """Send something, and return what comes; without an answer in time, end the process."""
        process = self._process
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert process.stdout is not None  # noqa: S101
        deadline = threading.Timer(seconds, process.kill)
        deadline.daemon = True  # a server that stops does not wait for it
        deadline.start()
        try:
            pickle.dump(question, process.stdin)
            process.stdin.flush()
            return pickle.load(process.stdout)  # noqa: S301  # from this server itself
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.end()
            raise DirectoryError("it does not answer in time, or libldap has failed") from error
        finally:
            deadline.cancel()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101
            with suppress(OSError):  # what was not sent yet is lost
                pipe.close()
        self._process.wait()


def _end_all(processes: set[_Process]) -> None:
    while processes:
        processes.pop().end()


def main() -> None:
    """Answer the questions of the server, one after the other, until it goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    connect: LibLdap | None = None
    connection: Connection | None = None
    with suppress(EOFError, OSError):
        while True:
            question = pickle.load(questions)  # noqa: S301  # likewise
            answer: Any = None
            if connect is None:
                connect = LibLdap(question)
            else:
                try:
                    if question[0] == "connect":
                        connection = connect(*question[1:])
                    else:
                        answer = getattr(connection, question[0])(*question[1:])
                except (WrongPassword, MustChange, DirectoryError) as outcome:
                    answer = type(outcome)(*outcome.args)
            pickle.dump(answer, answers)
            answers.flush()


if __name__ == "__main__":
    main()

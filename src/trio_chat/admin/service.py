"""`trio-chat service`: the server as a service of its user, started by the system.

systemd on Linux, launchd on macOS, and the Task Scheduler on Windows start it at log-in. A server
for a whole machine is better served by contrib/trio-chat.service.
"""

import os
import plistlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from trio_chat.admin.console import report, report_error
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.i18n import _
from trio_chat.private import make_directory, write_text

_NAME = "trio-chat"
_LABEL = "chat.trio.server"
_PATIENCE = 60.0

Run = Callable[[Sequence[str]], str]
"""Runs a command of the system; returns why it failed, or ""."""


class Service(NamedTuple):
    """How a system starts the server.

    Args:
        file: the description of the service; None when the system keeps it itself.
        text: the content of that file.
        install: the commands that start it, now and at each log-in.
        remove: the commands that stop it, now and for ever.
    """

    file: Path | None
    text: str
    install: tuple[tuple[str, ...], ...]
    remove: tuple[tuple[str, ...], ...]


def service_of(
    platform: str, home: Path, config: Path | None, directory: Path, program: Sequence[str]
) -> Service:
    """Return the service for a system.

    Args:
        platform: as `sys.platform`.
        home: the directory of the user.
        config: the configuration; None for the one in the directory.
        directory: the working directory of the server.
        program: starts trio-chat.
    """
    options = () if config is None else ("--config", str(config.absolute()))
    command = (*program, "serve", "--no-qr", *options)
    if platform == "win32":
        words = subprocess.list2cmdline(command)
        task = ("schtasks", "/Create", "/F", "/SC", "ONLOGON", "/TN", _NAME, "/TR", words)
        return Service(
            None,
            "",
            (task, ("schtasks", "/Run", "/TN", _NAME)),
            (("schtasks", "/End", "/TN", _NAME), ("schtasks", "/Delete", "/F", "/TN", _NAME)),
        )
    if platform == "darwin":
        file = home / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
        values = {
            "Label": _LABEL,
            "ProgramArguments": list(command),
            "WorkingDirectory": str(directory),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
        }
        load = (("launchctl", "load", "-w", str(file)),)
        unload = (("launchctl", "unload", "-w", str(file)),)
        return Service(file, plistlib.dumps(values).decode(), load, unload)
    file = home / ".config" / "systemd" / "user" / f"{_NAME}.service"
    start = " ".join(map(_quoted, command))
    text = (
        "[Unit]\nDescription=trio-chat, a chat server\n\n[Service]\nType=notify\n"
        f"ExecStart={start}\nExecReload=/bin/kill -HUP $MAINPID\n"
        f"WorkingDirectory={str(directory).replace('%', '%%')}\nRestart=on-failure\n"
        "WatchdogSec=60\n\n[Install]\nWantedBy=default.target\n"
    )
    control = ("systemctl", "--user")
    return Service(
        file,
        text,
        ((*control, "daemon-reload"), (*control, "enable", "--now", _NAME)),
        ((*control, "disable", "--now", _NAME),),
    )


def _quoted(word: str) -> str:
    """Quote a word of ExecStart (systemd.service(5), "Command lines")."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _own_program() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "trio_chat"]


def _own_service(config: Path | None) -> Service:
    return service_of(sys.platform, Path.home(), config, Path.cwd(), _own_program())


def run_command(command: Sequence[str]) -> str:
    """Run a command of the system; see `Run`."""
    try:
        done = subprocess.run(  # noqa: S603  the commands above
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        return _("there is no program {name}").format(name=command[0])
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if not done.returncode:
        return ""
    return done.stdout.decode("utf-8", "replace").strip() or f"{command[0]}: {done.returncode}"


def install(config: Path | None, run: Run = run_command, service: Service | None = None) -> int:
    """Start the server now and at each log-in; return the exit code.

    Args:
        config: the configuration; None for the one in the working directory.
        run: runs a command of the system.
        service: what is installed; None for the one of this system.
    """
    service = service or _own_service(config)
    try:
        if service.file is not None:
            make_directory(service.file.parent)
            write_text(service.file, service.text)
    except OSError as error:
        report_error(str(error))
        return FAILED
    for command in service.install:
        if problem := run(command):
            report_error(f"{' '.join(command[:2])}: {problem}")
            if sys.platform == "win32":
                report(_("Start this command once as an administrator."))
            return FAILED
    report(_("The server runs now, and starts again whenever you log in."))
    if service.file is not None and service.file.suffix == ".service":
        report(_("To start it with the computer: loginctl enable-linger"))
    return OK


def remove(run: Run = run_command, service: Service | None = None) -> int:
    """Stop the server and start it no longer; return the exit code. Its data stay.

    Args:
        run: runs a command of the system.
        service: what is removed; None for the one of this system.
    """
    service = service or _own_service(None)
    if service.file is not None and not os.path.lexists(service.file):
        report_error(_("there is no service to be removed"))
        return FAILED
    problems = [problem for command in service.remove if (problem := run(command))]
    if service.file is not None:
        service.file.unlink()
    elif len(problems) == len(service.remove):
        report_error(problems[-1])
        return FAILED
    report(_("The service was removed. Messages and settings stay."))
    return OK

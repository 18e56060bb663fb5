"""Descriptions of the server as a service of its user: for systemd, launchd and Windows.

Each is started at log-in, in the directory in which it was installed, and needs no rights of an
administrator. On Windows that is a task whose trigger and principal name the user: one for whoever
logs in is an administrator's. Where the Task Scheduler is forbidden, a file in the Startup folder
does it.
"""

import os
import plistlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

NAME = "trio-chat"
LABEL = "chat.trio.server"
OPEN = "open"
"""A command that opens a file of Windows as a double click does: `cmd /c` takes the quotes away
from a path with `&`.
"""


class Service(NamedTuple):
    """How a system starts the server.

    Args:
        file: the description of the service.
        data: the content of that file.
        install: the commands that start it, now and at each log-in.
        stop: the commands that stop it before it is installed again.
        remove: the commands that stop it, now and for ever.
    """

    file: Path
    data: bytes
    install: tuple[tuple[str, ...], ...]
    stop: tuple[tuple[str, ...], ...]
    remove: tuple[tuple[str, ...], ...]


class Place(NamedTuple):
    """Where and how the server is started.

    Args:
        directory: the working directory.
        command: starts the server.
        home: the directory of the user.
        user: the identity of the user: an SID of Windows, a number elsewhere.
    """

    directory: Path
    command: Sequence[str]
    home: Path
    user: str


def service_of(platform: str, place: Place) -> Service:
    """Return the service for a system.

    Args:
        platform: as `sys.platform`.
        place: where and how the server is started.
    """
    if platform == "win32":
        return _task(place)
    return _agent(place) if platform == "darwin" else _unit(place)


def _unit(place: Place) -> Service:
    """Return a user unit of systemd."""
    file = place.home / ".config" / "systemd" / "user" / f"{NAME}.service"
    program, *arguments = place.command
    if set(program) & set("\"'\\"):  # systemd refuses these in the name of a program
        program, arguments = "/usr/bin/env", [program, *arguments]
    # In the program itself, systemd replaces no variables.
    start = " ".join([_quoted(program), *(_quoted(word).replace("$", "$$") for word in arguments)])
    text = (
        "[Unit]\nDescription=trio-chat, a chat server\n\n[Service]\nType=notify\n"
        f"ExecStart={start}\nExecReload=/bin/kill -HUP $MAINPID\n"
        f"WorkingDirectory={str(place.directory).replace('%', '%%')}\nRestart=on-failure\n"
        "WatchdogSec=60\n\n[Install]\nWantedBy=default.target\n"
    )
    control = ("systemctl", "--user")
    return Service(
        file,
        text.encode(),
        ((*control, "daemon-reload"), (*control, "enable", "--now", NAME)),
        ((*control, "stop", NAME),),
        ((*control, "disable", "--now", NAME),),
    )


def _quoted(word: str) -> str:
    """Quote a word of ExecStart (systemd.service(5), "Command lines")."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _agent(place: Place) -> Service:
    """Return an agent of launchd, which restarts a server that has failed."""
    file = place.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    values = {
        "Label": LABEL,
        "ProgramArguments": list(place.command),
        "WorkingDirectory": str(place.directory),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ProcessType": "Interactive",
    }
    domain = f"gui/{place.user}"
    end = (("launchctl", "bootout", f"{domain}/{LABEL}"),)
    start = (
        # Somebody may have disabled it; without this, bootstrap then fails.
        ("launchctl", "enable", f"{domain}/{LABEL}"),
        ("launchctl", "bootstrap", domain, str(file)),
    )
    return Service(file, plistlib.dumps(values), start, end, end)


_TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>trio-chat, a chat server</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{directory}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
"""Without ExecutionTimeLimit, a task is ended after 72 hours; by default none starts on batteries,
and its priority is that of the background.
"""


def _task(place: Place) -> Service:
    """Return a task of the Task Scheduler, which only the user's own log-in starts."""
    file = _own_directory(place.home) / "service.xml"
    program, *arguments = place.command
    text = _TASK.format(
        user=escape(place.user),
        program=escape(program),
        arguments=escape(subprocess.list2cmdline(arguments)),
        directory=escape(str(place.directory)),
    )
    # All users share one folder of tasks, and a backslash would make another one.
    name = f"{NAME} {place.user}".replace("\\", " ")
    end = ("schtasks", "/End", "/TN", name)
    return Service(
        file,
        text.replace("\n", "\r\n").encode("utf-16"),
        (
            ("schtasks", "/Create", "/F", "/TN", name, "/XML", str(file)),
            ("schtasks", "/Run", "/TN", name),
        ),
        (end,),
        (end, ("schtasks", "/Delete", "/F", "/TN", name)),
    )


def startup_of(place: Place) -> Service:
    """Return a file in the Startup folder of Windows: where the Task Scheduler is forbidden."""
    file = startup_folder(place.home) / f"{NAME}-service.cmd"
    words = " ".join(f'"{word}"' for word in place.command).replace("%", "%%")
    directory = str(place.directory).replace("%", "%%")
    lines = (
        "@echo off",
        "chcp 65001 >nul",
        f'cd /d "{directory}"',
        f'start "{NAME}" /min {words}',
    )
    data = "".join(f"{line}\r\n" for line in lines).encode()
    return Service(file, data, ((OPEN, str(file)),), (), ())


def startup_folder(home: Path) -> Path:
    """Return the folder whose files Windows starts at log-in."""
    roaming = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    return roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Startup"


def _own_directory(home: Path) -> Path:
    return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / NAME


def own_user() -> str:
    """Return the identity of the user, see `Place`."""
    if os.name == "posix":
        return str(os.getuid())
    program = Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "whoami.exe"
    try:
        done = subprocess.run(  # noqa: S603  a program of Windows
            (str(program), "/user", "/fo", "csv", "/nh"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        done = None
    text = done.stdout.decode("ascii", "replace") if done is not None else ""
    words = [word for word in text.replace('"', ",").split(",") if word.startswith("S-1-")]
    domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
    return words[-1].strip() if words else f"{domain}\\{name}".lstrip("\\")

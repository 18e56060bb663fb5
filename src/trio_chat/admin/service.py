"""`trio-chat service`: the server as a service of its user, started by the system at log-in.

A server for a whole machine is better served by contrib/trio-chat.service.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from trio_chat import installation
from trio_chat.admin.console import report, report_error
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.admin.service_files import (
    OPEN,
    Place,
    Service,
    own_user,
    service_of,
    startup_folder,
    startup_of,
)
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.private import make_directory, replace_bytes

_PATIENCE = 60.0
_START = 20.0
"""Seconds in which a server that was started answers."""
_SHORTCUT = "trio-chat server.lnk"
"""What the set-up for Windows puts into the Startup folder."""

Run = Callable[[Sequence[str]], str]
"""Runs a command of the system; returns why it failed, or ""."""


def own_command(config: Path | None) -> list[str]:
    """Return the command that starts the server of this installation, wherever it is called.

    Args:
        config: the configuration; None for the one in the working directory.
    """
    options = [] if config is None else ["--config", str(config.absolute())]
    serve = ["serve", "--no-qr", *options]
    if getattr(sys, "frozen", False):
        return [sys.executable, *serve]
    root = Path(__file__).parents[3]
    if installation.kind() == "checkout" and Path(sys.prefix) == root / ".venv":
        # run.py knows where the source is, and what it needs.
        python = getattr(sys, "_base_executable", "") or sys.executable
        return [python, str(root / "run.py"), *serve]
    # -P: a queue.py in the working directory must not replace that of the standard library.
    return [sys.executable, "-P", "-m", "trio_chat", *serve]


def own_services(config: Path | None) -> list[Service]:
    """Return the services of this system, the best one first."""
    directory = Path.cwd()
    if installation.program_directory() is not None and config is None:
        directory = installation.data_directory().absolute()
    place = Place(directory, own_command(config), Path.home(), own_user())
    first = service_of(sys.platform, place)
    return [first, startup_of(place)] if sys.platform == "win32" else [first]


def run_command(command: Sequence[str]) -> str:
    """Run a command of the system; see `Run`."""
    if sys.platform == "win32" and command[0] == OPEN:
        try:
            os.startfile(command[1])  # noqa: S606  a file of ours
        except OSError as error:
            return str(error)
        return ""
    environment = dict(os.environ)
    if sys.platform == "linux" and "XDG_RUNTIME_DIR" not in environment:
        # Without a session, as after `su`, systemctl finds the user's systemd only by this.
        environment["XDG_RUNTIME_DIR"] = f"/run/user/{os.getuid()}"
    try:
        done = subprocess.run(  # noqa: S603  commands of service_files
            command,
            env=environment,
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
    encoding = "oem" if sys.platform == "win32" else "utf-8"
    return done.stdout.decode(encoding, "replace").strip() or f"{command[0]}: {done.returncode}"


def install(
    config: Path | None,
    settings: Settings,
    run: Run = run_command,
    services: Sequence[Service] | None = None,
) -> int:
    """Start the server now and at each log-in; return the exit code. When that fails, nothing is
    left of it.

    Args:
        config: the configuration; None for the one in the working directory.
        settings: what is in it.
        run: runs a command of the system.
        services: what is installed, the best one first; None for those of this system.
    """
    if installation.is_temporary():
        report_error(_refusal())
        return FAILED
    try:
        services = own_services(config) if services is None else services
    except UnicodeEncodeError:
        report_error(
            _(
                "a service needs names in UTF-8, and one in {directory} is not; choose another"
                " directory"
            ).format(directory=Path.cwd())
        )
        return FAILED
    for service in services:
        if os.path.lexists(service.file):
            _run_all(service.stop, run)
    if problem := _occupied(settings):
        report_error(problem)
        return FAILED
    problems = [_install(service, run) for service in services[:1]]
    for service in services[1:]:
        if problems[-1]:
            problems.append(_install(service, run))
    if problems[-1]:
        report_error(problems[0])
        _explain()
        return FAILED
    return _report_start(settings, services[len(problems) - 1])


def _refusal() -> str:
    return _(
        "this program is in a temporary directory and will be gone at the next log-in: {place}."
        " Install it first, for example by `uv tool install`, `pipx install`, or by unpacking it"
    ).format(place=installation.program())


def _occupied(settings: Settings) -> str:
    """Return why a server could not listen, or ""."""
    from trio_chat.admin.doctor.findings import Level  # noqa: PLC0415
    from trio_chat.admin.doctor.network import port  # noqa: PLC0415
    from trio_chat.admin.health import answers  # noqa: PLC0415

    deadline = time.monotonic() + settings.server.shutdown_grace  # of one that was just stopped
    while answers(settings, 1.0):
        if time.monotonic() > deadline:
            text = _(
                "a server answers already on port {port}; stop it first, for example by Ctrl-C"
            )
            return text.format(port=settings.server.port)
        time.sleep(0.2)
    problems = [found for found in port(settings) if found.level is Level.PROBLEM]
    return problems[0].text if problems else ""


def _install(service: Service, run: Run) -> str:
    """Install a service; return why that is not possible, or ""."""
    try:
        make_directory(service.file.parent)
        replace_bytes(service.file, service.data)
    except OSError as error:
        return str(error)
    for command in service.install:
        if problem := run(command):
            _run_all(service.remove, run)
            service.file.unlink(missing_ok=True)
            return f"{' '.join(command[:2])}: {problem}"
    return ""


def _run_all(commands: Sequence[Sequence[str]], run: Run) -> list[str]:
    """Run commands, even after one has failed; return why they failed."""
    return [problem for command in commands if (problem := run(command))]


def _explain() -> None:
    if sys.platform == "linux":
        report(
            _(
                "systemd starts services of a user who is logged in: not after su or sudo. For the"
                " whole computer, see contrib/trio-chat.service or the package for Debian."
            )
        )


def _report_start(settings: Settings, service: Service) -> int:
    from trio_chat.admin.health import answers  # noqa: PLC0415

    _remove_shortcut()  # two servers cannot share a port
    deadline = time.monotonic() + _START
    while not answers(settings, 1.0):
        if time.monotonic() > deadline:
            log = settings.logging.file
            where = "" if log is None else str(log.absolute())
            where = "journalctl --user -u trio-chat" if sys.platform == "linux" else where
            text = _("the service is installed, but the server does not answer; see {log}")
            report_error(text.format(log=where))
            return FAILED
        time.sleep(0.2)
    report(_("The server runs now, and starts again whenever you log in."))
    if service.file.suffix == ".service":
        report(_("To start it with the computer: loginctl enable-linger"))
    return OK


def remove(run: Run = run_command, services: Sequence[Service] | None = None) -> int:
    """Stop the server and start it no longer; return the exit code. Its data stay.

    Args:
        run: runs a command of the system.
        services: what may be installed; None for those of this system.
    """
    services = own_services(None) if services is None else services
    installed = [service for service in services if os.path.lexists(service.file)]
    if not (_remove_shortcut() or installed):
        report_error(_("there is no service to be removed"))
        return FAILED
    for service in installed:
        problems = _run_all(service.remove, run)
        service.file.unlink(missing_ok=True)
        if service.remove and len(problems) == len(service.remove):
            # The system does not know it any more, or cannot be asked.
            report(problems[-1])
        if not service.remove:
            report(_("A server that is running goes on until its window is closed."))
    report(_("The service was removed. Messages and settings stay."))
    return OK


def _remove_shortcut() -> bool:
    """Remove what the set-up for Windows has put into the Startup folder; return whether it was
    there.
    """
    shortcut = startup_folder(Path.home()) / _SHORTCUT
    is_there = os.name == "nt" and shortcut.exists()
    if is_there:
        shortcut.unlink()
    return is_there

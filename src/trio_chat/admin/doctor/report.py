"""The report of `trio-chat doctor`: all checks in their order, and the exit code."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trio_chat import installation
from trio_chat.admin.doctor.findings import Finding, Level, good, note, problem
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.config import ConfigError, Settings, load
from trio_chat.i18n import N_, _
from trio_chat.irc.text import escape_controls

_SUBJECTS = {
    "program": N_("program"),
    "settings": N_("settings"),
    "port": N_("port"),
    "address": N_("address"),
    "firewall": N_("firewall"),
    "certificate": N_("certificate"),
    "clock": N_("clock"),
    "disk": N_("disk"),
    "database": N_("database"),
    "log": N_("log"),
    "cluster": N_("cluster"),
    "sign-on": N_("single sign-on"),
    "directory": N_("directory"),
    "mail": N_("mail"),
    "terminal": N_("terminal"),
}


def run(config: Path | None) -> int:
    """Print the findings; return the exit code: 1 when there is a problem.

    Args:
        config: the configuration; None for that of the installation.
    """
    try:
        return _report(config)
    except BrokenPipeError:
        # A reader such as `head` has enough. Python would flush again at exit, and report an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _report(config: Path | None) -> int:
    problems = 0
    for subject, finding in _findings(config):
        problems += finding.level is Level.PROBLEM
        print(f"{_(finding.level.value):>10}  {_(_SUBJECTS[subject])}: {finding.text}", flush=True)
        for line in finding.advice:
            print(f"{'':>10}      {line}", flush=True)
    print()
    print(_("Problems: {count}.").format(count=problems) if problems else _("There is no problem."))
    sys.stdout.flush()
    return FAILED if problems else OK


def _findings(config: Path | None) -> Iterator[tuple[str, Finding]]:
    yield "program", good(installation.describe())
    settings, finding = _settings(config)
    yield "settings", finding
    for subject, check in _checks(settings):
        try:
            for found in check():
                yield subject, found
        except OSError as error:  # the system refuses an answer
            yield subject, note(escape_controls(str(error)))
    from trio_chat.admin.doctor.terminal import terminal  # noqa: PLC0415

    for found in terminal():
        yield "terminal", found


def _settings(config: Path | None) -> tuple[Settings, Finding]:
    file = installation.default_config() if config is None else config
    shown = escape_controls(os.fspath(file.absolute()))
    try:
        settings = load(config)
    except ConfigError as error:
        return Settings(), problem(str(error), _("Mend that; the other checks use the defaults."))
    if not os.path.exists(file):
        return settings, good(_("There is no {file}, so all are the defaults.").format(file=shown))
    return settings, good(_("{file} is correct.").format(file=shown))


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], Iterable[Finding]]]]:
    """Yield the checks of a server; none in a program that contains only the client."""
    try:
        from trio_chat.admin.doctor import cluster, logins, network, storage  # noqa: PLC0415
    except ModuleNotFoundError:
        return
    yield "port", lambda: network.port(settings)
    yield "address", lambda: [network.address(settings)]
    yield "firewall", lambda: [network.firewall(settings)]
    yield "certificate", lambda: [storage.certificate(settings)]
    yield "clock", lambda: [storage.clock(settings)]
    yield "disk", lambda: [storage.disk(settings)]
    yield "database", lambda: [storage.database(settings)]
    yield "log", lambda: storage.log_file(settings)
    yield "cluster", lambda: cluster.cluster(settings)
    yield "sign-on", lambda: logins.sign_on(settings)
    yield "directory", lambda: logins.directory(settings)
    yield "mail", lambda: logins.mail(settings)

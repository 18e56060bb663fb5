"""Checks of the network: the port, the addresses for others, the firewall."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

from trio_chat.admin.doctor.findings import Finding, good, note, problem
from trio_chat.admin.health import asked, asked_on, is_own, reachable
from trio_chat.config import ListenerSettings, Settings
from trio_chat.i18n import _
from trio_chat.irc.addresses import IpAddress, format_address
from trio_chat.irc.text import escape_controls
from trio_chat.server import proxy
from trio_chat.server.addresses import joinable, own_addresses
from trio_chat.server.binding import (
    ListenError,
    bind_unix,
    bound_to,
    explain,
    is_among,
    is_listened_on,
    taken_by_section,
)
from trio_chat.server.windows_hints import firewall_command, listening_program

_PATIENCE = 5.0
"""Seconds for a program that is asked about the firewall."""
_SHORT = 1.0
"""Seconds for a server on this machine to answer."""
_NETSH = ("netsh", "advfirewall", "firewall")
_UFW = Path("/etc/ufw/ufw.conf")

Ask = Callable[[Sequence[str]], str | None]
"""Runs a command; returns its output, None when it failed or does not exist."""


def port(settings: Settings) -> Iterator[Finding]:
    """Yield for each address whether the server can listen there, or does already."""
    server = settings.server
    places = [(host, server.port, b"") for host in server.host]
    for listener in settings.listeners:
        hello = proxy.LOCAL if listener.proxy else b""
        places += [(host, listener.port, hello) for host in listener.host if listener.port]
    metrics = settings.metrics
    places += [(host, metrics.port, b"") for host in metrics.host if metrics.port]
    wanted: list[tuple[IpAddress, int]] = []
    for host, number, hello in places:
        where = format_address(host, number)
        try:
            bound = _try_to_bind(host, number)
        except OSError as error:
            if is_own(asked((reachable(host), number), _SHORT, hello)):
                yield good(_("A server answers on {where}.").format(where=where))
            else:
                yield problem(explain(error, host, number))
        else:
            if number and is_among(bound, number, wanted):
                yield problem(taken_by_section(host, number))
            else:
                yield good(_("A server can listen on {where}.").format(where=where))
            wanted.append((bound, number))
    yield from (_unix_socket(one, one.path) for one in settings.listeners if one.path is not None)


def _unix_socket(listener: ListenerSettings, path: Path) -> Finding:
    """Return whether the server can listen at a path, or does already."""
    shown = escape_controls(str(path))
    if hasattr(socket, "AF_UNIX") and path.is_socket():
        if is_listened_on(path):
            return _listened_on(listener, path, shown)
    else:
        try:
            bind_unix(path, listener.mode).close()
        except ListenError as error:
            return problem(escape_controls(str(error)))
        path.unlink(missing_ok=True)
    return good(_("A server can listen on {where}.").format(where=shown))


def _listened_on(listener: ListenerSettings, path: Path, shown: str) -> Finding:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_SHORT)
        try:
            sock.connect(os.fspath(path))
        except OSError as error:
            words = _("A program listens on {where} and cannot be asked: {reason}.")
            return note(words.format(where=shown, reason=error.strerror or error))
        if is_own(asked_on(sock, _SHORT, proxy.LOCAL if listener.proxy else b"")):
            return good(_("A server answers on {where}.").format(where=shown))
    return problem(
        _("Another program, or a server that does not answer, listens on {where}.").format(
            where=shown
        ),
        _("Stop that program, or name another path."),
    )


def _try_to_bind(host: str, number: int) -> IpAddress:
    """Bind a port for a moment; return the address that the host stands for."""
    [family, kind, protocol, _name, place] = socket.getaddrinfo(
        host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with closing(socket.socket(family, kind, protocol)) as sock:
        if os.name == "posix":  # connections that a server has just closed do not count
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
        return bound_to(sock)[0]


def address(settings: Settings, own: Callable[[], list[IpAddress]] = own_addresses) -> Finding:
    """Return by which addresses others can join.

    Args:
        settings: all of config.ini.
        own: returns the addresses of this machine.
    """
    bound = [parsed for host in settings.server.host if (parsed := _parsed(host)) is not None]
    if bound and all(one.is_loopback for one in bound):
        return note(
            _("Only this computer can join: [server] host is one of its internal addresses."),
            _("For others, set host = 0.0.0.0 in config.ini."),
        )
    others = joinable(bound, own())
    if not others:
        return problem(
            _("This computer has no address at which others could join."),
            _("Connect it to a network; 'host = ::' also listens by IPv6."),
        )
    shown = ", ".join(format_address(one, settings.server.port) for one in others[:3])
    return good(_("Others join at {addresses}.").format(addresses=shown))


def _parsed(host: str) -> IpAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def ask(command: Sequence[str]) -> str | None:
    """Run a command of the system; see `Ask`."""
    try:
        done = subprocess.run(  # noqa: S603  constant commands
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    encoding = "oem" if sys.platform == "win32" else "utf-8"
    return None if done.returncode else done.stdout.decode(encoding, "replace")


def firewall(
    settings: Settings, platform: str = sys.platform, run: Ask = ask, ufw: Path = _UFW
) -> Finding:
    """Return whether a firewall may keep others out, and the command that lets them in.

    Args:
        settings: all of config.ini.
        platform: as `sys.platform`.
        run: asks a program of the system.
        ufw: the settings of Ubuntu's firewall.
    """
    numbers = [settings.server.port, *(each.port for each in settings.listeners)]
    ports = [number for number in numbers if number]
    if platform == "win32":
        rule = run((*_NETSH, "show", "rule", "name=trio-chat", "verbose")) or ""
        # The words are in the language of Windows, the path is not.
        if listening_program().lower() in rule.lower():
            return good(_("The firewall of Windows has a rule for trio-chat."))
        return note(
            _("The firewall of Windows lets others in only where you have allowed it."),
            _("If nobody can join, an administrator allows it with this command:"),
            f"    {firewall_command()}",
        )
    for name, is_active, commands in (
        ("ufw", _is_enabled(ufw), [f"sudo ufw allow {port}/tcp" for port in ports]),
        (
            "firewalld",
            (run(("firewall-cmd", "--state")) or "").strip() == "running",
            [
                *(f"sudo firewall-cmd --permanent --add-port={port}/tcp" for port in ports),
                "sudo firewall-cmd --reload",
            ],
        ),
        (
            "nftables",
            (run(("systemctl", "is-active", "nftables")) or "").strip() == "active",
            ["sudo nft list ruleset"],
        ),
        (
            "macOS",
            "enabled"
            in (run(("/usr/libexec/ApplicationFirewall/socketfilterfw", "--getglobalstate")) or ""),
            [],
        ),
    ):
        if is_active:
            text = _("A firewall is active ({name}).").format(name=name)
            if not commands:
                return note(text, _("Allow incoming connections when the system asks."))
            return note(
                text,
                _("If nobody can join, allow the port:"),
                *(f"    {each}" for each in commands),
            )
    return good(_("No firewall was found on this computer."))


def _is_enabled(ufw: Path) -> bool:
    try:
        return "\nENABLED=yes" in f"\n{ufw.read_text('utf-8', 'replace')}"
    except OSError:
        return False

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
from trio_chat.admin.health import answers
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.irc.addresses import IpAddress, format_address
from trio_chat.server.addresses import joinable, own_addresses
from trio_chat.server.binding import explain
from trio_chat.server.windows_hints import firewall_command

_PATIENCE = 5.0
"""Seconds for a program that is asked about the firewall."""
_UFW = Path("/etc/ufw/ufw.conf")

Ask = Callable[[Sequence[str]], str | None]
"""Runs a command; returns its output, None when it failed or does not exist."""


def port(settings: Settings) -> Iterator[Finding]:
    """Yield whether the server can listen, or does already."""
    server = settings.server
    if answers(settings, 1.0):
        yield good(_("A server answers on port {port}.").format(port=server.port))
        return
    for host in server.host:
        try:
            _try_to_bind(host, server.port)
        except OSError as error:
            yield problem(explain(error, host, server.port))
        else:
            where = format_address(host, server.port)
            yield good(_("A server can listen on {where}.").format(where=where))


def _try_to_bind(host: str, number: int) -> None:
    [family, kind, protocol, _name, place] = socket.getaddrinfo(
        host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with closing(socket.socket(family, kind, protocol)) as sock:
        if os.name == "posix":  # connections that a server has just closed do not count
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)


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
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


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
    number = settings.server.port
    if platform == "win32":
        if run(("netsh", "advfirewall", "firewall", "show", "rule", "name=trio-chat")) is not None:
            return good(_("The firewall of Windows has a rule for trio-chat."))
        return note(
            _("The firewall of Windows lets others in only where you have allowed it."),
            _("If nobody can join, an administrator allows it with this command:"),
            f"    {firewall_command()}",
        )
    for name, is_active, command in (
        ("ufw", _is_enabled(ufw), f"sudo ufw allow {number}/tcp"),
        (
            "firewalld",
            (run(("firewall-cmd", "--state")) or "").strip() == "running",
            f"sudo firewall-cmd --add-port={number}/tcp",
        ),
        (
            "macOS",
            "enabled"
            in (run(("/usr/libexec/ApplicationFirewall/socketfilterfw", "--getglobalstate")) or ""),
            "",
        ),
    ):
        if is_active:
            text = _("A firewall is active ({name}).").format(name=name)
            if not command:
                return note(text, _("Allow incoming connections when the system asks."))
            return note(text, _("If nobody can join, allow the port:"), f"    {command}")
    return good(_("No firewall was found on this computer."))


def _is_enabled(ufw: Path) -> bool:
    try:
        return "\nENABLED=yes" in f"\n{ufw.read_text('utf-8', 'replace')}"
    except OSError:
        return False

"""Hints for a server on Windows, whose firewall and SmartScreen stop what nobody has allowed."""

import sys
from collections.abc import Sequence

from trio_chat.i18n import _
from trio_chat.irc.addresses import IpAddress


def windows_hints(bound: Sequence[IpAddress]) -> list[str]:
    """Return lines about the firewall, and about handing on the program; none for a server of this
    machine alone.

    Args:
        bound: the addresses on which the server listens.
    """
    if all(address.is_loopback for address in bound):
        return []
    lines = [
        _("Windows asks once whether others may reach trio-chat: allow private networks."),
        _("If it does not ask and nobody can join, an administrator allows it with this command:"),
        f"    {firewall_command()}",
    ]
    if getattr(sys, "frozen", False):
        lines.append(
            _(
                'A computer that gets this program from you may show "Windows protected your PC":'
                " More info, then Run anyway."
            )
        )
    return lines


def firewall_command() -> str:
    """Return the command by which an administrator lets others in."""
    return (
        "netsh advfirewall firewall add rule name=trio-chat dir=in action=allow profile=private"
        f' program="{listening_program()}"'
    )


def listening_program() -> str:
    """Return the file that listens, by which the firewall knows a server: it is none of a virtual
    environment.
    """
    return getattr(sys, "_base_executable", "") or sys.executable

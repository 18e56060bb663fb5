"""Texts about a search: its servers as lines, and why none may have been found."""

from collections.abc import Sequence

from trio_chat.client.discovery.found import FoundServer
from trio_chat.client.discovery.search import ServerSearch
from trio_chat.i18n import _

PATIENCE = 4.0
"""Seconds in which a server that can be found has usually answered."""
_NAME_COLUMNS = 20


def server_lines(servers: Sequence[FoundServer]) -> list[str]:
    """Return servers as lines with columns: the name, the address, and the state."""
    names = [(server.name or _("(known)"))[:_NAME_COLUMNS] for server in servers]
    addresses = [server.address for server in servers]
    widths = max(map(len, names), default=0), max(map(len, addresses), default=0)
    return [
        f"{name:<{widths[0]}}  {address:<{widths[1]}}  {_state(server)}"
        for name, address, server in zip(names, addresses, servers, strict=True)
    ]


def _state(server: FoundServer) -> str:
    if server.is_reachable is None:
        state = "" if server.is_known and not server.is_found else "…"
    elif server.is_reachable:
        state = _("can be reached")
    elif server.is_found:
        state = _("announces itself, but takes no connection; a firewall?")
    else:
        state = _("not reachable")
    if server.is_known and server.is_found:
        return _("{state}, known").format(state=state)
    return state


def searched(search: ServerSearch) -> str:
    """Return where the search takes place."""
    link_local = {
        each for each in search.networks if each.ip.version == 6 and each.ip.is_link_local
    }
    networks = dict.fromkeys(
        f"{each.address.network} ({each.name})"
        for each in [each for each in search.networks if each not in link_local] or link_local
    )
    if not networks:
        return _("This computer is not connected to any network.")
    return _("Searching in {networks} …").format(networks=", ".join(networks))


def why_nothing(search: ServerSearch) -> list[str]:
    """Return sentences on why no server may have been found, and on what to do next."""
    lines = [
        _(
            "No server has answered. What helps: ask for the address that the server printed when"
            " it started, such as 192.0.2.7:5000. To start a server on this computer: trio-chat"
            " serve"
        ),
        _("Why that may be:"),
    ]
    own = [each for each in search.networks if not each.ip.is_loopback]
    if not own:
        return [*lines, _("- This computer is not connected to any network.")]
    if tunnels := {each.name for each in own if each.is_virtual and each.ip in search.defaults}:
        lines.append(
            _(
                "- A VPN is active ({names}), and it may hide the local network. Disconnect it for"
                " the search."
            ).format(names=", ".join(sorted(tunnels)))
        )
    return [
        *lines,
        _(
            "- This computer is in another network than the server: another Wi-Fi, a guest Wi-Fi"
            " (which keeps devices apart), or mobile data."
        ),
        _("- A firewall on one of the computers blocks UDP ports 5353 and 6667."),
        _(
            "- The server does not run, is for its own computer only, or does not announce itself"
            " ([discovery] enabled = no)."
        ),
    ]

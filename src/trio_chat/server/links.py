"""The address of the page by which others reach this server, for links, invitations and QR codes.

`irc.weblinks.page_link` adds a channel or an invitation to it.
"""

from collections.abc import Iterable, Sequence

from trio_chat.config import Settings
from trio_chat.irc.addresses import IpAddress

_PORTS = {"http": 80, "https": 443}


def public_url(
    settings: Settings,
    port: int,
    addresses: Sequence[IpAddress] = (),
    certified: Iterable[str] = (),
) -> str:
    """Return the address of the page, with a `/` at its end.

    It is the first of these: `[server] url`; a name in a certificate of the administrator's own,
    by https; the first address; this machine.

    A page on an address is offered by http, although https works there too: a browser warns of a
    certificate whose authority its user has not installed, and iOS then refuses the WebSocket.

    Args:
        settings: all of config.ini.
        port: the port that the server listens on.
        addresses: by which others can join, the best one first, as of `addresses.joinable`.
        certified: the names of hosts in the certificate that is in use.
    """
    if settings.server.url:
        return settings.server.url
    is_certified = settings.tls.certificate is not None and settings.server.tls != "off"
    names = [name for name in certified if is_certified and "*" not in name]
    scheme = "https" if names or settings.server.tls == "required" else "http"
    if names:
        host = names[0]
    elif addresses:
        host = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
    else:
        host = "localhost"
    return f"{scheme}://{host}/" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}/"

"""The address of the page by which others reach this server, for links, invitations and QR codes;
and that by which a client reaches it, for uploads.

`irc.weblinks.page_link` adds a channel or an invitation to it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from trio_chat.config import Settings
from trio_chat.irc.addresses import IpAddress
from trio_chat.server.peer import Peer

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


def page_url_for(settings: Settings, peer: Peer, certified: Iterable[str] = ()) -> str:
    """Return the address of the page as a client reaches it; "" if it is unknown.

    A client that uses TLS gets none by http: it must refuse to send anything there (IRCv3
    `draft/FILEHOST`).

    Args:
        settings: all of config.ini.
        peer: the client.
        certified: the names of hosts in the certificate that is in use.
    """
    if peer.page_url:
        return peer.page_url
    url = settings.server.url
    if url:
        return url if url.startswith("https:") or not peer.is_secure else ""
    if peer.local is None:
        return ""
    host, port = peer.local
    if peer.is_secure and settings.tls.certificate is not None:
        host = next((name for name in certified if "*" not in name), host)
    return _url(peer.is_secure, host, port)


@lru_cache(maxsize=64)  # so that all clients of an address share one text
def _url(is_secure: bool, host: str, port: int) -> str:
    scheme, shown = "https" if is_secure else "http", f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}/" if port == _PORTS[scheme] else f"{scheme}://{shown}:{port}/"

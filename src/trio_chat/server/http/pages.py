"""Pages of the server itself: how to join, whether it runs, and what does not exist."""

from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, text_response
from trio_chat.server.http.site import Site

_HOW_TO_JOIN = """\
{network}

This is a chat. Come in with any program for IRC:

    server {host}, port {port}, with or without TLS

or with the client of trio-chat:

    trio-chat connect {address}:{port}

A web client reaches it by WebSocket, under the address of this page with ws or wss in the place \
of http or https.
"""


def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with how to join."""
    server, host = site.settings.server, request.host
    text = _HOW_TO_JOIN.format(
        network=server.network,
        host=host.name if host else server.name,
        port=(host and host.port) or server.port,
        address=host.shown() if host else server.name,
    )
    return text_response(text)


def health(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer that the event loop runs, and nothing else: the page of `trio-chat health`."""
    return text_response("ok\n")


def unknown(request: HttpRequest, site: Site) -> HttpResponse:
    """Refuse: there is no such page."""
    raise RequestError(404, "there is no such page")

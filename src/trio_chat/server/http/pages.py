"""Pages of the server itself: whether it runs, and what does not exist."""

from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, text_response
from trio_chat.server.http.site import Site


def health(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer that the event loop runs, and nothing else: the page of `trio-chat health`."""
    return text_response("ok\n")


def unknown(request: HttpRequest, site: Site) -> HttpResponse:
    """Refuse: there is no such page."""
    raise RequestError(404, "there is no such page")

"""Pages of the server itself: whether it runs, and what does not exist."""

from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, text_response
from trio_chat.server.http.site import Site


def health(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer that the event loop runs, and nothing else: the page of `trio-chat health`."""
    return text_response("ok\n")


async def archive(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with a page of the public archive, which is loaded with the first request."""
    await site.load("trio_chat.server.archive.handlers")
    from trio_chat.server.archive import handlers  # noqa: PLC0415 - few servers have one

    return await handlers.answer(request, site)


def robots(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer which pages search engines may index (RFC 9309): those of the archive, or none."""
    settings = site.settings.archive
    may_index = settings.enabled and settings.robots
    rules = "Allow: /archive/\nDisallow: /\n" if may_index else "Disallow: /\n"
    headers = [("Cache-Control", "max-age=3600")]
    return text_response(f"User-agent: *\n{rules}", headers=headers)


def unknown(request: HttpRequest, site: Site) -> HttpResponse:
    """Refuse: there is no such page."""
    raise RequestError(404, "there is no such page")

"""The entry of the HTTP API: the handler of its route, which loads the rest with the first
request.
"""

from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError
from trio_chat.server.http.site import Site


async def answer(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer a request to the API."""
    if not site.settings.api.enabled:
        raise RequestError(404, "this server has no HTTP API; see [api] enabled in config.ini")
    await site.load("trio_chat.server.api.service")
    if site.api is None:
        from trio_chat.server.api.service import Api  # noqa: PLC0415  # few servers need it

        site.api = Api(site).answer
    return await site.api(request)

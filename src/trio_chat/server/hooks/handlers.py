"""The HTTP handler of incoming webhooks: `/hooks/<secret>`."""

from contextlib import aclosing

from trio_chat.chat.ids import msgid
from trio_chat.server.http.messages import (
    HttpRequest,
    HttpResponse,
    RequestError,
    json_response,
    text_response,
)
from trio_chat.server.http.site import Site

PATH = "/hooks/"


async def receive(request: HttpRequest, site: Site) -> HttpResponse:
    """Receive a message: 200 after it was committed, with the body that Slack answers; 204 for a
    sender that expects Discord.
    """
    settings = site.settings.hooks
    if not settings.incoming or site.relayer is None:
        raise RequestError(404, "this server takes no webhooks")
    secret, _, suffix = request.path.removeprefix(PATH).partition("/")
    await site.load("trio_chat.server.hooks.incoming")
    hooks = site.incoming_hooks(site.relayer)
    hook = hooks.find(secret)
    if request.header(b"content-encoding").lower() not in ("", "identity"):
        raise RequestError(415, "send the body without compression")
    body = bytearray()
    async with aclosing(request.body(settings.max_request)) as pieces:
        async for piece in pieces:
            body += piece
    headers = {
        name.decode("ascii", "replace"): value.decode("utf-8", "replace").strip()
        for name, value in request.headers
    }
    received, number = await hooks.receive(hook, headers, bytes(body), suffix.strip("/").lower())
    if received.sender == "discord":
        if "wait=true" in request.query.lower().split("&"):
            return json_response({"id": msgid(number), "type": 0})
        return HttpResponse(204)
    if not number:
        came_back = " that this channel does not know" if received.message.hooks else ""
        return text_response(f"ok: nothing to say about this event{came_back}\n")
    return HttpResponse(200, b"ok", [("Content-Type", "text/plain; charset=utf-8")])

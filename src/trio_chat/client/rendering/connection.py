"""Lines about the connection and the server."""

from trio_chat.client import reasons
from trio_chat.client.rendering.registry import RenderContext, error_line, info_line, renders
from trio_chat.client.session import events
from trio_chat.client.spans import Line, error, info
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean


@renders(events.Connected)
def _connected(_context: RenderContext, event: events.Connected) -> list[Line]:
    return info_line(_("Connected as {nick}."), nick=event.nick)


@renders(events.ServerText)
def _server_info(_context: RenderContext, event: events.ServerText) -> list[Line]:
    return [info(clean(event.text))]


@renders(events.ServerError)
def _server_error(_context: RenderContext, event: events.ServerError) -> list[Line]:
    return [error(clean(reasons.other_error(event.code, event.about, event.text)))]


@renders(events.ServerShutDown)
def _shut_down(_context: RenderContext, _event: events.ServerShutDown) -> list[Line]:
    return info_line(_("The server has shut down"))


@renders(events.Lost)
def _lost(_context: RenderContext, event: events.Lost) -> list[Line]:
    if event.is_restart:
        return info_line(_("The server is being restarted. Connecting again …"))
    reason = _("the server has not answered") if event.reason == "timeout" else event.reason
    return error_line(_("The connection to the server is lost."), reason)


@renders(events.Connecting)
def _connecting(_context: RenderContext, event: events.Connecting) -> list[Line]:
    return info_line(_("Connecting to {address} …"), address=event.address)


@renders(events.Waiting)
def _waiting(_context: RenderContext, event: events.Waiting) -> list[Line]:
    seconds = max(round(event.seconds), 1)
    text = ngettext(
        "Connecting again in {count} second …", "Connecting again in {count} seconds …", seconds
    )
    return info_line(text, event.reason, count=seconds)


@renders(events.Note)
def _note(_context: RenderContext, event: events.Note) -> list[Line]:
    return [error(event.text) if event.error else info(event.text)]

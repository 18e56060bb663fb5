"""Lines around the history: where playback begins and ends, and the results of a search."""

from trio_chat.client.rendering.registry import RenderContext, error_line, info_line, renders
from trio_chat.client.session import events
from trio_chat.client.spans import Line
from trio_chat.i18n import _, ngettext


@renders(events.HistoryEnd)
def _history_end(_context: RenderContext, event: events.HistoryEnd) -> list[Line]:
    return info_line(_("This was said in {channel} before you joined. Now:"), channel=event.channel)


@renders(events.UnreadStart)
def _unread_start(_context: RenderContext, _event: events.UnreadStart) -> list[Line]:
    return info_line(_("New since your last visit:"))


@renders(events.HistoryGap)
def _history_gap(_context: RenderContext, event: events.HistoryGap) -> list[Line]:
    text = ngettext(
        "More was said in {channel} than can be shown; this is the last {count} message."
        " /history shows what was before.",
        "More was said in {channel} than can be shown; these are the last {count} messages."
        " /history shows what was before.",
        event.count,
    )
    return info_line(text, channel=event.channel, count=event.count)


@renders(events.EarlierMessages)
def _earlier_messages(_context: RenderContext, event: events.EarlierMessages) -> list[Line]:
    if not event.count:
        return info_line(_("Nothing earlier is known of {channel}."), channel=event.channel)
    text = ngettext(
        "{count} earlier message in {channel}:",
        "{count} earlier messages in {channel}:",
        event.count,
    )
    return info_line(text, count=event.count, channel=event.channel)


@renders(events.SearchResults)
def _search_results(_context: RenderContext, event: events.SearchResults) -> list[Line]:
    if not event.count:
        return info_line(_("Nothing was found: {words}"), words=event.text)
    text = ngettext(
        "{count} message was found: {words}", "{count} messages were found: {words}", event.count
    )
    return info_line(text, count=event.count, words=event.text)


@renders(events.HistoryRefused)
def _history_refused(_context: RenderContext, event: events.HistoryRefused) -> list[Line]:
    return error_line(_("The server does not show what was said before."), event.reason)


@renders(events.SearchUnknown)
def _search_unknown(_context: RenderContext, _event: events.SearchUnknown) -> list[Line]:
    return error_line(_("This server cannot search what was said."))

"""Lines for translations."""

from trio_chat.client import reasons
from trio_chat.client.rendering.messages import about
from trio_chat.client.rendering.registry import RenderContext, error_line, info_line, renders
from trio_chat.client.session import events
from trio_chat.client.spans import Line
from trio_chat.i18n import _


@renders(events.Translated)
def _translated(context: RenderContext, event: events.Translated) -> list[Line]:
    if not event.text:  # it is asked for
        return []
    first, *more = event.text.split("\n")
    text = _("Translation ({languages}): {text}")
    message = ""
    if event.msgid:
        text = _("Translation ({languages}) of {message}: {text}")
        message = about(context, context.find(event.msgid), event.target, "")
    lines = info_line(text, languages=languages_of(event), message=message, text=first)
    for line in more:
        lines += info_line("  {text}", text=line)
    return lines


def languages_of(event: events.Translated) -> str:
    """Return the codes of the languages of a translation: from which, and into which."""
    return f"{event.source} → {event.language}" if event.source else event.language


@renders(events.TranslationRefused)
def _refused(_context: RenderContext, event: events.TranslationRefused) -> list[Line]:
    return error_line("{reason}", reason=reasons.translation_refused(event.code, event.reason))

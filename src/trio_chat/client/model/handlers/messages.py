"""Handlers of messages, live or from the history, and of their changes."""

from typing import Any

from trio_chat.client.authenticator import code_rows
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import (
    BufferEntry,
    EntryKind,
    EntryTranslation,
    time_of,
)
from trio_chat.client.model.handlers.table import handles
from trio_chat.client.model.highlights import is_mention
from trio_chat.client.model.history_results import HistoryResults
from trio_chat.client.model.server import EVERYWHERE, ServerState
from trio_chat.client.rendering.translations import languages_of
from trio_chat.client.session import events
from trio_chat.client.session.events import MessageKind, Said
from trio_chat.i18n import _

MOST_UNREAD_CONVERSATIONS = 20
"""Buffers that other users have opened by writing, until the user looks at them, answers in them or
closes them.
"""
_MOST_LEVELS = 1000
"""Conversations with a notification level; the server has fewer."""
_ENTRY_KINDS = {
    MessageKind.MESSAGE: EntryKind.MESSAGE,
    MessageKind.ACTION: EntryKind.ACTION,
    MessageKind.NOTICE: EntryKind.NOTICE,
}


@handles(events.Said)
def _said(server: ServerState, event: Said) -> None:
    if server.results and event.played_back:
        _collect(server, server.results, event)
        return
    buffer = _buffer_for(server, event)
    entry = _entry(server, event, buffer)
    number = buffer.append(entry)
    for row in code_rows(event):
        buffer.append(BufferEntry(EntryKind.INFO, entry.time, text=row))
    buffer.note_typing(event.sender, entry.time, is_typing=False)
    if (member := buffer.members.get(server.features.fold(event.sender))) and not event.own:
        member.spoke = entry.time
    is_new = not event.played_back or entry.time > buffer.read_until
    if event.own:
        buffer.is_unanswered = False
    if event.own or not is_new:
        if event.own and not event.played_back:
            buffer.read_until = max(buffer.read_until, entry.time)
        return
    if server.is_watched(buffer):
        if event.played_back:
            buffer.draw_line(number)
        buffer.read_until = max(buffer.read_until, entry.time)
    else:
        buffer.count_unread(number)
    if not event.played_back or entry.is_mention:
        server.on_message(server, buffer, entry)


def _buffer_for(server: ServerState, event: Said) -> Buffer:
    if event.kind is MessageKind.NOTICE and (event.private or event.own):
        # Notices of services and bots are shown in the current buffer, and open none.
        return server.get(event.conversation) or server.here()
    if server.features.is_channel(event.conversation.lstrip(server.features.prefixes)):
        return server.open(event.conversation.lstrip(server.features.prefixes))
    return _conversation_with(server, event)


def _conversation_with(server: ServerState, event: Said) -> Buffer:
    """Return the buffer of a private conversation; that of the server when the message opens none,
    since too many users have written.
    """
    name = event.conversation or server.name
    if event.own or server.get(name):
        return server.open(name)
    if event.is_stranger and server.strangers != "open":
        text = _(
            "Messages of users who are in none of your channels are shown here. /query nickname"
            " opens a conversation."
        )
        server.show_once(text)
        return server.log
    text = _(
        "{most} conversations that others have opened are unread: messages of further users are"
        " shown here. /query nickname opens a conversation, /ignore hides a user, /close makes"
        " room."
    ).format(most=MOST_UNREAD_CONVERSATIONS)
    if not _has_room(server):
        server.show_once(text)
        return server.log
    server.shown_once.discard(text)
    buffer = server.open(name)
    buffer.is_unanswered = True
    return buffer


def _has_room(server: ServerState) -> bool:
    waiting = (
        buffer.is_unanswered and (buffer.unread or not len(buffer))
        for buffer in server.buffers.values()
    )
    return sum(map(bool, waiting)) < MOST_UNREAD_CONVERSATIONS


def _entry(server: ServerState, event: Said, buffer: Buffer) -> BufferEntry:
    time = time_of(event.played_back or event.time, server.now() + server.skew)
    # A private message in the buffer of the server: there were too many buffers to open another.
    is_left_over = buffer is server.log and event.private and server.strangers == "open"
    is_private = buffer.kind is BufferKind.PRIVATE or is_left_over
    words = (server.account, *server.words)
    is_for_user = is_private or is_mention(event.text, server.nick, words)
    can_alert = not event.own and event.kind is not MessageKind.NOTICE
    entry = BufferEntry(
        _ENTRY_KINDS[event.kind],
        time,
        event.sender,
        event.text,
        event.msgid,
        event.own,
        is_for_user and can_alert,
        event.is_bot,
    )
    if buffer.kind is BufferKind.CHANNEL and event.target[:1] in tuple(server.features.prefixes):
        entry.extra().only_to = event.target[:1]
    if event.reply_to:
        entry.extra().reply_to = event.reply_to
        answered = buffer.find(event.reply_to)
        if answered is not None and buffer[answered].own and not event.own:
            entry.is_mention = True
        buffer.draw_answered_poll(entry)
    return entry


def _collect(server: ServerState, results: HistoryResults, event: Said) -> None:
    buffer = results.buffer or server.get(event.conversation) or server.log
    results.found.append((event.conversation, _entry(server, event, buffer)))
    if len(results.found) >= results.count:
        _finish_collecting(server, results)


def _finish_collecting(server: ServerState, results: HistoryResults) -> None:
    server.results = None
    if results.buffer is None:
        server.on_found(server, results)
        return
    results.buffer.is_loading = False
    results.buffer.prepend([entry for _talk, entry in results.found])


@handles(events.EarlierMessages)
def _earlier(server: ServerState, event: events.EarlierMessages) -> None:
    buffer = server.open(event.channel)
    buffer.has_all = buffer.has_all or not event.count
    _begin_collecting(server, HistoryResults(buffer, event.count))


@handles(events.SearchResults)
def _found(server: ServerState, event: events.SearchResults) -> None:
    _begin_collecting(server, HistoryResults(None, event.count, event.text, event.channel))


def _begin_collecting(server: ServerState, results: HistoryResults) -> None:
    server.results = results
    if not results.count:
        _finish_collecting(server, results)


@handles(events.HistoryRefused)
def _history_refused(server: ServerState, event: events.HistoryRefused) -> None:
    buffer = server.get(event.channel)
    if buffer and buffer.is_loading:  # the view has requested it, not the user
        buffer.is_loading, buffer.has_all = False, True
        return
    server.show(buffer or server.here(), event)


@handles(events.MessageRefused, events.MessageUnconfirmed, events.DeliveryUnknown)
def _refused(
    server: ServerState,
    event: events.MessageRefused | events.MessageUnconfirmed | events.DeliveryUnknown,
) -> None:
    server.show(server.get(event.target) or server.here(), event)


@handles(events.HistoryGap, events.JoinRefused)
def _in_its_channel(server: ServerState, event: Any) -> None:
    server.show(server.get(event.channel) or server.here(), event)


@handles(events.Reacted)
def _reacted(server: ServerState, event: events.Reacted) -> None:
    if buffer := server.get(event.conversation):
        buffer.react(
            event.msgid,
            event.sender,
            event.reaction,
            is_taken_back=event.is_taken_back,
            time=event.time,
        )


@handles(events.Redacted)
def _redacted(server: ServerState, event: events.Redacted) -> None:
    if buffer := server.get(event.target):
        buffer.redact(event.msgid, event.by)


@handles(events.Translated)
def _translated(server: ServerState, event: events.Translated) -> None:
    buffer = server.get(event.target)
    if not event.msgid and event.text and buffer is not None:
        if not server.on_translated(buffer, event.text):
            server.show(buffer, event)
        return
    translation = EntryTranslation(event.text, languages_of(event))
    if buffer is None or not buffer.translate(event.msgid, translation):
        server.show(buffer or server.here(), event)


@handles(events.TranslationRefused)
def _translation_refused(server: ServerState, event: events.TranslationRefused) -> None:
    buffer = server.get(event.target)
    if buffer is not None:
        buffer.translate(event.msgid, None)
    server.show(buffer or server.here(), event)


@handles(events.Typing)
def _typing(server: ServerState, event: events.Typing) -> None:
    if buffer := server.get(event.conversation):
        buffer.note_typing(event.nick, server.now(), is_typing=event.is_typing)


@handles(events.MarkerMoved)
def _marker(server: ServerState, event: events.MarkerMoved) -> None:
    if buffer := server.get(event.conversation):
        buffer.read_elsewhere(time_of(event.time, buffer.read_until))


@handles(events.NotificationLevel)
def _level(server: ServerState, event: events.NotificationLevel) -> None:
    is_all = event.conversation == EVERYWHERE
    name = EVERYWHERE if is_all else server.features.fold(event.conversation)
    if is_all or name in server.levels or len(server.levels) < _MOST_LEVELS:
        server.levels[name] = event.level, time_of(event.until, 0.0)
    server.unconfirmed_levels.discard(name)
    if is_all:  # the last one of an answer
        for gone in server.unconfirmed_levels:
            server.levels.pop(gone, None)
        server.unconfirmed_levels.clear()


@handles(events.ConversationFound)
def _talked(server: ServerState, event: events.ConversationFound) -> None:
    is_unwanted = event.is_stranger and server.strangers != "open"
    if (
        not server.features.is_channel(event.conversation)
        and not server.get(event.conversation)
        and not is_unwanted
        and _has_room(server)
    ):
        server.open(event.conversation).is_unanswered = True

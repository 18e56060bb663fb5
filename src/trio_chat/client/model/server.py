"""One server as the screen shows it: its buffers, and what each event of its link means to them: one small function each."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from trio_chat.client.model.buffer import Buffer, Member, Place
from trio_chat.client.model.entries import Entry, Move, Sort, time_of
from trio_chat.client.model.highlights import is_mention
from trio_chat.client.render import Renderer
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, Kind, Said
from trio_chat.client.session.features import Features
from trio_chat.client.spans import sentence

_SORTS = {Kind.MESSAGE: Sort.MESSAGE, Kind.ACTION: Sort.ACTION, Kind.NOTICE: Sort.NOTICE}


class State(Enum):
    """How it stands with the connection."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    ENDED = "ended"


class Results:
    """Messages that were asked for and do not belong at the end of a buffer: older ones, or those found.

    Args:
        buffer: where older ones go; None for what was found.
        count: how many follow.
        words: what was searched for.
        place: where, "" for everywhere.
    """

    def __init__(self, buffer: Buffer | None, count: int, words: str = "", place: str = "") -> None:
        self.buffer = buffer
        self.count = count
        self.words = words
        self.place = place
        self.found: list[tuple[str, Entry]] = []


class Server:
    """One server.

    Args:
        name: what the user calls it.
        now: seconds of Unix time.
        words: what the user wants to be told of, beside the own nickname.
    """

    def __init__(self, name: str, now: Callable[[], float], words: Sequence[str] = ()) -> None:
        self.name = name
        self.nick = ""
        self.state = State.CONNECTING
        self.lag: float | None = None
        self.is_secure = False
        self.is_ready = False
        self.is_away = False
        self.account = ""
        self.retry_at: float | None = None
        self.features = Features()
        self.log = Buffer(name, Place.SERVER)
        self.buffers: dict[str, Buffer] = {}
        self.asked_names = 0
        self.is_current: Callable[[Buffer], bool] = lambda _buffer: False
        self.is_watched: Callable[[Buffer], bool] = lambda _buffer: False
        self.on_message: Callable[[Server, Buffer, Entry], None] = lambda _server, _buffer, _entry: None
        self.on_found: Callable[[Server, Results], None] = lambda _server, _results: None
        self.on_open: Callable[[Server, Buffer], None] = lambda _server, _buffer: None
        self._now = now
        self._words = words
        self._results: Results | None = None
        self._renderer = Renderer(lambda _target: True)

    # Buffers

    def get(self, name: str) -> Buffer | None:
        """Return the buffer of a channel or a person."""
        return self.buffers.get(self.features.fold(name))

    def open(self, name: str) -> Buffer:
        """Return the buffer of a channel or a person; a new one if there is none."""
        if (buffer := self.get(name)) is not None:
            return buffer
        place = Place.CHANNEL if self.features.is_channel(name) else Place.TALK
        buffer = self.buffers[self.features.fold(name)] = Buffer(name, place, self._now())
        self.on_open(self, buffer)
        return buffer

    def close(self, buffer: Buffer) -> None:
        """Forget a buffer."""
        self.buffers.pop(self.features.fold(buffer.name), None)

    def ordered(self) -> list[Buffer]:
        """Return the buffers as they are listed: the server's, the channels, the private talks."""
        rest = sorted(self.buffers.values(), key=lambda buffer: (buffer.place is Place.TALK, buffer.name.casefold().lstrip("#")))
        return [self.log, *rest]

    def channels(self) -> list[str]:
        """Return the names of the channels that have buffers."""
        return [buffer.name for buffer in self.buffers.values() if buffer.place is Place.CHANNEL]

    def here(self) -> Buffer:
        """Return the buffer where the user sees what belongs nowhere: the current one, or else the server's."""
        return next((buffer for buffer in self.buffers.values() if self.is_current(buffer)), self.log)

    def is_me(self, nick: str) -> bool:
        """Tell whether a nickname is ours."""
        return self.features.same(nick, self.nick)

    # What happens

    def apply(self, event: Event) -> None:
        """Take in what happened."""
        handler = _HANDLERS.get(type(event))
        if handler:
            handler(self, event)
        else:
            self.show(self.log, event)

    def show(self, buffer: Buffer, event: Event) -> None:
        """Add what happened as a sentence."""
        for line in self._renderer.lines(event):
            text, is_error = sentence(line)
            buffer.append(Entry(Sort.ERROR if is_error else Sort.INFO, self._now(), text=text))

    def _shared(self, nick: str) -> list[Buffer]:
        key = self.features.fold(nick)
        return [buffer for name, buffer in self.buffers.items() if key in buffer.members or name == key]

    # Talk

    def _said(self, event: Said) -> None:
        if self._results and event.played_back:
            self._collect(self._results, event)
            return
        buffer = self._buffer_for(event)
        entry = self._entry(event, buffer)
        number = buffer.append(entry)
        buffer.note_typing(event.sender, entry.time, is_typing=False)
        if (member := buffer.members.get(self.features.fold(event.sender))) and not event.own:
            member.spoke = entry.time
        is_new = not event.played_back or entry.time > buffer.read_until
        if event.own or not is_new:
            if event.own and not event.played_back:
                buffer.read_until = max(buffer.read_until, entry.time)
            return
        if self.is_watched(buffer):
            if event.played_back:
                buffer.draw_line(number)
            buffer.read_until = max(buffer.read_until, entry.time)
        else:
            buffer.count_unread(number)
        if not event.played_back or entry.is_mention:
            self.on_message(self, buffer, entry)

    def _buffer_for(self, event: Said) -> Buffer:
        if event.kind is Kind.NOTICE and (event.private or event.own):
            # What services and bots answer is shown where the user is, and opens nothing.
            return self.get(event.talk) or self.here()
        if self.features.is_channel(event.talk.lstrip(self.features.prefixes)):
            return self.open(event.talk.lstrip(self.features.prefixes))
        return self.open(event.talk or self.name)

    def _entry(self, event: Said, buffer: Buffer) -> Entry:
        time = time_of(event.played_back or event.time, self._now())
        is_private = buffer.place is Place.TALK
        is_about_us = is_private or is_mention(event.text, self.nick, self._words)
        is_about_us = is_about_us and not event.own and event.kind is not Kind.NOTICE
        entry = Entry(_SORTS[event.kind], time, event.sender, event.text, event.msgid, event.own, is_about_us)
        if event.reply_to:
            entry.extra().reply_to = event.reply_to
            answered = buffer.find(event.reply_to)
            if answered is not None and buffer[answered].own and not event.own:
                entry.is_mention = True
        return entry

    def _collect(self, results: Results, event: Said) -> None:
        buffer = results.buffer or self.get(event.talk) or self.log
        results.found.append((event.talk, self._entry(event, buffer)))
        if len(results.found) >= results.count:
            self._finish_collecting(results)

    def _finish_collecting(self, results: Results) -> None:
        self._results = None
        if results.buffer is None:
            self.on_found(self, results)
            return
        results.buffer.is_loading = False
        results.buffer.prepend([entry for _talk, entry in results.found])

    def _earlier(self, event: events.Earlier) -> None:
        buffer = self.open(event.channel)
        buffer.has_all = buffer.has_all or not event.count
        self._begin_collecting(Results(buffer, event.count))

    def _found(self, event: events.Found) -> None:
        self._begin_collecting(Results(None, event.count, event.text, event.channel))

    def _begin_collecting(self, results: Results) -> None:
        self._results = results
        if not results.count:
            self._finish_collecting(results)

    def _history_refused(self, event: events.HistoryRefused) -> None:
        buffer = self.get(event.channel)
        if buffer and buffer.is_loading:  # nobody asked but the view
            buffer.is_loading, buffer.has_all = False, True
            return
        self.show(buffer or self.here(), event)

    def _refused(self, event: events.Refused | events.Unconfirmed | events.Unsure) -> None:
        self.show(self.get(event.target) or self.here(), event)

    def _in_its_channel(self, event: Any) -> None:
        self.show(self.get(event.channel) or self.here(), event)

    def _reacted(self, event: events.Reacted) -> None:
        if buffer := self.get(event.talk):
            buffer.react(event.msgid, event.sender, event.reaction, is_taken_back=event.is_taken_back)

    def _redacted(self, event: events.Redacted) -> None:
        if buffer := self.get(event.target):
            buffer.redact(event.msgid, event.by)

    def _typing(self, event: events.Typing) -> None:
        if buffer := self.get(event.talk):
            buffer.note_typing(event.nick, self._now(), is_typing=event.is_typing)

    def _marker(self, event: events.MarkerMoved) -> None:
        if buffer := self.get(event.talk):
            buffer.read_elsewhere(time_of(event.time, buffer.read_until))

    def _talked(self, event: events.TalkedBefore) -> None:
        if not self.features.is_channel(event.talk):
            self.open(event.talk)

    # Who is where

    def _connected(self, event: events.Connected) -> None:
        self.nick, self.state, self.retry_at = event.nick, State.CONNECTED, None
        self.is_ready = False
        self.show(self.log, event)

    def _ready(self, event: events.Ready) -> None:
        self.is_ready = True

    def _info(self, event: events.ServerInfo) -> None:
        # What it says at first is for who wants to read it; what it says later answers something.
        self.show(self.here() if self.is_ready else self.log, event)

    def _joined(self, event: events.Joined) -> None:
        if event.own:
            own = self.open(event.channel)
            own.is_joined, own.name = True, event.channel
            own.members.clear()
            return
        if buffer := self.get(event.channel):
            buffer.members[self.features.fold(event.nick)] = Member(event.nick)
            buffer.add_move(Move.JOINED, event.nick, self._now())

    def _parted(self, event: events.Parted) -> None:
        if not (buffer := self.get(event.channel)):
            return
        if event.own:
            self._leave(buffer)
            self.show(buffer, event)
        else:
            buffer.members.pop(self.features.fold(event.nick), None)
            buffer.add_move(Move.LEFT, event.nick, self._now())

    def _kicked(self, event: events.Kicked) -> None:
        if not (buffer := self.get(event.channel)):
            return
        if event.own:
            self._leave(buffer)
        buffer.members.pop(self.features.fold(event.nick), None)
        self.show(buffer, event)

    @staticmethod
    def _leave(buffer: Buffer) -> None:
        buffer.is_joined = False
        buffer.members.clear()

    def _quit(self, event: events.Quit) -> None:
        for buffer in self._shared(event.nick):
            buffer.members.pop(self.features.fold(event.nick), None)
            buffer.add_move(Move.QUIT, event.nick, self._now())

    def _renamed(self, event: events.Renamed) -> None:
        if event.own:
            self.nick = event.new
        old, new = self.features.fold(event.old), self.features.fold(event.new)
        shared = self._shared(event.old)
        for each in shared:
            if member := each.members.pop(old, None):
                member.nick = event.new
                each.members[new] = member
            self.show(each, event)
        if event.own and not shared:
            self.show(self.log, event)
        if old in self.buffers and new not in self.buffers:
            self.buffers[new] = self.buffers.pop(old)
            self.buffers[new].name = event.new

    def _names(self, event: events.Names) -> None:
        buffer = self.get(event.channel)
        if buffer is not None and buffer.is_joined:
            before = buffer.members
            buffer.members = {}
            for nick, ranks in zip(event.nicks, event.ranks or ("",) * len(event.nicks), strict=True):
                key = self.features.fold(nick)
                known = before.get(key)
                buffer.members[key] = Member(nick, ranks, known.is_away if known else False, known.spoke if known else 0.0)
        if self.asked_names or buffer is None:
            self.asked_names = max(self.asked_names - 1, 0)
            self.show(self.here(), event)

    def _rank(self, event: events.RankChanged) -> None:
        buffer = self.get(event.channel)
        if buffer and (member := buffer.members.get(self.features.fold(event.nick))):
            member.ranks = event.ranks

    def _away_changed(self, event: events.AwayChanged) -> None:
        if event.own:
            self.is_away = event.is_away
            return
        for buffer in self._shared(event.nick):
            if member := buffer.members.get(self.features.fold(event.nick)):
                member.is_away = event.is_away
            if buffer.place is Place.TALK:
                buffer.is_away = event.is_away

    def _away(self, event: events.Away) -> None:
        buffer = self.get(event.nick)
        if buffer and buffer.is_away:
            return  # told already
        if buffer:
            buffer.is_away = True
        self.show(buffer or self.here(), event)

    def _topic(self, event: events.TopicIs | events.TopicChanged) -> None:
        buffer = self.get(event.channel)
        if buffer and buffer.is_joined:
            buffer.topic = event.topic
        if isinstance(event, events.TopicChanged) or not buffer:
            self.show(buffer or self.here(), event)

    def _mode(self, event: events.ModeChanged) -> None:
        self.show(self.get(event.target) or self.log, event)

    # The connection

    def _lost(self, event: events.Lost) -> None:
        self.state, self.lag = State.LOST, None
        for buffer in self.buffers.values():
            if buffer.is_joined and buffer.place is Place.CHANNEL:
                buffer.members.clear()
            buffer.is_loading = False
        self._results = None
        self.show(self.log, event)
        if self.here() is not self.log:
            self.show(self.here(), event)

    def _waiting(self, event: events.Waiting) -> None:
        self.state = State.LOST
        self.retry_at = self._now() + event.seconds
        self.show(self.log, event)

    def _shut_down(self, event: events.ServerShutDown) -> None:
        for buffer in {id(each): each for each in (self.log, self.here())}.values():
            self.show(buffer, event)

    def _lag(self, event: events.Lag) -> None:
        self.lag = event.seconds

    def _logged_in(self, event: events.LoggedIn | events.Registered) -> None:
        self.account = event.account
        self.show(self.here(), event)

    def _logged_out(self, event: events.LoggedOut) -> None:
        self.account = ""
        self.show(self.here(), event)

    def _here(self, event: Event) -> None:
        self.show(self.here(), event)

    def _nothing(self, event: Event) -> None:
        """Show nothing: other things tell it."""


_HANDLERS: dict[type, Callable[[Server, Any], None]] = {
    events.Said: Server._said,
    events.Earlier: Server._earlier,
    events.Found: Server._found,
    events.HistoryRefused: Server._history_refused,
    events.HistoryEnd: Server._nothing,
    events.NewSince: Server._nothing,
    events.MissedMore: Server._in_its_channel,
    events.Refused: Server._refused,
    events.Unconfirmed: Server._refused,
    events.Unsure: Server._refused,
    events.Reacted: Server._reacted,
    events.Redacted: Server._redacted,
    events.Typing: Server._typing,
    events.MarkerMoved: Server._marker,
    events.TalkedBefore: Server._talked,
    events.Connected: Server._connected,
    events.Ready: Server._ready,
    events.ServerInfo: Server._info,
    events.Joined: Server._joined,
    events.JoinRefused: Server._in_its_channel,
    events.Parted: Server._parted,
    events.Kicked: Server._kicked,
    events.Quit: Server._quit,
    events.Renamed: Server._renamed,
    events.NickRefused: Server._here,
    events.Names: Server._names,
    events.RankChanged: Server._rank,
    events.AwayChanged: Server._away_changed,
    events.Away: Server._away,
    events.TopicIs: Server._topic,
    events.TopicChanged: Server._topic,
    events.ModeChanged: Server._mode,
    events.ListEntry: Server._here,
    events.ListEnd: Server._here,
    events.Invited: Server._here,
    events.ServerError: Server._here,
    events.SearchUnknown: Server._here,
    events.LoggedIn: Server._logged_in,
    events.Registered: Server._logged_in,
    events.LoggedOut: Server._logged_out,
    events.MustVerify: Server._here,
    events.AccountRefused: Server._here,
    events.Lost: Server._lost,
    events.Waiting: Server._waiting,
    events.ServerShutDown: Server._shut_down,
    events.Lag: Server._lag,
    events.Note: Server._here,
    events.Asked: Server._nothing,
}

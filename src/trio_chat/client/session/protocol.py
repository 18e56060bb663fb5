"""One conversation with a server, without input or output: what came in decides what goes out and
what is to be told.

`receive` takes a message; `take_lines` and `take_events` give what it led to. `say`, `join` and the
like do the same for what the user wants. So every rule of the client can be tested with plain
values, and `session` adds only a stream, tasks and time.

How a message of ours gets confirmed, best way first:

1. labeled-response: it carries a label, and whatever carries the same label back answers it.
2. otherwise a PING follows it. Servers answer in order, so the PONG says that the message was dealt
   with; with echo-message it must have been echoed before that, and without, silence means that it
   was delivered.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trio_chat.client.session import incoming, messages, status  # noqa: F401  they fill the table that incoming looks into
from trio_chat.client.session.authentication import Authentication
from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.events import (
    Event,
    JoinRefused,
    MessageKind,
    MessageRefused,
    MessageUnconfirmed,
    Ready,
    Said,
)
from trio_chat.client.session.features import Features
from trio_chat.client.session.history import HistoryFetcher
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.multiline import CONCAT, MULTILINE, MultilineBatch
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.pending_messages import PendingMessage, PendingMessages
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.session.split import pieces, room_for_text
from trio_chat.client.session.sync_state import SyncState, UnconfirmedMessage
from trio_chat.irc.message import NO_TAGS, Message
from trio_chat.irc.names import clean_username

_LONGEST_HOST = 63  # RFC 2812 §2.3.1: a host name has at most 63 characters
_LONGEST_USER = 11  # what servers commonly keep, with the "~" of an unknown user


class ClientProtocol:
    """The state of one conversation.

    Args:
        nick: the nickname to ask for first.
        password: the server's password, "" for none.
        channels: channels to join at once, each with its key ("" for none).
        wanted: the nickname to take back as soon as it is free; "" means `nick`.
        sync_state: what was shown before; None for nothing.
        at_join: how many messages of its history to show of a channel that is joined.
        credentials: the account to log in to at once, if any.
        sees_status: whether it matters who is away, so that the server is asked.
        ignored: the ignore list; None for an empty one.
        hides_strangers: whether nothing is told of strangers who write to us alone.
        is_private: whether nobody between us and the server can read along, or the user wants it
            so.
    """

    def __init__(
        self,
        nick: str,
        *,
        password: str = "",
        channels: Sequence[tuple[str, str]] = (),
        wanted: str = "",
        sync_state: SyncState | None = None,
        at_join: int = 0,
        credentials: LoginCredentials | None = None,
        sees_status: bool = False,
        is_private: bool = True,
        ignored: IgnoreList | None = None,
        hides_strangers: bool = False,
    ) -> None:
        self.nick = nick
        self.is_private = is_private
        self.hides_strangers = hides_strangers
        self._ignored = ignored or IgnoreList()
        self.wanted = wanted or nick
        self.asked_nick = nick
        self.refused_nick = ""
        self.taking_back = False
        self.user = clean_username(nick, 10)
        self.source = ""
        self.server = ""
        self.registered = False
        self.ready = False
        self.shut_down = False
        self.settled = False
        self.error: str | None = None
        self.fatal: tuple[str, str] | None = None
        self.features = Features()
        self.negotiation = Negotiation(login_wanted=credentials is not None)
        self.authentication = Authentication(self, credentials)
        self.sync_state = sync_state or SyncState()
        self.history = HistoryFetcher(self, self.sync_state, at_join)
        self.pending = PendingMessages()
        self.channels: dict[str, ChannelState] = {}
        self.joining: list[str] = []
        self.names: dict[str, ChannelState] = {}
        self.multiline_batches: dict[str, MultilineBatch] = {}
        self.status_due: set[str] = set()
        self.lag_answered = False
        self.clock = ""  # what the server's showed last, in the form of server-time
        self.sees_status = sees_status
        self.listed = 0
        self.batches: dict[str, str] = {}
        self._password = password
        self._first_channels = tuple(channels)
        self._lines: list[str] = []
        self._events: list[Event] = []

    # What the user wants

    def start(self) -> None:
        """Begin: negotiate capabilities and register."""
        self.send("CAP", "LS", "302")
        if self._password:
            self.send("PASS", self._password)
        self.send("NICK", self.nick)
        self.send("USER", self.user, "0", "*", self.nick)

    def say(
        self,
        target: str,
        text: str,
        kind: MessageKind = MessageKind.MESSAGE,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> None:
        """Send one message that fits into one line (see `room`); it is pending until the server
        answers.

        Args:
            target: a channel or a nickname.
            text: what to say.
            kind: what sort of message it is.
            tags: client-only tags, left out where the server does not pass them on.

        Raises:
            ValueError: when the target cannot be written on a line.
        """
        command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
        body = f"\x01ACTION {text}\x01" if kind is MessageKind.ACTION else text
        Message(command, (target, body)).body()  # refuse before it is pending
        message = self.pending.add(target, text, kind)
        self.sync_state.written.add(self.features.fold(target))
        self.put(
            Message(command, (target, body), tags={**self._own_tags(tags), **self._label(message)})
        )
        self._ask_about(message)

    def say_together(
        self, target: str, lines: Sequence[str], tags: Mapping[str, str] = NO_TAGS
    ) -> None:
        """Send one message of several lines (IRCv3 draft/multiline), each of which fits; see
        `fits_together`.

        Raises:
            ValueError: when the target cannot be written on a line.
        """
        Message("PRIVMSG", (target, "")).body()
        message = self.pending.add(target, "\n".join(lines), MessageKind.MESSAGE)
        self.sync_state.written.add(self.features.fold(target))
        reference = message.key
        self.put(
            Message(
                "BATCH",
                (f"+{reference}", MULTILINE, target),
                tags={**self._own_tags(tags), **self._label(message)},
            )
        )
        room = self.room(target)
        for line in lines:
            for position, part in enumerate(pieces(line, room)):
                more = {CONCAT: ""} if position else {}
                self.put(Message("PRIVMSG", (target, part), tags={"batch": reference, **more}))
        self.send("BATCH", f"-{reference}")
        self._ask_about(message)

    def fits_together(self, target: str, lines: Sequence[str]) -> bool:
        """Return whether the server takes these lines as one message."""
        most, size = self.negotiation.most_together
        room = self.room(target)
        parts = sum(len(pieces(line, room)) for line in lines)
        return 1 < parts <= most and sum(len(line.encode()) + 1 for line in lines) <= (
            size or math.inf
        )

    def react(self, target: str, msgid: str, reaction: str, *, take_back: bool = False) -> None:
        """React to a message (IRCv3 draft/react)."""
        tag = "+draft/unreact" if take_back else "+draft/react"
        self.put(Message("TAGMSG", (target,), tags={status.REPLY_TAG: msgid, tag: reaction}))

    def tell_typing(self, target: str, state: str) -> None:
        """Let the others know that we are typing: `active`, `paused` or `done` (IRCv3 typing)."""
        if self.negotiation.tags and self.ready:
            self.put(Message("TAGMSG", (target,), tags={"+typing": state}))

    def _own_tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        return tags if self.negotiation.tags else NO_TAGS

    def _label(self, message: PendingMessage) -> dict[str, str]:
        return {"label": message.key} if self.negotiation.labels else {}

    def _ask_about(self, message: PendingMessage) -> None:
        if not self.negotiation.labels:
            self.send("PING", message.key)

    def room(self, target: str, kind: MessageKind = MessageKind.MESSAGE) -> int:
        """Return how many bytes of text one message to this target can hold."""
        source = self.source or f"{self.nick}!{'u' * _LONGEST_USER}@{'h' * _LONGEST_HOST}"
        return room_for_text(source, target, kind)

    def join(self, channel: str, key: str = "") -> None:
        """Ask to join a channel."""
        self.send("JOIN", channel, key) if key else self.send("JOIN", channel)
        self.joining.append(channel)

    def change_nick(self, nick: str) -> None:
        """Ask for a nickname, and want it from now on."""
        self.wanted = nick
        self.taking_back = False
        self.ask_nick(nick)

    def take_back_nick(self) -> None:
        """Ask again for the nickname we want but do not have; a refusal of this is not told."""
        self.taking_back = True
        self.ask_nick(self.wanted)

    def ask_nick(self, nick: str) -> None:
        """Send NICK; before registration this is the nickname we shall have."""
        self.send("NICK", nick)
        self.asked_nick, self.refused_nick = nick, ""
        if not self.registered:
            self.nick = nick

    def send(self, command: str, *params: str) -> None:
        """Put a message on its way to the server.

        Raises:
            ValueError: when a parameter cannot be written on a line.
        """
        self.put(Message(command, params))

    def put(self, message: Message) -> None:
        """Put a message with tags on its way to the server."""
        self._lines.append(message.line())

    # What comes in

    def receive(self, message: Message) -> None:
        """Take in one message from the server."""
        if "time" in message.tags and "batch" not in message.tags:
            self.clock = message.tags["time"]
        if self.is_me(message.nick) and "!" in message.source:
            self.source = message.source
        incoming.handle(self, message)

    def take_lines(self) -> list[str]:
        """Return and forget the lines to be sent."""
        lines, self._lines = self._lines, []
        return lines

    def take_events(self) -> list[Event]:
        """Return and forget the events to be told."""
        events, self._events = self._events, []
        return events

    # What the handlers of incoming messages use

    def emit(self, event: Event) -> None:
        """Have an event told, behind the history if that is awaited; what has been told is not told
        again.
        """
        if not self.history.holds(event):
            self._events.append(event)

    def tell(self, event: Event) -> None:
        """Have an event told as the next one."""
        self._events.append(event)

    def is_me(self, nick: str) -> bool:
        """Return whether a nickname is ours."""
        return self.features.same(nick, self.nick)

    def ignores(self, source: str) -> bool:
        """Return whether the user ignores a source, `nick!user@host` or a nickname alone; never the
        user, nor a server.
        """
        if self.is_server(source) or not self._ignored.hides(source, self.features.fold):
            return False
        return not self.is_me(source.partition("!")[0])

    def is_server(self, source: str) -> bool:
        """Return whether a source is a server: the one that we are connected to, or a name with
        dots and no user.
        """
        return not source or source == self.server or ("!" not in source and "." in source)

    def is_stranger(self, nick: str) -> bool:
        """Return whether a user is in none of our channels, and got no message from us in this
        run.
        """
        key = self.features.fold(nick)
        if (
            key in self.sync_state.written or self.joining or self.names
        ):  # the members are not known yet
            return False
        return not any(key in channel.members for channel in self.channels.values())

    def channel(self, name: str) -> ChannelState | None:
        """Return a channel we are in."""
        return self.channels.get(self.features.fold(name))

    def enter(self, name: str) -> None:
        """Note that we have joined a channel."""
        self.channels[self.features.fold(name)] = ChannelState(name)
        self.end_joining(name)

    def join_first_channels(self) -> None:
        """Join what was asked for at the start, and find out when all of it has been answered."""
        for name, key in self._first_channels:
            self.join(name, key)
        if self._first_channels:
            self.send("PING", incoming.READY_TOKEN)
        self.check_ready()

    def end_joining(self, channel: str) -> bool:
        """Note that a JOIN was answered; return whether we were waiting for that."""
        for name in self.joining:
            if self.features.same(name, channel):
                self.joining.remove(name)
                return True
        return False

    def check_ready(self, *, answered: bool = False) -> None:
        """Tell once that everything asked for at the start has been answered."""
        if self.registered and not self.ready and (answered or not self.joining):
            self.ready = True
            self.emit(Ready())
            self.history.settle()

    def refuse_join(self, channel: str, code: str, reason: str) -> None:
        """Tell that we may not join a channel."""
        self.emit(JoinRefused(channel, code, reason))
        self.check_ready()

    def confirm(
        self,
        message: PendingMessage,
        text: str | None = None,
        msgid: str = "",
        time: str = "",
        reply_to: str = "",
    ) -> None:
        """Tell that a message of ours was delivered, as the server gave it to the others."""
        said = message.text if text is None else text
        self.emit(
            Said(
                self.nick,
                message.target,
                said,
                message.kind,
                own=True,
                msgid=msgid,
                time=time,
                reply_to=reply_to,
            )
        )

    def refuse(self, message: PendingMessage, code: str, reason: str) -> None:
        """Tell that a message of ours was not delivered."""
        self.emit(MessageRefused(message.target, message.text, code, reason))

    def passed(self, key: str) -> None:
        """Deal with the PONG behind a message: what is still pending up to there has been dealt
        with.
        """
        for message in self.pending.take_through(key):
            if self.negotiation.echo:
                self.emit(MessageUnconfirmed(message.target, message.text))
            else:
                self.confirm(message)

    def end(self, *, returns: bool) -> None:
        """Tell what the connection leaves open; `returns` when another one may follow and find it
        out.
        """
        self.history.give_up()
        self.authentication.end()
        for message in self.pending.take_all():
            if returns:
                self.history.keep(
                    UnconfirmedMessage(self.nick, message.target, message.text, message.kind)
                )
            else:
                self.emit(MessageUnconfirmed(message.target, message.text))

    def label_of(self, message: Message) -> str:
        """Return the label that a message answers, directly or in a batch."""
        tags = message.tags
        if tags is NO_TAGS:
            return ""
        return tags.get("label", "") or self.batches.get(tags.get("batch", ""), "")

    def same_target(self, target: str) -> "_SameTarget":
        """Return a test for being the same target as this one."""
        return _SameTarget(self.features, target)


@dataclass(frozen=True, slots=True)
class _SameTarget:
    features: Features
    target: str

    def __call__(self, other: str) -> bool:
        return self.features.same(self.target, other)

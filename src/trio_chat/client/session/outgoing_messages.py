"""Messages of this client, from the line that carries one to its confirmation or refusal.

How a message is confirmed, the best way first:

1. labeled-response: it carries a label, and a message from the server with the same label answers
   it.
2. A PING follows it. Servers answer in order, so the PONG means that the message was processed;
   with echo-message it must have been echoed before that, and without, no error means that it was
   delivered.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from trio_chat.client.session.channel_tracker import ChannelTracker
from trio_chat.client.session.effects import Effects
from trio_chat.client.session.events import (
    DeliveryUnknown,
    Event,
    MessageKind,
    MessageRefused,
    MessageUnconfirmed,
    Said,
)
from trio_chat.client.session.features import Features
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.own_nickname import OwnNickname
from trio_chat.client.session.pending_messages import PendingMessage, PendingMessages
from trio_chat.client.session.split import pieces, room_for_text
from trio_chat.client.session.sync_state import SyncState, UnconfirmedMessage
from trio_chat.irc import tag_names
from trio_chat.irc.message import NO_TAGS, Message

_LONGEST_HOST = 63  # RFC 2812 §2.3.1: a host name has at most 63 characters
_LONGEST_USER = 11  # what servers commonly keep, with the "~" of an unknown user


class OutgoingMessages:
    """The messages of one connection.

    Args:
        effects: where lines are sent.
        emit: reports an event, in its order with the history.
        negotiation: the capabilities.
        features: of the server.
        nickname: that of this client.
        channels: those that this client is in.
        sync_state: keeps what the next connection has to find out.
    """

    def __init__(
        self,
        effects: Effects,
        emit: Callable[[Event], None],
        negotiation: Negotiation,
        features: Features,
        nickname: OwnNickname,
        channels: ChannelTracker,
        sync_state: SyncState,
    ) -> None:
        self.pending = PendingMessages()
        self._effects = effects
        self._emit = emit
        self._negotiation = negotiation
        self._features = features
        self._nickname = nickname
        self._channels = channels
        self._sync_state = sync_state

    # Sending

    def say(
        self,
        target: str,
        text: str,
        kind: MessageKind = MessageKind.MESSAGE,
        tags: Mapping[str, str] = NO_TAGS,
        request: int = 0,
    ) -> None:
        """Send one message that fits into one line (see `room`); it is pending until the server
        answers.

        Args:
            target: a channel or a nickname.
            text: what to say.
            kind: the kind of message.
            tags: client-only tags, left out where the server does not pass them on.
            request: a number by which the events about this message are known, 0 for none.

        Raises:
            ValueError: when the target cannot be written on a line.
        """
        command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
        body = f"\x01ACTION {text}\x01" if kind is MessageKind.ACTION else text
        Message(command, (target, body)).body()  # refuse it before it is pending
        message = self._add(target, text, kind, request)
        self._effects.put(Message(command, (target, body), tags=self._tags(message, tags)))
        self._ask_about(message)

    def say_together(
        self,
        target: str,
        lines: Sequence[str],
        tags: Mapping[str, str] = NO_TAGS,
        request: int = 0,
        kind: MessageKind = MessageKind.MESSAGE,
    ) -> None:
        """Send one message of several lines, or one such notice (IRCv3 `draft/multiline`); see
        `fits_together`.

        Raises:
            ValueError: when the target cannot be written on a line.
        """
        command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
        Message(command, (target, "")).body()
        message = self._add(target, "\n".join(lines), kind, request)
        reference = message.key
        opening = (f"+{reference}", tag_names.MULTILINE_BATCH, target)
        self._effects.put(Message("BATCH", opening, tags=self._tags(message, tags)))
        room = self.room(target)
        for line in lines:
            for position, part in enumerate(pieces(line, room)):
                line_tags = {tag_names.BATCH: reference}
                if position:
                    line_tags[tag_names.MULTILINE_CONCAT] = ""
                self._effects.put(Message(command, (target, part), tags=line_tags))
        self._effects.send("BATCH", f"-{reference}")
        self._ask_about(message)

    def fits_together(self, target: str, lines: Sequence[str]) -> bool:
        """Return whether the server takes these lines as one message."""
        count, parts = self._together(target, lines)
        return count == len(lines) and parts > 1

    def count_together(self, target: str, lines: Sequence[str]) -> int:
        """Return how many of these lines, from the first one, the server takes as one message."""
        return self._together(target, lines)[0]

    def _together(self, target: str, lines: Sequence[str]) -> tuple[int, int]:
        """Return how many lines fit into one message, and the lines of IRC that those take."""
        most, size = self._negotiation.most_together
        room = self.room(target)
        parts = total = 0
        for count, line in enumerate(lines):
            more = len(pieces(line, room))
            total += len(line.encode()) + 1
            if parts + more > most or total > (size or math.inf):
                return count, parts
            parts += more
        return len(lines), parts

    def room(self, target: str, kind: MessageKind = MessageKind.MESSAGE) -> int:
        """Return how many bytes of text one message to this target can hold."""
        longest = f"{self._nickname.current}!{'u' * _LONGEST_USER}@{'h' * _LONGEST_HOST}"
        return room_for_text(self._nickname.source or longest, target, kind)

    def _add(self, target: str, text: str, kind: MessageKind, request: int) -> PendingMessage:
        self._sync_state.written.add(self._features.fold(target))
        return self.pending.add(target, text, kind, request)

    def _tags(self, message: PendingMessage, tags: Mapping[str, str]) -> dict[str, str]:
        label = {tag_names.LABEL: message.key} if self._negotiation.labels else {}
        return {**(tags if self._negotiation.tags else NO_TAGS), **label}

    def _ask_about(self, message: PendingMessage) -> None:
        if not self._negotiation.labels:
            self._effects.send("PING", message.key)

    # Answers

    def labelled(self, label: str) -> None:
        """Confirm the message with this label, if its echo or a refusal has not settled it."""
        if message := self.pending.take(label):
            self.confirm(message)

    def echoed(self, label: str, said: Said) -> bool:
        """Confirm the message that an echo stands for, as the others got it; return whether there
        is one.
        """
        if label:
            message = self.pending.take(label)
        elif self._negotiation.labels:
            message = None
        else:
            message = self.pending.take_echo(self._is_target(said.target), said.text, said.kind)
        if message is None:
            return False
        self.confirm(message, said.text, said.msgid, said.time, said.reply_to)
        return True

    def sent_elsewhere(self, said: Said, *, private: bool) -> None:
        """Report a message to the user itself, or one that the user has sent by another client."""
        self._sync_state.written.add(self._features.fold(said.target))
        # A message to the own nickname comes twice, as echo and as message, both with one msgid;
        # both are shown, so none counts as seen.
        msgid = "" if private else said.msgid
        self._emit(replace(said, own=not private, private=private, msgid=msgid, reply_to=""))

    def refused(self, label: str, target: str | None) -> PendingMessage | None:
        """Remove and return the message that an error is about.

        Args:
            label: of the error, "" when it has none.
            target: of the message; None when the error is about one without naming its target.
        """
        if label:
            return self.pending.take(label)
        if self._negotiation.labels:
            return None
        return self.pending.take_oldest(
            self._is_target(target) if target is not None else lambda _name: True
        )

    def confirm(
        self,
        message: PendingMessage,
        text: str | None = None,
        msgid: str = "",
        time: str = "",
        reply_to: str = "",
    ) -> None:
        """Report that a message was delivered, with the text that the others got; None for the one
        that was sent.
        """
        self._emit(
            Said(
                self._nickname.current,
                message.target,
                message.text if text is None else text,
                message.kind,
                own=True,
                msgid=msgid,
                time=time,
                reply_to=reply_to,
                request=message.request,
            )
        )

    def refuse(self, message: PendingMessage, code: str, reason: str) -> None:
        """Report that a message was not delivered."""
        self._emit(MessageRefused(message.target, message.text, code, reason, message.request))

    def passed(self, key: str) -> None:
        """Settle the messages up to the one with this key: the server has answered the PING behind
        it.
        """
        for message in self.pending.take_through(key):
            if self._negotiation.echo:
                self._emit(MessageUnconfirmed(message.target, message.text, message.request))
            else:
                self.confirm(message)

    def end(self, *, returns: bool) -> None:
        """Report the messages that the end of the connection leaves unconfirmed.

        Args:
            returns: whether another connection may find out what became of them.
        """
        for message in self.pending.take_all():
            if (
                returns
                and self._negotiation.history
                and self._channels.get(message.target) is not None
            ):
                self._sync_state.unconfirmed.append(
                    UnconfirmedMessage(
                        self._nickname.current,
                        message.target,
                        message.text,
                        message.kind,
                        message.request,
                    )
                )
                self._emit(DeliveryUnknown(message.target, message.text))
            else:
                self._emit(MessageUnconfirmed(message.target, message.text, message.request))

    def _is_target(self, target: str) -> Callable[[str], bool]:
        return lambda other: self._features.same(target, other)

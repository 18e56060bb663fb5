"""The client's side of the IRC protocol on one connection, without input or output.

`receive` takes a message from the server; `take_lines` and `take_events` return the lines to be
sent and the events to be reported that it has led to. Requests of the user, such as `join` and
`messages.say`, do the same. So every rule of the client can be tested with plain values, and
`session` adds only a stream, tasks and time.
"""

from trio_chat.client.session.handlers.dispatch import handle
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc import tag_names
from trio_chat.irc.message import Message


class ClientProtocol(ProtocolState):
    """The protocol on one connection; see `ProtocolState` for its arguments."""

    def receive(self, message: Message) -> None:
        """Process one message from the server."""
        if tag_names.TIME in message.tags and tag_names.BATCH not in message.tags:
            self.clock = message.tags[tag_names.TIME]
        if "!" in message.source and self.is_me(message.nick):
            self.nickname.source = message.source
        handle(self, message)

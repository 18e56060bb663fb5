"""Handler of TOKEN (IRCv3 `draft/authtoken`)."""

from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc.message import Message


@handles("TOKEN", params=3)
def _token(protocol: ProtocolState, message: Message) -> None:
    if message.params[0].upper() == "GENERATE":
        protocol.upload_tokens.answered(message.params[-1])

"""Handlers of the connection: capabilities, registration, PING and PONG, the end."""

from trio_chat.client.session import ping_tokens
from trio_chat.client.session.events import Connected, ServerText
from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc import numerics
from trio_chat.irc.message import Message, is_middle


@handles("CAP")
def _cap(protocol: ProtocolState, message: Message) -> None:
    answers = protocol.negotiation.receive(message.params)
    if protocol.upgrade_port:
        return
    for answer in answers:
        protocol.put(answer)
    if protocol.negotiation.login_due:
        protocol.negotiation.login_due = False
        protocol.authentication.log_in_at_once()


@handles(numerics.RPL_WELCOME, params=1)
def _welcome(protocol: ProtocolState, message: Message) -> None:
    nick = message.params[0]
    protocol.nickname.registered(nick if is_middle(nick) else "")
    protocol.senders.server = message.source
    protocol.emit(Connected(protocol.nick))
    if protocol.sync_state.away:  # before others see the user come into a channel
        protocol.set_away(protocol.sync_state.away)
    protocol.join_first_channels()


@handles(numerics.RPL_ISUPPORT, params=2)
def _isupport(protocol: ProtocolState, message: Message) -> None:
    protocol.features.read(message.params[1:-1])
    protocol.mark_as_bot()


@handles("PING")
def _ping(protocol: ProtocolState, message: Message) -> None:
    protocol.send("PONG", *message.params)


@handles("PONG", params=1)
def _pong(protocol: ProtocolState, message: Message) -> None:
    token = message.params[-1]
    if token == ping_tokens.READY:
        protocol.check_ready(answered=True)
    elif token == ping_tokens.SETTLED:
        protocol.settled = True
    elif token == ping_tokens.LAG:
        protocol.lag_answered = True
    else:
        protocol.history.passed(token)
        protocol.messages.passed(token)


@handles("ERROR")
def _closing(protocol: ProtocolState, message: Message) -> None:
    protocol.error = message.params[-1] if message.params else ""


@handles("CHGHOST", params=2)
def _other_host(protocol: ProtocolState, message: Message) -> None:
    """Note the new address of this client: the room for text in one line depends on it."""
    if protocol.is_me(message.nick):
        user, host = message.params[:2]
        protocol.nickname.source = f"{message.nick}!{user}@{host}"


@handles("ACK", "SETNAME", "KILL")
def _silent(protocol: ProtocolState, message: Message) -> None:
    """Show nothing; a label of the message counts."""


@handles(numerics.RPL_MOTD, params=1)
def _motd(protocol: ProtocolState, message: Message) -> None:
    if text := message.params[-1].removeprefix("- ").removeprefix("-").rstrip():
        protocol.emit(ServerText(text))

"""Handlers of accounts: SASL, logins, registrations."""

from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc import numerics
from trio_chat.irc.message import Message


@handles("AUTHENTICATE", params=1)
def _authenticate(protocol: ProtocolState, message: Message) -> None:
    protocol.authentication.challenged(message.params[0])


@handles(numerics.RPL_LOGGEDIN, params=3)
def _logged_in(protocol: ProtocolState, message: Message) -> None:
    protocol.authentication.logged_in(message.params[2])
    protocol.request_levels()


@handles(numerics.RPL_LOGGEDOUT, params=1)
def _logged_out(protocol: ProtocolState, message: Message) -> None:
    protocol.authentication.logged_out()


@handles(numerics.RPL_SASLSUCCESS, params=1)
def _sasl_success(protocol: ProtocolState, message: Message) -> None:
    protocol.authentication.finished()


@handles(
    numerics.ERR_NICKLOCKED,
    numerics.ERR_SASLFAIL,
    numerics.ERR_SASLTOOLONG,
    numerics.ERR_SASLABORTED,
    numerics.ERR_SASLALREADY,
    numerics.RPL_SASLMECHS,
    params=1,
)
def _sasl_failure(protocol: ProtocolState, message: Message) -> None:
    protocol.authentication.refused_mechanism(message.command, message.params[-1])


@handles("ACCOUNT", params=1)
def _account(protocol: ProtocolState, message: Message) -> None:
    if protocol.is_me(message.nick):
        protocol.authentication.changed(message.params[0])


@handles("REGISTER", "VERIFY", params=3)
def _register(protocol: ProtocolState, message: Message) -> None:
    word, account, text = message.params[0].upper(), message.params[1], message.params[-1]
    if word == "SUCCESS":
        protocol.authentication.registered(account)
    elif word == "VERIFICATION_REQUIRED":
        protocol.authentication.must_verify(account, text)

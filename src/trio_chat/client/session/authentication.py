"""Accounts on one connection: logging in and registering, and what the server answers.

Where the server knows neither SASL nor draft/account-registration, NickServ is asked, as people
have done since there have been accounts; such a message is never shown, nor is its echo.
"""

from enum import Enum
from typing import TYPE_CHECKING

from trio_chat.client.session.events import (
    AccountRefused,
    LoggedIn,
    LoggedOut,
    MustVerify,
    Registered,
)
from trio_chat.client.session.handlers import handles
from trio_chat.client.session.sasl import (
    ChallengeBuffer,
    LoginCredentials,
    Mechanism,
    SaslError,
    chunks,
    mechanisms,
)
from trio_chat.irc import numerics
from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.protocol import ClientProtocol

NICKSERV = "NickServ"
_NOT_ENCRYPTED = "NOT_ENCRYPTED"


class AccountRequest(Enum):
    """What the server has been asked for."""

    NOTHING = "nothing"
    LOGIN = "login"
    REGISTRATION = "registration"


class Authentication:
    """Our account on one connection.

    Args:
        protocol: where to ask and tell.
        credentials: what to log in with at once, if anything.
    """

    def __init__(self, protocol: "ClientProtocol", credentials: LoginCredentials | None) -> None:
        self.account = ""
        self.pending_request = AccountRequest.NOTHING
        self._protocol = protocol
        self._credentials = credentials
        self._mechanisms: list[Mechanism] = []
        self._mechanism: Mechanism | None = None
        self._challenges = ChallengeBuffer()
        self._is_talking = False
        self._expects_failure = False
        self._asked_nickserv = False
        self._secrets: list[str] = []

    # What the user wants

    def log_in_at_once(self) -> None:
        """Log in with what was known before the connection."""
        if self._credentials:
            self.log_in(self._credentials)

    def log_in(self, credentials: LoginCredentials) -> None:
        """Log in, by SASL where the server knows it."""
        self._credentials, self.pending_request = credentials, AccountRequest.LOGIN
        negotiation = self._protocol.negotiation
        if "sasl" not in negotiation.enabled:
            self._identify()
            return
        self._mechanisms = mechanisms(
            negotiation.value("sasl"), credentials, may_tell=self._may_tell
        )
        self._try_next("" if self._may_tell else _NOT_ENCRYPTED)

    @property
    def _may_tell(self) -> bool:
        """Whether the password itself may be sent: a stored one only over a private connection."""
        return (
            self._protocol.is_private or self._credentials is None or not self._credentials.is_kept
        )

    def register(self, credentials: LoginCredentials, email: str) -> None:
        """Register an account; its name "" means the nickname."""
        self._credentials, self.pending_request = credentials, AccountRequest.REGISTRATION
        protocol, password = self._protocol, credentials.password
        if "draft/account-registration" in protocol.negotiation.enabled:
            protocol.send("REGISTER", credentials.account or "*", email or "*", password)
        elif credentials.account and not protocol.is_me(credentials.account):
            self.fail("ACCOUNT_NAME_MUST_BE_NICK", "")
        else:
            self._tell_nickserv(f"REGISTER {password} {email}".rstrip(), password)

    def hides(self, target: str, text: str) -> bool:
        """Return whether a message of ours must not be shown."""
        return self._protocol.features.same(target, NICKSERV) and text in self._secrets

    # What comes in

    def challenged(self, piece: str) -> None:
        """Answer the server's part of the mechanism."""
        if self._mechanism is None:
            return
        try:
            challenge = self._challenges.add(piece)
            if challenge is None:
                return
            self._is_talking, self._expects_failure = True, False
            for chunk in chunks(self._mechanism.answer(challenge)):
                self._protocol.send("AUTHENTICATE", chunk)
        except SaslError:
            self._protocol.send("AUTHENTICATE", "*")

    def logged_in(self, account: str) -> None:
        """Note that we are logged in."""
        is_new, self.account = account != self.account, account
        if is_new and self.pending_request is not AccountRequest.REGISTRATION:
            self._protocol.emit(LoggedIn(account))

    def finished(self) -> None:
        """Go on after a login that went well."""
        self.pending_request, self._mechanism = AccountRequest.NOTHING, None
        self._go_on()

    def registered(self, account: str) -> None:
        """Note that an account is ours."""
        self.account, self.pending_request = account, AccountRequest.NOTHING
        self._protocol.emit(Registered(account))

    def changed(self, account: str) -> None:
        """Note that others are told that we are logged in: all that some servers say to who has
        asked NickServ.
        """
        if self._asked_nickserv and account != "*":
            self.logged_in(account)

    def must_verify(self, account: str, text: str) -> None:
        """Note that the server wants something more before the account is ours."""
        self.pending_request = AccountRequest.NOTHING
        self._protocol.emit(MustVerify(account, text))

    def refused_mechanism(self, code: str, reason: str) -> None:
        """Try the next mechanism when the server does not know this one, or fail."""
        if self._mechanism is None:
            return
        if self._expects_failure and code == numerics.ERR_SASLFAIL:
            self._expects_failure = (
                False  # it belongs to the 908 before it, which we have acted upon
            )
        elif self._is_talking and code != numerics.RPL_SASLMECHS:
            self.fail(code, reason)
        else:
            self._try_next(code, reason)
            self._expects_failure = code == numerics.RPL_SASLMECHS

    def refused_command(self, command: str, reason: str) -> bool:
        """Ask NickServ when the server lets nobody log in by this command now; return whether that
        was so.
        """
        if command != "AUTHENTICATE" or self._mechanism is None:
            return False
        self._mechanism = None
        if self._protocol.registered:
            self._identify()
        else:
            self.fail("", reason)
        return True

    def nobody_there(self, nick: str) -> bool:
        """Say that there are no accounts when there is no NickServ; return whether we had asked for
        it.
        """
        if not self._asked_nickserv or not self._protocol.features.same(nick, NICKSERV):
            return False
        self._asked_nickserv = False
        self.fail("NO_ACCOUNTS", "")
        return True

    def fail(self, code: str, reason: str) -> None:
        """Tell that what was wanted did not come about."""
        account = self._credentials.account if self._credentials else ""
        self.pending_request, self._mechanism = AccountRequest.NOTHING, None
        self._protocol.emit(AccountRefused(account or self._protocol.nick, code, reason))
        self._go_on()

    def end(self) -> None:
        """Tell that a wish was not answered when the connection ended."""
        if self.pending_request is not AccountRequest.NOTHING and self._protocol.registered:
            self.fail("LOST", "")

    def _try_next(self, code: str, reason: str = "") -> None:
        self._challenges, self._is_talking = ChallengeBuffer(), False
        if not self._mechanisms:
            self.fail(code or numerics.RPL_SASLMECHS, reason)
            return
        self._mechanism = self._mechanisms.pop(0)
        self._protocol.send("AUTHENTICATE", self._mechanism.name)

    def _identify(self) -> None:
        if not self._may_tell:
            self.fail(_NOT_ENCRYPTED, "")
        elif self._credentials:
            account, password = self._credentials.account, self._credentials.password
            self._tell_nickserv(f"IDENTIFY {account} {password}", password)

    def _tell_nickserv(self, text: str, password: str) -> None:
        if " " in password:
            self.fail("NO_SPACES", "")
            return
        # Its answer is a sentence for people; only the numeric or ACCOUNT that may follow says what
        # it means.
        self.pending_request, self._asked_nickserv = AccountRequest.NOTHING, True
        self._secrets.append(text)
        self._protocol.send("PRIVMSG", NICKSERV, text)

    def _go_on(self) -> None:
        for message in self._protocol.negotiation.end_login():
            self._protocol.put(message)


@handles("AUTHENTICATE", params=1)
def _authenticate(protocol: "ClientProtocol", message: Message) -> None:
    protocol.authentication.challenged(message.params[0])


@handles(numerics.RPL_LOGGEDIN, params=3)
def _logged_in(protocol: "ClientProtocol", message: Message) -> None:
    protocol.authentication.logged_in(message.params[2])


@handles(numerics.RPL_LOGGEDOUT, params=1)
def _logged_out(protocol: "ClientProtocol", message: Message) -> None:
    protocol.authentication.account = ""
    protocol.emit(LoggedOut())


@handles(numerics.RPL_SASLSUCCESS, params=1)
def _sasl_success(protocol: "ClientProtocol", message: Message) -> None:
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
def _sasl_failure(protocol: "ClientProtocol", message: Message) -> None:
    protocol.authentication.refused_mechanism(message.command, message.params[-1])


@handles("ACCOUNT", params=1)
def _account(protocol: "ClientProtocol", message: Message) -> None:
    if protocol.is_me(message.nick):
        protocol.authentication.changed(message.params[0])


@handles("REGISTER", "VERIFY", params=3)
def _register(protocol: "ClientProtocol", message: Message) -> None:
    word, account, text = message.params[0].upper(), message.params[1], message.params[-1]
    if word == "SUCCESS":
        protocol.authentication.registered(account)
    elif word == "VERIFICATION_REQUIRED":
        protocol.authentication.must_verify(account, text)

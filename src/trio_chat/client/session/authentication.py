"""Authentication on one connection: logging in to an account, and registering one.

Where the server offers neither SASL nor `draft/account-registration`, NickServ is asked, as people
did before these existed; such a message is never shown, nor is its echo.
"""

from enum import Enum

from trio_chat.client.session.effects import Effects
from trio_chat.client.session.events import (
    AccountCreated,
    AccountRefused,
    LoggedIn,
    LoggedOut,
    MustVerify,
)
from trio_chat.client.session.features import Features
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.own_nickname import OwnNickname
from trio_chat.client.session.sasl import (
    ChallengeBuffer,
    LoginCredentials,
    Mechanism,
    SaslBearer,
    SaslError,
    chunks,
    mechanisms,
)
from trio_chat.irc import capability_names, numerics

NICKSERV = "NickServ"
NOT_ENCRYPTED = "NOT_ENCRYPTED"
CODE_REQUIRED = "CODE_REQUIRED"
"""Of FAIL AUTHENTICATE, and of `AccountRefused`."""
ACCOUNT_REQUIRED = "ACCOUNT_REQUIRED"
"""Of FAIL, before registration: the server lets in only those that log in."""
SIGN_ON_OFFERED = "SIGN_ON_OFFERED"
"""Of `AccountRefused`: its reason says where tokens of single sign-on come from."""


class AccountRequest(Enum):
    """What the server has been asked for and has not answered yet."""

    NOTHING = "nothing"
    LOGIN = "login"
    REGISTRATION = "registration"


class Authentication:
    """The account of this client on one connection.

    Args:
        effects: where lines are sent and events are reported.
        negotiation: the capabilities, whose end waits for a login before registration.
        features: of the server.
        nickname: that of this client, which is the name of an account without a name.
        credentials: what to log in with at once, if anything.
        is_private: whether nobody between client and server can read along, or the user has
            accepted that.

    Attributes:
        account: the account that the client is logged in to, "" for none.
        is_private: as given.
    """

    def __init__(
        self,
        effects: Effects,
        negotiation: Negotiation,
        features: Features,
        nickname: OwnNickname,
        credentials: LoginCredentials | None,
        *,
        is_private: bool,
    ) -> None:
        self.account = ""
        self._effects = effects
        self._negotiation = negotiation
        self._features = features
        self._nickname = nickname
        self._credentials = credentials
        self.is_private = is_private
        self._pending = AccountRequest.NOTHING
        self._mechanisms: list[Mechanism] = []
        self._mechanism: Mechanism | None = None
        self._challenges = ChallengeBuffer()
        self._is_talking = False
        self._expects_failure = False
        self._asked_nickserv = False
        self._secrets: list[str] = []

    # Requests of the user

    def log_in_at_once(self) -> None:
        """Log in with the credentials that were known before the connection, if any."""
        if self._credentials:
            self.log_in(self._credentials)

    @property
    def credentials(self) -> LoginCredentials | None:
        """The account and the password of the last login, if they are known."""
        return self._credentials

    def log_in(self, credentials: LoginCredentials) -> None:
        """Log in, by SASL where the server offers it."""
        self._credentials, self._pending = credentials, AccountRequest.LOGIN
        if capability_names.SASL not in self._negotiation.enabled:
            self._identify()
            return
        self._mechanisms = mechanisms(
            self._negotiation.value(capability_names.SASL),
            credentials,
            may_send_password=self._may_send_password,
        )
        self._try_next("" if self._may_send_password else NOT_ENCRYPTED)

    @property
    def _may_send_password(self) -> bool:
        """Whether the password itself may be sent: a stored one only over a private connection."""
        return self.is_private or self._credentials is None or not self._credentials.is_kept

    def log_out(self) -> None:
        """Log out, by NickServ: IRC has no command for it."""
        self._credentials = None
        self._put_to_nickserv("LOGOUT")

    def register(self, credentials: LoginCredentials, email: str) -> None:
        """Register an account; its name "" means the nickname."""
        self._credentials, self._pending = credentials, AccountRequest.REGISTRATION
        account, password = credentials.account, credentials.password
        if capability_names.ACCOUNT_REGISTRATION in self._negotiation.enabled:
            self._effects.send("REGISTER", account or "*", email or "*", password)
        elif account and not self._nickname.is_me(account):
            self.fail("ACCOUNT_NAME_MUST_BE_NICK", "")
        else:
            self._send_to_nickserv(f"REGISTER {password} {email}".rstrip(), password)

    def hides(self, target: str, text: str) -> bool:
        """Return whether a message of this client contains a password and must not be shown."""
        return self._features.same(target, NICKSERV) and text in self._secrets

    # Answers of the server

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
                self._effects.send("AUTHENTICATE", chunk)
        except SaslError:
            self._effects.send("AUTHENTICATE", "*")

    def logged_in(self, account: str) -> None:
        """Note that the client is logged in."""
        is_new, self.account = account != self.account, account
        is_asked = self._pending is AccountRequest.LOGIN  # perhaps again, with a code
        if is_asked or (is_new and self._pending is not AccountRequest.REGISTRATION):
            self._effects.report(LoggedIn(account))

    def logged_out(self) -> None:
        """Note that the client is logged in to no account any longer."""
        self.account = ""
        self._effects.report(LoggedOut())

    def finished(self) -> None:
        """Go on after a successful login."""
        self._pending, self._mechanism = AccountRequest.NOTHING, None
        self._end_negotiation()

    def registered(self, account: str) -> None:
        """Note that an account is that of the user."""
        self.account, self._pending = account, AccountRequest.NOTHING
        self._effects.report(AccountCreated(account))

    def changed(self, account: str) -> None:
        """Note that the server informs others of the login (IRCv3 account-notify): some servers
        send nothing else to a client that has asked NickServ.
        """
        if self._asked_nickserv and account != "*":
            self.logged_in(account)

    def must_verify(self, account: str, text: str) -> None:
        """Note that the server requires another step before the account is that of the user."""
        self._pending = AccountRequest.NOTHING
        self._effects.report(MustVerify(account, text))

    def refused_mechanism(self, code: str, reason: str) -> None:
        """Try the next mechanism when the server does not know this one, or fail."""
        if self._mechanism is None:
            return
        if self._expects_failure and code == numerics.ERR_SASLFAIL:
            self._expects_failure = False  # it belongs to the RPL_SASLMECHS before it
        elif isinstance(self._mechanism, SaslBearer) and self._mechanism.offer:
            self._report_offer(self._mechanism.offer)
        elif self._is_talking and code != numerics.RPL_SASLMECHS:
            self.fail(code, reason)
        else:
            self._try_next(code, reason)
            self._expects_failure = code == numerics.RPL_SASLMECHS

    def refused_command(self, command: str, reason: str) -> bool:
        """Ask NickServ when the server does not take AUTHENTICATE now; return whether that was the
        command.
        """
        if command != "AUTHENTICATE" or self._mechanism is None:
            return False
        self._mechanism = None
        if self._nickname.is_registered:
            self._identify()
        else:
            self.fail("", reason)
        return True

    def no_such_nick(self, nick: str) -> bool:
        """Report that the server has no accounts when there is no NickServ; return whether it was
        asked.
        """
        if not self._asked_nickserv or not self._features.same(nick, NICKSERV):
            return False
        self._asked_nickserv = False
        self.fail("NO_ACCOUNTS", "")
        return True

    def fail(self, code: str, reason: str) -> None:
        """Report that the server did not do what it was asked for."""
        credentials = self._credentials
        account = credentials.account if credentials else ""
        if not (credentials and credentials.is_token):  # whose account only the server knows
            account = account or self._nickname.current
        self._pending, self._mechanism = AccountRequest.NOTHING, None
        self._effects.report(AccountRefused(account, code, reason))
        self._end_negotiation()

    def _report_offer(self, offer: str) -> None:
        """Report where tokens come from; the registration waits, as this connection is to end."""
        self._pending, self._mechanism = AccountRequest.NOTHING, None
        self._effects.report(AccountRefused("", SIGN_ON_OFFERED, offer))

    def must_give_code(self, reason: str) -> None:
        """Report that the password is right, and that the account asks for a code, too."""
        if self._pending is AccountRequest.LOGIN:
            self.fail(CODE_REQUIRED, reason)

    def end(self) -> None:
        """Report a request that was not answered when the connection ended."""
        if self._pending is not AccountRequest.NOTHING and self._nickname.is_registered:
            self.fail("LOST", "")

    def _try_next(self, code: str, reason: str = "") -> None:
        self._challenges, self._is_talking = ChallengeBuffer(), False
        if not self._mechanisms:
            self.fail(code or numerics.RPL_SASLMECHS, reason)
            return
        self._mechanism = self._mechanisms.pop(0)
        self._effects.send("AUTHENTICATE", self._mechanism.name)

    def _identify(self) -> None:
        if not self._may_send_password:
            self.fail(NOT_ENCRYPTED, "")
        elif self._credentials and self._credentials.is_token:
            self.fail(numerics.RPL_SASLMECHS, "")
        elif self._credentials:
            account, password = self._credentials.account, self._credentials.password
            self._send_to_nickserv(f"IDENTIFY {account} {self._credentials.proof}", password)

    def _send_to_nickserv(self, text: str, password: str) -> None:
        if " " in password:
            self.fail("NO_SPACES", "")
            return
        # NickServ answers with a sentence for people; only a numeric or ACCOUNT that may follow is
        # for programs.
        self._pending, self._asked_nickserv = AccountRequest.NOTHING, True
        self._put_to_nickserv(text)

    def _put_to_nickserv(self, text: str) -> None:
        self._secrets.append(text)  # its echo is not shown
        self._effects.send("PRIVMSG", NICKSERV, text)

    def _end_negotiation(self) -> None:
        for message in self._negotiation.end_login():
            self._effects.put(message)

"""The login of the user: asking for a password, logging in on this and every later connection, and
storing the password if the user wants that.

A password comes from a question on a terminal or from the keyring, is held here in memory, and is
sent to the server only. The password of an operator of the server is used once, and not stored; so
is the code of an authenticator, for which an app password stands from then on.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

import trio

from trio_chat.client.link.app_password import REQUEST, OwnAppPassword
from trio_chat.client.link.keyring import PasswordStore
from trio_chat.client.session.authentication import CODE_REQUIRED, NOT_ENCRYPTED
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.session.session import ClientSession
from trio_chat.client.sign_on.source import TokenSource
from trio_chat.i18n import _
from trio_chat.irc import numerics
from trio_chat.irc.text import clean

_YES = frozenset(("y", "yes", "д", "да"))
_NO = frozenset(("", "n", "no", "н", "нет"))
_PASSING = (
    "LOST",
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    NOT_ENCRYPTED,
    numerics.ERR_SASLABORTED,
)
"""Refusals that say nothing of the password."""


class LoginHost(Protocol):
    """The client, as this flow needs it."""

    @property
    def nick(self) -> str:
        """The nickname of the user."""

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""

    async def ask(self) -> None:
        """Show that there is a question, or none any longer."""

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Call a function with the protocol as soon as there is a connection."""

    async def do_now(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Call a function with the protocol, also before registration."""


class LoginQuestion(NamedTuple):
    """A question to the user.

    Args:
        text: the question.
        answer: takes the answer; returns False when the line is for the chat.
        secret: whether the answer must not be shown.
    """

    text: str
    answer: Callable[[str], Awaitable[bool]]
    secret: bool = True


class LoginFlow:
    """The account of one run of the client.

    Args:
        client: shows questions, and calls the protocol.
        passwords: where passwords are stored; None for nowhere.
        can_ask: whether a person is there who can type a password.
        tokens: has the tokens of single sign-on; None if passwords log in.

    Attributes:
        question: the current question, None for none.
        can_ask: as given.
    """

    def __init__(
        self,
        client: LoginHost,
        passwords: PasswordStore | None,
        *,
        can_ask: bool,
        tokens: TokenSource | None = None,
    ) -> None:
        self.question: LoginQuestion | None = None
        self._client = client
        self._credentials: LoginCredentials | None = None
        self._app_password = OwnAppPassword(client.do)
        self._passwords = passwords
        self.can_ask = can_ask
        self._tokens = tokens
        self._tried: LoginCredentials | None = None
        self._has_loaded = False
        self._may_offer = can_ask
        self._first: trio.Event | None = None
        self._given = ""

    @property
    def credentials(self) -> LoginCredentials | None:
        """What to log in with on each connection, None for nothing."""
        return self._app_password.credentials or self._credentials

    async def load(self, nick: str) -> None:
        """Look up once whether a password is stored for this server. Get a token for each
        connection instead, if single sign-on is wanted: that can take until the user has logged in
        in a browser.
        """
        if self._tokens is not None:
            self._credentials = await self._tokens.load(self._client.tell)
            return
        if not self._has_loaded and self._passwords:
            self._has_loaded = True
            self._credentials = await self._passwords.load(nick)

    def sign_on_offered(self, offer: str) -> None:
        """Note where the server says that tokens come from."""
        if self._tokens is not None:
            self._tokens.offered(offer)

    async def log_in(self, account: str) -> None:
        """Ask for the password of an account ("" means the nickname), then log in."""
        if await self._is_refused():
            return
        account = account or self._client.nick
        await self._ask(
            _("Password of {account}: ").format(account=clean(account)),
            partial(self._log_in, account),
        )

    @property
    def can_log_in_first(self) -> bool:
        """Whether a person is there who can be asked for account and password."""
        return self.can_ask and self._tokens is None

    async def log_in_first(self) -> bool:
        """Ask for an account on a server that lets nobody in without one; return whether there is
        one to connect with.
        """
        self._first, self._given = trio.Event(), ""
        try:
            if self.question is None:  # it may be for the code of the account that was tried
                await self._ask_for_account()
            await self._first.wait()
        finally:
            self._first = None
        return bool(self._given)

    async def ask_for_server_password(self) -> str:
        """Ask for the password of the server; return "" if none is given."""
        self._first, self._given = trio.Event(), ""
        try:
            await self._ask(_("Password of the server: "), self._take_server_password)
            await self._first.wait()
        finally:
            self._first = None
        given, self._given = self._given, ""
        return given

    async def log_out(self, session: ClientSession | None) -> None:
        """Log out of the account, and in to none on later connections; a password that is stored is
        used by the next run.

        Args:
            session: that of the current connection; None without one.
        """
        if session is not None:
            await self._app_password.revoke(session)
        self._app_password.forget()
        self._credentials = self._tried = self._tokens = None
        self._has_loaded = True
        await self._client.do("/logout", lambda protocol: protocol.authentication.log_out())

    async def register(self, account: str, email: str) -> None:
        """Ask for a password twice, then register an account with it."""
        if await self._is_refused():
            return
        name = clean(account or self._client.nick)
        text = _("A password for the new account {account}: ").format(account=name)
        await self._ask(text, partial(self._repeat, account, email))

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server; a password "" is asked for."""
        if password:
            await self._become_operator(name, password)
            await self._client.ask()  # no question follows: the next line is for the chat
        elif not await self._is_refused():
            await self._ask(
                _("Password of the operator {name}: ").format(name=clean(name)),
                partial(self._become_operator, name),
            )

    async def answer(self, line: str) -> bool:
        """Take the answer to the question; return False when the line is for the chat."""
        question, self.question = self.question, None
        if question is None:
            return False
        # The prompt must not go on asking: a password typed once more would be sent as a message.
        await self._client.ask()
        if question.secret and not line:
            await self._client.tell(_("Nothing was done."))
            if self._first is not None:
                self._first.set()
            return True
        return await question.answer(line)

    async def succeeded(self, account: str) -> None:
        """Use the accepted credentials from now on, and ask once whether to store them."""
        tried, self._tried = self._tried, None
        if tried is None:
            return
        self._credentials = LoginCredentials(account, tried.password, is_kept=tried.is_kept)
        await self._app_password.logged_in(account, has_code=bool(tried.code))
        if (
            self._may_offer
            and not tried.is_kept
            and self._passwords
            and await self._passwords.are_available()
        ):
            self._may_offer = False
            await self._ask(
                _("Keep this password in the keyring of this computer? [y/N] "),
                self._keep,
                secret=False,
            )

    async def refused(self, code: str, reason: str = "") -> bool:
        """Forget the credentials that the server has refused, or ask for what they lack; return
        whether the user has to know of the refusal.

        Args:
            code: why; see `AccountRefused`.
            reason: the words of the server.
        """
        refused, self._tried = self._tried or self.credentials, None
        if refused is not None and refused is self._app_password.credentials:
            return await self._app_password_refused(code)
        is_wrong_code = code == numerics.ERR_SASLFAIL and refused is not None and bool(refused.code)
        if refused is not None and self.can_ask and (code == CODE_REQUIRED or is_wrong_code):
            if is_wrong_code:
                text = _(
                    "The code is not accepted: it may be wrong, too old or used already. Enter"
                    " alone ends the login. The server says: {reason}"
                )
                await self._client.tell(text.format(reason=clean(reason)), error=True)
            account = clean(refused.account or self._client.nick)
            await self._ask(
                _("Code of the authenticator for {account}: ").format(account=account),
                partial(self._give_code, refused),
            )
            return not is_wrong_code
        if refused is self._credentials:
            self._credentials = None
        return True

    async def _app_password_refused(self, code: str) -> bool:
        """Log in by the password of the account, for which the server asks for another code."""
        if code in _PASSING:
            return True
        self._app_password.forget()
        text = _("The server does not take the login that this client has kept any longer.")
        await self._client.tell(text, error=True)
        self._tried = tried = self._credentials
        if tried is not None:
            await self._client.do("", lambda protocol: protocol.authentication.log_in(tried))
        return False

    async def answered(self, request: int, lines: Sequence[str]) -> bool:
        """Take an answer of NickServ; return whether it was to a question of this flow."""
        await trio.lowlevel.checkpoint()
        if request != REQUEST:
            return False
        if problem := self._app_password.answered(lines):
            text = _("This client will ask for a code whenever it reconnects. {reason}")
            await self._client.tell(text.format(reason=clean(problem)), error=True)
        return True

    async def leaves(self, session: ClientSession) -> None:
        """Have the server forget the app password of this client, which leaves."""
        await self._app_password.revoke(session)

    async def _give_code(self, credentials: LoginCredentials, code: str) -> bool:
        await self._try(replace(credentials, code="".join(code.split())))
        return True

    async def _is_refused(self) -> bool:
        await trio.lowlevel.checkpoint()
        if not self.can_ask:
            await self._client.tell(_("A password can be typed on a terminal only."), error=True)
        return not self.can_ask

    async def _ask(
        self, text: str, answer: Callable[[str], Awaitable[bool]], *, secret: bool = True
    ) -> None:
        self.question = LoginQuestion(text, answer, secret)
        await self._client.ask()

    async def _log_in(self, account: str, password: str) -> bool:
        await self._try(LoginCredentials(account, password))
        return True

    async def _try(self, tried: LoginCredentials) -> None:
        self._tried = tried
        if self._first is not None:
            self._credentials = tried  # the next connection begins with it
            self._given = tried.password
            self._first.set()
            return
        await self._client.do_now(
            f"/login {tried.account}", lambda protocol: protocol.authentication.log_in(tried)
        )

    async def _take_server_password(self, password: str) -> bool:
        await trio.lowlevel.checkpoint()
        self._given = password
        if self._first is not None:
            self._first.set()
        return True

    async def _ask_for_account(self) -> None:
        text = _("Your account [{account}]: ").format(account=clean(self._client.nick))
        await self._ask(text, self._name_account, secret=False)

    async def _name_account(self, line: str) -> bool:
        if line.strip() == "exit" or line.startswith("/"):
            await self._ask_for_account()
            return False
        await self.log_in(line.strip())
        return True

    async def _become_operator(self, name: str, password: str) -> bool:
        await self._client.do(
            f"/oper {name}", lambda protocol: protocol.send("OPER", name, password)
        )
        return True

    async def _repeat(self, account: str, email: str, password: str) -> bool:
        await self._ask(
            _("The same password again: "), partial(self._register, account, email, password)
        )
        return True

    async def _register(self, account: str, email: str, password: str, again: str) -> bool:
        if again != password:
            await self._client.tell(
                _("These were two different passwords. Nothing was done."), error=True
            )
            return True
        self._tried = tried = LoginCredentials(account, password)
        await self._client.do_now(
            "/register", lambda protocol: protocol.authentication.register(tried, email)
        )
        return True

    async def _keep(self, line: str) -> bool:
        word = line.strip().lower()
        if word in _YES and self._passwords and self._credentials:
            if await self._passwords.save(self._credentials):
                await self._client.tell(_("The password is kept."))
            else:
                await self._client.tell(_("The password could not be kept."), error=True)
        # A user who was typing when the question came did not type an answer.
        return word in _YES or word in _NO

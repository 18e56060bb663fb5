"""Asking for a password, logging in with it now and on every later connection, and keeping it if
the user wants that.

The password of an operator of the server is used once, and not kept.

A password comes from a question on a terminal or from the keyring, is held here in memory, and goes
nowhere but to the server.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple, Protocol

import trio

from trio_chat.client.link.keyring import PasswordStore
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_YES = frozenset(("y", "yes", "д", "да"))
_NO = frozenset(("", "n", "no", "н", "нет"))


class LoginHost(Protocol):
    """What this needs of the client."""

    @property
    def nick(self) -> str:
        """Our nickname."""

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""

    async def ask(self) -> None:
        """Show the question that there is now, or that there is none."""

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Have something done as soon as there is a connection."""

    async def do_now(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Have something done even before the server has let us in."""


class LoginQuestion(NamedTuple):
    """A question; `answer` returns False for a line that is none to it."""

    text: str
    answer: Callable[[str], Awaitable[bool]]
    secret: bool = True


class LoginFlow:
    """The account of one run of the client.

    Args:
        client: who asks and connects.
        passwords: where passwords are kept; None for nowhere.
        can_ask: whether somebody is there who can be asked.
    """

    def __init__(
        self, client: LoginHost, passwords: PasswordStore | None, *, can_ask: bool
    ) -> None:
        self.credentials: LoginCredentials | None = None
        self.question: LoginQuestion | None = None
        self._client = client
        self._passwords = passwords
        self._can_ask = can_ask
        self._tried: LoginCredentials | None = None
        self._has_loaded = False
        self._may_offer = can_ask

    async def load(self, nick: str) -> None:
        """Look once whether a password is kept for this server."""
        if not self._has_loaded and self._passwords:
            self._has_loaded = True
            self.credentials = await self._passwords.load(nick)

    async def log_in(self, account: str) -> None:
        """Ask for the password of an account ("" means the nickname), then log in."""
        if await self._is_refused():
            return
        account = account or self._client.nick
        await self._ask(
            _("Password of {account}: ").format(account=clean(account)),
            partial(self._log_in, account),
        )

    async def register(self, account: str, email: str) -> None:
        """Ask for a password twice, then register an account with it."""
        if await self._is_refused():
            return
        name = clean(account or self._client.nick)
        text = _("A password for the new account {account}: ").format(account=name)
        await self._ask(text, partial(self._repeat, account, email))

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server, with a password that is asked for if it is not
        given.
        """
        if password:
            await self._become_operator(name, password)
            await self._client.ask()  # what is typed next is for the chat
        elif not await self._is_refused():
            await self._ask(
                _("Password of the operator {name}: ").format(name=clean(name)),
                partial(self._become_operator, name),
            )

    async def answer(self, line: str) -> bool:
        """Take the answer to the question; return False when the line is none, so that it counts as
        any other.
        """
        question, self.question = self.question, None
        if question is None:
            return False
        await (
            self._client.ask()
        )  # the prompt must not go on asking: a password typed once more would be a message
        if question.secret and not line:
            await self._client.tell(_("Nothing was done."))
            return True
        return await question.answer(line)

    async def succeeded(self, account: str) -> None:
        """Go on using what the server has accepted, and ask once whether to keep it."""
        tried, self._tried = self._tried, None
        if tried is None:
            return
        self.credentials = LoginCredentials(account, tried.password)
        if self._may_offer and self._passwords and await self._passwords.are_available():
            self._may_offer = False
            await self._ask(
                _("Keep this password in the keyring of this computer? [y/N] "),
                self._keep,
                secret=False,
            )

    def refused(self) -> None:
        """Forget what the server did not accept."""
        if self._tried is None:
            self.credentials = None
        self._tried = None

    async def _is_refused(self) -> bool:
        await trio.lowlevel.checkpoint()
        if not self._can_ask:
            await self._client.tell(_("A password can be typed on a terminal only."), error=True)
        return not self._can_ask

    async def _ask(
        self, text: str, answer: Callable[[str], Awaitable[bool]], *, secret: bool = True
    ) -> None:
        self.question = LoginQuestion(text, answer, secret)
        await self._client.ask()

    async def _log_in(self, account: str, password: str) -> bool:
        self._tried = tried = LoginCredentials(account, password)
        await self._client.do_now(
            f"/login {account}", lambda protocol: protocol.authentication.log_in(tried)
        )
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
        if word in _YES and self._passwords and self.credentials:
            if await self._passwords.save(self.credentials):
                await self._client.tell(_("The password is kept."))
            else:
                await self._client.tell(_("The password could not be kept."), error=True)
        # Who was typing when the question came did not mean it as an answer.
        return word in _YES or word in _NO

"""The app password of one run of the client. A code of an authenticator counts once, so after a
login with one the client has the server make an app password, with which it reconnects.

It is in memory alone, is made and used where nobody can read along, and is revoked when the user
leaves. It expires, since a client that crashes revokes nothing.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence

from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.session.session import ClientSession, NotConnectedError
from trio_chat.irc.app_passwords import has_form

REQUEST = 0
"""The number of the questions to NickServ; those of bots begin with 1."""
_LASTS = "30d"


class OwnAppPassword:
    """The app password of this client.

    Args:
        do: calls a function with the protocol, as soon as there is a connection.

    Attributes:
        credentials: what to log in with; None without an app password.
    """

    def __init__(
        self, do: Callable[[str, Callable[[ClientProtocol], None]], Awaitable[None]]
    ) -> None:
        self.credentials: LoginCredentials | None = None
        self._do = do
        self._account = self._name = ""
        self._is_awaited = False

    async def logged_in(self, account: str, *, has_code: bool) -> None:
        """Have an app password made after a login with a code, unless there is one.

        Args:
            account: the account.
            has_code: whether a code was given besides the password of the account.
        """
        if account != self._account:
            self.forget()
        self._account = account
        if has_code and not self._name:
            self._name = f"terminal-{secrets.token_hex(4)}"
            await self._do("", self._ask)

    def _ask(self, protocol: ClientProtocol) -> None:
        login = protocol.authentication
        if self._name and login.account == self._account and login.is_private:
            self._is_awaited = True
            protocol.services.ask(REQUEST, "NICKSERV", "APPPASSWORD", "ADD", self._name, _LASTS)

    def answered(self, lines: Sequence[str]) -> str:
        """Take an answer of NickServ; return why it makes no app password, "" if it does."""
        if not self._is_awaited:  # the one that was revoked
            return ""
        words = (word for line in lines for word in line.split())
        made = next(filter(has_form, words), "")
        self._is_awaited = False
        if made:
            self.credentials = LoginCredentials(self._account, made, is_kept=True)
            return ""
        self._name = ""
        return " ".join(lines)

    def forget(self) -> None:
        """Log in with it no longer."""
        self.credentials, self._name, self._is_awaited = None, "", False

    async def revoke(self, session: ClientSession) -> None:
        """Have the server forget it, if this session can do that."""
        name, known = self._name, self.credentials
        self.forget()
        if known is None or session.protocol.authentication.account != self._account:
            return
        try:
            await session.do(
                lambda protocol: protocol.services.ask(
                    REQUEST, "NICKSERV", "APPPASSWORD", "DEL", name
                )
            )
        except NotConnectedError:
            return  # it expires

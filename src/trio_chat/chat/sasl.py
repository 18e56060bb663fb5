"""SASL over AUTHENTICATE (IRCv3 `sasl-3.1`): chunks of base64, and one exchange for each mechanism.

An exchange takes the client's messages one after the other. It returns a challenge or the
authenticated account, or fails. It gives no reason: a wrong password and an account that does not
exist look the same.
"""

import base64
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, Protocol

from trio_chat.chat.accounts import Account, Accounts, Login, Origin
from trio_chat.chat.identities import Identity, NotLinked
from trio_chat.chat.second_factors import SCRAM_CANNOT, CodeRequired, SecondFactors
from trio_chat.irc.names import fold_or_self

CHUNK: Final = 400
"""Bytes of base64 in one AUTHENTICATE (IRCv3 sasl-3.1)."""
MAX_MESSAGE: Final = 4096
"""Bytes of base64 that a client may send for one message, unless its mechanism takes more."""
_NOT_FOUND: Final = (
    "no account has your client certificate, or only together with its name; log in in another way,"
    " and say /msg NickServ CERT ADD"
)
_NOT_ADDED: Final = (
    "that account does not have your client certificate; log in in another way, and say"
    " /msg NickServ CERT ADD"
)

PasswordCheck = Callable[[str, str, Origin], Awaitable[Login | None]]
"""Returns the login for the folded name of an account and what was given as its password; see
`authentication.verify_login`.
"""


class SaslStep(NamedTuple):
    """A step of an exchange.

    Args:
        answer: the server's answer, if the exchange goes on.
        login: the login, once the client is authenticated.
        identity: what the client is authenticated as instead, by a provider or a directory.
        authzid: the only account that the identity may log in to, folded; "" for any.
    """

    answer: bytes = b""
    login: Login | None = None
    identity: Identity | None = None
    authzid: str = ""


class SaslFailed(Exception):  # an outcome of the exchange, not a mistake of ours
    """The client has not authenticated.

    Args:
        reason: for the client.
        is_guess: whether it counts as a wrong password.
    """

    def __init__(self, reason: str = "wrong account or password", *, is_guess: bool = True) -> None:
        super().__init__(reason)
        self.is_guess = is_guess


class SaslExchange(Protocol):
    """An exchange of one mechanism."""

    async def take(self, message: bytes) -> SaslStep:
        """Take a message of the client.

        Raises:
            SaslFailed: the authentication failed.
            AccountsError: it cannot be checked at the moment.
            ProviderUnavailable: likewise, as the provider of single sign-on cannot be asked.
            Busy: too many checks for this address are in progress.
            CodeRequired: the password is right, but it needs a code.
        """


class PlainExchange:
    """PLAIN (RFC 4616): the password itself, with a code after it if the account needs one, or an
    app password.

    Args:
        check: checks the password.
        origin: the origin of the passwords.
    """

    def __init__(self, check: PasswordCheck, origin: Origin) -> None:
        self._check = check
        self._origin = origin

    async def take(self, message: bytes) -> SaslStep:
        """Take `[authzid] NUL authcid NUL password`; see `SaslExchange.take`."""
        try:
            authzid, authcid, password = message.decode().split("\0")
        except ValueError as error:  # not UTF-8, or not three parts
            raise SaslFailed from error
        if authzid and fold_or_self(authzid) != fold_or_self(authcid):
            raise SaslFailed  # no account may act for another one
        try:
            login = await self._check(fold_or_self(authcid), password, self._origin)
        except NotLinked as unlinked:
            return SaslStep(identity=unlinked.identity)
        if login is None:
            raise SaslFailed
        return SaslStep(login=login)


class ScramExchange:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677): proves the knowledge of the password, both ways.
    It cannot carry a code, so an account that needs one is refused once the password is proved.

    Args:
        accounts: the port to the accounts.
        origin: the origin of the proofs.
        factors: the accounts that need a code.
    """

    def __init__(self, accounts: Accounts, origin: Origin, factors: SecondFactors) -> None:
        self._accounts = accounts
        self._factors = factors
        self._origin = origin
        self._folded = ""
        self._account: Account | None = None
        self._version = 0
        self._server: Any = None  # scramp has no types
        self._is_proved = False

    async def take(self, message: bytes) -> SaslStep:
        """Take the first message, then the proof, then an empty one; see `SaslExchange.take`."""
        import scramp  # noqa: PLC0415  # only clients with SCRAM need it

        if self._is_proved:
            return SaslStep(login=Login(self._finish()))
        problem: Exception | None = None
        try:
            if self._server is None:
                return SaslStep(await self._first(message.decode()))
            # Others may have been wrong since.
            self._accounts.refuse_guesser(self._folded, self._origin)
            self._check_valid()
            self._server.set_client_final(message.decode())
            answer = self._server.get_server_final().encode()
        except (scramp.ScramException, UnicodeDecodeError) as error:
            problem = error
        if problem is not None:
            await self._accounts.note_wrong(self._folded, self._origin)
            raise SaslFailed from problem
        self._check_needs_no_code()
        self._is_proved = True
        return SaslStep(answer)

    async def _first(self, text: str) -> bytes:
        import scramp  # noqa: PLC0415

        header, flag, authzid, bare = _gs2(text)
        name = next((part[2:] for part in bare.split(",") if part.startswith("n=")), "")
        self._folded = fold_or_self(_unescape(name))
        if authzid and fold_or_self(_unescape(authzid)) != self._folded:
            raise SaslFailed  # no account may act for another one
        self._account = self._accounts.known.get(self._folded)
        if self._account is not None:
            self._version = self._accounts.version(self._account.id)
        keys = await self._accounts.scram_keys(self._folded, self._origin)
        self._server = scramp.ScramMechanism("SCRAM-SHA-256").make_server(
            lambda _name: (keys.salt, keys.stored_key, keys.server_key, keys.iterations)
        )
        self._server.set_client_first(f"{flag},,{bare}")
        if authzid:  # scramp knows no authorization identity, which is part of what is proved
            self._server.gs2_header = _Gs2Header(header)
        return bytes(self._server.get_server_first().encode())

    def _check_valid(self) -> None:
        """Check that the keys, which the client may have held for long, are still those of the
        account.

        Raises:
            SaslFailed: they are not.
        """
        account = self._account
        if account is not None and (
            account.id not in self._accounts.by_id
            or self._accounts.version(account.id) != self._version
        ):
            raise SaslFailed

    def _check_needs_no_code(self) -> None:
        """Check that the password alone logs in to the account.

        Raises:
            CodeRequired: it does not.
        """
        if self._account is not None and self._factors.of(self._account.id) is not None:
            raise CodeRequired(SCRAM_CANNOT)

    def _finish(self) -> Account:
        self._check_valid()
        self._check_needs_no_code()
        if self._account is None:
            raise SaslFailed
        return self._account


class _Gs2Header:
    """The beginning of a client's first message as the client repeats it with its proof; stands in
    for scramp's own.

    Args:
        text: flag and authorization identity, each with a comma behind it (RFC 5802 §7,
            gs2-header).
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def make_cbind_input(self, binding: object) -> bytes:
        """Return the input that the client repeats; there is no channel binding."""
        return self._text.encode()


def _gs2(text: str) -> tuple[str, str, str, str]:
    """Split a client's first message into its GS2 header, the flag and the authorization identity
    in that, and the rest.

    Raises:
        Failed: it has no such header (RFC 5802 §7).
    """
    flag, _, rest = text.partition(",")
    authzid, comma, bare = rest.partition(",")
    if not comma or not (authzid == "" or authzid.startswith("a=")):
        raise SaslFailed
    return f"{flag},{authzid},", flag, authzid.removeprefix("a="), bare


def _unescape(name: str) -> str:
    return name.replace("=2C", ",").replace("=3D", "=")


class ExternalExchange:
    """EXTERNAL (RFC 4422, appendix A): the TLS client certificate of the connection.

    Without a name, only an account that itself presented the certificate matches: any user can add
    the fingerprint of another one's.

    Args:
        accounts: the port to the accounts.
        certificate: the fingerprint of the certificate.
    """

    def __init__(self, accounts: Accounts, certificate: str) -> None:
        self._accounts = accounts
        self._certificate = certificate

    async def take(self, message: bytes) -> SaslStep:
        """Take the name of the account, or nothing; see `SaslExchange.take`."""
        try:
            wanted = message.decode()
        except UnicodeDecodeError as error:
            raise SaslFailed from error
        account = await self._accounts.by_certificate(
            self._certificate, fold_or_self(wanted) if wanted else ""
        )
        if account is None:
            raise SaslFailed(_NOT_ADDED if wanted else _NOT_FOUND)
        return SaslStep(login=Login(account))


class Inbox:
    """Joins the chunks of a message: a chunk shorter than 400 bytes, or `+`, is the last (IRCv3
    `sasl-3.1`).

    Args:
        most: bytes of base64 that a message may have.
    """

    def __init__(self, most: int = MAX_MESSAGE) -> None:
        self._pieces = ""
        self._most = most

    def add(self, piece: str) -> bytes | None:
        """Add a piece; return the message when it is complete, or None.

        Raises:
            OverflowError: the piece is longer than allowed.
            Failed: the message is, or it is not base64.
        """
        if len(piece) > CHUNK:
            raise OverflowError
        if len(self._pieces) + len(piece) > self._most:
            raise SaslFailed
        if piece != "+":
            self._pieces += piece
            if len(piece) == CHUNK:
                return None
        whole, self._pieces = self._pieces, ""
        try:
            return base64.b64decode(whole, validate=True)
        except ValueError as error:  # `binascii.Error`, or a letter that is not in ASCII
            raise SaslFailed from error


class SaslDialogue(NamedTuple):
    """An exchange that goes on, and what joins the chunks of the client's next message."""

    exchange: SaslExchange
    inbox: Inbox


def pieces(message: bytes) -> list[str]:
    """Return a message as the parameters of AUTHENTICATE that carry it."""
    text = base64.b64encode(message).decode()
    cut = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    return cut if cut and len(cut[-1]) < CHUNK else [*cut, "+"]

"""SASL (IRCv3 sasl): mechanisms and the form of their messages, without input or output.

SCRAM-SHA-256 (RFC 7677) is preferred, since the password never leaves this computer; it needs the
package scramp. Every server knows PLAIN (RFC 4616).
"""

import base64
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from trio_chat.irc.app_passwords import has_form

_CHUNK = 400
_LONGEST_CHALLENGE = 16384
_MOST_ITERATIONS = 1_000_000
"""Iterations that a server may demand; deriving a key with so many takes about a second."""


class SaslError(Exception):
    """A challenge is no part of the mechanism, or the server does not know the password."""


@dataclass(frozen=True, slots=True)
class LoginCredentials:
    """An account and its password, which no representation shows.

    Args:
        account: the name of the account; "" means the nickname.
        password: the password.
        is_kept: whether the password was stored, not typed.
        is_token: whether the password is a token of single sign-on; "" asks the server where tokens
            come from.
        code: of the authenticator, or a recovery code; "" for none.
    """

    account: str
    password: str = field(repr=False)
    is_kept: bool = False
    is_token: bool = False
    code: str = field(default="", repr=False)

    @property
    def proof(self) -> str:
        """The password, and the code after it."""
        return f"{self.password} {self.code}" if self.code else self.password


class Mechanism(Protocol):
    """A SASL mechanism, from the client's first message to the server's last one."""

    name: str

    def answer(self, challenge: bytes) -> bytes:
        """Return the answer to a challenge.

        Raises:
            SaslError: when the challenge is no part of the mechanism.
        """


class SaslPlain:
    """RFC 4616: the account and the password in clear text, with the code after it."""

    name = "PLAIN"

    def __init__(self, credentials: LoginCredentials) -> None:
        self._credentials = credentials

    def answer(self, challenge: bytes) -> bytes:
        """Return the account and the password."""
        account, proof = self._credentials.account, self._credentials.proof
        return f"{account}\0{account}\0{proof}".encode("utf-8", "replace")


class SaslScram:
    """RFC 7677, by the package scramp.

    Raises:
        ImportError: when the package is not installed.
        SaslError: when the mechanism does not allow the account or the password, such as one with
            an emoji: it knows the letters of Unicode 3.2 alone (RFC 4013).
    """

    name = "SCRAM-SHA-256"

    def __init__(self, credentials: LoginCredentials) -> None:
        module = importlib.import_module("scramp")
        saslprep = importlib.import_module("scramp.core").saslprep
        self._error: type[Exception] = module.ScramException
        try:
            # Before 1.4.18 the client itself refuses them only when the server has answered.
            for text in (credentials.account, credentials.password):
                saslprep(text)
            self._client: Any = module.ScramClient(
                [self.name], credentials.account, credentials.password
            )
        except (self._error, ValueError) as error:
            raise SaslError from error
        self._step = 0

    def answer(self, challenge: bytes) -> bytes:
        """Return the next message; the last challenge must prove that the server knows the
        password.

        Raises:
            SaslError: when it does not.
        """
        self._step += 1
        try:
            return self._answer(challenge.decode())
        except (self._error, ValueError) as error:
            raise SaslError from error

    def _answer(self, challenge: str) -> bytes:
        if self._step == 1:
            return str(self._client.get_client_first()).encode()
        if self._step == 2:
            _check_iterations(challenge)
            self._client.set_server_first(challenge)
            return str(self._client.get_client_final()).encode()
        self._client.set_server_final(challenge)
        return b""


class SaslBearer:
    """OAUTHBEARER (RFC 7628): a token of single sign-on.

    Attributes:
        offer: what the server has said about where tokens come from, if it was asked; else "".
    """

    name = "OAUTHBEARER"

    def __init__(self, credentials: LoginCredentials) -> None:
        self._token = credentials.password
        self._has_begun = False
        self.offer = ""

    def answer(self, challenge: bytes) -> bytes:
        """Return the token, and then the answer to its refusal, which is a challenge, too."""
        if self._has_begun:
            self.offer = "" if self._token else challenge.decode("utf-8", "replace")
            return b"\x01"
        self._has_begun = True
        auth = f"auth=Bearer {self._token}\x01" if self._token else ""
        return f"n,,\x01{auth}\x01".encode()


def _check_iterations(challenge: str) -> None:
    for part in challenge.split(","):
        name, _, number = part.partition("=")
        if name == "i" and (
            not number.isdigit() or len(number) > 9 or int(number) > _MOST_ITERATIONS
        ):
            raise SaslError


def mechanisms(
    offered: Sequence[str], credentials: LoginCredentials, *, may_send_password: bool = True
) -> list[Mechanism]:
    """Return the mechanisms that both sides know, the best first: for an app password PLAIN, and
    for a code PLAIN alone. A server that names none is taken to know PLAIN.

    Args:
        offered: the mechanisms that the server names.
        credentials: the account and the password.
        may_send_password: whether the password itself may be sent.
    """
    if credentials.is_token:
        may_send = may_send_password and SaslBearer.name in offered
        return [SaslBearer(credentials)] if may_send else []
    known: list[Mechanism] = []
    try:
        if SaslScram.name in offered and not credentials.code:
            known.append(SaslScram(credentials))
    except (ImportError, SaslError):
        pass
    if may_send_password and (SaslPlain.name in offered or not offered):
        known.append(SaslPlain(credentials))
    return known[::-1] if has_form(credentials.password) else known


def chunks(data: bytes) -> list[str]:
    """Return data as the parameters of AUTHENTICATE (IRCv3 sasl-3.1: 400 bytes each, "+" after a
    full one).
    """
    text = base64.b64encode(data).decode()
    parts = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    return parts if parts and len(parts[-1]) < _CHUNK else [*parts, "+"]


class ChallengeBuffer:
    """The parameters of AUTHENTICATE from the server, until they make one challenge."""

    def __init__(self) -> None:
        self._text = ""

    def add(self, piece: str) -> bytes | None:
        """Add a parameter; return the challenge when it is complete.

        Raises:
            SaslError: when it is no base64, or too long.
        """
        self._text += "" if piece == "+" else piece
        if len(self._text) > _LONGEST_CHALLENGE:
            raise SaslError
        if len(piece) == _CHUNK:
            return None
        text, self._text = self._text, ""
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:  # `binascii.Error`, or a character beyond ASCII
            raise SaslError from error

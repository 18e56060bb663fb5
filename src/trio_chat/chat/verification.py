"""Pending verifications: account registrations that wait for the code that was sent by e-mail
(IRCv3 `draft/account-registration`, VERIFY).

They are in memory only and end with the server. A pending verification reserves its name, and
confusable ones, against other registrations. It is not an account yet: no client can log in to it,
and the nickname stays free. Everything is bounded: the number of verifications, of e-mails (also to
one address), the lifetime of a code, and the number of wrong codes.
"""

import base64
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from trio_chat.chat.accounts import Account, Credentials
from trio_chat.chat.confusables import ConfusableIndex

LIFETIME = 3 * 3600
"""Seconds for which a code is valid, and a name is reserved."""
INVITATION_LIFETIME = 600
"""Seconds for which a name is reserved for a client that has shown no invitation yet."""
MOST_LETTERS = 2000
"""The maximum number of e-mails within that time, and so of pending verifications."""
LETTERS_PER_EMAIL = 3
"""The maximum number of these to one address, so that the server cannot be used to flood a
mailbox.
"""
MOST_TRIES = 20
"""The number of wrong codes after which the registration is dropped."""

_CODE_BYTES = 10
_NOTHING = bytes(hashlib.sha256().digest_size)


class Letter(NamedTuple):
    """An e-mail to be sent."""

    to: str
    subject: str
    text: str


class MailError(Exception):
    """No e-mail can be sent at the moment; the message is for the log."""


class MailRefused(MailError):
    """This address does not accept e-mail; another one may."""


class Mail(Protocol):
    """The port that sends e-mails."""

    async def send(self, letter: Letter) -> None:
        """Send an e-mail; return when a mail server has accepted it. If cancelled, it may have been
        sent or not.

        Raises:
            MailRefused: this address takes none.
            MailError: none can be sent.
        """


class VerificationRefused(Exception):
    """The registration cannot begin.

    Args:
        code: of the standard reply.
        text: a sentence for people.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(slots=True, eq=False)
class PendingVerification:
    """A registration that waits for its code, of which only the hash is kept.

    Args:
        account: the future account.
        email: the address to be verified.
        credentials: the hashes of the password.
        digest: the hash of the code.
        until: the end of its lifetime, in seconds of the clock.
        tries: the number of wrong codes that are left.
        invitation: the token of an invitation that is used with the code, or "".
        is_for_invitation: whether it waits for an invitation, and not for a code.
    """

    account: Account
    email: str
    credentials: Credentials = field(repr=False)
    digest: bytes = field(repr=False)
    until: float
    tries: int = MOST_TRIES
    invitation: str = field(default="", repr=False)
    is_for_invitation: bool = False


class Verifications:
    """All pending verifications.

    In a cluster they are those of one server: a letter goes out once, and passwords that nobody has
    confirmed are in no log. So a code counts on the server that has sent it, and two may reserve a
    name: the first account that is created has it.

    Args:
        clock: returns seconds of Unix time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: dict[str, PendingVerification] = {}  # by folded names
        self._confusables = ConfusableIndex()
        # When it ceases to count, and its recipient.
        self._letters: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        self._expire()
        return len(self._pending)

    def holder(self, name: str, folded: str) -> PendingVerification | None:
        """Return the verification that reserves a name or a confusable one."""
        self._expire()
        other = folded if folded in self._pending else next(self._confusables.of(name, folded), "")
        return self._pending.get(other)

    def begin(
        self,
        account: Account,
        email: str,
        credentials: Credentials,
        own: PendingVerification | None,
        invitation: str = "",
    ) -> tuple[PendingVerification, str]:
        """Begin a verification; return it and its code, which must be sent and then dropped.

        Args:
            account: the future account.
            email: the address to which the code is sent.
            credentials: the hashes of the password.
            own: the verification that the same session began before, which this one may replace.
            invitation: the token of an invitation that is used with the code, or "".

        Raises:
            Refused: it cannot.
        """
        self._check_free(account, own)
        if len(self._letters) >= MOST_LETTERS:
            raise VerificationRefused(
                "TEMPORARILY_UNAVAILABLE", "Too many accounts are being registered, try again later"
            )
        mailbox = email.casefold()
        if sum(to == mailbox for _, to in self._letters) >= LETTERS_PER_EMAIL:
            raise VerificationRefused(
                "UNACCEPTABLE_EMAIL", "Enough letters were sent to that address, try again later"
            )
        code = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
        pending = PendingVerification(
            account,
            email,
            credentials,
            _digest(code),
            self._clock() + LIFETIME,
            invitation=invitation,
        )
        self._letters.append((pending.until, mailbox))
        if own is not None:
            self.drop(own)
        self._put(pending)
        return pending, code

    def await_invitation(
        self,
        account: Account,
        email: str,
        credentials: Credentials,
        own: PendingVerification | None,
    ) -> PendingVerification:
        """Begin to wait for an invitation; see `begin`.

        Raises:
            Refused: it cannot.
        """
        self._check_free(account, own)
        until = self._clock() + INVITATION_LIFETIME
        pending = PendingVerification(
            account, email, credentials, _NOTHING, until, is_for_invitation=True
        )
        if own is not None:
            self.drop(own)
        if len(self) >= MOST_LETTERS:
            raise VerificationRefused(
                "TEMPORARILY_UNAVAILABLE", "Too many accounts are being registered, try again later"
            )
        self._put(pending)
        return pending

    def waiting_for_invitation(self, folded: str) -> PendingVerification | None:
        """Return the registration of a name that waits for an invitation."""
        self._expire()
        pending = self._pending.get(folded)
        return pending if pending is not None and pending.is_for_invitation else None

    def _check_free(self, account: Account, own: PendingVerification | None) -> None:
        holder = self.holder(account.name, account.folded)
        if holder is not None and holder is not own:
            raise VerificationRefused(
                "ACCOUNT_EXISTS", f"Somebody else is registering {account.name}"
            )

    def drop(self, pending: PendingVerification) -> None:
        """Drop a verification, unless another one has replaced it."""
        account = pending.account
        if self._pending.get(account.folded) is pending:
            del self._pending[account.folded]
            self._confusables.remove(account.name, account.folded)

    def take(self, folded: str, code: str) -> PendingVerification | None:
        """Remove and return the verification with this code; None if the code is wrong."""
        self._expire()
        pending = self._pending.get(folded)
        # An unknown name takes the same time.
        is_right = hmac.compare_digest(
            _digest(code.lower()), pending.digest if pending else _NOTHING
        )
        if pending is None:
            return None
        if is_right:
            self.drop(pending)
            return pending
        pending.tries -= 1
        if pending.tries <= 0:
            self.drop(pending)
        return None

    def put_back(self, pending: PendingVerification) -> None:
        """Put back a verification whose account could not be stored; its lifetime is unchanged."""
        if self.holder(pending.account.name, pending.account.folded) is None:
            self._put(pending)

    def _put(self, pending: PendingVerification) -> None:
        self._pending[pending.account.folded] = pending
        self._confusables.add(pending.account.name, pending.account.folded)

    def _expire(self) -> None:
        now = self._clock()
        while self._letters and self._letters[0][0] <= now:
            self._letters.popleft()
        for pending in [pending for pending in self._pending.values() if pending.until <= now]:
            self.drop(pending)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()

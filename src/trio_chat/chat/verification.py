"""Accounts that wait until somebody proves to read the mail of an address (IRCv3
draft/account-registration, VERIFY).

They live in memory only: after a restart of the server one registers again. Meanwhile one holds its
name, and those that look the same, against others who want to register it; it is no account yet, so
nobody can log in to it, and the nickname stays free. Everything is bounded: how many wait, how many
letters are sent, to one address too, how long a code is good, how often it can be wrong.
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
"""Seconds for which a code is good, and a name is held."""
MOST_LETTERS = 2000
"""Letters sent within that time, and so the accounts that can be waiting."""
LETTERS_PER_EMAIL = 3
"""Of these, letters to one address: nobody's mailbox is filled by a stranger."""
MOST_TRIES = 20
"""Wrong codes until the registration is given up."""

_CODE_BYTES = 10
_NOTHING = bytes(hashlib.sha256().digest_size)


class Letter(NamedTuple):
    """An e-mail to be sent."""

    to: str
    subject: str
    text: str


class MailError(Exception):
    """No mail can be sent at the moment; the message is for the operator's log."""


class MailRefused(MailError):
    """This address takes no mail; another one may."""


class Mail(Protocol):
    """What sends e-mails: a port."""

    async def send(self, letter: Letter) -> None:
        """Send a letter, and return when somebody else is responsible for it. When cancelled, it
        may be sent or not.

        Raises:
            MailRefused: this address takes none.
            MailError: none can be sent.
        """


class VerificationRefused(Exception):
    """The registration cannot wait.

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
    """A registration that waits for its code; of the code only the hash is kept.

    Args:
        account: what is to be made.
        email: the address that is to be proved.
        credentials: what the password will be checked against.
        digest: of the code.
        until: seconds of Unix time.
        tries: how many wrong codes there may still be.
    """

    account: Account
    email: str
    credentials: Credentials = field(repr=False)
    digest: bytes = field(repr=False)
    until: float
    tries: int = MOST_TRIES


class Verifications:
    """All registrations that wait.

    Args:
        clock: returns seconds of Unix time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: dict[str, PendingVerification] = {}  # by folded names
        self._confusables = ConfusableIndex()
        self._letters: deque[tuple[float, str]] = (
            deque()
        )  # until when each counts, and to whom it was sent

    def __len__(self) -> int:
        self._expire()
        return len(self._pending)

    def holder(self, name: str, folded: str) -> PendingVerification | None:
        """Return what waits under a name, or under one that looks the same."""
        self._expire()
        other = folded if folded in self._pending else next(self._confusables.of(name, folded), "")
        return self._pending.get(other)

    def begin(
        self,
        account: Account,
        email: str,
        credentials: Credentials,
        own: PendingVerification | None,
    ) -> tuple[PendingVerification, str]:
        """Let a registration wait; return it and its code, which is to be sent and forgotten.

        Args:
            account: what is to be made.
            email: whom the code will be sent to.
            credentials: what the password will be checked against.
            own: what the same session began before, whose place this one may take.

        Raises:
            Refused: it cannot.
        """
        holder = self.holder(account.name, account.folded)
        if holder is not None and holder is not own:
            raise VerificationRefused(
                "ACCOUNT_EXISTS", f"Somebody else is registering {account.name}"
            )
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
            account, email, credentials, _digest(code), self._clock() + LIFETIME
        )
        self._letters.append((pending.until, mailbox))
        if own is not None:
            self.drop(own)
        self._put(pending)
        return pending, code

    def drop(self, pending: PendingVerification) -> None:
        """Give up a registration, unless another one has taken its place."""
        account = pending.account
        if self._pending.get(account.folded) is pending:
            del self._pending[account.folded]
            self._confusables.remove(account.name, account.folded)

    def take(self, folded: str, code: str) -> PendingVerification | None:
        """Return the registration whose code this is, which then waits no more; None when it is
        wrong.
        """
        self._expire()
        pending = self._pending.get(folded)
        # A name under which nothing waits takes as long.
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
        """Let a registration wait again whose account could not be stored; its code is good as long
        as it was.
        """
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

"""Pending verifications: account registrations that wait for the code that was sent by e-mail
(IRCv3 `draft/account-registration`, VERIFY).

They are in memory only and end with a server that is alone. In a cluster they are a part of the
state, so that a code counts on all servers; the code itself is in no log. A pending verification
reserves its name, and confusable ones, against other registrations. It is not an account yet: no
client can log in to it, and the nickname stays free. Everything is bounded: the number of
verifications, of e-mails (also to one address), the lifetime of a code, and the number of wrong
codes.
"""

import base64
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from trio_chat.chat.accounts import Account
from trio_chat.chat.confusables import ConfusableIndex
from trio_chat.chat.credentials import Credentials, ScramKeys

LIFETIME: Final = 3 * 3600
"""Seconds for which a code is valid, and a name is reserved."""
INVITATION_LIFETIME: Final = 600
"""Seconds for which a name is reserved for a client that has shown no invitation yet."""
MOST_LETTERS = 2000
"""The maximum number of e-mails within that time, and so of pending verifications."""
LETTERS_PER_EMAIL: Final = 3
"""The maximum number of these to one address, so that the server cannot be used to flood a
mailbox.
"""
MOST_TRIES: Final = 20
"""The number of wrong codes after which the registration is dropped."""

_CODE_BYTES: Final = 10
_NOTHING: Final = bytes(hashlib.sha256().digest_size)


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
        invitation: the digest of an invitation that is used with the code, or "".
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

    def to_state(self) -> list[Any]:
        """Return one that waits for a code as plain data."""
        password, (salt, iterations, stored, server) = self.credentials
        keys = [salt.hex(), iterations, stored.hex(), server.hex()]
        return [
            list(self.account),
            self.email,
            [password, keys],
            self.digest.hex(),
            self.until,
            self.tries,
            self.invitation,
        ]

    @classmethod
    def from_state(cls, state: list[Any]) -> "PendingVerification":
        """Return what `to_state` returned."""
        account, email, (password, keys), digest, until, tries, invitation = state
        salt, iterations, stored, server = keys
        unhex = bytes.fromhex
        scram = ScramKeys(unhex(salt), iterations, unhex(stored), unhex(server))
        return cls(
            Account(*account),
            email,
            Credentials(password, scram),
            bytes.fromhex(digest),
            until,
            tries,
            invitation,
        )


class Verifications:
    """All pending verifications.

    Those that wait for an invitation are of one server, because they end soon.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending = _ByName()
        self._without_invitation = _ByName()
        # When it ceases to count, and its recipient.
        self._letters: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        self._expire()
        return len(self._pending.all) + len(self._without_invitation.all)

    def holder(self, name: str, folded: str) -> PendingVerification | None:
        """Return the verification that reserves a name or a confusable one."""
        self._expire()
        return self._pending.holder(name, folded) or self._without_invitation.holder(name, folded)

    def begin(
        self,
        account: Account,
        email: str,
        credentials: Credentials,
        own: PendingVerification | None,
        invitation: str = "",
    ) -> tuple[PendingVerification, str]:
        """Return a new verification, which `put` takes, and its code, which must be sent and then
        dropped.

        Args:
            account: the future account.
            email: the address to which the code is sent.
            credentials: the hashes of the password.
            own: the verification that the same session began before, which this one may replace.
            invitation: the digest of an invitation that is used with the code, or "".

        Raises:
            VerificationRefused: it cannot begin.
        """
        self._check_free(self.holder(account.name, account.folded), account, own)
        self._check_letters(email)
        code = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
        until = self._clock() + LIFETIME
        pending = PendingVerification(
            account, email, credentials, _digest(code), until, invitation=invitation
        )
        return pending, code

    def put(self, pending: PendingVerification, replaces: bytes = b"") -> None:
        """Have a verification wait, for which a letter will be sent.

        Args:
            pending: the verification.
            replaces: the hash of the code of the one that it replaces, or b"".

        Raises:
            VerificationRefused: another one has the name, or there were too many letters.
        """
        self._expire()
        account = pending.account
        own = next((one for one in self._pending.all.values() if one.digest == replaces), None)
        self._check_free(self._pending.holder(account.name, account.folded), account, own)
        self._check_letters(pending.email)
        self._letters.append((pending.until, pending.email.casefold()))
        if own is not None:
            self.drop(own)
        self._pending.put(pending)

    def await_invitation(
        self,
        account: Account,
        email: str,
        credentials: Credentials,
        own: PendingVerification | None,
    ) -> PendingVerification:
        """Begin to wait for an invitation; see `begin`.

        Raises:
            VerificationRefused: it cannot begin.
        """
        self._check_free(self.holder(account.name, account.folded), account, own)
        until = self._clock() + INVITATION_LIFETIME
        pending = PendingVerification(
            account, email, credentials, _NOTHING, until, is_for_invitation=True
        )
        if own is not None and own.is_for_invitation:
            self.drop(own)
        if len(self) >= MOST_LETTERS:
            raise VerificationRefused(
                "TEMPORARILY_UNAVAILABLE", "Too many accounts are being registered, try again later"
            )
        self._without_invitation.put(pending)
        return pending

    def waiting_for_invitation(self, folded: str) -> PendingVerification | None:
        """Return the registration of a name that waits for an invitation."""
        self._expire()
        return self._without_invitation.all.get(folded)

    def of(self, folded: str, digest: bytes) -> PendingVerification | None:
        """Return the verification of a name with the hash of a code."""
        self._expire()
        pending = self._pending.all.get(folded)
        return pending if pending is not None and pending.digest == digest else None

    def find(self, folded: str, code: str) -> tuple[PendingVerification | None, bool]:
        """Return the verification of a name that waits for a code, and whether this is the code."""
        self._expire()
        pending = self._pending.all.get(folded)
        # An unknown name takes the same time.
        is_right = hmac.compare_digest(
            _digest(code.lower()), pending.digest if pending else _NOTHING
        )
        return pending, is_right and pending is not None

    def miss(self, pending: PendingVerification) -> None:
        """Count a wrong invitation of one that waits for it."""
        pending.tries -= 1
        if pending.tries <= 0:
            self.drop(pending)

    def drop(self, pending: PendingVerification) -> None:
        """Drop a verification, unless another one has replaced it."""
        (self._without_invitation if pending.is_for_invitation else self._pending).drop(pending)

    def end(self, folded: str) -> None:
        """Drop what waits for an account that has been created."""
        for table in (self._pending, self._without_invitation):
            if (pending := table.all.get(folded)) is not None:
                table.drop(pending)

    def to_state(self) -> dict[str, Any]:
        """Return what waits for codes, and the letters that count, as plain data."""
        self._expire()
        return {
            "pending": [one.to_state() for one in self._pending.all.values()],
            "letters": [list(letter) for letter in self._letters],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Have what `to_state` returned."""
        for fields in state["pending"]:
            self._pending.put(PendingVerification.from_state(fields))
        self._letters.extend((until, to) for until, to in state["letters"])

    def _check_letters(self, email: str) -> None:
        if len(self._letters) >= MOST_LETTERS:
            raise VerificationRefused(
                "TEMPORARILY_UNAVAILABLE", "Too many accounts are being registered, try again later"
            )
        mailbox = email.casefold()
        if sum(to == mailbox for _, to in self._letters) >= LETTERS_PER_EMAIL:
            raise VerificationRefused(
                "UNACCEPTABLE_EMAIL", "Enough letters were sent to that address, try again later"
            )

    @staticmethod
    def _check_free(
        holder: PendingVerification | None, account: Account, own: PendingVerification | None
    ) -> None:
        if holder is not None and holder is not own:
            raise VerificationRefused(
                "ACCOUNT_EXISTS", f"Somebody else is registering {account.name}"
            )

    def _expire(self) -> None:
        now = self._clock()
        while self._letters and self._letters[0][0] <= now:
            self._letters.popleft()
        for table in (self._pending, self._without_invitation):
            for pending in [one for one in table.all.values() if one.until <= now]:
                table.drop(pending)


class _ByName:
    """Verifications by the folded names of their accounts."""

    def __init__(self) -> None:
        self.all: dict[str, PendingVerification] = {}
        self._confusables = ConfusableIndex()

    def holder(self, name: str, folded: str) -> PendingVerification | None:
        other = folded if folded in self.all else next(self._confusables.of(name, folded), "")
        return self.all.get(other)

    def put(self, pending: PendingVerification) -> None:
        self.all[pending.account.folded] = pending
        self._confusables.add(pending.account.name, pending.account.folded)

    def drop(self, pending: PendingVerification) -> None:
        account = pending.account
        if self.all.get(account.folded) is pending:
            del self.all[account.folded]
            self._confusables.remove(account.name, account.folded)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()

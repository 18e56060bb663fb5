"""Second factors: accounts that log in with a password and a code, from an authenticator (RFC 6238)
or from the recovery codes.

They are state of the chat, and in memory: which codes were used is decided in the order of the log,
so that no code is used twice, also on another server of a cluster.
"""

import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

from trio_chat.chat import recovery_codes, totp

MOST_WRONG = 10
"""Wrong codes of one account in `WINDOW`, from all addresses: who gives them has the password."""
WINDOW = 86_400
"""Seconds in which wrong codes are counted, from the first one on."""


CODE_REQUIRED = (
    "This account needs a code: give it after the password, with a space between, or use an app"
    " password"
)
SCRAM_CANNOT = (
    "This account needs a code, which SCRAM cannot carry: use SASL PLAIN with the code after the"
    " password and a space, or an app password"
)


class CodeRequired(Exception):  # an outcome, not a mistake
    """The password is right, but it needs a code; the message is a sentence for the user."""


class SecondFactor(NamedTuple):
    """The second factor of an account.

    Args:
        secret: of the authenticator.
        since: seconds of Unix time at which it was set up.
        step: the time step of the code that was used last.
        recovery: the hashes of the recovery codes that were not used.
        wrong: how many codes were wrong since `wrong_since`.
        wrong_since: seconds of Unix time.
    """

    secret: bytes
    since: int
    step: int = 0
    recovery: tuple[str, ...] = ()
    wrong: int = 0
    wrong_since: int = 0

    def is_locked(self, now: float) -> bool:
        """Return whether so many codes were wrong that those of the authenticator do not count."""
        return self.wrong >= MOST_WRONG and self.wrong_since <= now < self.wrong_since + WINDOW

    def guessed(self, now: int) -> "SecondFactor":
        """Return the factor after a wrong code."""
        if self.wrong_since <= now < self.wrong_since + WINDOW:
            return self._replace(wrong=min(self.wrong + 1, MOST_WRONG))
        return self._replace(wrong=1, wrong_since=now)

    def find(self, code: str, now: float) -> "CodeUse | None":
        """Return which code was given, if it is valid now."""
        if recovery_codes.has_form(code):
            digest = recovery_codes.digest_of(code)
            is_known = [hmac.compare_digest(digest, one) for one in self.recovery]
            return CodeUse(recovery=digest) if any(is_known) else None
        if not totp.has_form(code) or self.is_locked(now):
            return None
        step = totp.find_step(self.secret, code, now, self.step)
        return CodeUse(step) if step is not None else None

    def used(self, use: "CodeUse") -> "SecondFactor | None":
        """Return the factor after the use of a code; None if the code was used before."""
        if use.recovery:
            if use.recovery not in self.recovery:
                return None
            left = tuple(one for one in self.recovery if one != use.recovery)
            return self._replace(recovery=left)
        return self._replace(step=use.step) if use.step > self.step else None

    def to_state(self) -> dict[str, Any]:
        """Return the factor as plain data."""
        return self._asdict() | {"secret": self.secret.hex(), "recovery": list(self.recovery)}


def from_state(state: Mapping[str, Any]) -> SecondFactor:
    """Return the factor that `SecondFactor.to_state` has written."""
    fields = dict(state) | {
        "secret": bytes.fromhex(state["secret"]),
        "recovery": tuple(state["recovery"]),
    }
    return SecondFactor(**fields)


class CodeUse(NamedTuple):
    """The use of a code.

    Args:
        step: the time step of a code of the authenticator, or 0.
        recovery: the hash of a recovery code, or "".
    """

    step: int = 0
    recovery: str = ""


class Enrolment(NamedTuple):
    """A second factor that is not on yet: its user has to prove that the authenticator has the
    secret.

    Args:
        account: the number of the account.
        secret: for the authenticator.
    """

    account: int
    secret: bytes


class SecondFactors:
    """The second factors of all accounts.

    Attributes:
        attempts: the uses of codes that clients of this server have decided on, by random names,
            and whether they were the first ones; see `authentication`.
    """

    def __init__(self) -> None:
        self._all: dict[int, SecondFactor] = {}  # by the number of the account
        self.attempts: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self._all)

    def of(self, account: int) -> SecondFactor | None:
        """Return the second factor of an account, by its number; None if it has none."""
        return self._all.get(account)

    def put(self, account: int, factor: SecondFactor | None) -> None:
        """Have a second factor of an account, or none."""
        if factor is None:
            self._all.pop(account, None)
        else:
            self._all[account] = factor

    def to_state(self) -> dict[str, Any]:
        """Return all of them as plain data, by the numbers of the accounts."""
        return {str(number): self._all[number].to_state() for number in sorted(self._all)}

    def restore(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Have what `to_state` returned."""
        for number, fields in state.items():
            self._all[int(number)] = from_state(fields)


def split(given: str) -> tuple[str, str]:
    """Return the password and the code of a text that has a space between them; the code is "" if
    the text does not end with one.
    """
    password, space, last = given.rpartition(" ")
    if space and (totp.has_form(last) or recovery_codes.has_form(last)):
        return password, last
    before, space, first = password.rpartition(" ")
    if space and totp.has_form(f"{first} {last}"):  # as some authenticators show it
        return before, f"{first} {last}"
    return given, ""


def is_code(text: str) -> bool:
    """Return whether a text has the form of a code."""
    return totp.has_form(text) or recovery_codes.has_form(text)

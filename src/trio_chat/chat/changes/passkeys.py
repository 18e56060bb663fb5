"""Changes of passkeys."""

from dataclasses import dataclass, field

from trio_chat.chat.changes.change import Change
from trio_chat.chat.passkeys import Passkey


@dataclass(frozen=True, slots=True)
class PasskeyAdded(Change):
    """An account has another passkey, unless it has one of this name, or as many as it may have.

    Args:
        account: the number of the account.
        passkey: the passkey; no account has it before.
        version: see `AccountChanged`.
        attempt: see `CodeUsed`.
    """

    account: int
    passkey: Passkey = field(repr=False)
    version: int | None = None
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class PasskeyRemoved(Change):
    """An account has a passkey no longer.

    Args:
        account: the number of the account.
        passkey: its id.
        version: see `AccountChanged`.
        attempt: see `CodeUsed`.
    """

    account: int
    passkey: str
    version: int | None = None
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class PasskeyUsed(Change):
    """A passkey has signed a login, unless its count of signatures shows a copy.

    Args:
        account: the number of the account.
        passkey: its id.
        count: of signatures.
        time: seconds of Unix time.
        attempt: see `CodeUsed`.
    """

    account: int
    passkey: str
    count: int
    time: int
    attempt: str = ""

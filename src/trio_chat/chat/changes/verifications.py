"""Changes of registrations that wait for the code of a letter."""

from dataclasses import dataclass, field

from trio_chat.chat.accounts import Account
from trio_chat.chat.changes.change import Change
from trio_chat.chat.credentials import Credentials


@dataclass(frozen=True, slots=True)
class VerificationBegun(Change):
    """A registration waits for the code of a letter, unless another one has the name, or too many
    wait.

    Args:
        account: the future account, without a number.
        email: the address to be verified.
        credentials: what its password will be checked against.
        digest: the hash of the code.
        until: the end of its lifetime, in seconds of the clock of `Verifications`.
        invitation: the digest of the invitation that it uses; "" for none.
        replaces: the hash of the code of the registration that the same session began before, or
            "".
    """

    account: Account
    email: str = field(repr=False)
    credentials: Credentials = field(repr=False)
    digest: str
    until: float
    invitation: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class VerificationGuessed(Change):
    """A wrong code was given for a registration; after too many it waits no longer.

    Args:
        name: the folded name of the account.
        digest: the hash of its code: a registration that has taken its place is another one.
    """

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class VerificationEnded(Change):
    """A registration waits no longer; see `VerificationGuessed` for the arguments."""

    name: str
    digest: str

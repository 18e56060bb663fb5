"""Changes of second factors: how an account logs in besides its password."""

from dataclasses import dataclass, field

from trio_chat.chat.changes.change import Change
from trio_chat.chat.second_factors import CodeUse, SecondFactor


@dataclass(frozen=True, slots=True)
class SecondFactorSet(Change):
    """An account has a second factor, or with None has none any more. What was checked before is
    valid no longer.

    Args:
        account: the number of the account.
        factor: the second factor.
        version: see `AccountChanged`.
        attempt: see `CodeUsed`.
    """

    account: int
    factor: SecondFactor | None = field(repr=False)
    version: int | None = None
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryCodesSet(Change):
    """An account has other recovery codes, if it has a second factor.

    Args:
        account: the number of the account.
        recovery: the hashes of the codes.
        version: see `AccountChanged`.
        attempt: see `CodeUsed`.
    """

    account: int
    recovery: tuple[str, ...] = field(repr=False)
    version: int | None = None
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class CodeUsed(Change):
    """A code is used, unless it was used before.

    Args:
        account: the number of the account.
        use: of which code.
        attempt: the random name under which the server that has checked the code learns whether
            this was its first use.
    """

    account: int
    use: CodeUse = field(repr=False)
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class CodeGuessed(Change):
    """A wrong code was given for an account, with the right password.

    Args:
        account: the number of the account.
        time: seconds of Unix time.
    """

    account: int
    time: int

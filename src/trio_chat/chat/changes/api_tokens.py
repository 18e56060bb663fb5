"""Changes of API tokens."""

from dataclasses import dataclass

from trio_chat.chat.api_tokens import ApiToken
from trio_chat.chat.changes.change import Change


@dataclass(frozen=True, slots=True)
class ApiTokenMade(Change):
    """There is a token, unless another one has its name."""

    token: ApiToken


@dataclass(frozen=True, slots=True)
class ApiTokenRemoved(Change):
    """There is a token no longer."""

    digest: str


@dataclass(frozen=True, slots=True)
class ApiTokenUsed(Change):
    """A token was used.

    Args:
        digest: of the token.
        time: seconds of Unix time.
    """

    digest: str
    time: int


@dataclass(frozen=True, slots=True)
class ApiTokensRead(Change):
    """The tokens are those of the store, but for those that have changed and are not stored yet."""

    tokens: tuple[ApiToken, ...]

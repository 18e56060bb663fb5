"""Events of the connection, the server and our account."""

from dataclasses import dataclass
from enum import Enum


class EndReason(Enum):
    """How a session ended."""

    LEFT = "we left"
    SHUT_DOWN = "the server has shut down"
    REFUSED = "the server does not let us in"
    LOST = "the connection was lost"


@dataclass(frozen=True, slots=True)
class Connected:
    """The server has let us in under this nickname."""

    nick: str
    network: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """Every channel asked for at the start was joined or refused; from now on messages can be
    sent.
    """


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """We are logged in to this account."""

    account: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """We are logged in to no account any more."""


@dataclass(frozen=True, slots=True)
class Registered:
    """This account is ours now, and we are logged in to it."""

    account: str


@dataclass(frozen=True, slots=True)
class MustVerify:
    """The account becomes ours when we do what the text says."""

    account: str
    text: str


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """We were not logged in, or the account was not registered."""

    account: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lag:
    """The server took so many seconds to answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Something the server says that has no event of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error reply that belongs to no message, join or nickname of ours."""

    text: str
    code: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class ServerShutDown:
    """The server says that it has shut down."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended although nobody wanted it to."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next attempt to connect is in so many seconds; `reason` tells why the last one failed, if
    there was one.
    """

    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence of the client itself, in the user's language already."""

    text: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class PromptChanged:
    """The user is being asked something; shows in the prompt, not in a line."""


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """How a session ended, and why: what the server or the system said ("" when nobody said
    anything).
    """

    end: EndReason
    reason: str = ""
    code: str = ""

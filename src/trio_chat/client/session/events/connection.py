"""Events of the connection, the server and the user's account."""

from dataclasses import dataclass
from enum import Enum


class EndReason(Enum):
    """The reason for the end of a session."""

    LEFT = "the user left"
    SHUT_DOWN = "the server has shut down"
    UPGRADE = "the server demands an encrypted connection"
    RESTARTED = "the server is restarted, and the network goes on"
    REFUSED = "the server does not let us in"
    LOST = "the connection was lost"


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection is registered, under this nickname."""

    nick: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Every channel requested at the start was joined or refused; messages can be sent."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The user is logged in to an account."""

    account: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The user is logged in to no account any longer."""


@dataclass(frozen=True, slots=True)
class AccountCreated:
    """An account was registered for the user, who is logged in to it."""

    account: str


@dataclass(frozen=True, slots=True)
class MustVerify:
    """The registration of an account requires another step, which the text describes."""

    account: str
    text: str


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """A login or the registration of an account was refused."""

    account: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lag:
    """The server took so many seconds to answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ServerText:
    """A text from the server that has no event of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error reply that is about no message, JOIN or nickname of the user."""

    text: str
    code: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class ServerShutDown:
    """The server has announced that it shuts down."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection was lost, or the server has asked for another one because it is restarted."""

    reason: str
    is_restart: bool = False


@dataclass(frozen=True, slots=True)
class Connecting:
    """One of several addresses of the server is tried."""

    address: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next attempt to connect is in so many seconds; `reason` is why the last one failed, "" if
    there was none.
    """

    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence of the client itself, in the user's language."""

    text: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class PromptChanged:
    """There is a question to the user, or none any longer; the prompt shows it."""


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """The end of a session and its reason, in the words of the server or the system; "" when there
    are none.
    """

    end: EndReason
    reason: str = ""
    code: str = ""

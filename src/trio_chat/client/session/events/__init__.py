"""Events from a session to an interface: one frozen value each.

Texts and names are as the server sent them: an interface must make them harmless before it shows
them (see `rendering`).
"""

from trio_chat.client.session.events.channels import (
    Away,
    AwayChanged,
    Invited,
    Joined,
    JoinRefused,
    Kicked,
    ListedChannel,
    ListEnd,
    ModeChanged,
    Names,
    NickRefused,
    Parted,
    Quit,
    RankChanged,
    Renamed,
    TopicChanged,
    TopicIs,
    Whois,
)
from trio_chat.client.session.events.connection import (
    AccountRefused,
    Connected,
    EndReason,
    Lag,
    LoggedIn,
    LoggedOut,
    Lost,
    MustVerify,
    Note,
    PromptChanged,
    Ready,
    Registered,
    ServerError,
    ServerInfo,
    ServerShutDown,
    SessionOutcome,
    Waiting,
)
from trio_chat.client.session.events.messages import (
    DeliveryUnknown,
    EarlierMessages,
    HistoryEnd,
    HistoryGap,
    HistoryRefused,
    HistoryTarget,
    MarkerMoved,
    MessageKind,
    MessageRefused,
    MessageUnconfirmed,
    Reacted,
    Redacted,
    Said,
    SearchResults,
    SearchUnknown,
    Typing,
    UnreadStart,
)

__all__ = [
    "AccountRefused",
    "Away",
    "AwayChanged",
    "Connected",
    "DeliveryUnknown",
    "EarlierMessages",
    "EndReason",
    "Event",
    "HistoryEnd",
    "HistoryGap",
    "HistoryRefused",
    "HistoryTarget",
    "Invited",
    "JoinRefused",
    "Joined",
    "Kicked",
    "Lag",
    "ListEnd",
    "ListedChannel",
    "LoggedIn",
    "LoggedOut",
    "Lost",
    "MarkerMoved",
    "MessageKind",
    "MessageRefused",
    "MessageUnconfirmed",
    "ModeChanged",
    "MustVerify",
    "Names",
    "NickRefused",
    "Note",
    "Parted",
    "PromptChanged",
    "Quit",
    "RankChanged",
    "Reacted",
    "Ready",
    "Redacted",
    "Registered",
    "Renamed",
    "Said",
    "SearchResults",
    "SearchUnknown",
    "ServerError",
    "ServerInfo",
    "ServerShutDown",
    "SessionOutcome",
    "TopicChanged",
    "TopicIs",
    "Typing",
    "UnreadStart",
    "Waiting",
    "Whois",
]

# fmt: off
Event = (
    Connected | Ready | Said | MessageRefused | MessageUnconfirmed | Joined | JoinRefused | Parted
    | Kicked | Quit | Renamed | NickRefused | TopicIs | TopicChanged | ModeChanged | Names
    | ListedChannel | ListEnd | Invited | Away | ServerInfo | ServerError | ServerShutDown | Lost
    | Waiting | Note | PromptChanged | DeliveryUnknown | HistoryEnd | UnreadStart | HistoryGap
    | EarlierMessages | SearchResults | Reacted | Redacted | Typing | RankChanged | AwayChanged
    | MarkerMoved | HistoryTarget | Lag | HistoryRefused | SearchUnknown | LoggedIn | LoggedOut
    | Registered | MustVerify | AccountRefused | Whois
)
# fmt: on

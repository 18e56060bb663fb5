"""Events from a session to an interface: one frozen value each.

Texts and names are as the server sent them: an interface must make them harmless before it shows
them (see `rendering`).
"""

from trio_chat.client.session.events.channels import (
    Away,
    AwayChanged,
    ChannelInvitation,
    InvitationLink,
    JoinRefused,
    ListedChannel,
    ListedMask,
    ListEnd,
    MaskListEnd,
    ModeChanged,
    Names,
    NickRefused,
    RankChanged,
    TopicChanged,
    TopicIs,
    UserJoined,
    UserKicked,
    UserParted,
    UserQuit,
    UserRenamed,
    Whois,
)
from trio_chat.client.session.events.connection import (
    AccountCreated,
    AccountRefused,
    Connected,
    Connecting,
    EndReason,
    Lag,
    LoggedIn,
    LoggedOut,
    Lost,
    MustVerify,
    Note,
    PromptChanged,
    Ready,
    ServerError,
    ServerShutDown,
    ServerText,
    SessionOutcome,
    Waiting,
)
from trio_chat.client.session.events.messages import (
    ConversationFound,
    DeliveryUnknown,
    EarlierMessages,
    HistoryEnd,
    HistoryGap,
    HistoryPage,
    HistoryRefused,
    MarkerMoved,
    MessageKind,
    MessageRefused,
    MessageUnconfirmed,
    NotificationLevel,
    Reacted,
    Redacted,
    Said,
    SearchResults,
    SearchUnknown,
    ServiceAnswered,
    Translated,
    TranslationRefused,
    Typing,
    UnreadStart,
)

__all__ = [
    "AccountCreated",
    "AccountRefused",
    "Away",
    "AwayChanged",
    "ChannelInvitation",
    "Connected",
    "Connecting",
    "ConversationFound",
    "DeliveryUnknown",
    "EarlierMessages",
    "EndReason",
    "Event",
    "HistoryEnd",
    "HistoryGap",
    "HistoryPage",
    "HistoryRefused",
    "InvitationLink",
    "JoinRefused",
    "Lag",
    "ListEnd",
    "ListedChannel",
    "ListedMask",
    "LoggedIn",
    "LoggedOut",
    "Lost",
    "MarkerMoved",
    "MaskListEnd",
    "MessageKind",
    "MessageRefused",
    "MessageUnconfirmed",
    "ModeChanged",
    "MustVerify",
    "Names",
    "NickRefused",
    "Note",
    "NotificationLevel",
    "PromptChanged",
    "RankChanged",
    "Reacted",
    "Ready",
    "Redacted",
    "Said",
    "SearchResults",
    "SearchUnknown",
    "ServerError",
    "ServerShutDown",
    "ServerText",
    "ServiceAnswered",
    "SessionOutcome",
    "TopicChanged",
    "TopicIs",
    "Translated",
    "TranslationRefused",
    "Typing",
    "UnreadStart",
    "UserJoined",
    "UserKicked",
    "UserParted",
    "UserQuit",
    "UserRenamed",
    "Waiting",
    "Whois",
]

# fmt: off
Event = (
    Connected | Ready | Said | MessageRefused | MessageUnconfirmed | UserJoined | JoinRefused
    | UserParted | UserKicked | UserQuit | UserRenamed | NickRefused | TopicIs | TopicChanged
    | ModeChanged | Names | ListedChannel | ListEnd | ChannelInvitation | Away | ServerText
    | ListedMask | MaskListEnd
    | ServerError | ServerShutDown | Lost | Connecting | Waiting | Note | PromptChanged
    | DeliveryUnknown | HistoryEnd | UnreadStart | HistoryGap | EarlierMessages | SearchResults
    | Reacted | Redacted | Typing | RankChanged | AwayChanged | MarkerMoved | ConversationFound
    | NotificationLevel | Translated | TranslationRefused | ServiceAnswered
    | Lag | HistoryRefused | SearchUnknown | LoggedIn | LoggedOut | AccountCreated | MustVerify
    | AccountRefused | Whois | InvitationLink | HistoryPage
)
# fmt: on

"""Changes of the state of the chat, as plain data.

A handler and `policy` decide on a change; `trio_chat.chat.apply` carries it out, in one place. A
change names what it is about by keys, never by objects: a user by its folded nickname, a channel by
its folded name, a session by its number, an account by its number. So it can be compared, written
to a log, and carried out by another server with the same result.

Messages are no changes: they leave no state but the history.
"""

from trio_chat.chat.changes.accounts import (
    AccountDeleted,
    AccountNameFreed,
    AccountRegistered,
    CertificateAdded,
    CertificateRemoved,
    MarkerSet,
    MetadataAdopted,
    MetadataSet,
    PasswordGuessed,
    PasswordSet,
    PreferenceSet,
)
from trio_chat.chat.changes.bans import (
    BanLifted,
    BansEnforced,
    BanSet,
    BansExpired,
    BansRead,
    RoomChanged,
)
from trio_chat.chat.changes.change import Change
from trio_chat.chat.changes.channels import (
    ChannelRenamed,
    MemberJoined,
    MemberKicked,
    MemberParted,
    ModesChanged,
    ModeSet,
    TopicSet,
    UserInvited,
)
from trio_chat.chat.changes.hooks import (
    HookDelivered,
    HookMade,
    HookRemoved,
    HooksRead,
    HookUsed,
)
from trio_chat.chat.changes.invitations import (
    InvitationGuessed,
    InvitationHolderKicked,
    InvitationMade,
    InvitationReturned,
    InvitationRevoked,
    InvitationsExpired,
    InvitationsRead,
    InvitationUsed,
)
from trio_chat.chat.changes.messages import MessageRedacted
from trio_chat.chat.changes.moderation import (
    FilterAdded,
    FilterRemoved,
    HeldMessageReleased,
    HeldMessagesDropped,
    MessageHeld,
    RaidModeSet,
    SpokenInSlowMode,
)
from trio_chat.chat.changes.operators import OperatorAppointed, OperatorDismissed, OperatorsNotified
from trio_chat.chat.changes.push import (
    PushEndpointSet,
    PushRulesSet,
    PushSubscribed,
    PushUnsubscribed,
)
from trio_chat.chat.changes.registered import (
    AccessSet,
    ChannelDropped,
    ChannelRegistered,
    ChannelTransferred,
    RankSet,
    RetentionSet,
)
from trio_chat.chat.changes.relayed import (
    RelayedMessage,
    RelayedMessageRefused,
    RelaySenderForgotten,
)
from trio_chat.chat.changes.sessions import (
    AccountChanged,
    AwaySet,
    LoginsEnded,
    SessionAttached,
    SessionEnded,
    SessionMoved,
    SessionRegistered,
    SessionsClosed,
)
from trio_chat.chat.changes.uploads import UploadAdded, UploadsRemoved
from trio_chat.chat.changes.users import (
    AcceptChanged,
    AlwaysOnEnded,
    AlwaysOnUpdated,
    NickChanged,
    NoticeKept,
    NoticesDelivered,
    RealnameSet,
    Seen,
    UserExpired,
    UserModesChanged,
    UserRemoved,
)
from trio_chat.chat.changes.verifications import (
    VerificationBegun,
    VerificationEnded,
    VerificationGuessed,
)

__all__ = [
    "AcceptChanged",
    "AccessSet",
    "AccountChanged",
    "AccountDeleted",
    "AccountNameFreed",
    "AccountRegistered",
    "AlwaysOnEnded",
    "AlwaysOnUpdated",
    "AwaySet",
    "BanLifted",
    "BanSet",
    "BansEnforced",
    "BansExpired",
    "BansRead",
    "CertificateAdded",
    "CertificateRemoved",
    "Change",
    "ChannelDropped",
    "ChannelRegistered",
    "ChannelRenamed",
    "ChannelTransferred",
    "FilterAdded",
    "FilterRemoved",
    "HeldMessageReleased",
    "HeldMessagesDropped",
    "HookDelivered",
    "HookMade",
    "HookRemoved",
    "HookUsed",
    "HooksRead",
    "InvitationGuessed",
    "InvitationHolderKicked",
    "InvitationMade",
    "InvitationReturned",
    "InvitationRevoked",
    "InvitationUsed",
    "InvitationsExpired",
    "InvitationsRead",
    "LoginsEnded",
    "MarkerSet",
    "MemberJoined",
    "MemberKicked",
    "MemberParted",
    "MessageHeld",
    "MessageRedacted",
    "MetadataAdopted",
    "MetadataSet",
    "ModeSet",
    "ModesChanged",
    "NickChanged",
    "NoticeKept",
    "NoticesDelivered",
    "OperatorAppointed",
    "OperatorDismissed",
    "OperatorsNotified",
    "PasswordGuessed",
    "PasswordSet",
    "PreferenceSet",
    "PushEndpointSet",
    "PushRulesSet",
    "PushSubscribed",
    "PushUnsubscribed",
    "RaidModeSet",
    "RankSet",
    "RealnameSet",
    "RelaySenderForgotten",
    "RelayedMessage",
    "RelayedMessageRefused",
    "RetentionSet",
    "RoomChanged",
    "Seen",
    "SessionAttached",
    "SessionEnded",
    "SessionMoved",
    "SessionRegistered",
    "SessionsClosed",
    "SpokenInSlowMode",
    "TopicSet",
    "UploadAdded",
    "UploadsRemoved",
    "UserExpired",
    "UserInvited",
    "UserModesChanged",
    "UserRemoved",
    "VerificationBegun",
    "VerificationEnded",
    "VerificationGuessed",
]

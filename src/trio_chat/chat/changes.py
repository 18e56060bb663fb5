"""Changes of the state of the chat, as plain data.

A handler and `policy` decide on a change; `trio_chat.chat.apply` carries it out, in one place. A
change names what it is about by keys, never by objects: a user by its folded nickname, a channel by
its folded name, a session by its number, an account by its number. So it can be compared, written
to a log, and carried out by another server with the same result.

Messages are no changes: they leave no state but the history.
"""

from dataclasses import dataclass, field

from trio_chat.chat.accounts import Account, Credentials, Email
from trio_chat.chat.bans import Ban
from trio_chat.chat.invitations import Holder, Invitation
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.persistence import Operation
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.push_rules import PushRules
from trio_chat.irc.modes import UserModeChange


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state; each subclass is one kind."""


# Sessions and users


@dataclass(frozen=True, slots=True)
class SessionRegistered(Change):
    """A session completes its registration and becomes a new user (Modern IRC, RPL_WELCOME).

    Args:
        session: its number.
        nick: the nickname; `folded` is how it is compared.
        folded: see `nick`.
        username: of USER.
        realname: of USER.
    """

    session: int
    nick: str
    folded: str
    username: str
    realname: str


@dataclass(frozen=True, slots=True)
class SessionAttached(Change):
    """A session becomes one more session of a user."""

    session: int
    user: str


@dataclass(frozen=True, slots=True)
class SessionMoved(Change):
    """A session leaves its user and becomes one more session of another user."""

    session: int
    user: str


@dataclass(frozen=True, slots=True)
class SessionEnded(Change):
    """A connection is gone, and its user with it unless the user has other sessions or is always
    on.

    Args:
        session: its number; one that is gone already changes nothing.
        reason: shown to others by QUIT.
        is_announced: whether others see it. At shutdown they do not, as everyone leaves.
        is_expected: whether a user with an account stays, because its client comes back soon.
    """

    session: int
    reason: str
    is_announced: bool = True
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class SessionsClosed(Change):
    """The connections of some sessions are ended; the sessions end when they are gone, in a cluster
    at once.

    Args:
        sessions: their numbers; those that are gone already are left out.
        reason: sent to the clients.
    """

    sessions: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class UserRemoved(Change):
    """A user is made to leave: its sessions are ended, as by `SessionsClosed`; without sessions it
    is gone at once.
    """

    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class UserExpired(Change):
    """An always-on user that was not connected for too long is removed, unless it has come back.

    Args:
        user: its folded nickname.
        seen: `User.seen`, by which that was decided.
        reason: shown to others by QUIT, and to the user if it comes back.
    """

    user: str
    seen: float
    reason: str


@dataclass(frozen=True, slots=True)
class AlwaysOnUpdated(Change):
    """A user becomes always on, as its account has chosen, once the account has no other one."""

    user: str


@dataclass(frozen=True, slots=True)
class AlwaysOnEnded(Change):
    """An always-on user leaves with its last session, whatever its account has chosen."""

    user: str


@dataclass(frozen=True, slots=True)
class NickChanged(Change):
    """A user takes another nickname, which no other user has (RFC 2812 §3.1.2)."""

    user: str
    nick: str
    folded: str


@dataclass(frozen=True, slots=True)
class AwaySet(Change):
    """A session is away with a message, or with an empty message is back (RFC 2812 §4.1)."""

    session: int
    message: str


@dataclass(frozen=True, slots=True)
class RealnameSet(Change):
    """A user has another real name (IRCv3 setname)."""

    user: str
    realname: str


@dataclass(frozen=True, slots=True)
class UserModesChanged(Change):
    """User modes are switched on or off, one after the other (RFC 2812 §3.1.5)."""

    user: str
    changes: tuple[UserModeChange, ...]


@dataclass(frozen=True, slots=True)
class AccountChanged(Change):
    """A session, and with it its user, logs in to an account, or with `NO_ACCOUNT` out of it."""

    session: int
    account: Account


@dataclass(frozen=True, slots=True)
class OperatorAppointed(Change):
    """A user becomes an operator of the server.

    Args:
        user: its folded nickname.
        operator: the block of the configuration, sealed: other servers need not have it.
    """

    user: str
    operator: Operator


@dataclass(frozen=True, slots=True)
class OperatorDismissed(Change):
    """A user is an operator of the server no longer."""

    user: str


@dataclass(frozen=True, slots=True)
class OperatorsNotified(Change):
    """Operators with +s receive a notice. It changes no state: in a cluster all servers send it."""

    text: str


@dataclass(frozen=True, slots=True)
class AcceptChanged(Change):
    """A user lets another user write to it in spite of +R, or ends that (ACCEPT)."""

    user: str
    other: str
    adding: bool


@dataclass(frozen=True, slots=True)
class Seen(Change):
    """An always-on user was connected until a moment, in seconds of Unix time."""

    user: str
    time: float


@dataclass(frozen=True, slots=True)
class NoticeKept(Change):
    """A notice is kept for an always-on user without sessions; see `missed`.

    Args:
        user: its folded nickname.
        text: the event, with its source and reason.
        is_minor: whether any user could cause it, so that it must not displace another notice.
    """

    user: str
    text: str
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class NoticesDelivered(Change):
    """The notices that were kept for a user have been sent to a session of its account.

    Args:
        user: its folded nickname.
        last: the id of the last one of them.
    """

    user: str
    last: int


# Channels


@dataclass(frozen=True, slots=True)
class MemberJoined(Change):
    """A user joins a channel, which is created when there is none (RFC 2812 §3.2.1).

    Args:
        user: its folded nickname.
        channel: the folded name of the channel.
        name: the name that a new channel gets.
        session: the number of the session that joins; it needs no AWAY of its own user.
    """

    user: str
    channel: str
    name: str
    session: int


@dataclass(frozen=True, slots=True)
class MemberParted(Change):
    """A user leaves a channel, for a reason or "" (RFC 2812 §3.2.2)."""

    user: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberKicked(Change):
    """A user is removed from a channel by another user (RFC 2812 §3.2.8)."""

    user: str
    channel: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class TopicSet(Change):
    """A user sets the topic of a channel; an empty text removes it (RFC 2812 §3.2.4)."""

    channel: str
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class ModeSet:
    """One change of a channel mode; a part of `ModesChanged`.

    Args:
        adding: whether the mode is set; otherwise it is unset.
        letter: of the mode.
        param: its parameter, or "" for none: the folded nickname of a member, a mask, a key, a
            number, the name of a channel.
    """

    adding: bool
    letter: str
    param: str = ""


@dataclass(frozen=True, slots=True)
class ModesChanged(Change):
    """A user changes modes of a channel, one after the other (RFC 2812 §3.2.3)."""

    channel: str
    changes: tuple[ModeSet, ...]
    by: str


@dataclass(frozen=True, slots=True)
class ChannelRenamed(Change):
    """A user gives a channel a name that no other channel has (IRCv3 draft/channel-rename)."""

    channel: str
    name: str
    folded: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class UserInvited(Change):
    """A user is invited into a channel (RFC 2812 §3.2.7).

    Args:
        user: the folded nickname of the user that is invited.
        channel: the folded name.
        by: the folded nickname of the user that invites.
        session: the number of the session that invites; it needs no INVITE of its own.
    """

    user: str
    channel: str
    by: str
    session: int


@dataclass(frozen=True, slots=True)
class ChannelRegistered(Change):
    """A channel comes to belong to the account of a member, which becomes its founder."""

    channel: str
    by: str


@dataclass(frozen=True, slots=True)
class ChannelTransferred(Change):
    """A registered channel comes to belong to another account, by its number."""

    channel: str
    account: int


@dataclass(frozen=True, slots=True)
class ChannelDropped(Change):
    """A registered channel belongs to nobody any longer."""

    channel: str


@dataclass(frozen=True, slots=True)
class AccessSet(Change):
    """An account, by its number, gets a rank on joining a registered channel; with "" none."""

    channel: str
    account: int
    rank: str


@dataclass(frozen=True, slots=True)
class RetentionSet(Change):
    """Messages of a registered channel are kept for so many days; see `Registration.history`."""

    channel: str
    days: int | None


@dataclass(frozen=True, slots=True)
class RankSet(Change):
    """ChanServ gives a member of a channel a rank, or takes it."""

    channel: str
    user: str
    letter: str
    adding: bool


@dataclass(frozen=True, slots=True)
class MessageRedacted(Change):
    """A message is deleted from the history (IRCv3 draft/message-redaction); a second time changes
    nothing.

    Args:
        user: the folded nickname of the user that deletes it.
        session: the number of the session that does.
        channel: the folded name of the channel; "" for a private conversation.
        conversation: the name of a private conversation in the history; "" for a channel.
        target: the name of the conversation for the user.
        number: the id of the message.
        reason: shown to others, or "".
        is_deleted: whether it is deleted already. In a cluster each server deletes it, before its
            clients see that.
    """

    user: str
    session: int
    channel: str
    conversation: str
    target: str
    number: int
    reason: str
    is_deleted: bool


# What accounts and users have


@dataclass(frozen=True, slots=True)
class AccountRegistered(Change, Operation):
    """An account is created.

    Args:
        account: with its number, if it is stored already. One without a number gets the next one
            and is stored, unless it comes too late: the name, or a confusable one, is taken.
        credentials: what its password is checked against; None if they are stored already.
        email: its e-mail address, or None.
        invitation: the digest of the invitation that it uses; "" for none.
    """

    account: Account
    credentials: Credentials | None = field(default=None, repr=False)
    email: Email | None = field(default=None, repr=False)
    invitation: str = ""


@dataclass(frozen=True, slots=True)
class AccountDeleted(Change, Operation):
    """An account is gone: its logins, its channels, its access and its settings go with it."""

    account: Account


@dataclass(frozen=True, slots=True)
class AccountNameFreed(Change, Operation):
    """The name of a deleted account can be registered again; masks of lists name it no longer."""

    account: Account


@dataclass(frozen=True, slots=True)
class LoginsEnded(Change):
    """Sessions of an account are ended, which may belong to an intruder; its always-on user stays.

    Devices that these sessions, or unknown ones, have registered receive no more push messages.

    Args:
        account: its number.
        reason: sent to the clients.
        keep: the number of the session that stays, or 0.
        certificate: the fingerprint of the certificate by which the sessions logged in; "" for any.
    """

    account: int
    reason: str
    keep: int = 0
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class PasswordSet(Change, Operation):
    """An account, by its number, has another password, as what it is checked against."""

    account: int
    credentials: Credentials = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateAdded(Change, Operation):
    """A certificate can log in to an account, by its number, unless another one has proved it.

    Args:
        account: the number of the account.
        fingerprint: of the certificate.
        is_proved: see `Certificate`.
    """

    account: int
    fingerprint: str
    is_proved: bool


@dataclass(frozen=True, slots=True)
class CertificateRemoved(Change, Operation):
    """A certificate can log in to an account, by its number, no longer."""

    account: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PreferenceSet(Change):
    """A user chooses a preference for its account; None is the default of the server."""

    user: str
    name: str
    value: bool | None


@dataclass(frozen=True, slots=True)
class MarkerSet(Change):
    """A user has read a conversation up to a time (IRCv3 draft/read-marker).

    Args:
        user: its folded nickname.
        target: the channel or nickname, folded.
        time: as the server-time tag writes it.
    """

    user: str
    target: str
    time: str


@dataclass(frozen=True, slots=True)
class MetadataSet(Change):
    """A user sets keys of a user's or a channel's metadata (IRCv3 draft/metadata-2).

    Args:
        target: a folded nickname, or the folded name of a channel.
        values: keys with their values; None removes a key.
        by: the folded nickname of the user that sets them.
        session: the number of the session that does; it gets no notification. 0 for none.
    """

    target: str
    values: tuple[tuple[str, str | None], ...]
    by: str
    session: int = 0


@dataclass(frozen=True, slots=True)
class MetadataAdopted(Change):
    """A user keeps metadata that was set before it was registered, or logged in, as far as there is
    room.
    """

    user: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PushSubscribed(Change):
    """An account has a device that receives push messages, in the place of one with the same
    endpoint (soju.im/webpush).

    Args:
        account: its number.
        subscription: the device; no other account has it from now on.
        most: how many devices an account can have; the one that was not seen for the longest time
            gives way.
    """

    account: int
    subscription: PushSubscription
    most: int


@dataclass(frozen=True, slots=True)
class PushUnsubscribed(Change):
    """Devices of an account, by their endpoints, receive no further push messages."""

    account: int
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PushEndpointSet(Change):
    """A session is on a device that receives push messages, by its endpoint; "" for on none."""

    session: int
    endpoint: str


@dataclass(frozen=True, slots=True)
class PushRulesSet(Change):
    """An account wants other messages to be pushed to its devices."""

    account: int
    rules: PushRules


# Invitations by a token


@dataclass(frozen=True, slots=True)
class InvitationMade(Change):
    """There is an invitation for a channel, or for an account."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class InvitationUsed(Change):
    """A user has used an invitation, or uses it again.

    Args:
        digest: of the invitation.
        holder: by what the user is known; see `invitations.holder_of`.
    """

    digest: str
    holder: Holder


@dataclass(frozen=True, slots=True)
class InvitationReturned(Change):
    """What a user wanted to use an invitation for has failed; see `InvitationUsed`."""

    digest: str
    holder: Holder


@dataclass(frozen=True, slots=True)
class InvitationHolderKicked(Change):
    """A user was kicked from a channel, and cannot come back by the invitations that it has used.

    Args:
        channel: the folded name.
        user: its folded nickname.
    """

    channel: str
    user: str


@dataclass(frozen=True, slots=True)
class InvitationGuessed(Change):
    """A wrong token came from an address, as quotas count it."""

    address: str


@dataclass(frozen=True, slots=True)
class InvitationRevoked(Change):
    """There is an invitation no longer."""

    digest: str


@dataclass(frozen=True, slots=True)
class InvitationsRead(Change):
    """The invitations are those of the store, but for those that have changed and are not stored
    yet, and those of channels that are not registered.
    """

    invitations: tuple[Invitation, ...]


@dataclass(frozen=True, slots=True)
class InvitationsExpired(Change):
    """The invitations that have expired are gone."""


# Bans of the server, and its disk


@dataclass(frozen=True, slots=True)
class BanSet(Change):
    """The server has a ban, in the place of one of the same mask."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class BanLifted(Change):
    """The server has a ban no longer; a ban is named by its kind and its folded mask."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class BansEnforced(Change):
    """New bans end the sessions that they cover, and remove always-on users."""

    bans: tuple[Ban, ...]


@dataclass(frozen=True, slots=True)
class RoomChanged(Change):
    """The disk of a server has room for others than before.

    Args:
        server: its name in a cluster, or "".
        room: the users for whom there is room, as a number of `quotas.Room`.
    """

    server: str
    room: int


@dataclass(frozen=True, slots=True)
class BansRead(Change):
    """The bans are those of the store, but for bans that have changed and are not stored yet."""

    bans: tuple[Ban, ...]


@dataclass(frozen=True, slots=True)
class BansExpired(Change):
    """The bans that have expired are gone."""

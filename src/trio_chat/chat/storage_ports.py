"""The storage ports of a world, and the limits of what clients receive from the history."""

from dataclasses import dataclass, field

from trio_chat.chat.accounts import Accounts
from trio_chat.chat.api_tokens import ApiTokenTable
from trio_chat.chat.audit import AuditLog
from trio_chat.chat.bans import BanTable
from trio_chat.chat.history import History
from trio_chat.chat.hooks import HookTable
from trio_chat.chat.invitations import InvitationTable
from trio_chat.chat.moderation.server import ModerationTable
from trio_chat.chat.persistence import ClusterTable, StateStore
from trio_chat.chat.push import VapidKeys
from trio_chat.chat.steady import ClockState, ClockTable
from trio_chat.chat.timeline import Timeline
from trio_chat.chat.uploads import UploadTable


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePorts:
    """The ports to the storage, the limits of the history, and the state before the start.

    Args:
        history: the store of messages.
        most_messages: the maximum number of messages of one CHATHISTORY.
        playback: the number of messages that a joining user receives unasked; 0 for none.
        playback_to: the users that receive them if their account has not chosen: `everybody`,
            `people` (not bots, +B), or `accounts` (users that are logged in).
        keep_days: the number of days after which messages expire; 0 for never.
        may_be_longer: whether the owner of a channel may choose a longer time.
        last_id: the greatest id before the start.
        timeline: the steps of the clock before the start.
        kept: the stored state of the steady clock, or None.
        hold: seconds after a jump of the clock during which nothing expires.
        clock: the store of the state of the steady clock, or None if it is not persistent.
        accounts: the port to the accounts, or None if there are none.
        store: the store of other state, such as registered channels, or None if it is not
            persistent.
        bans: the store of bans of the server, or None if they are not persistent.
        hooks: the store of webhooks, or None if they are not persistent.
        api_tokens: the store of API tokens, or None if they are not persistent.
        audit: the stored audit log, or None if there is none.
        moderation: the store of the moderation of the server, or None if it is not persistent.
        invitations: the store of invitations, or None if they are not persistent.
        uploads: the table of uploaded files, or None if there is none.
        upload_days: the number of days after which uploads are removed; 0 for never.
        secret: a secret of this server that never changes, or b"".
        vapid: the keys by which push services recognise this server, or None.
        cluster: the table of the cluster, or None if the storage cannot belong to one.
    """

    history: History
    most_messages: int = 100
    playback: int = 20
    playback_to: str = "people"
    keep_days: int = 0
    may_be_longer: bool = False
    last_id: int = 0
    timeline: Timeline = field(default_factory=Timeline)
    kept: ClockState | None = None
    hold: float = 0.0
    clock: ClockTable | None = None
    accounts: Accounts | None = None
    store: StateStore | None = None
    bans: BanTable | None = None
    invitations: InvitationTable | None = None
    hooks: HookTable | None = None
    api_tokens: ApiTokenTable | None = None
    audit: AuditLog | None = None
    moderation: ModerationTable | None = None
    uploads: UploadTable | None = None
    upload_days: int = 0
    secret: bytes = field(default=b"", repr=False)
    vapid: VapidKeys | None = None
    cluster: ClusterTable | None = None

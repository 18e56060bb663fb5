"""The ports to the storage that a world is given, and how much of the history clients receive."""

from dataclasses import dataclass, field

from trio_chat.chat.accounts import Accounts
from trio_chat.chat.bans import BanTable
from trio_chat.chat.history import History
from trio_chat.chat.persistence import StateStore
from trio_chat.chat.steady import ClockState, ClockTable
from trio_chat.chat.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePorts:
    """The history, and how much of it is given out.

    Args:
        history: where messages are kept.
        most_messages: how many one CHATHISTORY gives.
        playback: how many a user who joins is shown without asking; 0 for none.
        playback_to: to whom, where the account has not chosen: `everybody`, `people` (not to bots,
            +B), or `accounts` (people who are logged in).
        keep_days: how many days messages are kept; 0: for ever.
        may_be_longer: whether the owner of a channel may have its messages kept longer than that.
        last_id: the greatest id given out before the start.
        timeline: the steps that the clock has made until then.
        kept: what lasts of the clock by which things expire; None when there is nothing.
        hold: for how many seconds after a jump of the clock nothing expires.
        clock: where it is noted how that clock stands, or None when it does not last.
        accounts: the keeper of accounts, or None when nobody can register.
        store: where registered channels and read markers are kept, or None when they do not last.
        bans: where bans of the server are kept, or None when they do not last.
        secret: what only this server knows, the same for ever; or b"".
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
    secret: bytes = field(default=b"", repr=False)

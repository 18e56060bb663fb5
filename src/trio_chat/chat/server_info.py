"""The identity of the server, and the memory that a world starts with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_chat.chat.accounts import AccountRules, Accounts
from trio_chat.chat.bans import BanTable
from trio_chat.chat.history import History
from trio_chat.chat.operators import Operator
from trio_chat.chat.persistence import StateStore
from trio_chat.chat.steady import ClockTable, Kept
from trio_chat.chat.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What the server says of itself.

    Args:
        name: the server's name, the source of its replies.
        network: the chat's name for people.
        icon: the URL of an image that stands for the network, or "".
        is_safe_rate: whether no client is disconnected for sending too fast, however long.
        description: one line, shown by WHOIS.
        version: program and version.
        created: seconds of Unix time at which it started.
        motd: lines of the message of the day.
        admin: how to reach who runs it, or "".
        password: what PASS must say, or "" when everyone may come.
        lobby: the channel that always exists, or "".
        lobby_topic: its topic, or "".
        user_modes: letters of the user modes that everybody begins with.
        account_rules: what the operator allows with accounts.
        operators: the operators of the server, by folded name.
        most_bans: bans of the server that there can be.
        sts_duration: seconds for which clients are to come by TLS only (IRCv3 `sts`), or None when
            they are not told.
        sts_port: the port for that.
    """

    name: str = "chat.local"
    network: str = "trio-chat"
    icon: str = ""
    is_safe_rate: bool = True
    description: str = "A trio-chat server"
    version: str = "trio-chat"
    created: float = 0.0
    motd: tuple[str, ...] = ()
    admin: str = ""
    password: str = field(default="", repr=False)
    lobby: str = "#lobby"
    lobby_topic: str = ""
    user_modes: str = "i"
    account_rules: AccountRules = field(default_factory=AccountRules)
    operators: Mapping[str, Operator] = field(default_factory=dict)
    most_bans: int = 1000
    sts_duration: int | None = None
    sts_port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
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
    kept: Kept | None = None
    hold: float = 0.0
    clock: ClockTable | None = None
    accounts: Accounts | None = None
    store: StateStore | None = None
    bans: BanTable | None = None
    secret: bytes = field(default=b"", repr=False)

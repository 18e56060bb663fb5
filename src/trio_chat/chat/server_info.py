"""The server as its clients see it: names, texts, rules and operators from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_chat.chat.accounts import AccountRules
from trio_chat.chat.operator_blocks import Operator
from trio_chat.irc import modes


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
    user_modes: str = modes.INVISIBLE
    account_rules: AccountRules = field(default_factory=AccountRules)
    operators: Mapping[str, Operator] = field(default_factory=dict)
    most_bans: int = 1000
    sts_duration: int | None = None
    sts_port: int = 0

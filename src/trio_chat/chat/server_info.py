"""The server as its clients see it: names, texts, rules and operators from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.moderation.probation import ModerationRules
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.uploads import UploadRules
from trio_chat.irc import modes


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """The server's names, texts and rules.

    Args:
        name: the name of the server, the source of its replies.
        network: the name of the network (RPL_ISUPPORT NETWORK).
        icon: the URL of an image that stands for the network, or "".
        call_base: the address that rooms for calls are under, with a `/` at its end, or "".
        is_safe_rate: whether no client is ever disconnected for sending too fast (SAFERATE).
        description: one line that WHOIS and LINKS show.
        version: program and version.
        created: seconds of Unix time at which it started.
        motd: lines of the message of the day.
        admin: the contact of the administrator, or "".
        password: the password that PASS must give, or "" for none.
        lobby: the channel that always exists, or "".
        lobby_topic: its topic, or "".
        user_modes: letters of the user modes of a new user.
        account_rules: the rules for accounts.
        operators: the operators of the server, by folded name.
        most_bans: the maximum number of bans of the server.
        uploads: the users that may upload files.
        sts_duration: seconds for which clients must use TLS (IRCv3 `sts`), or None if `sts` is not
            advertised.
        sts_port: the TLS port that `sts` names.
        has_push: whether devices can be registered for push messages (soju.im/webpush).
        push_devices: how many of them an account can have.
        moderation: the rules of moderation.
        has_archive: whether channels can be public (+P).
        has_translation: whether messages are translated for those who ask.
    """

    name: str = "chat.local"
    network: str = "trio-chat"
    icon: str = ""
    call_base: str = ""
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
    uploads: UploadRules = field(default_factory=UploadRules)
    sts_duration: int | None = None
    sts_port: int = 0
    has_push: bool = False
    push_devices: int = 4
    has_archive: bool = False
    has_translation: bool = False
    moderation: ModerationRules = field(default_factory=ModerationRules)

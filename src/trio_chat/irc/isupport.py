"""RPL_ISUPPORT (Modern IRC, RPL_ISUPPORT): this server's tokens, and the parsing of any server's.

The tokens are derived from the tables and the limits in force, so that they cannot contradict them.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from trio_chat.irc import extbans, modes
from trio_chat.irc.modes import ModeType
from trio_chat.irc.names import CASEMAPPINGS, CHANTYPES, current_casemapping

_TOKENS_PER_LINE: Final = 13
"""RFC 2812 §2.3 allows 15 parameters; the first is the nickname and the last the closing text."""
_BYTES_PER_LINE: Final = 270
"""Bytes of tokens that fit into a line with the longest server name and nickname and the text."""

_LONGEST_PAGE_URL: Final = 200
CALL: Final = "trio-chat/CALL"
"""The name of the token for the address that rooms for calls are under."""
FILEHOST: Final = ("draft/FILEHOST", "soju.im/FILEHOST")
"""The names of the token for uploads."""


class Lengths(NamedTuple):
    """The limits that a server enforces, most of which it announces to clients.

    Names are counted in characters. Texts (topic, kick, away, realname, key) are counted in bytes,
    since the limit of a line is 512 bytes.
    """

    nick: int = 32
    channel: int = 64
    topic: int = 390
    kick: int = 390
    away: int = 200
    realname: int = 150
    username: int = 16
    key: int = 32
    host: int = 64
    channels_per_user: int = 100
    sessions_per_user: int = 20
    targets: int = 4
    modes: int = 12
    list_entries: int = 100
    monitor_entries: int = 100
    accept_entries: int = 100
    read_markers: int = 1000
    channels_per_account: int = 20
    access_entries: int = 200
    certificates_per_account: int = 10
    multiline_bytes: int = 4096
    multiline_lines: int = 24
    metadata_keys: int = 20
    metadata_bytes: int = 250
    metadata_subs: int = 50
    metadata_changes: int = 30
    missed_entries: int = 50
    renamed_days: int = 30
    stored_per_hour: int = 20_000
    stored_bytes_per_hour: int = 33_554_432


def tokens(
    lengths: Lengths,
    network: str,
    history_limit: int = 0,
    *,
    icon: str = "",
    is_safe_rate: bool = True,
    needs_account: bool = False,
    vapid: str = "",
    has_uploads: bool = False,
    call_base: str = "",
) -> list[str]:
    """Return the tokens in alphabetical order.

    Args:
        lengths: the limits of the server.
        network: the name of the network.
        history_limit: the most messages in one reply to CHATHISTORY; 0 without a history.
        icon: the URL of an image of the network, or "" (IRCv3 `network-icon`).
        is_safe_rate: whether no client is disconnected for flooding (`SAFERATE`).
        needs_account: whether registration requires a login (IRCv3 `draft/account-registration`).
        vapid: the public key by which push services recognise the server, or "" (soju.im/webpush).
        has_uploads: whether TOKEN gives tokens for uploads (IRCv3 `draft/authtoken`).
        call_base: the address that rooms for calls are under, or "".
    """
    lists = modes.letters(ModeType.LIST)
    values: dict[str, str | int] = {
        "ACCOUNTEXTBAN": f"{extbans.ACCOUNT},{extbans.EXTBANS[extbans.ACCOUNT].name}",
        "AWAYLEN": lengths.away,
        "BOT": modes.BOT,
        **CASEMAPPINGS[current_casemapping()],
        "CHANLIMIT": f"{CHANTYPES}:{lengths.channels_per_user}",
        "CHANMODES": ",".join(
            modes.letters(mode_type)
            for mode_type in (ModeType.LIST, ModeType.ALWAYS, ModeType.WHEN_SET, ModeType.FLAG)
        ),
        "CHANNELLEN": lengths.channel,
        "CHANTYPES": CHANTYPES,
        "ELIST": "CMNTU",
        "EXCEPTS": modes.BAN_EXCEPTION,
        "EXTBAN": f",{''.join(extbans.EXTBANS)}",
        "HOSTLEN": lengths.host,
        "INVEX": modes.INVITE_EXCEPTION,
        "KEYLEN": lengths.key,
        "KICKLEN": lengths.kick,
        "KNOCK": "",
        "MAXLIST": f"{lists}:{lengths.list_entries}",
        "MAXMODES": lengths.modes,
        "MAXTARGETS": lengths.targets,
        "MODES": lengths.modes,
        "MONITOR": lengths.monitor_entries,
        "NAMELEN": lengths.realname,
        "NETWORK": network,
        "NICKLEN": lengths.nick,
        "PREFIX": f"({''.join(mode.letter for mode in modes.RANKS)}){modes.PREFIXES}",
        "SAFELIST": "",
        "STATUSMSG": modes.PREFIXES,
        "TARGMAX": _targets(lengths.targets),
        "TOPICLEN": lengths.topic,
        "USERLEN": lengths.username,
        "UTF8ONLY": "",
        "WHOX": "",
    }
    if history_limit:
        values |= {"CHATHISTORY": history_limit, "MSGREFTYPES": "msgid,timestamp"}
    if icon:
        values["draft/ICON"] = icon
    if vapid:
        values["VAPID"] = vapid
    if call_base:
        values[CALL] = call_base
    flags = {
        "SAFERATE": is_safe_rate,
        "soju.im/SAFERATE": is_safe_rate,  # the name that soju knows
        "draft/ACCOUNTREQUIRED": needs_account,
        "draft/AUTHTOKEN": has_uploads,
    }
    values |= {name: "" for name, is_set in flags.items() if is_set}
    return [
        f"{name}={escape(str(value))}" if value != "" else name
        for name, value in sorted(values.items())
    ]


def filehost_url(page_url: str) -> str:
    """Return the address for uploads; "" if that of the page is unknown, or too long for a token.

    Args:
        page_url: the address of the server's page, with a `/` at its end.
    """
    return f"{page_url}upload" if page_url and len(page_url) <= _LONGEST_PAGE_URL else ""


@lru_cache(maxsize=64)  # each client that connects gets them
def filehost(page_url: str) -> tuple[str, ...]:
    """Return the tokens that name the address for uploads (IRCv3 `draft/FILEHOST`, and the name
    that clients of soju know); none if it is unknown.
    """
    url = filehost_url(page_url)
    return tuple(f"{name}={escape(url)}" for name in FILEHOST) if url else ()


def _targets(limit: int) -> str:
    return (
        f"JOIN:,KICK:{limit},LIST:,NAMES:,NOTICE:{limit},PART:,PRIVMSG:{limit},TAGMSG:{limit},"
        "USERHOST:5,WHOIS:1"
    )


def token_lines(tokens: Iterable[str]) -> list[tuple[str, ...]]:
    """Distribute tokens over the lines of RPL_ISUPPORT, as many in each as it can hold."""
    found: list[tuple[str, ...]] = []
    size = 0
    for token in tokens:
        length = len(token.encode()) + 1
        if not found or len(found[-1]) == _TOKENS_PER_LINE or size + length > _BYTES_PER_LINE:
            found.append(())
            size = 0
        found[-1] += (token,)
        size += length
    return found


_ESCAPES: Final = str.maketrans({char: f"\\x{ord(char):02X}" for char in "\\= "})
_ESCAPED: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")


def escape(value: str) -> str:
    """Escape the value of a token: a space, `\\` and `=` (Modern IRC, RPL_ISUPPORT)."""
    return value.translate(_ESCAPES)


def unescape(value: str) -> str:
    """Return the value of a token without its escapes."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)


def parse_prefix(value: str) -> dict[str, str]:
    """Read the value of PREFIX, such as `(ov)@+`: the signs of the ranks by their letters.

    Returns: the ranks in the order of the value, the highest first; none for `""`, which a server
        without ranks announces, or when letters and signs are not equally many.
    """
    letters, paren, signs = value.removeprefix("(").partition(")")
    return dict(zip(letters, signs, strict=True)) if paren and len(letters) == len(signs) else {}


def mode_types(chanmodes: str, ranks: Iterable[str]) -> dict[str, ModeType]:
    """Return the types of the channel modes of a server, for `modes.split_changes`.

    Args:
        chanmodes: the value of CHANMODES: four groups of letters, of the types A, B, C and D;
            further groups mean nothing (Modern IRC, CHANMODES).
        ranks: the letters of PREFIX.
    """
    types = (ModeType.LIST, ModeType.ALWAYS, ModeType.WHEN_SET, ModeType.FLAG)
    found = {
        letter: mode_type
        for mode_type, letters in zip(types, chanmodes.split(","), strict=False)
        for letter in letters
    }
    return found | dict.fromkeys(ranks, ModeType.MEMBER)

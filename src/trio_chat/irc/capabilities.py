"""IRCv3 capabilities that this server offers, one table.

Each capability has a bit, and the capabilities of a session are one integer: the broadcaster groups
recipients by `caps & relevant_capabilities`, which is cheaper than intersecting sets. A capability
that only adds a tag or a recipient is one line here.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from trio_chat.irc import capability_names as names
from trio_chat.irc.names import RELAY_SEPARATOR


class Capability(NamedTuple):
    """One capability.

    Args:
        name: its name in CAP.
        bit: its bit in the `caps` of a session.
        needs: the bits without which it has no effect (labeled-response needs batch).
        value: its value in CAP LS 302, or "".
    """

    name: str
    bit: int
    needs: int = 0
    value: str = ""


ACCOUNT_NOTIFY: Final = 1 << 0
ACCOUNT_TAG: Final = 1 << 1
AWAY_NOTIFY: Final = 1 << 2
BATCH: Final = 1 << 3
CAP_NOTIFY: Final = 1 << 4
ECHO_MESSAGE: Final = 1 << 5
EXTENDED_JOIN: Final = 1 << 6
INVITE_NOTIFY: Final = 1 << 7
LABELED_RESPONSE: Final = 1 << 8
MESSAGE_TAGS: Final = 1 << 9
MULTI_PREFIX: Final = 1 << 10
SERVER_TIME: Final = 1 << 11
SETNAME: Final = 1 << 12
STANDARD_REPLIES: Final = 1 << 13
USERHOST_IN_NAMES: Final = 1 << 14
CHATHISTORY: Final = 1 << 15
EVENT_PLAYBACK: Final = 1 << 16
SEARCH: Final = 1 << 17
SASL: Final = 1 << 18
READ_MARKER: Final = 1 << 24
ACCOUNT_REGISTRATION: Final = 1 << 19
EXTENDED_MONITOR: Final = 1 << 20
MESSAGE_REDACTION: Final = 1 << 21
MULTILINE: Final = 1 << 22
METADATA_2: Final = 1 << 23
PRE_AWAY: Final = 1 << 25
ZNC_PLAYBACK: Final = 1 << 26
ZNC_SELF_MESSAGE: Final = 1 << 27
METADATA_3: Final = 1 << 28
METADATA: Final = METADATA_2 | METADATA_3
CHANNEL_RENAME: Final = 1 << 40
RELAYMSG: Final = 1 << 41
NO_IMPLICIT_NAMES: Final = 1 << 42
EXTENDED_ISUPPORT: Final = 1 << 43
OPER_TAG: Final = 1 << 44
CHGHOST: Final = 1 << 45
WHOAMI: Final = 1 << 46
NAMED_MODES: Final = 1 << 47
WEBPUSH: Final = 1 << 50
WEBPUSH_SOJU: Final = 1 << 51
AUTHTOKEN: Final = 1 << 48
NOTIFY: Final = 1 << 49
NUMBER: Final = 1 << 52
TRANSLATE: Final = 1 << 53

CAPABILITIES: Final[dict[str, Capability]] = {
    cap.name: cap
    for cap in (
        Capability(names.ACCOUNT_NOTIFY, ACCOUNT_NOTIFY),
        Capability(names.ACCOUNT_REGISTRATION, ACCOUNT_REGISTRATION),
        Capability(names.ACCOUNT_TAG, ACCOUNT_TAG),
        Capability(names.AUTHTOKEN, AUTHTOKEN, needs=BATCH),
        Capability(names.AWAY_NOTIFY, AWAY_NOTIFY),
        Capability(names.BATCH, BATCH),
        Capability(names.CAP_NOTIFY, CAP_NOTIFY),
        Capability(names.CHANNEL_RENAME, CHANNEL_RENAME),
        Capability(names.CHATHISTORY, CHATHISTORY),
        Capability(names.CHGHOST, CHGHOST),
        Capability(names.EVENT_PLAYBACK, EVENT_PLAYBACK),
        Capability(names.EXTENDED_ISUPPORT, EXTENDED_ISUPPORT),
        Capability(names.MESSAGE_REDACTION, MESSAGE_REDACTION, needs=MESSAGE_TAGS),
        Capability(names.METADATA_2, METADATA_2, needs=BATCH),
        Capability(names.METADATA_3, METADATA_3, needs=BATCH),
        Capability(names.MULTILINE, MULTILINE, needs=BATCH),
        Capability(names.ECHO_MESSAGE, ECHO_MESSAGE),
        Capability(names.EXTENDED_JOIN, EXTENDED_JOIN),
        Capability(names.EXTENDED_MONITOR, EXTENDED_MONITOR),
        Capability(names.INVITE_NOTIFY, INVITE_NOTIFY),
        Capability(names.LABELED_RESPONSE, LABELED_RESPONSE, needs=BATCH),
        Capability(names.MESSAGE_TAGS, MESSAGE_TAGS),
        Capability(names.MULTI_PREFIX, MULTI_PREFIX),
        Capability(names.NAMED_MODES, NAMED_MODES),
        Capability(names.NO_IMPLICIT_NAMES, NO_IMPLICIT_NAMES),
        Capability(names.NOTIFY, NOTIFY),
        Capability(names.NUMBER, NUMBER, needs=MESSAGE_TAGS),
        Capability(names.OPER_TAG, OPER_TAG),
        Capability(names.PRE_AWAY, PRE_AWAY),
        Capability(names.READ_MARKER, READ_MARKER),
        Capability(names.RELAYMSG, RELAYMSG, value=RELAY_SEPARATOR),
        Capability(names.SASL, SASL, value="PLAIN,SCRAM-SHA-256"),
        Capability(names.SERVER_TIME, SERVER_TIME),
        Capability(names.SETNAME, SETNAME),
        Capability(names.SEARCH, SEARCH),
        Capability(names.STANDARD_REPLIES, STANDARD_REPLIES),
        Capability(names.TRANSLATE, TRANSLATE, needs=BATCH),
        Capability(names.USERHOST_IN_NAMES, USERHOST_IN_NAMES),
        Capability(names.WEBPUSH, WEBPUSH),
        Capability(names.WEBPUSH_SOJU, WEBPUSH_SOJU),
        Capability(names.WHOAMI, WHOAMI, needs=CHGHOST),
        Capability(names.ZNC_PLAYBACK, ZNC_PLAYBACK),
        # All sessions of a user receive the messages that one of them sends. Some clients show them
        # only with this capability.
        Capability(names.ZNC_SELF_MESSAGE, ZNC_SELF_MESSAGE),
    )
}

_DRAFT: Final = "draft/"
OPER_TAGS: Final = ((OPER_TAG, "draft/oper", ""),)
"""The tag on events of a server operator (IRCv3 `draft/oper-tag`), without the operator's name."""

NEEDS_STORAGE: Final = (
    CHATHISTORY | EVENT_PLAYBACK | SEARCH | MESSAGE_REDACTION | ZNC_PLAYBACK | NUMBER
)
"""Offered only with a message history."""
NEEDS_ACCOUNTS: Final = SASL | ACCOUNT_REGISTRATION | NOTIFY
"""Offered only with accounts."""
NEEDS_PUSH: Final = WEBPUSH | WEBPUSH_SOJU
"""Offered only where devices can be registered for push messages."""
ALL: Final = sum(cap.bit for cap in CAPABILITIES.values())

CARRIES_TAGS: Final = (
    MESSAGE_TAGS | SERVER_TIME | ACCOUNT_TAG | BATCH | LABELED_RESPONSE | RELAYMSG | OPER_TAG
)
"""Any of these lets a client send and receive tags (IRCv3 message-tags: those of the capabilities
that were negotiated).
"""


def names_of(caps: int) -> list[str]:
    """Return the names of the capabilities in a bit set, in the order of the table."""
    return [cap.name for cap in capabilities_in(caps)]


def without_drafts(names: list[str]) -> list[str]:
    """Return the names that are no drafts, for a client that does not support CAP version 302.

    Such a client must receive them in one line, which is too short for all; a client that supports
    drafts supports version 302.
    """
    return [name for name in names if not name.startswith(_DRAFT)]


def only_drafts(names: list[str]) -> list[str]:
    """Return the names that are drafts."""
    return [name for name in names if name.startswith(_DRAFT)]


def capabilities_in(caps: int) -> Iterator[Capability]:
    """Return the capabilities in a bit set, in the order of the table."""
    return (cap for cap in CAPABILITIES.values() if caps & cap.bit)


def effective(caps: int) -> int:
    """Return the bits that have an effect: those whose `needs` were negotiated too."""
    for cap in CAPABILITIES.values():
        if caps & cap.bit and caps & cap.needs != cap.needs:
            caps &= ~cap.bit
    return caps

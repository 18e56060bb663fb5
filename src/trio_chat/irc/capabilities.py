"""The capabilities of IRCv3, one table.

Each has a bit: what a session has negotiated is one integer, so a broadcast can group its receivers by `caps & relevant`
without touching a set. A capability whose behaviour needs no code beyond a tag or an extra receiver is one line here.
"""

from typing import NamedTuple


class Capability(NamedTuple):
    """One capability.

    Args:
        name: how CAP writes it.
        bit: its bit in a session's `caps`.
        needs: bits that must be on for it to have an effect (labeled-response needs batch).
    """

    name: str
    bit: int
    needs: int = 0


ACCOUNT_NOTIFY = 1 << 0
ACCOUNT_TAG = 1 << 1
AWAY_NOTIFY = 1 << 2
BATCH = 1 << 3
CAP_NOTIFY = 1 << 4
ECHO_MESSAGE = 1 << 5
EXTENDED_JOIN = 1 << 6
INVITE_NOTIFY = 1 << 7
LABELED_RESPONSE = 1 << 8
MESSAGE_TAGS = 1 << 9
MULTI_PREFIX = 1 << 10
SERVER_TIME = 1 << 11
SETNAME = 1 << 12
STANDARD_REPLIES = 1 << 13
USERHOST_IN_NAMES = 1 << 14
CHATHISTORY = 1 << 15

CAPABILITIES: dict[str, Capability] = {
    cap.name: cap
    for cap in (
        Capability("account-notify", ACCOUNT_NOTIFY),
        Capability("account-tag", ACCOUNT_TAG),
        Capability("away-notify", AWAY_NOTIFY),
        Capability("batch", BATCH),
        Capability("cap-notify", CAP_NOTIFY),
        Capability("draft/chathistory", CHATHISTORY),
        Capability("echo-message", ECHO_MESSAGE),
        Capability("extended-join", EXTENDED_JOIN),
        Capability("invite-notify", INVITE_NOTIFY),
        Capability("labeled-response", LABELED_RESPONSE, needs=BATCH),
        Capability("message-tags", MESSAGE_TAGS),
        Capability("multi-prefix", MULTI_PREFIX),
        Capability("server-time", SERVER_TIME),
        Capability("setname", SETNAME),
        Capability("standard-replies", STANDARD_REPLIES),
        Capability("userhost-in-names", USERHOST_IN_NAMES),
    )
}

ALL = sum(cap.bit for cap in CAPABILITIES.values())

CARRIES_TAGS = MESSAGE_TAGS | SERVER_TIME | ACCOUNT_TAG | BATCH | LABELED_RESPONSE
"""Any of these lets a client send tags and be sent some (IRCv3 message-tags: tags of capabilities that were negotiated)."""


def names(caps: int) -> list[str]:
    """Return the names of the capabilities in a bit set, in alphabetical order."""
    return [cap.name for cap in CAPABILITIES.values() if caps & cap.bit]


def effective(caps: int) -> int:
    """Return the bits that have an effect: without those whose needs were not negotiated."""
    for cap in CAPABILITIES.values():
        if caps & cap.bit and caps & cap.needs != cap.needs:
            caps &= ~cap.bit
    return caps

"""The value of the capability `sts` (IRCv3 `sts`): strict transport security."""

from typing import NamedTuple

CAPABILITY = "sts"


class StsOffer(NamedTuple):
    """The value of the capability `sts`.

    Args:
        port: for connections with TLS; 0 when there is none.
        duration: seconds of the policy; None when there is none.
    """

    port: int = 0
    duration: int | None = None


def parse_offer(value: str) -> StsOffer:
    """Return what the value of the capability says; keys that are unknown or not valid are ignored
    (IRCv3 sts, The STS Capability).
    """
    keys = dict(word.partition("=")[::2] for word in value.split(","))
    port, duration = (_number(keys.get(name, "")) for name in ("port", "duration"))
    return StsOffer(port if port and port < 65536 else 0, duration)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None

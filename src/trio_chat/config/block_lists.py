"""A block list of addresses in DNS, as config.ini names it."""

from typing import NamedTuple


class BlockListZone(NamedTuple):
    """A block list in DNS.

    Args:
        name: the name of its zone.
        codes: ranges of the last number of an answer that count; () for all but 1.
    """

    name: str
    codes: tuple[tuple[int, int], ...] = ()

    def lists(self, answer: str) -> bool:
        """Return whether an answer means that an address is listed (RFC 5782 §2.1, §5)."""
        head, _, last = answer.rpartition(".")
        if not head.startswith("127.") or head.startswith("127.255.255") or not last.isdecimal():
            return False
        if not self.codes:
            return answer != "127.0.0.1"
        return head == "127.0.0" and any(low <= int(last) <= high for low, high in self.codes)

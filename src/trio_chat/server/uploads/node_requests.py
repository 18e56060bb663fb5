"""Requests between the nodes of a cluster for the bytes of an uploaded file, signed by an HMAC
(RFC 2104) with a key that all nodes have.

A request is for one file, to one node, at about this time, and counts once. It is no proof of the
answer: that is checked by the digest of the file.
"""

import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable

SCHEME = "trio-chat-node"
LIFETIME = 300.0
"""Seconds by which the time of a request may differ, by the clock of the log."""
_MOST_SEEN = 65_536
_NONCE_BYTES = 16
_MAC_BYTES = 32
_LONGEST = 1024


class NodeRequests:
    """Signs requests to other nodes, and checks those of other nodes.

    Args:
        key: common to all nodes.
        node: the name of this one.
        clock: returns the time that all nodes have in common, in seconds.
    """

    def __init__(self, key: bytes, node: str, clock: Callable[[], float]) -> None:
        self._key = key
        self._node = node
        self._clock = clock
        # The signatures of requests that were accepted, and until when they are remembered.
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def sign(self, to: str, name: str) -> str:
        """Return the header Authorization for a file.

        Args:
            to: the name of the node that is asked.
            name: the random name of the file.
        """
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        signed = "\n".join((name, str(int(self._clock())), nonce, self._node, to)).encode()
        return f"{SCHEME} {base64.b64encode(signed + self._mac(signed)).decode()}"

    def check(self, authorization: str, name: str) -> str:
        """Return the name of the node that asks for a file; "" if it is none, or asks again.

        Args:
            authorization: the header.
            name: the random name of the file.
        """
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != SCHEME or len(value) > _LONGEST:
            return ""
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return ""
        signed, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(signed)):
            return ""
        file, time, _nonce, asking, asked = signed.decode().split("\n", 4)
        now = self._clock()
        if (file, asked) != (name, self._node) or abs(now - int(time)) > LIFETIME:
            return ""
        return asking if self._is_first(mac, now) else ""

    def _is_first(self, mac: bytes, now: float) -> bool:
        while self._seen and next(iter(self._seen.values())) <= now:
            self._seen.popitem(last=False)
        # Where there is no room, none is accepted: a forgotten one could be repeated.
        if mac in self._seen or len(self._seen) >= _MOST_SEEN:
            return False
        self._seen[mac] = now + 2 * LIFETIME
        return True

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, b"file\n" + signed, "sha256")

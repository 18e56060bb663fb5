"""Discovery of servers in a local network: the records of DNS-SD (RFC 6763), and a beacon over UDP
for networks that do not forward multicast DNS.

The beacon is a query by broadcast, or by multicast to all nodes of a link (IPv6), and an answer to
the address that it came from. Both begin with a magic of 12 bytes and the 16 bytes of a nonce.
Zeros fill the query up to the length of the longest answer, so that a forged sender never receives
more than was sent in its name. The rest of an answer has the format of a TXT record (RFC 6763 §6),
so both ways of discovery say the same.

Everything that is read here may be forged. It is bounded text, and no reason to trust a server.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from trio_chat.irc.text import strip_controls, strip_formatting

SERVICE_TYPES: Final = ("_irc._tcp.local.", "_ircs._tcp.local.")
"""The services of IRC without and with TLS; both are one server if they have one port."""
PAGE_TYPE: Final = "_http._tcp.local."
BEACON_PORT: Final = 6667
"""The UDP port of queries. IANA has given it to IRC, which uses TCP alone."""
ALL_NODES: Final = "ff02::1"
"""The multicast group of queries by IPv6 (RFC 4291 §2.7.1). Every node is in it, so no switch
filters it; as with a broadcast of IPv4, no router forwards it.
"""
NONCE_BYTES: Final = 16
BEACON_BYTES: Final = 512
"""The length of a query, and the most of an answer."""
MAX_LABEL: Final = 63
"""The longest name of an instance, in bytes (RFC 6763 §4.1.1)."""

_QUERY: Final = b"trio-chat ? "
_ANSWER: Final = b"trio-chat ! "
_HEADER: Final = len(_QUERY) + NONCE_BYTES
_BY_IPV4: Final = b"4"
"""Stands behind the nonce of a query by IPv6 when the client asks by IPv4 as well."""
_LONGEST_STRING: Final = 255
_LONGEST_SHOWN: Final = 64
_TLS: Final = ("auto", "required", "off")


class BeaconQuery(NamedTuple):
    """A query of the beacon.

    Args:
        nonce: 16 random bytes, which the answers repeat.
        asks_by_ipv4: whether the client asks by IPv4 in the same network as well: a server that
            answers that one does not answer a query by IPv6, and is not listed twice.
    """

    nonce: bytes
    asks_by_ipv4: bool = False


class ServiceRecord(NamedTuple):
    """What a server says of itself to those that look for servers.

    Args:
        name: of the server among those of the network, as `[discovery] name`.
        port: on which it takes IRC.
        network: its name for clients, as `[server] network`.
        lobby: the channel that new users join; "" for none.
        path: of its page; "" when it has none.
        tls: as `[server] tls`.
        version: of its software.
    """

    name: str
    port: int
    network: str = ""
    lobby: str = ""
    path: str = ""
    tls: str = "auto"
    version: str = ""

    def properties(self) -> dict[str, str]:
        """Return the pairs of a TXT record, without its name and port, the most useful first."""
        pairs = {
            "txtvers": "1",
            "tls": self.tls,
            "lobby": self.lobby,
            "network": self.network,
            "path": self.path,
            "version": self.version,
        }
        return {key: value for key, value in pairs.items() if value and _fits(key, value)}


def record_of(name: str, port: int, properties: Mapping[bytes, bytes | None]) -> ServiceRecord:
    """Return the record that a TXT record describes, as text that can be shown.

    Args:
        name: of the instance.
        port: of the service.
        properties: the pairs of the TXT record, from anybody.
    """
    texts = {key: shown(value or b"") for key, value in properties.items()}
    tls = texts.get(b"tls", "")
    return ServiceRecord(
        name=shown(name),
        port=port,
        network=texts.get(b"network", ""),
        lobby=texts.get(b"lobby", ""),
        path=texts.get(b"path", ""),
        tls=tls if tls in _TLS else "auto",
        version=texts.get(b"version", ""),
    )


def shown(text: str | bytes) -> str:
    """Return untrusted text of one line without formatting, control and bidirectional characters,
    and cut it.
    """
    cut = text[: 4 * _LONGEST_SHOWN]
    line = " ".join((cut if isinstance(cut, str) else cut.decode("utf-8", "replace")).split())
    return strip_controls(strip_formatting(line))[:_LONGEST_SHOWN].strip()


def instance_label(name: str, most: int = MAX_LABEL - 4) -> str:
    """Return a name as one label of DNS, with room for a suffix such as `-2`.

    Not every program reads a label with a dot, so dots become hyphens.

    Args:
        name: what a server is to be called.
        most: bytes.
    """
    label = shown(name.replace(".", "-")).encode()[:most].decode("utf-8", "ignore").strip()
    return label or "trio-chat"


def beacon_query(query: BeaconQuery) -> bytes:
    """Return the datagram that asks for servers."""
    flag = _BY_IPV4 if query.asks_by_ipv4 else b""
    return (_QUERY + query.nonce + flag).ljust(BEACON_BYTES, b"\0")


def read_query(datagram: bytes) -> BeaconQuery | None:
    """Return the query in a datagram; None for any other datagram, and for one that is shorter than
    an answer could be.
    """
    if len(datagram) != BEACON_BYTES or not datagram.startswith(_QUERY):
        return None
    flag = datagram[_HEADER : _HEADER + len(_BY_IPV4)]
    return BeaconQuery(datagram[len(_QUERY) : _HEADER], flag == _BY_IPV4)


def beacon_answer(nonce: bytes, record: ServiceRecord) -> bytes:
    """Return the datagram that answers a query, no longer than the query."""
    answer = _ANSWER + nonce
    mandatory = {"port": str(record.port), "name": record.name[:_LONGEST_SHOWN]}
    for key, value in {**mandatory, **record.properties()}.items():
        string = _string(key, value)
        if len(answer) + len(string) <= BEACON_BYTES:
            answer += string
    return answer


def read_answer(datagram: bytes, nonce: bytes) -> ServiceRecord | None:
    """Return the record of an answer; None for any other datagram, and for an answer to a query
    that has another nonce.
    """
    if len(datagram) > BEACON_BYTES or not datagram.startswith(_ANSWER + nonce):
        return None
    pairs = dict(_pairs(datagram[_HEADER:]))
    port = pairs.get(b"port", b"")
    if not (port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    return record_of(pairs.get(b"name", b"").decode("utf-8", "replace"), int(port), pairs)


def _fits(key: str, value: str) -> bool:
    return len(key) + 1 + len(value.encode()) <= _LONGEST_STRING


def _string(key: str, value: str) -> bytes:
    pair = f"{key}={value}".encode()
    return bytes([len(pair)]) + pair


def _pairs(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Yield the pairs of a TXT record, the last one first, so that the first of a key counts."""
    strings = []
    while data:
        length = data[0]
        strings.append(data[1 : 1 + length])
        data = data[1 + length :]
    for string in reversed(strings):
        key, equals, value = string.partition(b"=")
        if key and equals:
            yield key.lower(), value

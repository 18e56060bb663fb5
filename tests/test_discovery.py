"""Records of discovery: what is written is read again, and anything else is harmless text."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trio_chat.irc.discovery import (
    BEACON_BYTES,
    MAX_LABEL,
    NONCE_BYTES,
    BeaconQuery,
    ServiceRecord,
    beacon_answer,
    beacon_query,
    instance_label,
    read_answer,
    read_query,
    record_of,
    shown,
)

NONCE = bytes(range(NONCE_BYTES))
QUERY = BeaconQuery(NONCE)
RECORD = ServiceRecord("Бюро", 5000, "Office", "#lobby", "/", "required", "0.2.0")
ANY_TEXT = st.text(max_size=300)
RECORDS = st.builds(
    ServiceRecord,
    name=ANY_TEXT,
    port=st.integers(1, 65535),
    network=ANY_TEXT,
    lobby=ANY_TEXT,
    path=ANY_TEXT,
    tls=st.sampled_from(["auto", "required", "off"]),
    version=ANY_TEXT,
)


def test_an_answer_says_what_the_server_said() -> None:
    """The beacon carries the whole record."""
    assert read_answer(beacon_answer(NONCE, RECORD), NONCE) == RECORD


def test_dns_sd_says_the_same() -> None:
    """The TXT record has everything but the name and the port, which DNS-SD has elsewhere."""
    properties: dict[bytes, bytes | None] = {
        key.encode(): value.encode() for key, value in RECORD.properties().items()
    }
    assert record_of(RECORD.name, RECORD.port, properties) == RECORD


@given(RECORDS)
def test_an_answer_is_never_longer_than_its_query(record: ServiceRecord) -> None:
    """A forged sender gains nothing; port and name are in every answer."""
    answer = beacon_answer(NONCE, record)
    assert len(answer) <= len(beacon_query(QUERY)) == BEACON_BYTES
    read = read_answer(answer, NONCE)
    assert read is not None
    assert read.port == record.port
    assert read.name == shown(record.name)


@given(st.binary(max_size=600))
@example(beacon_query(QUERY)[:-1])
@example(beacon_query(QUERY) + b"\0")
@example(b"trio-chat ? ")
def test_only_a_whole_query_is_one(datagram: bytes) -> None:
    """One byte less would be answered with more bytes than were sent."""
    assert read_query(datagram) is None
    for query in (QUERY, BeaconQuery(NONCE, asks_by_ipv4=True)):
        assert read_query(beacon_query(query)) == query


@given(st.binary(max_size=600))
@example(b"\xff")
@example(b"\x06port=0")
@example(b"\x0aport=65536")
@example("\x06port=٣".encode())
@example(b"\x09port=5000\x00\x01=\x05=\x1b[2J")
def test_any_bytes_after_the_header_are_harmless(data: bytes) -> None:
    """Malformed strings are skipped; without a port there is no record."""
    record = read_answer(beacon_answer(NONCE, RECORD)[: 12 + NONCE_BYTES] + data, NONCE)
    if record is not None:
        assert 0 < record.port < 65536
        assert_harmless(record)


def test_an_answer_to_another_query_does_not_count() -> None:
    """An attacker that does not see the query cannot answer it."""
    assert read_answer(beacon_answer(NONCE, RECORD), bytes(NONCE_BYTES)) is None
    assert read_answer(beacon_query(QUERY), NONCE) is None
    assert read_answer(b"", NONCE) is None


def test_the_first_of_two_equal_keys_counts() -> None:
    """RFC 6763 §6.4; keys are compared without regard to case."""
    answer = beacon_answer(NONCE, RECORD) + b"\x0aname=other\x0aNAME=third"
    read = read_answer(answer, NONCE)
    assert read is not None
    assert read.name == "Бюро"


def assert_harmless(record: ServiceRecord) -> None:
    """Fail if a text of a record could move a cursor, hide or reverse others, or is long."""
    for text in (record.name, record.network, record.lobby, record.path, record.version):
        assert len(text) <= 64
        assert not [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)


@given(RECORDS)
def test_forged_records_are_harmless(record: ServiceRecord) -> None:
    """Whatever a server says of itself is one short line."""
    properties: dict[bytes, bytes | None] = {
        key.encode("utf-8", "surrogatepass"): value.encode("utf-8", "surrogatepass")
        for key, value in record.properties().items()
    }
    assert_harmless(record_of(record.name, record.port, {**properties, b"tls": None}))


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("Office", "Office"),
        (" two\n lines\t", "two lines"),
        ("\x1b[2Jred\x0304red\x03", "[2Jredred"),
        ("\u202egnp.exe", "gnp.exe"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("back\\slash", "back\\slash"),
        ("x" * 10_000, "x" * 64),
        ("\u200b", ""),
    ],
)
def test_untrusted_text_is_one_short_line(said: str | bytes, seen: str) -> None:
    """Controls and bidirectional characters are gone, spaces are one."""
    assert shown(said) == seen


@given(ANY_TEXT)
@example("я" * 60)
@example("...")
@example("")
@example("\u200b" * 50)
def test_every_name_becomes_one_label(name: str) -> None:
    """Of DNS: not empty, without dots, and short enough for a suffix."""
    label = instance_label(name)
    assert 0 < len(label.encode()) <= MAX_LABEL - 4
    assert "." not in label
    assert label == label.strip()

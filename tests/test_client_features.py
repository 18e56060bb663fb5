"""Features of a server: ISUPPORT and CAP, and lines that are not UTF-8."""

import pytest

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.session.decoding import decode
from trio_chat.client.session.features import Features
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.irc.message import Message


@pytest.mark.parametrize(
    ("mapping", "one", "other", "same"),
    [
        ("ascii", "A[", "a{", False),
        ("rfc1459", "A[", "a{", True),
        ("rfc1459", "Ä", "ä", False),
        ("rfc7613", "Ä", "ä", True),
        ("unheard-of", "A", "a", True),
        ("ascii UTF8MAPPING=rfc8265", "Ä", "ä", True),
        ("ascii UTF8MAPPING=rfc8265", "A[", "a{", False),
        ("rfc1459 UTF8MAPPING=rfc8265", "A[", "a{", True),
        ("ascii UTF8MAPPING=unheard-of", "Ä", "ä", False),
        ("ascii UTF8MAPPING=rfc8265 -UTF8MAPPING", "Ä", "ä", False),
    ],
)
def test_case_mapping(mapping: str, one: str, other: str, same: bool) -> None:
    """CASEMAPPING says which names are one name, and of those beyond ASCII UTF8MAPPING, in whatever
    line it comes.
    """
    features = Features()
    for token in reversed(f"CASEMAPPING={mapping}".split()[:2]):
        features.read([token])
    features.read(mapping.split()[2:])
    assert features.same(one, other) is same


def test_network_with_signs_that_have_a_meaning() -> None:
    """Modern IRC, RPL_ISUPPORT: `\\x20`, `\\x5C` and `\\x3D` stand for a space, a backslash and an
    equals sign.
    """
    features = Features()
    features.read([r"NETWORK=a\x20b\x3dc\x5Cx20"])
    assert features.network == r"a b=c\x20"


@pytest.mark.parametrize("answer", ["ACK", "NAK"])
def test_an_answer_in_several_lines_is_one_answer(answer: str) -> None:
    """IRCv3: "a client MUST NOT change capabilities until the last ACK of the set is received"; it
    has one request answered.
    """
    negotiation = Negotiation(login_wanted=True)
    assert negotiation.receive(("*", "LS", "batch sasl=PLAIN")) == [
        Message("CAP", ("REQ", "batch sasl"))
    ]
    assert negotiation.receive(("*", answer, "*", "batch")) == []
    assert negotiation.enabled == set()
    asked_again = negotiation.receive(("*", answer, "sasl"))
    if answer == "ACK":
        assert (negotiation.enabled, negotiation.login_due, asked_again) == (
            {"batch", "sasl"},
            True,
            [],
        )
    else:
        assert [message.params for message in asked_again] == [("REQ", "batch"), ("REQ", "sasl")]


@pytest.mark.parametrize(
    ("line", "encoding", "text"),
    [
        (b"caf\xe9", "cp1252", "café"),
        (b"caf\xe9 noir", "cp1252", "café noir"),
        (b"\x93quoted\x94 \x80", "cp1252", "“quoted” €"),
        (b"\xef\xf0\xe8\xe2\xe5\xf2", "cp1251", "привет"),
        ("тема ".encode() + b"caf\xe9", "cp1252", "тема café"),
        ("привет".encode(), "cp1252", "привет"),
        (b"\x81", "cp1252", "�"),
    ],
)
def test_a_line_that_is_not_utf_8(line: bytes, encoding: str, text: str) -> None:
    """What is UTF-8 in it is read as that, the rest in the encoding of the network."""
    assert decode(line, encoding) == text


def test_a_line_that_was_cut_in_a_character() -> None:
    """A server that cuts at 512 bytes knows nothing of characters; the half one is left out."""
    line = ("я" * 300).encode()[:509]
    assert decode(line, "cp1252") == "я" * 254

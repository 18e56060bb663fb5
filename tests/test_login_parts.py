"""Names, claims and escaping: whatever a provider, a directory or a stranger writes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from login_fakes import ISSUER, RULES, claims
from support import NOON
from trio_chat.chat.identities import TokenRefused
from trio_chat.chat.oauthbearer import parse
from trio_chat.irc.names import fold_nick
from trio_chat.server.login.claims import account_name, identity_of, parse_claims
from trio_chat.server.login.escaping import in_filter, in_name

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = ("iss", "aud", "sub", "exp", "nbf", "iat", "azp", "groups", "preferred_username")


@given(st.dictionaries(st.sampled_from(NAMES), ANY_JSON))
def test_no_claims_raise_anything_but_a_refusal(changed: dict[str, object]) -> None:
    """And those that are accepted name a subject of this issuer alone."""
    try:
        found = identity_of({**claims(), **changed}, RULES, NOON)
    except TokenRefused:
        return
    assert found.key.issuer == ISSUER
    assert found.key.subject == changed.get("sub", "5f0c")
    assert changed.get("iss", ISSUER) == ISSUER


@given(st.binary(max_size=200))
def test_no_payload_raises_anything_but_a_refusal(payload: bytes) -> None:
    """It is a JSON object, or refused."""
    with suppress(TokenRefused):
        assert isinstance(parse_claims(payload), dict)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("ann", "ann"),
        ("ann@example.org", "ann"),
        ("EXAMPLE\\ann", "ann"),
        (" ann ", "ann"),
        ("@", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_new_account(value: str, name: str) -> None:
    """Of a mail address and of a Windows login, only the person's part."""
    assert account_name(value) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("ann.smith@example.org", "ann_smith"),
        ("Ann Smith", "Ann_Smith"),
        ("o'neil", "o_neil"),
        ("a#b", "a_b"),
        ("4711", "_4711"),
        ("-ann", "_-ann"),
        ("Жанна\u00a0Д.", "Жанна_Д_"),
        ("ann[x]", "ann[x]"),
    ],
)
def test_a_name_is_written_like_a_nickname(value: str, name: str) -> None:
    """Most organisations have names with dots, of which no account could be made."""
    assert account_name(value) == name
    assert fold_nick(name, 32)


@given(st.text())
def test_a_value_has_no_meaning_in_a_filter(text: str) -> None:
    """RFC 4515 §3: nothing of it can end the value, and it can be read again."""
    written = in_filter(text)
    assert not set(written) & set("()*\0")
    assert written.isascii()
    assert unescaped(written) == text.encode("utf-8", "surrogatepass")


@given(st.text())
def test_a_value_has_no_meaning_in_a_name(text: str) -> None:
    """RFC 4514 §2.4: it stays one value of one attribute."""
    written = in_name(text)
    assert not set(written) & set('",+;<>=#\0\n')
    assert not written.startswith(" ")
    assert not written.endswith(" ")
    assert unescaped(written) == text.encode("utf-8", "surrogatepass")


def unescaped(written: str) -> bytes:
    """Return the value that LDAP reads: each backslash is followed by two digits."""
    first, *rest = written.split("\\")
    return first.encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in rest)


@pytest.mark.parametrize(
    ("message", "authzid", "token"),
    [
        (b"n,,\x01auth=Bearer abc\x01\x01", "", "abc"),
        (b"n,a=ann,\x01auth=Bearer abc\x01\x01", "ann", "abc"),
        (b"n,a=a=2Cn=3D,\x01host=h\x01port=6697\x01auth=bearer abc\x01\x01", "a,n=", "abc"),
        (b"y,,\x01auth=BEARER  abc\x01\x01", "", "abc"),
        (b"n,,\x01\x01", "", ""),
        (b"n,,\x01auth=\x01\x01", "", ""),
        (b"n,,\x01host=h\x01\x01", "", ""),
    ],
)
def test_what_clients_send(message: bytes, authzid: str, token: str) -> None:
    """RFC 7628 §3.1, as gamja, soju and Go's go-sasl write it."""
    assert parse(message) == (authzid, token)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x01",
        b"n,,",
        b"n,,\x01auth=Bearer abc",
        b"p=tls-unique,,\x01auth=Bearer abc\x01\x01",
        b"n,ann,\x01auth=Bearer abc\x01\x01",
        b"n,\x01auth=Bearer abc\x01\x01",
        b"n,a=ann,a=bob,\x01auth=Bearer abc\x01\x01",
        b"n,,\x01auth=Basic abc\x01\x01",
        b"n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
        b"n,,\x01auth=Bearer a\0b\x01\x01",
        b"n,,\x01auth=Bearer \xff\x01\x01",
    ],
)
def test_what_is_no_message_of_the_mechanism(message: bytes) -> None:
    """It is refused as a whole."""
    with pytest.raises(ValueError, match=r"no|twice|codec"):
        parse(message)


@given(st.binary(max_size=100))
def test_no_message_raises_anything_else(message: bytes) -> None:
    """Whatever a client sends."""
    with suppress(ValueError):
        parse(b"n,," + message)

"""Encryption, signatures and contents of push messages."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from push_fakes import ALL_CAPS, KEYS, DeviceFake, decrypt, vapid_claims
from remembered import texts
from support import NOON, Clock
from trio_chat.chat import multiline
from trio_chat.chat.events import Event
from trio_chat.chat.ids import IdSource, msgid
from trio_chat.chat.push import from_base64url
from trio_chat.config import PushSettings, ServerSettings, Settings
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import MAX_BODY, parse
from trio_chat.server.push.encryption import MAX_PLAINTEXT, RECORD_SIZE, encrypt
from trio_chat.server.push.payload import written
from trio_chat.server.push.requests import contact
from trio_chat.server.push.vapid import VapidSigner, make_keys


def private(text: str) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a test vector."""
    return ec.derive_private_key(int.from_bytes(from_base64url(text)), ec.SECP256R1())


def test_the_vector_of_rfc_8291() -> None:
    """The example of RFC 8291 §5, whose values appendix A has, comes out byte for byte."""
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        from_base64url(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        from_base64url("BTBZMqHH6r4Tts7J_aSIgg"),
        salt=from_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
        key=private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        is_padded=False,
    )
    assert body == from_base64url(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA"
        "mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs"
        "j_Qulcy4a-fN"
    )


def test_a_device_decrypts_that_vector() -> None:
    """The decryption of the tests is that of RFC 8291, and not just the reverse of ours."""
    body = from_base64url(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA"
        "mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs"
        "j_Qulcy4a-fN"
    )
    key = private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
    plain = decrypt(body, key, from_base64url("BTBZMqHH6r4Tts7J_aSIgg"))
    assert plain == b"When I grow up, I want to be a watermelon"


@given(st.binary(max_size=MAX_PLAINTEXT).filter(lambda data: not data.endswith(b"\0")))
def test_every_message_fits_into_one_record(plaintext: bytes) -> None:
    """A message comes out as it went in, in a body that every push service takes."""
    device = DeviceFake()
    body = encrypt(plaintext, device.p256dh, device.auth)
    assert len(body) <= RECORD_SIZE
    assert device.decrypt(body) == plaintext


def test_the_longest_message_fills_the_record() -> None:
    """A message of one byte more is refused."""
    device = DeviceFake()
    assert len(encrypt(b"x" * MAX_PLAINTEXT, device.p256dh, device.auth)) == RECORD_SIZE
    with pytest.raises(ValueError, match="too long"):
        encrypt(b"x" * (MAX_PLAINTEXT + 1), device.p256dh, device.auth)


def test_the_length_of_a_message_is_concealed() -> None:
    """Messages of different lengths have bodies of one length."""
    device = DeviceFake()
    sizes = {len(encrypt(b"x" * size, device.p256dh, device.auth)) for size in (1, 100, 500)}
    assert len(sizes) == 1


def test_no_two_bodies_are_equal() -> None:
    """Each message has its own salt and its own key."""
    device = DeviceFake()
    first, second = (encrypt(b"hello", device.p256dh, device.auth) for _ in range(2))
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_a_token_names_the_push_service_and_the_operator() -> None:
    """The claims are those of RFC 8292 §2, and the token is signed with the key that is named."""
    header = VapidSigner(KEYS, Clock()).header("https://push.example.org", "mailto:ann@example.org")
    claims = vapid_claims(header)
    assert claims["aud"] == "https://push.example.org"
    assert claims["sub"] == "mailto:ann@example.org"
    assert NOON < claims["exp"] <= NOON + 86_400
    assert header.endswith(f"k={KEYS.token}")


def test_a_token_is_used_again_for_a_while() -> None:
    """A signature is not made for each message, and a token never comes near its end."""
    clock = Clock()
    signer = VapidSigner(KEYS, clock)
    first = signer.header("https://push.example.org", "mailto:ann@example.org")
    clock.now += 3600
    assert signer.header("https://push.example.org", "mailto:ann@example.org") == first
    assert signer.header("https://push.example.net", "mailto:ann@example.org") != first
    clock.now += 6 * 3600
    later = signer.header("https://push.example.org", "mailto:ann@example.org")
    assert vapid_claims(later)["exp"] > clock.now


def test_a_clock_that_was_set_back_makes_new_tokens() -> None:
    """A token of the future is not used, as push services refuse one that is valid too long."""
    clock = Clock()
    signer = VapidSigner(KEYS, clock)
    signer.header("https://push.example.org", "mailto:ann@example.org")
    clock.now -= 86_400
    claims = vapid_claims(signer.header("https://push.example.org", "mailto:ann@example.org"))
    assert claims["exp"] <= clock.now + 86_400


def test_keys_are_no_part_of_what_is_printed() -> None:
    """Neither the private key nor an endpoint gets into a log by accident."""
    keys, device = make_keys(), DeviceFake("https://push.example.org/secret-path")
    assert repr(keys.private) not in repr(keys)
    assert repr(device.subscription()) == "<push subscription at push.example.org>"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(push=PushSettings(subject="https://example.org/me")), "https://example.org/me"),
        (Settings(server=ServerSettings(admin="Ann <ann@example.org>")), "mailto:ann@example.org"),
        (Settings(server=ServerSettings(url="https://x.org/")), "https://x.org/"),
        (Settings(server=ServerSettings(url="http://x.org/")), "mailto:postmaster@chat.local"),
        (Settings(server=ServerSettings(name="chat.org")), "mailto:postmaster@chat.org"),
    ],
)
def test_push_services_learn_how_to_reach_the_operator(settings: Settings, expected: str) -> None:
    """`sub` is what is configured, or else the best that the other settings have."""
    assert contact(settings) == expected


# Contents

values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=2000)
"""Values of tags; a client can send longer ones than fit."""


def message(text: str, tags: dict[str, str] | None = None, target: str = "#a") -> Event:
    """Return a message of Bob."""
    number = IdSource(Clock()).next()
    return Event(
        number,
        "PRIVMSG",
        (target, text),
        "bob!bob@192.0.2.1",
        (),
        account="bob",
        client_tags=tags or {},
        carries_msgid=True,
    )


def test_a_message_has_its_tags() -> None:
    """The time, the id and the account of a message are in the payload, and no line end."""
    event = message("ann: hello", {"+reply": "x"})
    line = parse(written(event, ALL_CAPS).decode())
    assert line.tags.keys() == {"time", "msgid", "account", "+reply"}
    assert line.tags["msgid"] == msgid(event.id)
    assert (line.source, line.command, line.params) == (
        "bob!bob@192.0.2.1",
        "PRIVMSG",
        ("#a", "ann: hello"),
    )


def test_a_device_has_the_tags_of_its_capabilities() -> None:
    """A client that negotiated no tags gets none (soju.im/webpush)."""
    assert written(message("hello"), 0) == b":bob!bob@192.0.2.1 PRIVMSG #a :hello"
    assert written(message("hello"), cap.SERVER_TIME).startswith(b"@time=")


@given(
    st.lists(texts, min_size=1, max_size=100),
    st.dictionaries(st.sampled_from(["+reply", "+a", "+b", "+c"]), values),
)
def test_every_message_is_cut_to_what_fits(lines: list[str], tags: dict[str, str]) -> None:
    """Whatever its length, tags and lines, a payload is one IRC message with its id."""
    several = [multiline.Line(line, is_joined=False) for line in lines]
    event = message(multiline.join(several), tags)
    payload = written(event, ALL_CAPS)
    assert len(payload) <= MAX_PLAINTEXT
    assert not {10, 13, 0} & set(payload)
    line = parse(payload.decode())  # which no cut character breaks
    assert line.tags["msgid"] == msgid(event.id)
    assert line.command == "PRIVMSG"
    assert len(payload.partition(b" ")[2]) <= MAX_BODY
    assert multiline.flatten(event.params[-1]).startswith(line.params[-1])

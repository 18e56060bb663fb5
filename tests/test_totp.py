"""Codes of authenticators, recovery codes, and what is typed of them."""

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from trio_chat.chat import recovery_codes, second_factors, totp
from trio_chat.chat.second_factors import MOST_WRONG, WINDOW, CodeUse, SecondFactor, from_state

SECRET = b"12345678901234567890"  # of RFC 6238, appendix B
NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    """Appendix B, with SHA-1; six digits are the last six of the eight."""
    assert totp.code_at(SECRET, totp.step_at(moment), digits=8) == code
    assert totp.code_at(SECRET, totp.step_at(moment)) == code[-6:]


@pytest.mark.parametrize("count", range(10))
def test_codes_are_those_of_rfc_4226(count: int) -> None:
    """Appendix D: a time step is a counter."""
    codes = "755224287082359152969429338314254676287922162583399871520489"
    assert totp.code_at(SECRET, count) == codes[6 * count : 6 * count + 6]


@pytest.mark.parametrize(
    ("skew", "is_valid"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_be_wrong_by_one_step(skew: int, is_valid: bool) -> None:
    """Of thirty seconds, in both directions."""
    step = totp.step_at(NOW) + skew
    found = totp.find_step(SECRET, totp.code_at(SECRET, step), NOW)
    assert found == (step if is_valid else None)


def test_no_code_is_valid_twice_nor_one_of_before() -> None:
    """A code that was seen over the shoulder is of no use."""
    step = totp.step_at(NOW)
    assert totp.find_step(SECRET, totp.code_at(SECRET, step), NOW, after=step) is None
    assert totp.find_step(SECRET, totp.code_at(SECRET, step - 1), NOW, after=step) is None
    assert totp.find_step(SECRET, totp.code_at(SECRET, step + 1), NOW, after=step) == step + 1


def test_a_code_that_two_steps_have_is_not_valid_twice() -> None:
    """Its use counts for the later one: "The verifier MUST NOT accept the second attempt of the
    OTP" (RFC 6238 §5.2).
    """
    step = 910_737  # the first one of this secret whose code is also that of the next
    shown = totp.code_at(SECRET, step)
    assert shown == totp.code_at(SECRET, step + 1)
    now = step * totp.PERIOD
    used = totp.find_step(SECRET, shown, now)
    assert used is not None
    assert totp.find_step(SECRET, shown, now, after=used) is None


def test_a_secret_has_160_bits_and_can_be_typed() -> None:
    """Authenticators take it in base32, without padding."""
    secret = totp.make_secret()
    assert len(secret) == 20
    assert secret != totp.make_secret()
    assert base64.b32decode(totp.to_base32(secret)) == secret


def test_the_address_names_account_and_server_whatever_they_contain() -> None:
    """No name can add a parameter of its own, or change the secret."""
    url = urlsplit(totp.otpauth_url(SECRET, "a&secret=A?/#:b", "Ünser Chat: 1&2"))
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    label, _, account = url.path[1:].partition(":")
    assert (unquote(label), unquote(account)) == ("Ünser Chat: 1&2", "a&secret=A?/#:b")
    assert parse_qs(url.query) == {
        "secret": [totp.to_base32(SECRET)],
        "issuer": ["Ünser Chat: 1&2"],
    }


def test_recovery_codes_have_80_bits_and_are_known_in_any_case() -> None:
    """Each is another one."""
    codes = recovery_codes.make_codes()
    assert len(set(codes)) == recovery_codes.CODES == 10
    assert all(map(recovery_codes.has_form, codes))
    assert recovery_codes.digest_of(codes[0]) == recovery_codes.digest_of(codes[0].upper())


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("horse", ("horse", "")),
        ("horse 123456", ("horse", "123456")),
        ("horse 123 456", ("horse", "123 456")),
        ("two words 123456", ("two words", "123456")),
        ("horse 123 456789", ("horse 123", "456789")),
        ("horse 12345", ("horse 12345", "")),
        ("horse 1234567", ("horse 1234567", "")),
        ("horse ١٢٣٤٥٦", ("horse ١٢٣٤٥٦", "")),
        ("horse123456", ("horse123456", "")),
        ("123456", ("123456", "")),
        ("123 456", ("123 456", "")),
        (" 123456", ("", "123456")),
        ("horse abcd-efgh-jkmn-2345", ("horse", "abcd-efgh-jkmn-2345")),
        ("horse ABCD-EFGH-JKMN-2345", ("horse", "ABCD-EFGH-JKMN-2345")),
        ("horse abcd-efgh-jkmn", ("horse abcd-efgh-jkmn", "")),
        ("", ("", "")),
    ],
)
def test_a_code_is_what_follows_the_last_space(given: str, parts: tuple[str, str]) -> None:
    """Only a text of its form is one."""
    assert second_factors.split(given) == parts


def test_codes_are_refused_for_a_day_after_many_wrong_ones() -> None:
    """A right one, too; recovery codes still count."""
    code = recovery_codes.make_codes()[0]
    factor = SecondFactor(SECRET, NOW, recovery=(recovery_codes.digest_of(code),))
    right = totp.code_at(SECRET, totp.step_at(NOW))
    for _ in range(MOST_WRONG):
        assert factor.find(right, NOW) is not None
        factor = factor.guessed(NOW)
    assert factor.find(right, NOW) is None
    assert factor.find(code, NOW) is not None
    later = NOW + WINDOW
    assert factor.find(totp.code_at(SECRET, totp.step_at(later)), later) is not None
    assert factor.guessed(later).wrong == 1


def test_a_use_counts_once() -> None:
    """Of a code of the authenticator and of a recovery code."""
    factor = SecondFactor(SECRET, NOW, step=7, recovery=("a", "b"))
    for use in (CodeUse(8), CodeUse(recovery="a")):
        after = factor.used(use)
        assert after is not None
        assert after.used(use) is None
    assert factor.used(CodeUse(7)) is None
    assert factor.used(CodeUse(recovery="c")) is None
    assert factor.used(CodeUse(recovery="")) is None


def test_a_factor_can_be_stored() -> None:
    """All of it comes back."""
    factor = SecondFactor(SECRET, NOW, 7, ("a", "b"), 3, NOW)
    assert from_state(factor.to_state()) == factor

"""Certificates of clients: SASL EXTERNAL, and the fingerprints that an account has."""

from pathlib import Path

import pytest

from edge import HELLO, End, edge
from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands
from tls_fakes import client_context, encrypt, fingerprint
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings


async def test_a_client_is_known_by_its_certificate(
    tls_settings: Settings, client_certificate: Path
) -> None:
    """Nobody has signed it; its fingerprint counts. WHOIS shows it to its owner."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    shown = fingerprint(client_certificate)
    await accounts.add_certificate(accounts.known["ann"].id, shown, is_proved=True)
    async with edge(tls_settings, StoragePorts(history=ListHistory(), accounts=accounts)) as here:
        ann = End(await encrypt(here, client_context(client_certificate)))
        await ann.send(b"CAP LS 302\r\n")
        offered = [await ann.until("CAP")]
        while offered[-1].params[2] == "*":  # "*" as of a line that is not the last
            offered.append(await ann.until("CAP"))
        assert "sasl=PLAIN,SCRAM-SHA-256,EXTERNAL" in " ".join(
            message.params[-1] for message in offered
        )
        await ann.send(
            b"CAP REQ sasl\r\nAUTHENTICATE EXTERNAL\r\nAUTHENTICATE +\r\nCAP END\r\n"
            + HELLO
            + b"WHOIS ann\r\n"
        )
        assert (await ann.until("900")).params[2] == "ann"
        assert (await ann.until("276")).params[-1] == f"has client certificate fingerprint {shown}"


def test_external_is_for_who_has_shown_a_certificate() -> None:
    """Others are not offered it and cannot use it."""
    accounts = OpenAccounts()
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    ann = town.newcomer()
    assert not any("EXTERNAL" in message.params[-1] for message in ann.say("CAP LS 302"))
    assert commands(ann.say("AUTHENTICATE EXTERNAL")) == ["908", "904"]


@pytest.mark.parametrize("is_proved", [True, False])
@pytest.mark.parametrize(
    ("name", "command"), [("+", "903"), ("YW5u", "903"), ("Ym9i", "904"), ("/w==", "904")]
)
async def test_external_with_a_name_takes_that_account_only(
    name: str, command: str, is_proved: bool
) -> None:
    """The authorization identity (RFC 4422, appendix A): the name of the account that has the
    certificate.

    Or nothing, when that account has shown the certificate: a fingerprint that was typed in may be
    anybody's.
    """
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    accounts.add("bob", "secret")
    await accounts.add_certificate(accounts.known["ann"].id, "ab" * 32, is_proved=is_proved)
    ann = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).newcomer()
    ann.session.certificate = "ab" * 32
    assert commands(ann.say("CAP REQ sasl", "AUTHENTICATE EXTERNAL", f"AUTHENTICATE {name}"))[
        -1
    ] == (command if is_proved or name != "+" else "904")


def test_a_fingerprint_that_is_typed_in_takes_nobody_over() -> None:
    """Networks show fingerprints in WHOIS: adding another user's neither takes over her logins nor
    prevents them.
    """
    accounts = OpenAccounts()
    for name in ("ann", "eve"):
        accounts.add(name, "secret")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    eve, ann = town.person("x"), town.person("y")
    eve.say("NICKSERV IDENTIFY eve secret", "CAP REQ sasl")
    assert "must name your account" in eve.say(f"NICKSERV CERT ADD {'ab' * 32}")[-1].params[-1]
    ann.session.certificate = "ab" * 32
    assert commands(ann.say("CAP REQ sasl", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +"))[-1] == "904"
    assert ann.session.account == ""
    ann.say("NICKSERV IDENTIFY ann secret")
    assert (
        ann.say("NICKSERV CERT ADD")[-1]
        .params[-1]
        .startswith("You can log in with that certificate now, by SASL EXTERNAL.")
    )
    assert eve.say("NICKSERV CERT LIST")[-1].params[-1] == "That is all: 0 of 10."
    assert (
        eve.say(f"NICKSERV CERT ADD {'ab' * 32}")[-1].params[-1]
        == "That certificate belongs to another account."
    )
    ann.say("NICKSERV LOGOUT")
    assert commands(ann.say("AUTHENTICATE EXTERNAL", "AUTHENTICATE +"))[-1] == "903"
    assert ann.session.account == "ann"


def test_nickserv_keeps_the_certificates_of_an_account() -> None:
    """Added with and without a fingerprint, listed, taken away; another account's stays another's;
    there is a bound.
    """
    accounts = OpenAccounts()
    for name in ("ann", "bob"):
        accounts.add(name, "secret")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    ann, bob = town.person("x"), town.person("y")

    def order(text: str, who: object = ann) -> str:
        return (ann if who is ann else bob).say(f"NICKSERV :{text}")[-1].params[-1]

    assert order("CERT LIST") == LOG_IN_FIRST
    ann.say("NICKSERV IDENTIFY ann secret")
    bob.say("NICKSERV IDENTIFY bob secret")
    assert order("CERT ADD").startswith("You have not come with a certificate")
    assert order("CERT ADD 1234").startswith("A fingerprint is SHA-256")
    ann.session.certificate = "ab" * 32
    assert order("CERT ADD").startswith("You can log in with that certificate now")
    assert (
        order("CERT ADD " + ":".join(["AB"] * 32), bob)
        == "That certificate belongs to another account."
    )
    assert order("CERT DEL " + "ab" * 32, bob) == "You do not have that certificate."
    for number in range(1, 10):
        order(f"CERT ADD {number:064}")
    assert order("CERT ADD " + "cd" * 32).startswith("You have 10 certificates already")
    assert order("CERT DEL " + "ab" * 32) == "That certificate is removed from your account."
    assert order("CERT LIST") == "That is all: 9 of 10."
    assert order("CERT X").startswith("Usage:")

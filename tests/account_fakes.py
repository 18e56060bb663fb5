"""Clients that log in by SASL, for the tests of accounts."""

import base64

from support import Person, Town


def plain(account: str, password: str, authzid: str = "") -> str:
    """Return what PLAIN sends."""
    return base64.b64encode(f"{authzid}\0{account}\0{password}".encode()).decode()


def with_sasl(town: Town) -> Person:
    """Return somebody who has connected and negotiated SASL."""
    person = town.newcomer()
    person.say("CAP REQ :sasl")
    return person


def logged_in(town: Town, nick: str = "ann", *joins: str, caps: str = "") -> Person:
    """Return Ann."""
    person = with_sasl(town)
    person.say(
        f"CAP REQ :{caps}", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', 'correct horse')}"
    )
    person.say(
        f"NICK {nick}", "USER u 0 * :Ann", "CAP END", *(f"JOIN {channel}" for channel in joins)
    )
    assert person.session.user is not None
    person.read()
    return person

"""SASL: PLAIN and SCRAM, in pieces, wrong, aborted and late."""

import base64
import hashlib
import hmac

import pytest
import scramp

from account_fakes import plain, with_sasl
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.accounts import AccountsError, Busy
from trio_chat.chat.response import Unsettled
from trio_chat.chat.sasl import Inbox, SaslFailed, pieces
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with accounts."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def test_plain(town: Town) -> None:
    """IRCv3 sasl-3.1: AUTHENTICATE +, then 900 and 903; the account is known from registration
    on.
    """
    ann = with_sasl(town)
    assert ann.say("AUTHENTICATE PLAIN") == [Message("AUTHENTICATE", ("+",))]
    replies = ann.say(f"AUTHENTICATE {plain('ANN', 'correct horse')}")
    assert commands(replies) == ["900", "903"]
    assert replies[1].params == ("*", "SASL authentication successful")
    assert replies[0].params == ("*", "*!*@192.0.2.1", "Ann", "You are now logged in as Ann")
    ann.say("NICK ann", "USER a 0 * :Ann", "CAP END")
    assert find(ann.say("WHOIS ann"), "330").params[1:3] == ("ann", "Ann")


@pytest.mark.parametrize(
    "message",
    [
        plain("ann", "wrong"),
        plain("nobody", "correct horse"),
        plain("ann", "correct horse", authzid="bob"),
        base64.b64encode(b"no nuls").decode(),
        base64.b64encode(b"\xff\0\xff\0\xff").decode(),
        "this is no base64!",
        "AGFubgBzZWNyZXQß",
        "+",
    ],
)
def test_plain_that_proves_nothing(town: Town, message: str) -> None:
    """All failures have the same reply, so it does not reveal which accounts exist."""
    ann = with_sasl(town)
    ann.say("AUTHENTICATE PLAIN")
    assert commands(ann.say(f"AUTHENTICATE :{message}")) == ["904"]


def test_scram(town: Town) -> None:
    """RFC 5802: the server proves itself too, and the password does not travel."""
    ann = with_sasl(town)
    ann.say("AUTHENTICATE SCRAM-SHA-256")
    client = scramp.ScramClient(["SCRAM-SHA-256"], "ann", "correct horse")
    first = ann.say(f"AUTHENTICATE {base64.b64encode(client.get_client_first().encode()).decode()}")
    client.set_server_first(base64.b64decode(first[0].params[0]).decode())
    final = ann.say(f"AUTHENTICATE {base64.b64encode(client.get_client_final().encode()).decode()}")
    client.set_server_final(base64.b64decode(final[0].params[0]).decode())
    assert commands(ann.say("AUTHENTICATE +")) == ["900", "903"]


def scram(person: Person, header: str, name: str) -> list[Message]:
    """Log in by SCRAM-SHA-256, written after RFC 5802 §3, with a GS2 header of one's own; return
    the last answer.
    """
    bare = f"n={name},r=nonce"
    person.say("AUTHENTICATE SCRAM-SHA-256")
    (challenge,) = person.say(
        f"AUTHENTICATE {base64.b64encode(f'{header}{bare}'.encode()).decode()}"
    )
    if challenge.command != "AUTHENTICATE":
        return [challenge]
    server_first = base64.b64decode(challenge.params[0]).decode()
    nonce, salt, rounds = (part[2:] for part in server_first.split(","))
    key = hashlib.pbkdf2_hmac("sha256", b"correct horse", base64.b64decode(salt), int(rounds))
    client_key = hmac.digest(key, b"Client Key", "sha256")
    final = f"c={base64.b64encode(header.encode()).decode()},r={nonce}"
    signature = hmac.digest(
        hashlib.sha256(client_key).digest(), f"{bare},{server_first},{final}".encode(), "sha256"
    )
    proof = base64.b64encode(
        bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
    ).decode()
    answers = person.say(f"AUTHENTICATE {base64.b64encode(f'{final},p={proof}'.encode()).decode()}")
    return person.say("AUTHENTICATE +") if commands(answers) == ["AUTHENTICATE"] else answers


@pytest.mark.parametrize("header", ["n,,", "n,a=ann,", "n,a=ANN,", "y,a=Ａｎｎ,"])
def test_scram_for_oneself(town: Town, header: str) -> None:
    """RFC 5802 §5: an authorization identity may be given; it is part of what is proved. Here it is
    the account, by any case.
    """
    assert commands(scram(with_sasl(town), header, "ann")) == ["900", "903"]


@pytest.mark.parametrize("header", ["n,a=bob,", "n,a=ann=2C,", "n,a=,b,", "n,b=ann,", "n", "n,ann"])
def test_scram_for_somebody_else(town: Town, header: str) -> None:
    """Nobody acts for somebody else, and what is no authorization identity is none:
    ERR_SASLFAIL.
    """
    assert commands(scram(with_sasl(town), header, "ann")) == ["904"]


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_scram_with_a_wrong_password(town: Town, name: str) -> None:
    """An account that does not exist answers like one that does, up to the proof."""
    ann = with_sasl(town)
    ann.say("AUTHENTICATE SCRAM-SHA-256")
    client = scramp.ScramClient(["SCRAM-SHA-256"], name, "wrong")
    first = ann.say(f"AUTHENTICATE {base64.b64encode(client.get_client_first().encode()).decode()}")
    client.set_server_first(base64.b64decode(first[0].params[0]).decode())
    assert commands(
        ann.say(f"AUTHENTICATE {base64.b64encode(client.get_client_final().encode()).decode()}")
    ) == ["904"]


@pytest.mark.parametrize(
    "message", ["", "n,,", "x", "n,,n=,r=", "n,,n=ann,r=\xff", "y,a=b,n=ann,r=x"]
)
def test_scram_nonsense(town: Town, message: str) -> None:
    """Any message gets a failure and never a defect."""
    ann = with_sasl(town)
    ann.say("AUTHENTICATE SCRAM-SHA-256")
    encoded = base64.b64encode(message.encode("latin-1")).decode() or "+"
    assert set(commands(ann.say(f"AUTHENTICATE {encoded}", "AUTHENTICATE *"))) <= {
        "904",
        "906",
        "AUTHENTICATE",
    }


def test_an_unknown_mechanism(town: Town) -> None:
    """RPL_SASLMECHS and ERR_SASLFAIL."""
    assert commands(with_sasl(town).say("AUTHENTICATE FOO")) == ["908", "904"]


def test_aborting(town: Town) -> None:
    """`AUTHENTICATE *`: 906, and one can begin anew."""
    ann = with_sasl(town)
    assert commands(ann.say("AUTHENTICATE PLAIN", "AUTHENTICATE *", "AUTHENTICATE PLAIN")) == [
        "AUTHENTICATE",
        "906",
        "AUTHENTICATE",
    ]


@pytest.mark.parametrize(
    "begun", [("AUTHENTICATE PLAIN",), ("AUTHENTICATE PLAIN", f"AUTHENTICATE {'x' * 400}")]
)
@pytest.mark.parametrize(
    "is_last", [("CAP END", "USER ann 0 * :Ann"), ("USER ann 0 * :Ann", "CAP END")]
)
def test_who_does_not_wait_is_let_in_without_an_account(
    town: Town, begun: tuple[str, ...], is_last: tuple[str, str]
) -> None:
    """IRCv3 sasl-3.1: registration completed meanwhile, "the server SHOULD abort it and send a 906
    numeric, then register".
    """
    person = with_sasl(town)
    person.say("NICK other", *begun, is_last[0])
    assert commands(person.say(is_last[1]))[:2] == ["906", "001"]
    assert commands(
        person.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', 'correct horse')}")
    ) == [
        "AUTHENTICATE",
        "900",
        "903",
    ]


def test_without_the_capability(town: Town) -> None:
    """A client may authenticate without the capability; without accounts it gets a failure."""
    assert commands(town.newcomer().say("AUTHENTICATE PLAIN")) == ["AUTHENTICATE"]
    assert commands(Town().newcomer().say("AUTHENTICATE PLAIN")) == ["904"]


def test_a_long_message_comes_in_pieces(town: Town, accounts: OpenAccounts) -> None:
    """IRCv3 sasl-3.1: "if the last chunk was exactly 400 bytes long, it must also be followed by
    AUTHENTICATE +".
    """
    accounts.add("foo", "x" * 592)
    message = plain("foo", "x" * 592, authzid="foo")
    assert len(message) == 800
    foo = with_sasl(town)
    assert commands(
        foo.say(
            "AUTHENTICATE PLAIN", f"AUTHENTICATE {message[:400]}", f"AUTHENTICATE {message[400:]}"
        )
    ) == ["AUTHENTICATE"]
    assert commands(foo.say("AUTHENTICATE +")) == ["900", "903"]


def test_pieces_that_are_too_long(town: Town) -> None:
    """ERR_SASLTOOLONG for one; a failure for all of them together."""
    ann = with_sasl(town)
    assert commands(ann.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {'A' * 401}")) == [
        "AUTHENTICATE",
        "905",
    ]
    replies = ann.say("AUTHENTICATE PLAIN", *[f"AUTHENTICATE {'A' * 400}"] * 11)
    assert "904" in commands(replies)


def test_what_is_cut_is_put_together_again() -> None:
    """The sender's pieces are what the receiver takes, of any length."""
    for size in (0, 1, 299, 300, 301, 600, 1000):
        inbox = Inbox()
        messages = [inbox.add(piece) for piece in pieces(b"x" * size)]
        assert messages[:-1] == [None] * (len(messages) - 1)
        assert messages[-1] == b"x" * size
    with pytest.raises(SaslFailed):
        Inbox().add("!")


def test_guessing_ends_the_session(town: Town) -> None:
    """Five wrong passwords, and a new connection is needed."""
    eve = with_sasl(town)
    for _ in range(5):
        assert not eve.ended
        eve.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', 'guess')}")
    assert eve.ended == "Too many failed logins"


@pytest.mark.parametrize("error", [AccountsError("ioerr: disk I/O error"), Busy("Too many wait")])
def test_when_passwords_cannot_be_checked(
    town: Town, accounts: OpenAccounts, error: Exception
) -> None:
    """904 with the reason, and it does not count as a wrong password."""
    ann = with_sasl(town)
    accounts.error = error
    assert (
        find(ann.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', 'x')}"), "904").params[-1]
        != "Wrong account or password"
    )
    assert ann.session.failed_logins == 0


def test_logging_in_later_is_told_to_those_who_want_to_know(town: Town) -> None:
    """IRCv3 account-notify: ACCOUNT to common channels; account-tag on what is said from then on;
    extended-join.
    """
    bob = town.person("bob", "#a", caps="account-notify account-tag extended-join")
    ann = town.person("annie", "#a", caps="sasl")
    bob.read()
    ann.say(
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('ann', 'correct horse')}",
        "PRIVMSG #a :hi",
        "PART #a",
        "JOIN #a",
    )
    account, message, _, join = bob.read()
    assert account == Message("ACCOUNT", ("Ann",), "annie!annie@192.0.2.1", {"account": "Ann"})
    assert message.tags == {"account": "Ann"}
    assert join.params == ("#a", "Ann", "annie the tester")


def test_a_login_that_is_not_known_to_be_carried_out(town: Town) -> None:
    """In a cluster without its engine: the exchange ends, and nobody is said to be logged in."""

    async def settle() -> None:  # noqa: ASYNC124  # as a port has it
        raise Unsettled

    ann = town.person("zoe", caps="sasl standard-replies")
    town.world.decider = lambda _change: None
    town.world.settle = settle
    ann.say("AUTHENTICATE PLAIN")
    replies = ann.say(f"AUTHENTICATE {plain('ann', 'correct horse')}")
    assert commands(replies) == ["904", "FAIL"]
    assert replies[1].params[:2] == ("AUTHENTICATE", "TEMPORARILY_UNAVAILABLE")
    assert "may still be carried out" in replies[1].params[-1]
    assert commands(ann.say("AUTHENTICATE PLAIN")) == ["AUTHENTICATE"]


def test_external_without_a_certificate_says_so(town: Town) -> None:
    """The mechanism exists; what is missing is in the hands of the client."""
    answers = with_sasl(town).say("AUTHENTICATE EXTERNAL")
    assert "client certificate" in find(answers, "904").params[-1]


@pytest.mark.parametrize("name", ["", "ann", "nobody"])
def test_external_with_an_unknown_certificate_says_so(town: Town, name: str) -> None:
    """There is no password that could be wrong; an account that does not exist is like one that
    does not have the certificate.
    """
    person = with_sasl(town)
    person.session.certificate = "ab" * 32
    given = base64.b64encode(name.encode()).decode() or "+"
    answers = person.say("AUTHENTICATE EXTERNAL", f"AUTHENTICATE {given}")
    why = find(answers, "904").params[-1]
    assert "password" not in why
    assert "CERT ADD" in why
    assert ("that account" in why) == bool(name)


# PASS with an account, as programs without SASL send it.


@pytest.mark.parametrize("sent", ["ann:correct horse", "ANN:correct horse"])
def test_pass_logs_in(town: Town, sent: str) -> None:
    """`<account>:<password>` is a login, with 900 and without numerics of SASL, so that the client
    gets the nickname of its account at once.
    """
    ann = town.newcomer()
    replies = ann.say(f"PASS :{sent}", "NICK ann", "USER a 0 * :Ann")
    assert commands(replies)[:2] == ["900", "001"]
    assert replies[1].params[0] == "ann"


@pytest.mark.parametrize("sent", ["ann:wrong", "nobody:correct horse"])
def test_pass_that_proves_nothing(town: Town, sent: str) -> None:
    """ERR_PASSWDMISMATCH, and the client can go on as a guest; whether there is such an account is
    not said.
    """
    bob = town.newcomer()
    (reply,) = bob.say(f"PASS :{sent}")
    assert reply.command == "464"
    assert reply.params[-1] == "You are not logged in: wrong account or password"
    assert commands(bob.say("NICK bob", "USER b 0 * :Bob"))[0] == "001"


@pytest.mark.parametrize("sent", ["x", ":x", "ann:", "ann/network:correct horse", "1:2"])
def test_pass_that_is_no_login(town: Town, sent: str) -> None:
    """What can be no account with a password is ignored, as by a server without a password."""
    assert town.newcomer().say(f"PASS :{sent}") == []


def test_guessing_by_pass_ends_the_session(town: Town) -> None:
    """Wrong passwords count as those of SASL do."""
    eve = town.newcomer()
    eve.say(*["PASS ann:wrong"] * 5)
    assert eve.ended == "Too many failed logins"


def test_pass_of_a_server_with_a_password(accounts: OpenAccounts) -> None:
    """It is the server's password that PASS gives there, whatever it looks like."""
    storage = StoragePorts(history=ListHistory(), accounts=accounts)
    town = Town(ServerInfo(password="ann:correct horse"), storage=storage)
    ann = town.newcomer()
    replies = ann.say("PASS :ann:correct horse", "NICK bob", "USER a 0 * :Ann")
    assert commands(replies)[0] == "001"

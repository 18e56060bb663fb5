"""Accounts: SASL, registration, reserved nicknames, and NickServ as their familiar face."""

import base64
import hashlib
import hmac

import pytest
import scramp

from support import ListHistory, OpenAccounts, Person, Town, commands, find
from trio_chat.chat.accounts import AccountRules, AccountsError, Busy
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Event
from trio_chat.chat.identity import Identity, Memory
from trio_chat.chat.sasl import Failed, Inbox, pieces
from trio_chat.irc.message import Message


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return a keeper who knows Ann."""
    keeper = OpenAccounts()
    keeper.add("Ann", "correct horse")
    return keeper


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with accounts."""
    return Town(memory=Memory(history=ListHistory(), accounts=accounts))


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


# SASL.


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
    """One answer for all of them: who tries learns nothing of who exists."""
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
    """Whatever is sent, the answer is a failure and never a defect."""
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
    """Who begins an exchange knows how it goes, negotiated or not; without accounts it fails."""
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
    with pytest.raises(Failed):
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


# Registration.


def test_registering_an_account(town: Town, accounts: OpenAccounts) -> None:
    """IRCv3 draft/account-registration: REGISTER SUCCESS, and "the client is assumed to be
    authenticated".
    """
    bob = town.person("Bob")
    replies = bob.say("REGISTER * * :battery staple")
    assert replies[0].params[:2] == ("SUCCESS", "Bob")
    assert commands(replies) == ["REGISTER", "900"]
    assert accounts.passwords["bob"] == "battery staple"


def test_registering_before_the_connection_is_complete(town: Town, accounts: OpenAccounts) -> None:
    """The capability's value says before-connect."""
    bob = town.newcomer()
    bob.say("CAP LS 302", "NICK bob")
    assert "REGISTER" in commands(bob.say("REGISTER bob * :battery staple"))
    assert commands(bob.say("USER b 0 * :Bob", "CAP END"))[0] == "001"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("REGISTER carl * :battery staple", "ACCOUNT_NAME_MUST_BE_NICK"),
        ("REGISTER * * short", "WEAK_PASSWORD"),
        ("REGISTER * * :battery\x02staple", "UNACCEPTABLE_PASSWORD"),
    ],
)
def test_registrations_that_are_refused(town: Town, line: str, code: str) -> None:
    """A standard reply with its code."""
    assert find(town.person("bob").say(line), "FAIL").params[:2] == ("REGISTER", code)


def test_nobody_registers_somebody_elses_name(town: Town) -> None:
    """Neither an account, nor a nickname that is in use; nor twice."""
    early = town.newcomer()
    assert find(early.say("REGISTER * * :battery staple"), "FAIL").params[1] == "NEED_NICK"
    early.say("NICK ann")
    assert find(early.say("REGISTER * * :battery staple"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    early.say("NICK bob")
    town.person("bob")
    assert find(early.say("REGISTER * * :battery staple"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    assert (
        find(logged_in(town).say("REGISTER * * :battery staple"), "FAIL").params[1]
        == "ALREADY_AUTHENTICATED"
    )


def test_registration_can_be_closed(accounts: OpenAccounts) -> None:
    """A setting."""
    town = Town(
        Identity(account_rules=AccountRules(registration=False)),
        memory=Memory(history=ListHistory(), accounts=accounts),
    )
    assert (
        find(town.person("bob").say("REGISTER * * :battery staple"), "FAIL").params[1]
        == "DISALLOWED"
    )


# Reserved nicknames.


def test_a_registered_nickname_is_its_owners(town: Town) -> None:
    """An impostor is told how the owner gets it, and can come under another name."""
    eve = town.newcomer()
    replies = eve.say("NICK ann", "USER e 0 * :Eve")
    assert commands(replies) == ["FAIL", "433"]
    assert replies[0].params[:3] == ("NICK", "NICKNAME_RESERVED", "ann")
    assert "IDENTIFY" in replies[0].params[3]
    assert commands(eve.say("NICK eve"))[0] == "001"
    assert commands(eve.say("NICK ANN")) == ["FAIL", "433"]
    assert logged_in(town).session.user is not None


def test_an_impostor_can_be_renamed(accounts: OpenAccounts) -> None:
    """As configured."""
    town = Town(
        Identity(account_rules=AccountRules(reservation="rename")),
        memory=Memory(history=ListHistory(), accounts=accounts),
    )
    eve = town.newcomer()
    replies = eve.say("NICK ann", "USER e 0 * :Eve")
    assert find(replies, "001").params[0].startswith("Guest")


def test_reservation_can_be_switched_off(accounts: OpenAccounts) -> None:
    """As configured."""
    town = Town(
        Identity(account_rules=AccountRules(reservation="off")),
        memory=Memory(history=ListHistory(), accounts=accounts),
    )
    assert town.person("ann").session.user is not None


@pytest.mark.parametrize("nick", ["NickServ", "nickserv"])
def test_nobody_is_called_like_a_service(town: Town, nick: str) -> None:
    """People tell it their passwords."""
    assert commands(town.newcomer().say(f"NICK {nick}")) == ["433"]


# NickServ.


def sentence(messages: list[Message]) -> str:
    """Return what NickServ said."""
    notices = [message for message in messages if message.command == "NOTICE"]
    assert {message.nick for message in notices} == {"NickServ"}
    return " ".join(message.params[1] for message in notices)


@pytest.mark.parametrize(
    "how", ["PRIVMSG NickServ :{}", "PRIVMSG nickserv :{}", "NICKSERV {}", "NS {}", "NICKSERV :{}"]
)
def test_nickserv_is_spoken_to_in_many_ways(town: Town, how: str) -> None:
    """Whatever a client's /msg, /ns or /nickserv sends."""
    bob = town.person("bob")
    assert "yours now" in sentence(bob.say(how.format("REGISTER batterystaple")))
    assert "logged in" in sentence(bob.say(how.format("identify batterystaple")))


def test_identifying(town: Town) -> None:
    """With or without the account's name; wrong passwords count."""
    bob = town.person("bob")
    assert "Wrong" in sentence(bob.say("NS IDENTIFY ann wrong"))
    assert bob.session.failed_logins == 1
    replies = bob.say("NS IDENTIFY :ann correct", "NS LOGOUT")
    assert "Wrong" in sentence(replies)
    town.world.accounts.passwords["ann"] = "horse12"  # type: ignore[union-attr]
    assert "logged in as Ann" in sentence(bob.say("NS IDENTIFY ann horse12"))
    assert commands(bob.say("NICK ann")) == ["NICK"]


def test_ghosting(town: Town) -> None:
    """The owner ends a session that holds the nickname; nobody else does."""
    ghost = logged_in(town)
    eve = town.person("eve")
    assert "not yours" in sentence(eve.say("NS GHOST ann"))
    owner = logged_in(town, "annie")
    assert "gone" in sentence(owner.say("NS GHOST ann"))
    assert "Ghosted" in ghost.ended


def test_changing_the_password(town: Town, accounts: OpenAccounts) -> None:
    """The old one is needed, and the new one is looked at."""
    accounts.passwords["ann"] = "old-one"
    ann = town.person("annie")
    assert "not logged in" in sentence(ann.say("NS SET PASSWORD old-one new-one"))
    ann.say("NS IDENTIFY ann old-one")
    assert "wrong" in sentence(ann.say("NS SET PASSWORD guess new-one"))
    assert "at least" in sentence(ann.say("NS SET PASSWORD old-one new"))
    assert "changed" in sentence(ann.say("NS SET PASSWORD old-one new-one"))
    assert accounts.passwords["ann"] == "new-one"


def test_a_new_password_ends_the_other_sessions(town: Town, accounts: OpenAccounts) -> None:
    """An intruder with the old one may be connected: under the nickname, under another one, or not
    registered yet.
    """
    accounts.passwords["ann"] = "old-one"
    accounts.add("eve", "old-one")
    ann, phone, other, eve = (town.person(nick) for nick in ("ann1", "ann2", "ann3", "eve1"))
    newcomer = town.newcomer()
    for person in (ann, phone, other):
        person.say("NS IDENTIFY ann old-one")
    eve.say("NS IDENTIFY eve old-one")
    newcomer.session.set_account(accounts.known["ann"])
    assert "ended: 3" in sentence(ann.say("NS SET PASSWORD old-one new-one"))
    assert all(
        "password of your account was changed" in person.ended
        for person in (phone, other, newcomer)
    )
    assert (ann.ended, eve.ended) == ("", "")


def test_a_certificate_that_is_taken_away_ends_its_sessions(
    town: Town, accounts: OpenAccounts
) -> None:
    """A lost device does not stay; the session that deletes the certificate and other devices
    do.
    """
    accounts.passwords["ann"] = "old-one"
    ann, lost, other = (town.person(nick) for nick in ("ann1", "ann2", "ann3"))
    lost.session.certificate = "ab" * 32
    for person in (ann, lost, other):
        person.say("NS IDENTIFY ann old-one")
    lost.say("NS CERT ADD")
    ann.say(f"NS CERT DEL {'ab' * 32}")
    assert "certificate" in lost.ended
    assert (ann.ended, other.ended) == ("", "")


def test_dropping_an_account(town: Town, accounts: OpenAccounts) -> None:
    """With the password; then nobody has the name, neither as a nickname nor as an account."""
    accounts.passwords["ann"] = "old-one"
    ann = town.person("annie")
    ann.say("NS IDENTIFY ann old-one")
    assert "Wrong" in sentence(ann.say("NS DROP guess"))
    assert "deleted" in sentence(ann.say("NS DROP old-one"))
    assert ann.session.user is not None
    assert ann.session.user.account == ""
    refusal = find(ann.say("NICK ann"), "FAIL")
    assert refusal.params[:3] == ("NICK", "NICKNAME_RESERVED", "ann")
    assert "was deleted" in refusal.params[-1]


def test_asking_nickserv(town: Town) -> None:
    """INFO, HELP, and what it does not know."""
    bob = town.person("bob")
    assert "registered 2027-01-15, not online" in sentence(bob.say("NS INFO ann"))
    assert "not registered" in sentence(bob.say("NS INFO"))
    assert "IDENTIFY" in sentence(bob.say("NS HELP"))
    assert "HELP" in sentence(bob.say("NS SING"))
    assert "Usage" in sentence(bob.say("NS IDENTIFY"))


def test_without_accounts_it_says_so() -> None:
    """A server that remembers nothing offers neither the capabilities nor the service."""
    bob = Town().person("bob")
    caps = " ".join(message.params[-1] for message in bob.say("CAP LS 302"))
    assert "sasl" not in caps
    assert "account-registration" not in caps
    assert "no accounts" in sentence(bob.say("NS IDENTIFY x"))
    assert find(bob.say("REGISTER * * :battery staple"), "FAIL").params[1] == "DISALLOWED"


# Several sessions.


def test_two_devices_are_one_person(town: Town) -> None:
    """The second session has the nickname and the channels of the first; others see one person."""
    bob = town.person("bob", "#a")
    phone = logged_in(town, "ann", "#a")
    bob.read()
    laptop = with_sasl(town)
    laptop.say(
        "NICK ann",
        "USER l 0 * :Laptop",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('ann', 'correct horse')}",
    )
    replies = laptop.say("CAP END")
    assert commands(replies)[0] == "001"
    assert find(replies, "JOIN").params == ("#a",)
    assert find(replies, "353").params[-1] == "@bob ann"
    assert bob.read() == []
    bob.say("PRIVMSG #a :hi")
    assert [m.params for m in phone.read()] == [m.params for m in laptop.read()] == [("#a", "hi")]
    laptop.say("PRIVMSG #a :hello", "PRIVMSG bob :psst")
    assert [message.params for message in phone.read()] == [("#a", "hello"), ("bob", "psst")]
    assert [message.params for message in bob.read()] == [("#a", "hello"), ("bob", "psst")]
    bob.say("PRIVMSG ann :you too")
    assert commands(phone.read()) == commands(laptop.read()) == ["PRIVMSG"]


def test_a_person_is_gone_with_the_last_session(town: Town) -> None:
    """Others see nothing of a device that is switched off."""
    bob = town.person("bob", "#a")
    phone, laptop = logged_in(town, "ann", "#a"), logged_in(town, "ann")
    bob.read()
    phone.leave()
    assert bob.read() == []
    bob.say("PRIVMSG #a :still here?")
    assert commands(laptop.read()) == ["PRIVMSG"]
    laptop.leave()
    assert commands(bob.read()) == ["QUIT"]


def test_nobody_else_joins_a_session(town: Town, accounts: OpenAccounts) -> None:
    """Neither who is not logged in, nor another account; both are told how the owner gets the
    name.
    """
    logged_in(town, "ann")
    assert commands(town.newcomer().say("NICK ann", "USER e 0 * :Eve")) == ["FAIL", "433"]
    accounts.add("eve", "eve-password")
    eve = with_sasl(town)
    eve.say(
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {plain('eve', 'eve-password')}",
        "NICK ann",
        "USER e 0 * :Eve",
    )
    assert commands(eve.say("CAP END")) == ["FAIL", "433"]


def test_several_sessions_can_be_switched_off(accounts: OpenAccounts) -> None:
    """A setting."""
    town = Town(
        Identity(account_rules=AccountRules(multi_session=False)),
        memory=Memory(history=ListHistory(), accounts=accounts),
    )
    logged_in(town, "ann")
    assert commands(town.newcomer().say("NICK ann")) == ["433"]


# Private messages.


def test_private_messages_of_two_accounts_are_remembered_for_both(
    town: Town, accounts: OpenAccounts
) -> None:
    """IRCv3 draft/chathistory: "including outgoing messages"; for both, under today's nicknames, on
    every device.
    """
    accounts.add("bob", "bob-password")
    bob = town.person("bob_", caps="draft/chathistory batch message-tags server-time")
    bob.say("NS IDENTIFY bob bob-password", "NICK bob")
    ann = logged_in(town, "ann", caps="draft/chathistory batch message-tags server-time")
    ann.say("PRIVMSG bob :psst")
    bob.say("NOTICE ann :what?", "NICK robert")
    ann.read()
    bob.read()
    for reader, other in ((ann, "robert"), (ann, "bob"), (bob, "ann")):
        replies = reader.say(f"CHATHISTORY LATEST {other} * 10")
        assert replies[0].params[1:] == ("chathistory", other)
        messages = [m for m in replies if m.command in {"PRIVMSG", "NOTICE"}]
        assert [message.params[1] for message in messages] == ["psst", "what?"]
        assert messages[0].nick == "ann"
        assert messages[1].params[0] == "ann"
    targets = ann.say(
        "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z"
        " timestamp=2030-01-01T00:00:00.000Z 5"
    )
    assert [m.params[1] for m in targets if m.command == "CHATHISTORY"] == ["bob"]


def test_private_messages_are_nobody_elses(town: Town, accounts: OpenAccounts) -> None:
    """Not of who has the nickname and no account, nor of another account."""
    accounts.add("bob", "bob-password")
    accounts.add("eve", "eve-password")
    bob = town.person("bob_")
    bob.say("NS IDENTIFY bob bob-password", "NICK bob")
    logged_in(town, "ann").say("PRIVMSG bob :psst")
    eve = town.person("eve_", caps="draft/chathistory batch")
    for target in ("bob", "ann", "ann,bob", "bob,ann"):
        assert (
            find(eve.say(f"CHATHISTORY LATEST {target} * 10"), "FAIL").params[1] == "INVALID_TARGET"
        )
    eve.say("NS IDENTIFY eve eve-password")
    for target in ("bob", "ann", "ann,bob"):
        assert "PRIVMSG" not in commands(eve.say(f"CHATHISTORY LATEST {target} * 10"))


def test_a_conversation_with_a_guest_is_remembered_for_the_account(
    town: Town, accounts: OpenAccounts
) -> None:
    """Who takes the guest's nickname later, or registers it, gets nothing of it."""
    guest = town.person("bob")
    ann = logged_in(town, "ann", caps="draft/chathistory batch message-tags")
    ann.say("PRIVMSG bob :psst")
    guest.say("PRIVMSG ann :what?", "QUIT")
    ann.read()
    for _ in range(2):
        found = [m.params for m in ann.say("CHATHISTORY LATEST bob * 10") if m.command == "PRIVMSG"]
        assert found == [("bob", "psst"), ("ann", "what?")]
        town.person("bob").say("QUIT")
    bob = town.person("bob", caps="draft/chathistory batch message-tags")
    assert find(bob.say("CHATHISTORY LATEST ann * 10"), "FAIL").params[1] == "INVALID_TARGET"
    bob.say("REGISTER * * :battery staple")
    assert "PRIVMSG" not in commands(bob.say("CHATHISTORY LATEST ann * 10"))


def test_of_two_guests_nothing_is_remembered(town: Town) -> None:
    """A nickname alone is nobody."""
    town.person("bob")
    town.person("carl").say("PRIVMSG bob :psst")
    memory = town.world.memory
    assert memory is not None
    assert isinstance(memory.history, ListHistory)
    assert memory.history.records == []


def test_what_was_said_beside_a_slow_order_keeps_its_place(
    town: Town, accounts: OpenAccounts
) -> None:
    """A message to a channel goes out when it is accepted, though NickServ, told in the same line,
    takes its time.
    """
    bob, ann = town.person("bob", "#a"), town.person("annie", "#a")
    bob.read()
    accounts.passwords["ann"] = "identify-me"
    output = handle_line(town.world, ann.session, b"PRIVMSG #a,NickServ :IDENTIFY ann identify-me")
    assert [part.params for part in output.parts if isinstance(part, Event)] == [
        ("#a", "IDENTIFY ann identify-me")
    ]
    assert output.refusal is not None
    assert output.later is not None
    town.deliver(output, ann)
    assert commands(bob.read()) == ["PRIVMSG"]
    assert ann.session.account == "Ann"

"""Accounts in the client: hidden passwords, SASL, registration and NickServ."""

import base64
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing
from scramp import ScramMechanism

from client_fakes import LABELS, Chat, FakeServer, chat, talk, until
from trio_chat.client.line.interface import PromptState
from trio_chat.client.link.keyring import PATIENCE, Keyring, KeyringGroup
from trio_chat.client.reasons import account_refused
from trio_chat.client.session.events import (
    AccountRefused,
    Connected,
    LoggedIn,
    LoggedOut,
    MustVerify,
    Ready,
)
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sasl import (
    ChallengeBuffer,
    LoginCredentials,
    SaslError,
    SaslScram,
    chunks,
    mechanisms,
)
from trio_chat.irc.message import parse

SASL = f"{LABELS} sasl=PLAIN"
SECRET = "correct horse"
LOGGED_IN = ":srv.test 900 alice alice!u@h alice :You are now logged in as alice"
SUCCESS = ":srv.test 903 alice :SASL authentication successful"


def plain(account: str, password: str) -> str:
    """Return what PLAIN sends."""
    return base64.b64encode(f"{account}\0{account}\0{password}".encode()).decode()


async def inside(c: Chat) -> FakeServer:
    """Return the server when the client can talk."""
    server = await c.server()
    await server.enter()
    await c.interface.take()
    return server


async def log_in(c: Chat, server: FakeServer) -> None:
    """Log in with a typed password."""
    c.interface.type("/login", SECRET)
    await server.expect("AUTHENTICATE PLAIN")
    await server.send("AUTHENTICATE +")
    await server.expect(f"AUTHENTICATE {plain('alice', SECRET)}")
    await server.send(LOGGED_IN, SUCCESS)


class KeyRing:
    """The package keyring, with a drawer of its own."""

    def __init__(self, *kept: tuple[str, str], priority: float = 5) -> None:
        self.kept = dict(kept)
        self.services: set[str] = set()
        self._priority = priority

    def get_keyring(self) -> Any:
        """Return the backend."""
        return SimpleNamespace(priority=self._priority)

    def get_password(self, service: str, account: str) -> str | None:
        """Return a password."""
        self.services.add(service)
        return self.kept.get(account)

    def get_credential(self, service: str, account: None) -> Any:
        """Return some account."""
        return next(
            (SimpleNamespace(username=name, password=word) for name, word in self.kept.items()),
            None,
        )

    def set_password(self, service: str, account: str, password: str) -> None:
        """Keep a password."""
        self.services.add(service)
        self.kept[account] = password


def keys(ring: KeyRing) -> Keyring:
    """Return what the client uses, on this keyring."""
    return Keyring("trio-chat srv.test:5000", lambda: ring)


# Logging in


async def test_login_asks_for_the_password() -> None:
    """`/login` asks without showing what is typed; it is sent by SASL, and shown nowhere."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login")
        assert await c.interface.take() == []
        assert c.interface.prompt == PromptState("Password of alice: ", asking=True, secret=True)
        c.interface.type(SECRET)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect(f"AUTHENTICATE {plain('alice', SECRET)}")
        await c.interface.take()
        assert c.interface.prompt == PromptState("#lobby> ")
        await server.send(LOGGED_IN, SUCCESS)
        assert await c.interface.take() == ["[INFO] You are logged in as alice."]


async def test_whatever_is_typed_is_the_password() -> None:
    """A password may look like a command; an empty one means that the user has thought better of
    it.
    """
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login anna", "", "/login anna", "/quit")
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect(f"AUTHENTICATE {plain('anna', '/quit')}")
        assert await c.interface.take() == ["[INFO] Nothing was done."]


async def test_password_on_the_command_line_of_the_chat() -> None:
    """A password typed behind the command is refused: it has been seen."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login anna secret", "/register anna secret", "fine")
        await server.echo()
        shown = await c.interface.take()
        text = (
            "[ERROR] Give only the name of the account: the password is asked for, and nobody"
            " sees it."
        )
        assert shown == [text, text, "[YOU]: fine"]


@pytest.mark.parametrize("numeric", ["904", "902", "906"])
def test_a_login_that_names_no_account(numeric: str) -> None:
    """By single sign-on: nothing stands for the name, and no password has to be checked."""
    assert account_refused("", numeric, "expired") == "You were not logged in. (expired)"


@pytest.mark.parametrize(
    ("numeric", "shown"),
    [
        (
            "904 alice :Invalid",
            (
                "Not logged in as alice: check the account and the password, then try again with"
                " /login alice. (Invalid)"
            ),
        ),
        ("902 alice :Locked", "The account alice is locked. Ask the server's administrator."),
        ("905 alice :Too long", "The password is too long."),
        ("906 alice :Aborted", "The login as alice was aborted. Try again with /login alice."),
        ("907 alice :Already", "You are logged in already."),
    ],
)
async def test_why_not(numeric: str, shown: str) -> None:
    """Each numeric of SASL is a sentence that says what to do."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect("AUTHENTICATE")
        await server.send(f":srv.test {numeric}")
        assert await c.interface.take() == [f"[ERROR] {shown}"]


async def test_logs_in_again_on_the_next_connection(autojump_clock: trio.testing.MockClock) -> None:
    """A password that was right is used while the next connection is negotiated, and nobody is
    asked.
    """
    async with chat(caps=SASL) as c:
        server = await inside(c)
        await log_in(c, server)
        await c.interface.take()
        await server.close()
        server = await c.server()
        await server.negotiate_login()
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect("AUTHENTICATE")
        await server.send(LOGGED_IN, SUCCESS)
        await server.expect("CAP END")


async def test_who_logs_out_stays_out(autojump_clock: trio.testing.MockClock) -> None:
    """`/logout` asks NickServ, which is not shown, and the next connection logs in to nothing."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        await log_in(c, server)
        await c.interface.take()
        c.interface.type("/logout")
        await server.expect("PRIVMSG NickServ LOGOUT")
        await server.send(
            ":alice!u@h PRIVMSG NickServ :LOGOUT", ":srv.test 901 alice a!u@h :Logged out"
        )
        assert await c.interface.take() == ["[INFO] You are not logged in any more."]
        c.interface.type("/login", SECRET)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect(f"AUTHENTICATE {plain('alice', SECRET)}")
        await server.send(LOGGED_IN, ":alice!u@h ACCOUNT alice", SUCCESS)
        assert await c.interface.take() == ["[INFO] You are logged in as alice."]
        c.interface.type("/logout")
        await server.expect("PRIVMSG NickServ LOGOUT")
        await server.close()
        again = await c.server()
        await again.greet()


async def test_wrong_password_lets_us_in_all_the_same() -> None:
    """A failed login during the negotiation is reported, and the negotiation ends."""
    protocol = ClientProtocol("alice", credentials=LoginCredentials("alice", "wrong"))
    async with talk(SASL, enter=False, protocol=protocol) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send(":srv.test CAP * LS :sasl")
        await t.server.expect("CAP REQ sasl")
        await t.server.send(":srv.test CAP * ACK :sasl")
        await t.server.expect("AUTHENTICATE PLAIN")
        await t.server.send("AUTHENTICATE +")
        await t.server.expect("AUTHENTICATE")
        await t.server.send(":srv.test 904 * :No")
        await t.server.expect("CAP END")
        await t.server.welcome("alice")
        assert await t.events() == [
            AccountRefused("alice", "904", "No"),
            Connected("alice"),
            Ready(),
        ]


async def test_server_without_sasl_is_not_waited_for() -> None:
    """A known password does not keep the negotiation from ending where there is no SASL."""
    async with talk(
        "batch",
        enter=False,
        protocol=ClientProtocol("alice", credentials=LoginCredentials("alice", "x")),
    ) as t:
        await t.server.greet()
        assert await t.events() == [Connected("alice"), Ready()]


async def test_scram_is_preferred() -> None:
    """RFC 7677: where both sides know SCRAM-SHA-256 the password is not sent, and the server must
    prove that it knows it.
    """
    mechanism = ScramMechanism("SCRAM-SHA-256")
    salt, stored, server_key, iterations = mechanism.make_auth_info(SECRET, iteration_count=4096)
    scram = mechanism.make_server(lambda _name: (salt, stored, server_key, iterations))

    def read(line: str) -> str:
        return base64.b64decode(parse(line).params[0]).decode()

    def write(text: str) -> str:
        return f"AUTHENTICATE {base64.b64encode(text.encode()).decode()}"

    async with chat(caps=f"{LABELS} sasl=EXTERNAL,PLAIN,SCRAM-SHA-256") as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await server.expect("AUTHENTICATE SCRAM-SHA-256")
        await server.send("AUTHENTICATE +")
        scram.set_client_first(read(await server.expect("AUTHENTICATE ")))
        await server.send(write(scram.get_server_first()))
        scram.set_client_final(read(await server.expect("AUTHENTICATE ")))
        await server.send(write(scram.get_server_final()))
        await server.expect("AUTHENTICATE +")
        await server.send(LOGGED_IN, SUCCESS)
        assert await c.interface.take() == ["[INFO] You are logged in as alice."]


async def test_mechanism_that_is_not_there() -> None:
    """IRCv3 sasl-3.2: 'Clients MUST handle the case when a mechanism they picked turns out to be
    not available'.
    """
    async with chat(caps=f"{LABELS} sasl=PLAIN,SCRAM-SHA-256") as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await server.expect("AUTHENTICATE SCRAM-SHA-256")
        await server.send(
            ":srv.test 908 alice PLAIN :are available", ":srv.test 904 alice :No such mechanism"
        )
        await server.expect("AUTHENTICATE PLAIN")
        assert await c.interface.take() == []
        await server.send("AUTHENTICATE +")
        await server.expect("AUTHENTICATE")
        await server.send(":srv.test 904 alice :Wrong")
        assert len(await c.interface.take()) == 1


async def test_login_where_sasl_is_for_the_beginning_only() -> None:
    """A server that takes AUTHENTICATE only before registration is asked through NickServ; its echo
    is not shown.
    """
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", "secret")
        await server.expect("AUTHENTICATE PLAIN")
        await server.send(":srv.test 421 alice AUTHENTICATE :Unknown command")
        await server.expect("PRIVMSG NickServ IDENTIFY alice secret")
        await server.send(
            ":alice!u@h PRIVMSG NickServ :IDENTIFY alice secret", ":alice!u@h ACCOUNT alice"
        )
        assert await c.interface.take() == ["[INFO] You are logged in as alice."]


async def test_lost_while_logging_in(autojump_clock: trio.testing.MockClock) -> None:
    """A login that a lost connection interrupts is reported."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", "secret")
        await server.expect("AUTHENTICATE PLAIN")
        await server.close()
        await c.server()
        text = "[ERROR] The connection ended before the server answered. Try again when it is back."
        assert (await c.interface.take())[0] == text


async def test_reserved_nickname() -> None:
    """A client with the nickname of an account logs in before registration ends."""
    async with chat(caps=SASL) as c:
        server = await c.server()
        await server.greet_until_refused(
            ":srv.test 433 * alice :Nickname is already in use.",
            ":srv.test FAIL NICK NICKNAME_RESERVED alice :alice is registered",
        )
        assert (await c.interface.take())[-1] == (
            '[ERROR] The nickname "alice" belongs to an account. If it is yours: /login alice, then'
            " /nick alice. If not, choose another."
        )
        await log_in(c, server)
        await server.expect("NICK alice")
        await server.welcome("alice")
        await server.let_join("#lobby")
        await c.interface.take()
        assert c.interface.prompt == PromptState("#lobby> ")


async def test_server_that_gives_another_nickname() -> None:
    """A server that lets us in under a nickname of its own choice needs no answer to the question
    any more.
    """
    async with chat(caps=SASL) as c:
        server = await c.server()
        await server.greet_until_refused(
            ":srv.test 433 * alice :Nickname is already in use.",
            ":srv.test FAIL NICK NICKNAME_RESERVED alice :alice is registered",
        )
        await server.welcome("Guest1")
        await server.let_join("#lobby")
        await c.interface.take()
        assert c.interface.prompt == PromptState("#lobby> ")
        c.interface.type("hello")
        assert await server.echo() == "PRIVMSG #lobby :hello"


async def test_account_of_another_name_is_no_answer() -> None:
    """Being logged in to some account does not choose the nickname for a user who is being asked
    for one.
    """
    async with chat(caps=SASL) as c:
        server = await c.server()
        await server.greet_until_refused(":srv.test 433 * alice :Nickname is already in use.")
        await server.send(":srv.test 900 * m anna :You are now logged in as anna")
        await c.interface.take()
        assert c.interface.prompt == PromptState("Your nickname: ", asking=True)


async def test_nickname_reserved_by_services() -> None:
    """A 433 that speaks of NickServ says the same."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/nick anna")
        await server.expect("NICK anna")
        await server.send(
            ":srv.test 433 alice anna :This nickname is registered. Identify to NickServ"
        )
        assert "/login anna" in (await c.interface.take())[0]


# Registering


async def test_register_asks_twice() -> None:
    """IRCv3 account-registration: REGISTER with the nickname; the password is asked for twice."""
    async with chat(caps=f"{LABELS} draft/account-registration") as c:
        server = await inside(c)
        c.interface.type("/register", SECRET, "else", "/register", SECRET)
        assert await c.interface.take() == [
            "[ERROR] These were two different passwords. Nothing was done."
        ]
        assert c.interface.prompt == PromptState(
            "The same password again: ", asking=True, secret=True
        )
        c.interface.type(SECRET)
        await server.expect(f"REGISTER * * {SECRET}")
        await server.send("REGISTER SUCCESS alice :Welcome", LOGGED_IN)
        assert await c.interface.take() == [
            "[INFO] The account alice is yours now, and you are logged in to it."
        ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "FAIL REGISTER ACCOUNT_EXISTS alice :x",
            "[ERROR] There is an account alice already. If it is yours: /login alice",
        ),
        (
            "FAIL REGISTER WEAK_PASSWORD alice :At least 9",
            "[ERROR] The password is too easy to guess. Choose a longer one. (At least 9)",
        ),
        ("FAIL REGISTER SOMETHING alice :Full moon", "[ERROR] Full moon"),
    ],
)
async def test_not_registered(line: str, shown: str) -> None:
    """Each code of draft/account-registration has a sentence; others show the server's text."""
    async with chat(caps=f"{LABELS} draft/account-registration") as c:
        server = await inside(c)
        c.interface.type("/register", "x", "x")
        await server.expect("REGISTER * * x")
        await server.send(f":srv.test {line}")
        assert await c.interface.take() == [shown]


async def test_registration_with_an_address() -> None:
    """Where an address is wanted it is given behind the command, and the code that comes there with
    /verify.
    """
    async with chat(caps=f"{LABELS} draft/account-registration=email-required") as c:
        server = await inside(c)
        c.interface.type("/register alice a@b.example", "x", "x")
        await server.expect("REGISTER alice a@b.example x")
        await server.send("REGISTER VERIFICATION_REQUIRED alice :Look into your mail.")
        shown = await c.interface.take()
        assert shown == [
            "[INFO] The account alice is not ready yet: Look into your mail. When you have the"
            " code: /verify alice code"
        ]
        c.interface.type("/verify alice 123")
        await server.expect("VERIFY alice 123")


async def test_register_by_nickserv() -> None:
    """Where the server has no such command NickServ is asked, and neither the message nor its echo
    is shown.
    """
    async with chat() as c:
        server = await inside(c)
        c.interface.type("/register", "secret", "secret")
        await server.expect("PRIVMSG NickServ REGISTER secret")
        await server.send(
            ":alice!u@h PRIVMSG NickServ :REGISTER secret",
            ":NickServ!s@srv.test NOTICE alice :Done.",
            LOGGED_IN,
        )
        assert await c.interface.take() == [
            '[NOTICE "NickServ" → you]: Done.',
            "[INFO] You are logged in as alice.",
        ]


async def test_server_without_accounts() -> None:
    """Where there is no NickServ either, that is said; and spaces, which it could not tell apart,
    are refused.
    """
    async with chat() as c:
        server = await inside(c)
        c.interface.type("/login", "secret")
        await server.expect("PRIVMSG NickServ IDENTIFY alice secret")
        await server.send(":srv.test 401 alice NickServ :No such nick")
        assert await c.interface.take() == ["[ERROR] This server has no accounts."]
        c.interface.type("/login", SECRET)
        assert await c.interface.take() == ["[ERROR] This server accepts no passwords with spaces."]


async def test_no_password_in_a_pipe() -> None:
    """Where nobody types, nobody is asked: the next line is a message."""
    async with chat(caps=SASL, interactive=False) as c:
        server = await inside(c)
        c.interface.type("/login", "hello")
        assert await server.echo() == "PRIVMSG #lobby :hello"
        assert await c.interface.take() == [
            "[ERROR] A password can be typed on a terminal only.",
            "[YOU]: hello",
        ]


async def test_other_answers() -> None:
    """What else a server says of accounts becomes its own event; AUTHENTICATE out of turn is passed
    over.
    """
    async with talk(SASL) as t:
        await t.server.send(
            ":srv.test 901 alice alice!u@h :Out",
            "REGISTER VERIFICATION_REQUIRED x :Wait",
            "AUTHENTICATE +",
        )
        await t.server.send(
            ":srv.test 904 alice :No", ":srv.test 900 alice m al :In", ":bob!u@h ACCOUNT bob"
        )
        assert await t.events() == [LoggedOut(), MustVerify("x", "Wait"), LoggedIn("al")]


async def test_an_account_with_a_second_factor_asks_for_a_code() -> None:
    """It follows the password, without its spaces, is shown nowhere, and the password alone is
    kept.
    """
    ring = KeyRing()
    async with chat(caps=SASL, passwords=keys(ring)) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect(f"AUTHENTICATE {plain('alice', SECRET)}")
        await server.send("FAIL AUTHENTICATE CODE_REQUIRED :A code", ":srv.test 904 alice :No")
        shown = await c.interface.take()
        assert "asks for a code" in shown[0]
        text = "Code of the authenticator for alice: "
        assert c.interface.prompt == PromptState(text, asking=True, secret=True)
        c.interface.type("123 456")
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect(f"AUTHENTICATE {plain('alice', f'{SECRET} 123456')}")
        await server.send(LOGGED_IN, SUCCESS)
        await server.expect("NICKSERV APPPASSWORD ADD")
        while not c.interface.prompt.text.startswith("Keep"):
            await c.interface.take()
        c.interface.type("y", "hello")
        await server.echo()
        assert ring.kept == {"alice": SECRET}


def test_a_code_is_sent_by_plain_alone() -> None:
    """SCRAM cannot carry it; without permission to send the password there is no mechanism."""
    credentials = LoginCredentials("ann", SECRET, code="123456")
    offered = ["SCRAM-SHA-256", "PLAIN"]
    assert [each.name for each in mechanisms(offered, credentials)] == ["PLAIN"]
    assert mechanisms(offered, credentials, may_send_password=False) == []
    assert "123456" not in repr(credentials)


# Keeping


@pytest.mark.parametrize(("answer", "kept"), [("y", True), ("да", True), ("", False), ("n", False)])
async def test_offers_to_keep_the_password(answer: str, kept: bool) -> None:
    """After a login that went well the user is asked once whether to keep the password."""
    ring = KeyRing()
    async with chat(caps=SASL, passwords=keys(ring)) as c:
        server = await inside(c)
        await log_in(c, server)
        while not c.interface.prompt.text.startswith("Keep"):
            await c.interface.take()
        assert c.interface.prompt == PromptState(
            "Keep this password in the keyring of this computer? [y/N] ", asking=True
        )
        c.interface.type(answer)
        c.interface.type("hello")
        await server.echo()
        assert ring.kept == ({"alice": SECRET} if kept else {})
        assert ring.services == {"trio-chat srv.test:5000"}


async def test_message_typed_when_the_question_came() -> None:
    """A line that is no answer is a message, and nothing is kept."""
    ring = KeyRing()
    async with chat(caps=SASL, passwords=keys(ring)) as c:
        server = await inside(c)
        await log_in(c, server)
        while not c.interface.prompt.text.startswith("Keep"):
            await c.interface.take()
        c.interface.type("yesterday was fine")
        assert await server.echo() == "PRIVMSG #lobby :yesterday was fine"
        assert ring.kept == {}


@pytest.mark.parametrize(
    ("password", "first"),
    [("usr27-tc2rt-8skxm-ny3nt-78c9d", "PLAIN"), ("a typed password", "SCRAM-SHA-256")],
)
def test_an_app_password_is_sent_by_plain(password: str, first: str) -> None:
    """SCRAM could not prove an app password, so it would count as a wrong one."""
    found = mechanisms(["SCRAM-SHA-256", "PLAIN"], LoginCredentials("ann", password))
    assert found[0].name == first
    assert len(found) == 2
    without = mechanisms(
        ["SCRAM-SHA-256", "PLAIN"], LoginCredentials("ann", password), may_send_password=False
    )
    assert [each.name for each in without] == ["SCRAM-SHA-256"]


async def offer_sasl(server: FakeServer) -> None:
    """Negotiate up to the point where the client can log in."""
    for start in ("CAP LS", "NICK", "USER"):
        await server.expect(start)
    await server.send(":srv.test CAP * LS :sasl")
    await server.expect("CAP REQ sasl")
    await server.send(":srv.test CAP * ACK :sasl")


@pytest.mark.parametrize("kept", [("alice", SECRET), ("other", SECRET)])
async def test_uses_a_kept_password(kept: tuple[str, str]) -> None:
    """The password of the nickname, or else of any account there, logs in while the connection is
    negotiated; no question.
    """
    async with chat(caps="sasl", passwords=keys(KeyRing(kept))) as c:
        server = await c.server()
        await offer_sasl(server)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send("AUTHENTICATE +")
        await server.expect(f"AUTHENTICATE {plain(*kept)}")
        await server.send(LOGGED_IN, SUCCESS)
        await server.expect("CAP END")
        await c.interface.take()
        assert not c.interface.prompt.asking


async def test_a_kept_password_is_not_sent_where_it_can_be_read() -> None:
    """Not by PLAIN, when nobody has asked for a connection without encryption; the user reads
    why.
    """
    async with chat(
        caps="sasl", passwords=keys(KeyRing(("alice", SECRET))), may_be_plain=False
    ) as c:
        server = await c.server()
        await offer_sasl(server)
        await server.expect("CAP END")
        await server.welcome("alice")
        await server.let_join("#lobby")
        assert any("the connection is not encrypted" in line for line in await c.interface.take())


async def test_kept_password_that_is_wrong(mock_clock: trio.testing.MockClock) -> None:
    """A refused stored password is reported once, and not tried again."""
    async with chat(caps="sasl", passwords=keys(KeyRing(("alice", "old")))) as c:
        server = await c.server()
        await offer_sasl(server)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send(":srv.test 904 * :No")
        await server.expect("CAP END")
        await server.welcome("alice")
        await server.let_join("#lobby")
        assert "[ERROR] Not logged in as alice" in (await c.interface.take())[0]
        await server.close()
        await c.interface.take()  # the connection was lost
        await trio.testing.wait_all_tasks_blocked()
        # A clock that jumps by itself does not wait for the thread that reads the keyring.
        mock_clock.jump(60)
        await (await c.server()).greet()


# Servers that let nobody in without an account


REQUIRED = "FAIL * ACCOUNT_REQUIRED :This server is for people with an account: log in by SASL"
LET_IN_BY_ACCOUNT = "[ERROR] This server accepts only users that log in to an account."


async def not_let_in(server: FakeServer) -> None:
    """Require an account, after the negotiation."""
    await server.expect("CAP END")
    await server.send(REQUIRED, "ERROR :An account is required")
    await server.close()


async def refused_at_first(c: Chat) -> None:
    """Require an account on the first connection."""
    server = await c.server()
    await offer_sasl(server)
    await not_let_in(server)
    assert await c.interface.take() == [LET_IN_BY_ACCOUNT]


async def try_password(c: Chat, password: str, account: str = "alice") -> FakeServer:
    """Return the server of the next connection, which has received the password."""
    server = await c.server()
    await offer_sasl(server)
    await server.expect("AUTHENTICATE PLAIN")
    await server.send("AUTHENTICATE +")
    await server.expect(f"AUTHENTICATE {plain(account, password)}")
    return server


@pytest.mark.parametrize(("typed", "account"), [("", "alice"), ("ann", "ann")])
async def test_a_server_for_accounts_alone_asks_for_one(typed: str, account: str) -> None:
    """The user is asked for account and password, and the next connection logs in with them."""
    ring = KeyRing()
    async with chat(caps="sasl", passwords=keys(ring)) as c:
        await refused_at_first(c)
        assert c.interface.prompt == PromptState("Your account [alice]: ", asking=True)
        c.interface.type(typed, SECRET)
        server = await try_password(c, SECRET, account)
        await server.send(LOGGED_IN.replace("alice :", f"{account} :"), SUCCESS)
        await server.expect("CAP END")
        await server.welcome("alice")
        await server.let_join("#lobby")
        await until(lambda: c.interface.prompt.text.startswith("Keep"))
        c.interface.type("y")
        await until(lambda: bool(ring.kept))
        assert ring.kept == {account: SECRET}


async def test_a_wrong_password_is_asked_for_again() -> None:
    """An empty line ends that, and the client, which has failed."""
    async with chat(caps="sasl") as c:
        await refused_at_first(c)
        c.interface.type("", "wrong")
        server = await try_password(c, "wrong")
        await server.send(":srv.test 904 * :No")
        await not_let_in(server)
        assert LET_IN_BY_ACCOUNT in await c.interface.take()
        assert c.interface.prompt.text == "Your account [alice]: "
        c.interface.type("", "")
        await until(lambda: c.code is not None)
        assert c.code == 1


async def test_a_server_for_accounts_alone_gets_the_code_of_the_authenticator() -> None:
    """It is asked for in place of the account, and goes with the password."""
    async with chat(caps="sasl") as c:
        await refused_at_first(c)
        c.interface.type("", SECRET)
        server = await try_password(c, SECRET)
        await server.send("FAIL AUTHENTICATE CODE_REQUIRED :A code", ":srv.test 904 * :No")
        await not_let_in(server)
        await c.interface.take()
        assert c.interface.prompt.text.startswith("Code")
        c.interface.type("123456")
        await try_password(c, f"{SECRET} 123456")


@pytest.mark.parametrize("line", ["exit", "/quit"])
async def test_the_question_for_the_account_can_be_left(line: str) -> None:
    """The client ends without an error."""
    async with chat(caps="sasl") as c:
        await refused_at_first(c)
        c.interface.type(line)
        await until(lambda: c.code is not None)
        assert c.code == 0


async def test_a_server_for_accounts_alone_ends_a_pipe() -> None:
    """Where nobody can be asked, the client fails with the reason."""
    async with chat(caps="sasl", interactive=False) as c:
        await refused_at_first(c)
        await until(lambda: c.code is not None)
        assert c.code == 1


async def test_a_program_tries_again_where_its_login_has_failed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The server may have lost its directory for a moment, while the connection was lost."""
    async with chat(interactive=False) as c:
        await (await inside(c)).close()
        for _attempt in range(2):
            server = await c.server()
            for start in ("CAP LS", "NICK", "USER"):
                await server.expect(start)
            await server.send(REQUIRED, "ERROR :An account is required")
            await server.close()
        await (await c.server()).greet()


async def test_keyring_that_fails() -> None:
    """A keyring that is not there, is none, or breaks is no reason to trouble anyone."""

    def missing() -> Any:
        raise ModuleNotFoundError

    for broken in (Keyring("x", missing), Keyring("x", object), Keyring("no such module")):
        assert await broken.load("alice") is None
        assert not await broken.are_available()
        assert not await broken.save(LoginCredentials("alice", "x"))
    assert not await Keyring("x", lambda: KeyRing(priority=0)).are_available()


class Ring:
    """The passwords for one address."""

    def __init__(self, *kept: LoginCredentials) -> None:
        self.kept = list(kept)
        self.can_write = True

    async def load(self, account: str) -> LoginCredentials | None:
        """Return the password of the account, or any."""
        await trio.lowlevel.checkpoint()
        exact = (each for each in self.kept if each.account == account)
        return next(exact, self.kept[0] if self.kept else None)

    async def are_available(self) -> bool:
        """Say yes."""
        await trio.lowlevel.checkpoint()
        return True

    async def save(self, credentials: LoginCredentials) -> bool:
        """Keep a password."""
        await trio.lowlevel.checkpoint()
        self.kept.insert(0, credentials)
        return self.can_write


async def test_a_password_is_that_of_every_address_of_the_network() -> None:
    """The one of the account first, at whichever address it was kept; a new one is kept for all."""
    boris, alice = LoginCredentials("boris", "x"), LoginCredentials("alice", "y")
    rings = [Ring(), Ring(boris), Ring(alice)]
    group = KeyringGroup(rings)
    assert await group.load("alice") == alice
    assert await group.load("carol") == boris
    assert await KeyringGroup([Ring(), Ring()]).load("alice") is None
    new = LoginCredentials("alice", "z")
    assert await group.save(new)
    assert [await ring.load("alice") for ring in rings] == [new] * 3
    rings[1].can_write = False
    assert not await group.save(new)
    assert await group.are_available()


async def test_a_locked_keyring_is_waited_for_once(autojump_clock: trio.testing.MockClock) -> None:
    """Not once for each address."""

    class LockedRing(Ring):
        """One that the user does not unlock."""

        async def load(self, account: str) -> LoginCredentials | None:
            """Give up in the end."""
            await trio.sleep(PATIENCE)
            return None

    assert await KeyringGroup([LockedRing() for _ in range(3)]).load("alice") is None
    assert trio.current_time() <= PATIENCE


# SASL


def test_chunks() -> None:
    """IRCv3 sasl-3.1: 400 bytes each; '+' for nothing, and behind a last chunk of exactly 400."""
    assert chunks(b"") == ["+"]
    assert [len(chunk) for chunk in chunks(b"x" * 300)] == [400, 1]
    assert [len(chunk) for chunk in chunks(b"x" * 303)] == [400, 4]
    challenges = ChallengeBuffer()
    assert [challenges.add(chunk) for chunk in chunks(b"x" * 300)] == [None, b"x" * 300]


@pytest.mark.parametrize("piece", ["no base64", "=", "ß"])
def test_nonsense_from_the_server(piece: str) -> None:
    """What is no base64, or never ends, ends the login."""
    with pytest.raises(SaslError):
        ChallengeBuffer().add(piece)
    endless = ChallengeBuffer()
    with pytest.raises(SaslError):
        [endless.add("A" * 400) for _ in range(100)]


@pytest.mark.parametrize(
    "challenge", [b"\xff", b"", b"r=x,s=eA==,i=4096", b"r=x,s=eA==,i=999999999"]
)
def test_scram_challenge_that_makes_no_sense(challenge: bytes) -> None:
    """A server that does not keep to the mechanism, or would keep us computing for minutes, is not
    answered.
    """
    scram = SaslScram(LoginCredentials("alice", "x"))
    scram.answer(b"")
    with pytest.raises(SaslError):
        scram.answer(challenge)


def test_mechanisms_without_scramp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package PLAIN is used; where nothing is known in common there is no way."""
    monkeypatch.setitem(__import__("sys").modules, "scramp", None)
    credentials = LoginCredentials("alice", "x")
    assert [
        mechanism.name for mechanism in mechanisms(["SCRAM-SHA-256", "PLAIN"], credentials)
    ] == ["PLAIN"]
    assert mechanisms(["EXTERNAL"], credentials) == []


@pytest.mark.parametrize(
    ("account", "password"),
    [("alice", "correct 🙂 horse"), ("al🙂ce", "x"), ("alice", "ab\u0627c")],
)
def test_what_scram_does_not_allow_goes_by_plain(account: str, password: str) -> None:
    """SCRAM knows the letters of Unicode 3.2 alone, and no mixture of directions."""
    found = mechanisms(["SCRAM-SHA-256", "PLAIN"], LoginCredentials(account, password))
    assert [mechanism.name for mechanism in found] == ["PLAIN"]


def test_password_is_not_in_what_is_printed() -> None:
    """Credentials in a traceback or a log show the account only."""
    assert "horse" not in repr(LoginCredentials("alice", SECRET))

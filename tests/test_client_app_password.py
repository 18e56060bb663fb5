"""The app password of one run of the client: it reconnects without another code."""

import pytest
import trio
import trio.testing

from client_fakes import Chat, FakeServer, chat
from test_client_accounts import LOGGED_IN, SASL, SECRET, SUCCESS, inside, plain
from trio_chat.chat.app_passwords import make_password
from trio_chat.client.line.interface import PromptState
from trio_chat.irc.message import parse

QUESTION = PromptState("Code of the authenticator for alice: ", asking=True, secret=True)
NEEDS_CODE = ("FAIL AUTHENTICATE CODE_REQUIRED :A code", ":srv.test 904 alice :No")
MADE = make_password()


async def give(server: FakeServer, proof: str, *answer: str, account: str = "alice") -> None:
    """Take a login, and answer it."""
    await server.expect("AUTHENTICATE PLAIN")
    await server.send("AUTHENTICATE +")
    await server.expect(f"AUTHENTICATE {plain(account, proof)}")
    await server.send(*answer)


async def give_code(c: Chat, server: FakeServer) -> list[str]:
    """Log in with the password, and then with a code; return what is shown."""
    await give(server, SECRET, *NEEDS_CODE)
    shown = await c.interface.take()
    assert c.interface.prompt == QUESTION
    c.interface.type("123456")
    await give(server, f"{SECRET} 123456", LOGGED_IN, SUCCESS)
    return shown


async def answer_nickserv(server: FakeServer, *texts: str, verb: str = "ADD") -> str:
    """Take a question about app passwords, and answer it; return the name of the app password."""
    asked = parse(await server.expect(f"NICKSERV APPPASSWORD {verb} terminal-"))
    await server.send(
        f"@label={asked.tags['label']} :srv.test BATCH +n labeled-response",
        *(f"@batch=n :NickServ!s@srv.test NOTICE alice :{text}" for text in texts),
        ":srv.test BATCH -n",
    )
    return asked.params[2]


async def with_password(c: Chat) -> tuple[FakeServer, str]:
    """Have the client log in with a code, and give it an app password; return its name."""
    server = await inside(c)
    c.interface.type("/login", SECRET)
    await give_code(c, server)
    name = await answer_nickserv(server, f"The app password x is: {MADE}", "It is not shown again.")
    assert await c.interface.take() == ["[INFO] You are logged in as alice."]
    return server, name


async def connects_again(c: Chat) -> FakeServer:
    """Take part in the negotiation of the next connection, up to its login."""
    server = await c.server()
    await server.negotiate_login()
    return server


async def let_in(server: FakeServer) -> None:
    """End the negotiation."""
    await server.expect("CAP END")
    await server.welcome("alice")
    await server.let_join("#lobby")


async def test_a_wrong_code_is_asked_for_again() -> None:
    """The password was right: it is not asked for, and neither is a code after an empty answer."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await give(server, SECRET, *NEEDS_CODE)
        await c.interface.take()
        for code in ("123456", "123457"):
            c.interface.type(code)
            await give(server, f"{SECRET} {code}", ":srv.test 904 alice :Too many codes")
            (shown,) = await c.interface.take()
            assert shown.startswith("[ERROR] The code is not accepted")
            assert shown.endswith("The server says: Too many codes")
            assert c.interface.prompt == QUESTION
        c.interface.type("")
        assert await c.interface.take() == ["[INFO] Nothing was done."]
        assert not c.interface.prompt.asking


async def test_a_refusal_that_says_nothing_of_the_code_asks_for_none() -> None:
    """Such as that the server aborted the login."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await give(server, SECRET, *NEEDS_CODE)
        await c.interface.take()
        c.interface.type("123456")
        await give(server, f"{SECRET} 123456", ":srv.test 906 alice :Aborted")
        await c.interface.take()
        assert not c.interface.prompt.asking


async def test_a_reconnect_asks_for_no_code(autojump_clock: trio.testing.MockClock) -> None:
    """However often; what stands for the code is shown nowhere."""
    async with chat(caps=SASL) as c:
        server, _ = await with_password(c)
        for _ in range(2):
            await server.close()
            server = await connects_again(c)
            await give(server, MADE, LOGGED_IN, SUCCESS)
            await let_in(server)
            c.interface.type("hello")
            await server.echo()
        shown = "".join(await c.interface.take())
        assert not c.interface.prompt.asking
        assert MADE not in shown
        assert "code" not in shown


async def test_the_user_that_leaves_revokes_it() -> None:
    """It is of no use to anybody then."""
    async with chat(caps=SASL) as c:
        server, name = await with_password(c)
        c.interface.type("/quit")
        server.skips = ("MARKREAD",)
        assert await answer_nickserv(server, "Revoked", verb="DEL") == name
        await server.expect("QUIT")


async def test_the_user_that_logs_out_revokes_it() -> None:
    """The server forgets it while it knows whose it is."""
    async with chat(caps=SASL) as c:
        server, name = await with_password(c)
        c.interface.type("/logout")
        server.skips = ("MARKREAD",)
        assert await answer_nickserv(server, "Revoked", verb="DEL") == name
        await server.expect("PRIVMSG NickServ LOGOUT")


@pytest.mark.parametrize("wants_code", [True, False])
async def test_one_that_is_refused_is_forgotten(
    autojump_clock: trio.testing.MockClock, wants_code: bool
) -> None:
    """It was revoked, or has expired: the password is used, and a code is asked for if need be."""
    async with chat(caps=SASL) as c:
        server, name = await with_password(c)
        await server.close()
        server = await connects_again(c)
        await give(server, MADE, ":srv.test 904 alice :Wrong")
        await let_in(server)
        if wants_code:
            shown = await give_code(c, server)
            other = make_password()
            assert await answer_nickserv(server, f"The app password x is: {other}") != name
        else:
            other = SECRET
            await give(server, SECRET, LOGGED_IN, SUCCESS)
            shown = await c.interface.take()
        text = "The server does not take the login that this client has kept any longer."
        assert f"[ERROR] {text}" in shown
        await c.interface.take()
        await server.close()
        await give(await connects_again(c), other, LOGGED_IN, SUCCESS)


async def test_a_server_that_cannot_log_in_now_is_asked_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The app password is as good as before on the next connection."""
    async with chat(caps=SASL) as c:
        server, _ = await with_password(c)
        await server.close()
        server = await connects_again(c)
        await server.expect("AUTHENTICATE PLAIN")
        await server.send(":srv.test 906 alice :Aborted", "AUTHENTICATE +")
        await server.close()
        await give(await connects_again(c), MADE, LOGGED_IN, SUCCESS)


async def test_why_there_is_none_is_explained(autojump_clock: trio.testing.MockClock) -> None:
    """Then a reconnect asks for a code as before."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await give_code(c, server)
        await answer_nickserv(server, "You have 30 app passwords already; revoke one of them.")
        shown = await c.interface.take()
        assert shown[-1] == (
            "[ERROR] This client will ask for a code whenever it reconnects. You have 30 app"
            " passwords already; revoke one of them."
        )
        await server.close()
        await give(await connects_again(c), SECRET, *NEEDS_CODE)


async def test_none_is_made_where_others_can_read_it() -> None:
    """A code counts once, and an app password for a month."""
    async with chat(caps=SASL, may_be_plain=False) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await give_code(c, server)
        c.interface.type("hello")
        assert await server.echo() == "PRIVMSG #lobby :hello"


async def test_it_is_that_of_one_account(autojump_clock: trio.testing.MockClock) -> None:
    """After a login to another account it logs in no longer."""
    async with chat(caps=SASL) as c:
        server, _ = await with_password(c)
        c.interface.type("/login bob", "battery1")
        bob = LOGGED_IN.replace(" alice :", " bob :")
        await give(server, "battery1", bob, SUCCESS, account="bob")
        await c.interface.take()
        await server.close()
        await give(await connects_again(c), "battery1", bob, SUCCESS, account="bob")


async def test_one_is_made_for_a_session_that_is_logged_in_already() -> None:
    """Such as that in which the user has set the second factor up."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await give(server, SECRET, LOGGED_IN, SUCCESS)
        await c.interface.take()
        c.interface.type("/login", SECRET)
        await give_code(c, server)
        await answer_nickserv(server, f"The app password x is: {MADE}")


async def test_another_login_with_a_code_makes_no_second_one() -> None:
    """Such as before OPER, after a reconnect."""
    async with chat(caps=SASL) as c:
        server, name = await with_password(c)
        c.interface.type("/login", SECRET)
        await give_code(c, server)
        c.interface.type("hello", "/quit")
        await server.echo()
        server.skips = ("MARKREAD",)
        assert await answer_nickserv(server, "Revoked", verb="DEL") == name


async def test_a_password_without_a_code_makes_none() -> None:
    """It can be used again by itself."""
    async with chat(caps=SASL) as c:
        server = await inside(c)
        c.interface.type("/login", SECRET)
        await give(server, SECRET, LOGGED_IN, SUCCESS)
        await c.interface.take()
        c.interface.type("/quit")
        server.skips = ("MARKREAD",)
        await server.expect("QUIT")

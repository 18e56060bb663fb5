"""Credentials in what a user types: no screen, prompt, error or log shows them."""

import pytest
from trio.testing import MockClock

from client_fakes import LABELS, chat
from screen_fakes import inside
from trio_chat.client.credentials import MASK, has_credentials, mask_line, mask_message

SECRET = "hunter2"
LINES = [
    f"/msg NickServ IDENTIFY {SECRET}",
    f"/msg nickserv identify alice {SECRET}",
    f"/msg nickserv 2fa on {SECRET}",
    f"/ns 2FA OFF {SECRET} 123456",
    f"/query NickServ REGISTER {SECRET} ann@example.org",
    f"/msg NickServ SET PASSWORD {SECRET}",
    f"/msg NickServ set pass {SECRET} {SECRET}",
    f"/msg NickServ@services.example GHOST alice {SECRET}",
    f"/notice NickServ LOGIN alice {SECRET}",
    f"/msg ChanServ IDENTIFY #lobby {SECRET}",
    f"/msg ChanServ REGISTER #lobby {SECRET}",
    f"/msg AuthServ AUTH alice {SECRET}",
    f"/msg Q@CServe.quakenet.org AUTH alice {SECRET}",
    f"/ns identify {SECRET}",
    f"/NickServ IDENTIFY {SECRET}",
    f"/oper ann {SECRET}",
    f"/quote OPER ann {SECRET}",
    f"/quote PASS {SECRET}",
    f"/quote PRIVMSG NickServ :IDENTIFY {SECRET}",
    f"/quote NS IDENTIFY {SECRET}",
    f"/quote REGISTER * * {SECRET}",
    f"/quote JOIN #lobby {SECRET}",
    f"/quote MODE #lobby +k {SECRET}",
    f"/join #lobby {SECRET}",
    f"/mode #lobby +nk {SECRET}",
]


@pytest.mark.parametrize("line", LINES)
def test_credentials_are_masked(line: str) -> None:
    """The command stays to be read, the secret does not."""
    masked = mask_line(line)
    assert SECRET not in masked
    assert masked.endswith(MASK)
    assert masked.split()[0].lower() == line.split(maxsplit=1)[0].lower()


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "/msg bob identify yourself",
        "/join #lobby",
        "/mode #lobby +o bob",
        "/msg NickServ HELP",
        "/oper ann",
        "/me auths",
        "/msg NickServ SET always-on on",
        "/quote NAMES #lobby",
        "/topic #lobby pass the salt",
        "//quote OPER a b",
        "/msg ChanServ OP #lobby bob",
        "/msg ChanServ REGISTER #lobby",
        "/cs register #lobby",
        "/quote PRIVMSG ChanServ :DROP #lobby",
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    """A mask where none is wanted hides what the user has to read."""
    assert mask_line(line) == line


def test_the_name_of_a_channel_is_no_secret_of_chanserv() -> None:
    """What follows it is: older services register a channel with a password."""
    assert mask_line(f"/msg ChanServ REGISTER #a {SECRET}") == f"/msg ChanServ REGISTER #a {MASK}"
    assert mask_line("/msg NickServ IDENTIFY #lobby") == f"/msg NickServ IDENTIFY {MASK}"


def test_what_is_typed_to_a_service_itself() -> None:
    """A talk with NickServ needs no command before the words."""
    assert mask_line(f"identify {SECRET}", "NickServ") == f"identify {MASK}"
    assert has_credentials(f"identify {SECRET}", "NickServ")
    assert not has_credentials(f"identify {SECRET}", "#lobby")
    assert mask_message("bob", f"identify {SECRET}") == f"identify {SECRET}"


@pytest.mark.parametrize(
    "line", [f"/msg NickServ IDENTIFY {SECRET}", f"/msg ChanServ IDENTIFY #lobby {SECRET}"]
)
async def test_a_refused_message_to_a_service(line: str) -> None:
    """On servers without services it comes back as an error, without the password."""
    async with chat(caps=LABELS) as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type(line)
        sent = await server.expect("PRIVMSG")
        label = sent.split()[0]
        service = line.split()[1]
        await server.send(f"{label} :srv.test 401 alice {service} :No such nick")
        shown = "\n".join(await c.interface.take())
        assert MASK in shown
        assert SECRET not in shown


async def test_a_message_to_a_service_whose_fate_is_not_known() -> None:
    """The connection ends before it is confirmed."""
    async with chat(caps=LABELS) as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type(f"/msg NickServ IDENTIFY {SECRET}")
        await server.expect("PRIVMSG")
        c.interface.type("exit")
        await server.expect("QUIT")
        await server.close()
        shown = "\n".join(await c.interface.take())
        assert SECRET not in shown


@pytest.mark.parametrize("line", LINES)
async def test_the_prompt_does_not_bring_credentials_back(
    line: str, jumping_clock: MockClock
) -> None:
    """Up does not show it again; nor is it on the screen."""
    async with inside("") as (it, _server):
        it.screen.type(line)
        it.screen.press("enter")
        await it.rest()
        assert SECRET not in it.screen.text()
        it.screen.press("esc", "up")
        assert SECRET not in it.controller.prompt.edit_text

"""Numbers without gaps (`trio-chat/number`) in the clients for terminals and in bots: what did not
arrive is noticed, and fetched.
"""

import pytest

from client_fakes import HISTORY, Chat, FakeServer, chat, said_before

CAPS = f"{HISTORY} trio-chat/number"


def numbered(number: int, text: str, tag: str = "") -> str:
    """Return a live line with a number, which is its msgid, too."""
    return said_before(str(number), "bob", text).replace("@", f"@trio-chat/number={tag or number};")


async def in_lobby(c: Chat) -> FakeServer:
    """Return the server when the history of the lobby has been shown."""
    server = await c.server()
    await server.enter()
    await server.play_back("1 bob one")
    await c.interface.take()
    return server


async def test_without_a_gap_nothing_is_fetched() -> None:
    """Nor for what comes twice, or has no number."""
    async with chat(caps=CAPS) as c:
        server = await in_lobby(c)
        await server.send(numbered(2, "two"), numbered(3, "three"), said_before("7", "bob", "none"))
        c.interface.type("mine")
        assert (await server.echo()).endswith("mine")


async def test_a_lost_message_is_fetched_and_shown_in_its_place() -> None:
    """The message behind the gap waits for the history, and is shown once."""
    async with chat(caps=CAPS) as c:
        server = await in_lobby(c)
        await server.send(numbered(2, "two"), numbered(4, "four"))
        request = await server.play_back("3 bob lost", "4 bob four")
        assert request.startswith("CHATHISTORY LATEST #lobby msgid=2 ")
        shown = await c.interface.take()
        texts = [line.rpartition(": ")[2] for line in shown if "bob" in line]
        assert texts == ["two", "lost", "four"]


async def test_a_deleted_message_is_asked_for_once() -> None:
    """The history has nothing between, and says so."""
    async with chat(caps=CAPS) as c:
        server = await in_lobby(c)
        await server.send(numbered(2, "two"), numbered(4, "four"))
        await server.play_back("4 bob four")
        await server.send(numbered(5, "five"))
        c.interface.type("mine")
        assert (await server.echo()).endswith("mine")
        shown = await c.interface.take()
        texts = [line.rpartition(": ")[2] for line in shown if "bob" in line]
        assert texts == ["two", "four", "five"]


@pytest.mark.parametrize("tag", ["-5", "x", "9" * 40, "٣", "1e3", "0"])
async def test_what_is_no_number_leads_to_nothing(tag: str) -> None:
    """Whatever a server sends, the message is shown."""
    async with chat(caps=CAPS) as c:
        server = await in_lobby(c)
        await server.send(numbered(2, "two"), numbered(3, "odd", tag), numbered(4, "four", "3"))
        c.interface.type("mine")
        assert (await server.echo()).endswith("mine")
        assert any(line.endswith("odd") for line in await c.interface.take())

"""The channels of a server: a page of its own on the screen, a bounded number of lines
elsewhere.
"""

import pytest
import trio
from trio.testing import MockClock

from client_fakes import FakeServer, chat
from screen_fakes import CAPS, WatchedClient, inside
from trio_chat.client.listing import LONGEST_TOPIC, MOST_LINES, Listing

FORGETFUL = CAPS.replace("draft/chathistory ", "")


def entries(*channels: str, nick: str = "alice") -> list[str]:
    """Return lines of RPL_LIST (322): each channel as "name users topic"."""
    words = (channel.split(" ", 2) for channel in channels)
    return [f":srv.test 322 {nick} {name} {users} :{topic}" for name, users, topic in words]


END = ":srv.test 323 alice :End of /LIST"
SOME = ("#small 1 chess", "#big 90 talk", "#middle 10 chess and more")


async def begin(c: WatchedClient, server: FakeServer) -> None:
    """Ask for the list."""
    c.screen.type("/list")
    c.screen.press("enter")
    await server.expect("LIST")
    await c.sees("0 channels, more are coming")


def order(lines: list[str]) -> list[str]:
    """Return the channels in the order in which they are on the page."""
    return [
        word for line in lines for word in line.split() if word in ("#small", "#big", "#middle")
    ]


# The list


def test_the_largest_come_first_and_only_so_many_are_kept() -> None:
    """However many a server lists, and however long the topics are."""
    listing = Listing(10)
    for number in range(1000):
        listing.add(f"#c{number}", str(number), "x" * 1000)
        assert len(listing._channels) <= 13
    listing.end()
    assert listing.count == 1000
    assert listing.is_cut
    assert [channel.users for channel in listing.matching()] == list(range(999, 989, -1))
    assert len(listing.matching()[0].topic) == LONGEST_TOPIC


def test_words_are_looked_for_in_names_and_topics() -> None:
    """All of them must be there, in any case; what comes later is found, too."""
    listing = Listing()
    listing.add("#Linux", "5", "the kernel")
    listing.add("#bsd", "7", "no Linux, but a KERNEL")
    assert [channel.name for channel in listing.matching("kernel linux")] == ["#bsd", "#Linux"]
    listing.add("#kernel-linux", "6", "")
    assert [channel.name for channel in listing.matching("kernel linux")] == [
        "#bsd",
        "#kernel-linux",
        "#Linux",
    ]
    assert [channel.name for channel in listing.matching("")] == ["#bsd", "#kernel-linux", "#Linux"]


@pytest.mark.parametrize("users", ["", "x", "-1", "²", "9" * 5000])
def test_a_number_of_users_that_is_none(users: str) -> None:
    """A hostile server may send anything."""
    listing = Listing()
    listing.add("#a", users, "")
    assert 0 <= listing.matching()[0].users < 10**9


# The page


async def test_the_page_fills_while_the_answer_arrives(jumping_clock: MockClock) -> None:
    """The current channel shows nothing of it; those with the most users come first."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        before = len(c.workspace.buffer)
        await server.send(*entries(*SOME[:2]))
        assert order(await c.sees("2 channels, more are coming")) == ["#big", "#small"]
        await server.send(*entries(*SOME[2:]), END)
        assert order(await c.sees("3 channels — type")) == ["#big", "#middle", "#small"]
        c.screen.press("esc")
        await c.sees_not("#big")
        assert len(c.workspace.buffer) == before


async def test_typing_filters_and_enter_joins(jumping_clock: MockClock) -> None:
    """What is typed is looked for at once, also in one packet with Enter."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries(*SOME), END)
        await c.sees("3 channels")
        c.screen.type("chess")
        assert order(await c.sees("2 of 3 channels")) == ["#middle", "#small"]
        c.screen.press(*" more", "enter")
        await server.expect("JOIN #middle")
        await c.sees_not("Find:")
        assert c.controller.prompt.edit_text == ""


async def test_what_nothing_fits_is_not_joined(jumping_clock: MockClock) -> None:
    """Enter then does nothing; Esc leaves nothing of the filter behind."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries(*SOME), END)
        await c.sees("3 channels")
        c.screen.press(*"nowhere", "enter")
        await c.sees("0 of 3 channels")
        c.screen.press("esc")
        await c.sees_not("Find:")
        assert c.controller.prompt.edit_text == ""
        c.screen.press(*"hello", "enter")
        await server.expect("PRIVMSG #lobby hello")


async def test_enter_joins_what_was_marked_on_the_screen(jumping_clock: MockClock) -> None:
    """A larger channel that has arrived since was not meant."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries("#small 1 chess"))
        await c.sees("#small")
        c.workspace.server.listings[0].add("#trap", "5000", "")
        c.screen.press("enter")
        await server.expect("JOIN #small")


async def test_enter_right_behind_an_arrow(jumping_clock: MockClock) -> None:
    """Keys that are faster than the screen choose all the same."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries(*SOME), END)
        await c.sees("3 channels")
        c.screen.press("down", "enter")
        await server.expect("JOIN #middle")


async def test_the_marked_channel_stays_marked(jumping_clock: MockClock) -> None:
    """What arrives above it moves it, and takes nothing from it."""
    async with inside(FORGETFUL, rows=12) as (c, server):
        await begin(c, server)
        await server.send(*entries(*SOME))
        await c.sees("3 channels")
        c.screen.press("down", "down", "down", "up", "down")
        await server.send(*entries(*(f"#n{number} {number + 5} x" for number in range(40))), END)
        await c.sees("43 channels", "#small")
        c.screen.press("page up", "page down", "page down", "enter")
        await server.expect("JOIN #small")


async def test_a_command_that_is_typed_closes_the_page(jumping_clock: MockClock) -> None:
    """No channel begins with a slash: a typed command is no filter."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries(*SOME), END)
        await c.sees("3 channels")
        c.screen.press(*"/msg bob hello", "enter")
        await server.expect("PRIVMSG bob hello")


async def test_what_is_being_typed_is_no_filter(jumping_clock: MockClock) -> None:
    """Text that is typed while the page opens continues the message."""
    async with inside(FORGETFUL) as (c, server):
        c.screen.press(*"/list", "enter", *"hel")
        await server.expect("LIST")
        await server.send(*entries(*SOME), END)
        await c.sees("3 channels")
        c.screen.press(*"lo", "enter")
        await server.expect("PRIVMSG #lobby hello")


async def test_esc_and_a_command_at_once(jumping_clock: MockClock) -> None:
    """Esc closes the page and the command is a command, as over a slow link."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        c.screen.press("meta /", *"msg bob secret", "enter")
        await server.expect("PRIVMSG bob secret")


@pytest.mark.parametrize("numeric", ["263", "421"])
async def test_a_refused_list_says_so(jumping_clock: MockClock, numeric: str) -> None:
    """RPL_TRYAGAIN, an error about LIST, and the end of the connection end the page's waiting."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(f":srv.test {numeric} alice LIST :Not now")
        await c.sees(" Not now", "│")
        c.screen.press("esc")
        await begin(c, server)
        await server.close()
        await c.sees("The connection to the server is lost.")


async def test_no_page_waits_where_there_is_no_connection(jumping_clock: MockClock) -> None:
    """The user sees that there is none, and what comes later is bounded."""
    async with inside(FORGETFUL) as (c, server):
        await server.close()
        await c.sees("The connection to the server is lost.")
        c.screen.press(*"/list", "enter")
        await c.rest()
        assert c.controller.layout.page is None


async def test_a_second_list_has_its_own_answer(jumping_clock: MockClock) -> None:
    """What still arrives of the first one is not in it."""
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries("#small 1 x"))
        await c.sees("1 channel, more")
        c.screen.press("esc", *"/list *big*", "enter")
        await server.expect("LIST *big*")
        await server.send(*entries("#middle 1 x"), END, *entries("#big 1 x"), END)
        assert order(await c.sees("1 channel — type")) == ["#big"]


async def test_only_channels_can_be_chosen(jumping_clock: MockClock) -> None:
    """What a server lists as "*", "0" or two names at once cannot be joined, or would leave all
    channels.
    """
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        await server.send(*entries("0 9 x", "* 9 x", "#a,#b 9 x", "#small 1 x"), END)
        await c.sees("1 channel — type", "#small")


@pytest.mark.parametrize("wants_lines", [False, True])
async def test_names_and_topics_are_made_harmless(
    jumping_clock: MockClock, wants_lines: bool
) -> None:
    """A channel can be called what would move the cursor."""
    evil = entries("#a\x1b[2J\u202e 9 \x02bold\x1b]0;x\x07\x1b[H", "#small 1 x")
    async with inside(FORGETFUL, columns=200) as (c, server):
        if not wants_lines:
            await begin(c, server)
        await server.send(*evil, END)
        text = "\n".join(await c.sees("#a\\x1b[2J\\u202e", "bold\\x1b]0;x\\x07\\x1b[H"))
        assert not set(text) & set("\x1b\x02\x07\u202e")


async def test_keys_are_seen_while_a_long_list_arrives(jumping_clock: MockClock) -> None:
    """urwid draws only when all tasks wait: 20,000 channels that arrive at once must leave room for
    that.
    """
    async with inside(FORGETFUL) as (c, server):
        await begin(c, server)
        drawn = c.screen.drawn
        await server.send(*entries(*(f"#n{number} {number} x" for number in range(20_000))), END)
        await c.sees("20000 channels — type", "#n19999")
        assert c.screen.drawn - drawn > 1


# Elsewhere


async def test_lines_are_bounded_and_say_how_to_see_the_rest(jumping_clock: MockClock) -> None:
    """The line client shows the largest, and how to narrow it."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type("/list")
        await server.expect("LIST")
        await server.send(*entries(*(f"#n{number} {number} x" for number in range(3000))), END)
        await trio.sleep(1)
        first, *others, last = await c.interface.take()
        assert first == "[INFO] #n2999 (2999) — x"
        assert len(others) == MOST_LINES - 1
        assert (
            last
            == "[INFO] 3000 channels. These are the 100 largest; /list *word* shows those with a"
            " word in their names."
        )


async def test_a_list_that_was_not_asked_for_is_bounded(jumping_clock: MockClock) -> None:
    """/quote LIST, or a server that lists by itself: no page opens, and the window is not
    flooded.
    """
    async with inside(FORGETFUL) as (c, server):
        await server.send(*entries(*(f"#n{number} {number} x" for number in range(3000))), END)
        await c.sees("3000 channels.")
        assert c.controller.layout.page is None
        assert len(c.workspace.buffer) < 2 * MOST_LINES

"""Long histories: what the user looks at stays where it is while messages are fetched and drawn."""

import struct
import zlib
from collections.abc import Callable

import pytest
from harness import PATIENCE, Server, Visitor
from playwright.sync_api import Page, Route, WebSocketRoute, expect

Visit = Callable[..., Visitor]

_WALK = """async ([direction, step, count, patience]) => {
    const log = document.querySelector("[role=log]");
    const frame = () => new Promise((resume) => requestAnimationFrame(resume));
    // The text, not the row: at the beginning of what is known, a name and a day stand above it.
    const texts = () => [...log.querySelectorAll("[role=article] > .text")];
    const number = (text) => text.textContent.match(/message (\\d{5})/)?.[1];
    const top = (text) => text.getBoundingClientRect().top;
    const last = direction < 0 ? "00000" : String(count - 1).padStart(5, "0");
    const seen = new Set();
    const jumps = [];
    for (let moved = 0, quietSince = performance.now(); ; ) {
        const box = log.getBoundingClientRect();
        const shown = texts().filter((text) => top(text) >= box.top && top(text) < box.bottom);
        for (const text of shown) seen.add(number(text));
        if (moved !== 0) quietSince = performance.now();
        else if (seen.has(last) || performance.now() - quietSince > patience) break;
        // The text that will still be visible after the step.
        const text = direction < 0 ? shown[0] : shown.at(-1);
        // Within a task, as input does it, so that the scroll event precedes the next drawing.
        await new Promise((resume) => setTimeout(resume));
        const [before, position] = [top(text), log.scrollTop];
        log.scrollTop += direction * step;
        moved = log.scrollTop - position;
        // The page draws within the next frames, and perhaps again when an answer has come.
        for (let count = 0; count < 3; count += 1) {
            await frame();
            const by = text.isConnected ? top(text) - (before - moved) : "out of the page";
            if (by !== 0) jumps.push({ text: number(text), by, moved });
        }
    }
    return { seen: [...seen].filter(Boolean).sort(), jumps };
}"""
"""Scrolls to one end, and returns the messages that were seen, and by how many pixels a visible one
has moved other than by scrolling.
"""


def fill(server: Server, count: int) -> None:
    """Send numbered messages of several lengths and senders to the lobby."""
    senders = [server.irc(nick, "#lobby") for nick in ("boris", "carla")]
    for start in range(0, count, 500):
        sender = senders[start // 500 % 2]
        sender.send(
            *(
                f"PRIVMSG #lobby :message {number:05} {'and more ' * (0, 0, 1, 0, 30)[number % 5]}"
                for number in range(start, start + 500)
            )
        )
        sender.sync()


@pytest.mark.parametrize(
    ("count", "height", "step"), [(3_000, 1400, 1000), (1_000, 4000, 900), (500, 500, 180)]
)
def test_a_long_history_scrolls_both_ways_without_a_jump(
    visit: Visit, serve: Callable[..., Server], count: int, height: int, step: int
) -> None:
    """Every message is seen, and no visible row moves by a pixel while others are added.

    The page may be higher than most, as on a screen that stands upright or with small text.
    """
    server = serve()
    fill(server, count)
    ann = visit(address=server.url, trace=False, viewport={"width": 1000, "height": height})
    ann.join("ann")
    expect(ann.timeline.get_by_text(f"message {count - 1:05}")).to_be_in_viewport()
    every = [f"{number:05}" for number in range(count)]
    for direction in (-1, 1):
        walk = ann.page.evaluate(_WALK, [direction, step, count, PATIENCE * 1000])
        assert walk["jumps"] == []
        assert walk["seen"] == every
    carl = server.irc("carl", "#lobby")
    carl.send("PRIVMSG #lobby :at the bottom again")
    ann.sees("at the bottom again")
    expect(ann.messages.last).to_be_in_viewport()


_TO_BOTTOM = "document.querySelector('[role=log]').scrollTop = 1e9"
_TO_TOP = "document.querySelector('[role=log]').scrollTop = 0"


def _hear_pages(page: Page, asked: list[str], kept: list[str]) -> None:
    """Add the kinds of the pages of the history that are asked for to the list `asked`. Those of
    the list `kept` are not answered, but refused if that has "refused", too.
    """

    def opened(web_socket: WebSocketRoute) -> None:
        server = web_socket.connect_to_server()

        def sent(line: str | bytes) -> None:
            assert isinstance(line, str)
            label, _, command = line.partition(" CHATHISTORY ")
            kind = command.partition(" ")[0]
            asked.extend([kind] if kind else [])
            if kind not in kept:
                server.send(line)
            elif "refused" in kept:
                web_socket.send(f"{label} :server FAIL CHATHISTORY MESSAGE_ERROR {kind} :Not now")

        web_socket.on_message(sent)

    page.route_web_socket("**", opened)


def test_a_page_that_is_refused_is_not_asked_for_without_end(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    """It is asked for once, and again when the user asks."""
    server = serve()
    fill(server, 500)
    ann = visit(address=server.url)
    asked: list[str] = []
    kept = ["BEFORE", "refused"]
    _hear_pages(ann.page, asked, kept)
    ann.join("ann")
    expect(ann.timeline.get_by_text("message 00499")).to_be_in_viewport()
    again = ann.timeline.get_by_role("button", name="Load earlier messages")
    ann.until(f"({_TO_TOP}, document.querySelector('.timeline-top button'))")
    expect(ann.timeline.get_by_text("Not now")).to_be_in_viewport()
    ann.settle()
    assert asked.count("BEFORE") == 1
    kept.clear()
    again.click()
    ann.until(f"({_TO_TOP}, document.body.innerText.includes('message 00350'))")


def test_a_newer_page_that_is_refused_says_so_at_the_bottom(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    """There the user looks for what comes next, and asks again."""
    server = serve()
    fill(server, 500)
    ann = visit(address=server.url)
    kept = ["AFTER", "refused"]
    _hear_pages(ann.page, [], kept)
    ann.join("ann")
    ann.page.get_by_role("button", name="Search").first.click()
    ann.page.get_by_role("searchbox").fill("00100")
    ann.page.keyboard.press("Enter")
    ann.page.get_by_role("dialog").get_by_text("message 00100").click()
    expect(ann.timeline.get_by_text("message 00100")).to_be_in_viewport()
    again = ann.timeline.get_by_role("button", name="Load later messages")
    ann.until(f"({_TO_BOTTOM}, document.querySelector('.timeline-bottom button'))")
    expect(ann.timeline.get_by_text("Not now")).to_be_in_viewport()
    expect(ann.page.get_by_text("Not now")).to_have_count(1)
    kept.clear()
    ann.page.evaluate(_TO_BOTTOM)
    again.click()
    ann.until(f"({_TO_BOTTOM}, document.body.innerText.includes('message 00200'))")


def test_no_page_is_asked_for_without_a_connection(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    """What was asked for before is asked for again when there is one."""
    server = serve()
    fill(server, 500)
    ann = visit(address=server.url)
    ann.expect_errors("WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")
    asked: list[str] = []
    kept = ["BEFORE"]
    _hear_pages(ann.page, asked, kept)
    ann.join("ann")
    expect(ann.timeline.get_by_text("message 00499")).to_be_in_viewport()
    ann.until(f"({_TO_TOP}, document.body.innerText.includes('Loading'))")
    server.kill()
    expect(ann.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    ann.settle()
    assert asked.count("BEFORE") == 1
    expect(ann.page.locator(".note")).to_have_count(0)
    kept.clear()
    server.start()
    ann.until(f"({_TO_TOP}, document.body.innerText.includes('message 00350'))")


def test_new_messages_do_not_move_a_reader(visit: Visit, serve: Callable[..., Server]) -> None:
    """While the user reads further up, messages arrive below without moving anything."""
    server = serve()
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :old {number}" for number in range(100)))
    boris.sync()
    ann = visit(address=server.url)
    ann.join("ann")
    ann.sees("old 99")
    ann.timeline.hover()
    ann.page.mouse.wheel(0, -600)
    ann.settle()
    number = next(n for n in range(100) if ann.is_visible(f"old {n}"))
    row = ann.page.get_by_text(f"old {number}", exact=True)
    before = row.bounding_box()
    boris.send(*(f"PRIVMSG #lobby :new {number}" for number in range(50)))
    boris.sync()
    expect(ann.page.get_by_role("button", name="new")).to_be_visible()
    ann.settle()
    assert row.bounding_box() == before


def test_a_reader_at_the_bottom_follows(visit: Visit, serve: Callable[..., Server]) -> None:
    """Also when long messages, and more than fit on a page, come at once."""
    server = serve()
    ann = visit(address=server.url)
    ann.join("ann")
    boris = server.irc("boris", "#lobby")
    for turn in range(5):
        boris.send(*(f"PRIVMSG #lobby :{'long ' * 60}{turn}-{number}" for number in range(40)))
        boris.send(f"PRIVMSG #lobby :turn {turn}")
        ann.sees(f"turn {turn}")
        expect(ann.page.get_by_text(f"turn {turn}", exact=True)).to_be_in_viewport(ratio=1)


_SCROLLED_BETWEEN = """window.WebSocket = class extends WebSocket {
    constructor(...options) {
        super(...options);
        const scroll = () =>
            document.querySelector("[role=log]")?.dispatchEvent(new Event("scroll"));
        this.addEventListener("message", scroll);
    }
};"""
"""Reports a scrolling before the page takes each line of the server."""


def test_what_comes_while_a_reader_watches_the_bottom_is_read(visit: Visit, server: Server) -> None:
    """No line of unread messages stands above it, though it comes faster than it is drawn."""
    ann = visit()
    ann.page.add_init_script(_SCROLLED_BETWEEN)
    ann.join("ann")
    server.irc("bob", "#lobby").send(*(f"PRIVMSG #lobby :message {n}" for n in range(9)))
    ann.sees("message 8")
    expect(ann.page.locator(".unread-line")).to_have_count(0)


def png(width: int, height: int) -> bytes:
    """Return a black picture."""
    rows = zlib.compress(b"".join(b"\0" + bytes((width + 7) // 8) for _ in range(height)))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("query", "size"),
    [("?w=640&h=160", (320, 80)), ("?w=9&h=99999", (44, 240)), ("?w=1e9&h=-1", (320, 200))],
)
@pytest.mark.parametrize("status", [200, 404])
def test_a_picture_moves_nothing_when_it_is_there(
    visit: Visit, server: Server, query: str, size: tuple[int, int], status: int
) -> None:
    """Its room is that of its link, whatever the picture is and if there is none."""
    ann = visit()
    if status != 200:
        ann.expect_errors("404")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    ann.page.route("**/file/**", hold)
    ann.join("ann")
    boris = server.irc("boris", "#lobby")
    link = f"{server.url}file/{'a' * 22}/a.png{query}"
    with ann.page.expect_request("**/file/**"):
        boris.send(f"PRIVMSG #lobby :{link}", "PRIVMSG #lobby :below")
    ann.sees("below")
    picture = ann.timeline.get_by_role("button", name="Open the picture a.png")
    expect(picture).to_be_visible()
    ann.settle()
    below = ann.page.get_by_text("below", exact=True)
    before, text = picture.bounding_box(), below.bounding_box()
    assert before is not None
    assert {**before} == {**before, "width": size[0], "height": size[1]}
    held[0].fulfill(status=status, content_type="image/png", body=png(30, 500))
    ann.until("document.querySelector('.picture img').complete")
    ann.settle()
    assert (picture.bounding_box(), below.bounding_box()) == (before, text)

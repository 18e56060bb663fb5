"""Files in the page: chosen, dropped, pasted or taken by a camera, cancelled, refused, removed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import PHONE, Server, Visitor
from playwright.sync_api import FilePayload, Locator, Route, expect

from upload_fakes import png

Visit = Callable[..., Visitor]
_GIVE = """(field, [how, names, bytes]) => {
    const transfer = new DataTransfer();
    for (const name of names)
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    const options = { bubbles: true, cancelable: true };
    if (how === "paste") field.dispatchEvent(
        new ClipboardEvent("paste", { ...options, clipboardData: transfer }));
    else for (const type of ["dragover", "drop"]) document.body.dispatchEvent(
        new DragEvent(type, { ...options, dataTransfer: transfer }));
}"""


def payload(name: str, data: bytes = b"hello") -> FilePayload:
    """Return a file as Playwright gives it to a page."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def choose(visitor: Visitor, *files: FilePayload) -> Locator:
    """Choose files; return their list."""
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(files)
    return waiting(visitor)


def waiting(visitor: Visitor) -> Locator:
    """Return the files that wait in the prompt."""
    return visitor.page.get_by_role("list", name="Files to send").get_by_role("listitem")


def is_kept(server: Server, visitor: Visitor, count: int) -> None:
    """Wait until the server has so many files, complete or not."""
    for _ in range(300):
        if len(server.uploaded()) == count:
            return
        visitor.page.wait_for_timeout(100)
    raise AssertionError(server.uploaded())


def test_many_files_at_once_all_arrive(visit: Visit, server: Server) -> None:
    """More than the server receives at the same time."""
    ann, boris = visit(), visit()
    ann.join("ann")
    boris.join("boris")
    names = [f"file-{number}.bin" for number in range(10)]
    expect(choose(ann, *map(payload, names))).to_have_count(10)
    ann.prompt.press("Enter")
    cards = boris.timeline.locator(".file-card")
    expect(cards).to_have_text(names)
    expect(waiting(ann)).to_have_count(0)


def test_a_text_with_files_is_shown_without_their_addresses(visit: Visit, server: Server) -> None:
    """A card beside a picture is as high as its name."""
    ann = visit()
    ann.join("ann")
    picture = payload("sky.png", png(width=300, height=200))
    expect(choose(ann, picture, payload("a.bin"))).to_have_count(2)
    ann.say("look at this")
    message = ann.messages.filter(has_text="look at this")
    expect(message.locator(".text")).to_have_text("look at this")
    heights = "(box) => [...box.children].map((each) => each.getBoundingClientRect().height)"
    high, low = message.locator(".files").evaluate(heights)
    assert low < high / 2


def test_a_file_is_read_aloud_by_its_name(visit: Visit, server: Server) -> None:
    """Its address has 22 random letters, which a screen reader spells."""
    ann, boris = visit(), visit()
    ann.join("ann")
    boris.join("boris")
    expect(choose(ann, payload("view.bin"))).to_have_count(1)
    ann.say("look")
    live = boris.page.locator("[data-announcer]")
    expect(live).to_have_text("ann: look view.bin")


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_picture_is_shown_in_its_size(visit: Visit, server: Server, how: str) -> None:
    """From the clipboard, or dropped anywhere on the window."""
    ann = visit()
    ann.join("ann")
    ann.prompt.evaluate(_GIVE, [how, ["sky.png"], list(png(width=300, height=200))])
    expect(waiting(ann)).to_contain_text("sky.png")
    ann.page.get_by_role("button", name="Send", exact=True).click()
    picture = ann.timeline.get_by_role("img", name="sky.png")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None
    # Its frame is a part of it.
    assert box["width"] == pytest.approx(300, abs=2)
    assert box["height"] == pytest.approx(200, abs=2)


def test_a_phone_takes_a_picture(visit: Visit, server: Server) -> None:
    """The button opens the camera; what it takes is sent with the message."""
    ann, boris = visit(**PHONE), visit()
    ann.join("ann")
    boris.join("boris")
    with ann.page.expect_file_chooser() as chooser:
        ann.page.get_by_role("button", name="Take a picture").tap()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files(payload("image.png", png()))
    expect(waiting(ann)).to_have_count(1)
    ann.page.get_by_role("button", name="Send", exact=True).tap()
    expect(boris.timeline.get_by_role("img", name="image.png")).to_be_visible()


def slow_network(visitor: Visitor) -> None:
    """Have the browser send 20 kB in a second."""
    visitor.session.send("Network.enable")
    visitor.session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": 20_000,
        },
    )


def test_a_cancelled_upload_leaves_nothing(visit: Visit, server: Server) -> None:
    """Its progress is shown; when it is cancelled in the middle, the server keeps no byte."""
    ann = visit()
    ann.join("ann")
    slow_network(ann)
    choose(ann, payload("film.bin", bytes(2_000_000)))
    expect(ann.page.get_by_role("progressbar", name="Upload of film.bin")).to_be_visible()
    is_kept(server, ann, 1)
    ann.page.get_by_role("button", name="Cancel the upload of film.bin").click()
    expect(waiting(ann)).to_have_count(0)
    is_kept(server, ann, 0)


@pytest.mark.parametrize(
    ("setting", "text", "tries"),
    [("max_size = 1024", "too large", 0), ("address_quota = 1000", "no room for big.bin", 1)],
)
def test_a_refusal_is_explained(
    visit: Visit, serve: Callable[..., Server], setting: str, text: str, tries: int
) -> None:
    """By what the limit is; the message waits until the file is removed. Another try is offered
    where it may help.
    """
    ann = visit(address=serve(f"[uploads]\n{setting}\n").url)
    ann.expect_errors("status of (413|507)")
    ann.join("ann")
    expect(choose(ann, payload("big.bin", bytes(4000)))).to_contain_text(text)
    expect(ann.page.get_by_role("button", name="Upload big.bin again")).to_have_count(tries)
    ann.say("see this")
    expect(ann.page.get_by_role("status").filter(has_text="Nothing was sent")).to_be_visible()
    expect(ann.messages).to_have_count(0)
    ann.page.get_by_role("button", name="Remove big.bin").click()
    ann.prompt.press("Enter")
    ann.sees("see this")


def test_an_upload_that_was_interrupted_can_be_sent_again(visit: Visit, server: Server) -> None:
    """The page says that it was not sent, and has a button for another try."""
    ann = visit()
    ann.expect_errors("ERR_FAILED")
    ann.join("ann")
    ann.page.route("**/upload", lambda route: route.abort())
    expect(choose(ann, payload("notes.bin"))).to_contain_text("connection was lost")
    ann.page.unroute("**/upload")
    ann.page.get_by_role("button", name="Upload notes.bin again").click()
    expect(ann.page.get_by_role("button", name="Remove notes.bin")).to_be_visible()
    ann.prompt.press("Enter")
    expect(ann.timeline.locator(".file-card")).to_have_text("notes.bin")


def test_a_file_that_is_gone_is_told_from_a_lost_connection(
    visit: Visit, server: Server, tmp_path: Path
) -> None:
    """As is a folder that is dropped into the page; another try does not help."""
    ann = visit()
    ann.expect_errors("ERR_FAILED")
    ann.join("ann")
    ann.page.route("**/upload", lambda route: route.abort())
    path = tmp_path / "notes.txt"
    path.write_text("notes", "utf-8")
    ann.page.locator("input[type=file]").first.set_input_files(path)
    expect(waiting(ann)).to_contain_text("connection was lost")
    path.unlink()
    ann.page.get_by_role("button", name="Upload notes.txt again").click()
    expect(waiting(ann)).to_contain_text("notes.txt cannot be read")
    expect(ann.page.get_by_role("button", name="Upload notes.txt again")).to_have_count(0)


def held_uploads(visitor: Visitor) -> list[Route]:
    """Keep uploads from the server until a test continues them."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/upload", hold)
    return held


def let_go(visitor: Visitor, held: list[Route]) -> None:
    """Continue the one upload that is held."""
    while not held:
        visitor.page.wait_for_timeout(50)
    held[0].continue_()


def test_a_message_that_waits_for_its_file_is_sent_once(visit: Visit, server: Server) -> None:
    """Also if Enter is pressed again, and what is typed meanwhile stays in the prompt."""
    ann = visit()
    ann.join("ann")
    held = held_uploads(ann)
    expect(choose(ann, payload("a.bin"))).to_have_count(1)
    ann.say("look at this")
    ann.prompt.press("Enter")
    ann.prompt.press_sequentially(" more")
    let_go(ann, held)
    expect(ann.timeline.locator(".file-card")).to_have_text("a.bin")
    expect(ann.prompt).to_have_value("more")
    ann.say("last")
    ann.sees("last")
    expect(ann.messages).to_have_count(2)


def test_a_message_that_waits_for_its_file_can_be_changed(visit: Visit, server: Server) -> None:
    """What stands in the prompt no longer is not sent; the file stays with the prompt."""
    ann = visit()
    ann.join("ann")
    held = held_uploads(ann)
    files = choose(ann, payload("a.bin"))
    ann.say("lok at this")
    ann.prompt.fill("look at this")
    let_go(ann, held)
    expect(files.get_by_role("button", name="Remove a.bin")).to_be_visible()
    ann.prompt.press("Enter")
    expect(ann.timeline.locator(".file-card")).to_have_text("a.bin")
    expect(ann.messages).to_contain_text(["look at this"])


def test_a_file_is_removed_with_its_message(visit: Visit, server: Server) -> None:
    """From the disk of the server, and from the pages of others."""
    ann, boris = visit(), visit()
    ann.join("ann")
    boris.join("boris")
    choose(ann, payload("secret.bin"))
    ann.prompt.press("Enter")
    expect(boris.timeline.locator(".file-card")).to_have_text("secret.bin")
    is_kept(server, ann, 1)
    ann.prompt.press("Shift+ArrowUp")
    ann.page.keyboard.press("Delete")
    ann.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(boris.timeline.locator(".file-card")).to_have_count(0)
    expect(boris.timeline).to_contain_text("Message deleted")
    is_kept(server, ann, 0)


def test_files_whose_links_have_another_host_are_shown(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    """Links have the public address; a page that was reached by another one finds the files there.
    It asks its server for none that is elsewhere.
    """
    server = serve("url = https://chat.example/\n")
    ann, boris = visit(address=server.url), visit(address=f"http://127.0.0.1:{server.port}/")
    ann.join("ann")
    boris.join("boris")
    asked: list[int] = []
    boris.page.on("response", lambda response: asked.append(response.status))
    choose(ann, payload("sky.png", png()), payload("plan.bin"))
    ann.prompt.press("Enter")
    for visitor in (ann, boris):
        expect(visitor.timeline.get_by_role("img", name="sky.png")).to_be_visible()
        card = visitor.timeline.locator(".file-card")
        expect(card).to_have_text("plan.bin")
        expect(card).to_have_attribute("href", re.compile(f"^{visitor.url}file/"))
    mallory = server.irc("mallory", "#lobby")
    for name in ("cat.png", "cat.pdf"):
        mallory.send(f"PRIVMSG #lobby :https://elsewhere.example/file/{'A' * 22}/{name}")
    mallory.send("PRIVMSG #lobby :the end")
    boris.sees("the end")
    boris.settle()
    expect(boris.timeline.get_by_role("img")).to_have_count(1)
    assert not [status for status in asked if status >= 400]

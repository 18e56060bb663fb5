"""Files that strangers upload never run, whatever they are, and their names are shown as text."""

import http.client
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest
from harness import Server, Visitor
from hostile_files import FILES, HTML, NAMES, SCRIPT, STYLE, HostileFile
from hostile_texts import assert_harmless
from playwright.sync_api import Error, Page, expect

Visit = Callable[..., Visitor]
Send = Callable[[HostileFile], str]
_ROOM = "[uploads]\nper_hour = 10000\naddress_quota = 1024M\n"
_REFUSED = (
    "MIME type|Framing '|violates the following Content Security Policy|Failed to load resource"
    "|due to a network error|JSON manifest|ServiceWorker|net::ERR_|Unsafe attempt"
)
"""What Chromium reports of a file that it does not take for what an element wants."""
_TRY = """async (address) => {
    const outcomes = [];
    const element = (name, attributes) => new Promise((resume, refuse) => {
        const made = document.createElement(name);
        made.onload = resume;
        made.onerror = refuse;
        for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
        document.body.append(made);
    });
    const worker = (options) => new Promise((resume, refuse) => {
        const made = new Worker(address, options);
        made.onmessage = resume;
        made.onerror = refuse;
    });
    const ways = {
        script: () => element("script", { src: address }),
        module: () => element("script", { src: address, type: "module" }),
        style: () => element("link", { href: address, rel: "stylesheet" }),
        import: () => import(address),
        worker: () => worker({}),
        "module worker": () => worker({ type: "module" }),
        "service worker": () => navigator.serviceWorker.register(address),
        WebAssembly: () => WebAssembly.compileStreaming(fetch(address)),
    };
    const patience = (what) => new Promise((resume) =>
        setTimeout(resume, 60000, `${what} is still running`));
    const answers = Object.entries(ways).map(([what, way]) =>
        Promise.race([way().then(() => what, () => ""), patience(what)]));
    return (await Promise.all(answers)).filter(Boolean);
}"""
"""Use a file in every way that tells whether it was refused, and return what was not."""
_STYLED = 'getComputedStyle(document.documentElement).getPropertyValue("--ran")'
_SHOW = """(address) => {
    for (const [name, key] of [
        ["iframe", "src"], ["embed", "src"], ["object", "data"], ["img", "src"], ["video", "src"],
    ]) {
        const made = document.createElement(name);
        made.setAttribute(key, address);
        document.body.append(made);
    }
}"""


class Uploader:
    """A stranger that uploads files by HTTP, with any header.

    Args:
        server: which takes them.
        nick: of its session.
    """

    def __init__(self, server: Server, nick: str) -> None:
        self.client = server.irc(nick, "#lobby", capabilities="message-tags batch draft/authtoken")
        self._port = server.port

    def post(self, data: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Send a file; return the status and the address."""
        self.client.send("TOKEN GENERATE FILEHOST")
        token = self.client.until("TOKEN GENERATE").rpartition(" ")[2].removeprefix(":")
        connection = http.client.HTTPConnection("localhost", self._port, timeout=30)
        connection.putrequest("POST", "/upload")
        for name, value in {
            "Authorization": f"Bearer {token}",
            "Content-Length": str(len(data)),
            **headers,
        }.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        answer.read()
        location = answer.getheader("Location") or ""
        connection.close()
        return answer.status, location

    def send(self, file: HostileFile) -> str:
        """Send a file; return its path."""
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
        if file.claimed:
            headers["Content-Type"] = file.claimed
        status, address = self.post(file.data, headers)
        assert status == 201, file.name
        return urlsplit(address).path


@pytest.fixture
def room(serve: Callable[..., Server]) -> Server:
    """Return a server that takes many files."""
    return serve(_ROOM)


def bare_page(visitor: Visitor, url: str) -> Page:
    """Open a page of the server's origin without the policy that the server gives its own: all
    that protects it are the headers of the files.
    """
    visitor.page.route(
        "**/bare", lambda route: route.fulfill(body="<!doctype html>", content_type=HTML)
    )
    visitor.page.goto(f"{url}bare")
    return visitor.page


def opened(visitor: Visitor, addresses: Sequence[str]) -> None:
    """Open each address in a tab of its own, as a click on a link does."""
    for address in addresses:
        page = visitor.context.new_page()
        with suppress(Error):  # a download is no navigation
            page.goto(address)
        page.close()


@pytest.mark.parametrize("protected", [False, True])
def test_nothing_of_a_file_runs(visit: Visit, room: Server, *, protected: bool) -> None:
    """Neither for a page of the same origin without any policy, nor for the chat itself: not as a
    script, a module, a worker, a service worker, a style, in a frame, or when it is opened.
    """
    mallory = Uploader(room, "mallory")
    paths = {file.name: mallory.send(file) for file in FILES}
    ann = visit(address=room.url, trace=False)
    ann.expect_errors(_REFUSED)
    page = ann.join("ann") if protected else bare_page(ann, room.url)
    outcomes = {name: page.evaluate(_TRY, path) for name, path in paths.items()}
    assert {name: each for name, each in outcomes.items() if each} == {}
    for path in paths.values():
        page.evaluate(_SHOW, path)
    opened(ann, [room.url + path[1:] for path in paths.values()])
    assert not has_run(ann)
    assert not page.evaluate(_STYLED)
    scopes = page.evaluate(
        "navigator.serviceWorker.getRegistrations().then((all) => all.map(({ scope }) => scope))"
    )
    assert [scope for scope in scopes if "/file/" in scope] == []


def test_each_file_would_run(visit: Visit, server: Server) -> None:
    """With the type that its sender wants, and without the headers of the server: the test before
    would notice it.
    """
    ann = visit(trace=False)
    ann.expect_errors(f"^error: ran|{_REFUSED}")
    page = bare_page(ann, server.url)
    served: list[HostileFile] = []
    page.context.route(
        "**/served*",
        lambda route: route.fulfill(body=served[-1].data, content_type=served[-1].runs_as),
    )
    harmless = []
    for file in (file for file in FILES if file.runs_as):
        served.append(file)
        address = f"{server.url}served?{len(served)}"
        ann.console.clear()
        if file.runs_as == SCRIPT:
            page.add_script_tag(url=address, type="module" if "mjs" in file.name else "")
        elif file.runs_as == STYLE:
            page.add_style_tag(url=address)
        else:
            opened(ann, [address])
        if not (has_run(ann) or page.evaluate(_STYLED)):
            harmless.append(file.name)
    assert harmless == []


def has_run(visitor: Visitor) -> bool:
    """Return whether a file has written to the console."""
    visitor.page.evaluate("0")  # what comes from other tabs has come by its answer
    return any(line.startswith("error: ran") for line in visitor.console)


def test_the_headers_of_files(room: Server, visit: Visit) -> None:
    """A type of a short list or none, no guess of another one, and no rights."""
    mallory, ann = Uploader(room, "mallory"), visit(address=room.url)
    for file in FILES:
        headers = ann.context.request.get(room.url + mallory.send(file)[1:]).headers
        kind = headers["content-type"]
        is_inline = re.match("(image/(jpeg|png|gif)|video/mp4|text/plain; charset=utf-8)$", kind)
        assert is_inline or kind == "application/octet-stream", file.name
        shown = "inline" if is_inline else "attachment"
        assert headers["content-disposition"].startswith(f"{shown}; filename="), file.name
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_names_are_saved_and_shown_as_names(visit: Visit, room: Server) -> None:
    """Whatever a sender calls a file, a browser saves it under a plain name, and the page shows
    that as text.
    """
    mallory, ann = Uploader(room, "mallory"), visit(address=room.url)
    ann.join("ann")
    binary = b"MZ" + bytes(10)
    names = [HostileFile(name, binary) for name in NAMES]
    for file in names:
        path = mallory.send(file)
        with ann.page.expect_download() as download:
            ann.page.evaluate("(path) => { location.href = path; }", path)
        name = download.value.suggested_filename
        assert not re.search(r'[/\\:*?"<>|\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]', name), name
        assert not re.match(r"(\.|con\b|nul\b|aux\b|lpt1\b|$)", name, re.IGNORECASE), name
        assert len(name.encode()) <= 255
        mallory.client.send(f"PRIVMSG #lobby :{room.url}{path[1:]}")
    mallory.client.send("PRIVMSG #lobby :the end")
    ann.sees("the end")
    expect(ann.timeline.locator(".file-card")).to_have_count(len(names))
    assert_harmless(ann)


def test_names_in_forged_links_are_shown_as_text(visit: Visit, server: Server) -> None:
    """A link to a file need not come from the server: its name may be anything."""
    mallory, ann = server.irc("mallory", "#lobby"), visit()
    ann.expect_errors("404")  # there are no such files
    ann.join("ann")
    for name in NAMES:
        for end in ("", ".png"):
            link = f"{server.url}file/{'A' * 22}/{quote(name + end, safe='')}"
            mallory.send(f"PRIVMSG #lobby :{link[:400]}")
    mallory.send("PRIVMSG #lobby :the end")
    ann.sees("the end")
    assert_harmless(ann)
    shown = ann.page.evaluate(
        """[...document.querySelectorAll(".file-card, .picture img")].map(
            (each) => each.alt ?? each.textContent)"""
    )
    assert shown
    assert not [name for name in shown if re.search(r"[\x00-\x1f\u202a-\u202e\u2066-\u2069]", name)]


_TAKE = """(field, [how, files]) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name));
    const options = { bubbles: true, cancelable: true };
    if (how === "paste")
        field.dispatchEvent(
            new ClipboardEvent("paste", { ...options, clipboardData: transfer }));
    else
        for (const type of ["dragover", "drop"])
            document.body.dispatchEvent(
                new DragEvent(type, { ...options, dataTransfer: transfer }));
}"""


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_names_of_own_files_are_shown_as_text(visit: Visit, room: Server, how: str) -> None:
    """A user may have got a hostile file by another way, and passes it on."""
    ann, boris = visit(address=room.url), visit(address=room.url)
    ann.join("ann")
    boris.join("boris")
    names = [name for name in NAMES if any(sign in name for sign in '<\u202e/\0%"')]
    for start in range(0, len(names), 5):
        files = [(name, "text") for name in names[start : start + 5]]
        ann.prompt.evaluate(_TAKE, [how, files])
        listed = ann.page.get_by_role("list", name="Files to send").get_by_role("listitem")
        expect(listed).to_have_count(len(files))
        assert_harmless(ann)
        ann.prompt.press("Enter")
        expect(listed).to_have_count(0)
    ann.say("the end")
    boris.sees("the end")
    for visitor in (ann, boris):
        expect(visitor.timeline.locator(".file-card")).to_have_count(len(names))
        assert_harmless(visitor)

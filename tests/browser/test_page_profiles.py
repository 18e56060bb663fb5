"""Users say about themselves who they are: a display name, a picture."""

import re
import struct
import zlib
from collections.abc import Callable

from harness import Server, Visitor
from playwright.sync_api import Page, expect

Visit = Callable[..., Visitor]


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + b"\x30\x90\x50" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _open_own(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^ann Guest")).click()


def test_a_display_name_stands_next_to_the_nickname(visit: Visit, server: Server) -> None:
    """Others read it in the list of members and in the card, never without the nickname."""
    ann, boris = visit(), visit()
    ann.join("ann")
    boris.join("boris")
    _open_own(ann.page)
    ann.page.get_by_role("textbox", name="Display name").fill("Ann \u202eadmin")
    ann.page.get_by_role("textbox", name="Pronouns").fill("she/her")
    ann.page.get_by_role("button", name="Save").click()
    member = boris.page.get_by_role("button", name=re.compile("ann Ann admin"))
    expect(member).to_be_visible()
    member.click()
    card = boris.page.get_by_role("dialog", name="ann")
    expect(card.get_by_text("Ann admin")).to_be_visible()
    expect(card.get_by_text("she/her")).to_be_visible()


def test_a_picture_is_made_small_and_shown_to_others(visit: Visit, server: Server) -> None:
    """It is a file of the server, of the size in which it is shown."""
    ann, boris = visit(), visit()
    ann.join("ann")
    boris.join("boris")
    _open_own(ann.page)
    ann.page.get_by_label("Choose a picture").set_input_files(
        {"name": "large.png", "mimeType": "image/png", "buffer": _png(640, 400)}
    )
    picture = boris.page.locator(".members .avatar img")
    expect(picture).to_have_attribute(
        "src", re.compile(r"^http://[^/]+/file/[^/]+/avatar\.(webp|png)\b")
    )
    boris.until("document.querySelector('.members .avatar img')?.naturalWidth === 128")
    ann.page.get_by_role("button", name="Remove the picture").click()
    expect(picture).to_have_count(0)


def test_a_picture_of_another_server_is_not_loaded(visit: Visit, server: Server) -> None:
    """No other server learns who looks at a user."""
    boris = visit()
    boris.join("boris")
    mallory = server.irc("mallory", "#lobby", capabilities="batch message-tags draft/metadata-2")
    mallory.send(
        "METADATA * SET avatar :https://evil.example/file/AAAAAAAAAAAAAAAAAAAAAA/x.svg",
        "METADATA * SET display-name :<img src=x onerror=alert(1)>",
    )
    expect(boris.page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    expect(boris.page.locator(".members .avatar img")).to_have_count(0)

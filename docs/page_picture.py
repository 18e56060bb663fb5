"""Makes the picture of the README with a browser, a phone and a terminal in one conversation.

python docs/page_picture.py         (Linux or macOS; needs Playwright, Chromium and pyte)
"""

import base64
import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from screenshots import Program, running_server, svg

HERE = Path(__file__).parent
_DESK = {"width": 860, "height": 600}
_PHONE = {"width": 360, "height": 720}
_SHEET = {"width": 1900, "height": 660}
_FRAME = (
    "body{margin:0;height:660px;display:flex;gap:24px;align-items:center;justify-content:center;"
    "background:linear-gradient(120deg,#dfe3f7,#f3e8df)}"
    "img{height:600px;box-shadow:0 8px 28px #0004;border-radius:12px}"
    ".phone{border:7px solid #15171c;border-radius:30px;height:600px}"
    ".terminal{height:auto;width:640px}"
)


def visitor(browser: Browser, url: str, nick: str, **options: object) -> Page:
    """Let somebody join in a browser."""
    page = browser.new_context(locale="en-GB", **options).new_page()  # type: ignore[arg-type]
    page.goto(url)
    page.get_by_role("textbox").first.fill(nick)
    page.keyboard.press("Enter")
    page.get_by_placeholder("Message #lobby").wait_for()
    return page


def say(page: Page, text: str, *seen_by: Page) -> None:
    """Have a visitor say something, and wait until others have it on their screens."""
    prompt = page.get_by_role("textbox").last
    prompt.fill(text)
    prompt.press("Enter")
    for other in (page, *seen_by):
        other.get_by_text(text.rsplit(maxsplit=1)[-1]).last.wait_for()


def talk(browser: Browser, address: str, home: Path) -> tuple[bytes, bytes, str]:
    """Have three people talk; return what the desktop, the phone and the terminal show."""
    url = f"http://{address}/"
    terminal = Program(home, address, "--nick", "boris", COLORFGBG="15;0")
    terminal.wait("#lobby")
    desk = visitor(browser, url, "ann", viewport=_DESK)
    phone = visitor(
        browser, url, "mei", viewport=_PHONE, device_scale_factor=2, is_mobile=True,
        has_touch=True, color_scheme="dark",
    )  # fmt: skip
    say(desk, "morning! is the build **green** again?", phone)
    terminal.wait("again?")
    terminal.type("yes, see https://example.org/builds/1742\r")
    phone.get_by_text("builds/1742").last.wait_for()
    say(phone, "太好了, thank you!", desk)
    terminal.wait("thank")
    say(desk, "mei: tea at four, then we ship it", phone)
    terminal.wait("ship")
    terminal.type("I put the kettle on\r")
    phone.get_by_text("kettle").last.wait_for()
    desk.get_by_text("kettle").last.wait_for()
    terminal.settle()
    shown = desk.screenshot(), phone.screenshot(), svg(terminal.screen, "dark")
    terminal.close()
    return shown


def address_of(kind: str, data: bytes) -> str:
    """Return an image as an address."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def main() -> None:
    """Make the picture."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    with (
        tempfile.TemporaryDirectory() as home,
        running_server(Path(home)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        desk, phone, terminal = talk(browser, address, Path(home))
        sheet = browser.new_page(viewport=_SHEET)  # type: ignore[arg-type]
        sheet.set_content(
            f"<style>{_FRAME}</style><img src='{address_of('png', desk)}'>"
            f"<img class='phone' src='{address_of('png', phone)}'>"
            f"<img class='terminal' src='{address_of('svg+xml', terminal.encode())}'>"
        )
        sheet.wait_for_timeout(500)
        sheet.screenshot(path=HERE / "page.png")


if __name__ == "__main__":
    main()

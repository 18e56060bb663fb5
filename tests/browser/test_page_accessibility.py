"""WCAG 2.2 level AA, as far as axe-core can find it out, in every view and both themes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from harness import PHONE, ROOT, Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = pytest.mark.skipif(
    not AXE.exists(), reason="the accessibility of the page is NOT tested: `npm ci` brings axe-core"
)


ANIMATIONS_END = """() => Promise.allSettled(
    document.getAnimations()
        .filter((each) => each.effect.getComputedTiming().endTime < Infinity)
        .map((each) => each.finished))"""


def violations(visitor: Visitor) -> list[str]:
    """Return what axe-core finds in the view that is open."""
    page = visitor.page
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    page.evaluate(ANIMATIONS_END)  # colours of what appears have too little contrast at first
    found: list[dict[str, Any]] = page.evaluate(
        "(rules) => axe.run(document, { runOnly: rules }).then((result) => result.violations)",
        RULES,
    )
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


def talk(server: Server) -> None:
    """Have others say something of every kind."""
    boris = server.irc("boris", "#lobby")
    boris.send(
        "PRIVMSG #lobby :hello, see https://example.org/ and #garden",
        "PRIVMSG #lobby :\x0304red\x03 **bold** `code` > quote",
        "PRIVMSG #lobby :ann: a mention",
        "PRIVMSG #lobby :\x01ACTION waves\x01",
        "NOTICE #lobby :a notice",
        "TOPIC #lobby :a topic",
    )
    carl = server.irc("carl", "#lobby")
    carl.send("PART #lobby")
    carl.sync()
    boris.send("PRIVMSG #lobby :the end")
    boris.sync()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_the_first_visit_and_the_chat_are_accessible(
    visit: Visit, server: Server, theme: str, device: str
) -> None:
    """The form, the conversation, and on a phone the drawer."""
    ann = visit(color_scheme=theme, **(PHONE if device == "phone" else {}))
    ann.open()
    expect(ann.page.get_by_role("textbox", name="Nickname")).to_be_visible()
    assert violations(ann) == []
    ann.join("ann")
    talk(server)
    ann.sees("the end")
    assert violations(ann) == []
    if device == "phone":
        ann.page.get_by_role("button", name=re.compile("^Conversations")).tap()
        expect(ann.page.get_by_role("link", name=re.compile("lobby"))).to_be_in_viewport(ratio=1)
        ann.settle()
        assert violations(ann) == []


def opened(visitor: Visitor, *names: str) -> None:
    """Open a dialog by buttons, and wait until it is there and has been drawn."""
    for name in names:
        visitor.page.get_by_role("button", name=name, exact=True).last.click()
    expect(visitor.page.get_by_role("dialog").last).to_be_visible()
    visitor.settle()


DIALOGS = {
    "settings": ("Settings",),
    "keys": ("Settings", "Keys"),
    "channels": ("Join a channel",),
    "mentions": ("Mentions",),
    "switcher": ("Go to a conversation",),
    "emoji": ("Emoji",),
    "search": ("Search",),
    "channel": ("Channel",),
    "topic": ("Channel", "Change the topic"),
    "invite": ("Channel", "Invite by a link or QR code"),
    "user": ("boris",),
}
"""Buttons that open each dialog."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_dialog_is_accessible(visit: Visit, server: Server, theme: str) -> None:
    """axe-core finds nothing in any of them, and Escape closes each."""
    ann = visit(color_scheme=theme)
    ann.join("ann")
    talk(server)
    ann.sees("the end")
    found = {}
    for name, buttons in DIALOGS.items():
        opened(ann, *buttons)
        found[name] = violations(ann)
        while ann.page.get_by_role("dialog").count():
            ann.page.keyboard.press("Escape")
            ann.settle()
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_menu_of_a_message_and_the_account_are_accessible(
    visit: Visit, server: Server, theme: str
) -> None:
    """They are opened with the keyboard and with the button of the own user."""
    ann = visit(color_scheme=theme)
    ann.join("ann")
    ann.say("mine")
    ann.sees("mine")
    ann.prompt.press("Shift+ArrowUp")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.settle()
    assert violations(ann) == []
    ann.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name=re.compile("ann.*Guest")).click()
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.settle()
    assert violations(ann) == []


def test_a_screen_reader_reads_each_new_message_once(visit: Visit, server: Server) -> None:
    """The live region has neither the history nor what is drawn again while scrolling."""
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :old {number}" for number in range(300)))
    boris.sync()
    ann = visit()
    ann.join("ann")
    ann.sees("old 299")
    ann.page.evaluate(
        """() => {
            window.read = [];
            const note = () => {
                for (const region of document.querySelectorAll("[aria-live=polite]"))
                    for (const line of region.children) read.push(line.textContent);
            };
            new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    ann.timeline.hover()
    for step in (-3000, -3000, 9000):
        ann.page.mouse.wheel(0, step)
        ann.settle()
    boris.send("PRIVMSG #lobby :something new")
    ann.until('read.includes("boris: something new")')
    assert not [line for line in ann.page.evaluate("read") if "old" in line]
    expect(ann.timeline).to_have_attribute("aria-live", "off")


def test_a_screen_reader_reads_the_answer_to_a_command(visit: Visit, server: Server) -> None:
    """Above all that it was refused."""
    ann = visit()
    ann.join("ann")
    ann.say("/whois boris")
    expect(ann.page.locator("[data-announcer]")).to_contain_text("There is nobody called boris.")


def test_a_screen_reader_reads_that_a_message_was_refused(visit: Visit, server: Server) -> None:
    """It was shown as sent before."""
    server.irc("boris", "#quiet").send("MODE #quiet +m")
    ann = visit()
    ann.join("ann", "#quiet")
    ann.say("hello")
    expect(ann.page.get_by_role("alert")).to_have_text("You may not write in #quiet.")


def test_the_page_can_be_enlarged(visit: Visit, server: Server) -> None:
    """At 200 %, which halves the size of the window in CSS pixels, nothing is cut (WCAG 1.4.4)."""
    ann = visit(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    ann.join("ann")
    ann.say("enlarged")
    ann.sees("enlarged")
    assert ann.is_within_the_width()
    expect(ann.prompt).to_be_in_viewport(ratio=1)
    expect(ann.page.get_by_text("enlarged", exact=True)).to_be_in_viewport(ratio=1)


def test_without_motion_nothing_is_animated(visit: Visit, server: Server) -> None:
    """`prefers-reduced-motion` is respected."""
    ann = visit(reduced_motion="reduce")
    ann.join("ann")
    opened(ann, "Settings")
    moving = ann.page.evaluate(
        """document.getAnimations().map((each) => each.effect.getComputedTiming().duration)
            .filter((duration) => duration > 10)"""
    )
    assert moving == []


_WIDER = """() => {
    const wrong = [];
    for (const element of document.querySelectorAll("body *")) {
        if (!element.checkVisibility({ visibilityProperty: true })) continue;
        if (element.closest("[inert], .sr-only, pre, svg")) continue;
        const { left, right, width } = element.getBoundingClientRect();
        const { overflowX, position } = getComputedStyle(element);
        const scrolls = /auto|scroll/u.test(overflowX);
        const inner = scrolls && element.scrollWidth > element.clientWidth + 1;
        const isField = element.matches("input, textarea, select");
        const drawer = element.closest(".sidebar, .members");
        const isAway = drawer && getComputedStyle(drawer).transform !== "none";
        const outside = width > 1 && !isAway && (left < -1 || right > innerWidth + 1);
        if ((inner && !isField) || (outside && position !== "absolute"))
            wrong.push(`${element.tagName}.${element.className} ${left} ${right}`);
    }
    if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page");
    return wrong.slice(0, 5);
}"""
"""What needs horizontal scrolling, but for code."""
_IN_DRAWER = ("Settings", "Join a channel", "Mentions", "Go to a conversation")


@pytest.mark.parametrize("height", [568, 256])
def test_nothing_scrolls_sideways_on_the_narrowest_screen(
    visit: Visit, server: Server, height: int
) -> None:
    """At 320 CSS pixels, as a window of 1280 pixels has at 400 % (WCAG 1.4.10)."""
    ann = visit(viewport={"width": 320, "height": height})
    ann.open()
    expect(ann.page.get_by_role("textbox", name="Nickname")).to_be_visible()
    found = {"first visit": ann.page.evaluate(_WIDER)}
    ann.join("ann")
    talk(server)
    ann.say("a_word_without_an_end_" * 15)
    ann.sees("the end")
    ann.settle()
    found["chat"] = ann.page.evaluate(_WIDER)
    expect(ann.prompt).to_be_in_viewport(ratio=1)
    for name, buttons in DIALOGS.items():
        if buttons[0] in _IN_DRAWER:
            ann.page.get_by_role("button", name=re.compile("^Conversations")).click()
            ann.settle()
            found[f"{name}: drawer"] = ann.page.evaluate(_WIDER)
        opened(ann, *buttons)
        found[name] = ann.page.evaluate(_WIDER)
        while ann.page.get_by_role("dialog").count():
            ann.page.keyboard.press("Escape")
            ann.settle()
        if ann.page.get_by_role("button", name="Close", exact=True).count():
            ann.page.keyboard.press("Escape")
            ann.settle()
    assert {name: each for name, each in found.items() if each} == {}


def test_forced_colours_keep_what_tells_things_apart(visit: Visit, server: Server) -> None:
    """Without the colours of the page, the current conversation, the focus, a mention and what is
    pressed still have a border or an outline, and icons are drawn in the colour of texts.
    """
    ann = visit(forced_colors="active")
    ann.join("ann")
    talk(server)
    ann.sees("the end")
    ann.say("/react 👍")
    expect(ann.timeline.locator(".reaction")).to_have_attribute("aria-pressed", "true")
    ann.prompt.focus()
    marks = ann.page.evaluate(
        """() => {
            const marked = (selector) => {
                const element = document.querySelector(selector);
                const style = getComputedStyle(element);
                const before = getComputedStyle(element, "::before");
                const canvas = getComputedStyle(document.body).backgroundColor;
                return style.outlineStyle !== "none" || parseFloat(style.borderLeftWidth) > 0
                    || before.content !== "none" || style.backgroundColor !== canvas;
            };
            return {
                current: marked(".sidebar-item[aria-current]"),
                focus: marked(".prompt:focus, .prompt-row:focus-within"),
                mention: marked(".row.mention"),
                pressed: getComputedStyle(document.querySelector(".reaction")).outlineStyle,
            };
        }"""
    )
    assert marks == {"current": True, "focus": True, "mention": True, "pressed": "solid"}
    assert violations(ann) == []

"""Texts of others are shown as texts, wherever they come from: no markup, no script, no address of
a script.
"""

import re
from collections.abc import Callable

import pytest
from harness import Server, Visitor
from hostile_texts import ADDRESSES, CODES, MARKUP, assert_harmless
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


@pytest.fixture
def ann(visit: Visit, server: Server) -> Visitor:
    """Return a user in the lobby, whose browser fails the test when a dialog opens."""
    visitor = visit()
    visitor.page.on("dialog", lambda dialog: visitor.errors.append(f"dialog: {dialog.message}"))
    visitor.join("ann")
    return visitor


def _sent(text: str) -> bool:
    """Return whether a line of IRC can have this text as it is."""
    return "\n" not in text


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
def test_messages_are_shown_as_text(ann: Visitor, server: Server, verb: str) -> None:
    """Markup, addresses and formatting codes of every kind."""
    mallory = server.irc("mallory", "#lobby")
    texts = [text for text in (*MARKUP, *ADDRESSES, *CODES) if _sent(text)]
    mallory.send(*(f"{verb} #lobby :{text}" for text in texts), f"{verb} #lobby :the end")
    ann.sees("the end")
    for text in MARKUP:
        # The backquotes mark code, and are not shown.
        expect(ann.timeline).to_contain_text(text.strip("`"))
    assert_harmless(ann)


def test_actions_and_events_are_shown_as_text(ann: Visitor, server: Server) -> None:
    """CTCP ACTION, the reasons of PART and KICK, and topics."""
    mallory = server.irc("mallory", "#trap")
    ann.page.get_by_role("navigation").get_by_role("link", name=re.compile("lobby")).wait_for()
    ann.say("/join #trap")
    expect(ann.page.get_by_role("heading", name="#trap")).to_be_visible()
    for text in MARKUP:
        mallory.send(f"PRIVMSG #trap :\x01ACTION {text}\x01", f"TOPIC #trap :{text}")
        mallory.send(f"PART #trap :{text}", "JOIN #trap")
        mallory.sync()
    mallory.send("PRIVMSG #trap :the end")
    ann.sees("the end")
    assert_harmless(ann)


def test_names_are_shown_as_text(ann: Visitor, server: Server) -> None:
    """Channels can have nearly any name; real names and away messages have any text."""
    ann_client = server.irc("mallory", "#lobby")
    for number, text in enumerate(MARKUP[:8]):
        name = "#" + text.replace(" ", "/").replace(",", ";")[:60]
        ann_client.send(f"JOIN {name}")
        ann_client.sync()
        ann_client.send(f"INVITE ann {name}", f"AWAY :{text}", f"SETNAME :{text}")
        ann_client.send(f"PRIVMSG #lobby :see {name} {number}")
    ann_client.send("PRIVMSG #lobby :the end")
    ann.sees("the end")
    ann.say("/whois mallory")
    ann.say("/list")
    ann.say("/join #" + MARKUP[1].replace(" ", "/"))
    expect(ann.page.get_by_role("heading", name="#<img")).to_be_visible()
    assert_harmless(ann)


def test_tags_are_shown_as_text(ann: Visitor, server: Server) -> None:
    """Reactions, replies and typing notices of a hostile client."""
    mallory = server.irc("mallory", "#lobby")
    ann.say("react to this")
    ann.sees("react to this")
    msgid = re.search(r"msgid=([^; ]+)", mallory.until("react to this"))
    assert msgid
    for text in MARKUP:
        escaped = (
            text.replace("\\", "\\\\").replace(";", "\\:").replace(" ", "\\s").replace("\n", "\\n")
        )
        mallory.send(
            f"@+draft/react={escaped};+draft/reply={msgid[1]} TAGMSG #lobby",
            f"@+draft/reply={escaped} PRIVMSG #lobby :an answer",
            f"@+typing={escaped} TAGMSG #lobby",
        )
    mallory.send("PRIVMSG #lobby :the end")
    ann.sees("the end")
    assert_harmless(ann)


@pytest.mark.parametrize("text", MARKUP[:3] + MARKUP[16:19])
def test_the_texts_of_config_ini_are_shown_as_text(
    visit: Visit, serve: Callable[..., Server], text: str
) -> None:
    """The index is made from a template: names of the network, its description and the topic."""
    quoted = text.replace("%", "%%")
    server = serve(
        f"network = {quoted}\ndescription = {quoted}\nlobby_topic = {quoted}\nmotd = {quoted}\n"
    )
    visitor = visit(address=server.url)
    visitor.join("ann")
    expect(visitor.page.get_by_role("banner").or_(visitor.page.locator("header"))).to_contain_text(
        text
    )
    assert_harmless(visitor)


@pytest.mark.parametrize("text", [*MARKUP[:4], *MARKUP[16:19], *ADDRESSES[:3]])
def test_the_address_of_the_page_is_shown_as_text(visit: Visit, server: Server, text: str) -> None:
    """What a link puts after the `#`."""
    visitor = visit()
    visitor.open("#" + text)
    field = visitor.page.get_by_role("textbox", name="Nickname")
    expect(field).to_be_visible()
    assert_harmless(visitor)
    field.fill("ann")
    field.press("Enter")
    expect(visitor.page.get_by_role("navigation").first).to_be_visible()
    assert_harmless(visitor)


def test_reasons_and_what_users_say_of_themselves_are_shown_as_text(
    ann: Visitor, server: Server
) -> None:
    """The reasons of QUIT and KICK, away messages, metadata, invitations, and refusals of the
    server that repeat what was sent.
    """
    mallory = server.irc("mallory", "#trap", "#lobby", capabilities="message-tags draft/metadata-2")
    ann.say("/join #trap")
    expect(ann.page.get_by_role("heading", name="#trap")).to_be_visible()
    for number, text in enumerate(MARKUP[:12]):
        guest = server.irc(f"guest{number}", "#trap")
        guest.send(f"QUIT :{text}")
        for key in ("display-name", "avatar", "homepage", "status"):
            mallory.send(f"METADATA * SET {key} :{text}")
        mallory.send(f"AWAY :{text}", f"PRIVMSG #trap :ann: {text}", f"TOPIC #trap :{text}")
        mallory.sync()
    ann.say("/msg mallory are you there?")
    ann.say("/join #" + "<img/src=x/onerror=ran=1>" * 5)
    ann.say("/frobnicate <img src=x onerror=ran=1>")
    mallory.send(f"KICK #trap ann :{MARKUP[1]}", "INVITE ann #trap", "PRIVMSG ann :the end")
    link = ann.page.get_by_role("navigation").get_by_role("link", name=re.compile("mallory"))
    link.click()
    ann.sees("the end")
    assert_harmless(ann)
    ann.page.get_by_role("button", name="mallory", exact=True).last.click()
    expect(ann.page.get_by_role("dialog")).to_contain_text("mallory")
    ann.settle()
    assert_harmless(ann)
    for button in ("Mentions", "Join a channel", "Go to a conversation"):
        ann.page.keyboard.press("Escape")
        ann.page.get_by_role("button", name=button, exact=True).last.click()
        expect(ann.page.get_by_role("dialog").last).to_be_visible()
        ann.settle()
        assert_harmless(ann)

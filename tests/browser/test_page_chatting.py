"""Users of the page and of the terminal client talk to each other."""

import re
from collections.abc import Callable

from harness import PHONE, Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]


def test_two_browsers_and_a_terminal_chat(visit: Visit, server: Server) -> None:
    """Each message reaches all three, once."""
    ann, boris, carl = visit(), visit(), server.terminal("carl")
    ann.join("ann")
    boris.join("boris")
    ann.say("hello from ann")
    boris.sees("hello from ann")
    carl.out.until("hello from ann")
    carl.say("and from carl")
    ann.sees("and from carl")
    boris.sees("and from carl")
    boris.say("привет от Бориса 🎉")
    carl.out.until("привет от Бориса 🎉")
    ann.sees("привет от Бориса 🎉")
    ann.sees("hello from ann")


def test_a_phone_joins_and_talks(visit: Visit, server: Server) -> None:
    """On a small screen with touch everything that is needed is in reach of the finger."""
    ann, boris = visit(**PHONE), visit()
    boris.join("boris")
    ann.open()
    ann.page.get_by_role("textbox", name="Nickname").fill("ann")
    ann.page.get_by_role("button", name="Join").tap()
    ann.prompt.tap()
    ann.prompt.fill("from the tram")
    ann.page.get_by_role("button", name="Send", exact=True).tap()
    boris.sees("from the tram")
    ann.sees("from the tram")
    ann.page.get_by_role("button", name=re.compile("^Conversations")).tap()
    expect(ann.page.get_by_role("link", name=re.compile("lobby"))).to_be_in_viewport(ratio=1)
    assert ann.is_within_the_width()


def test_a_link_to_a_channel_opens_it(visit: Visit, server: Server) -> None:
    """`/#channel` is joined with the first visit."""
    ann, boris = visit(), server.irc("boris", "#garden")
    ann.join("ann", "#garden")
    expect(ann.page.get_by_role("heading", name="#garden")).to_be_visible()
    ann.say("who is here?")
    boris.until("who is here?")


def test_a_nickname_in_use_is_varied(visit: Visit, server: Server) -> None:
    """The guest is in at once under a similar one, which the page shows."""
    server.terminal("ann")
    visitor = visit()
    visitor.join("ann")
    expect(visitor.page.get_by_role("button", name="ann2 Guest")).to_be_visible()


def test_a_nickname_that_cannot_be_is_explained(visit: Visit, server: Server) -> None:
    """The user can type another one at once."""
    visitor = visit()
    visitor.open()
    field = visitor.page.get_by_role("textbox", name="Nickname")
    field.fill("#ann smith")
    field.press("Enter")
    expect(visitor.page.get_by_role("alert")).to_contain_text("begin with a letter")
    field.fill("anna")
    field.press("Enter")
    expect(visitor.prompt).to_be_visible()


def test_a_private_message_opens_a_conversation(visit: Visit, server: Server) -> None:
    """It is announced by its unread count, and shown when it is opened."""
    ann, boris = visit(), server.irc("boris", "#lobby")
    ann.join("ann")
    boris.send("PRIVMSG ann :between us")
    link = ann.page.get_by_role("navigation").get_by_role("link", name=re.compile("boris"))
    expect(link).to_contain_text("1")
    link.click()
    ann.sees("between us")
    ann.say("only for you")
    boris.until("only for you")


def test_a_message_of_several_lines_arrives_whole(visit: Visit, server: Server) -> None:
    """Shift+Enter adds a line, and Enter sends them as one message."""
    ann, boris = visit(), visit()
    ann.join("ann")
    boris.join("boris")
    ann.prompt.press_sequentially("one")
    ann.prompt.press("Shift+Enter")
    ann.prompt.press_sequentially("two")
    ann.prompt.press("Enter")
    message = boris.messages.filter(has_text="one")
    expect(message).to_have_count(1)
    expect(message).to_contain_text("two")


def test_the_newest_message_stays_in_sight_when_the_prompt_shrinks(
    visit: Visit, server: Server
) -> None:
    """The timeline becomes taller and longer at once when a message of several lines is sent."""
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :line {number}" for number in range(30)))
    boris.sync()
    ann = visit()
    ann.join("ann")
    ann.sees("line 29")
    ann.prompt.fill("\n".join(f"mine {number}" for number in range(10)) + "\n\nthe last")
    ann.settle()
    ann.prompt.press("Enter")
    message = ann.messages.filter(has_text="the last")
    expect(message).to_be_in_viewport(ratio=1)
    boris.send("PRIVMSG #lobby :and an answer")
    ann.sees("and an answer")
    expect(ann.messages.last).to_be_in_viewport(ratio=1)


def test_changes_of_modes_are_in_words(visit: Visit, server: Server) -> None:
    """A mask has signs of Markdown, which are shown as they are."""
    boris = server.irc("boris", "#garden")
    ann = visit()
    ann.join("ann", "#garden")
    boris.send("MODE #garden +v ann", "PRIVMSG #garden :1", "MODE #garden +b m:eve!*@*")
    boris.send("PRIVMSG #garden :2", "MODE #garden +b *a_b*!*@*")
    expect(ann.timeline).to_contain_text("boris gave ann the rank: voice")
    expect(ann.timeline).to_contain_text("boris muted eve")
    expect(ann.timeline).to_contain_text("boris banned *a_b*")


def test_a_jump_to_a_message_in_sight_does_not_leave_the_newest(
    visit: Visit, server: Server
) -> None:
    """A jump to the answered message needs no scrolling then, and what comes next is shown."""
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :line {number}" for number in range(40)))
    boris.sync()
    ann = visit()
    ann.join("ann")
    ann.sees("line 39")
    ann.prompt.press("Shift+ArrowUp")
    ann.page.keyboard.press("r")
    ann.say("an answer")
    answer = ann.messages.filter(has_text="an answer")
    expect(answer).to_be_in_viewport(ratio=1)
    answer.get_by_text("line 39").click()
    ann.settle()
    boris.send("PRIVMSG #lobby :what comes next")
    expect(ann.messages.filter(has_text="what comes next")).to_be_in_viewport(ratio=1)


def test_a_message_is_reported_from_its_menu(visit: Visit, server: Server) -> None:
    """The operators of its channel get the report; without a reason there is none."""
    operator = server.irc("carl", "#den")
    ann = visit()
    ann.join("ann", "#den")
    operator.send("PRIVMSG #den :what a nuisance you are")
    ann.sees("what a nuisance you are")
    ann.prompt.press("Shift+ArrowUp")
    ann.page.keyboard.press("Enter")
    ann.page.get_by_role("button", name="Report", exact=True).click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Report", exact=True).click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("textbox", name="Reason").fill("rude")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_text("The operators of #den have your report.")).to_be_visible()
    operator.send("CHANSERV REPORTS #den")
    operator.until("rude")
    ann.say("/report still rude")
    ann.sees("You have reported this message already.")


def test_a_topic_that_is_refused_stays_in_its_dialog(visit: Visit, server: Server) -> None:
    """What took long to write is not lost, and the reason is next to it."""
    ann, boris = visit(), server.irc("boris", "#garden")
    boris.send("MODE #garden +t")
    ann.join("ann", "#garden")
    ann.page.get_by_role("button", name="Channel", exact=True).click()
    ann.page.get_by_role("button", name="Change the topic").click()
    dialog = ann.page.get_by_role("dialog", name="Topic of #garden")
    field = dialog.get_by_role("textbox")
    field.fill("what took long to write")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Your rank in #garden is too low")
    expect(field).to_have_value("what took long to write")
    boris.send("MODE #garden -t")
    boris.sync()
    dialog.get_by_role("button", name="Save").click()
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    boris.until("TOPIC #garden :what took long to write")


def test_who_is_removed_and_banned_does_not_come_back_by_another_nickname(
    visit: Visit, server: Server
) -> None:
    """All are at the same address here, so the ban is of the user name at it."""
    ann = visit()
    ann.join("ann", "#den")
    bob, carl = server.irc("bob", "#den"), server.irc("carl", "#den")
    ann.page.get_by_role("button", name="bob", exact=False).first.click()
    ann.page.get_by_role("button", name="Remove and ban").click()
    bob.until("KICK #den bob")
    bob.send("NICK robert", "JOIN #den")
    bob.until(" 474 ")
    ann.say("/unban robert")
    carl.until(" -b *!bob@")
    bob.send("JOIN #den")
    bob.until(" 366 ")


def test_what_an_ignored_user_has_said_comes_back(visit: Visit, server: Server) -> None:
    """It stands where it was said when the user is ignored no longer."""
    ann = visit()
    ann.join("ann")
    bob, carl = server.irc("bob", "#lobby"), server.irc("carl", "#lobby")
    ann.say("/ignore bob")
    expect(ann.timeline.get_by_text("Hidden from now on: bob")).to_be_visible()
    bob.send("PRIVMSG #lobby :said meanwhile")
    bob.sync()
    carl.send("PRIVMSG #lobby :said later")
    ann.sees("said later")
    expect(ann.timeline.get_by_text("said meanwhile")).to_have_count(0)
    ann.say("/unignore bob")
    ann.sees("said meanwhile")
    expect(ann.messages.locator(".text").filter(has_text="said")).to_have_text(
        ["said meanwhile", "said later"]
    )

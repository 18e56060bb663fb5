"""The form of the first visit, and what leads back to it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]
Serve = Callable[..., Server]


def test_a_refused_user_corrects_the_form_until_the_server_is_content(
    visit: Visit, serve: Serve
) -> None:
    """The field that is wrong has the focus, and a reload does not ask again."""
    ann = visit(address=serve("password = secret").url)
    ann.open()
    page = ann.page
    page.get_by_role("textbox", name="Nickname").fill("ann")
    page.keyboard.press("Enter")
    password = page.get_by_label("Password of the server")
    join = page.get_by_role("button", name="Join", exact=True)
    expect(page.get_by_role("alert")).to_contain_text("password is missing or wrong")
    expect(password).to_be_focused()
    page.keyboard.type("wrong")
    join.click()
    expect(page.get_by_role("alert")).to_contain_text("password is missing or wrong")
    password.fill("secret")
    join.click()
    expect(ann.prompt).to_be_visible()
    page.reload()
    expect(ann.prompt).to_be_visible()
    ann.say("still here")
    ann.sees("still here")


def test_a_name_with_spaces_becomes_a_nickname(visit: Visit, server: Server) -> None:
    """People type first and last names; an empty field is explained."""
    ann = visit()
    ann.open()
    field = ann.page.get_by_role("textbox", name="Nickname")
    field.press("Enter")
    expect(ann.page.get_by_role("alert")).to_contain_text("Type a nickname")
    field.fill(" Анна  Ким ")
    field.press("Enter")
    expect(ann.page.get_by_role("button", name="Анна_Ким Guest")).to_be_visible()


def test_a_user_that_leaves_can_come_back(visit: Visit, server: Server) -> None:
    """The form is shown again, with the nickname, and asks for nothing else."""
    ann = visit()
    ann.join("ann")
    ann.page.get_by_role("button", name="ann Guest").click()
    ann.page.get_by_role("button", name="Leave the chat").click()
    field = ann.page.get_by_role("textbox", name="Nickname")
    expect(field).to_have_value("ann")
    field.press("Enter")
    expect(ann.prompt).to_be_visible()
    ann.say("back again")
    ann.sees("back again")


def test_the_program_for_the_visitors_system_is_offered(
    visit: Visit, serve: Serve, tmp_path: Path
) -> None:
    """With its digest; the file that the browser saves is the one of the server."""
    for name in ("trio-chat-setup-1.0.exe", "trio_chat-1.0-py3-none-any.whl"):
        (tmp_path / name).write_bytes(name.encode())
    ann = visit(address=serve(f"downloads = {tmp_path}").url)
    ann.open()
    ann.page.get_by_text("Join with a program").click()
    wheel = "trio_chat-1.0-py3-none-any.whl"
    link = ann.page.get_by_role("link", name=wheel)
    digest = hashlib.sha256(wheel.encode()).hexdigest()
    expect(ann.page.get_by_text(digest, exact=True)).to_be_visible()
    expect(ann.page.get_by_text("setup")).to_have_count(0)
    with ann.page.expect_download() as saved:
        link.click()
    assert saved.value.path().read_bytes() == wheel.encode()
    ann.page.get_by_role("link", name="All packages").click()
    expect(ann.page.get_by_role("link", name="trio-chat-setup-1.0.exe")).to_be_visible()


def test_without_packages_the_command_is_shown(visit: Visit, server: Server) -> None:
    """It joins with a program that is installed already."""
    ann = visit()
    ann.open()
    ann.page.get_by_text("Join with a program").click()
    expect(ann.page.get_by_text("trio-chat connect ")).to_be_visible()

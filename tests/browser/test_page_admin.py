"""The administrator's page: an operator of the server looks and acts by the HTTP API."""

import re
from collections.abc import Callable

import pytest
from harness import PHONE, Server, Visitor
from playwright.sync_api import Locator, Page, expect
from test_page_accessibility import AXE, violations

Serve = Callable[..., Server]
Visit = Callable[..., Visitor]
PASSWORD = "correct horse"
# Of the least cost, so that the server need not work for it.
HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$sM5YyjFTAdM0bFh4hpVZdw$kYAJjAcBdgSrLAxfOG6qC9RzK1Nk0HEi3YrgD2q2Zmk"
)
OPERATORS = f"[operator root]\npassword = {HASH}\n"


def log_in(visitor: Visitor) -> Page:
    """Become an operator in the form of the page, which is open."""
    page = visitor.page
    page.get_by_role("textbox", name="Name of the operator").fill("root")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in as operator").click()
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()
    return page


def section(page: Page, name: str) -> Locator:
    """Go to a section, and return its part of the page."""
    page.get_by_role("navigation", name="Sections").get_by_role("link", name=name).click()
    found = page.get_by_role("dialog").get_by_role("region", name=name)
    expect(found).to_be_visible()
    return found


def test_an_operator_makes_and_revokes_a_token(serve: Serve, visit: Visit) -> None:
    """The page is opened by its address, by the menu that only operators see, and closed by the
    back button; a secret is shown once.
    """
    server = serve(OPERATORS)
    root = visit(address=server.url)
    root.join("root")
    menu = root.page.get_by_role("button", name="Administration", exact=True)
    expect(menu).to_have_count(0)
    root.page.goto(f"{server.url}admin")
    page = log_in(root)
    assert page.url.endswith("/#?admin=overview")
    tokens = section(page, "API tokens")
    assert page.url.endswith("#?admin=tokens")
    expect(tokens.get_by_text("No program has a token")).to_be_visible()
    tokens.get_by_role("button", name="Make a token").click()
    form = page.get_by_role("dialog", name="Make a token")
    form.get_by_role("textbox", name="Name").fill("<b>monitor</b>")
    form.get_by_role("button", name="Make a token").click()
    expect(form.get_by_role("alert")).to_have_text("Choose at least one scope.")
    form.get_by_role("checkbox", name="tokens:read").check()
    form.get_by_role("button", name="Make a token").click()
    secret = page.get_by_role("dialog", name="The token was made.")
    expect(secret.get_by_role("textbox", name="Secret")).to_have_value(re.compile("^tca_"))
    secret.get_by_role("button", name="I have copied it").click()
    tokens.get_by_role("button", name="<b>monitor</b>").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog", name="Revoke").get_by_role("button", name="Revoke").click()
    expect(tokens.get_by_text("No program has a token")).to_be_visible()
    page.go_back()
    expect(root.prompt).to_be_visible()
    menu.click()
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    root.say("/admin")
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("#lobby$"))


def test_without_a_connection_the_page_says_so_and_asks_for_the_password_again(
    serve: Serve, visit: Visit
) -> None:
    """The server that is started again knows neither the operator nor the token."""
    server = serve(OPERATORS)
    root = visit(address=server.url)
    root.expect_errors("ERR_|WebSocket|Failed to load resource")
    root.join("root")
    root.page.goto(f"{server.url}admin")
    page = log_in(root)
    server.kill()
    expect(page.get_by_text("Without a connection there is nothing to see here")).to_be_visible()
    expect(page.get_by_role("button", name="Connect now").last).to_be_visible()
    server.start()
    log_in(root)
    expect(section(page, "Who is here").get_by_role("rowheader")).to_have_text(["root"])


def confirm(page: Page, name: str, *, button: str = "", **fields: str) -> None:
    """Fill in the form of an action, and confirm it."""
    form = page.get_by_role("dialog", name=name)
    for label, value in fields.items():
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_role("button", name=button or name).click()
    expect(form).to_have_count(0)
    # The keyboard goes on in the page, though the button that has opened the form may be gone.
    expect(page.locator("dialog :focus")).to_have_count(1)


def test_an_operator_disconnects_bans_and_makes_a_backup_and_sees_it_in_the_audit_log(
    serve: Serve, visit: Visit
) -> None:
    """Each change is confirmed, happens, and has an entry with the name of the operator."""
    server = serve(OPERATORS)
    flooder = server.irc("flooder", "#lobby", "#<b>bold</b>")
    flooder.send("TOPIC #<b>bold</b> :<img src=x onerror=alert(1)> \u202egnp.exe")
    flooder.sync()
    root = visit(address=server.url)
    root.join("root")
    root.page.goto(f"{server.url}admin")
    page = log_in(root)
    plot = page.get_by_role("figure").filter(has_text="Connections").locator("path.line")
    expect(plot).to_have_attribute("d", re.compile("^M.*L"))
    channels = section(page, "Channels")
    row = channels.get_by_role("row").filter(has_text="#<b>bold</b>")
    expect(row.get_by_role("cell").nth(1)).to_have_text("<img src=x onerror=alert(1)> gnp.exe")
    expect(page.locator(".admin-section img, .admin-section b")).to_have_count(0)
    here = section(page, "Who is here")
    here.get_by_role("button", name="Nickname").click()
    expect(here.get_by_role("columnheader", name="Nickname")).to_have_attribute(
        "aria-sort", "descending"
    )
    here.get_by_role("searchbox").fill("flood")
    expect(here.get_by_role("status")).to_have_text("1 of 2 found.")
    here.get_by_role("button", name="flooder").click()
    page.get_by_role("dialog", name="flooder").get_by_role("button", name="Disconnect").click()
    confirm(page, "Disconnect", Reason="too <i>many</i> lines")
    flooder.until("too <i>many</i> lines")
    here.get_by_role("searchbox").press("Escape")
    expect(here.get_by_role("rowheader")).to_have_text(["root"])
    bans = section(page, "Bans")
    bans.get_by_role("button", name="Add a ban").click()
    confirm(page, "Add a ban", button="Ban", **{"Address, mask or account": "192.0.2.0/24"})
    bans.get_by_role("button", name="192.0.2.0/24").click()
    page.get_by_role("dialog", name="192.0.2.0/24").get_by_role("button", name="Lift").click()
    confirm(page, "Lift the ban")
    expect(bans.get_by_text("Nobody is banned")).to_be_visible()
    backups = section(page, "Backups")
    backups.get_by_role("button", name="Start a backup").click()
    confirm(page, "Start a backup")
    job = page.get_by_role("dialog", name="Backup", exact=True)
    expect(job.get_by_role("status").get_by_text("Done")).to_be_visible()
    page.keyboard.press("Escape")
    expect(backups.get_by_role("rowheader")).to_have_count(1)
    audit = section(page, "Audit log")
    rows = audit.get_by_role("row").filter(has_text="operator root, root!")
    for entry in (
        "BACKUP",
        "KILL flooder!flooder@",
        "DLINE 192.0.2.0/24 for",
        "UNDLINE 192.0.2.0/24",
    ):
        expect(rows.filter(has=page.get_by_text(entry))).to_have_count(1)


def test_an_operator_moderates_the_server(serve: Serve, visit: Visit) -> None:
    """It adds a filter, resolves a report of a private message, releases a held message, and turns
    raid mode on and off.
    """
    server = serve(OPERATORS)
    ann, eve = server.irc("ann", "#lobby"), server.irc("eve", "#lobby")
    root = visit(address=server.url)
    root.join("root")
    root.page.goto(f"{server.url}admin")
    page = log_in(root)
    filters = section(page, "Filters")
    filters.get_by_role("button", name="Add a filter").click()
    form = page.get_by_role("dialog", name="Add a filter")
    form.get_by_label("Action").select_option("hold back for an operator")
    confirm(page, "Add a filter", Pattern="casino")
    expect(filters.get_by_role("rowheader")).to_have_text(["casino"])
    eve.send("PRIVMSG #lobby :c.a.s.i.n.o here")
    eve.send("PRIVMSG ann :you <b>fool</b>")
    eve.sync()
    ann.send("REPORT eve :she is rude")
    ann.sync()
    reports = section(page, "Reported to the server")
    reports.get_by_role("button", name="eve!").click()
    page.get_by_role("button", name="Resolve").click()
    confirm(page, "Resolve", Note="she was warned")
    ann.until("dealt with your report about eve: she was warned")
    expect(reports.get_by_text("No report to the operators")).to_be_visible()
    held = section(page, "Held by the server")
    held.get_by_role("button", name="#lobby").click()
    page.get_by_role("button", name="Release").click()
    confirm(page, "Release")
    ann.until("c.a.s.i.n.o here")
    raid = section(page, "Raid mode")
    raid.get_by_role("button", name="Turn raid mode on").click()
    confirm(page, "Turn raid mode on")
    expect(raid.get_by_text("root")).to_be_visible()
    raid.get_by_role("button", name="Turn raid mode off").click()
    confirm(page, "Turn raid mode off")
    expect(raid.get_by_text("root")).to_have_count(0)


def test_an_operator_acts_in_a_channel(serve: Serve, visit: Visit) -> None:
    """It sets the topic, bans and removes a member, and announces something to all."""
    server = serve(OPERATORS)
    ann, eve = server.irc("ann", "#garden"), server.irc("eve", "#garden")
    root = visit(address=server.url)
    root.join("root")
    root.page.goto(f"{server.url}admin")
    page = log_in(root)
    channels = section(page, "Channels")

    def act(name: str, **fields: str) -> None:
        channels.get_by_role("button", name="#garden").click()
        page.get_by_role("dialog", name="#garden").get_by_role("button", name=name).click()
        confirm(page, name, **fields)

    act("Set the topic", Topic="roses <b>red</b>")
    ann.until("TOPIC #garden :roses <b>red</b>")
    act("Change modes and bans", Modes="+b", Parameters="eve!*@*")
    ann.until("MODE #garden +b eve!*@*")
    act("Remove a member", Nickname="eve", Reason="weeds")
    eve.until("KICK #garden eve :weeds")
    channels.get_by_role("button", name="#garden").click()
    details = page.get_by_role("dialog", name="#garden")
    expect(details.get_by_text("ban: eve!*@*")).to_be_visible()
    expect(details.get_by_text("ann (op)")).to_be_visible()
    page.keyboard.press("Escape")
    here = section(page, "Who is here")
    here.get_by_role("button", name="Announce").click()
    confirm(page, "Announce", Text="good night")
    ann.until("*** good night")


# axe-core takes links of a list that scrolls, below the edge of the window, for skip links.
HIGH = {"viewport": {"width": 1280, "height": 1400}}


@pytest.mark.skipif(not AXE.exists(), reason="`npm ci` brings axe-core")
@pytest.mark.parametrize(("theme", "device"), [("light", HIGH), ("dark", PHONE)])
def test_the_page_is_accessible(
    serve: Serve, visit: Visit, theme: str, device: dict[str, object]
) -> None:
    """axe-core finds nothing in the login, in any section and in a form."""
    server = serve(OPERATORS)
    root = visit(address=server.url, color_scheme=theme, **device)
    root.join("root")
    root.page.goto(f"{server.url}admin")
    expect(root.page.get_by_role("textbox", name="Name of the operator")).to_be_visible()
    found = {"login": violations(root)}
    root.page.get_by_role("textbox", name="Name of the operator").fill("root")
    root.page.get_by_role("textbox", name="Password").fill(PASSWORD)
    root.page.get_by_role("button", name="Log in as operator").click()
    choice = root.page.locator("#admin-sections")
    expect(choice).to_be_attached()
    for name in choice.locator("option").evaluate_all("(all) => all.map((each) => each.value)"):
        root.page.evaluate("(name) => { location.hash = `#?admin=${name}` }", name)
        expect(choice).to_have_value(name)
        expect(root.page.get_by_text("Loading…")).to_have_count(0)
        root.settle()
        found[name] = violations(root)
        assert root.is_within_the_width()
    root.page.evaluate("location.hash = '#?admin=tokens'")
    root.page.get_by_role("button", name="Make a token").click()
    root.settle()
    found["form"] = violations(root)
    assert {name: each for name, each in found.items() if each} == {}

"""The second factor in the page: set up, asked for once, and not at each reconnect."""

import base64
import re
import time
from collections.abc import Callable

from harness import PHONE, Server, Visitor
from playwright.sync_api import Locator, expect
from test_page_accessibility import AXE, violations

from trio_chat.chat import totp

Visit = Callable[..., Visitor]

PASSWORD = "horse-battery"


def _set_up(ann: Visitor) -> tuple[bytes, list[str]]:
    """Have an account set up a second factor; return the secret and the recovery codes."""
    dialog = _open(ann)
    # The field of passkeys is there first, until the server has answered.
    expect(dialog.get_by_role("button", name="Set up")).to_be_visible()
    dialog.get_by_label("Password").first.fill(PASSWORD)
    dialog.get_by_role("button", name="Set up").click()
    expect(dialog.get_by_role("img", name="QR code for the authenticator")).to_be_visible()
    _check(ann)
    secret = base64.b32decode(dialog.locator("code").inner_text().replace(" ", ""))
    dialog.get_by_label(re.compile("^Code")).fill(totp.code_at(secret, totp.step_at(time.time())))
    dialog.get_by_role("button", name="Confirm").click()
    shown = dialog.locator("pre")
    expect(shown).to_be_visible()
    _check(ann)
    return secret, shown.inner_text().split()


def test_a_wrong_code_does_not_begin_the_set_up_anew(visit: Visit, server: Server) -> None:
    """The authenticator has the secret already, and the next code of it is accepted."""
    ann = visit()
    ann.join("ann")
    ann.say(f"/register {PASSWORD}")
    expect(ann.timeline).to_contain_text("is yours now")
    dialog = _open(ann)
    expect(dialog.get_by_role("button", name="Set up")).to_be_visible()
    dialog.get_by_label("Password").first.fill(PASSWORD)
    dialog.get_by_role("button", name="Set up").click()
    key = dialog.locator("code").inner_text()
    dialog.get_by_label(re.compile("^Code")).fill("none")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_contain_text("That is not the code")
    expect(dialog.locator("code")).to_have_text(key)
    secret = base64.b32decode(key.replace(" ", ""))
    dialog.get_by_label(re.compile("^Code")).fill(totp.code_at(secret, totp.step_at(time.time())))
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.locator("pre")).to_be_visible()


def _check(visitor: Visitor) -> None:
    if AXE.exists():
        visitor.settle()
        assert violations(visitor) == []


def _log_in(visitor: Visitor) -> Locator:
    """Log in with the password alone; return the field for the code."""
    page = visitor.open()
    page.get_by_role("textbox", name="Nickname").fill("ann")
    page.get_by_role("button", name="I have an account or a password").click()
    page.get_by_label("Password of your account").fill(PASSWORD)
    page.get_by_label("Stay logged in on this device").check()
    page.get_by_role("button", name="Join").click()
    field = page.get_by_label(re.compile("^Code"))
    expect(field).to_be_focused()
    return field


def test_a_code_is_asked_for_once(visit: Visit, server: Server) -> None:
    """After the login the browser has an app password of its own, so a reload needs no code."""
    ann, phone = visit(), visit(**PHONE)
    ann.join("ann")
    ann.say(f"/register {PASSWORD}")
    expect(ann.timeline).to_contain_text("is yours now")
    secret, recovery = _set_up(ann)
    assert len(recovery) == 10
    field = _log_in(phone)
    assert field.get_attribute("autocomplete") == "one-time-code"
    _check(phone)
    field.fill("000 000")
    phone.page.get_by_role("button", name="Join").click()
    expect(phone.page.get_by_role("alert")).to_contain_text("check the account and the password")
    # That of the next half minute, so that the test need not wait for it.
    field.fill(totp.code_at(secret, totp.step_at(time.time()) + 1))
    phone.page.get_by_role("button", name="Join").click()
    expect(phone.prompt).to_be_visible()
    _close(ann)
    _sees_app_passwords(ann, 1)
    phone.page.reload()
    expect(phone.prompt).to_be_visible()
    expect(phone.page.get_by_label(re.compile("^Code"))).to_have_count(0)
    _sees_app_passwords(ann, 1)


def test_a_passkey_logs_in(visit: Visit, serve: Callable[..., Server]) -> None:
    """A device makes it in the dialog, and then logs in with nothing typed but a nickname."""
    ann = visit(address=serve("url = http://localhost:{port}/").url)
    ann.session.send("WebAuthn.enable")
    ann.session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    ann.join("ann")
    ann.say(f"/register {PASSWORD}")
    expect(ann.timeline).to_contain_text("is yours now")
    dialog = _open(ann)
    dialog.get_by_label("Name of this device").fill("laptop")
    dialog.locator("#passkey-password").fill(PASSWORD)
    dialog.get_by_role("button", name="Add a passkey").click()
    expect(dialog.get_by_text("laptop: made")).to_be_visible()
    _check(ann)
    _close(ann)
    ann.say("/logout")
    expect(ann.page.get_by_role("button", name=re.compile("^ann Logged in"))).to_have_count(0)
    ann.say("/quit")
    ann.page.get_by_role("textbox", name="Nickname").fill("ann")
    ann.page.get_by_role("button", name="I have an account or a password").click()
    ann.page.get_by_role("button", name="Log in with a passkey").click()
    expect(ann.page.get_by_role("button", name=re.compile("^ann Logged in"))).to_be_visible()
    dialog = _open(ann)
    expect(dialog.get_by_text(re.compile("laptop: made .* last used 20"))).to_be_visible()
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog.get_by_text("laptop: made")).to_have_count(0)


def _sees_app_passwords(ann: Visitor, count: int) -> None:
    """Look again until there are so many: the other browser makes its own in time."""
    for _ in range(20):
        dialog = _open(ann)
        status = dialog.get_by_role("status").first
        expect(status).to_contain_text("App passwords")
        is_done = f"App passwords: {count}," in status.inner_text()
        _close(ann)
        if is_done:
            return
    raise AssertionError(count)


def _open(ann: Visitor) -> Locator:
    ann.page.get_by_role("button", name=re.compile("^ann Logged in")).click()
    ann.page.get_by_role("button", name="Second factor").click()
    return ann.page.get_by_role("dialog").last


def _close(ann: Visitor) -> None:
    """Close the dialog, and that of the account below it."""
    for name in ("Second factor", "ann"):
        dialog = ann.page.get_by_role("dialog", name=name, exact=True)
        expect(dialog).to_be_visible()
        ann.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)

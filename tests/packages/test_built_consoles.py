"""Programs for Windows on a console: a double click, keys, passwords, and the close button."""

from pathlib import Path

import programs
from built import close_button, press_close_button
from consoles import console

LEGACY = {"TRIO_CHAT_TEST_LEGACY": "1"}
PASSWORD = "secret-word-1"


async def test_an_error_after_a_double_click_stays_readable(exe: Path, elsewhere: Path) -> None:
    """The window waits for Enter; the error names the file next to the program, and the line."""
    (exe.parent / "config.ini").write_text("[server]\nport = x\n", "utf-8")
    async with console(exe, [], elsewhere) as window:
        await window.until("Press Enter to close this window.")
        # Lines with wide characters are not wrapped where this terminal wraps them.
        assert "config.ini,line2" in "".join(window.shown().split())
        assert window.process.returncode is None
        assert await window.leave() == 2


async def test_the_question_after_an_error_is_in_the_language_of_the_user(
    exe: Path, elsewhere: Path
) -> None:
    """`--lang ru` applies before the configuration is read."""
    (exe.parent / "config.ini").write_text("[server]\nport = x\n", "utf-8")
    async with console(exe, ["--lang", "ru"], elsewhere) as window:
        await window.until("закрыть это окно")
        assert await window.leave() == 2


async def test_an_account_is_registered_and_used(exe: Path, elsewhere: Path) -> None:
    """/register and /login ask for the password, and hide what is typed."""
    # The full screen asks the same, but Wine draws it incompletely on a pseudo-terminal.
    stars = "*" * len(PASSWORD)
    async with programs.server(elsewhere) as (server, address):
        join = [f"ircs://{address}", "--nick"]
        async with console(exe, [*join, "anna"], elsewhere, LEGACY) as window:
            await window.until("#lobby>")
            await window.type("/register", "#lobby> /register")
            await window.until("A password for the new account anna:")
            await window.type(PASSWORD, f"anna: {stars}")
            await window.until("The same password again:")
            await window.type(PASSWORD, f"again: {stars}")
            await server.out.until("logged in as anna")
            await window.until("yours now")
            assert PASSWORD not in window.shown()
        async with console(exe, [*join, "anya"], elsewhere, LEGACY) as window:
            await window.until("#lobby>")
            await window.type("/login anna", "#lobby> /login anna")
            await window.until("Password of anna:")
            await window.type(PASSWORD, f"anna: {stars}")
            await server.out.until("logged in as anna")


async def test_a_console_without_escape_sequences_has_the_line_interface(
    exe: Path, elsewhere: Path
) -> None:
    """That of Windows before 10, or the legacy one: the client says so, and chats."""
    async with (
        programs.server(elsewhere) as (_server, address),
        programs.client(elsewhere, address, "anna") as anna,
        console(exe, [f"ircs://{address}", "--nick", "boris"], elsewhere, LEGACY) as window,
    ):
        await window.until("#lobby>")
        assert "This console understands no escape sequences" in window.shown()
        await anna.out.until("boris")
        await window.type("Привет", "#lobby> Привет")
        await window.until("[YOU]: Привет")
        await anna.out.until('["boris"]: Привет')
        await window.type("/quit", "#lobby> /quit")
        assert await window.wait() == 0


async def test_a_client_whose_window_is_closed_says_goodbye(exe: Path, elsewhere: Path) -> None:
    """Others see that it has quit, not that its connection has failed."""
    button = close_button(elsewhere)
    async with (
        programs.server(elsewhere) as (server, address),
        console(exe, [f"ircs://{address}", "--nick", "boris"], elsewhere, button) as window,
    ):
        await server.out.until("joined #lobby")
        press_close_button(elsewhere)
        line = await server.out.until("disconnected boris")
        assert line.endswith(": Quit")
        assert await window.wait() == 0

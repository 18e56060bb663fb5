"""Programs for Windows as they are handed on: they chat, end cleanly, and explain themselves."""

import os
import subprocess
from pathlib import Path

import built
import programs
import pytest
from built import (
    close_button,
    is_wine,
    package,
    press_close_button,
    runner,
    started,
    variables,
)

import trio_chat

TEXT = "Привет 😀 漢字"
NOTICE = "has shut down"


async def test_a_client_talks_to_another_over_tls(exe: Path, elsewhere: Path) -> None:
    """Text in every script arrives in both directions."""
    async with (
        programs.server(elsewhere) as (_server, address),
        programs.client(elsewhere, address, "anna") as anna,
        started(exe, [f"ircs://{address}", "--nick", "boris"], elsewhere) as boris,
    ):
        await boris.out.until("#lobby")
        await anna.out.until("boris")
        await boris.say(TEXT)
        await anna.out.until(f'["boris"]: {TEXT}')
        await anna.say(f"{TEXT}!")
        await boris.out.until(f'["anna"]: {TEXT}!')
        await boris.say("/quit")
        assert await boris.wait() == 0


async def test_a_client_logs_in(exe: Path, elsewhere: Path) -> None:
    """SCRAM needs libraries that are found by their names alone."""
    async with programs.server(elsewhere) as (_server, address):
        (elsewhere / "secret.txt").write_text("secret-word-1\n", "utf-8")
        add = ["account", "add", "anna", "--password-file", "secret.txt", "--config", "server.ini"]
        async with programs.program(add, elsewhere) as adding:
            assert await adding.wait() == 0
        command = "cmd /c type secret.txt" if exe.suffix == ".exe" else "cat secret.txt"
        (exe.parent / "config.ini").write_text(
            f"[profile work]\nhost = 127.0.0.1\nport = {address.rpartition(':')[2]}\n"
            f"account = anna\npassword_command = {command}\n",
            "utf-8",
        )
        async with started(exe, ["work"], elsewhere) as anna:
            await anna.out.until("logged in")
            await anna.say("/quit")
            assert await anna.wait() == 0


@pytest.mark.parametrize("how", ["close", "interrupt"])
async def test_a_server_that_ends_tells_its_clients(
    folder: Path, elsewhere: Path, how: str
) -> None:
    """The close button and Ctrl-C notify each client, and the log is complete."""
    if not is_wine() and os.name == "nt":
        pytest.skip("NOT TESTED: Ctrl-C and the close button on Windows itself, see packaging/")
    more = close_button(elsewhere)
    async with started(folder / "trio-chat.exe", ["serve"], elsewhere, more) as server:
        address = (await server.out.until("listens on")).rpartition(" ")[2]
        async with (
            programs.client(elsewhere, address, "anna") as anna,
            programs.client(elsewhere, address, "boris") as boris,
        ):
            await anna.out.until("boris")
            if how == "close":
                press_close_button(elsewhere)
            else:
                server.process.send_signal(2)
            await anna.out.until(NOTICE)
            await boris.out.until(NOTICE)
        assert await server.wait() == 0
    log = (folder / "logs" / "server_log.txt").read_text("utf-8").splitlines()
    assert log[-1].endswith("trio-chat has shut down")
    assert not (elsewhere / "trio-chat.db").exists()
    assert (folder / "trio-chat.db").exists()


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with pipes as a script has them."""
    return subprocess.run(
        [*runner(program), *arguments],
        cwd=cwd,
        env={**os.environ, **variables()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=built.PATIENCE,
        check=False,
    )


def test_a_program_speaks_russian(exe: Path, elsewhere: Path) -> None:
    """The catalogue is in it."""
    assert "примеры" in run(exe, "--lang", "ru", "--help", cwd=elsewhere).stdout


def test_a_broken_configuration_is_explained(exe: Path, elsewhere: Path) -> None:
    """It is the one next to the program, whatever the working directory is."""
    (exe.parent / "config.ini").write_text("[server]\nport = x\n", "utf-8")
    done = run(exe, cwd=elsewhere)
    assert done.returncode == 2
    assert "config.ini, line 2" in done.stdout
    assert "Traceback" not in done.stdout


async def test_the_database_is_maintained(folder: Path, elsewhere: Path) -> None:
    """The maintenance commands have their migrations and libraries."""
    program = folder / "trio-chat.exe"
    name = str(elsewhere / "copy.db") if os.name == "nt" else f"Z:{elsewhere / 'copy.db'}"
    async with started(program, ["serve"], elsewhere) as server:
        await server.out.until("listens on")
        for arguments in (["backup", name], ["db", "check", "--database", name]):
            async with started(program, arguments, elsewhere) as maintaining:
                assert await maintaining.wait() == 0, await maintaining.out.rest()


def test_a_client_says_what_it_is(exe: Path, elsewhere: Path) -> None:
    """Its version, how it was installed, and where it is."""
    first, second = run(exe, "--version", cwd=elsewhere).stdout.splitlines()
    assert first == f"trio-chat {trio_chat.__version__}"
    assert exe.name in second
    assert "Чат exe 😀 漢字" in second


def test_a_package_contains_no_tests(folder: Path) -> None:
    """Tests of libraries and build tools are of no use to anybody."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    for part in ("/pytest", "/_pytest", "/setuptools", "/pip/", "/tests/", "/_tests/", "tkinter"):
        assert not [name for name in names if part in name], part


async def chat(place: Path, elsewhere: Path) -> None:
    """Let the installed client talk to another one by the installed server."""
    async with started(place / "trio-chat.exe", ["serve"], elsewhere) as server:
        address = (await server.out.until("listens on")).rpartition(" ")[2]
        join = [f"ircs://{address}", "--nick", "boris"]
        async with (
            programs.client(elsewhere, address, "anna") as anna,
            started(place / "trio-chat-client.exe", join, elsewhere) as boris,
        ):
            await anna.out.until("boris")
            await boris.say(TEXT)
            await anna.out.until(f'["boris"]: {TEXT}')


async def set_up(program: Path, elsewhere: Path, *arguments: str) -> None:
    """Run the set-up or the program that uninstalls, without questions."""
    async with started(program, ["/S", *arguments], elsewhere) as running:
        assert await running.wait() == 0


async def test_the_set_up_installs_upgrades_and_leaves_the_data(
    tmp_path: Path, elsewhere: Path
) -> None:
    """Without questions and without rights of an administrator."""
    setup = package("trio-chat-setup-*.exe")
    place = tmp_path / "Программы" / "trio-chat"
    native = str(place) if os.name == "nt" else "Z:" + str(place).replace("/", "\\")
    await set_up(setup, elsewhere, f"/D={native}")
    config, database = place / "config.ini", place / "trio-chat.db"
    own = "[server]\nhost = 127.0.0.1\nport = 0\n[discovery]\nenabled = no\n"
    config.write_text(own, "utf-8")
    await chat(place, elsewhere)
    kept = database.read_bytes()
    (place / "_internal" / "old.pyc").touch()
    await set_up(setup, elsewhere, f"/D={native}")
    assert not (place / "_internal" / "old.pyc").exists()
    assert config.read_text("utf-8") == own
    assert database.read_bytes() == kept
    await chat(place, elsewhere)
    await set_up(place / "uninstall.exe", elsewhere, f"_?={native}")
    # With `_?=` it runs where it is, until its end is reached, and cannot delete itself.
    assert [path.name for path in place.glob("*.exe")] == ["uninstall.exe"]
    assert not (place / "_internal").exists()
    assert config.read_text("utf-8") == own
    assert database.exists()
    assert list((place / "logs").iterdir())


async def test_the_set_up_lets_the_server_start_at_log_in(tmp_path: Path, elsewhere: Path) -> None:
    """By a task of the user, which the program that uninstalls removes."""
    setup = package("trio-chat-setup-*.exe")
    if os.name == "nt":
        pytest.skip("NOT TESTED: the task would start a server of this user")
    place = tmp_path / "chat"
    native = "Z:" + str(place).replace("/", "\\")
    users = Path(variables()["WINEPREFIX"]) / "drive_c" / "users"
    await set_up(setup, elsewhere, "/AtLogin", f"/D={native}")
    [task] = users.glob("*/AppData/Local/trio-chat/service.xml")
    assert str(place / "trio-chat.exe").replace("/", "\\") in task.read_text("utf-16")
    await set_up(place / "uninstall.exe", elsewhere, f"_?={native}")
    assert not task.exists()

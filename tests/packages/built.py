"""Programs that `run.py package` has built, for tests that start them.

TRIO_CHAT_EXE names the client as one file. The other packages are in its directory. Programs for
Windows run on Windows, or under Wine if they were built with `--for-wine`: then TRIO_CHAT_WINE
names the directory with the Wine prefix, as for the build.
"""

import os
import shutil
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import programs
import pytest

PATIENCE = 90
"""Seconds for a start under Wine on a machine where others take the cores."""
MISSING = "NOT TESTED: TRIO_CHAT_EXE names no client that `run.py package` has built"


def client_file() -> Path:
    """Return the client as one file; without one the test is skipped."""
    given = os.environ.get("TRIO_CHAT_EXE", "")
    if not given:
        pytest.skip(MISSING)
    path = Path(given).absolute()
    assert path.is_file(), f"TRIO_CHAT_EXE={given}: there is no such file"
    return path


def package(pattern: str) -> Path:
    """Return the newest package with such a name next to the client; without one, skip."""
    found = sorted(client_file().parent.glob(pattern), key=lambda path: path.stat().st_mtime)
    if not found:
        pytest.skip(f"NOT TESTED: there is no {pattern} next to the client")
    return found[-1]


def runner(program: Path) -> list[str]:
    """Return the command that starts a program here."""
    if program.suffix != ".exe" or os.name == "nt":
        return [str(program)]
    if not shutil.which("wine"):
        pytest.skip("NOT TESTED: a program for Windows needs wine here")
    return ["wine", str(program)]


def is_wine() -> bool:
    """Return whether the programs are for Windows, and run under Wine."""
    return client_file().suffix == ".exe" and os.name != "nt"


def close_button(directory: Path) -> dict[str, str]:
    """Return the variable with which a program closes its window when that is asked for in a
    directory; see packaging/wine_hook.py.
    """
    return {"TRIO_CHAT_TEST_CLOSE": f"Z:{directory / 'close'}"}


def press_close_button(directory: Path) -> None:
    """Close the window of the program that watches this directory."""
    (directory / "close").touch()


def variables() -> dict[str, str]:
    """Return the environment of Wine."""
    prefix = Path(os.environ.get("TRIO_CHAT_WINE", "")) / "prefix"
    made = {"WINEDEBUG": "-all", "WINEARCH": "win64", "WINEDLLOVERRIDES": "mscoree=;mshtml="}
    return made | ({"WINEPREFIX": str(prefix.absolute())} if prefix.is_dir() else {})


def unpacked(directory: Path) -> Path:
    """Return a folder with a Cyrillic name that has all programs, from the portable package."""
    folder = directory / "Чат exe"
    with zipfile.ZipFile(package("trio-chat-portable-*.zip")) as archive:
        archive.extractall(folder)
    return folder / "trio-chat"


@asynccontextmanager
async def started(
    program: Path,
    arguments: Sequence[str],
    directory: Path,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[programs.Program]:
    """Run a built program in a directory; see `programs.program`."""
    more = {**variables(), **(more or {})}
    async with programs.program(arguments, directory, command=runner(program), more=more) as one:
        yield one

"""How the program was installed, and where it keeps its files."""

import os
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path

import platformdirs
import pytest

from trio_chat import installation
from trio_chat.config import ConfigError, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make this a program of its own in a folder, started in another one; return its folder."""
    folder = tmp_path / "Чат exe"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "trio-chat.exe"))
    monkeypatch.setattr(
        platformdirs, "user_data_path", lambda name, appauthor: tmp_path / "own" / name
    )
    installation._writable_or_own.cache_clear()
    yield folder
    installation._writable_or_own.cache_clear()


def refuse_files(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nobody create files in a folder, as in that of Windows for programs."""

    def refuse(dir: Path) -> None:  # noqa: A002
        raise PermissionError(13, "Access is denied", str(dir))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)


def test_a_program_keeps_its_files_in_its_folder(folder: Path) -> None:
    """The working directory of a shortcut does not matter."""
    settings = load(None)
    assert settings.storage.file == folder / "trio-chat.db"
    assert settings.logging.file == folder / "logs" / "server_log.txt"


def test_a_program_reads_the_configuration_in_its_folder(folder: Path) -> None:
    """A config.ini of another program in the working directory is not that of this one."""
    (folder / "config.ini").write_text("[server]\nport = 5555\n", "utf-8")
    Path("config.ini").write_text("[server]\nport = 6666\n", "utf-8")
    settings = load(None)
    assert settings.server.port == 5555
    assert settings.storage.file == folder / "trio-chat.db"


def test_files_are_those_of_the_user_where_the_folder_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration of an administrator still counts, unless the user has one."""
    refuse_files(monkeypatch, folder)
    own = folder.parent / "own" / "trio-chat"
    (folder / "config.ini").write_text("[server]\nport = 5555\n", "utf-8")
    settings = load(None)
    assert settings.server.port == 5555
    assert settings.storage.file == own / "trio-chat.db"
    own.mkdir(parents=True)
    (own / "config.ini").write_text("[server]\nport = 5556\n", "utf-8")
    assert load(None).server.port == 5556


def test_a_named_configuration_decides_where_files_are(folder: Path, tmp_path: Path) -> None:
    """As for every other installation."""
    named = tmp_path / "own.ini"
    named.write_text("[server]\nport = 7777\n", "utf-8")
    assert load(named).storage.file == tmp_path / "trio-chat.db"


def test_an_error_names_the_file_in_the_folder(folder: Path) -> None:
    """After a double click nobody knows a working directory."""
    (folder / "config.ini").write_text("[server]\nport = x\n", "utf-8")
    with pytest.raises(ConfigError, match=r"Чат exe.config\.ini, line 2"):
        load(None)


def test_other_installations_use_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As commands in a terminal do."""
    monkeypatch.chdir(tmp_path)
    assert load(None).storage.file == Path("trio-chat.db")
    assert installation.default_config() == Path("config.ini")
    assert installation.data_directory() == Path()


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("home/anna/.local/pipx/venvs/trio-chat", "pipx"),
        ("home/anna/.local/share/uv/tools/trio-chat", "uv"),
        ("usr", "pip"),
    ],
)
def test_the_kind_is_found_by_the_place(
    prefix: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each installer has a directory of its own."""
    monkeypatch.setattr(installation, "__file__", str(tmp_path / "lib/trio_chat/installation.py"))
    monkeypatch.setattr(sys, "prefix", os.path.join(tmp_path, prefix))
    assert installation.kind() == expected


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("pip", 'pip install "trio-chat[mcp]"'),
        ("pipx", 'pipx install --force "trio-chat[mcp]"'),
        ("uv", 'uv tool install "trio-chat[mcp]"'),
        ("uvx", 'uvx --from "trio-chat[mcp]" trio-chat'),
        ("checkout", f'"{sys.executable}" -m pip install -e "{Path(__file__).parents[1]}[mcp]"'),
    ],
    ids=["pip", "pipx", "uv", "uvx", "checkout"],
)
def test_the_packages_of_an_extra_go_where_this_program_is(
    kind: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a hint says to type must not install them elsewhere."""
    monkeypatch.setattr(installation, "kind", lambda: kind)
    assert installation.install_command("mcp") == command


def test_a_checkout_is_recognised() -> None:
    """These tests run in one."""
    assert installation.kind() == "checkout"


@pytest.mark.parametrize("suffix", [EXTENSION_SUFFIXES[0], ".py"])
def test_the_form_is_shown(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who measures, or reports an error, knows which code ran."""
    spec = ModuleSpec("trio_chat.irc.message", None, origin=f"/lib/trio_chat/irc/message{suffix}")
    monkeypatch.setattr(installation, "find_spec", {spec.name: spec}.get)
    assert installation.describe().endswith(", compiled") == (suffix != ".py")


def test_a_set_up_is_recognised_by_its_uninstaller(folder: Path) -> None:
    """The files are otherwise those of the portable folder."""
    assert installation.kind() == "exe"
    (folder / "uninstall.exe").touch()
    assert installation.kind() == "setup"


def test_a_package_marks_what_it_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its word counts before any guess; a damaged marker does not."""
    marker = tmp_path / "installed-by.txt"
    monkeypatch.setattr(installation, "MARKER", marker)
    marker.write_text("deb\n", "ascii")
    assert installation.kind() == "deb"
    marker.write_bytes(b"\xff\x1b[2J")
    assert installation.kind() == "checkout"

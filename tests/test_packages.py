"""The builders of packages in tools/: what they decide without building anything."""

import hashlib
import importlib
import os
import re
import struct
import subprocess
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from trio_chat import __version__
from trio_chat.config import load

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "packaging"


def tool(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    """Return a module of tools/."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module(name)


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Return what the builders share, with a directory of its own for packages."""
    module = tool(monkeypatch, "packaging_common")
    monkeypatch.setattr(module, "DIST", tmp_path / "dist")
    return module


def test_an_unknown_package_is_a_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, common: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """The known ones are named."""
    assert tool(monkeypatch, "package").main(["rpm"]) == 2
    assert (
        "exe, setup, portable, deb, wheel, offline, sbom, all, manifests" in capsys.readouterr().out
    )


def test_without_windows_the_other_packages_are_built(
    monkeypatch: pytest.MonkeyPatch, common: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing is reported, and sums are written of what is there."""
    package = tool(monkeypatch, "package")

    def build() -> list[Path]:
        made = Path(common.DIST) / "made.whl"
        made.write_bytes(b"wheel")
        return [made]

    monkeypatch.setattr(package, "windows_python", lambda: None)
    monkeypatch.setattr(package, "BUILDERS", dict.fromkeys(("exe", "setup", "wheel"), build))
    assert package.main(["all"]) == 0
    assert capsys.readouterr().out.count("NOT BUILT") == 2
    sums = (Path(common.DIST) / "SHA256SUMS").read_text("utf-8")
    assert sums == f"{hashlib.sha256(b'wheel').hexdigest()}  made.whl\n"


def test_a_package_that_is_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch, common: ModuleType, tmp_path: Path
) -> None:
    """A client that is handed on stays small."""
    package = tool(monkeypatch, "package")
    large = tmp_path / "trio-chat-client-1.0.exe"
    with large.open("wb") as stream:
        stream.truncate(14_000_001)
    with pytest.raises(common.PackageError, match="at most 14000000"):
        package.check_sizes([large])


def test_a_missing_python_for_windows_is_named(
    monkeypatch: pytest.MonkeyPatch, common: ModuleType, tmp_path: Path
) -> None:
    """A wrong directory is an error, not a package that is left out."""
    monkeypatch.setenv("TRIO_CHAT_WINE", str(tmp_path))
    with pytest.raises(common.PackageError, match=r"py.python\.exe"):
        common.windows_python()
    monkeypatch.delenv("TRIO_CHAT_WINE")
    assert (common.windows_python() is None) is (os.name != "nt")


def test_files_have_other_names_in_wine(common: ModuleType) -> None:
    """Its drive Z: is this system."""
    wine = common.Python(["wine", "python.exe"], "windows", "3.11", {})
    assert wine.path(Path("/tmp/Чат")) == r"Z:\tmp\Чат"
    assert common.own_python().path(Path("/tmp")) == str(Path("/tmp"))


def test_an_archive_depends_on_its_files_alone(
    common: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the order nor the times of the files count."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    files = []
    for name in ("b", "a"):
        path = tmp_path / name
        path.write_text(name)
        files.append((path, f"Чат/{name}"))
    common.zip_files(tmp_path / "one.zip", files)
    os.utime(tmp_path / "a", (1, 1))
    common.zip_files(tmp_path / "two.zip", files[::-1])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["Чат/a", "Чат/b"]


def test_the_icon_contains_a_picture(common: ModuleType, tmp_path: Path) -> None:
    """Its table points to a PNG file of the named size."""
    common.make_icon(tmp_path / "x.ico")
    data = (tmp_path / "x.ico").read_bytes()
    reserved, kind, count = struct.unpack("<HHH", data[:6])
    assert (reserved, kind, count) == (0, 1, 1)
    size, start = struct.unpack("<II", data[14:22])
    picture = data[start : start + size]
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (data[6], data[7])


def test_a_build_sees_nothing_of_the_users_python(
    common: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PYTHONPATH would add modules, and a random hash seed would change the bytes."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    made = common.environment(EXTRA="1")
    assert "PYTHONPATH" not in made
    assert made["PYTHONHASHSEED"] == "1"
    assert made["SOURCE_DATE_EPOCH"].isdecimal()
    assert made["EXTRA"] == "1"


def test_the_debian_configuration_names_places_of_its_own(
    common: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Below /etc, the service can write nothing."""
    config = tmp_path / "config.ini"
    config.write_text(tool(monkeypatch, "packaging_debian").config(), "utf-8")
    settings = load(config)
    assert settings.storage.file == Path("/var/lib/trio-chat/trio-chat.db")
    assert settings.logging.file is None


def test_the_debian_unit_reads_the_debian_configuration(
    common: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a user that owns the data also when the service is stopped."""
    unit = tool(monkeypatch, "packaging_debian").unit()
    assert "ExecStart=/usr/bin/trio-chat serve --config /etc/trio-chat/config.ini\n" in unit
    assert "User=trio-chat\n" in unit
    assert "DynamicUser" not in unit
    assert "StateDirectory=trio-chat\n" in unit


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_the_scripts_of_the_debian_package_are_valid(name: str) -> None:
    """A syntax error would leave the package half installed."""
    subprocess.run(["sh", "-n", str(RECIPES / "debian" / name)], check=True)


@pytest.mark.parametrize("has_settings", [True, False])
@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_an_upgrade_leaves_the_settings_to_their_owner(tmp_path: Path, has_settings: bool) -> None:
    """Their mode stays, and a file that was deleted is not missed: dpkg does not bring it back."""
    settings, programs = tmp_path / "config.ini", tmp_path / "bin"
    programs.mkdir()
    for name, line in (
        ("getent", "true"),
        ("install", "true"),
        ("chgrp", '[ -e "$2" ]'),
        ("systemctl", "true"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    if has_settings:
        settings.touch(0o600)
    script = (RECIPES / "debian" / "postinst").read_text("utf-8")
    for path in ("/etc/trio-chat", "/var/lib/trio-chat", "/run/systemd/system"):
        script = script.replace(path, str(tmp_path))
    subprocess.run(
        ["sh", "-c", script, "postinst", "configure", "0.1.0"],
        check=True,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
    )
    assert not has_settings or settings.stat().st_mode & 0o777 == 0o600


def test_what_builds_programs_is_locked() -> None:
    """Another version of PyInstaller makes other bytes."""
    locked = (ROOT / "constraints" / "locked.txt").read_text("ascii")
    for name in ("pyinstaller", "pyinstaller-hooks-contrib", "altgraph", "pefile"):
        assert re.search(rf"^{name}==", locked, re.MULTILINE), name
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert any(line.startswith("pyinstaller>=") for line in groups["package"])


def test_every_library_of_the_project_is_considered_in_the_recipe() -> None:
    """A new dependency is either found by PyInstaller's analysis or named; this makes its author
    decide.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    recipe = (RECIPES / "trio-chat.spec").read_text("utf-8")
    found = {"trio", "outcome", "h11", "ifaddr", "prompt-toolkit", "emoji", "asn1crypto"}
    other_names = {"argon2-cffi": "argon2", "pyopenssl": "OpenSSL"}
    for requirement in project["dependencies"]:
        name = re.match(r"[\w-]+", requirement)
        assert name
        module = other_names.get(name[0], name[0].replace("-", "_"))
        assert name[0] in found or f'"{module}"' in recipe, name[0]


def test_the_set_up_never_replaces_settings() -> None:
    """An update keeps config.ini, and uninstalling deletes no file of the user."""
    script = (RECIPES / "setup.nsi").read_text("utf-8")
    install, uninstall = script.split('Section "Uninstall"')
    assert "/x config.ini" in install
    assert install.index("SetOverwrite off") < install.index('File "${FROM}/config.ini"')
    assert "config.ini" not in "".join(re.findall(r"^\s*Delete .*$", uninstall, re.MULTILINE))
    assert 'RMDir /r "$INSTDIR"' not in uninstall
    assert "RequestExecutionLevel user" in script


def test_the_version_of_packages_is_that_of_the_program(common: ModuleType) -> None:
    """It is read from the source, without importing it."""
    assert common.version() == __version__


def test_sources_are_complete() -> None:
    """Everything that the tests and the builders read is in the sdist."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    included = set(build["targets"]["sdist"]["include"])
    for name in ("run.py", "server.bat", "client.bat", "packaging", "benchmarks", "tools", "tests"):
        assert name in included, name
    assert all((ROOT / name).exists() for name in included)

"""Manifests for Homebrew, winget and Scoop: what their repositories and clients require of them.

The rules are those of the published schemas: version 1.12.0 for winget, draft 7 of Scoop's.
"""

import hashlib
import importlib
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
BASE = "https://forge.example/anna/chat"
VERSION = "3.2.1"
FILES = {
    f"trio_chat-{VERSION}.tar.gz": b"sdist",
    f"trio-chat-portable-{VERSION}.zip": b"portable",
    f"trio-chat-setup-{VERSION}.exe": b"setup",
}
SUMS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
LIBRARIES = {
    "macos": {"apsw": ("https://files.example/apsw-1.tar.gz", "1" * 64)},
    "linux": {
        "apsw": ("https://files.example/apsw-1.tar.gz", "1" * 64),
        "jeepney": ("https://files.example/jeepney-2.tar.gz", "2" * 64),
    },
}
LOCALES = ("en-US", "ru-RU")


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Return the builder, with a release in a directory of its own and without an index."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    common = importlib.import_module("packaging_common")
    module = importlib.import_module("packaging_manifests")
    monkeypatch.setattr(common, "DIST", tmp_path)
    monkeypatch.setattr(module, "version", lambda: VERSION)
    monkeypatch.setattr(module, "locked_sources", LIBRARIES.get)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("TRIO_CHAT_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "SHA256SUMS").write_text("".join(f"{SUMS[name]}  {name}\n" for name in FILES))
    return module


@pytest.fixture
def made(maker: ModuleType, tmp_path: Path) -> dict[str, str]:
    """Return all manifests, by their paths."""
    root = tmp_path / "manifests"
    paths: list[Path] = maker.build_manifests(BASE)
    assert set(paths) == {path for path in root.rglob("*") if path.is_file()}
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


def url(name: str) -> str:
    """Return the address of a file of the release."""
    return f"{BASE}/releases/download/v{VERSION}/{name}"


def winget(made: dict[str, str], kind: str) -> dict[str, str]:
    """Return the keys of a manifest that have a value on their own line."""
    text = made[f"winget/manifests/t/TrioChat/TrioChat/{VERSION}/TrioChat.TrioChat{kind}.yaml"]
    assert text.isascii() or ".locale.ru-RU" in kind
    assert "\t" not in text
    pairs = re.findall(r"^(?:  - |    )?(\w+): (.+)$", text, re.MULTILINE)
    return {key: value.strip('"') for key, value in pairs}


@pytest.mark.parametrize(
    ("kind", "required"),
    [
        ("", "DefaultLocale"),
        (".installer", "InstallerUrl InstallerSha256 Architecture InstallerType"),
        (".locale.en-US", "PackageLocale Publisher PackageName License ShortDescription"),
        (".locale.ru-RU", "PackageLocale"),
    ],
)
def test_winget_requires_some_keys(made: dict[str, str], kind: str, required: str) -> None:
    """All files of a package name it, its version, their own type and the version of the schema."""
    found = winget(made, kind)
    assert set(required.split()) <= set(found)
    assert found["PackageIdentifier"] == "TrioChat.TrioChat"
    assert found["PackageVersion"] == VERSION
    assert found["ManifestVersion"] == "1.12.0"
    types = {"": "version", ".installer": "installer", ".locale.en-US": "defaultLocale"}
    assert found["ManifestType"] == types.get(kind, "locale")


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_for_winget_are_short(made: dict[str, str], locale: str) -> None:
    """At most 256 signs, without a link; and the locale of the file is that of its name."""
    found = winget(made, f".locale.{locale}")
    assert found["PackageLocale"] == locale
    assert 3 <= len(found["ShortDescription"]) <= 256
    text = made[
        f"winget/manifests/t/TrioChat/TrioChat/{VERSION}/TrioChat.TrioChat.locale.{locale}.yaml"
    ]
    tags = re.findall(r"^  - (\S+)$", text, re.MULTILINE)
    assert 0 < len(tags) == len(set(tags)) <= 16
    assert all(len(tag) <= 40 for tag in tags)


def test_winget_installs_the_set_up(made: dict[str, str]) -> None:
    """With the sum of that file, for the user alone, under the key that the set-up registers."""
    found = winget(made, ".installer")
    name = f"trio-chat-setup-{VERSION}.exe"
    assert found["InstallerUrl"] == url(name)
    assert found["InstallerSha256"] == SUMS[name]
    assert found["ReleaseDate"] == "2023-11-14"
    script = (ROOT / "packaging" / "setup.nsi").read_text("utf-8")
    assert f'CurrentVersion\\Uninstall\\{found["ProductCode"]}"' in script
    assert found["Scope"] == "user"
    assert f"SetErrorLevel {found['InstallerReturnCode']}" in script
    publisher = winget(made, ".locale.en-US")["Publisher"]
    assert f'"Publisher" "{publisher}"' in script


def test_scoop_installs_the_folder(made: dict[str, str]) -> None:
    """With its sum, and programs that the folder has."""
    manifest = json.loads(made["scoop/bucket/trio-chat.json"])
    name = f"trio-chat-portable-{VERSION}.zip"
    assert manifest["version"] == VERSION
    assert manifest["architecture"]["64bit"] == {"url": url(name), "hash": SUMS[name]}
    assert set(manifest) >= {"homepage", "license", "description", "checkver", "autoupdate"}
    recipe = (ROOT / "packaging" / "trio-chat.spec").read_text("utf-8")
    for program in (manifest["bin"], *(pair[0] for pair in manifest["shortcuts"])):
        assert f'"{program.removesuffix(".exe")}"' in recipe


def test_scoop_finds_the_next_version(made: dict[str, str]) -> None:
    """By the pattern of today's addresses."""
    manifest = json.loads(made["scoop/bucket/trio-chat.json"])
    current = manifest["architecture"]["64bit"]["url"]
    pattern = manifest["autoupdate"]["architecture"]["64bit"]["url"]
    assert pattern.replace("$version", VERSION) == current
    assert re.search(manifest["checkver"]["regex"], f"/chat/releases/tag/v{VERSION}")
    assert current.startswith(manifest["checkver"]["url"].removesuffix("/latest"))


def test_scoop_keeps_the_database_in_a_directory(made: dict[str, str]) -> None:
    """A link to the file alone would lose the write-ahead log, so the settings name a directory."""
    manifest = json.loads(made["scoop/bucket/trio-chat.json"])
    [[before, after]] = [
        re.findall(r"'([^']+)', '([^']+)'", line)[0]
        for line in manifest["pre_install"]
        if "Replace(" in line
    ]
    assert (ROOT / "config.ini").read_text("utf-8").count(f"\n{before}\n") == 1
    assert after.startswith("file = data/")
    assert {"data", "logs", "config.ini"} == set(manifest["persist"])


def test_homebrew_builds_the_sdist(made: dict[str, str]) -> None:
    """With its sum."""
    formula = made["homebrew/Formula/t/trio-chat.rb"]
    name = f"trio_chat-{VERSION}.tar.gz"
    assert f'  url "{url(name)}"\n  sha256 "{SUMS[name]}"\n' in formula
    assert re.search(r'^  depends_on "python@3\.\d+"$', formula, re.MULTILINE)


def test_homebrew_has_the_rules_of_its_style(made: dict[str, str]) -> None:
    """The description is short, has neither an article nor a full stop, and no line is too long."""
    formula = made["homebrew/Formula/t/trio-chat.rb"]
    description = re.search(r'^  desc "(.+)"$', formula, re.MULTILINE)
    assert description
    assert len(description[1]) <= 80
    assert not re.match(r"(A|An|The) ", description[1])
    assert description[1][-1] != "."
    assert formula.startswith("class TrioChat < Formula\n")
    assert not re.search(r"[ \t]$", formula, re.MULTILINE)
    assert "\n\n\n" not in formula
    openings = re.findall(r"^ *(?:class|def|begin|.* do(?: \|\w+\|)?)\b.*$", formula, re.MULTILINE)
    assert len(openings) == len(re.findall(r"^ *end$", formula, re.MULTILINE))


def test_homebrew_has_every_library(made: dict[str, str]) -> None:
    """Those that only Linux needs are in a block of their own."""
    formula = made["homebrew/Formula/t/trio-chat.rb"]
    assert (
        '  resource "apsw" do\n    url "https://files.example/apsw-1.tar.gz"\n'
        f'    sha256 "{"1" * 64}"\n  end\n'
    ) in formula
    assert '  on_linux do\n    resource "jeepney" do\n' in formula
    assert "extra_packages:   %w[jeepney]" in formula


def test_homebrew_has_a_python_that_is_tested(maker: ModuleType) -> None:
    """The package index shows it, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"Programming Language :: Python :: {maker.HOMEBREW_PYTHON}" in project["classifiers"]


@pytest.mark.parametrize("name", FILES)
def test_a_package_that_differs_from_its_sum_is_refused(
    maker: ModuleType, tmp_path: Path, name: str
) -> None:
    """A manifest with a wrong sum could not be installed."""
    (tmp_path / name).write_bytes(b"other")
    with pytest.raises(maker.PackageError, match="differs from its sum"):
        maker.build_manifests(BASE)


@pytest.mark.parametrize("name", [*FILES, "SHA256SUMS"])
def test_a_release_that_is_not_complete_is_refused(
    maker: ModuleType, tmp_path: Path, name: str
) -> None:
    """The answer names what is to be built."""
    (tmp_path / name).unlink()
    with pytest.raises(maker.PackageError, match="first build"):
        maker.build_manifests(BASE)


def test_no_mark_of_a_template_is_left(made: dict[str, str]) -> None:
    """All values are known."""
    for text in made.values():
        assert not re.search(r"@[A-Z0-9_]+@", text)
        assert "example.org" not in text
        assert text.endswith("\n")


def test_the_address_of_the_project_is_given_or_known(
    maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an argument, by the environment, by the workflow of a forge; else it is a placeholder."""
    assert maker.project_url() == "https://example.org/trio-chat"
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "anna/chat")
    assert maker.project_url() == "https://github.example/anna/chat"
    monkeypatch.setenv("TRIO_CHAT_URL", "https://other.example/chat/")
    assert maker.project_url() == "https://other.example/chat"
    assert maker.project_url(BASE + "/") == BASE


@pytest.mark.parametrize(
    "wrong", ["http://forge.example/a", "forge.example/a", "https://forge.example", 'https://a/"x']
)
def test_another_address_is_refused(maker: ModuleType, wrong: str) -> None:
    """It is written into code."""
    with pytest.raises(ValueError, match="no address"):
        maker.project_url(wrong)


def test_the_command_says_when_the_address_is_missing(
    maker: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A placeholder must not be published."""
    package = importlib.import_module("package")
    assert package.main(["manifests"]) == 0
    assert "NOT READY" in capsys.readouterr().out
    assert package.main(["manifests", "--base", BASE]) == 0
    assert "NOT READY" not in capsys.readouterr().out
    assert package.main(["manifests", "--base"]) == 2
    assert package.main(["manifests", "--base", "nowhere"]) == 1

"""Licences and the bill of materials of packages: complete, and the same for the same commit."""

import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{more}"


def tool(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    """Return a module of tools/."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module(name)


@pytest.fixture
def licences(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module that finds the licences."""
    return tool(monkeypatch, "packaging_licences")


def installed(site: Path, name: str, version: str, more: str = "", text: str = "MIT text") -> None:
    """Write what the installation of a library leaves."""
    directory = site / f"{name.replace('-', '_')}-{version}.dist-info"
    (directory / "licenses").mkdir(parents=True)
    metadata = METADATA.format(name=name, version=version, more=more)
    (directory / "METADATA").write_text(metadata, "utf-8")
    files = ["METADATA"]
    if text:
        (directory / "licenses" / "LICENSE.txt").write_text(text, "utf-8")
        files.append("licenses/LICENSE.txt")
    record = "".join(f"{directory.name}/{file},,\n" for file in files)
    (directory / "RECORD").write_text(record, "utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a directory with the project and some libraries."""
    installed(tmp_path, "trio-chat", "1.0", "Requires-Dist: Trio>=0.27\n")
    installed(
        tmp_path,
        "trio",
        "0.35",
        "License-Expression: MIT OR Apache-2.0\nRequires-Dist: idna; extra == 'x'\n",
    )
    installed(tmp_path, "idna", "3.20", "Classifier: License :: OSI Approved :: BSD License\n")
    installed(tmp_path, "apsw", "3.54.1.0", "License: any\n", "apsw text")
    installed(tmp_path, "pefile", "1")
    return tmp_path


def test_every_library_is_named(licences: ModuleType, site: Path) -> None:
    """With its licence and what it needs; not what only the build needs."""
    found = {library.name: library for library in licences.python_libraries(site)}
    assert set(found) == {"trio", "idna", "apsw", "sqlite"}
    assert found["trio"].licence == "MIT OR Apache-2.0"
    assert found["trio"].needs == ("idna",)
    assert found["idna"].licence == "BSD-3-Clause"
    assert found["apsw"].licence == "Zlib"
    assert found["sqlite"].version == "3.54.1"
    assert licences.needs_of(site, "trio-chat") == ("trio",)


def test_a_library_without_its_licence_is_refused(licences: ModuleType, site: Path) -> None:
    """Its text has to go with each copy."""
    installed(site, "bare", "1", text="")
    with pytest.raises(licences.PackageError, match="bare 1 has no text"):
        licences.python_libraries(site)


def test_a_text_stands_once_under_all_its_libraries(licences: ModuleType, site: Path) -> None:
    """Many libraries have the same."""
    text = licences.third_party(licences.python_libraries(site))
    assert text.count("MIT text") == 1
    assert "idna 3.20 (BSD-3-Clause)\ntrio 0.35 (MIT OR Apache-2.0)\n\nMIT text\n" in text
    assert "apsw text" in text


def test_the_libraries_of_the_page_are_those_of_its_files(licences: ModuleType) -> None:
    """Each vendored file belongs to one of them, and each has a text and an SPDX identifier."""
    found = licences.page_libraries()
    heads = {
        match[1]
        for path in (ROOT / "src/trio_chat/web/vendor").glob("*.js")
        if (match := re.match(r"/\* (\S+ \S+),", path.read_text("utf-8")))
    }
    names = {f"{library.name} {library.version}" for library in found}
    assert heads
    assert heads < names
    assert len(names) == len(heads) + 1  # the names of emoji
    for library in found:
        assert "Permission is hereby granted" in library.texts[0] or "Apache" in library.texts[0]
        assert library.licence in ("MIT", "Apache-2.0")
        assert library.purl.startswith("pkg:npm/")


def test_the_bill_is_the_same_each_time(
    licences: ModuleType, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a random serial number nor the time of the build is in it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    maker = tool(monkeypatch, "packaging_sbom")
    libraries = licences.python_libraries(site) + licences.page_libraries()
    first = maker.bill(libraries, ("trio",))
    assert first == maker.bill(libraries[::-1], ("trio",))
    bill = json.loads(first)
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["timestamp"].startswith("2023-11-14T22:13:20")
    assert bill["metadata"]["component"]["type"] == "application"
    assert {part["purl"] for part in bill["components"]} == {one.purl for one in libraries}
    depends = {entry["ref"]: entry.get("dependsOn", []) for entry in bill["dependencies"]}
    own = depends[bill["metadata"]["component"]["bom-ref"]]
    assert "pkg:pypi/trio@0.35" in own
    assert "pkg:pypi/idna@3.20" not in own
    assert depends["pkg:pypi/trio@0.35"] == ["pkg:pypi/idna@3.20"]


def test_another_set_of_libraries_is_another_bill(
    licences: ModuleType, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The serial number identifies the contents."""
    maker = tool(monkeypatch, "packaging_sbom")
    libraries = licences.python_libraries(site)
    bills = [json.loads(maker.bill(some, ())) for some in (libraries, libraries[1:])]
    assert bills[0]["serialNumber"] != bills[1]["serialNumber"]


def test_the_packages_contain_the_texts() -> None:
    """The recipe adds them to each program, and the set-up removes its copy."""
    recipe = (ROOT / "packaging" / "trio-chat.spec").read_text("utf-8")
    assert '(os.path.join(SPECPATH, "THIRD-PARTY.txt"), "trio_chat")' in recipe
    script = (ROOT / "packaging" / "setup.nsi").read_text("utf-8")
    assert 'Delete "$INSTDIR\\THIRD-PARTY.txt"' in script

"""Libraries that a package contains, with their licences: for THIRD-PARTY.txt and the bill of
materials.

A program contains Python, libraries from the package index, JavaScript of the page, and on Linux
libraries of the system. Their licences ask that the texts go with every copy.
"""

import json
import re
import shutil
import subprocess
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging_common import ROOT, PackageError, Python, run

WEB = ROOT / "src" / "trio_chat" / "web"
THIRD_PARTY = "THIRD-PARTY.txt"
_BUILD_ONLY = {"trio-chat", "altgraph", "macholib", "packaging", "pefile", "setuptools"}
"""The project, and what PyInstaller needs while it runs; its bootloader goes into each program."""
_TEXT = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)([._-].*)?")
_SPDX = {
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-or-later WITH Bootloader-exception",
}
"""Expressions for the classifiers of libraries that declare none."""
_KNOWN = {"apsw": "Zlib"}
"""Licences of libraries whose metadata name none: apsw's is "any OSI approved one"."""
_ROW = re.compile(
    r"\| `(?P<file>[\w.-]+)` \| (?P<name>\S+) \| (?P<version>\S+) \| (?P<licence>\S+) \|"
)
_PYTHON_CODE = """
import json, os, ssl, sys
places = [sys.base_prefix, os.path.dirname(os.__file__)]
paths = [os.path.join(place, "LICENSE.txt") for place in places]
paths.append("/usr/share/doc/python%d.%d/copyright" % sys.version_info[:2])
texts = [open(path, encoding="utf-8").read() for path in paths if os.path.exists(path)]
version = "%d.%d.%d" % sys.version_info[:3]
print(json.dumps([version, ssl.OPENSSL_VERSION.split()[1], (texts or [""])[0]]))
"""


class Library(NamedTuple):
    """Something that a package contains and that others have made.

    Args:
        name: as its own registry has it.
        version: of it.
        licence: an SPDX expression; "" when it is not known.
        texts: of its licence, and notices.
        purl: its address as a package (https://github.com/package-url/purl-spec).
        needs: the names of libraries that it needs.
    """

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    purl: str
    needs: tuple[str, ...] = ()


def normal(name: str) -> str:
    """Return a name as the package index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_libraries(site: Path) -> list[Library]:
    """Return the libraries of a directory into which the project was installed.

    Raises:
        PackageError: one of them has no text of its licence.
    """
    found = {normal(one.name): one for one in distributions(path=[str(site)])}
    wanted = sorted(set(found) - _BUILD_ONLY)
    libraries = [_library(name, found[name], set(wanted)) for name in wanted]
    return [part for library in libraries for part in (library, *_parts(library))]


def _parts(library: Library) -> list[Library]:
    """Return what a library contains and its metadata do not name: apsw contains SQLite."""
    if library.name != "apsw":
        return []
    version = ".".join(library.version.split(".")[:3])
    return [Library("sqlite", version, "blessing", (), f"pkg:generic/sqlite@{version}")]


def needs_of(site: Path, name: str) -> tuple[str, ...]:
    """Return the names of the libraries that an installed project needs."""
    found = {normal(one.name): one for one in distributions(path=[str(site)])}
    return _needs(found[name], set(found) - _BUILD_ONLY)


def _library(name: str, found: Distribution, others: set[str]) -> Library:
    texts = tuple(_texts(found))
    if not texts:
        raise PackageError(f"{found.name} {found.version} has no text of its licence.")
    purl = f"pkg:pypi/{name}@{found.version}"
    return Library(name, found.version, _licence(name, found), texts, purl, _needs(found, others))


def _needs(found: Distribution, others: set[str]) -> tuple[str, ...]:
    names = {normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in found.requires or ()}
    return tuple(sorted(names & others))


def _licence(name: str, found: Distribution) -> str:
    declared = found.metadata.get("License-Expression") or ""
    if declared:
        return str(declared)
    kinds = [
        line.split(" :: ")[-1]
        for line in found.metadata.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    known = " OR ".join(sorted({_SPDX[kind] for kind in kinds if kind in _SPDX}))
    field = (found.metadata.get("License") or "").strip()
    return _KNOWN.get(name) or known or (field if re.fullmatch(r"[\w.-]+", field) else "")


def _texts(found: Distribution) -> list[str]:
    files = [
        file
        for file in found.files or ()
        if file.parts[0].endswith(".dist-info") and _TEXT.fullmatch(file.name)
    ]
    return [file.read_text("utf-8").strip() for file in sorted(files, key=str)]


def page_libraries() -> list[Library]:
    """Return the JavaScript and the data of others that the page contains."""
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    rows = _ROW.finditer((WEB / "vendor" / "README.md").read_text("utf-8"))
    found = {row["name"]: (row["version"], row["licence"]) for row in rows}
    # One text for all of them, which is divided by their underlined names.
    parts = re.split(r"(?m)^(.+)\n=+\n", (WEB / "vendor" / "LICENSES.txt").read_text("utf-8"))
    texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    emoji = lock["node_modules/emojibase-data"]
    found["emojibase-data"] = (emoji["version"], emoji["license"])
    texts["emojibase-data"] = (WEB / "emoji" / "LICENSE.txt").read_text("utf-8")
    return [
        Library(name, *found[name], (texts[name].strip(),), _npm(name, found[name][0]))
        for name in sorted(found)
    ]


def _npm(name: str, version: str) -> str:
    return f"pkg:npm/{name.replace('@', '%40')}@{version}"


def runtime_libraries(python: Python) -> list[Library]:
    """Return the Python that runs the programs, and the OpenSSL that it has.

    Raises:
        PackageError: the Python has no text of its licence.
    """
    shown = run([*python.command, "-c", _PYTHON_CODE], **python.variables)
    version, openssl, text = json.loads(shown[shown.index("[") :])
    if not text:
        raise PackageError(f"{python.command[-1]} has no text of its licence: LICENSE.txt")
    generic = "pkg:generic/"
    return [
        Library("python", version, "PSF-2.0", (text.strip(),), f"{generic}python@{version}"),
        Library("openssl", openssl, "Apache-2.0", (), f"{generic}openssl@{openssl}"),
    ]


def openssl_of_cryptography(python: Python, site: Path) -> Library:
    """Return the OpenSSL that the library `cryptography` contains, which is another one."""
    code = "from cryptography.hazmat.backends.openssl import backend as b"
    code += "; print(b.openssl_version_text())"
    variables = {**python.variables, "PYTHONPATH": python.path(site)}
    shown = run([*python.command, "-c", code], **variables)
    [version] = re.findall(r"OpenSSL (\S+)", shown)
    purl = f"pkg:generic/openssl@{version}?vendored_by=cryptography"
    return Library("openssl", version, "Apache-2.0", (), purl)


def system_libraries(folder: Path) -> list[Library]:
    """Return the packages of Debian whose libraries PyInstaller has copied into a folder."""
    dpkg = shutil.which("dpkg-query")
    if dpkg is None:
        return []
    found = {}
    for path in sorted(folder.rglob("lib*.so*")):
        # The name of a library is enough: no two packages have the same one.
        command = [dpkg, "--search", f"*/{path.name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for name in done.stdout.split(":")[:1]:
            copyright_file = Path("/usr/share/doc", name, "copyright")
            if name and copyright_file.is_file():
                version = run([dpkg, "--show", "--showformat=${Version}", name]).split("\n")[0]
                text = copyright_file.read_text("utf-8").strip()
                found[name] = Library(
                    name, version, "", (text,), f"pkg:deb/debian/{name}@{version}"
                )
    return list(found.values())


def third_party(libraries: list[Library]) -> str:
    """Return the texts of all licences, each once under the names of its libraries."""
    owners: dict[str, list[str]] = {}
    for library in libraries:
        for text in library.texts:
            owners.setdefault(text.replace("\r\n", "\n"), []).append(
                f"{library.name} {library.version}"
                + (f" ({library.licence})" if library.licence else "")
            )
    head = "trio-chat contains the following works of others, under their own licences.\n"
    parts = [f"{'=' * 80}\n" + "\n".join(names) + f"\n\n{text}\n" for text, names in owners.items()]
    return "\n".join([head, *parts])

"""Manifests of a release for Homebrew, winget and Scoop, from SHA256SUMS and the version.

    python3 run.py package manifests --base https://forge.example/owner/trio-chat

The templates are in packaging/manifests. A manifest names each file by its address in a release of
a forge, and by its SHA-256 sum, so the packages themselves must be built, and be in dist/. The
formula for Homebrew also names the sdist of every library, in the version of constraints/: uv asks
the package index for them.
"""

import hashlib
import re
import sys
import time
import tomllib
from pathlib import Path
from typing import NamedTuple

import packaging_common
from packaging_common import EXTRAS, LOCKED, RECIPES, ROOT, WORK, PackageError, epoch, run, version
from project_url import project_url

TEMPLATES = RECIPES / "manifests"
IDENTIFIER = "TrioChat.TrioChat"
"""The name of the package for winget."""
HOMEBREW_PYTHON = "3.14"
"""The Python of formulae, https://docs.brew.sh/Python-for-Formula-Authors."""
_PROVIDED = {"trio-chat", "cryptography"}
"""The project, and what Homebrew has as a formula because it takes long to be built."""
_MARK = re.compile(r"@([A-Z0-9_]+)@")


class Source(NamedTuple):
    """The sdist of a library.

    Args:
        name: of the project on the package index.
        url: of the file.
        sha256: its sum.
        on_linux: whether only Linux needs it.
    """

    name: str
    url: str
    sha256: str
    on_linux: bool


def build_manifests(base: str = "") -> list[Path]:
    """Write all manifests into dist/manifests, as the three repositories have them.

    Args:
        base: the address of the project on its forge; by default see `project_url`.

    Raises:
        PackageError: a package is missing, or differs from its sum.
    """
    values = release_values(project_url(base))
    sources = homebrew_sources()
    values["RESOURCES"] = resource_blocks(sources)
    values["LINUX_ONLY"] = " ".join(source.name for source in sources if source.on_linux)
    target = packaging_common.DIST / "manifests"
    winget = Path("winget/manifests", IDENTIFIER[0].lower(), *IDENTIFIER.split("."), version())
    places = {
        TEMPLATES / "trio-chat.rb": Path("homebrew/Formula/t/trio-chat.rb"),
        TEMPLATES / "trio-chat.json": Path("scoop/bucket/trio-chat.json"),
    }
    places |= {path: winget / path.name for path in sorted((TEMPLATES / "winget").iterdir())}
    made = []
    for template, place in places.items():
        path = target / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fill(template.read_text("utf-8"), values), "utf-8", newline="\n")
        made.append(path)
    return made


def release_values(base: str) -> dict[str, str]:
    """Return what the templates name: the version, addresses and sums.

    Raises:
        PackageError: a package is missing, or differs from its sum.
    """
    files = {
        "SDIST": f"trio_chat-{version()}.tar.gz",
        "PORTABLE": f"trio-chat-portable-{version()}.zip",
        "SETUP": f"trio-chat-setup-{version()}.exe",
    }
    values = {
        "VERSION": version(),
        "HOMEPAGE": base,
        "DATE": time.strftime("%Y-%m-%d", time.gmtime(epoch())),
        "PYTHON": HOMEBREW_PYTHON,
    }
    for name, file in files.items():
        values[f"{name}_URL"] = f"{base}/releases/download/v{version()}/{file}"
        values[f"{name}_SHA256"] = checked_sum(file)
    return values


def checked_sum(file: str) -> str:
    """Return the sum of a package as SHA256SUMS has it.

    Raises:
        PackageError: the package or its sum is missing, or they differ.
    """
    directory = packaging_common.DIST
    sums = directory / packaging_common.SUMS
    known = {}
    if sums.exists():
        pairs = (line.split(maxsplit=1) for line in sums.read_text("utf-8").splitlines() if line)
        known = {name.removeprefix("*"): digest for digest, name in pairs}
    if file not in known or not (directory / file).is_file():
        raise PackageError(
            f"There is no {file}, or not its sum, in {directory}. Manifests name the files of a"
            " release: first build `wheel`, `setup` and `portable`, or copy the release there."
        )
    if hashlib.sha256((directory / file).read_bytes()).hexdigest() != known[file]:
        raise PackageError(f"{directory / file} differs from its sum in {packaging_common.SUMS}.")
    return known[file]


def fill(template: str, values: dict[str, str]) -> str:
    """Return a template with its values, which are named like @VERSION@."""
    return _MARK.sub(lambda found: values[found[1]], template)


def homebrew_sources() -> list[Source]:
    """Return the sdists of all libraries, by name, for macOS and Linux."""
    mac, linux = (locked_sources(platform) for platform in ("macos", "linux"))
    both = linux | mac
    return [Source(name, *both[name], on_linux=name not in mac) for name in sorted(both)]


def locked_sources(platform: str) -> dict[str, tuple[str, str]]:
    """Return the address and the sum of the sdist of each library, by its name.

    Args:
        platform: its name for uv.

    Raises:
        PackageError: a library has no sdist, which Homebrew needs.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    wanted, locked = WORK / "manifests.in", WORK / f"pylock.{platform}.toml"
    wanted.write_text(f"trio-chat{EXTRAS} @ {ROOT.as_uri()}\n", "utf-8")
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config"]
    command += ["--format", "pylock.toml", "--python-platform", platform]
    command += ["--python-version", HOMEBREW_PYTHON, "--constraint", str(LOCKED)]
    run([*command, "--output-file", str(locked), str(wanted)])
    found = {}
    for package in tomllib.loads(locked.read_text("utf-8"))["packages"]:
        if package["name"] in _PROVIDED:
            continue
        if "sdist" not in package:
            raise PackageError(f"{package['name']} {package['version']} has no sdist.")
        found[package["name"]] = (package["sdist"]["url"], package["sdist"]["hashes"]["sha256"])
    return found


def resource_blocks(sources: list[Source]) -> str:
    """Return the sdists as Homebrew has them in a formula."""
    return "\n\n".join(map(_block, sources))


def _block(source: Source) -> str:
    lines = [
        f'resource "{source.name}" do',
        f'  url "{source.url}"',
        f'  sha256 "{source.sha256}"',
        "end",
    ]
    if source.on_linux:
        lines = ["on_linux do", *(f"  {line}" for line in lines), "end"]
    return "\n".join(f"  {line}" for line in lines)

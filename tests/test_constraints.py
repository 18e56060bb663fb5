"""Files of constraints/: today's releases must not break yesterday's checkout.

Every package that an installation can need has an exact version in locked.txt, on every system and
Python; lowest.txt has the versions that pyproject.toml declares as the lowest.
"""

import itertools
import os
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PROJECT["dependency-groups"]
PYTHONS = ("3.11.9", "3.12.9", "3.13.9", "3.14.2", "3.15.0")
SYSTEMS = {
    "Windows": ("win32", "nt"),
    "Linux": ("linux", "posix"),
    "Darwin": ("darwin", "posix"),
}
IS_LOCKED = os.environ.get("TRIO_CHAT_CONSTRAINTS", "locked.txt").endswith("locked.txt")
"""Whether the locked versions are installed; the lowest ones have other requirements."""
EDITABLE_OR_BENCH = {"bench"}
"""A group that no command of run.py installs."""


def environment(system: str, python: str) -> dict[str, str]:
    """Return the values that markers of requirements are compared with (PEP 508)."""
    platform, name = SYSTEMS[system]
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": name,
        "platform_machine": "AMD64" if system == "Windows" else "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": platform,
    }


def read(name: str) -> list[Requirement]:
    """Return the lines of a file of constraints."""
    lines = (ROOT / "constraints" / name).read_text("ascii").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def declared(groups: set[str]) -> list[Requirement]:
    """Return the requirements of the project with its extras, and of dependency groups."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    lists = [PROJECT["project"]["dependencies"], *extras, *(GROUPS[group] for group in groups)]
    return [Requirement(line) for line in itertools.chain.from_iterable(lists)]


def applies(requirement: Requirement, where: dict[str, str], extra: str = "") -> bool:
    """Return whether a requirement is one on a system."""
    return requirement.marker is None or requirement.marker.evaluate(where | {"extra": extra})


def needed(
    groups: set[str], where: dict[str, str], locked: dict[str, Version]
) -> Iterator[Requirement]:
    """Yield all requirements, also those of requirements, as far as these are installed here in
    the version that is locked: another Python may have another version, with other requirements.
    """
    waiting = [one for one in declared(groups) if applies(one, where)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        yield requirement
        name = canonicalize_name(requirement.name)
        for extra in sorted({"", *requirement.extras}):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                if IS_LOCKED and Version(version(name)) != locked.get(name):
                    continue
                further = [Requirement(line) for line in requires(name) or ()]
            except PackageNotFoundError:  # it is one of another system, or of another command
                continue
            waiting += [one for one in further if applies(one, where, extra)]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_package_has_one_exact_version(system: str, python: str) -> None:
    """On this system with this Python, whatever needs it; and one that is allowed."""
    where = environment(system, python)
    locked: dict[str, Version] = {}
    for line in read("locked.txt"):
        if applies(line, where):
            [specifier] = line.specifier
            assert specifier.operator == "=="
            assert canonicalize_name(line.name) not in locked, line
            locked[canonicalize_name(line.name)] = Version(specifier.version)
    for requirement in needed(set(GROUPS) - EDITABLE_OR_BENCH, where, locked):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{requirement}: `python3 run.py lock` or add a line by hand"
        if IS_LOCKED:
            assert requirement.specifier.contains(locked[name], prereleases=True), requirement


def test_what_only_one_system_needs_is_there() -> None:
    """They are not installed on other systems, where the test above could miss them."""
    markers = {canonicalize_name(line.name): str(line.marker or "") for line in read("locked.txt")}
    for name, word in {
        "colorama": "win32",
        "pywin32-ctypes": "win32",
        "pefile": "win32",
        "secretstorage": "linux",
        "jeepney": "linux",
        "macholib": "darwin",
    }.items():
        assert word in markers[canonicalize_name(name)]
    assert {"cffi", "pycparser", "hatchling", "editables"} <= set(markers)


def test_the_lowest_versions_are_those_that_are_declared() -> None:
    """The tests run with them, so a bound that is too low is noticed."""
    where = environment("Linux", PYTHONS[0])
    lowest = {
        canonicalize_name(line.name): line.specifier
        for line in read("lowest.txt")
        if applies(line, where)
    }
    for requirement in declared({"test"}):
        if not applies(requirement, where):
            continue
        [bound] = requirement.specifier
        assert bound.operator == ">="
        [specifier] = lowest[canonicalize_name(requirement.name)]
        assert Version(specifier.version) == Version(bound.version), requirement


def test_every_command_installs_exact_versions() -> None:
    """run.py, which the .bat files start, the image and the builders of packages."""
    assert 'os.path.join(ROOT, "constraints", "locked.txt")' in (ROOT / "run.py").read_text("utf-8")
    for name in ("server.bat", "client.bat"):
        text = (ROOT / name).read_text("utf-8")
        assert "run.py" in text
        assert not re.search(r"\bpip\b", text)
    image = (ROOT / "contrib" / "Dockerfile").read_text("utf-8")
    assert "-c /src/constraints/locked.txt" in image
    for name in ("packaging_common", "packaging_offline", "packaging_manifests"):
        text = (ROOT / "tools" / f"{name}.py").read_text("utf-8")
        assert text.count('"--constraint", str(LOCKED)') == 1, name
    assert '"constraints" / "locked.txt"' in (ROOT / "tools" / "release.py").read_text("utf-8")

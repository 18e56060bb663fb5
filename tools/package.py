"""Packages of trio-chat: programs for Windows, a set-up, a Debian package, wheels for use offline.

`python3 run.py package [exe|setup|portable|deb|wheel|offline|sbom|all]` runs
this, and
packaging/README.md explains it. The packages are in dist/, with their SHA-256 sums in SHA256SUMS.
`python3 run.py package manifests` then writes the manifests for Homebrew, winget and Scoop.
Programs for Windows are built by Windows itself, or under Wine where TRIO_CHAT_WINE names a Python
for Windows; elsewhere `all` leaves them out. The same commit gives the same bytes.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import packaging_common
from packaging_common import (
    RECIPES,
    ROOT,
    SUMS,
    WORK,
    PackageError,
    Python,
    build_wheel,
    install,
    make_icon,
    own_python,
    run,
    touch_all,
    version,
    windows_python,
    zip_files,
)
from packaging_debian import build_deb
from packaging_licences import (
    THIRD_PARTY,
    page_libraries,
    python_libraries,
    runtime_libraries,
    third_party,
)
from packaging_manifests import build_manifests
from packaging_offline import build_offline
from project_url import PLACEHOLDER, project_url

FOR_WINE = "--for-wine"
MANIFESTS = "manifests"
hooks: list[Path] = []
"""Runtime hooks of PyInstaller for tests."""
_MEGABYTE = 1_000_000
LIMITS = {"trio-chat-client": 14 * _MEGABYTE, "trio-chat-setup": 18 * _MEGABYTE}
"""The most bytes of packages whose size matters to those that hand them on."""


def main(arguments: list[str]) -> int:
    """Build the packages that are named, or all; return the exit code."""
    if MANIFESTS in arguments:
        return manifests(arguments)
    kinds = [argument for argument in arguments if argument != FOR_WINE] or ["all"]
    if FOR_WINE in arguments:
        use_wine()
    unknown = set(kinds) - set(BUILDERS) - {"all"}
    if unknown:
        known = ", ".join([*BUILDERS, "all", MANIFESTS])
        print(f"No such package: {', '.join(sorted(unknown))}; known: {known}")
        return 2
    try:
        wanted = list(BUILDERS) if "all" in kinds else kinds
        if "all" in kinds:
            wanted = [kind for kind in wanted if can_build(kind)]
        packaging_common.DIST.mkdir(parents=True, exist_ok=True)
        built = [path for kind in wanted for path in BUILDERS[kind]()]
        check_sizes(built)
        write_sums()
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    for path in built:
        print(f"{path.stat().st_size / _MEGABYTE:6.1f} MB  {path}")
    return 0


def manifests(arguments: list[str]) -> int:
    """Write the manifests of the release in dist/; return the exit code.

    Args:
        arguments: `manifests`, then `--base` and the address of the project on its forge, if any.
    """
    match arguments:
        case ["manifests"]:
            base = ""
        case ["manifests", "--base", base]:
            pass
        case _:
            print("Usage: run.py package manifests [--base https://forge.example/owner/trio-chat]")
            return 2
    try:
        made = build_manifests(base)
    except (PackageError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(*made, sep="\n")
    if project_url(base) == PLACEHOLDER:
        print(f"NOT READY: they name {PLACEHOLDER}. Give the address of the project with --base.")
    return 0


def use_wine() -> None:
    """Build programs that also run under Wine, for tests, in a directory of their own.

    Nobody may hand them on: see packaging/wine_hook.py.
    """
    packaging_common.DIST = packaging_common.DIST / "wine"
    hooks.append(RECIPES / "wine_hook.py")


def can_build(kind: str) -> bool:
    """Return whether this machine can build a package; report it when it cannot."""
    if kind in ("exe", "setup", "portable") and windows_python() is None:
        print(
            f"NOT BUILT: {kind} needs Windows, or Wine with TRIO_CHAT_WINE (packaging/README.md)."
        )
        return False
    if kind == "setup" and not shutil.which("makensis"):
        print("NOT BUILT: setup needs makensis (NSIS). On Debian and Ubuntu: sudo apt install nsis")
        return False
    if kind == "deb" and not (sys.platform == "linux" and shutil.which("dpkg-deb")):
        print("NOT BUILT: deb needs dpkg-deb, which Debian and Ubuntu have.")
        return False
    return True


def freeze(python: Python, shape: str, marker: str = "") -> Path:
    """Run PyInstaller; return what it has made, a file or a folder.

    Args:
        python: the Python that the program contains.
        shape: `client` or `folder`, see packaging/trio-chat.spec.
        marker: how the program was installed, if it cannot find out by itself.
    """
    wheel = build_wheel()
    words = [python.platform, shape, marker, *(hook.stem for hook in hooks)]
    place = WORK / "-".join(word for word in words if word)
    site = WORK / f"{python.platform}-site"
    tools = ["pyinstaller", "pyinstaller-hooks-contrib"]
    install(python, wheel, site, *tools)
    if shape == "client":
        leave_out_compiled(site / "zeroconf")
    touch_all(site)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    recipe = place / "recipe"
    shutil.copytree(RECIPES / "entries", recipe / "entries")
    shutil.copy(RECIPES / "trio-chat.spec", recipe)
    make_icon(recipe / "trio-chat.ico")
    libraries = python_libraries(site) + runtime_libraries(python) + page_libraries()
    (recipe / THIRD_PARTY).write_text(third_party(libraries), "utf-8", newline="\n")
    variables = {"TRIO_CHAT_SHAPE": shape, "PYTHONPATH": python.path(site)}
    if marker:
        (recipe / "installed-by.txt").write_text(marker + "\n", "ascii")
        variables["TRIO_CHAT_MARKER"] = python.path(recipe)
    variables["PYINSTALLER_CONFIG_DIR"] = python.path(place / "cache")
    for hook in hooks:
        shutil.copy(hook, recipe)
    # Windows separates paths by semicolons, also under Wine.
    separator = ";" if python.platform == "windows" else ":"
    variables["TRIO_CHAT_HOOKS"] = separator.join(python.path(recipe / hook.name) for hook in hooks)
    touch_all(recipe)
    command = [*python.command, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level=WARN"]
    command += ["--distpath", python.path(place / "out"), "--workpath", python.path(place / "work")]
    run([*command, python.path(recipe / "trio-chat.spec")], **{**python.variables, **variables})
    [made] = (place / "out").iterdir()
    return made


def leave_out_compiled(package: Path) -> None:
    """Remove the compiled modules of a package that has each of them in Python, too.

    The one file is unpacked at each start, and a client searches for servers seldom.
    """
    for path in [*package.rglob("*.pyd"), *package.rglob("*.so")]:
        if path.with_name(path.name.partition(".")[0] + ".py").exists():
            path.unlink()


def needed_windows() -> Python:
    """Return the Python for Windows.

    Raises:
        PackageError: there is none.
    """
    python = windows_python()
    if python is None:
        raise PackageError("A program for Windows needs Windows, or TRIO_CHAT_WINE: see packaging/")
    return python


def build_exe() -> list[Path]:
    """Build the client as one file, which is handed on."""
    target = packaging_common.DIST / f"trio-chat-client-{version()}.exe"
    shutil.copyfile(freeze(needed_windows(), "client"), target)
    return [target]


@cache
def folder() -> Path:
    """Build the folder with all programs for Windows, with a config.ini for its user."""
    made = freeze(needed_windows(), "folder")
    # Editors of Windows that know no other line end are still in use.
    text = (ROOT / "config.ini").read_text("utf-8")
    (made / "config.ini").write_text(text, "utf-8", newline="\r\n")
    for name in ("LICENSE", "README.md", "README.ru.md"):
        shutil.copyfile(ROOT / name, made / name)
    shutil.copyfile(made / "_internal" / "trio_chat" / THIRD_PARTY, made / THIRD_PARTY)
    touch_all(made)
    return made


def build_portable() -> list[Path]:
    """Build the folder as a ZIP file: it runs from wherever it is unpacked."""
    made = folder()
    target = packaging_common.DIST / f"trio-chat-portable-{version()}.zip"
    files = [path for path in made.rglob("*") if path.is_file()]
    zip_files(target, [(path, f"trio-chat/{path.relative_to(made).as_posix()}") for path in files])
    return [target]


def build_setup() -> list[Path]:
    """Build the set-up for one user, which needs no rights of an administrator."""
    made = folder()
    target = packaging_common.DIST / f"trio-chat-setup-{version()}.exe"
    icon = WORK / "trio-chat.ico"
    make_icon(icon)
    settings = {"VERSION": version(), "FROM": made, "OUT": target, "ICON": icon}
    given = [f"-D{name}={value}" for name, value in settings.items()]
    run(["makensis", "-V2", "-INPUTCHARSET", "UTF8", *given, str(RECIPES / "setup.nsi")])
    return [target]


def build_wheels() -> list[Path]:
    """Build the wheel and the sdist."""
    # Without further options the wheel is built from the sdist, which shows that it is complete.
    directory = WORK / "archives"
    shutil.rmtree(directory, ignore_errors=True)
    run([sys.executable, "-m", "build", "--outdir", str(directory), str(ROOT)])
    built = []
    for path in sorted(directory.iterdir()):
        target = packaging_common.DIST / path.name
        shutil.copyfile(path, target)
        built.append(target)
    return built


def debian() -> list[Path]:
    """Build the Debian package from a folder with all programs for Linux."""
    return [build_deb(freeze(own_python(), "folder", "deb"))]


def sboms() -> list[Path]:
    """Build the bills of materials."""
    # cyclonedx is not there for the tests of this module.
    from packaging_sbom import build_sboms  # noqa: PLC0415

    return build_sboms()


def check_sizes(built: list[Path]) -> None:
    """Refuse a package that is too large to be handed on.

    Raises:
        PackageError: one is.
    """
    for path in built:
        for name, most in LIMITS.items():
            if path.name.startswith(name) and path.stat().st_size > most:
                raise PackageError(
                    f"{path.name}: {path.stat().st_size} bytes, but at most {most} are allowed."
                )


def write_sums() -> None:
    """Write the sums of all packages in dist/, in the format of sha256sum."""
    directory = packaging_common.DIST
    files = [path for path in sorted(directory.iterdir()) if path.is_file()]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in files
        if path.name != SUMS
    ]
    (directory / SUMS).write_text("".join(lines), "utf-8", newline="\n")


BUILDERS: dict[str, Callable[[], list[Path]]] = {
    "exe": build_exe,
    "setup": build_setup,
    "portable": build_portable,
    "deb": debian,
    "wheel": build_wheels,
    "offline": build_offline,
    "sbom": sboms,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

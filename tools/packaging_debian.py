"""The Debian package: programs in /usr/lib, data in /var/lib, a user and a systemd unit."""

import gzip
import hashlib
import platform
import re
import shutil
from pathlib import Path

import packaging_common
from packaging_common import RECIPES, ROOT, WORK, PackageError, run, touch_all, version
from packaging_licences import THIRD_PARTY, system_libraries, third_party

_RECIPES = RECIPES / "debian"
_CONFIG = "/etc/trio-chat/config.ini"
_STATE = "/var/lib/trio-chat"
CHANGES = {
    "#file = logs/server_log.txt": "file = none",  # the journal has the log
    "#file = trio-chat.db": f"file = {_STATE}/trio-chat.db",
}
"""Lines of config.ini that differ for a server whose data are not beside its configuration."""
CONTROL = """\
Package: trio-chat
Version: {version}
Section: net
Priority: optional
Architecture: {architecture}
Depends: libc6 (>= {glibc}), passwd
Recommends: ca-certificates
Installed-Size: {size}
Maintainer: the trio-chat contributors <trio-chat@localhost>
Description: chat for the terminal, the browser and every IRC client
 A server that speaks IRC and IRCv3, serves a client for the browser on the same port, and keeps the
 history; and a client with a full screen. The package contains the Python and the libraries that
 it needs.
"""


def build_deb(folder: Path) -> Path:
    """Build the package from a folder with all programs; return it.

    Raises:
        PackageError: the configuration no longer has the lines that differ here.
    """
    tree = WORK / "debian"
    shutil.rmtree(tree, ignore_errors=True)
    programs = tree / "usr" / "lib" / "trio-chat"
    shutil.copytree(folder, programs, symlinks=True)
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "usr" / "bin" / "trio-chat").symlink_to("../lib/trio-chat/trio-chat")
    for name in ("trio-chat-client", "trio-chat-server"):  # those are for a double click
        (programs / name).unlink()
    _write(tree / _CONFIG[1:], config())
    _write(tree / "usr/lib/systemd/system/trio-chat.service", unit())
    documents = tree / "usr/share/doc/trio-chat"
    _write(documents / "copyright", (_RECIPES / "copyright").read_text("utf-8") + _licence())
    texts = (folder / "_internal" / "trio_chat" / THIRD_PARTY).read_text("utf-8")
    system = third_party(system_libraries(folder / "_internal"))
    _write(documents / THIRD_PARTY, f"{texts}\n{system}")
    news = (ROOT / "CHANGELOG.md").read_bytes()
    (documents / "changelog.gz").write_bytes(gzip.compress(news, mtime=0))
    _write_control(tree)
    touch_all(tree)
    architecture = run(["dpkg", "--print-architecture"]).strip()
    target = packaging_common.DIST / f"trio-chat_{version()}_{architecture}.deb"
    run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(target)])
    return target


def config() -> str:
    """Return config.ini with absolute paths.

    Raises:
        PackageError: a line that differs here is not in config.ini.
    """
    text = (ROOT / "config.ini").read_text("utf-8")
    for before, after in CHANGES.items():
        if text.count(f"\n{before}\n") != 1:
            raise PackageError(f"config.ini has no line {before!r} any more: see {__file__}")
        text = text.replace(f"\n{before}\n", f"\n{after}\n")
    return text


def unit() -> str:
    """Return the systemd unit of contrib/ with the paths and the user of the package."""
    text = (ROOT / "contrib" / "trio-chat.service").read_text("utf-8")
    body = text[text.index("[Unit]") :]
    changes = {
        "ExecStart=/opt/trio-chat/bin/trio-chat serve": (
            f"ExecStart=/usr/bin/trio-chat serve --config {_CONFIG}"
        ),
        "DynamicUser=yes": "User=trio-chat\nGroup=trio-chat",
    }
    for before, after in changes.items():
        if body.count(before) != 1:
            raise PackageError(f"contrib/trio-chat.service has no {before!r}: see {__file__}")
        body = body.replace(before, after)
    return body


def _licence() -> str:
    lines = (ROOT / "LICENSE").read_text("utf-8").splitlines()
    return "\nLicense: Expat\n" + "".join(f" {line or '.'}\n" for line in lines)


def _write_control(tree: Path) -> None:
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in files) // 1024
    architecture = run(["dpkg", "--print-architecture"]).strip()
    glibc = re.match(r"[\d.]+", platform.libc_ver()[1])
    values = {"version": version(), "architecture": architecture, "size": size}
    control = tree / "DEBIAN"
    _write(control / "control", CONTROL.format(**values, glibc=glibc[0] if glibc else "2.36"))
    _write(control / "conffiles", f"{_CONFIG}\n")
    sums = [
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
        f"  {path.relative_to(tree).as_posix()}\n"
        for path in files
        if f"/{path.relative_to(tree).as_posix()}" != _CONFIG
    ]
    _write(control / "md5sums", "".join(sums))
    for name in ("postinst", "prerm", "postrm"):
        shutil.copyfile(_RECIPES / name, control / name)
        (control / name).chmod(0o755)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")

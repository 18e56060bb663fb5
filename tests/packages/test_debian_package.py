"""The Debian package in a Debian that has nothing else: it installs, chats, and is removed.

TRIO_CHAT_DEB names the package. It is installed in a directory that debootstrap makes, or in that
of TRIO_CHAT_CHROOT, and needs root.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE = 600
TEXT = "Привет 😀 漢字"
CHAT = f"""
cd /tmp
export HOME=$(mktemp -d) # a directory that was used before knows the server of then
trio-chat serve --config /etc/trio-chat/config.ini --host 127.0.0.1 --port 5901 >server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for second in $(seq 60); do grep -q 'listens on' server.log && break; sleep 1; done
(sleep 5; echo '{TEXT}'; sleep 3; echo /quit) |
    trio-chat connect ircs://127.0.0.1:5901 --nick boris >client.log 2>&1
kill -TERM $server
wait $server
echo "the server ended with $?"
cat server.log client.log
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the directory of a Debian, with the package in /tmp."""
    given = os.environ.get("TRIO_CHAT_DEB", "")
    if not given:
        pytest.skip("NOT TESTED: TRIO_CHAT_DEB names no package that `run.py package` has built")
    if os.geteuid():
        pytest.skip("NOT TESTED: another Debian in a directory needs root")
    directory = Path(os.environ.get("TRIO_CHAT_CHROOT") or tmp_path_factory.mktemp("debian"))
    if not (directory / "usr" / "bin" / "dpkg").exists():
        if not shutil.which("debootstrap"):
            pytest.skip("NOT TESTED: debootstrap is missing")
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", str(directory)],
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=True,
        )
    if not (directory / "proc" / "self").exists():
        subprocess.run(["mount", "--bind", "/proc", str(directory / "proc")], check=False)
    shutil.copy(given, directory / "tmp" / "trio-chat.deb")
    yield directory
    subprocess.run(["umount", str(directory / "proc")], check=False)


def inside(root: Path, command: str) -> str:
    """Run a command of the shell in the other Debian; return its output."""
    done = subprocess.run(
        ["chroot", str(root), "/bin/sh", "-c", command],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_package_installs_chats_and_leaves_its_data(root: Path) -> None:
    """From an empty Debian without Python to a message over TLS, and back."""
    inside(root, "dpkg -i /tmp/trio-chat.deb")
    assert "Debian package" in inside(root, "trio-chat --version")
    shown = inside(root, "stat -c '%U %a' /var/lib/trio-chat /etc/trio-chat/config.ini")
    assert shown.split() == ["trio-chat", "700", "root", "640"]
    shown = inside(root, CHAT)
    assert f"[YOU]: {TEXT}" in shown
    assert "the server ended with 0" in shown
    assert "trio-chat has shut down" in shown
    assert (root / "var" / "lib" / "trio-chat" / "trio-chat.db").exists()
    inside(root, "echo '# mine' >>/etc/trio-chat/config.ini && dpkg -i /tmp/trio-chat.deb")
    assert "# mine" in (root / "etc" / "trio-chat" / "config.ini").read_text("utf-8")
    inside(root, "dpkg -r trio-chat")
    assert not (root / "usr" / "bin" / "trio-chat").exists()
    assert (root / "var" / "lib" / "trio-chat" / "trio-chat.db").exists()
    inside(root, "dpkg -P trio-chat")
    assert not (root / "var" / "lib" / "trio-chat").exists()

"""Benchmark of a built client: from the start of its program until it is in the channel.

    python benchmarks/packages.py dist/wine/trio-chat-client-X.exe [--runs N] [--screen]

A server of this checkout is on the same machine, and the client speaks TLS with it. Programs for
Windows run under Wine, with the prefix below TRIO_CHAT_WINE, as in `tests/packages`. The output is
a pipe, or with `--screen` a pseudo-terminal, so that the client draws its full screen. The first
start is not counted: it fills the cache of the disk. The load of the machine stands beside the
figures, because other programs slow a start down.
"""

import argparse
import os
import pty
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

_PATIENCE = 60
_SIGN = b"#lobby"
_CONFIG = (
    "[server]\nhost = 127.0.0.1\nport = 0\n[discovery]\nenabled = no\n[logging]\nfile = none\n"
)


@contextmanager
def server(directory: Path) -> Iterator[str]:
    """Run a server of this checkout; yield its address."""
    (directory / "server.ini").write_text(_CONFIG, "utf-8")
    command = [sys.executable, "-m", "trio_chat", "serve", "--config", "server.ini"]
    with subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if "listens on" in line)
            yield line.rpartition(" ")[2].strip()
        finally:
            process.terminate()
            process.communicate()


def environment() -> dict[str, str]:
    """Return the environment of the client, with the prefix of Wine."""
    wine = {"WINEDEBUG": "-all", "WINEARCH": "win64", "WINEDLLOVERRIDES": "mscoree=;mshtml="}
    prefix = Path(os.environ.get("TRIO_CHAT_WINE", "")).absolute() / "prefix"
    if prefix.is_dir():
        wine["WINEPREFIX"] = str(prefix)
    return {**os.environ, **wine, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


def start(command: list[str], directory: Path, *, screen: bool) -> float:
    """Start the client; return the seconds until it shows the channel, and end it."""
    if screen:
        output, theirs = pty.openpty()
        ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    else:
        output, theirs = os.pipe()
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment(),
        stdin=theirs if screen else subprocess.PIPE,
        stdout=theirs,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    try:
        return _wait_for_sign(output, begin)
    finally:
        # The line client ends with its input. A killed program leaves its parent one behind, which
        # has unpacked it.
        if process.stdin is None:
            os.write(output, b"/quit\r")
        else:
            process.stdin.close()
        _drain(output)
        process.wait(_PATIENCE)
        os.close(output)


def _wait_for_sign(output: int, begin: float) -> float:
    seen = b""
    while _SIGN not in seen:
        if not select.select([output], [], [], _PATIENCE)[0]:
            raise SystemExit(f"{_SIGN!r} was never shown: {seen!r}")
        data = os.read(output, 1 << 16)
        if not data:
            raise SystemExit(f"the client has ended: {seen.decode(errors='replace')}")
        seen += data
    return time.perf_counter() - begin


def _drain(output: int) -> None:
    try:
        while os.read(output, 1 << 16):
            pass
    except OSError:  # the end of a pseudo-terminal
        return


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--screen", action="store_true")
    options = parser.parse_args()
    is_foreign = options.program.suffix == ".exe" and os.name != "nt"
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as place:
        directory = Path(place)
        program = shutil.copy(options.program, directory / options.program.name)
        before = os.getloadavg()[0]
        with server(directory) as address:
            command = [*(["wine"] if is_foreign else []), str(program)]
            command += [f"ircs://{address}", "--nick", "anna"]
            times = [
                start(command, directory, screen=options.screen) for _ in range(options.runs + 1)
            ][1:]
        print(
            f"start to being in the channel, {options.runs} times: at least {min(times):.2f} s,"
            f" median {statistics.median(times):.2f} s, at most {max(times):.2f} s;"
            f" load {before:.1f} before and {os.getloadavg()[0]:.1f} after"
        )


if __name__ == "__main__":
    main()

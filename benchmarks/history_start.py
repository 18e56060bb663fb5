"""Start-up time of `trio-chat serve` of this checkout, until it accepts connections."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

_CONFIG = "[server]\nhost = 127.0.0.1\nport = 0\n[logging]\nfile = none\n[storage]\nfile = {file}\n"


def start_seconds(database: Path | None) -> float:
    """Return the seconds from the start of the process until it listens.

    Args:
        database: the file with its history, or None for a new one.
    """
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as directory:
        config = Path(directory) / "config.ini"
        config.write_text(
            _CONFIG.format(file=database.resolve() if database else "new.db"), encoding="utf-8"
        )
        command = [sys.executable, "-m", "trio_chat", "serve", "--config", str(config)]
        began = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory
        ) as process:
            try:
                assert process.stdout is not None
                said = b""
                while b"listens on" not in said:
                    said = process.stdout.readline()
                    if not said:
                        raise RuntimeError("trio-chat did not start")
                return time.perf_counter() - began
            finally:
                process.terminate()
                process.wait(30)

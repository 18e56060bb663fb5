"""Fixtures of the tests of built programs, loaded by tests/conftest.py."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import built
import programs
import pytest
from built import client_file, unpacked, variables


@pytest.fixture(scope="session")
def wine() -> Iterator[None]:
    """Keep the services of Wine running: the first program would otherwise wait for their start,
    and they would hold its pipes.
    """
    if client_file().suffix != ".exe" or os.name == "nt":
        yield
        return
    environment = {**os.environ, **variables()}
    quiet = subprocess.DEVNULL
    subprocess.run(
        ["wine", "cmd", "/c", "ver"],
        env=environment,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        timeout=built.PATIENCE,
        check=True,
    )
    # `cmd` waits for its input as long as the tests run.
    with subprocess.Popen(
        ["wine", "cmd"], env=environment, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
    ) as keeper:
        yield
        assert keeper.stdin is not None
        keeper.stdin.close()


@pytest.fixture
def exe(wine: None, tmp_path: Path) -> Path:
    """Return the client, with a name and a folder in several scripts."""
    folder = tmp_path / "Чат exe 😀 漢字"
    folder.mkdir()
    return Path(shutil.copy(client_file(), folder / "Клиент 漢.exe"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, which is another one than that of the program; from now on,
    programs have the time that they need under Wine.
    """
    monkeypatch.setattr(programs, "PATIENCE", built.PATIENCE)
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    return directory


@pytest.fixture(scope="module")
def folder(wine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked folder with all programs, with a server for this machine alone."""
    made = unpacked(tmp_path_factory.mktemp("portable"))
    (made / "config.ini").write_text(
        "[server]\nhost = 127.0.0.1\nport = 0\n[discovery]\nenabled = no\n", "utf-8"
    )
    return made

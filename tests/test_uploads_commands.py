"""`trio-chat uploads`: what an administrator sees and removes, beside a running server."""

from pathlib import Path

import pytest
import trio

from trio_chat import cli
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.server.uploads import directory
from trio_chat.storage.maintenance import connected
from trio_chat.storage.uploads import directory_of, every_name, find, removed
from upload_fakes import GUEST, kept_uploads, pieces


def upload(tmp_path: Path) -> str:
    """Upload a file; return its random name."""

    async def main() -> str:
        async with kept_uploads(tmp_path) as kept:
            received = await kept.service.receive(GUEST, "a.txt", pieces(b"hello"), 5)
            return received.upload.name

    return trio.run(main)


class HyphenFirst:
    """Random values as rarely as they come."""

    @staticmethod
    def token_urlsafe(_size: int) -> str:
        """Return a name that begins with a hyphen."""
        return "-" + 21 * "A"


def run(tmp_path: Path, *words: str) -> int:
    """Run a command."""
    return cli.main(["uploads", words[0], "--database", str(tmp_path / "chat.db"), *words[1:]])


def test_files_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One a line, with the address of a guest."""
    name = upload(tmp_path)
    assert run(tmp_path, "list") == OK
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t") == [
        name,
        "2027-01-15T08:00:00Z",
        "5",
        "text/plain",
        "192.0.2.1",
        "a.txt",
    ]


@pytest.mark.parametrize("form", ["{}", "http://192.0.2.9:5000/file/{}/a.txt?size=5"])
def test_a_file_is_removed(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By its name or a link; its bytes, too."""
    name = upload(tmp_path)
    assert run(tmp_path, "remove", form.format(name)) == OK
    assert "was removed" in capsys.readouterr().err
    assert not list(directory_of(tmp_path / "chat.db").iterdir())
    with connected(tmp_path / "chat.db") as connection:
        assert (removed(connection), find(connection, name)) == ([], None)


def test_an_unknown_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is removed, then."""
    name = upload(tmp_path)
    assert run(tmp_path, "remove", name, "x") == FAILED
    assert "x: there is no such file" in capsys.readouterr().err
    assert [one.name for one in directory_of(tmp_path / "chat.db").iterdir()] == [name]


def test_no_new_file_is_named_like_an_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be removed without `--` before its name."""
    monkeypatch.setattr(directory, "secrets", HyphenFirst)
    name = upload(tmp_path)
    assert name == "_" + 21 * "A"
    assert run(tmp_path, "remove", name) == OK
    assert f"{name} was removed" in capsys.readouterr().err


def test_a_file_that_is_named_like_an_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import may have such: it is removed as the help shows it."""
    old = "-" + 21 * "A"
    monkeypatch.setattr(directory, "new_name", lambda: old)
    assert upload(tmp_path) == old
    assert run(tmp_path, "remove", "--", old) == OK
    assert f"{old} was removed" in capsys.readouterr().err


def test_files_without_bytes_are_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others stay."""
    first, second = upload(tmp_path), upload(tmp_path)
    directory = directory_of(tmp_path / "chat.db")
    (directory / first).unlink()
    assert run(tmp_path, "remove", "--missing") == OK
    assert f"{first} was removed" in capsys.readouterr().err
    with connected(tmp_path / "chat.db") as connection:
        assert every_name(connection) == {second}
    assert run(tmp_path, "remove", "--missing") == OK


def test_no_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is an error, with what to do."""
    upload(tmp_path)
    assert run(tmp_path, "remove") == FAILED
    assert "Name the files" in capsys.readouterr().err


def test_the_bytes_go_with_an_account(tmp_path: Path) -> None:
    """Also if no server runs that would delete them; what cannot be deleted is left to one."""
    names = [upload(tmp_path) for _ in range(2)]
    directory = directory_of(tmp_path / "chat.db")
    (directory / names[1]).unlink()
    (directory / names[1]).mkdir()
    with connected(tmp_path / "chat.db") as connection:
        connection.execute(
            "INSERT INTO account VALUES (1, 'ann', 'ann', 1, 'x', x'00', 1, x'00', x'00', 0)"
        )
        connection.execute("UPDATE upload SET account = (SELECT id FROM account)")
    arguments = ["account", "delete", "ann", "--yes", "--database", str(tmp_path / "chat.db")]
    assert cli.main(arguments) == OK
    assert [one.name for one in directory.iterdir()] == [names[1]]
    with connected(tmp_path / "chat.db") as connection:
        assert removed(connection) == [names[1]]

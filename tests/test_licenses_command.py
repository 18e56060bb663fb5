"""`trio-chat licenses`: the texts of a program with libraries in it, or a line without them."""

from pathlib import Path

import pytest

from trio_chat import cli


def test_the_texts_of_the_package_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they are in the file that `run.py package` adds."""
    texts = tmp_path / "THIRD-PARTY.txt"
    texts.write_text("urwid 5.1.0\n\nCopyright © Ян\n", "utf-8")
    monkeypatch.setattr("trio_chat.cli.licenses.TEXTS", texts)
    assert cli.main(["licenses"]) == 0
    assert "Copyright © Ян" in capsys.readouterr().out


def test_without_libraries_there_is_nothing_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are in the same environment, with their own files."""
    monkeypatch.setattr("trio_chat.cli.licenses.TEXTS", tmp_path / "none")
    assert cli.main(["licenses"]) == 0
    assert "MIT licence" in capsys.readouterr().out

"""The version: wherever the documents name it, it is that of the program."""

import re
from datetime import date
from pathlib import Path

import pytest

from trio_chat import __version__

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"trio-chat(?:-(?:client|setup|portable|offline))?[-_ ](\d+\.\d+\.\d+)")


@pytest.mark.parametrize("name", ["README.md", "README.ru.md", "packaging/README.md"])
def test_documents_name_the_version_of_the_program(name: str) -> None:
    """A command that a reader copies names a file that there is."""
    found = NAMED.findall((ROOT / name).read_text("utf-8"))
    assert found
    assert set(found) == {__version__}


def test_the_changelog_begins_with_this_version() -> None:
    """Under its date; what is new since then is in changelog.d."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = re.search(r"^## (\S+) — (\S+)$", text, re.MULTILINE)
    assert first
    assert first[1] == __version__
    date.fromisoformat(first[2])  # raises ValueError
    assert re.search(r"^<!-- towncrier.* -->\n\n## ", text, re.MULTILINE)


def test_every_piece_of_news_says_something() -> None:
    """One without a text would be an empty point in the changelog."""
    pieces = list((ROOT / "changelog.d").glob("*.md"))
    assert [piece.name for piece in pieces if not piece.read_text("utf-8").strip()] == []

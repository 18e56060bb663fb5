"""The description for the package index, which shows README.md without the files beside it."""

import re
from pathlib import Path

import pytest

from hatch_fakes import load_hooks

ROOT = Path(__file__).parent.parent
BASE = "https://forge.example/anna/chat"
INLINE = re.compile(r"!?\[[^\]]*\]\(([^)]+)\)")


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return the names of hatch_build.py."""
    for name in ("TRIO_CHAT_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return load_hooks(monkeypatch)


def described(hooks: dict[str, object]) -> dict[str, object]:
    """Return what the hook adds to the metadata."""
    metadata: dict[str, object] = {}
    hook = hooks["IndexDescriptionHook"]
    assert isinstance(hook, type)
    hook(ROOT).update(metadata)
    return metadata


def text_of(metadata: dict[str, object]) -> str:
    """Return the text of the description."""
    readme = metadata["readme"]
    assert isinstance(readme, dict)
    assert readme["content-type"] == "text/markdown"
    return str(readme["text"])


def test_every_address_is_absolute(
    hooks: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures are the files themselves, links the pages of the forge about them."""
    monkeypatch.setenv("TRIO_CHAT_URL", BASE)
    metadata = described(hooks)
    text = text_of(metadata)
    targets = INLINE.findall(text)
    assert len(targets) > 10
    assert all(target.startswith("https://") for target in targets)
    assert re.search(rf"!\[[^\]]+\]\({re.escape(BASE)}/raw/v[\d.]+/docs/page\.png\)", text)
    assert re.search(rf"\[По-русски\]\({re.escape(BASE)}/blob/v[\d.]+/README\.ru\.md\)", text)
    urls = metadata["urls"]
    assert isinstance(urls, dict)
    assert urls["Homepage"] == BASE


def test_without_an_address_no_link_leads_astray(hooks: dict[str, object]) -> None:
    """The words stay, and the picture is left out."""
    metadata = described(hooks)
    text = text_of(metadata)
    assert "urls" not in metadata
    assert "По-русски" in text
    assert "page.png" not in text
    assert all(target.startswith("https://") for target in INLINE.findall(text))


def test_other_addresses_stay(hooks: dict[str, object]) -> None:
    """Those of the web, of mail, and within the page."""
    absolute = hooks["absolute"]
    assert callable(absolute)
    text = "[a](https://a.example/x) [b](#part) [c](mailto:c@example.org) `x`"
    assert absolute(text, BASE, "1.0") == text
    assert absolute("![two\nlines](docs/a.png)", BASE, "1.0") == (
        f"![two\nlines]({BASE}/raw/v1.0/docs/a.png)"
    )
    assert absolute("[d](docs/d.md#part)", "", "1.0") == "d"


def test_the_file_in_the_repository_stays_relative() -> None:
    """There, its pictures are those of the same commit."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert "](docs/page.png)" in text
    assert (ROOT / "docs" / "page.png").is_file()

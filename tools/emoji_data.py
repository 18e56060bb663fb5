"""Data of the emoji picker, in `src/trio_chat/web/emoji`: what the page needs of emojibase.

    npm ci && python3 tools/emoji_data.py

One file for each language of the page: groups of `[emoji, name, keywords]`. Keywords are those of
Unicode CLDR in that language with the English short codes; skin tones are left out.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from vendor import ROOT, license_text, unpack

EMOJI = ROOT / "src" / "trio_chat" / "web" / "emoji"
LANGUAGES = ("en", "ru")
PACKAGE = "emojibase-data"
COMPONENTS = "component"
EMOJI_PRESENTATION = 1


def main() -> None:
    """Renew the data of all languages."""
    entry = json.loads((ROOT / "package-lock.json").read_text())["packages"][
        f"node_modules/{PACKAGE}"
    ]
    EMOJI.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpack(PACKAGE, entry["version"], entry["integrity"], Path(scratch))
        for language in LANGUAGES:
            text = json.dumps(groups(folder, language), ensure_ascii=False, separators=(",", ":"))
            (EMOJI / f"{language}.json").write_text(text + "\n", "utf-8")
        (EMOJI / "LICENSE.txt").write_text(license_text(PACKAGE, folder), "utf-8")


def groups(folder: Path, language: str) -> list[dict[str, Any]]:
    """Return the groups of one language, in the order of Unicode."""
    names = read(folder, f"{language}/messages.json")["groups"]
    codes = read(folder, "en/shortcodes/github.json")
    found = []
    for group in names:
        rows = [
            row(emoji, codes.get(emoji["hexcode"], ""))
            for emoji in sorted(read(folder, f"{language}/data.json"), key=order)
            if emoji.get("group") == group["order"]
        ]
        if rows and group["key"] != COMPONENTS:
            found.append({"group": group["message"].capitalize(), "rows": rows})
    return found


def order(emoji: dict[str, Any]) -> int:
    """Return the position of an emoji; those without one come last."""
    return int(emoji.get("order", sys.maxsize))


def row(emoji: dict[str, Any], codes: str | list[str]) -> list[str]:
    """Return one row."""
    short = [codes] if isinstance(codes, str) else codes
    words = [*(code.replace("_", " ") for code in short if code), *emoji.get("tags", [])]
    name = emoji["label"].lower()
    keywords = " ".join(dict.fromkeys(word.lower() for word in words if word.lower() != name))
    return [sign(emoji), name, f"{keywords} " if keywords else ""]


def sign(emoji: dict[str, Any]) -> str:
    """Return an emoji as keyboards write it: without a selector (U+FE0F) where an emoji is the
    default presentation, so that reactions of all clients are equal.
    """
    text = str(emoji["emoji"])
    return text.removesuffix("\ufe0f") if emoji["type"] == EMOJI_PRESENTATION else text


def read(folder: Path, name: str) -> Any:
    """Return a JSON file of the package."""
    return json.loads((folder / name).read_text("utf-8"))


if __name__ == "__main__":
    main()

"""Catalogues of the page: the texts of `src/trio_chat/web` in other languages.

    python3 tools/web_catalogue.py

It collects the texts that are marked by `_()`, `N_()` and `plural()`, adds the new ones to
`locale/<language>.po` without a translation, removes those that are gone, and compiles each
catalogue to the JSON file that the page loads. Untranslated texts are named; the exit code is then
1.
"""

import io
import json
import sys
from pathlib import Path

from babel import Locale
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).resolve().parent.parent / "src" / "trio_chat" / "web"
LOCALE = WEB / "locale"
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "plural": (1, 2)}
SOURCES = [("app/**.js", "javascript"), ("sw.js", "javascript")]
DATES = ('"POT-Creation-Date:', '"PO-Revision-Date:')
COUNTS = range(200)
"""Numbers of which at least one has each form of a plural."""


def main() -> None:
    """Renew all catalogues."""
    template = collected()
    missing = 0
    for path in sorted(LOCALE.glob("*.po")):
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.write_text(written(catalogue), "utf-8")
        path.with_suffix(".json").write_text(compiled(catalogue), "utf-8")
        for text in untranslated(catalogue):
            print(f"{path.name}: not translated: {text}")
            missing += 1
    sys.exit(1 if missing else 0)


def read(path: Path) -> Catalog:
    """Return a catalogue as it is written."""
    with path.open("rb") as stream:
        return read_po(stream, locale=path.stem)


def written(catalogue: Catalog) -> str:
    """Return a catalogue as text, without the dates in its header: they would differ, and conflict,
    after each run.
    """
    stream = io.BytesIO()
    write_po(stream, catalogue, width=100, no_location=True)
    lines = stream.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(DATES))


def collected() -> Catalog:
    """Return the texts of the page, in the order of the files."""
    catalogue = Catalog(project="trio-chat")
    for _file, _line, text, _comments, _context in sorted(
        extract_from_dir(WEB, SOURCES, keywords=KEYWORDS),
        key=lambda found: (found[0], found[1]),
    ):
        catalogue.add(text)
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the texts without a translation in all forms that is beyond doubt."""
    return [
        key(message)
        for message in catalogue
        if message.id and (message.fuzzy or not all(forms(message)))
    ]


def key(message: Message) -> str:
    """Return the text under which the page looks a message up."""
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> list[str]:
    """Return the translations of a message."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ("",))


def compiled(catalogue: Catalog) -> str:
    """Return a catalogue as JSON: its texts, and the form of each category of plurals."""
    texts = {
        key(message): message.string if isinstance(message.string, str) else list(message.string)
        for message in sorted(catalogue, key=key)
        if message.id and message.string and not message.fuzzy
    }
    locale = Locale.parse(str(catalogue.locale))
    plurals = {locale.plural_form(count): form(catalogue, count) for count in COUNTS}
    return (
        json.dumps(
            {"language": locale.language, "plurals": plurals, "texts": texts},
            ensure_ascii=False,
            indent=0,
        )
        + "\n"
    )


def form(catalogue: Catalog, count: int) -> int:
    """Return the number of a plural form, by the expression in the header of the catalogue."""
    from gettext import c2py  # noqa: PLC0415  only this function of it

    return int(c2py(catalogue.plural_expr)(count))


if __name__ == "__main__":
    main()

"""Catalogues of the page: the texts of `src/trio_chat/web` in other languages.

    python3 tools/web_catalogue.py

It collects the texts that are marked by `_()`, `N_()` and `plural()`, adds the new ones to
`locale/<language>.po` without a translation, removes those that are gone, and compiles each
catalogue to the JSON file that the page loads. A part of the page that few people load has
catalogues of its own, `locale/<part>/<language>.po`. Untranslated texts are named; the exit code is
then 1.
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
PARTS = {"admin": ("app/admin/", "app/views/admin/")}
"""Parts with catalogues of their own, by the directories of their modules."""
DATES = ('"POT-Creation-Date:', '"PO-Revision-Date:')
COUNTS = range(200)
"""Numbers of which at least one has each form of a plural."""


def main() -> None:
    """Renew all catalogues."""
    missing = 0
    for part in ("", *PARTS):
        template = collected(part)
        for path in sorted((LOCALE / part).glob("*.po")):
            missing += renew(path, template)
    sys.exit(1 if missing else 0)


def renew(path: Path, template: Catalog) -> int:
    """Renew one catalogue and compile it; return how many texts have no translation."""
    catalogue = read(path)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path.write_text(written(catalogue), "utf-8")
    path.with_suffix(".json").write_text(compiled(catalogue), "utf-8")
    missing = untranslated(catalogue)
    for text in missing:
        print(f"{path.relative_to(LOCALE)}: not translated: {text}")
    return len(missing)


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


def collected(part: str) -> Catalog:
    """Return the texts of a part of the page, in the order of the files; "" for all other parts."""
    catalogue = Catalog(project="trio-chat")
    for file, _line, text, _comments, _context in sorted(
        extract_from_dir(WEB, SOURCES, keywords=KEYWORDS),
        key=lambda found: (found[0], found[1]),
    ):
        if part_of(file) == part:
            catalogue.add(text)
    return catalogue


def part_of(file: str) -> str:
    """Return the part of the page that a module belongs to; "" for the page itself."""
    path = Path(file).as_posix()
    return next((part for part, begins in PARTS.items() if path.startswith(begins)), "")


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

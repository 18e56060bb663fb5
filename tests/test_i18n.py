"""Languages: their choice, and the completeness of the Russian catalogue."""

import ast
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from trio_chat import i18n
from trio_chat.i18n import _, install, ngettext

SOURCES = Path(i18n.__file__).parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "ngettext": (1, 2)}
PO = i18n.LOCALE_DIR / "ru" / "LC_MESSAGES" / "trio_chat.po"
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """Leave English behind for the other tests."""
    yield
    install("en")


@cache
def russian() -> Catalog:
    """Return the catalogue as it is written."""
    with PO.open("rb") as stream:
        return read_po(stream, locale="ru")


@cache
def extracted() -> dict[str, str | tuple[str, ...]]:
    """Return every text marked in the sources, by its singular."""
    found = {}
    for _file, _line, text, _comments, _context in extract_from_dir(
        SOURCES, [("**.py", "python")], keywords=KEYWORDS
    ):
        found[text if isinstance(text, str) else text[0]] = text
    return found


def texts(message: Message) -> list[str]:
    """Return the translations of a message."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def placeholders(text: str) -> set[str]:
    """Return what stands in braces."""
    return set(re.findall(r"\{[^}]*\}", text))


def test_every_text_is_translated() -> None:
    """Every marked text is in the catalogue, translated in all its forms, and nobody doubts it."""
    catalogue = russian()
    missing = []
    for singular in extracted():
        message = catalogue.get(singular)
        if message is None or message.fuzzy or not all(texts(message)):
            missing.append(singular)
    assert not missing, "translate these, as the header of trio_chat/i18n.py tells"


def test_nothing_is_left_over() -> None:
    """No text in the catalogue has gone from the sources."""
    known = extracted()
    ids = [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in russian()
        if message.id
    ]
    assert [singular for singular in ids if singular not in known] == []


def test_placeholders_are_the_same() -> None:
    """A translation names what its text names, in every form."""
    for message in russian():
        if message.id:
            singular = message.id if isinstance(message.id, str) else message.id[1]
            assert {frozenset(placeholders(text)) for text in texts(message)} == {
                frozenset(placeholders(singular))
            }, singular


def test_compiled_form_is_fresh() -> None:
    """The .mo file is the compiled .po file."""
    compiled = io.BytesIO()
    write_mo(compiled, russian())
    compiled.seek(0)
    with PO.with_suffix(".mo").open("rb") as stream:
        fresh, there = read_mo(compiled), read_mo(stream)
    assert {str(m.id): m.string for m in there if m.id} == {
        str(m.id): m.string for m in fresh if m.id
    }
    assert there.plural_forms == fresh.plural_forms


@pytest.mark.parametrize(
    ("environment", "languages"),
    [
        ({"LANG": "ru_RU.UTF-8"}, ["ru_RU.UTF-8"]),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU"}, ["ru_RU"]),
        ({"LANG": "ru", "LC_ALL": "C"}, ["C"]),
        ({"LANG": "en", "LC_ALL": "en", "LANGUAGE": "de:ru"}, ["de", "ru"]),
    ],
)
def test_locale_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], languages: list[str]
) -> None:
    """LANGUAGE before LC_ALL before LC_MESSAGES before LANG, as gettext documents."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert i18n.preferred() == languages


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Сервер отключился"),
        ("ru_RU.UTF-8", "Сервер отключился"),
        ("ru-RU", "Сервер отключился"),
        ("en", "The server has shut down"),
        ("xx", "The server has shut down"),
        ("../ru", "The server has shut down"),
    ],
)
def test_install(language: str, text: str) -> None:
    """A language may be written with its country and character set; one without a catalogue means
    English.
    """
    install(language)
    assert _("The server has shut down") == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 канал."), (2, "2 канала."), (5, "5 каналов."), (11, "11 каналов."), (21, "21 канал.")],
)
def test_russian_plurals(number: int, text: str) -> None:
    """Russian has three forms for whole numbers."""
    install("ru")
    assert ngettext("{count} channel.", "{count} channels.", number).format(count=number) == text


def test_english_costs_nothing() -> None:
    """English opens no catalogue and does not import the standard gettext."""
    program = (
        "import sys; from trio_chat.i18n import _, install; install('en'); _('x');"
        " sys.exit('gettext' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=SOURCES.parent, check=False).returncode
        == 0
    )


def test_no_text_hides_in_a_formatted_one() -> None:
    """Before Python 3.12 the inside of an f-string cannot be looked into, so what is marked there
    would not be found.
    """
    hidden = [
        f"{file.name}:{call.lineno}"
        for file in SOURCES.rglob("*.py")
        for text in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in KEYWORDS
        and _is_marked(call)
    ]
    assert not hidden


def _is_marked(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)

"""The catalogues of the page: every text is translated, and the compiled form is fresh."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages import Catalog, Message

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "src" / "trio_chat" / "web" / "locale"
HOW = "run tools/web_catalogue.py"


def tool() -> ModuleType:
    """Return the module of the tool, which is no part of a package."""
    spec = importlib.util.spec_from_file_location(
        "web_catalogue", ROOT / "tools" / "web_catalogue.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()
LANGUAGES = sorted(path.stem for path in LOCALE.glob("*.po"))


def catalogue(language: str) -> Catalog:
    """Return a catalogue as it is written."""
    found = TOOL.read(LOCALE / f"{language}.po")
    assert isinstance(found, Catalog)
    return found


def messages(language: str) -> list[Message]:
    """Return the messages of a catalogue."""
    return [message for message in catalogue(language) if message.id]


def names(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"\{\w+\}", text))


def test_russian_is_there() -> None:
    """The page speaks Russian."""
    assert "ru" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    """Every marked text is in the catalogue with all its forms, and none is in doubt."""
    known = catalogue(language)
    missing = [TOOL.key(each) for each in TOOL.collected() if each.id and each.id not in known]
    assert not missing, HOW
    assert not TOOL.untranslated(known), HOW


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_over(language: str) -> None:
    """No text in the catalogue has gone from the page."""
    marked = TOOL.collected()
    assert [TOOL.key(each) for each in messages(language) if each.id not in marked] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_braces_are_those_of_the_text(language: str) -> None:
    """A translation fills in what its text fills in, in every form."""
    for message in messages(language):
        text = message.id if isinstance(message.id, str) else message.id[1]
        for form in TOOL.forms(message):
            assert names(form) == names(text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_form_is_fresh(language: str) -> None:
    """The JSON file is the compiled catalogue."""
    compiled = json.loads((LOCALE / f"{language}.json").read_text("utf-8"))
    assert compiled == json.loads(TOOL.compiled(catalogue(language))), HOW


def test_forms_of_plurals_have_their_categories() -> None:
    """The categories of Unicode CLDR, which browsers use, lead to gettext's forms."""
    plurals = json.loads(TOOL.compiled(catalogue("ru")))["plurals"]
    assert plurals == {"one": 0, "few": 1, "many": 2}

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
CATALOGUES = [
    *LANGUAGES,
    *(f"{part}/{language}" for part in TOOL.PARTS for language in LANGUAGES),
]


def catalogue(name: str) -> Catalog:
    """Return a catalogue as it is written."""
    found = TOOL.read(LOCALE / f"{name}.po")
    assert isinstance(found, Catalog)
    return found


def messages(name: str) -> list[Message]:
    """Return the messages of a catalogue."""
    return [message for message in catalogue(name) if message.id]


def marked(name: str) -> Catalog:
    """Return the texts that a catalogue has to have."""
    found = TOOL.collected(name.rpartition("/")[0])
    assert isinstance(found, Catalog)
    return found


def names(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"\{\w+\}", text))


def test_russian_is_there() -> None:
    """The page speaks Russian."""
    assert "ru" in LANGUAGES


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_text_is_translated(name: str) -> None:
    """Every marked text is in the catalogue with all its forms, and none is in doubt."""
    known = catalogue(name)
    missing = [TOOL.key(each) for each in marked(name) if each.id and each.id not in known]
    assert not missing, HOW
    assert not TOOL.untranslated(known), HOW


@pytest.mark.parametrize("name", CATALOGUES)
def test_nothing_is_left_over(name: str) -> None:
    """No text in the catalogue has gone from the page."""
    known = marked(name)
    assert [TOOL.key(each) for each in messages(name) if each.id not in known] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_names_in_braces_are_those_of_the_text(name: str) -> None:
    """A translation fills in what its text fills in, in every form."""
    for message in messages(name):
        text = message.id if isinstance(message.id, str) else message.id[1]
        for form in TOOL.forms(message):
            assert names(form) == names(text), text


@pytest.mark.parametrize("name", CATALOGUES)
def test_compiled_form_is_fresh(name: str) -> None:
    """The JSON file is the compiled catalogue."""
    compiled = json.loads((LOCALE / f"{name}.json").read_text("utf-8"))
    assert compiled == json.loads(TOOL.compiled(catalogue(name))), HOW


def test_forms_of_plurals_have_their_categories() -> None:
    """The categories of Unicode CLDR, which browsers use, lead to gettext's forms."""
    plurals = json.loads(TOOL.compiled(catalogue("ru")))["plurals"]
    assert plurals == {"one": 0, "few": 1, "many": 2}

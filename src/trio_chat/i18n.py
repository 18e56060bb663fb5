"""Translation of user-visible texts: English in the source, other languages in gettext catalogues.

A catalogue is `locale/<language>/LC_MESSAGES/trio_chat.po`. `_` looks a text up when it is called,
so a module may import it before the language is known. English opens no file and does not import
the standard gettext. A text in a table at module level is marked with `N_`, and passed to `_` where
it is shown.

After changing a text run these commands (tests/test_i18n.py checks the results of the last two):

    python -m babel.messages.frontend extract -k N_ -k ngettext:1,2 --no-location \\
        -o trio_chat.pot src/trio_chat
    python -m babel.messages.frontend update -D trio_chat -i trio_chat.pot \\
        -d src/trio_chat/locale --no-fuzzy-matching
    # translate the empty texts in src/trio_chat/locale/ru/LC_MESSAGES/trio_chat.po
    python -m babel.messages.frontend compile -D trio_chat -d src/trio_chat/locale
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

DOMAIN = "trio_chat"
LOCALE_DIR = Path(__file__).with_name("locale")
SOURCE_LANGUAGE = "en"

_catalogue: "NullTranslations | None" = None
_chosen = False
_spoken: "ContextVar[tuple[NullTranslations | None] | None]" = ContextVar("spoken", default=None)
"""The catalogue that a task speaks by, as the only item; None for that of the process."""


def install(language: str = "") -> None:
    """Choose the language of all texts from now on.

    Args:
        language: such as `ru` or `ru_RU.UTF-8`; "" for that of the locale. A language without a
            catalogue selects English.
    """
    global _catalogue, _chosen  # noqa: PLW0603  one process speaks one language to its user
    _catalogue = _load([language] if language else preferred())
    _chosen = True


def preferred() -> list[str]:
    """Return the preferred languages of the user, from the environment or Windows, best first."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return value.split(":")
    return _windows_language()


def _windows_language() -> list[str]:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  only Windows asks this way
        import locale  # noqa: PLC0415

        name = locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage())
        return [name] if name else []
    return []


def load(language: str) -> None:
    """Have the catalogue of a language in memory, so that `speaking` reads no file."""
    _catalogue_of(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have the texts of this task, and of those that it starts, in a language in the block."""
    token = _spoken.set((_catalogue_of(language),))
    try:
        yield
    finally:
        _spoken.reset(token)


@cache
def _catalogue_of(language: str) -> "NullTranslations | None":
    return _load([language])


def _load(languages: list[str]) -> "NullTranslations | None":
    for language in languages:
        code = (
            language.partition(".")[0].partition("@")[0].replace("-", "_").partition("_")[0].lower()
        )
        if code in (SOURCE_LANGUAGE, "c", "posix"):
            return None
        file = LOCALE_DIR / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
        if code.isalpha() and file.is_file():
            from gettext import GNUTranslations  # noqa: PLC0415  English does without

            with file.open("rb") as stream:
                return GNUTranslations(stream)
    return None


def _current() -> "NullTranslations | None":
    spoken = _spoken.get()
    if spoken is not None:
        return spoken[0]
    if not _chosen:
        install()
    return _catalogue


def language() -> str:
    """Return the code of the language that texts are in."""
    catalogue = _current()
    return catalogue.info().get("language", SOURCE_LANGUAGE) if catalogue else SOURCE_LANGUAGE


def gettext(message: str) -> str:
    """Return a text in the user's language."""
    catalogue = _current()
    return catalogue.gettext(message) if catalogue and message else message


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the plural form of a text for a number, in the user's language."""
    catalogue = _current()
    if catalogue:
        return catalogue.ngettext(singular, plural, number)
    return singular if number == 1 else plural


def N_(message: str) -> str:  # noqa: N802  the customary name, which extraction looks for
    """Mark a text for translation where it stands; `_` translates it where it is shown."""
    return message


_ = gettext

"""Descriptions of allowed values, in the language of the user.

The tables of keys are made when their modules are imported, before the language is known, so a
description is translated when it is shown.
"""

from trio_chat.i18n import _


class Description:
    """A text that `str` and `format` translate.

    Args:
        template: the text, marked by `N_`, with the names of its values in braces.
        values: the values; another description is translated, too, and a word stays as it is.
    """

    def __init__(self, template: str, **values: object) -> None:
        self._template = template
        self._values = values

    def __str__(self) -> str:
        return _(self._template).format(**self._values)

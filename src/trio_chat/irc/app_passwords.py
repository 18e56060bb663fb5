"""The form of app passwords, which a server makes and a client recognises: it is proved by SASL
PLAIN only, since a server that keeps one hash of each cannot know which one SCRAM is about.
"""

import re
from typing import Final

ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters and digits that are not mistaken for each other: five bits for each."""
GROUPS, GROUP = 5, 5
"""Groups of a password, and characters of a group."""
_FORM: Final = re.compile(
    rf"[{ALPHABET}]{{{GROUP}}}(?:-[{ALPHABET}]{{{GROUP}}}){{{GROUPS - 1}}}",
    re.IGNORECASE | re.ASCII,
)


def has_form(password: str) -> bool:
    """Return whether a password may be an app password, in whatever case: telephones begin what is
    typed with a capital.
    """
    return _FORM.fullmatch(password) is not None

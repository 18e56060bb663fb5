"""The texts of argparse in the language of the user.

argparse looks its texts up with a function of its module, which takes them from the catalogues of
the system unless another function takes its place.
"""

import argparse

from trio_chat.i18n import N_, gettext

TEXTS = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("not allowed with argument %s"),
    N_("unrecognized arguments: %s"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("ignored explicit argument %r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("expected one argument"),
    N_("expected at most one argument"),
    N_("expected at least one argument"),
)
"""Those that users can see. Texts of other versions of Python stay English."""


def translate() -> None:
    """Have argparse look its texts up in the catalogue of this program, from now on."""
    argparse._ = gettext  # type: ignore[attr-defined]

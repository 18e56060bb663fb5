"""Sphinx configuration of the documentation site: `python3 run.py docs`.

The sources are the Markdown files of the repository, where they are, so that a link works in the
repository as well as on the site. The pages of the API are written from docstrings.
"""

import importlib
import pkgutil
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

ROOT = Path(__file__).parent.parent

project = "trio-chat"
author = "the authors of trio-chat"
copyright = author  # noqa: A001  # the name that Sphinx reads
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
root_doc = "README"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/decisions/*.md",
    "docs/api/*.rst",
    "benchmarks/*.md",
    "changelog.d/README.md",
    "packaging/README.md",
]
html_theme = "furo"
html_title = "trio-chat"
myst_heading_anchors = 4  # as a forge makes them
myst_links_external_new_tab = False
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
API = (
    "trio_chat.bot",
    "trio_chat.irc",
    "trio_chat.client.session",
)

# The README has no table of contents, because a forge would show the directive as text.
CONTENTS = """

```{toctree}
:hidden:
:caption: Use

docs/features
docs/client
docs/login
docs/sso
docs/bots
docs/calls
docs/translation
docs/moderation
docs/agents
docs/webhooks
docs/admin-page
docs/api
docs/archive
docs/operations
docs/cluster
docs/import-export
docs/performance
SECURITY
CHANGELOG
```

```{toctree}
:hidden:
:caption: Develop

CONTRIBUTING
docs/tour
docs/decisions/README
docs/protocol
docs/conformance
benchmarks/README
changelog.d/README
packaging/README
CODE_OF_CONDUCT
```

```{toctree}
:hidden:
:caption: Import

docs/api/trio_chat.bot
docs/api/trio_chat.irc
docs/api/trio_chat.client.session
```

```{toctree}
:hidden:
:caption: По-русски

README.ru
docs/features.ru
docs/client.ru
```
"""

DECISIONS = """

```{toctree}
:hidden:
:glob:

[!R]*
```
"""


def add_contents(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Append the tables of contents to the pages that list others."""
    if docname == root_doc:
        source[0] += CONTENTS
    if docname == "docs/decisions/README":
        source[0] += DECISIONS


def write_api(_app: Sphinx, _config: Config) -> None:
    """Write a page for each module of the API, so that a new module has one without an entry."""
    pages = ROOT / "docs" / "api"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir()
    for package in API:
        paths = importlib.import_module(package).__path__
        found = pkgutil.walk_packages(paths, f"{package}.")
        modules = [module.name for module in found if module.name.rpartition(".")[2][0] != "_"]
        for name in (package, *modules):
            text = f"{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n"
            if name == package:  # what it imports is on the pages of its modules
                text += "   :no-members:\n"
                text += "\n.. toctree::\n   :titlesonly:\n\n"
                text += "".join(f"   {module}\n" for module in modules)
            (pages / f"{name}.rst").write_text(text, "utf-8")


def mark_code(
    _app: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Mark up a docstring: a name in single backticks is code, and an asterisk is itself."""
    parts = re.split(r"`([^`]+)`", "\n".join(lines))
    parts[0::2] = [re.sub(r"([*|])", r"\\\1", text) for text in parts[0::2]]
    parts[1::2] = [f"``{' '.join(code.split())}``" for code in parts[1::2]]
    lines[:] = "".join(parts).split("\n")


def copy_pictures(app: Sphinx, _error: Exception | None) -> None:
    """Copy the pictures that pages name in HTML, which Sphinx does not read."""
    for picture in (ROOT / "docs").glob("*.svg"):
        shutil.copy(picture, Path(app.outdir) / "docs")
    (Path(app.outdir) / "index.html").write_text(
        '<!doctype html><meta http-equiv="refresh" content="0; url=README.html">', "utf-8"
    )


def setup(app: Sphinx) -> None:
    """Register the hooks."""
    app.connect("config-inited", write_api)
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", mark_code, priority=100)  # before napoleon
    app.connect("build-finished", copy_pictures)

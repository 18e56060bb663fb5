"""Build hooks of hatchling: what a wheel has besides the sources, which are the bundle of the page
(`tools/bundle.py`) and, with `TRIO_CHAT_COMPILE=1`, extension modules (`tools/compiled.py`); and
the description for the package index, which shows README.md without the files beside it.
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")
"""A link or a picture of Markdown whose address is that of a file in the repository."""
_BUNDLE = "trio_chat/web/bundle/app"


class WheelHook(BuildHookInterface[Any]):
    """Adds what is made for a wheel, unless that is an editable one.

    Without esbuild there is no bundle, and extension modules are made only if that was asked for.
    """

    def dependencies(self) -> list[str]:
        """Return what compiling needs; the types of the libraries are a part of it, so all of them
        have the versions with which the types are checked.
        """
        if not _compiles():
            return []
        wanted = {"mypy", "setuptools", *map(_name, self.metadata.core.dependencies)}
        locked = (Path(self.root) / "constraints" / "locked.txt").read_text("utf-8")
        return [line for line in locked.splitlines() if _name(line) in wanted]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make it in a temporary directory."""
        self._directory = Path()
        if version == "editable":
            return
        self._directory = Path(tempfile.mkdtemp(prefix="trio-chat-wheel-"))
        root = Path(self.root)
        bundle = self._make(root / "tools" / "bundle.py")
        if any(bundle.iterdir()):
            build_data["force_include"][str(bundle)] = _BUNDLE
        if _compiles():
            compiled = self._make(root / "tools" / "compiled.py")
            build_data["force_include"][str(compiled)] = ""
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary directory."""
        if self._directory.name:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _make(self, script: Path) -> Path:
        """Run a script for a directory of its own; return that."""
        directory = self._directory / script.stem
        directory.mkdir()
        subprocess.run([sys.executable, str(script), str(directory)], check=True)  # noqa: S603
        return directory


def _name(requirement: str) -> str:
    """Return the name of the package of a requirement, or "" for a comment."""
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _compiles() -> bool:
    return os.environ.get("TRIO_CHAT_COMPILE", "0") not in ("", "0")


class IndexDescriptionHook(MetadataHookInterface):
    """Adds README.md with absolute addresses, and those of the project, to the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Name the files of the version's tag on the forge, if its address is known."""
        root = Path(self.root)
        known = runpy.run_path(str(root / "tools" / "project_url.py"))
        base = known["project_url"]()
        if base == known["PLACEHOLDER"]:
            base = ""
        else:
            metadata["urls"] = {
                "Homepage": base,
                "Changelog": f"{base}/blob/main/CHANGELOG.md",
                "Issues": f"{base}/issues",
            }
        code = (root / "src" / "trio_chat" / "__init__.py").read_text("utf-8")
        [version] = re.findall(r'__version__ = "([^"]+)"', code)
        text = absolute((root / "README.md").read_text("utf-8"), base, version)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def absolute(text: str, base: str, version: str) -> str:
    """Return Markdown without relative addresses.

    Args:
        text: what is in the repository.
        base: the address of the project on its forge; without one, links become plain text, and
            pictures are left out.
        version: the files of its tag are named.
    """

    def replace(found: re.Match[str]) -> str:
        mark, words, target = found.groups()
        if not base:
            return "" if mark else words
        kind = "raw" if mark else "blob"
        return f"{mark}[{words}]({base}/{kind}/v{version}/{target})"

    return _RELATIVE.sub(replace, text)

"""Build hooks of hatchling: the bundle of the page in a wheel, see `tools/bundle.py`; and the
description for the package index, which shows README.md without the files beside it.
"""

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


class PageBundleHook(BuildHookInterface[Any]):
    """Adds the bundle to a wheel, unless that is an editable one or there is no esbuild."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle in a temporary directory."""
        self._directory = ""
        if version == "editable":
            return
        self._directory = tempfile.mkdtemp(prefix="trio-chat-bundle-")
        script = Path(self.root) / "tools" / "bundle.py"
        subprocess.run([sys.executable, str(script), self._directory], check=True)  # noqa: S603
        if any(Path(self._directory).iterdir()):
            build_data["force_include"][self._directory] = "trio_chat/web/bundle/app"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary directory."""
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)


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

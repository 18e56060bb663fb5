"""Build hook of hatchling: the bundle of the page in a wheel, see `tools/bundle.py`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


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

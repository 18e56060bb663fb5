"""hatch_build.py without hatchling, which is there only while the project is built."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent
DEPENDENCIES = ["trio"]


class Interface:
    """What hatchling gives a hook."""

    def __class_getitem__(cls, _kind: object) -> "type[Interface]":
        return cls

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.metadata = SimpleNamespace(core=SimpleNamespace(dependencies=DEPENDENCIES))


def load_hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return the names of hatch_build.py."""
    for name, attribute in (
        ("hatchling.builders.hooks.plugin.interface", "BuildHookInterface"),
        ("hatchling.metadata.plugin.interface", "MetadataHookInterface"),
    ):
        module = ModuleType(name)
        setattr(module, attribute, Interface)
        monkeypatch.setitem(sys.modules, name, module)
    names: dict[str, object] = {"__name__": "hatch_build"}
    exec(compile((ROOT / "hatch_build.py").read_text("utf-8"), "hatch_build.py", "exec"), names)
    return names

"""The two forms of the hot rooms: pure Python, and extension modules of the same source."""

import ast
import importlib
import os
import re
import sys
from dataclasses import is_dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from hatch_fakes import DEPENDENCIES, load_hooks
from trio_chat import installation
from trio_chat.cluster import codec
from trio_chat.server import fanout

ROOT = Path(__file__).parent.parent
IS_EXPECTED = os.environ.get("TRIO_CHAT_FORM", "pure") == "compiled"
"""Whether this run of the tests is one of the compiled form."""


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool that compiles."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("compiled")


def is_extension(source: str) -> bool:
    """Return whether a module is an extension module; it is named by its path below `src`."""
    spec = find_spec(source.removesuffix(".py").replace("/", "."))
    return bool(spec and spec.origin and spec.origin.endswith(tuple(EXTENSION_SUFFIXES)))


def test_the_form_is_the_expected_one() -> None:
    """Tests of the compiled form must not pass because they have run with the other one."""
    assert installation.is_compiled() == IS_EXPECTED


def test_all_modules_have_the_same_form(compiled: ModuleType) -> None:
    """Two forms of a class would be two classes."""
    sources = compiled.sources()
    assert len(sources) > 100
    assert {source for source in sources if is_extension(source)} == set(
        sources if IS_EXPECTED else ()
    )


def test_the_loop_in_c_is_there_where_it_can_be(compiled: ModuleType) -> None:
    """It is made of a file beside the loop in Python, for the systems whose calls it uses."""
    assert (compiled.SOURCE / compiled.FANOUT).exists()
    spec = find_spec(compiled.FANOUT.removesuffix(".c").replace("/", "."))
    assert (spec is not None) == (IS_EXPECTED and sys.platform != "win32")
    used = fanout.send_to_all is not fanout.send_to_all_in_python
    assert used == (spec is not None)


def test_every_exception_is_of_a_module(compiled: ModuleType) -> None:
    """A reason whose module is gone would hold for nothing."""
    assert all(any(compiled.SOURCE.glob(pattern)) for pattern in compiled.PURE)


def test_no_class_that_is_not_compiled_is_derived_from_one_that_is(compiled: ModuleType) -> None:
    """Its instances would be refused where the base is declared."""
    modules = {source.removesuffix(".py").replace("/", ".") for source in compiled.sources()}
    derived = []
    for path in compiled.SOURCE.rglob("*.py"):
        name = path.relative_to(compiled.SOURCE).with_suffix("").as_posix().replace("/", ".")
        if name in modules:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        imported = {
            alias.asname or alias.name: node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        derived += [
            f"{name}: {each.name}"
            for each in ast.walk(tree)
            if isinstance(each, ast.ClassDef)
            for base in each.bases
            if isinstance(base, ast.Name) and imported.get(base.id) in modules
        ]
    assert derived == []


def test_values_in_the_log_of_a_cluster_keep_the_types_of_their_fields(
    compiled: ModuleType,
) -> None:
    """By them they are read; an extension module keeps a type only if it is a plain class."""
    modules = {source.removesuffix(".py").replace("/", ".") for source in compiled.sources()}
    waiting: list[object] = [*codec.ITEMS, *codec.CHANGES.values()]
    seen: set[object] = set()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if not isinstance(kind, type) or get_origin(kind) is not None or kind in seen:
            continue
        seen.add(kind)
        if is_dataclass(kind) or hasattr(kind, "_fields"):
            hints = get_type_hints(kind)
            waiting += hints.values()
            if kind.__module__ in modules:
                assert all(map(is_plain, hints.values())), f"add {kind} to `WRITTEN`"
    assert len(seen) > 100


def is_plain(hint: object) -> bool:
    """Return whether a type is a class, without parameters and other than a named tuple."""
    return (
        isinstance(hint, type)
        and get_origin(hint) is None
        and not hasattr(hint, "_fields")
        and hint is not type
    )


REPLACED = {
    "MAX_CHUNKS",
    "MOST_ADDRESSES",
    "MOST_LETTERS",
    "MOST_MENTIONED",
    "MOST_READS",
    "REQUEST_BURST",
    "WORK_AT_ONCE",
    "WORK_IN_TURN",
    "_MAX_AUTHORS",
    "_MOST",
    "_MOST_USED",
    "_REMEMBERED",
}
"""Constants for which tests put smaller ones."""


def test_constants_are_final(compiled: ModuleType) -> None:
    """Compiled code looks up a variable by its name each time, but not what is final."""
    missing = []
    for source in compiled.sources():
        tree = ast.parse((compiled.SOURCE / source).read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign):
                names = [each.id for each in node.targets if isinstance(each, ast.Name)]
            elif isinstance(node, ast.AnnAssign) and "Final" not in ast.unparse(node.annotation):
                names = [node.target.id] if isinstance(node.target, ast.Name) else []
            else:
                continue
            missing += [
                f"{source}: {name}"
                for name in names
                if re.fullmatch(r"_?[A-Z][A-Z0-9_]+", name) and name not in REPLACED
            ]
    assert missing == []


def test_no_name_has_exceptions_of_two_kinds(compiled: ModuleType) -> None:
    """A compiled function takes the type of the first one for that of all."""
    for source in compiled.sources():
        tree = ast.parse((compiled.SOURCE / source).read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                kinds: dict[str, str] = {}
                for one in ast.walk(function):
                    if isinstance(one, ast.ExceptHandler) and one.name and one.type:
                        kind = ast.unparse(one.type)
                        assert kinds.setdefault(one.name, kind) == kind, (source, function.name)


def test_no_named_tuple_has_a_truth_of_its_own(compiled: ModuleType) -> None:
    """A compiled function asks whether the tuple is empty."""
    for source in compiled.sources():
        for kind in ast.walk(ast.parse((compiled.SOURCE / source).read_text("utf-8"))):
            if isinstance(kind, ast.ClassDef) and "NamedTuple" in map(ast.unparse, kind.bases):
                methods = {one.name for one in kind.body if isinstance(one, ast.FunctionDef)}
                assert not methods & {"__bool__", "__len__"}, (source, kind.name)


@pytest.mark.parametrize(("value", "asks"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_a_wheel_is_compiled_only_if_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, value: str | None, asks: bool
) -> None:
    """Who installs from a checkout needs no compiler."""
    if value is None:
        monkeypatch.delenv("TRIO_CHAT_COMPILE", raising=False)
    else:
        monkeypatch.setenv("TRIO_CHAT_COMPILE", value)
    hook, made, data = build(monkeypatch, "standard")
    assert made == (["bundle.py", "compiled.py"] if asks else ["bundle.py"])
    assert (data.get("pure_python", True), data.get("infer_tag", False)) == (not asks, asks)
    assert ("" in data["force_include"].values()) == asks
    needed = {one.partition("==")[0] for one in hook.dependencies()}
    assert needed == ({*DEPENDENCIES, "mypy", "setuptools"} if asks else set())


def test_an_editable_installation_is_never_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its extension modules would be older than what is edited."""
    monkeypatch.setenv("TRIO_CHAT_COMPILE", "1")
    _, made, data = build(monkeypatch, "editable")
    assert made == []
    assert data == {"force_include": {}}


def build(monkeypatch: pytest.MonkeyPatch, version: str) -> tuple[Any, list[str], dict[str, Any]]:
    """Let the hook prepare a wheel; return it, the scripts that it has run, and its data."""
    names = load_hooks(monkeypatch)
    kind = names["WheelHook"]
    assert isinstance(kind, type)
    hook: Any = kind(ROOT)
    made: list[str] = []

    def make(script: Path) -> Path:
        made.append(script.name)
        directory: Path = hook._directory / script.stem
        directory.mkdir()
        (directory / "made").touch()
        return directory

    monkeypatch.setattr(hook, "_make", make)
    data: dict[str, Any] = {"force_include": {}}
    hook.initialize(version, data)
    hook.finalize(version, data, "")
    return hook, made, data

"""The linter of asynchronous code reads what its slow rules can find something in."""

import ast
import importlib
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent / "tools"
FOUND = {
    "async-without-await": "async def f(): return 1",
    "await-of-another": "async def f():\n    async def g(): await h()\n    return g",
    "await-in-generator": "async def f(): return (await g(x) for x in y)",
    "nested-in-method": "class A:\n    async def f(self):\n        async def g(): 1",
    "yield-in-with": "def f():\n    with a: yield 1",
    "yield-in-async-with": "async def f():\n    async with a:\n        if b: yield 1",
    "yield-with-other-decorator": "@cached\ndef f():\n    with a: yield 1",
    "yield-in-nested-function": "@fixture\ndef f():\n    def g():\n        with a: yield 1",
}
NOTHING = {
    "sync": "def f(): return 1",
    "await": "async def f(): await g()",
    "async-for": "async def f():\n    async for x in y: pass",
    "async-with": "async def f():\n    async with x: pass",
    "async-comprehension": "async def f(): return [x async for x in y]",
    "method": "class A:\n    async def f(self): return 1",
    "yield-outside-with": "def f():\n    with a: pass\n    yield 1",
    "yield-of-another": "def f():\n    with a:\n        def g(): yield 1\n",
    "context-manager": "@contextlib.contextmanager\ndef f():\n    with a: yield 1",
    "fixture-with-options": "@pytest.fixture(autouse=True)\ndef f():\n    with a: yield 1",
}


@pytest.mark.parametrize("name", [*FOUND, *NOTHING])
def test_slow_rules_read_what_they_are_about(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASYNC101 and ASYNC124 are about functions that yield within `with`, or wait for nothing."""
    monkeypatch.syspath_prepend(str(TOOLS))
    lint_async = importlib.import_module("lint_async")
    source = (FOUND | NOTHING)[name]
    assert lint_async.needs_concrete_tree(ast.parse(source)) == (name in FOUND)


def test_a_planted_fault_is_found_once_it_is_not_excused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rules of both trees run, and `noqa` with the code of a rule excuses its line."""
    pytest.importorskip("flake8_async", reason="only the checks have the linter")
    monkeypatch.syspath_prepend(str(TOOLS))
    lint_async = importlib.import_module("lint_async")
    lint_async.choose_rules()
    lines = "async def f():", "    g()", "", "async def g():", "    await f(), trio.sleep(1)"
    faulty = "import trio\n" + "\n".join(lines)
    assert [one.split()[1] for one in lint_async.problems(faulty)] == ["ASYNC124", "ASYNC105"]
    excused = faulty.replace("f():", "f():  # noqa: ASYNC109, ASYNC124", 1)
    assert [one.split()[1] for one in lint_async.problems(excused)] == ["ASYNC105"]

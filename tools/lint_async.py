"""The rules of flake8-async for the project's modules.

    python3 tools/lint_async.py DIRECTORY...

`python3 run.py check` runs this. flake8 itself would take ten minutes of CPU: some rules read a
concrete syntax tree, which is built and walked anew for each of them, and that is nine tenths of
the time. Two of these rules ruff has as well (ASYNC100, and RUF006 for ASYNC300). The others,
ASYNC101 and ASYNC124, are about functions of two shapes. Here they read the files that have such a
function, which the syntax tree of Python shows at once. All other rules read each file.
"""

# ruff: noqa: PLC0415  # the tests use a part of this, and have no flake8-async

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

WORDS = re.compile(r"\b(async|await|trio|anyio|asyncio)\b")
"""Each rule is about one of them."""
EXCUSED = re.compile(r"# noqa: ([A-Z]+[0-9]+(?:[, ]+[A-Z]+[0-9]+)*)")
OPTIONS = ["--disable=ASYNC100,ASYNC300,ASYNC106,ASYNC9", "--disable-noqa"]
"""Besides the rules that ruff has, those that flake8-async itself disables unless it is asked."""
CONTEXT_MANAGERS = {"contextmanager", "asynccontextmanager", "fixture"}
BORDERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)
"""What is awaited in one of these is not awaited by the function around it."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main(directories: list[str]) -> int:
    """Print what the rules find below the directories; return the exit code."""
    choose_rules()
    found = [
        f"{path}:{problem}"
        for directory in directories
        for path in sorted(Path(directory).rglob("*.py"))
        for problem in problems(path.read_text(encoding="utf-8"))
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def choose_rules() -> None:
    """Have flake8-async use the rules of OPTIONS, in this process."""
    from flake8_async import Plugin

    parser = argparse.ArgumentParser()
    Plugin.add_options(parser)
    Plugin.parse_options(parser.parse_args(OPTIONS))


def problems(source: str) -> Iterator[str]:
    """Yield what the rules find in a module, with line and column."""
    from flake8_async import Plugin
    from flake8_async.runner import Flake8AsyncRunner

    if not WORDS.search(source):
        return
    tree = ast.parse(source)
    if needs_concrete_tree(tree):
        found = Plugin.from_source(source).run()
    else:
        found = Flake8AsyncRunner.run(tree, Plugin._options)
    lines = source.splitlines()
    for problem in sorted(found):
        excuse = EXCUSED.search(lines[problem.line - 1])
        if excuse is None or problem.code not in re.split("[, ]+", excuse[1]):
            yield str(problem)


def needs_concrete_tree(tree: ast.Module) -> bool:
    """Return whether a function waits for nothing although it is async, or yields within `with`.

    The first is what ASYNC124 asks of all but methods, the second what ASYNC101 asks of all but
    context managers.
    """
    methods = {
        part for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for part in node.body
    }
    return any(
        (isinstance(node, ast.AsyncFunctionDef) and node not in methods and not waits(node))
        or (not is_context_manager(node) and yields_within_with(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def waits(function: Function) -> bool:
    """Return whether a function itself waits for something."""
    return any(
        isinstance(part, ast.Await | ast.AsyncFor | ast.AsyncWith)
        or (isinstance(part, ast.comprehension) and part.is_async)
        for statement in function.body
        for part in own(statement)
    )


def yields_within_with(function: Function) -> bool:
    """Return whether a function itself yields in the body of a `with`."""
    return any(
        isinstance(part, ast.Yield)
        for statement in function.body
        for block in own(statement)
        if isinstance(block, ast.With | ast.AsyncWith)
        for part in own(block)
    )


def is_context_manager(function: Function) -> bool:
    """Return whether a function has a decorator with which it may yield anywhere."""
    calls = (part.func if isinstance(part, ast.Call) else part for part in function.decorator_list)
    return not CONTEXT_MANAGERS.isdisjoint(ast.unparse(call).split(".")[-1] for call in calls)


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and its parts, except those of functions within it."""
    if not isinstance(node, BORDERS):
        yield node
        for part in ast.iter_child_nodes(node):
            yield from own(part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

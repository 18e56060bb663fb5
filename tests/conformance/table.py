"""Turn the suite's results (JUnit files) into the table of docs/conformance.md: a row a module, a
column a server.

    python tests/conformance/table.py trio-chat=ours.xml Ergo=ergo.xml InspIRCd=inspircd.xml

A cell is what passed of what was tried; what is skipped or fails in the first file is listed below
the table with its reason.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

_PREFIX = "irctest.server_tests."


class Result(NamedTuple):
    """What became of one test; the reason is empty when it passed."""

    module: str
    test: str
    outcome: str
    reason: str


def results(file: Path) -> Iterator[Result]:
    """Read one JUnit file."""
    for case in ElementTree.parse(file).iter("testcase"):
        names = case.get("classname", "").removeprefix(_PREFIX)
        module, _, group = names.rpartition(".")
        problem = next(
            (child for child in case if child.tag in {"failure", "error", "skipped"}), None
        )
        outcome = "passed" if problem is None else problem.tag
        reason = (problem.get("message") or "").strip() if problem is not None else ""
        if problem is not None and problem.get("type") == "pytest.xfail":
            outcome = "expected failure"
        yield Result(
            module.replace(".", "/"),
            f"{group}.{case.get('name')}",
            outcome,
            reason.partition("\n")[0],
        )


def table(columns: dict[str, list[Result]]) -> Iterator[str]:
    """Write the table as Markdown, with the sums first."""
    modules = sorted({result.module for column in columns.values() for result in column})
    yield "| module | " + " | ".join(columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    yield "| **all** | " + " | ".join(f"**{_cell(column)}**" for column in columns.values()) + " |"
    for module in modules:
        cells = [
            _cell([result for result in column if result.module == module])
            for column in columns.values()
        ]
        yield f"| {module} | " + " | ".join(cells) + " |"


def _cell(tried: list[Result]) -> str:
    passed = sum(result.outcome == "passed" for result in tried)
    return f"{passed} / {len(tried)}" if tried else ""


def rest(column: list[Result]) -> Iterator[str]:
    """List what did not pass, with its reason."""
    for result in column:
        if result.outcome != "passed":
            yield f"- {result.module} `{result.test}` ({result.outcome}): {result.reason}"


def main(arguments: list[str]) -> None:
    """Print everything."""
    files = dict(argument.partition("=")[::2] for argument in arguments)
    columns = {name: list(results(Path(file))) for name, file in files.items()}
    print("\n".join(table(columns)))
    first = next(iter(columns.values()))
    print("", *rest(first), "", dict(Counter(result.outcome for result in first)), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])

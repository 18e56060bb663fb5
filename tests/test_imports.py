"""Which room may import which, and what must not be imported early."""

import ast
import subprocess
import sys
import textwrap
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import trio_chat

PACKAGE = Path(trio_chat.__file__).parent
IO = {
    "trio",
    "socket",
    "ssl",
    "select",
    "selectors",
    "sqlite3",
    "asyncio",
    "threading",
    "subprocess",
}
OTHERS = {
    "irc": "chat storage server client config log admin cli",
    "chat": "storage server client config log admin cli",
    "config": "chat storage server client log admin cli",
    "log": "chat storage server client admin cli",
    "storage": "server client log admin cli",
    "server": "client admin cli",
    "client": "chat storage server admin cli",
    "admin": "client cli",
}
"""The rooms that a room must not know."""
FORBIDDEN = {
    room: {f"trio_chat.{name}" for name in names.split()} for room, names in OTHERS.items()
}
FORBIDDEN["irc"] |= IO
FORBIDDEN["chat"] |= IO


def imported(module: Path) -> set[str]:
    """Return the full names of all modules that a file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def packages(name: str) -> set[str]:
    """Return a module's name and the names of the packages it is in."""
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_point_one_way(room: str) -> None:
    """irc <- chat <- storage <- server <- admin, irc <- client, cli on top; the language and the
    rules do no input or output.
    """
    wrong = {
        f"{module.relative_to(PACKAGE)} imports {name}"
        for module in (PACKAGE / room).rglob("*.py")
        for name in imported(module)
        if packages(name) & FORBIDDEN[room]
    }
    assert not wrong


MUTUAL = {("trio_chat.chat.users", "trio_chat.chat.channels")}
"""The one pair of modules that may know each other: a user has channels, a channel has members."""


def module_name(module: Path) -> str:
    """Return the name by which a file is imported."""
    return ".".join(("trio_chat", *module.relative_to(PACKAGE).with_suffix("").parts))


@pytest.mark.parametrize("room", ["irc", "chat", "storage", "config", "log", "admin", "cli"])
def test_no_modules_import_each_other_in_a_circle(room: str) -> None:
    """Imports for type checking count: a module can be understood after those that it imports."""
    graph = {module_name(path): imported(path) for path in (PACKAGE / room).rglob("*.py")}
    TopologicalSorter(
        {
            name: {other for other in found & graph.keys() if (name, other) not in MUTUAL} - {name}
            for name, found in graph.items()
        }
    ).prepare()


def test_imports_are_absolute() -> None:
    """A relative import would be invisible to the rule above."""
    for module in PACKAGE.rglob("*.py"):
        nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        assert not [
            node.lineno for node in nodes if isinstance(node, ast.ImportFrom) and node.level
        ], module


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["connect", "--help"], ["serve", "--port", "x"]]
)
def test_the_command_line_answers_without_the_heavy_modules(arguments: list[str]) -> None:
    """Help and version come at once: no event loop, no screen library, no name tables."""
    code = f"""
        import sys
        from trio_chat import cli
        cli.main({arguments!r})
        heavy = {{"trio", "asyncio", "ssl", "prompt_toolkit", "urwid", "precis_i18n", "sqlite3", "hypothesis"}}
        sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("unmeasured")
def test_the_line_client_does_not_import_the_full_screen() -> None:
    """Pipes and --plain do not pay for a screen."""
    modules = "trio_chat.client.main, trio_chat.client.line.client, trio_chat.client.line.pipe"
    code = f"import sys, {modules}; sys.exit('urwid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("unmeasured")
def test_the_full_screen_starts_without_what_few_need() -> None:
    """The names of emoji and the proxies are imported when the first one is asked for."""
    late = {"emoji", "h11", "http", "python_socks"}
    code = f"import sys, trio_chat.client.screen.start; sys.exit(bool({late} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("unmeasured")
def test_the_logger_imports_neither_trio_nor_sockets() -> None:
    """Configuration and log are usable, and quick to import, without the event loop."""
    code = (
        "import sys, trio_chat.log.logger, trio_chat.config; sys.exit('trio' in sys.modules or"
        " 'socket' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

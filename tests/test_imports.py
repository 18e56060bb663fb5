"""Import rules: the packages that a package may import, and modules that must load late."""

import ast
import os
import subprocess
import sys
import textwrap
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import trio_chat
from trio_chat.installation import is_compiled

ROOT = Path(__file__).parent.parent
PACKAGE = Path(trio_chat.__file__).parent
LINTER = "from importlinter.cli import lint_imports_command as main; main()"
"""What `run.py check` runs: it checks the contracts of pyproject.toml."""
PACKAGES = (
    "cli",
    "mcp",
    "bot",
    "admin",
    "client",
    "server",
    "maintenance",
    "storage",
    "log",
    "cluster",
    "imports",
    "exports",
    "config",
    "chat",
    "irc",
)
ALLOWED = {
    "cli": PACKAGES,
    "mcp": ("bot", "client", "log", "config", "irc"),
    "bot": ("client", "log", "config", "irc"),
    "admin": (
        "server",
        "maintenance",
        "storage",
        "log",
        "cluster",
        "imports",
        "exports",
        "config",
        "chat",
        "irc",
    ),
    "client": ("log", "config", "irc"),
    "server": (
        "maintenance",
        "storage",
        "log",
        "cluster",
        "imports",
        "exports",
        "config",
        "chat",
        "irc",
    ),
    "maintenance": ("storage", "log", "cluster", "imports", "exports", "config", "chat", "irc"),
    "storage": ("config", "chat", "irc"),
    "log": ("config", "irc"),
    "cluster": ("chat", "irc"),
    "imports": ("config", "chat", "irc"),
    "exports": ("config", "chat", "irc"),
    "config": ("irc",),
    "chat": ("irc",),
    "irc": (),
}
"""The packages that a package may import: those that stand below it, and not beside it."""
IO = [
    "trio",
    "socket",
    "ssl",
    "select",
    "selectors",
    "apsw",
    "sqlite3",
    "asyncio",
    "threading",
    "subprocess",
]
"""What the rules and the protocol never import."""


def imported(module: Path) -> set[str]:
    """Return the full names of all modules that a file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def lint(directory: Path) -> str:
    """Check the contracts of the project for the package in a directory; return the findings."""
    done = subprocess.run(
        [sys.executable, "-c", LINTER, "--no-logo", "--no-cache", str(ROOT / "pyproject.toml")],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout if done.returncode else ""


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """Return a directory with a package that has the packages of the project and no code."""
    package = tmp_path / "trio_chat"
    for name in PACKAGES:
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    for name in (
        "__init__",
        "i18n",
        "installation",
        "interfaces",
        "private",
        "shortages",
        "windows_console",
    ):
        (package / f"{name}.py").touch()
    return tmp_path


def test_imports_point_one_way() -> None:
    """The contracts in pyproject.toml hold: the arrows of CONTRIBUTING.md, and no input or output
    in the protocol and the rules.
    """
    assert lint(PACKAGE.parent) == ""


def test_an_allowed_import_is_no_finding(skeleton: Path) -> None:
    """The contracts forbid no more than they should."""
    for name, allowed in ALLOWED.items():
        lines = [f"import trio_chat.{other}" for other in allowed if other != name]
        (skeleton / "trio_chat" / name / "a.py").write_text("\n".join(lines))
    assert lint(skeleton) == ""


@pytest.mark.parametrize("name", PACKAGES[1:])
def test_every_forbidden_import_is_found(skeleton: Path, name: str) -> None:
    """The contracts can fail: each import that the table does not allow is a finding."""
    forbidden = [f"trio_chat.{other}" for other in PACKAGES if other not in (name, *ALLOWED[name])]
    if name in ("irc", "chat", "cluster"):
        forbidden += IO
    for number, other in enumerate(forbidden):
        (skeleton / "trio_chat" / name / f"a{number}.py").write_text(f"import {other}\n")
    findings = lint(skeleton)
    assert [
        other
        for number, other in enumerate(forbidden)
        if f"trio_chat.{name}.a{number} -> {other} (l." not in findings
    ] == []


MUTUAL = {("trio_chat.chat.users", "trio_chat.chat.channels")}
"""The one pair of modules that may know each other: a user has channels, a channel has members."""


def module_name(module: Path) -> str:
    """Return the name by which a file is imported."""
    return ".".join(("trio_chat", *module.relative_to(PACKAGE).with_suffix("").parts))


@pytest.mark.parametrize("room", PACKAGES)
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
        heavy = {{"trio", "asyncio", "ssl", "prompt_toolkit", "urwid"}}
        heavy |= {{"precis_i18n", "apsw", "sqlite3", "hypothesis"}}
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
    """The names of emoji, the proxies and the search for servers are imported when the first one is
    asked for.
    """
    late = {"emoji", "h11", "http", "ifaddr", "python_socks", "zeroconf"}
    late |= {"trio_chat.client.discovery.search"}
    code = f"import sys, trio_chat.client.screen.start; sys.exit(bool({late} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("unmeasured")
def test_a_server_starts_without_what_makes_it_known() -> None:
    """Multicast DNS is imported in a thread after the start, a QR code only in a terminal."""
    late = {"segno", "zeroconf"}
    code = f"import sys, trio_chat.server.main; sys.exit(bool({late} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("unmeasured")
def test_a_server_starts_without_its_http_api() -> None:
    """Its code is imported with the first request, or the first token of an operator."""
    room = "trio_chat.server.api."
    early = {"trio_chat.server.api.entry"}
    code = (
        "import sys, trio_chat.server.main, trio_chat.server.http.connection;"
        f" found = {{name for name in sys.modules if name.startswith({room!r})}};"
        f" sys.exit(str(found - {early}) if found - {early} else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("unmeasured")
def test_the_logger_imports_neither_trio_nor_sockets() -> None:
    """Configuration and log are usable, and quick to import, without the event loop."""
    code = (
        "import sys, trio_chat.log.logger, trio_chat.config; sys.exit('trio' in sys.modules or"
        " 'socket' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(is_compiled(), reason="an extension module is imported once in a process")
def test_every_command_can_import_its_work_first() -> None:
    """A command imports what it needs when it runs; a cycle of imports may show only then."""
    names = [
        f"trio_chat.admin.{path.stem}" for path in sorted((PACKAGE / "admin").glob("[!_]*.py"))
    ]
    script = textwrap.dedent(
        f"""
        import importlib, sys
        for name in {names}:
            for known in [each for each in sys.modules if each.startswith("trio_chat")]:
                del sys.modules[known]
            importlib.import_module(name)
        """
    )
    assert len(names) > 10
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)

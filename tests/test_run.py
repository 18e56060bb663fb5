"""run.py, the batch files and the CI script, without a network."""

import ast
import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
BATCHES = {"server.bat": b"serve", "client.bat": b"connect"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return run.py as a module that works in a temporary directory and installs nothing."""
    for name in ("TRIO_CHAT_CONSTRAINTS", "TRIO_CHAT_FORM"):  # with which CI runs these tests
        monkeypatch.delenv(name, raising=False)
    specification = importlib.util.spec_from_file_location("run_py", ROOT / "run.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["trio"]\n[dependency-groups]\ntest = ["a>=1"]\nlint = ["b",'
        ' "c"]\n'
    )
    venv = tmp_path / ".venv"
    for name, path in {
        "ROOT": tmp_path,
        "VENV": venv,
        "STAMP": venv / "trio-chat.json",
        "CONSTRAINTS": tmp_path / "constraints" / "locked.txt",
        "LOCK": venv / "trio-chat.lock",
        "PYTHON": venv / "python",
        "WHEELS": tmp_path / "wheels",
    }.items():
        monkeypatch.setattr(module, name, str(path))
    return module


@pytest.fixture
def calls(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return a list of the commands that run.py starts while setting up; all succeed, and `venv`
    leaves a Python.
    """
    started: list[list[str]] = []

    def call(command: list[str], more: object = ()) -> tuple[int, str]:
        started.append(command)
        if "venv" in command:
            Path(run.PYTHON).touch()
            Path(run.VENV, "pyvenv.cfg").write_text(
                f"home = {Path(run.PYTHON).parent}\nversion = 3.11.0\n"
            )
            Path(run.VENV, "python.exe").touch()
        return 0, ""

    monkeypatch.setattr(run, "call", call)
    return started


def test_an_old_python_can_read_it() -> None:
    """Any Python since 2.7 can read the file, so it can say that it is too old."""
    source = (ROOT / "run.py").read_bytes()
    assert source.isascii()  # Python 2 refuses others without a declaration
    new = (
        ast.JoinedStr,
        ast.NamedExpr,
        ast.AnnAssign,
        ast.Starred,
        ast.AsyncFunctionDef,
        ast.Nonlocal,
        ast.YieldFrom,
        ast.Match,
    )
    for node in ast.walk(ast.parse(source)):
        allowed_star = isinstance(node, ast.Call) and all(
            isinstance(arg, ast.Starred) for arg in node.args[-1:]
        )
        assert not isinstance(node, new) or isinstance(node, ast.Starred), ast.unparse(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            assert not any(isinstance(element, ast.Starred) for element in node.elts), ast.unparse(
                node
            )
        if isinstance(node, ast.Call) and not allowed_star:
            assert not any(isinstance(argument, ast.Starred) for argument in node.args), (
                ast.unparse(node)
            )
        if isinstance(node, ast.FunctionDef):
            assert not node.args.kwonlyargs
            assert not node.args.posonlyargs
            assert node.returns is None
            assert all(argument.annotation is None for argument in node.args.args)
        if isinstance(node, ast.Raise):
            assert node.cause is None


def test_an_old_python_is_told_what_to_do(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names both versions and where to get a new one."""
    monkeypatch.setattr(sys, "version_info", (3, 6, 9, "final", 0))
    monkeypatch.setattr(sys, "version", "3.6.9 (default)")
    assert run.main(["serve"]) != 0
    error = capsys.readouterr().err
    assert "needs Python 3.11 or newer, but this is Python 3.6.9" in error
    assert "python" in error.lower()


def test_the_first_start_makes_an_environment_and_installs(
    run: ModuleType, calls: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line is said, an environment is made, and the project is installed editable."""
    run.set_up({""})
    assert [command[1:3] for command in calls] == [["-m", "venv"], ["-m", "pip"]]
    assert calls[1][-2:] == ["--editable", run.ROOT]
    assert capsys.readouterr().err.count("\n") == 1


def test_the_second_start_does_nothing(
    run: ModuleType, calls: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is installed is not installed again."""
    run.set_up({""})
    calls.clear()
    capsys.readouterr()
    run.set_up({""})
    assert calls == []
    assert capsys.readouterr().err == ""


def test_a_group_is_added_to_what_is_there(run: ModuleType, calls: list[list[str]]) -> None:
    """`test` installs its group as well, and later starts know both."""
    run.set_up({""})
    run.set_up({"", "test"})
    assert calls[-1][-1] == "a>=1"
    run.set_up({"", "lint"})
    assert sorted(calls[-1][-3:]) == ["a>=1", "b", "c"]
    calls.clear()
    run.set_up({"", "test", "lint"})
    assert calls == []


def test_what_several_commands_need_is_installed_at_once(
    run: ModuleType, calls: list[list[str]]
) -> None:
    """So that they can run at the same time; the groups of a command are those that it uses."""
    assert run.main(["setup", "test", "serve"]) == 0
    assert calls[-1][-1] == "a>=1"
    assert run.groups_of("check", "docs") == {"", "lint", "test", "browser", "docs"}


def test_a_changed_project_is_installed_again(
    run: ModuleType, calls: list[list[str]], tmp_path: Path
) -> None:
    """New dependencies in pyproject.toml are noticed."""
    run.set_up({""})
    with (tmp_path / "pyproject.toml").open("a") as stream:
        stream.write("\n# changed\n")
    calls.clear()
    run.set_up({""})
    assert any("install" in command for command in calls)


@pytest.mark.parametrize(
    ("arguments", "parallel"),
    [
        ([], True),
        (["--cov"], True),
        (["-n", "4"], False),
        (["-n0"], False),
        (["tests/test_run.py::test_one"], False),
    ],
)
def test_all_tests_use_all_cores(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str], *, parallel: bool
) -> None:
    """A few tests start sooner in one process, where a debugger works, and a number that is named
    counts.
    """
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert run.workers(arguments) == (["-n", "4", "--dist", "worksteal"] if parallel else [])


def test_the_tests_of_a_fresh_clone_are_compiled_once(
    run: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All processes of pytest would compile each file, at the same time."""
    monkeypatch.setattr(run, "run", lambda *command: 0)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").touch()
    monkeypatch.chdir(tmp_path)

    def times(*arguments: str) -> int:
        calls.clear()
        assert run.main(["test", *arguments]) == 0
        return sum("--collect-only" in command for command in calls)

    assert times("tests/test_one.py") == 0  # which one process runs
    assert times() == 1
    (tmp_path / "tests" / "__pycache__").mkdir()
    assert times() == 0


@pytest.mark.parametrize("stamp", ["", "{", "[]", "{}", "null", '{"key": 1, "installed": 2}'])
def test_a_broken_stamp_means_nothing_is_installed(
    run: ModuleType, calls: list[list[str]], stamp: str
) -> None:
    """The next start continues after any interruption."""
    run.set_up({""})
    Path(run.STAMP).write_text(stamp)
    calls.clear()
    run.set_up({""})
    assert any("install" in command for command in calls)
    assert json.loads(Path(run.STAMP).read_text())["installed"] == [""]


def test_an_interrupted_installation_is_not_taken_for_a_finished_one(
    run: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamp is removed before anything is changed, and written when all is done."""
    run.set_up({""})
    good = run.call

    def interrupt(command: list[str], more: object = ()) -> object:
        if "install" in command:
            raise KeyboardInterrupt
        return good(command)

    monkeypatch.setattr(run, "call", interrupt)
    assert run.main(["test"]) == 130
    assert not Path(run.STAMP).exists()


def test_only_one_sets_up_at_a_time(run: ModuleType, tmp_path: Path) -> None:
    """server.bat and client.bat may be double-clicked one after the other."""
    with (tmp_path / "lock").open("a") as first, (tmp_path / "lock").open("a") as second:
        assert run.try_to_hold(first)
        assert not run.try_to_hold(second)


def test_half_an_environment_is_made_anew(
    run: ModuleType, calls: list[list[str]], tmp_path: Path
) -> None:
    """What an interrupted setup left in .venv is removed first."""
    (tmp_path / ".venv" / "lib").mkdir(parents=True)
    (tmp_path / ".venv" / "lib" / "half").touch()
    run.set_up({""})
    assert not (tmp_path / ".venv" / "lib").exists()
    assert any("venv" in command for command in calls)


def test_a_failed_installation_shows_why(
    run: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """pip's last lines are shown with what can be done, and the code is 1."""
    good = run.call
    monkeypatch.setattr(
        run,
        "call",
        lambda command, _=(): (1, "no such host") if "install" in command else good(command),
    )
    assert run.main(["serve"]) == 1
    error = capsys.readouterr().err
    assert "no such host" in error
    assert "connection to the Internet" in error
    assert not Path(run.STAMP).exists()


def test_the_project_is_built_with_exact_versions(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip separates files by spaces, so it gets an address, which has none."""
    monkeypatch.setattr(run, "constraints", lambda: os.path.join(os.sep, "Мой чат", "locked.txt"))
    address = run.building()["PIP_CONSTRAINT"]
    assert run.building() == dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), address)
    assert address.startswith("file:///")
    assert address.isascii()
    assert " " not in address
    monkeypatch.setattr(run, "constraints", lambda: "")
    assert run.building() == {}


def test_a_directory_of_wheels_replaces_the_internet(
    run: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A computer without a connection installs from it, and an error names it."""
    Path(run.WHEELS).mkdir()
    run.set_up({""})
    install = calls[-1]
    position = install.index("--no-index")
    assert install[position : position + 3] == ["--no-index", "--find-links", run.WHEELS]
    good = run.call
    monkeypatch.setattr(
        run,
        "call",
        lambda command, _=(): (1, "no match") if "install" in command else good(command),
    )
    Path(run.STAMP).unlink()
    assert run.main(["serve"]) == 1
    error = capsys.readouterr().err
    assert run.WHEELS in error
    assert "Is there a connection" not in error


@pytest.fixture
def locked(run: ModuleType) -> Path:
    """Return the file of exact versions, which the project of the other tests does not have."""
    path = Path(run.CONSTRAINTS)
    path.parent.mkdir()
    path.write_text("trio==0.30.0\n")
    return path


def test_the_locked_versions_are_installed(
    run: ModuleType, calls: list[list[str]], locked: Path
) -> None:
    """The file of exact versions is handed to pip, and read again when it has changed."""
    run.set_up({""})
    assert calls[-1][-4:-2] == ["--constraint", str(locked)]
    locked.write_text("trio==0.31.0\n")
    calls.clear()
    run.set_up({""})
    assert any("install" in command for command in calls)


@pytest.mark.parametrize(("chosen", "attempts"), [(None, 2), ("lowest.txt", 1)])
def test_only_the_default_versions_may_be_replaced(
    run: ModuleType,
    calls: list[list[str]],
    locked: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    chosen: str | None,
    attempts: int,
) -> None:
    """On a Python without wheels for them the newest are tried, unless a file was named."""
    if chosen:
        monkeypatch.setenv("TRIO_CHAT_CONSTRAINTS", str(locked.with_name(chosen)))
        locked.rename(locked.with_name(chosen))
    good = run.call
    installations: list[list[str]] = []

    def call(command: list[str], more: object = ()) -> object:
        if "install" in command:
            installations.append(command)
        return (1, "no wheel") if "--constraint" in command else good(command)

    monkeypatch.setattr(run, "call", call)
    assert run.main(["test"]) == 1 if chosen else run.set_up({"test"}) is None
    assert len(installations) == attempts
    assert ("Trying the newest" in capsys.readouterr().err) == (chosen is None)


def test_a_python_without_ensurepip_is_explained(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian splits venv off; the message names its package."""
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert run.main(["serve"]) == 1
    assert "apt install python3-venv" in capsys.readouterr().err


def test_only_the_end_of_long_output_is_shown(run: ModuleType) -> None:
    """Nobody scrolls through all that pip says."""
    code, output = run.call(
        [sys.executable, "-c", "for n in range(1000): print(n)\nraise SystemExit(3)"]
    )
    assert code == 3
    assert output.splitlines()[0] == "985"


@pytest.mark.parametrize(
    ("names", "started"),
    [([], 99), (["mypy"], 1), (["ruff"], 2), (["page"], 0), (["mypy", "typo"], -1)],
)
def test_checks_can_be_chosen(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, names: list[str], started: int
) -> None:
    """`run.py check NAME` runs what has this name, and a wrong name is a failure."""
    commands: list[object] = []

    def call(command: object, env: object) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(run.subprocess, "call", call)
    monkeypatch.setattr(run.shutil, "which", lambda name: None)  # no npm
    monkeypatch.chdir(run.ROOT)
    assert run.check(names) == (0 if started >= 0 else 1)
    assert len(commands) == max(0, min(started, len(run.CHECKS)))


def test_the_page_is_checked_with_the_locked_packages(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """npm installs what package-lock.json has, without scripts of the packages; a failure of either
    command counts.
    """
    commands: list[list[str]] = []
    codes = {"ci": 0, "run": 0}

    def call(command: list[str], **_options: object) -> int:
        commands.append(command)
        return codes[command[1]]

    monkeypatch.setattr(run.subprocess, "call", call)
    monkeypatch.setattr(run.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.chdir(run.ROOT)
    assert run.check(["page"]) == 0
    assert [command[:2] for command in commands] == [
        ["/usr/bin/npm", "ci"],
        ["/usr/bin/npm", "run"],
    ]
    assert "--ignore-scripts" in commands[0]
    for name in codes:
        codes[name] = 1
        assert run.check(["page"]) == 1
        codes[name] = 0


@pytest.mark.parametrize(("age", "is_installed"), [(1, False), (-1, True)])
def test_packages_that_are_there_are_not_installed_again(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, age: int, is_installed: bool
) -> None:
    """Unless the wanted versions are newer than what npm has written last."""
    root = Path(run.ROOT)
    (root / "node_modules").mkdir()
    for name, changed in (
        ("package-lock.json", 100 + age),
        ("node_modules/.package-lock.json", 100),
    ):
        (root / name).touch()
        os.utime(root / name, (changed, changed))
    commands: list[list[str]] = []

    def call(command: list[str], **_options: object) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(run.subprocess, "call", call)
    assert run.install_npm_packages("npm")
    assert (commands == []) is is_installed


def test_without_npm_the_missing_check_is_reported(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not every developer has npm, and nobody shall believe that the page was checked."""
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    monkeypatch.chdir(run.ROOT)
    assert run.check(["page"]) == 0
    assert "NOT CHECKED" in capsys.readouterr().err


@pytest.mark.parametrize("chosen", [None, "/nowhere/chromium"])
def test_without_chromium_the_tests_of_the_page_fail(
    run: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    chosen: str | None,
) -> None:
    """`run.py browser` does not skip what it was asked for; pytest would."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    if chosen:
        monkeypatch.setenv("CHROMIUM", chosen)
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    assert run.browse([]) == 1
    assert "apt install chromium" in capsys.readouterr().err


def test_the_tests_of_the_page_get_the_chromium_that_was_found(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is in CHROMIUM, and arguments are passed to pytest."""
    started: list[tuple[str, ...]] = []
    monkeypatch.setenv("CHROMIUM", "")
    monkeypatch.setattr(
        run.shutil, "which", lambda name: name if name[0] == "/" else f"/bin/{name}"
    )
    monkeypatch.setattr(run.subprocess, "call", lambda *_, **__: 0)
    monkeypatch.setattr(run, "run", lambda *arguments: started.append(arguments))
    monkeypatch.chdir(run.ROOT)
    run.browse(["-k", "phone"])
    assert os.environ["CHROMIUM"] == "/bin/chromium"
    ((*command, last, word),) = started
    assert command[:2] == ["pytest", os.path.join("tests", "browser")]
    assert (last, word) == ("-k", "phone")


@pytest.mark.skipif(os.name != "posix", reason="Windows starts a child instead")
def test_arguments_and_exit_code_are_passed_on(run: ModuleType, tmp_path: Path) -> None:
    """The program gets the arguments as they are, in a directory of any name, and its exit code
    counts.
    """
    module = tmp_path / "src" / "trio_chat.py"
    module.parent.mkdir()
    module.write_text("import sys; print(sys.argv[1:]); sys.exit(42)")
    code = f"""if True:
        import importlib.util, sys
        specification = importlib.util.spec_from_file_location("run_py", {str(ROOT / "run.py")!r})
        run = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(run)
        run.ROOT, run.PYTHON, run.set_up = {str(tmp_path)!r}, sys.executable, lambda needed: None
        run.main(["serve", "a b", "--x=й", ""])
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (42, "['serve', 'a b', '--x=й', '']\n")


def test_the_groups_are_those_of_the_project(run: ModuleType) -> None:
    """run.py finds its groups in the real pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_bytes()
    groups = tomllib.loads(project.decode())["dependency-groups"]
    assert (
        run.requirements(project, ["test", "lint"])[-2:] == [*groups["test"], *groups["lint"]][-2:]
    )


def exact_versions(name: str) -> dict[str, list[str]]:
    """Return the versions in a file of constraints/: by name, one or more for each package."""
    lines = (ROOT / "constraints" / name).read_text("ascii").splitlines()
    found = [
        re.fullmatch(r"([a-z0-9-]+)==([\w.]+)( ; .+)?", line) for line in lines if line[0] != "#"
    ]
    versions: dict[str, list[str]] = {}
    for match in found:
        assert match, lines  # no address and no path
        versions.setdefault(match[1], []).append(match[2])
    return versions


def declared(*groups: str) -> list[tuple[str, SpecifierSet]]:
    """Return the names and specifiers of what the project requires, with all of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        lines += extra
    for group in groups:
        lines += project["dependency-groups"][group]
    parsed = [Requirement(line) for line in lines]
    return [(canonicalize_name(requirement.name), requirement.specifier) for requirement in parsed]


@pytest.mark.parametrize("code", [0, 1])
def test_the_documentation_site_is_named_when_it_is_built(
    run: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
) -> None:
    """The user reads which file to open; nothing stands behind what Sphinx says of a failure."""
    started: list[list[str]] = []

    def call(command: list[str], **_options: object) -> int:
        started.append(command)
        return code

    monkeypatch.setattr(run.subprocess, "call", call)
    assert run.build_site() == code
    assert "sphinx" in started[0]
    site = os.path.join(run.ROOT, run.SITE, "index.html")
    said = "".join(capsys.readouterr())
    assert (site in said) == (code == 0)


def test_every_requirement_is_locked(run: ModuleType) -> None:
    """constraints/locked.txt has an allowed version of each; `run.py lock` writes it anew."""
    versions = exact_versions("locked.txt")
    for name, specifier in declared(*set(run.GROUPS.values())):
        assert all(specifier.contains(version) for version in versions[name]), name


def test_the_lowest_versions_are_the_declared_ones() -> None:
    """constraints/lowest.txt, which CI takes once, has the lower bounds of pyproject.toml."""
    versions = exact_versions("lowest.txt")
    for name, specifier in declared("test"):
        [bound] = [part.version for part in specifier if part.operator == ">="]
        [version] = versions[name]
        assert Version(version) >= Version(bound)
        assert Version(version).release[:2] == (*Version(bound).release, 0)[:2], name


@pytest.mark.parametrize(
    ("version", "directory", "expected"),
    [
        ((3, 11), "/chat", ["--editable", "/chat"]),
        ((3, 12), "/чат", ["trio"]),
        ((3, 13), "/чат", ["--editable", "/чат"]),
    ],
)
def test_a_directory_with_a_cyrillic_name_is_not_written_to_a_pth_file(
    run: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int],
    directory: str,
    expected: list[str],
) -> None:
    """Older Pythons read .pth files in the system's character set, and do not start when they
    cannot.
    """
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(run, "ROOT", directory)
    assert run.requirements(b"[project]\ndependencies = ['trio']", []) == expected


@pytest.mark.parametrize("name", BATCHES)
def test_batch_files_are_plain(name: str) -> None:
    """cmd.exe needs CR LF for its labels, and has its own idea of other characters."""
    data = (ROOT / name).read_bytes()
    assert data.isascii()
    assert data.count(b"\r\n") == data.count(b"\n")


def test_the_batch_files_differ_in_their_command_only() -> None:
    """What is corrected in one is corrected in the other."""
    server, client = ((ROOT / name).read_bytes().split(b"\r\n", 5) for name in BATCHES)
    assert client[5] == server[5].replace(b"serve %*", b"connect %*").replace(
        b"chat serve", b"chat connect"
    )


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_ci_script_can_be_started() -> None:
    """It is executable and stops at the first failure."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("is_archive", [True, False])
def test_the_archive_for_use_offline_has_its_wheels_where_a_server_hands_them_on(
    *, is_archive: bool, tmp_path: Path
) -> None:
    """In another copy, a directory for visitors does not replace the Internet."""
    launcher = tmp_path / "run.py"
    launcher.write_bytes((Path(__file__).parent.parent / "run.py").read_bytes())
    (tmp_path / "downloads" / "wheels").mkdir(parents=True)
    if is_archive:
        (tmp_path / "offline.txt").touch()
    names = runpy.run_path(str(launcher))
    expected = "downloads/wheels" if is_archive else "wheels"
    assert Path(names["WHEELS"]) == tmp_path / expected

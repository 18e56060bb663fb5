"""Launcher for trio-chat in this directory: needs Python only, and creates .venv on first use.

    python3 run.py serve ...      start a server; accepts every command and option of `trio-chat`
    python3 run.py connect ...    connect to a server
    python3 run.py test ...       run the tests; the arguments are passed to pytest
    python3 run.py browser ...    run the tests of the page in Chromium; likewise
    python3 run.py check ...      run the linters, the type checker and the import rules, or some
    python3 run.py docs           build the documentation site in build/site
    python3 run.py release ...    build the sdist and the wheel in dist/, and check them
    python3 run.py package ...    build programs and packages in dist/ (packaging/README.md)
    python3 run.py lock           write constraints/ anew, with the newest versions
    python3 run.py setup ...      install now what these commands need, or all

A directory `wheels` beside this file is used instead of the Internet, and so is `downloads/wheels`
in the archive of `package offline`.
Packages are installed in the versions of constraints/locked.txt, so that a run can be repeated.
The environment variable TRIO_CHAT_CONSTRAINTS names another file.

With TRIO_CHAT_FORM=compiled, `test` first compiles the hot rooms (tools/compiled.py), in a copy of
the package in the directory compiled, and runs the tests with that. It needs a C compiler.

The syntax is that of Python 2.7, because an old Python has to parse this file before it can report
that it is too old. For the same reason everything newer is imported where it is used.
"""

# Old syntax (UP031, RUF005, B904), late imports (PLC0415) and starting programs (S603, S606) are
# the purpose of this file.
# ruff: noqa: UP031, RUF005, B904, PLC0415, S603, S606

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
# Records what is installed. It is written last, so an interrupted setup leaves none.
STAMP = os.path.join(VENV, "trio-chat.json")
CONSTRAINTS = os.path.join(ROOT, "constraints", "locked.txt")
# `package offline` makes the file, and puts the wheels where a server hands them on.
OFFLINE = os.path.join(ROOT, "offline.txt")
WHEELS = os.path.join(ROOT, *(("downloads", "wheels") if os.path.exists(OFFLINE) else ("wheels",)))
SITE = os.path.join("build", "site")
COMPILED = os.path.join(ROOT, "compiled")
LOCK = os.path.join(VENV, "trio-chat.lock")
WINDOWS = os.name == "nt"
PYTHON = (
    os.path.join(VENV, "Scripts", "python.exe") if WINDOWS else os.path.join(VENV, "bin", "python")
)
FAILED, INTERRUPTED = 1, 130
# The dependency groups of the commands.
GROUPS = {
    "test": "test",
    "browser": "browser",
    "check": "lint",
    "docs": "docs",
    "lock": "lock",
    "release": "release",
    "package": "package",
}
# Names of Chromium on the systems that have one.
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LINES_SHOWN = 15

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("lint_async", "src", "tests", "benchmarks"),
    ("mypy",),
    ("importlinter",),
    ("towncrier", "build", "--draft", "--version", "next"),
)

# The name of the check of the page's JavaScript, which needs npm.
PAGE = "page"


def main(arguments):
    """Set up what a command needs and run it; return the exit code."""
    if sys.version_info < OLDEST:
        return explain_old_python()
    command = arguments[0] if arguments else ""
    needed = groups_of(*(arguments[1:] or GROUPS) if command == "setup" else (command,))
    try:
        set_up(needed)
        if command == "test" and "compile" in needed:
            compile_rooms()
    except Problem as problem:
        say(str(problem))
        return FAILED
    except KeyboardInterrupt:
        say("Interrupted. The next start continues the setup.")
        return INTERRUPTED
    if command == "setup":
        return 0
    if command == "check":
        return check(arguments[1:])
    if command == "docs":
        return build_site()
    if command in ("release", "package"):
        script = os.path.join(ROOT, "tools", command + ".py")
        return subprocess.call([PYTHON, script] + arguments[1:])
    if command == "lock":
        return write_constraints()
    if command == "test":
        os.chdir(ROOT)
        options = workers(arguments[1:])
        if options:
            compile_tests()
        return run("pytest", *(options + arguments[1:]))
    if command == "browser":
        return browse(arguments[1:])
    return run("trio_chat", *arguments)


def groups_of(*commands):
    """Return the dependency groups that commands need; "" is the project."""
    needed = {""}
    for command in commands:
        needed.add(GROUPS.get(command, ""))
        if command in ("browser", "check"):  # the types of the tests are checked too
            needed |= {"test", "browser"}
        if command == "test" and os.environ.get("TRIO_CHAT_FORM") == "compiled":
            needed |= {"build", "compile"}
    return needed


def workers(arguments, spare=2):
    """Return the options by which pytest uses all cores, unless only some files are tested.

    A test waits for half of its time, so there are two processes more than there are cores.
    """
    if any(os.path.exists(one.split("::")[0]) or one.startswith("-n") for one in arguments):
        return []
    return ["-n", str((os.cpu_count() or 1) + spare), "--dist", "worksteal"]


def compile_tests():
    """Have one process compile the tests of a fresh clone, or each process of pytest would do it.

    The tests in one process are only collected. What is wrong with them, the run itself shows.
    """
    if not os.path.isdir(os.path.join("tests", "__pycache__")):
        call([PYTHON, "-P", "-m", "pytest", "--collect-only", "-qq"], with_source())


def explain_old_python():
    """Report which Python is needed and where to get it; return the exit code."""
    say(
        "trio-chat needs Python %d.%d or newer, but this is Python %s."
        % (OLDEST + (sys.version.split()[0],))
    )
    if WINDOWS:
        say(
            'Get it from https://www.python.org/downloads/ and tick "Add python.exe to PATH" in its'
            " installer."
        )
    else:
        say(
            "Install a newer one (https://www.python.org/downloads/), then start this with it:"
            " python3.11 run.py ..."
        )
    return FAILED


def say(text):
    """Write a message to stderr: stdout belongs to the program that is started."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Problem(Exception):
    """Setup is not possible; the text names what the user can do."""


def set_up(needed):
    """Create the environment and install the missing dependency groups ("" is the project)."""
    project = contents(os.path.join(ROOT, "pyproject.toml"))
    versions = contents(constraints()) if constraints() else b""
    # The directory is part of the key because an editable installation contains its path, and
    # users move and copy directories.
    key = hashlib.sha256(project + versions + os.fsencode(ROOT)).hexdigest()
    if is_usable() and needed <= installed(key):
        return
    try:
        os.makedirs(VENV, exist_ok=True)
        with open(LOCK, "a") as lock:
            hold(lock)
            # Another process may have finished the setup while this one waited for the lock.
            if not (is_usable() and needed <= installed(key)):
                install(project, key, needed)
    except OSError as error:
        reason = error.strerror or error
        raise Problem(
            "%s: %s.\nIs there space, and may you write there? If not, copy %s to a place of yours."
            % (VENV, reason, ROOT)
        )


def contents(path):
    """Return the bytes of a file that belongs to the project."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise Problem("%s: %s" % (path, error.strerror or error))


def is_usable():
    """Return whether the environment's Python exists in the version it was created for."""
    if not os.path.exists(PYTHON):
        return False
    try:
        with open(os.path.join(VENV, "pyvenv.cfg"), encoding="utf-8") as stream:
            settings = dict(
                line.split(" = ", 1) for line in stream.read().splitlines() if " = " in line
            )
    except (OSError, ValueError):
        return False
    if WINDOWS:
        # The python.exe of an environment only starts the one of its home.
        return os.path.exists(os.path.join(settings.get("home", ""), "python.exe"))
    same = os.path.realpath(PYTHON) == os.path.realpath(
        getattr(sys, "_base_executable", sys.executable)
    )
    return not same or settings.get("version", "").split(".")[:2] == [
        str(part) for part in sys.version_info[:2]
    ]


def installed(key):
    """Return the groups that are installed for this state of the project ("" is the project)."""
    try:
        with open(STAMP) as stream:
            stamp = json.load(stream)
        return set(stamp["installed"]) if stamp["key"] == key else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def hold(lock):
    """Wait for the lock: server.bat and client.bat are often started together.

    The operating system releases it when the process ends.
    """
    waiting = False
    while not try_to_hold(lock):
        if not waiting:
            say("Waiting for another setup in this directory to end ...")
        waiting = True
        time.sleep(0.5)


def try_to_hold(lock):
    """Take the lock unless another process holds it; return whether to continue."""
    try:
        if WINDOWS:
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # 0 is what Wine reports. With any other error (some network drives have no locks) the
        # setup continues, because two setups at once are rare.
        return error.errno not in (0, errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def install(project, key, needed):
    """Create the environment unless a working one exists; install the project and the groups."""
    groups = sorted((installed(key) | needed) - {""})
    first = not os.path.exists(STAMP)
    say(
        "Setting up (this takes a minute, and only the first time) ..."
        if first
        else "Installing what is new ..."
    )
    if not first:
        os.remove(STAMP)
    if not is_usable() or call([PYTHON, "-m", "pip", "--version"])[0]:
        make_environment()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    wanted = requirements(project, groups)
    exact = ["--constraint", constraints()] if constraints() else []
    if os.path.isdir(WHEELS):
        # Those of `run.py package offline`: a computer without a connection needs no index.
        pip += ["--no-index", "--find-links", WHEELS]
    code, output = call(pip + exact + wanted, building())
    if code and exact and not os.environ.get("TRIO_CHAT_CONSTRAINTS"):
        # A Python or a platform that is newer than the file may need newer packages.
        if not os.path.isdir(WHEELS):
            say("constraints/locked.txt cannot be installed. Trying the newest versions ...")
        code, output = call(pip + wanted)
    if code:
        if os.path.isdir(WHEELS):
            raise Problem(output + "\n\n" + explain_wheels())
        raise Problem(
            output
            + "\n\nThe packages that trio-chat needs could not be installed: see above. Is there a "
            "connection to the Internet?\nBehind a proxy, set HTTPS_PROXY; then start this again."
        )
    with open(STAMP + ".new", "w") as stream:
        json.dump({"key": key, "installed": [""] + groups}, stream)
    os.replace(STAMP + ".new", STAMP)


def compile_rooms():
    """Install the project with its extension modules in the directory compiled, as from a wheel."""
    say("Compiling (this takes minutes) ...")
    shutil.rmtree(COMPILED, ignore_errors=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    pip += ["--no-deps", "--no-build-isolation", "--target", COMPILED, ROOT]
    # What is tested need not be fast, and optimising takes most of the time.
    level = os.environ.get("MYPYC_OPT_LEVEL", "0")
    code, output = call(pip, {"TRIO_CHAT_COMPILE": "1", "MYPYC_OPT_LEVEL": level})
    if code:
        raise Problem(output + "\n\nThe extension modules could not be compiled: see above.")
    # The tests of the page read its modules.
    shutil.rmtree(os.path.join(COMPILED, "trio_chat", "web", "bundle"), ignore_errors=True)


def explain_wheels():
    """Return why this Python cannot be served by the wheels, and what the user can do."""
    import re
    import sysconfig

    found = set(re.findall(r"-cp(3)(\d+)-cp3", " ".join(os.listdir(WHEELS))))
    versions = ", ".join("%s.%s" % pair for pair in sorted(found, key=lambda pair: int(pair[1])))
    return (
        "This is Python %d.%d on %s, for which %s lacks packages; it is used instead of the"
        " Internet. It has packages for Python %s. Start run.py with one of these, or remove"
        " %s to install from the Internet."
        % (
            sys.version_info[:2]
            + (sysconfig.get_platform(), WHEELS, versions or "3")
            + (OFFLINE if os.path.exists(OFFLINE) else WHEELS,)
        )
    )


def constraints():
    """Return the path of the file of exact versions; empty when there is none."""
    chosen = os.environ.get("TRIO_CHAT_CONSTRAINTS")
    if chosen:
        return os.path.join(ROOT, chosen)
    return CONSTRAINTS if os.path.exists(CONSTRAINTS) else ""


def make_environment():
    """Create a new environment in .venv, whatever an interrupted setup left there."""
    try:
        import ensurepip
        import venv
    except ImportError:
        raise Problem(
            "This Python cannot create virtual environments. On Debian and Ubuntu: sudo apt install"
            " python3-venv"
        )
    del ensurepip, venv
    for name in os.listdir(VENV):
        path = os.path.join(VENV, name)
        if path != LOCK:
            (
                shutil.rmtree(path)
                if os.path.isdir(path) and not os.path.islink(path)
                else os.remove(path)
            )
    code, output = call([sys.executable, "-m", "venv", VENV])
    if code:
        raise Problem(
            output + "\n\nThe virtual environment %s could not be created: see above." % VENV
        )


def requirements(project, groups):
    """Return the requirements for pip: the project, and those of the dependency groups.

    `pip install --group` is not used, because the pip of an older Python does not support it. The
    project is installed editable only where that is safe: its path is written to a .pth file as
    UTF-8, but Python 3.11 and 3.12 decode it with the encoding of the system, and fail to start
    when the directory has a Cyrillic name. There the dependencies suffice, see with_source().
    """
    import tomllib

    table = tomllib.loads(project.decode("utf-8"))
    safe = sys.version_info >= (3, 13) or ROOT.isascii()
    itself = ["--editable", ROOT] if safe else table["project"]["dependencies"]
    return itself + [
        requirement for group in groups for requirement in table["dependency-groups"][group]
    ]


def building():
    """Return the variables by which pip also builds the project with exact versions.

    pip before 25.3 reads PIP_CONSTRAINT for that, a newer one the other variable. Both separate
    files by spaces, which an address does not contain.
    """
    import pathlib

    if not constraints():
        return {}
    address = pathlib.Path(os.path.abspath(constraints())).as_uri()
    return {"PIP_CONSTRAINT": address, "PIP_BUILD_CONSTRAINT": address}


def call(command, more=()):
    """Run a command quietly; return its exit code and the last lines of its output."""
    # A setting that is meant for the user's own pip must not redirect the packages.
    environment = dict(os.environ, PIP_USER="0", PYTHONUTF8="1")
    environment.update(more)
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, "\n".join(
        done.stdout.decode("utf-8", "replace").splitlines()[-LINES_SHOWN:]
    )


def build_site():
    """Build the documentation site, and say where it is; return the exit code."""
    command = [PYTHON, "-P", "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", ".", SITE]
    code = subprocess.call(command, cwd=ROOT, env=with_source())
    if code == 0:
        say("The documentation is built. Open %s" % os.path.join(ROOT, SITE, "index.html"))
    return code


def browse(arguments):
    """Run the tests of the page in a browser; return the exit code.

    The environment variable CHROMIUM names the program, which is otherwise found by its name. Here
    a test that is skipped because there is none would be a test that seems to pass.
    """
    chromium = os.environ.get("CHROMIUM") or first_program(CHROMIUMS)
    if not chromium or not shutil.which(chromium):
        say(
            "There is no Chromium on this machine%s. On Debian and Ubuntu: sudo apt install"
            " chromium. Elsewhere, set CHROMIUM to the path of Chromium or Chrome."
            % (": " + chromium if chromium else "")
        )
        return FAILED
    npm = shutil.which("npm")
    if npm is None:
        say("Without npm, the accessibility of the page is NOT tested: axe-core comes from there.")
    elif not install_npm_packages(npm):
        return FAILED
    os.chdir(ROOT)
    os.environ["CHROMIUM"] = shutil.which(chromium)
    # A browser has processes enough of its own.
    options = workers(arguments, spare=0) + arguments
    return run("pytest", os.path.join("tests", "browser"), *options)


def first_program(names):
    """Return the path of the first of these programs that exists; empty when there is none."""
    return next((path for path in map(shutil.which, names) if path), "")


def install_npm_packages(npm):
    """Install the development tools of the page, as package-lock.json has them; return success."""
    wanted = os.path.join(ROOT, "package-lock.json")
    there = os.path.join(ROOT, "node_modules", ".package-lock.json")  # which npm writes last
    if os.path.exists(there) and os.path.getmtime(there) > os.path.getmtime(wanted):
        return True
    command = [npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]
    return subprocess.call(command + ["--silent"], cwd=ROOT, stdin=subprocess.DEVNULL) == 0


def check_page():
    """Check the types of the page and run its unit tests; return success, also without npm."""
    npm = shutil.which("npm")
    if npm is None:
        say("NOT CHECKED: there is no npm on this machine, which checks the page's JavaScript.")
        return True
    return install_npm_packages(npm) and not subprocess.call([npm, "run", "check"], cwd=ROOT)


def check(names):
    """Run the checks with these names, or all, even after one has failed; return the exit code."""
    os.chdir(ROOT)
    unknown = set(names) - {command[0] for command in CHECKS} - {PAGE}
    if unknown:
        say("No such check: " + ", ".join(sorted(unknown)))
        return FAILED
    failed = []
    for command in CHECKS:
        if names and command[0] not in names:
            continue
        say("--- " + " ".join(command))
        arguments = [PYTHON, "-m"] + list(command)
        if command == ("importlinter",):
            arguments = [
                PYTHON,
                "-c",
                "from importlinter.cli import lint_imports_command as main; main()",
            ]
        if command[0] == "lint_async":  # no module of a package
            arguments = [PYTHON, os.path.join("tools", "lint_async.py")] + list(command[1:])
        if subprocess.call(arguments, env=with_source()):
            failed.append(" ".join(command))
    if not names or PAGE in names:
        say("--- " + PAGE)
        if not check_page():
            failed.append(PAGE)
    say("Failed: " + "; ".join(failed) if failed else "All checks passed.")
    return FAILED if failed else 0


def write_constraints():
    """Write the files of constraints/ from pyproject.toml; return the exit code.

    locked.txt has the newest version of every package, for all Pythons and platforms; lowest.txt
    the lowest versions that pyproject.toml declares, with which CI runs the tests as well. Neither
    names the index that the versions were found on.
    """
    os.chdir(ROOT)
    resolve = [PYTHON, "-m", "uv", "--quiet", "pip", "compile", "pyproject.toml", "--upgrade"]
    resolve += ["--universal", "--python-version", "%d.%d" % OLDEST, "--all-extras"]
    resolve += ["--custom-compile-command", "python3 run.py lock", "--no-annotate"]
    resolve += ["--no-emit-index-url", "--no-emit-find-links"]
    groups = sorted(set(GROUPS.values()) | {"build", "compile"})
    every = [part for group in groups for part in ("--group", group)]
    lowest = ["--resolution", "lowest-direct", "--group", "test"]
    for options, name in ((every, "locked.txt"), (lowest, "lowest.txt")):
        path = os.path.join("constraints", name)
        code = subprocess.call(resolve + options + ["-o", path], stdout=subprocess.DEVNULL)
        if code:
            return code
    return 0


def with_source():
    """Return the environment for a program that imports the project (see requirements())."""
    is_compiled = os.environ.get("TRIO_CHAT_FORM") == "compiled" and os.path.isdir(COMPILED)
    source = COMPILED if is_compiled else os.path.join(ROOT, "src")
    paths = [source, os.environ.get("PYTHONPATH", "")]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in paths if path))


def run(module, *arguments):
    """Replace this process with the program; on Windows, start it and return its exit code."""
    # -P: a queue.py in the current directory must not replace that of the standard library.
    command = [PYTHON, "-P", "-m", module] + list(arguments)
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(PYTHON, command, with_source())
    import signal

    # Ctrl+C reaches both processes, and this one has to wait while the child shuts down. SIG_IGN
    # would be inherited by the child, a handler is not.
    for number in (signal.SIGINT, signal.SIGBREAK):
        signal.signal(number, lambda *_: None)
    return subprocess.call(command, env=with_source())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

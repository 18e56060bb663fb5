"""Run trio-chat from this directory, with nothing but Python installed: sets up a virtual
environment in .venv first.

    python3 run.py serve ...      start a server; everything that `trio-chat` takes can be given
    python3 run.py connect ...    join one
    python3 run.py test ...       run the tests; arguments go to pytest
    python3 run.py check          run the linters, the type checker and the import rules

The first lines must be understood by any Python, so that an old one can say that it is too old: no
f-strings here, and nothing imported at the top that Python 2.7 does not have.
"""

# Old syntax (UP031, RUF005, B904), late imports (PLC0415), and starting programs (S603, S606) are
# what this file is about.
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
STAMP = os.path.join(
    VENV, "trio-chat.json"
)  # what is installed; written last, so an interrupted setup has none
LOCK = os.path.join(VENV, "trio-chat.lock")
WINDOWS = os.name == "nt"
PYTHON = (
    os.path.join(VENV, "Scripts", "python.exe") if WINDOWS else os.path.join(VENV, "bin", "python")
)
FAILED, INTERRUPTED = 1, 130
LINES_SHOWN = 15

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    # Whatever flake8-async turns on by itself; the rest is what ruff does.
    ("flake8", "--isolated", "--extend-ignore=E,F,W,C", "src", "tests", "benchmarks"),
    ("mypy",),
    ("importlinter",),
)


def main(arguments):
    """Set up what a command needs and run it; return the exit code."""
    if sys.version_info < OLDEST:
        return explain_old_python()
    command = arguments[0] if arguments else ""
    needed = {"", {"test": "test", "check": "lint"}.get(command, "")}
    try:
        set_up(needed)
    except Problem as problem:
        say(str(problem))
        return FAILED
    except KeyboardInterrupt:
        say("Interrupted. The next start takes up where this one ended.")
        return INTERRUPTED
    if command == "check":
        return check()
    if command == "test":
        os.chdir(ROOT)
        return run("pytest", *arguments[1:])
    return run("trio_chat", *arguments)


def explain_old_python():
    """Say which Python is needed and where to get it; return the exit code."""
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
    """Tell the user something, not mixing it with what the program itself writes."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Problem(Exception):
    """Setting up is not possible; the text says what the user can do."""


def set_up(needed):
    """Make the environment and install what is missing in it: dependency groups by name, "" for the
    project itself.
    """
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as stream:
        project = stream.read()
    # The directory counts too: an editable installation points to it, and people move and copy
    # directories.
    key = hashlib.sha256(project + os.fsencode(ROOT)).hexdigest()
    if is_usable() and needed <= installed(key):
        return
    try:
        os.makedirs(VENV, exist_ok=True)
        with open(LOCK, "a") as lock:
            hold(lock)
            # Somebody else may have done it while this one waited for the lock.
            if not (is_usable() and needed <= installed(key)):
                install(project, key, needed)
    except OSError as error:
        reason = error.strerror or error
        raise Problem(
            "%s: %s.\nIs there room, and may you write there? If not, copy %s to a place of yours."
            % (VENV, reason, ROOT)
        )


def is_usable():
    """Tell whether the environment's Python is there, and is still the version that the environment
    was made for.
    """
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
        # The python.exe of an environment only starts the one in its home.
        return os.path.exists(os.path.join(settings.get("home", ""), "python.exe"))
    same = os.path.realpath(PYTHON) == os.path.realpath(
        getattr(sys, "_base_executable", sys.executable)
    )
    return not same or settings.get("version", "").split(".")[:2] == [
        str(part) for part in sys.version_info[:2]
    ]


def installed(key):
    """Return what is installed for this state of the project: names of groups, and "" for the
    project itself.
    """
    try:
        with open(STAMP) as stream:
            stamp = json.load(stream)
        return set(stamp["installed"]) if stamp["key"] == key else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def hold(lock):
    """Wait until nobody else sets up (server.bat and client.bat are often started together); ends
    with the process.
    """
    waiting = False
    while not try_to_hold(lock):
        if not waiting:
            say("Waiting for another setup in this directory to end ...")
        waiting = True
        time.sleep(0.5)


def try_to_hold(lock):
    """Take the lock unless another process has it; tell whether to go on."""
    try:
        if WINDOWS:
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Wine says 0. Anything else: some network drives have no locks, and two setups at once are
        # rare.
        return error.errno not in (0, errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def install(project, key, needed):
    """Make the environment unless there is one that works, and install the project and the groups
    needed.
    """
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
    code, output = call(pip + requirements(project, groups))
    if code:
        raise Problem(
            output
            + "\n\nThe packages that trio-chat needs could not be installed: see above. Is there a "
            "connection to the Internet?\nBehind a proxy, set HTTPS_PROXY; then start this again."
        )
    with open(STAMP + ".new", "w") as stream:
        json.dump({"key": key, "installed": [""] + groups}, stream)
    os.replace(STAMP + ".new", STAMP)


def make_environment():
    """Make a new environment in .venv, whatever an interrupted setup left there."""
    try:
        import ensurepip
        import venv
    except ImportError:
        raise Problem(
            "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt install"
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
            output + "\n\nThe virtual environment %s could not be made: see above." % VENV
        )


def requirements(project, groups):
    """Return what pip is to install: the project, and what the dependency groups ask for.

    Not `pip install --group`, which the pip of an older Python does not know. And editable only
    where that is safe: the path is written to a .pth file as UTF-8, but Python 3.11 and 3.12 read
    it in the character set of the system, and in a directory with a Cyrillic name they then do not
    even start. The dependencies are enough, see with_source().
    """
    import tomllib

    table = tomllib.loads(project.decode("utf-8"))
    safe = sys.version_info >= (3, 13) or ROOT.isascii()
    itself = ["--editable", ROOT] if safe else table["project"]["dependencies"]
    return itself + [
        requirement for group in groups for requirement in table["dependency-groups"][group]
    ]


def call(command):
    """Run a command quietly; return its exit code and the last lines of what it said."""
    # A setting meant for the user's own pip must not lead the packages elsewhere.
    environment = dict(os.environ, PIP_USER="0", PYTHONUTF8="1")
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


def check():
    """Run every check, also after one has failed; return the exit code."""
    os.chdir(ROOT)
    failed = []
    for command in CHECKS:
        say("--- " + " ".join(command))
        arguments = [PYTHON, "-m"] + list(command)
        if command == ("importlinter",):
            arguments = [
                PYTHON,
                "-c",
                "from importlinter.cli import lint_imports_command as main; main()",
            ]
        if subprocess.call(arguments, env=with_source()):
            failed.append(" ".join(command))
    say("Failed: " + "; ".join(failed) if failed else "All checks passed.")
    return FAILED if failed else 0


def with_source():
    """Return the environment variables for a program that imports the project, installed or not
    (see requirements()).
    """
    paths = [os.path.join(ROOT, "src"), os.environ.get("PYTHONPATH", "")]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in paths if path))


def run(module, *arguments):
    """Become the program, or on Windows, where nothing can, start it and wait for its end; return
    the exit code.
    """
    # -P: a queue.py in the directory where somebody starts the chat is not the standard one.
    command = [PYTHON, "-P", "-m", module] + list(arguments)
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(PYTHON, command, with_source())
    import signal

    # Ctrl+C reaches both; the child says goodbye, and this one has to wait for it. A handler,
    # because a child could inherit that a signal is ignored.
    for number in (signal.SIGINT, signal.SIGBREAK):
        signal.signal(number, lambda *_: None)
    return subprocess.call(command, env=with_source())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The log: its format, hostile text, and writes that never block."""

import contextlib
import io
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from trio_chat.config import LoggingSettings
from trio_chat.log import logger, threads
from trio_chat.log.file import LogFile
from trio_chat.log.threads import LogEntry, LogThread

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[(DEBUG|INFO|WARNING|ERROR)\] [^\n]*\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the log file will be."""
    return tmp_path / "logs" / "server_log.txt"


def log(
    file: Path | None, *messages: str, level: str = "info", console: io.StringIO | None = None
) -> str:
    """Log messages at INFO; return what the console got."""
    console = io.StringIO() if console is None else console
    with logger.running(LoggingSettings(file=file, level=level), console) as log:
        for message in messages:
            log.info("%s", message)
    return console.getvalue()


def text(file: Path) -> str:
    """Return the log without its times."""
    content = file.read_bytes().decode()
    return re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", content, flags=re.MULTILINE)


def test_a_line_is_time_level_message(file: Path) -> None:
    """`YYYY-MM-DD HH:MM:SS [LEVEL] message`, the same on the console and in the file."""
    shown = log(file, "Привет")
    assert LINE.fullmatch(shown)
    assert shown.endswith(" [INFO] Привет\n")
    assert file.read_text(encoding="utf-8") == shown


def test_the_order_is_kept(file: Path) -> None:
    """Lines stand in the order in which they were logged."""
    log(file, *(str(number) for number in range(2000)))
    assert text(file) == "".join(f"[INFO] {number}\n" for number in range(2000))


def test_children_log_too(file: Path) -> None:
    """A module's own logger ends up in the same place."""
    with logger.running(LoggingSettings(file=file), io.StringIO()):
        logging.getLogger("trio_chat.server.app").warning("deep")
    assert text(file) == "[WARNING] deep\n"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ("info", ["INFO", "WARNING", "ERROR"]),
        ("warning", ["WARNING", "ERROR"]),
        ("error", ["ERROR"]),
    ],
)
def test_the_level_decides(file: Path, level: str, expected: list[str]) -> None:
    """What is below the level is not written."""
    with logger.running(LoggingSettings(file=file, level=level), io.StringIO()) as log:
        for name in ("DEBUG", "INFO", "WARNING", "ERROR"):
            log.log(getattr(logging, name), "x")
    assert [match[1] for match in LINE.finditer(file.read_text(encoding="utf-8"))] == expected


@pytest.mark.parametrize(
    "hostile",
    ["a\n2026-01-01 00:00:00 [INFO] forged", "\x1b[2J", "a\rb", "\u202eabc", "\x9b31m", "\0"],
)
def test_nobody_forges_lines_or_speaks_to_the_terminal(file: Path, hostile: str) -> None:
    """Controls in a message are shown by their codes."""
    shown = log(file, hostile)
    assert LINE.fullmatch(shown)
    assert shown[:-1].isprintable()
    assert "\\x" in shown or "\\u" in shown
    assert file.read_text(encoding="utf-8") == shown


def test_a_lone_surrogate_is_written_somehow(file: Path) -> None:
    """Text that UTF-8 has no bytes for does not stop the log."""
    log(file, "\udcff")
    assert text(file) == "[INFO] \\udcff\n"


def test_a_long_message_is_cut(file: Path) -> None:
    """One message cannot fill the disk."""
    log(file, "a" * 100_000)
    assert len(text(file)) < 5000


def test_a_traceback_keeps_its_lines_and_cannot_forge_any(file: Path) -> None:
    """Every line of it is indented, and controls within are shown by their codes."""
    with logger.running(LoggingSettings(file=file), io.StringIO()) as log:
        try:
            raise ValueError("x\n2026-01-01 00:00:00 [INFO] forged\x1b[2J")
        except ValueError:
            log.exception("failed")
    first, *rest = file.read_text(encoding="utf-8").splitlines()
    assert first.endswith("[ERROR] failed")
    assert len(rest) > 3
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


def test_a_wrong_logging_call_is_logged(file: Path) -> None:
    """A mistake in a log call neither raises nor disappears."""
    with logger.running(LoggingSettings(file=file), io.StringIO()) as log:
        log.info("%d people", "many")
    assert "'%d people' cannot be logged" in text(file)


def test_the_file_is_private(file: Path) -> None:
    """Only its owner may read what people did."""
    log(file, "x")
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_the_file_is_appended_to(file: Path) -> None:
    """A restart loses nothing."""
    log(file, "one")
    log(file, "two")
    assert text(file) == "[INFO] one\n[INFO] two\n"


def test_without_a_file_there_is_only_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file can be switched off."""
    monkeypatch.chdir(tmp_path)
    assert LINE.fullmatch(log(None, "x"))
    assert not list(tmp_path.iterdir())


def test_without_a_console_there_is_only_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output may be missing (pythonw)."""
    monkeypatch.setattr(sys, "stdout", None)
    with logger.running(LoggingSettings(file=file)) as log:
        log.info("x")
    assert text(file) == "[INFO] x\n"


def test_afterwards_logging_is_as_before(file: Path) -> None:
    """The logger of an embedding program gets its settings back."""
    root = logging.getLogger(logger.NAME)
    before = root.level, root.propagate, list(root.handlers)
    log(file, "x", level="debug")
    assert (root.level, root.propagate, list(root.handlers)) == before


def test_old_files_are_numbered_and_limited(file: Path) -> None:
    """A full file becomes `.1`, and only as many are kept as was said."""
    for number in range(6):
        with logger.running(
            LoggingSettings(file=file, rotate_bytes=1024, keep=2), io.StringIO()
        ) as log:
            log.info("%s %s", number, "x" * 800)
    names = {path.name: text(path)[7] for path in file.parent.iterdir()}
    assert names == {"server_log.txt": "5", "server_log.txt.1": "4", "server_log.txt.2": "3"}


def test_files_from_a_time_when_more_were_kept_are_removed(file: Path) -> None:
    """At the first line, as [logging] keep promises, and another file is left alone."""
    file.parent.mkdir()
    for name in ("1", "2", "3", "4", "6", "x"):
        file.with_name(f"server_log.txt.{name}").touch()
    log_file = LogFile(file, rotate_bytes=100, keep=2, clock=lambda: 0.0)
    log_file.write(b"line\n")
    log_file.close()
    left = {path.name.removeprefix("server_log.txt") for path in file.parent.iterdir()}
    assert left == {"", ".1", ".2", ".6", ".x"}


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
def test_a_log_behind_a_link_stays_where_the_link_leads(tmp_path: Path) -> None:
    """On another disk, for example: the older files are there, too."""
    (tmp_path / "large").mkdir()
    link, target = tmp_path / "a.log", tmp_path / "large" / "b.log"
    link.symlink_to(target)
    log_file = LogFile(link, rotate_bytes=100, keep=2, clock=lambda: 0.0)
    for number in range(3):
        assert log_file.write(b"%d" % number * 60 + b"\n") is None
    log_file.close()
    assert link.is_symlink()
    assert sorted(path.name for path in target.parent.iterdir()) == ["b.log", "b.log.1", "b.log.2"]
    assert target.read_bytes()[:1] == b"2"


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no such names, or other ones")
def test_a_stream_is_never_turned_over(tmp_path: Path) -> None:
    """That would rename the name of the stream, such as /dev/stdout, for all programs."""
    with (tmp_path / "out").open("wb") as stream:
        place = Path(f"/proc/self/fd/{stream.fileno()}")
        log_file = LogFile(place, rotate_bytes=100, keep=2, clock=lambda: 0.0)
        for _ in range(3):
            assert log_file.write(b"x" * 60 + b"\n") is None
        log_file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_size == 3 * 61


def test_a_failed_turn_over_is_told_once_and_costs_nothing(file: Path) -> None:
    """While the old file cannot be moved, the log goes on in it, and the older files stay."""
    blocked = file.with_name("server_log.txt.1")
    (blocked / "in the way").mkdir(parents=True)
    log_file = LogFile(file, rotate_bytes=100, keep=1, clock=lambda: 0.0)
    outcomes = [log_file.write(b"x" * 60 + b"\n") for _ in range(4)]
    log_file.close()
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        IsADirectoryError,
        type(None),
        type(None),
    ]
    assert file.read_bytes().count(b"\n") == 4


def test_a_turn_over_is_tried_again_later(file: Path) -> None:
    """Once the obstacle is gone and some time has passed, the file is turned over."""
    now = [0.0]
    obstacle = file.with_name("server_log.txt.1")
    obstacle.mkdir(parents=True)
    (obstacle / "x").touch()
    log_file = LogFile(file, rotate_bytes=100, keep=1, clock=lambda: now[0])
    for _ in range(3):
        log_file.write(b"x" * 60 + b"\n")
    (obstacle / "x").unlink()
    obstacle.rmdir()
    now[0] = 60.0
    log_file.write(b"new\n")
    log_file.close()
    assert file.read_bytes() == b"new\n"
    assert obstacle.read_bytes().count(b"\n") == 3


def test_repeated_failures_do_not_wear_out_the_old_files(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first attempt moves the older files up; then there is a gap, and they stay."""
    file.parent.mkdir()
    for number in (1, 2):
        file.with_name(f"server_log.txt.{number}").write_text(str(number))
    now = [0.0]
    log_file = LogFile(file, rotate_bytes=10, keep=5, clock=lambda: now[0])

    def fail(_: int) -> Path:
        raise PermissionError

    log_file.write(b"first line\n")
    numbered, locked = log_file._numbered, file.with_name("locked")
    monkeypatch.setattr(
        log_file, "_numbered", lambda number: numbered(number) if number else locked
    )
    for _ in range(10):
        now[0] += 60
        log_file.write(b"more lines\n")
    log_file.close()
    assert {path.name for path in file.parent.iterdir()} == {
        "server_log.txt",
        "server_log.txt.2",
        "server_log.txt.3",
    }


def test_a_file_that_was_moved_away_is_begun_anew(file: Path) -> None:
    """Another program may turn the log over, or somebody may delete it."""
    log_file = LogFile(file, 1_000_000, 1, clock=lambda: 0.0)
    log_file.write(b"one\n")
    if os.name == "posix":
        file.rename(file.with_name("old"))
    log_file.write(b"two\n")
    log_file.close()
    assert file.read_bytes().endswith(b"two\n")
    assert file.exists()


def test_an_unwritable_place_is_told_once_on_the_console(tmp_path: Path) -> None:
    """The chat goes on without a log, and the operator knows why."""
    (tmp_path / "logs").write_text("a file where the directory should be")
    console = io.StringIO()
    with logger.running(LoggingSettings(file=tmp_path / "logs" / "x.txt"), console) as log:
        for number in range(2000):
            log.info("%d", number)
    shown = console.getvalue()
    assert shown.count("cannot be written, the chat goes on without it") == 1
    assert "[INFO] 1999\n" in shown


class Disk(LogFile):
    """A log file whose disk is full as long as the test says."""

    def __init__(self) -> None:
        super().__init__(Path("x.txt"), 1_000_000, 1, clock=lambda: 0.0)
        self.full = True
        self.written = b""

    def write(self, data: bytes) -> OSError | None:
        """Write, or fail as a full disk does."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.written += data
        return None


def test_writing_resumes_when_there_is_room_again() -> None:
    """The missing messages are counted, and the count is logged."""
    disk = Disk()
    told: list[LogEntry] = []
    write = logger._FileWriter(disk, "x.txt", told.append)
    write([LogEntry(0.0, "INFO", "lost")] * 3)
    write([LogEntry(0.0, "INFO", "lost")])
    disk.full = False
    write([LogEntry(0.0, "INFO", "kept")])
    assert disk.written.endswith(b"[INFO] kept\n")
    assert [entry.level for entry in told] == ["ERROR", "WARNING"]
    assert "without 4 messages" in told[1].message


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_raises_for_the_caller_to_tell() -> None:
    """ENOSPC is not swallowed in the file."""
    log_file = LogFile(Path("/dev/full"), 1_000_000, 1, clock=lambda: 0.0)
    with contextlib.closing(log_file), pytest.raises(OSError, match="No space left"):
        log_file.write(b"x\n")


def test_what_is_logged_within_a_moment_is_written_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread wakes up once for it, and the end is not awaited."""
    monkeypatch.setattr(threads, "_GATHERING", 3600.0)
    written: list[list[str]] = []
    sink = LogThread(
        "gathering", lambda entries: written.append([entry.message for entry in entries])
    )
    for message in "abc":
        sink.put(LogEntry(0.0, "INFO", message))
    assert sink.stop(60)
    assert written == [["a", "b", "c"]]


def test_too_much_is_dropped_and_counted() -> None:
    """When a place is too slow, the queue stays bounded and one line tells the loss."""
    entered, release, written = threading.Event(), threading.Event(), []

    def write(entries: list[LogEntry]) -> None:
        entered.set()
        release.wait()
        written.extend(entries)

    sink = LogThread("slow", write, capacity=10)
    sink.put(LogEntry(0.0, "INFO", "first"))
    entered.wait()
    for number in range(25):
        sink.put(LogEntry(0.0, "INFO", str(number)))
    release.set()
    assert sink.stop(60)
    assert [entry.message for entry in written[:11]] == ["first", *map(str, range(10))]
    assert [(entry.level, entry.message[:30]) for entry in written[11:]] == [
        ("WARNING", "15 log messages were dropped: ")
    ]


def run_program(code: str, file: Path, **options: Any) -> "subprocess.Popen[bytes]":
    """Start Python with a program that has `logger`, `settings` and `log`."""
    prelude = """
        import sys
        from pathlib import Path
        from trio_chat.log import logger
        from trio_chat.config import LoggingSettings
        settings = LoggingSettings(file=Path(sys.argv[1]))
    """
    program = textwrap.dedent(prelude) + textwrap.dedent(code)
    return subprocess.Popen([sys.executable, "-c", program, str(file)], **options)


def test_a_console_that_nobody_reads_holds_up_neither_the_file_nor_the_exit(file: Path) -> None:
    """A full pipe (or a Windows console with something selected) does not stop the program from
    ending well.
    """
    code = """
        with logger.running(settings) as log:
            for number in range(3000):
                log.info("%d %s", number, "x" * 100)
        sys.exit(7)
    """
    with run_program(code, file=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.wait(60) == 7
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert text(file).count("\n") == 3000


def test_the_console_is_utf8_in_any_locale(file: Path) -> None:
    """Names in any script are shown as they are, whatever the locale says."""
    code = """
        with logger.running(settings) as log:
            log.info("\\u041f\\u0440\\u0438")
    """
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    with run_program(code, file=file, stdout=subprocess.PIPE, env=environment) as process:
        shown = process.communicate(timeout=60)[0]
    assert shown.decode().rstrip().endswith("[INFO] При")


def test_a_closed_console_does_not_matter(file: Path) -> None:
    """The reader of the pipe may go away (`serve | head`)."""
    code = """
        sys.stdin.read()
        with logger.running(settings) as log:
            log.info("x")
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with run_program(code, file=file, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0
    assert text(file) == "[INFO] x\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_levels_are_coloured_on_a_terminal_only(
    file: Path, variables: dict[str, str], coloured: bool
) -> None:
    """Warnings catch the eye on a terminal, unless colours are not wanted; the file is always
    plain.
    """
    code = """
        with logger.running(settings) as log:
            log.warning("x")
    """
    master, terminal = os.openpty()
    environment = (
        {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        | {"TERM": "xterm"}
        | variables
    )
    with run_program(code, file=file, stdout=terminal, env=environment) as process:
        assert process.wait(60) == 0
    shown = os.read(master, 1000).decode()
    os.close(master)
    os.close(terminal)
    assert ("[\x1b[33mWARNING\x1b[0m] x" in shown) == coloured
    assert text(file) == "[WARNING] x\n"

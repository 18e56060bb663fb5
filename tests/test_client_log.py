"""The log of the client: names of files, lines, and a disk that nothing waits for."""

import os
import stat
import sys
import threading
from pathlib import Path
from unicodedata import normalize

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from client_fakes import PATIENCE, chat, until
from screen_fakes import inside
from trio_chat.client import log as logs
from trio_chat.client.log import ChatLog, ServerLog
from trio_chat.client.log_files import TranscriptEntry, append, lines_of, safe_name
from trio_chat.client.screen.app import ScreenOptions
from trio_chat.client.session import events
from trio_chat.client.session.events import MessageKind, Said
from trio_chat.client.session.features import Features

NOON = 1_777_896_000.0
"""2026-05-04 12:00 UTC."""


async def say_nothing(text: str) -> None:
    """Take a warning."""
    await trio.lowlevel.checkpoint()


def written(directory: Path) -> dict[str, str]:
    """Return all files below a directory, by their names."""
    return {
        str(path.relative_to(directory)): path.read_text("utf-8")
        for path in directory.rglob("*.txt")
    }


# Names of files


@given(st.text(), st.text())
def test_names_differ_also_where_capitals_do_not_count(one: str, other: str) -> None:
    """On NTFS, APFS and FAT `A` is `a`, and composed letters are decomposed ones."""
    safe = [normalize("NFD", safe_name(name)).casefold() for name in (one, other)]
    assert (safe[0] == safe[1]) == (one == other)


@given(st.text())
def test_names_are_safe(name: str) -> None:
    """Nothing leads elsewhere, nothing is a device, nothing is too long."""
    safe = safe_name(name)
    assert not set(safe) & set('<>:"/\\|?*\0 ')
    assert safe.isprintable()
    assert safe not in ("", ".", "..")
    assert safe[-1] not in ". "
    assert len(safe.encode()) < 200


@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "..",
        ".",
        "con",
        "CON",
        "nul.txt",
        "com1",
        "Lpt9.log",
        "aux.",
        "a" * 300,
        "",
        "\ud800",
    ],
)
def test_names_that_mean_something_elsewhere(name: str) -> None:
    """Windows, "Naming files": devices count with any extension, and a dot at the end is
    dropped.
    """
    safe = safe_name(name)
    assert safe.partition(".")[0].lower() not in ("", "con", "nul", "com1", "lpt9", "aux")
    assert "/" not in safe
    assert not safe.endswith(".")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("#lobby", "#lobby"),
        ("#чай", "#чай"),
        ("bob", "bob"),
        ("#a/b", "#a%2fb"),
        ("srv:5000", "srv%3a5000"),
    ],
)
def test_usual_names_stay_readable(name: str, safe: str) -> None:
    """One finds a channel again."""
    assert safe_name(name) == safe


# Files


def test_a_file_for_each_day_and_channel(tmp_path: Path) -> None:
    """Readable for the owner alone."""
    log = tmp_path / "a" / "log"
    entries = [
        TranscriptEntry("srv", "#x", NOON, ("one", "two")),
        TranscriptEntry("srv", "bob", NOON, ("three",)),
        TranscriptEntry("srv", "#x", NOON + 86400, ("4",)),
    ]
    append(log, entries)
    append(log, entries[1:2])
    files = written(log)
    assert [name.replace("\\", "/") for name in sorted(files)] == [
        "srv/#x/2026-05-04.txt",
        "srv/#x/2026-05-05.txt",
        "srv/bob/2026-05-04.txt",
    ]
    assert [
        line.partition("] ")[2] for line in files[str(Path("srv/#x/2026-05-04.txt"))].splitlines()
    ] == ["one", "two"]
    assert files[str(Path("srv/bob/2026-05-04.txt"))].count("three\n") == 2
    if sys.platform != "win32":
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")
        }
        assert {modes["log"], modes["#x"]} == {0o700}
        assert modes["2026-05-04.txt"] == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A file of another user is not written to."""
    victim = tmp_path / "victim"
    victim.write_text("")
    place = tmp_path / "log" / "srv" / "#x"
    place.mkdir(parents=True)
    os.symlink(victim, place / "2026-05-04.txt")
    with pytest.raises(OSError, match=r"."):
        append(tmp_path / "log", [TranscriptEntry("srv", "#x", NOON, ("one",))])
    assert victim.read_text() == ""


@pytest.mark.parametrize("time", [float("nan"), 1e300, -1e300])
def test_a_time_that_cannot_be(time: float, tmp_path: Path) -> None:
    """The day is that of now."""
    append(tmp_path, [TranscriptEntry("srv", "#x", time, ("one",))])
    assert len(written(tmp_path)) == 1


# Lines


def test_lines() -> None:
    """Control characters are escaped, colours are left out, each line of several is a line with its
    sender.
    """
    assert lines_of(Said("bob", "#x", "a\x1b[2Jb\x0304c\nd\r[e")) == (
        r"<bob> a\x1b[2Jbc",
        r"<bob> d\x0d[e",
    )
    assert lines_of(Said("bob", "#x", "waves", MessageKind.ACTION)) == ("* bob waves",)
    assert lines_of(events.UserJoined("bob", "#x", own=False)) == ("*** bob has joined #x.",)
    assert lines_of(events.Typing("bob", "#x", is_typing=True)) == ()


def test_keys_of_channels_are_left_out() -> None:
    """They are passwords."""
    assert lines_of(events.ModeChanged("#x", "bob", "+ko s3cret ann", own=False)) == (
        "*** bob: +ko",
    )
    assert lines_of(events.ModeChanged("#x", "bob", "+o ann", own=False)) == ("*** bob: +o ann",)


# What goes there


async def noted(
    *happened: events.Event, directory: Path | None = Path("log")
) -> list[tuple[str, float, str]]:
    """Return what of some events waits to be written."""
    log = ChatLog(directory, say_nothing, lambda: NOON)
    server = ServerLog(log, "srv")
    for event in happened:
        server.note(event, Features(), "")
    await trio.lowlevel.checkpoint()
    return [(entry.conversation, entry.time - NOON, entry.lines[0]) for entry in log._waiting(100)]


async def test_what_was_missed_is_written_once() -> None:
    """What is played back is older than the client, or was said while the connection was lost, or
    is known.
    """
    played = [f"2026-05-04T12:00:{second:02}.000Z" for second in range(10)]
    here = events.Connected("ann")
    assert await noted(
        Said("bob", "#x", "before", msgid="0", played_back="2026-05-04T11:00:00.000Z"),
        here,
        Said("bob", "#x", "older", msgid="1", played_back="2026-05-04T11:59:59.000Z"),
        Said("bob", "#x", "new", msgid="2", time=played[3]),
        Said("bob", "#x", "new", msgid="2", played_back=played[3]),
        Said("bob", "#x", "missed", msgid="3", played_back=played[4]),
        Said("eve", "#y", "missed too", msgid="4", played_back=played[1]),
        Said("bob", "#x", "asked for", msgid="5", played_back=played[2]),
        here,
    ) == [("#x", 3.0, "<bob> new"), ("#x", 4.0, "<bob> missed"), ("#y", 1.0, "<eve> missed too")]


async def test_one_channel_is_one_file() -> None:
    """Case and status prefixes do not matter; our modes are no conversation."""
    talks = await noted(
        Said("bob", "#Tea", "a"),
        Said("bob", "@#tea", "b"),
        events.ModeChanged("ann", "ann", "+i", own=True),
        events.UserJoined("c", "#TEA", False),
    )
    assert {talk for talk, _time, _line in talks} == {"#tea"}
    assert len(talks) == 3


async def test_no_log_unless_one_is_wanted() -> None:
    """It is off by default."""
    assert ScreenOptions().log is None
    assert await noted(Said("bob", "#x", "a"), directory=None) == []


async def test_the_screen_writes_what_it_shows(tmp_path: Path) -> None:
    """The log has a QUIT in all channels of the user, and no passwords."""
    async with inside(options=ScreenOptions(theme="dark", log=tmp_path)) as (it, server):
        await server.send(
            ":bob!u@h PRIVMSG #lobby :hello",
            ":alice!u@h PRIVMSG NickServ :IDENTIFY s3cret",
            ":bob!u@h QUIT :bye",
        )
        await it.sees("bob │ hello", "bob has left")
    files = written(tmp_path)
    lobby = next(text for name, text in files.items() if "#lobby" in name)
    assert [line.partition("] ")[2] for line in lobby.splitlines()][-2:] == [
        "<bob> hello",
        "*** bob has left the server. (bye)",
    ]
    assert "IDENTIFY" in "".join(files.values())
    assert "s3cret" not in "".join(files.values())


async def test_the_line_client_writes_too(tmp_path: Path) -> None:
    """A file that cannot be written is reported once, and does not disturb the rest."""
    (tmp_path / "file").write_text("")
    async with chat() as it:
        it.client._chat_log.directory = tmp_path / "file"
        server = await it.server()
        await server.enter()
        await server.send(":bob!u@h PRIVMSG #lobby :hello", ":bob!u@h PRIVMSG #lobby :hello")
        await until(lambda: any("not written to" in line for line in it.interface.shown))
        await server.send(":bob!u@h PRIVMSG #lobby :again")
        await until(lambda: any("again" in line for line in it.interface.shown))
        assert sum("not written to" in line for line in it.interface.shown) == 1


# A disk that is slow


async def test_a_disk_that_hangs_is_never_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user gets a warning; further entries are dropped and counted; the end waits for some
    seconds and no longer.
    """
    told: list[str] = []
    goes_on, has_told = threading.Event(), trio.Event()

    async def tell(text: str) -> None:
        told.append(text)
        has_told.set()
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(logs, "_PATIENCE", 0.01)
    monkeypatch.setattr(logs, "append", lambda _directory, _entries: goes_on.wait(PATIENCE))
    log = ChatLog(tmp_path, tell, lambda: NOON)
    for _ in range(20_000):
        log.add(TranscriptEntry("srv", "#x", NOON, ("one",)))
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.run)
            await has_told.wait()
            nursery.cancel_scope.cancel()
    goes_on.set()
    assert "the disk does not answer" in told[0]
    assert told[0].startswith("11001 entries")


async def test_what_waits_at_the_end_is_written(tmp_path: Path) -> None:
    """Ending the client ends it."""
    log = ChatLog(tmp_path, say_nothing, lambda: NOON)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.run)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3000):
            log.add(TranscriptEntry("srv", "#x", NOON, ("one",)))
        nursery.cancel_scope.cancel()
    assert sum(text.count("one") for text in written(tmp_path).values()) == 3000

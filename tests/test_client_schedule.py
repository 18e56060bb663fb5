"""Messages that are sent later, in the clients for terminals."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from client_fakes import chat
from trio_chat.client import schedule_commands
from trio_chat.client.schedule_times import offsets, split_time

NOON = datetime(2030, 1, 31, 12, 0).astimezone()


def local(*parts: int) -> str:
    """Return a time on this machine as NickServ takes it."""
    return datetime(*parts).astimezone().isoformat(timespec="seconds")  # type: ignore[arg-type]


ZONES = json.loads((Path(__file__).parent / "schedule_times.json").read_text("utf-8"))["zones"]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone cannot be set here")
@pytest.mark.parametrize(
    ("zone", "now", "text", "expected"),
    [(each["zone"], each["now"], *case) for each in ZONES for case in each["cases"]],
)
def test_a_time_is_understood(
    monkeypatch: pytest.MonkeyPatch, zone: str, now: str, text: str, expected: list[str] | None
) -> None:
    """In the time zone of this machine, and the next such time where no day is named."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", zone)
        time.tzset()
        found = split_time(text, datetime.fromisoformat(now).astimezone())
    time.tzset()
    assert found == (tuple(expected) if expected is not None else None)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone cannot be set here")
def test_summer_time_is_told_to_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time in summer would be shown by the clock of winter else."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        found = offsets(datetime(2026, 11, 30, 12, 0, tzinfo=UTC).astimezone())
    time.tzset()
    assert found == ["+01:00", "2027-03-28T03:00:00+02:00", "2027-10-31T02:00:00+01:00"]


async def test_messages_for_later_are_commands_of_nickserv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name they are for the current conversation."""
    monkeypatch.setattr(schedule_commands, "local_time", lambda: NOON)
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type(
            "/at", "/at cancel 3", "/at move 3 17:00", "/at 17:00 it is time", "/at 20m #tea hi all"
        )
        c.interface.type("/at 20m @bob hi", "/remind 2h check the build")
        await server.expect(f"NICKSERV AT LIST {' '.join(offsets(NOON))}")
        await server.expect("NICKSERV AT CANCEL 3")
        await server.expect(f"NICKSERV AT MOVE 3 {local(2030, 1, 31, 17, 0)}")
        await server.expect(f"NICKSERV AT {local(2030, 1, 31, 17, 0)} #lobby it is time")
        await server.expect("NICKSERV AT 20m #tea hi all")
        await server.expect("NICKSERV AT 20m bob hi")
        await server.expect("NICKSERV REMIND 2h check the build")


@pytest.mark.parametrize(
    "line",
    [
        "/at soon tea",
        "/at 20m",
        "/at move 1",
        "/at move 1 soon",
        "/at move 1 20m x",
        "/at 20m #tea",
        "/remind 20m",
    ],
)
async def test_what_is_no_time_or_no_text_is_explained(line: str) -> None:
    """Nothing is sent."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type(line)
        assert all("Usage: /" in each for each in await c.interface.take())


@pytest.mark.parametrize(
    ("line", "is_explained"),
    [("/remind 5pm tea", True), ("/at move 1 soon", True), ("/remind 20m", False)],
)
async def test_what_a_time_is_is_said_to_somebody_who_has_written_another_word(
    line: str, is_explained: bool
) -> None:
    """Not when only the text is missing."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type(line)
        (said,) = await c.interface.take()
        assert ("A time is 20m" in said) is is_explained

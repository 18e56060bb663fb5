"""Messages that are sent later, in the clients for terminals."""

from datetime import datetime

import pytest

from client_fakes import chat
from trio_chat.client import schedule_commands
from trio_chat.client.schedule_times import split_time

NOON = datetime(2030, 1, 31, 12, 0).astimezone()


def local(*parts: int) -> str:
    """Return a time on this machine as NickServ takes it."""
    return datetime(*parts).astimezone().isoformat(timespec="seconds")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20m tea", ("20m", "tea")),
        ("2h30m #tea it is  time", ("2h30m", "#tea it is  time")),
        ("17:00 tea", (local(2030, 1, 31, 17, 0), "tea")),
        ("9:05 tea", (local(2030, 2, 1, 9, 5), "tea")),
        ("12:00 tea", (local(2030, 2, 1, 12, 0), "tea")),
        ("tomorrow 9:00 tea", (local(2030, 2, 1, 9, 0), "tea")),
        ("Завтра 9:00 чай", (local(2030, 2, 1, 9, 0), "чай")),
        ("2030-07-01 09:00 tea", (local(2030, 7, 1, 9, 0), "tea")),
        ("2030-07-01T09:00 tea", (local(2030, 7, 1, 9, 0), "tea")),
        ("2030-07-01t09:00z tea", ("2030-07-01T09:00:00+00:00", "tea")),
        ("2030-07-01T09:00+05:30 tea", ("2030-07-01T09:00:00+05:30", "tea")),
        ("25:00 tea", None),
        ("2030-02-30 9:00 tea", None),
        ("2030-07-01 tea", None),
        ("tomorrow tea", None),
        ("T tea", None),
        ("0001-01-01T00:00 tea", None),
        ("tea at 17:00", None),
        ("", None),
    ],
)
def test_a_time_is_understood(text: str, expected: tuple[str, str] | None) -> None:
    """In the time zone of this machine, and the next such time where no day is named."""
    found = split_time(text, NOON)
    if text.startswith("0001"):  # the first of all years, in zones that it has
        assert found is None or found[1] == "tea"
    else:
        assert found == expected


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
        await server.expect(f"NICKSERV AT LIST {NOON.isoformat()[-6:]}")
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

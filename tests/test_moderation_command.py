"""`trio-chat filter`, `trio-chat raid` and `trio-chat report` alongside a server."""

from typing import Any

import pytest
import trio

from test_invite_command import _here, come, served
from trio_chat import cli
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ReportedToServer
from trio_chat.chat.moderation.server import Reporter, ServerReport
from trio_chat.server.state import save_state

__all__ = ["_here"]


def run(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """Run a command; return what it prints, or why it fails."""
    assert cli.main([*words]) == code
    out, err = capfd.readouterr()
    return (err if code else out).strip()


async def test_filters_are_noticed_by_a_running_server(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """They are added, listed and removed."""

    async def alongside(here: Any) -> None:
        watcher, moderation = here.server._moderation, here.server.world.moderation
        await trio.to_thread.run_sync(
            lambda: run(capfd, "filter", "add", "hold", "@channels,nicks", "Buy", "now")
        )
        await watcher.refresh()
        assert list(moderation.filters) == ["buy now"]
        assert moderation.restrains
        assert moderation.filters["buy now"].setter == "trio-chat filter"
        shown = await trio.to_thread.run_sync(lambda: run(capfd, "filter", "list"))
        assert shown.split("\t")[:3] == ["hold", "channels,nicks", "buy now"]
        await save_state(here.server.world, here.server.world.storage.store)
        await trio.to_thread.run_sync(lambda: run(capfd, "filter", "remove", "buy", "now"))
        await watcher.refresh()
        assert not moderation.restrains

    await served(alongside)


async def test_raid_mode_is_noticed_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    """By the command, or by itself."""

    async def alongside(here: Any) -> None:
        watcher, world = here.server._moderation, here.server.world
        await trio.to_thread.run_sync(lambda: run(capfd, "raid", "on", "--for", "2h"))
        await watcher.refresh()
        assert world.moderation.raid.by == "trio-chat raid"
        shown = await trio.to_thread.run_sync(lambda: run(capfd, "raid", "show"))
        assert shown.startswith("on\t")
        await trio.to_thread.run_sync(lambda: run(capfd, "raid", "off"))
        await watcher.refresh()
        assert not world.moderation.restrains
        world.moderation.set_raid(world.moderation.raid._replace(until=1))
        await watcher.end_raid()
        assert world.moderation.raid.until == 0

    await served(alongside)


async def test_a_report_is_shown_and_resolved(capfd: pytest.CaptureFixture[str]) -> None:
    """The server closes it, tells its reporter the note, and forgets what the command noted; a
    command that comes later finds no report.
    """

    async def alongside(here: Any) -> None:
        watcher, world = here.server._moderation, here.server.world
        ann = await come(here)
        (session,) = world.users["ann"].sessions
        reporter = Reporter("ann", 0, session.payer, "rude")
        report = ServerReport(0, 5, "eve", "eve", "eve!e@h", 0, 0, "\x02go\naway", (reporter,))
        apply(world, ReportedToServer(report))
        await save_state(world, world.storage.store)

        async def said(*words: str, code: int = 0) -> str:
            return await trio.to_thread.run_sync(lambda: run(capfd, "report", *words, code=code))

        assert (await said("list")).split("\t")[2:] == ["eve!e@h", "eve", "1", "go / away"]
        assert (await said("show", "1")).splitlines()[-1] == "by\tann\trude"
        await said("resolve", "1", "--note", "she was warned")
        assert await said("list") == ""
        assert "no open report 1" in await said("resolve", "1", code=1)
        await watcher.refresh()
        told = await ann.until("NOTICE")
        assert told.params[1].endswith("report about eve: she was warned")
        assert not world.moderation.reports
        await save_state(world, world.storage.store)
        assert await world.storage.moderation.load() == [("number", "", "1")]

    await served(alongside)


@pytest.mark.parametrize(
    "words",
    [
        ("filter", "add", "burn", "word"),
        ("filter", "add", "refuse", "x"),
        ("filter", "add", "refuse", "@nowhere", "word"),
        ("filter", "remove", "word"),
        ("raid", "on", "--for", "2days"),
        ("report", "show", "1"),
    ],
    ids=range(6),
)
async def test_wrong_words_are_refused(
    capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """With a sentence."""

    async def nothing(here: Any) -> None:
        pass

    await served(nothing)
    assert await trio.to_thread.run_sync(lambda: run(capfd, *words, code=1))

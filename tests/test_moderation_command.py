"""`trio-chat filter` and `trio-chat raid` alongside a server."""

from typing import Any

import pytest
import trio

from test_invite_command import _here, served
from trio_chat import cli
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


@pytest.mark.parametrize(
    "words",
    [
        ("filter", "add", "burn", "word"),
        ("filter", "add", "refuse", "x"),
        ("filter", "add", "refuse", "@nowhere", "word"),
        ("filter", "remove", "word"),
        ("raid", "on", "--for", "2days"),
    ],
    ids=range(5),
)
async def test_wrong_words_are_refused(
    capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """With a sentence."""

    async def nothing(here: Any) -> None:
        pass

    await served(nothing)
    assert await trio.to_thread.run_sync(lambda: run(capfd, *words, code=1))

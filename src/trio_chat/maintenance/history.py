"""The history, as maintenance prunes it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.chat.ids import milliseconds
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import ResourceNotFound
from trio_chat.storage import maintenance
from trio_chat.storage.clock import timeline

if TYPE_CHECKING:
    import apsw


class PlannedPruning(NamedTuple):
    """Messages and events that are to be deleted.

    Args:
        before: the smallest id that stays.
        channel: the folded name of one channel; None for all.
        total: how many messages and events there are.
    """

    before: int
    channel: str | None
    total: int

    def carry_out(self, connection: "apsw.Connection", on_progress: Callable[[int], None]) -> int:
        """Delete them in batches; return their number. Interrupted, it leaves some."""
        return maintenance.prune(connection, self.before, self.channel, on_progress)


def plan_pruning(
    connection: "apsw.Connection", before: float, channel: str | None, now: float
) -> PlannedPruning:
    """Return what is older than a Unix time.

    Args:
        connection: the database.
        before: seconds of Unix time.
        channel: the folded name of one channel; None for all.
        now: seconds of Unix time.

    Raises:
        ResourceNotFound: nothing was ever said in the channel.
    """
    check_channel(connection, channel)
    number = timeline(connection).oldest(milliseconds(before), milliseconds(now))
    total = maintenance.count_old(connection, number, channel)
    return PlannedPruning(number, channel, total)


def check_channel(connection: "apsw.Connection", channel: str | None) -> None:
    """Check that a channel, by its folded name, has had a message; None stands for all.

    Raises:
        ResourceNotFound: nothing was ever said in it.
    """
    if channel is not None and channel not in maintenance.channels(connection):
        raise ResourceNotFound(
            _("nothing was ever said in {channel}").format(channel=escape_controls(channel))
        )

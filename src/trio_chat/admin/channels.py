"""The commands of `trio-chat channel`: their output around `account_maintenance`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.i18n import _
from trio_chat.irc.plurals import counted
from trio_chat.maintenance.invitations import not_registered
from trio_chat.storage import account_maintenance
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    from trio_chat.chat.channel_registration import HistorySetting


def list_channels(database: Path) -> int:
    """Write all registered channels, one a line."""
    with connected(database) as connection:
        states = account_maintenance.registered_channels(connection)
    return write_lines(
        (
            state["name"],
            state["owner"],
            date(state["since"]),
            _topic(state),
            str(len(state.get("members", {}))),
        )
        for state in states
    )


def set_history(database: Path, folded: str, setting: "HistorySetting") -> int:
    """Set how long messages of a registered channel are kept."""
    with connected(database, instead=_(in_cluster.SET_HISTORY)) as connection:
        said = "as configured" if setting.days is None else counted(setting.days, "day")
        with recorded(connection, "channel", f"CHANNEL {folded}: history {said}"):
            if account_maintenance.set_history(connection, folded, setting.days) is None:
                raise not_registered(folded)
    report(
        _(
            "A server that is running notices within seconds; what is too old is deleted within the"
            " hour."
        )
    )
    return OK


def _topic(state: dict[str, Any]) -> str:
    return state["topic"][0] if state["topic"] else ""

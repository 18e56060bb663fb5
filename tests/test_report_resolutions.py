"""Resolutions of reports to the operators of the server, by the command line."""

import pytest

from trio_chat.chat.moderation.server import ServerReport
from trio_chat.irc.message import format_body
from trio_chat.maintenance.reports import resolution

REPORT = ServerReport(3, 0, "", "#a", "mallory!m@h", 0, 0, "", ())


@pytest.mark.parametrize("note", ["first\nsecond", "a\r\nb", "a\0b", "\x07\x02bold", "\udcff"])
def test_a_note_fits_into_a_line(note: str) -> None:
    """It is sent to those who have made the report: an argument can have anything in it."""
    shown = resolution(REPORT, note).state
    assert isinstance(shown, str)
    format_body("NOTICE", ("ann", shown)).encode()

"""Memory of the process, as the system says it."""

from pathlib import Path

import pytest

from trio_chat.server.process_memory import resident_bytes


def test_the_resident_pages_are_counted(tmp_path: Path) -> None:
    """The second number is that of resident pages, whose size is a multiple of 4 KiB."""
    (tmp_path / "statm").write_text("9000 7 5 1 0 8 0\n", "ascii")
    found = resident_bytes(str(tmp_path / "statm"))
    assert found is not None
    assert found % (7 * 4096) == 0


@pytest.mark.parametrize("text", ["", "9000", "9000 many"])
def test_a_system_that_does_not_say_it_is_no_error(tmp_path: Path, text: str) -> None:
    """Other systems have no such file, or another one."""
    assert resident_bytes(str(tmp_path / "nowhere")) is None
    (tmp_path / "statm").write_text(text, "ascii")
    assert resident_bytes(str(tmp_path / "statm")) is None

"""Files in contrib/: they name commands, settings and metrics that exist."""

import json
import re
from pathlib import Path

from trio_chat.cli.program import COMMANDS
from trio_chat.server.prometheus import TABLE

CONTRIB = Path(__file__).parent.parent / "contrib"


def test_the_dashboard_shows_metrics_that_exist() -> None:
    """A panel whose metric was renamed would be empty, and nobody would know why."""
    dashboard = json.loads((CONTRIB / "grafana.json").read_text("utf-8"))
    shown = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"trio_chat_\w+", target["expr"])
    }
    known = {f"trio_chat_{row.name}{'_total' if row.is_counter else ''}" for row in TABLE}
    assert shown <= known | {"trio_chat_tasks", "trio_chat_loop_lag_seconds"}
    assert len(shown) > 10


def test_the_unit_is_hardened() -> None:
    """What a compromised server could still do to the machine is kept small."""
    unit = (CONTRIB / "trio-chat.service").read_text("utf-8")
    for line in (
        "Type=notify",
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
    ):
        assert f"\n{line}\n" in unit


def test_the_image_asks_whether_the_server_is_there() -> None:
    """By a command that there is."""
    lines = (CONTRIB / "Dockerfile").read_text("utf-8").splitlines()
    [check] = [
        line.removeprefix("HEALTHCHECK CMD ") for line in lines if line.startswith("HEALTHCHECK")
    ]
    program, command = json.loads(check)
    assert program == "/venv/bin/trio-chat"
    assert command in {known.name for known in COMMANDS}


def test_the_image_runs_as_nobody() -> None:
    """Not as root."""
    lines = (CONTRIB / "Dockerfile").read_text("utf-8").splitlines()
    assert "USER chat" in lines

"""Files in contrib/: they name commands, settings and metrics that exist."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from trio_chat.cli.program import COMMANDS
from trio_chat.config import load
from trio_chat.server.prometheus import CLUSTER, TABLE

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
    known |= {
        f"trio_chat_cluster_{row.name}{'_total' if row.is_counter else ''}" for row in CLUSTER
    }
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


def instructions() -> list[list[str]]:
    """Return the instructions of the Dockerfile, divided at spaces."""
    text = (CONTRIB / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_asks_whether_the_server_is_there() -> None:
    """By a command that there is."""
    [check] = [line for line in instructions() if line[0] == "HEALTHCHECK"]
    program, command = json.loads(" ".join(check[check.index("CMD") + 1 :]))
    assert program == "/venv/bin/trio-chat"
    assert command in {known.name for known in COMMANDS}


def test_the_image_does_not_run_as_root() -> None:
    """The user is a number, because Kubernetes cannot verify a name (runAsNonRoot)."""
    [user] = [line[1] for line in instructions() if line[0] == "USER"]
    assert int(user) > 0
    assert any("useradd --uid " + user in " ".join(line) for line in instructions())


def test_the_image_is_built_from_fixed_images() -> None:
    """Each has a digest, or is an earlier stage; something proposes newer ones."""
    stages: set[str] = set()
    for line in instructions():
        if line[0] == "FROM":
            assert line[1] in stages or re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", line[1])
            stages |= set(line[3:4])
    updates = (CONTRIB.parent / ".github" / "dependabot.yml").read_text("utf-8")
    assert "package-ecosystem: docker\n    directory: /contrib\n" in updates


def test_the_image_has_what_its_build_reads() -> None:
    """A build hook, and the bundle of the page, read more than the sources."""
    ignored = (CONTRIB / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    assert all((CONTRIB.parent / name).exists() for name in sent)
    copied = {
        name
        for line in instructions()
        if line[0] == "COPY"
        for name in line[1:-1]
        if name[0] != "-"
    }
    used = {"src", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "constraints"}
    hook = (CONTRIB.parent / "hatch_build.py").read_text("utf-8")
    tools = {f"tools/{name}" for name in re.findall(r'"tools" / "(\w+\.py)"', hook)}
    assert tools
    assert used | tools | {name for name in copied if name.endswith(".json")} <= sent


def test_the_nodes_of_the_example_are_a_cluster() -> None:
    """Their settings are valid, and HAProxy finds what it asks for."""
    settings = load(CONTRIB / "cluster" / "node.ini")
    assert settings.cluster.is_enabled
    listener, nodes = settings.listeners
    assert listener.proxy
    assert not nodes.proxy
    balancer = (CONTRIB / "cluster" / "haproxy.cfg").read_text("utf-8")
    servers = re.findall(r"^    server (\w+) (\w+):(\d+)$", balancer, re.MULTILINE)
    assert {int(port) for _, _, port in servers} == {listener.port}
    assert f"check port {settings.metrics.port} " in balancer
    assert "send-proxy-v2" in balancer
    compose = (CONTRIB / "cluster" / "compose.yaml").read_text("utf-8")
    assert [host for _, host, _ in servers] == re.findall(r"hostname: (\w+)", compose)
    addresses = re.findall(r'--address, "http://(\w+):(\d+)/"', compose)
    assert addresses == [(host, str(nodes.port)) for _, host, _ in servers]
    assert str(settings.cluster.password_file) == "/run/secrets/engine_password"
    assert all(
        (CONTRIB / "cluster" / name).exists() for name in re.findall(r'"\./([\w.-]+):', compose)
    )


def test_haproxy_takes_its_configuration() -> None:
    """As the real program checks it."""
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip("NOT TESTED: there is no haproxy")
    command = [found, "-c", "-f", str(CONTRIB / "cluster" / "haproxy.cfg")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr

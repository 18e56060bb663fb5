"""Workflows of the forge: they run what was read, with the rights that they need, and no others."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def text(request: pytest.FixtureRequest) -> str:
    """Return the text of a workflow."""
    path: Path = request.param
    return path.read_text("utf-8")


def test_there_are_workflows() -> None:
    """Otherwise the tests below would see none."""
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "release.yml"}


def test_every_action_is_a_commit(text: str) -> None:
    """A tag can be moved to other code; a comment names the version for Dependabot."""
    used = re.findall(r"uses: *(.+)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action), action


def test_an_action_has_one_commit() -> None:
    """In all workflows, so that none is forgotten."""
    commits: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for name, commit in re.findall(r"uses: *([\w/-]+)@(\w+)", path.read_text("utf-8")):
            commits.setdefault(name, set()).add(commit)
    assert all(len(found) == 1 for found in commits.values())


def test_rights_are_given_to_jobs(text: str) -> None:
    """And each job has a time after which it ends."""
    assert "\npermissions: {}\n" in text
    jobs = re.split(r"(?m)^  (?=\w+:$)", text.split("\njobs:\n")[1])[1:]
    assert jobs
    for job in jobs:
        assert "\n    permissions:" in job
        assert "\n    timeout-minutes:" in job


def test_no_checkout_leaves_its_token(text: str) -> None:
    """What the build runs could read it in .git/config."""
    checkouts = re.findall(r"uses: actions/checkout@.+\n +with: (.+)", text)
    assert len(checkouts) == text.count("actions/checkout@")
    assert all("persist-credentials: false" in options for options in checkouts)


def test_jobs_with_rights_run_nothing_of_the_project() -> None:
    """A library that is attacked could otherwise sign and publish."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    jobs = re.split(r"(?m)^  (?=\w+:$)", text.split("\njobs:\n")[1])[1:]
    with_rights = [job for job in jobs if ": write" in job]
    assert len(with_rights) == 2
    for job in with_rights:
        assert "environment:" in job
        for word in ("checkout", "run.py", "npm", "pip "):
            assert word not in job


def test_no_expression_is_part_of_a_script(text: str) -> None:
    """The name of a branch or tag could contain commands."""
    for script in re.findall(r"run: (\|\n(?: {8,}.*\n)+|.*)", text):
        assert "${{" not in script


def test_every_kind_of_package_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one job or by both."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    package = importlib.import_module("package")

    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    built = {
        word for line in re.findall(r"run\.py package (.+)", text) for word in line.strip().split()
    }
    assert built == {*package.BUILDERS, package.MANIFESTS}

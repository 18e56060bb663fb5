"""The log of the last release, replayed by the present code.

A difference means that a command leads to another state than before: nodes of both releases in one
cluster would disagree. Such a change needs another `RULES_VERSION`, and is made only while
`World.rules_version` has it. `record_log.py` records a release.
"""

from pathlib import Path

import pytest

from record_log import RECORDED, decoded, recorded, replay
from trio_chat.cluster import codec
from trio_chat.cluster.entries import Decided

PATHS = sorted(RECORDED.glob("*.xz"))
OF_NO_STATE = {"Founded", "Reported", "CertificateWanted", "CertificateGiven"}
"""Items that change no state."""


def test_a_log_is_recorded() -> None:
    """It is small, as it is in the repository."""
    assert PATHS
    assert all(path.stat().st_size < 200_000 for path in PATHS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_rules_lead_to_the_state_of_the_release(path: Path) -> None:
    """A change of the rules needs a new version."""
    for log in recorded(path):
        assert replay(decoded(log)) == log["digests"], "a change of the rules needs a new version"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_entries_of_the_release_can_be_written_again(path: Path) -> None:
    """An entry of it that is read and written again has the same meaning."""
    for log in recorded(path):
        for _, entry in decoded(log):
            assert codec.decode(codec.encode(entry)) == entry


def test_the_log_has_all_kinds_of_items() -> None:
    """And the changes that nodes decide on most."""
    found = [item for log in recorded(PATHS[-1]) for _, each in decoded(log) for item in each.items]
    kinds = {type(item).__name__ for item in found}
    assert kinds >= {kind.__name__ for kind in codec.ITEMS} - OF_NO_STATE
    changes = {type(item.change).__name__ for item in found if isinstance(item, Decided)}
    assert changes >= {
        "AccountRegistered",
        "AccountDeleted",
        "PasswordSet",
        "AccountChanged",
        "MessageRedacted",
        "InvitationMade",
        "PreferenceSet",
    }


def test_another_clock_would_be_found() -> None:
    """The digests are of everything: a state that is later by a second is another one."""
    log = recorded(PATHS[-1])[0]
    assert replay([(now + 1, entry) for now, entry in decoded(log)]) != log["digests"]

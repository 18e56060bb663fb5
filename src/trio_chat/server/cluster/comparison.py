"""The comparison of the states of nodes by the digests of their snapshots."""

from collections.abc import Iterable, Mapping

from trio_chat.cluster.entries import Checked
from trio_chat.cluster.lives import Life


def differing_nodes(
    own: Checked, others: Mapping[str, Checked], lives: Iterable[Life]
) -> list[Life]:
    """Return the living nodes that had another state than this one at its last check, the oldest
    first.

    Args:
        own: the digest of this node.
        others: the last ones of all nodes, by their names.
        lives: of all nodes.
    """
    found = [
        life
        for life in lives
        if not life.is_over
        and life.node in others
        and others[life.node].check == own.check
        and others[life.node].digest != own.digest
    ]
    return sorted(found, key=lambda life: life.number)

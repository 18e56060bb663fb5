"""The reasons why a node cannot go on, as sentences for the operator."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from trio_chat.cluster import rules
from trio_chat.cluster.codec import BadEntry, LaterEntry
from trio_chat.cluster.machine import RulesDiffer, UpdateNeeded
from trio_chat.server.cluster.log import LogBroken

log = logging.getLogger("trio_chat")


@contextmanager
def explained(position: str) -> Iterator[None]:
    """Turn the reasons why an entry cannot be carried out into sentences.

    Args:
        position: of the entry.

    Raises:
        LogBroken: the entry cannot be carried out.
    """
    try:
        yield
    except LaterEntry as error:
        raise LogBroken(
            f"update trio-chat on this node: the entry {position} of the log was written by a later"
            f" version ({error})"
        ) from error
    except BadEntry as error:
        raise LogBroken(
            f"the entry {position} of the log cannot be read: {error}. It is not the log of a"
            " cluster, or it is damaged"
        ) from error
    except RulesDiffer as error:
        raise LogBroken(differing(error)) from error
    except UpdateNeeded as error:
        raise LogBroken(str(error)) from error
    except Exception as error:
        # The state may have a part of the entry: nothing more may be carried out on it, or stored.
        log.debug("the entry %s cannot be carried out", position, exc_info=True)
        what = type(error).__name__  # its text may have what users say
        raise LogBroken(
            f"the entry {position} of the log cannot be carried out ({what}). No node of this"
            " version writes such an entry, unless by a defect: update trio-chat on all nodes, or"
            " report it"
        ) from error


def differing(error: RulesDiffer) -> str:
    """Return what to do about a node with another configuration."""
    return (
        f"the configuration of the node {error.node} differs from that of this one."
        f" {rules.describe_difference(error.own, error.rules)}. Stop all nodes, or set this one as"
        " the others"
    )

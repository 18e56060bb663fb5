"""The founding of a log: all nodes begin with the same state, and have the same secrets."""

from dataclasses import replace

from trio_chat.chat.persistence import ClusterTable
from trio_chat.chat.push import VapidKeys
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.cluster.codec import BadEntry, LaterEntry, decode, encode
from trio_chat.cluster.entries import Entry, Founded
from trio_chat.server.cluster.log import START, Log, LogBroken, LogRefused

_OF_NO_LIFE = 0
"""The epoch of the entry: no life has it, so that machines ignore it."""
_PRIVATE_BYTES = 32
"""Of the keys of push messages."""
_BYTES = {"cloak": 32, "scram": 32, "vapid": _PRIVATE_BYTES + 65}
"""How long secrets are."""


async def found(log: Log, name: str, memory: StoragePorts, table: ClusterTable) -> StoragePorts:
    """Begin the log, unless another node has; return the storage with the secrets of all nodes.

    When cancelled, the next start goes on from there.

    Args:
        log: the log.
        name: of this node.
        memory: the storage, whose database was in no cluster yet.
        table: of that database.

    Raises:
        LogRefused: the first node began with another state.
        LogUnavailable: the engine cannot be reached.
        StorageError: the database cannot be used.
    """
    origin = await table.origin()
    founded = await _first(log)
    if founded is None:
        own = Founded(origin, tuple((await table.secrets()).items()))
        await log.append([encode(Entry(name, _OF_NO_LIFE, 1, (own,)))])
        while founded is None:  # which may be that of another node
            founded = await _first(log)
    if founded.origin != origin:
        raise LogRefused(
            "the database of this node is not as that of the first node was when the cluster began:"
            " start this node from a backup of another one (trio-chat backup)"
        )
    secrets = _checked(founded)
    await table.adopt(secrets)
    if memory.accounts is not None and "scram" in secrets:
        memory.accounts.use_secret(secrets["scram"])
    vapid = secrets.get("vapid")
    return replace(
        memory,
        secret=secrets.get("cloak", memory.secret),
        vapid=VapidKeys(vapid[:_PRIVATE_BYTES], vapid[_PRIVATE_BYTES:]) if vapid else memory.vapid,
    )


def _checked(founded: Founded) -> dict[str, bytes]:
    """Return the secrets of all nodes.

    Raises:
        LogRefused: they are none.
    """
    secrets = dict(founded.secrets)
    if any(len(secret) != _BYTES.get(name, len(secret)) for name, secret in secrets.items()):
        raise LogRefused(
            "the first entry of the log of the cluster is damaged: start this node from a backup of"
            " another one (trio-chat backup)"
        )
    return secrets


async def _first(log: Log) -> Founded | None:
    """Return how the log begins; None if there is nothing in it.

    Raises:
        LogRefused: it begins in another way.
    """
    try:
        stored = await log.read(START)
        if not stored:
            return None
        items = decode(stored[0].data).items
        if items and isinstance(items[0], Founded):
            return items[0]
    except LaterEntry as error:
        raise LogRefused(
            "update trio-chat on this node: the first entry of the log of the cluster was written"
            f" by a later version ({error})"
        ) from error
    except (BadEntry, LogBroken) as error:
        raise LogRefused(
            "the log of the cluster does not begin with its first entry any longer: start this node"
            f" from a backup of another one (trio-chat backup); {error}"
        ) from error
    raise LogRefused("the log is not that of a cluster: choose another name for this cluster")

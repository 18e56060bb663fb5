"""The lockout of a cluster: wrong passwords for an account count on all nodes.

A node counts its own at once, and those of the others when the log has them. The counts are no part
of the state: a node that starts has none. Wrong passwords for names without an account count on one
node only, because such a name may be a password that was typed in the wrong place.
"""

from typing import Protocol

from trio_chat.chat.accounts import Origin
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change, PasswordGuessed
from trio_chat.chat.world import World
from trio_chat.server.lockout import Lockout


class GuessingNode(Protocol):
    """What the lockout needs of a node."""

    name: str

    @property
    def is_refusing(self) -> bool:
        """Whether nothing more is to be appended to the log at the moment."""

    @property
    def is_serving(self) -> bool:
        """Whether the node has carried out what was in the log when it started."""


class SharedLockout:
    """Has wrong passwords counted by all nodes.

    Args:
        world: has the accounts.
        lockout: counts on this node.
        node: this node.
    """

    def __init__(self, world: World, lockout: Lockout, node: GuessingNode) -> None:
        self._world = world
        self._lockout = lockout
        self._node = node
        lockout.on_wrong = self._share
        world.observers.append(self._observe)

    def _share(self, name: str, origin: Origin) -> None:
        """Have a wrong password that came to this node counted by the others."""
        accounts = self._world.accounts
        account = accounts.known.get(name) if accounts is not None else None
        if account is not None and not self._node.is_refusing:
            where = (origin.address, origin.certificate)
            apply(self._world, PasswordGuessed(account.id, *where, self._node.name))

    def _observe(self, change: Change) -> None:
        """Count a wrong password that came to another node; see `World.observers`."""
        if not isinstance(change, PasswordGuessed) or change.server == self._node.name:
            return
        accounts = self._world.accounts
        account = accounts.by_id.get(change.account) if accounts is not None else None
        if account is not None and self._node.is_serving:
            origin = Origin(change.address, change.certificate)
            self._lockout.note_wrong(account.folded, origin, is_shared=True)

"""Persistent state besides messages and accounts: channels, always-on users, preferences, read
markers, metadata, devices for push messages, and bans of the server.

All of it is in memory. What changes is marked in the dirty set, and written to the store by the
edge: with the messages of the same batch, before the change is confirmed to the client.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from trio_chat.chat.api_tokens import ApiToken
from trio_chat.chat.bans import Ban, BanKey
from trio_chat.chat.hooks import Hook
from trio_chat.chat.invitations import Invitation
from trio_chat.chat.moderation.server import ModerationRow, RowKey
from trio_chat.chat.operation import Operation
from trio_chat.chat.relayed_ids import RelayKey


class ChangeSet(NamedTuple):
    """The state to be written to the store.

    Args:
        channels: the state of channels by folded name: of registered ones, and of those with
            always-on members; None deletes one.
        markers: how far an account has read a target (folded), as the server-time tag writes it;
            "" deletes one.
        users: the state of always-on users by account; None deletes one.
        preferences: what accounts have chosen; an empty one is deleted.
        metadata: the metadata of an account, as a whole.
        bans: bans of the server by their keys; None deletes one.
        invitations: invitations by their digests; None deletes one.
        push: the devices of an account (`push.to_state`); an empty list is deleted.
        push_rules: what an account wants to be pushed (`PushRules.to_state`); an empty one is
            deleted.
        second_factors: the second factor of an account (`SecondFactor.to_state`); an empty one is
            deleted.
        passkeys: the passkeys of an account (`Passkeys.to_state`); an empty list is deleted.
        relayed: the ids of relayed messages by their keys; 0 deletes one.
        hooks: webhooks by their digests; None deletes one.
        api_tokens: API tokens by their digests; None deletes one.
        moderation: parts of the moderation of the server by their keys; None deletes one.
        scheduled: the scheduled messages of an account (`ScheduledMessages.to_state`); an empty one
            is deleted.
        operations: changes of the tables of accounts and uploads, which are stored one after the
            other, and before the rest. Storing one again changes nothing.
        position: up to which entry of the log of a cluster this is; "" if there is no cluster.

    Accounts are their numbers. State of an account that is gone is not stored.
    """

    channels: Mapping[str, dict[str, Any] | None] = MappingProxyType({})
    markers: Mapping[tuple[int, str], str] = MappingProxyType({})
    users: Mapping[int, dict[str, Any] | None] = MappingProxyType({})
    preferences: Mapping[int, Mapping[str, bool]] = MappingProxyType({})
    metadata: Mapping[int, Mapping[str, str]] = MappingProxyType({})
    bans: Mapping[BanKey, Ban | None] = MappingProxyType({})
    invitations: Mapping[str, Invitation | None] = MappingProxyType({})
    push: Mapping[int, list[dict[str, Any]]] = MappingProxyType({})
    push_rules: Mapping[int, dict[str, Any]] = MappingProxyType({})
    second_factors: Mapping[int, dict[str, Any]] = MappingProxyType({})
    passkeys: Mapping[int, list[dict[str, Any]]] = MappingProxyType({})
    relayed: Mapping[RelayKey, int] = MappingProxyType({})
    hooks: Mapping[str, Hook | None] = MappingProxyType({})
    api_tokens: Mapping[str, ApiToken | None] = MappingProxyType({})
    moderation: Mapping[RowKey, ModerationRow | None] = MappingProxyType({})
    scheduled: Mapping[int, dict[str, Any]] = MappingProxyType({})
    operations: Sequence[Operation] = ()
    position: str = ""

    def parts(self) -> list["ChangeSet"]:
        """Return the changes one by one, in the order in which they are to be stored, without the
        position.
        """
        tables: list[dict[str, Any]] = [
            {table: {key: value}}
            for table in _TABLES
            for key, value in getattr(self, table).items()
        ]
        return [
            *(ChangeSet(operations=(operation,)) for operation in self.operations),
            *(ChangeSet(**table) for table in tables),
        ]

    @staticmethod
    def join(parts: Iterable["ChangeSet"]) -> "ChangeSet":
        """Return changes that `parts` has returned as one."""
        tables: dict[str, Any] = {table: {} for table in _TABLES}
        operations: list[Operation] = []
        for part in parts:
            operations += part.operations
            for table, values in tables.items():
                values.update(getattr(part, table))
        return ChangeSet(**tables, operations=operations)


class PendingSetting(NamedTuple):
    """A setting of a registered channel that a command alongside the server has written.

    Args:
        number: greater than those of the settings before it.
        folded: the name of the channel, folded.
        history: for how many days messages are kept; see `ChannelRegistration.history`.
    """

    number: int
    folded: str
    history: int | None


class StateStore(Protocol):
    """The store of persistent state."""

    async def load(self) -> ChangeSet:
        """Return all state but the bans, invitations, webhooks, API tokens and the moderation of
        the server, with the settings that were pending.
        """

    async def pending(self) -> list[PendingSetting]:
        """Return the settings that the server has not applied yet, in order. They override what
        `save` is given.
        """

    async def settle(self, last: PendingSetting) -> None:
        """Delete the settings up to this one: the server has applied them, so that from now on the
        state that is saved counts.
        """

    async def save(self, changes: ChangeSet) -> None:
        """Write changes, all or none."""


class ClusterState(NamedTuple):
    """The state of a node of a cluster, as it is stored.

    Args:
        position: up to which entry of the log everything is stored.
        taken: up to which entry the snapshot is; not later than that.
        snapshot: the state of its machine.
    """

    position: str
    taken: str
    snapshot: dict[str, Any]


class ClusterTable(Protocol):
    """The store of the state of a node; the position is a part of each `ChangeSet`."""

    async def load(self) -> ClusterState | None:
        """Return the stored state; None if this storage does not belong to a cluster."""

    async def keep(self, taken: str, snapshot: dict[str, Any]) -> int:
        """Store a snapshot; return how many bytes it takes.

        Args:
            taken: up to which entry it is; all of these must be stored already.
            snapshot: the state of the machine; it must not change meanwhile.
        """

    async def origin(self) -> str:
        """Return a digest of what the storage has; nodes begin with the same."""

    async def secrets(self) -> dict[str, bytes]:
        """Return what all nodes have in common and no configuration has, by its names."""

    async def adopt(self, secrets: dict[str, bytes]) -> None:
        """Have the secrets of the other nodes in the place of its own."""


class DirtyKey(NamedTuple):
    """The key of something persistent that has changed.

    Args:
        table: the field of `DirtySet` that it belongs to.
        key: see there.
    """

    table: str
    key: Any

    @classmethod
    def channel(cls, folded: str) -> "DirtyKey":
        """Return the key of a channel."""
        return cls("channels", folded)

    @classmethod
    def user(cls, account: int) -> "DirtyKey":
        """Return the key of the always-on user of an account."""
        return cls("users", account)

    @classmethod
    def marker(cls, account: int, target: str) -> "DirtyKey":
        """Return the key of a read marker."""
        return cls("markers", (account, target))

    @classmethod
    def preferences(cls, account: int) -> "DirtyKey":
        """Return the key of the preferences of an account."""
        return cls("preferences", account)

    @classmethod
    def metadata(cls, account: int) -> "DirtyKey":
        """Return the key of the metadata of an account."""
        return cls("metadata", account)

    @classmethod
    def push(cls, account: int) -> "DirtyKey":
        """Return the key of the devices of an account."""
        return cls("push", account)

    @classmethod
    def push_rules(cls, account: int) -> "DirtyKey":
        """Return the key of what an account wants to be pushed."""
        return cls("push_rules", account)

    @classmethod
    def second_factor(cls, account: int) -> "DirtyKey":
        """Return the key of the second factor of an account."""
        return cls("second_factors", account)

    @classmethod
    def passkeys(cls, account: int) -> "DirtyKey":
        """Return the key of the passkeys of an account."""
        return cls("passkeys", account)

    @classmethod
    def ban(cls, key: BanKey) -> "DirtyKey":
        """Return the key of a ban."""
        return cls("bans", key)

    @classmethod
    def invitation(cls, digest: str) -> "DirtyKey":
        """Return the key of an invitation."""
        return cls("invitations", digest)

    @classmethod
    def hook(cls, digest: str) -> "DirtyKey":
        """Return the key of a webhook."""
        return cls("hooks", digest)

    @classmethod
    def api_token(cls, digest: str) -> "DirtyKey":
        """Return the key of an API token."""
        return cls("api_tokens", digest)

    @classmethod
    def moderation(cls, key: RowKey) -> "DirtyKey":
        """Return the key of a part of the moderation of the server."""
        return cls("moderation", key)

    @classmethod
    def scheduled(cls, account: int) -> "DirtyKey":
        """Return the key of the scheduled messages of an account."""
        return cls("scheduled", account)

    @classmethod
    def relayed(cls, key: RelayKey) -> "DirtyKey":
        """Return the key of the id of a relayed message."""
        return cls("relayed", key)


def _nothing() -> None:
    pass


@dataclass(slots=True)
class DirtySet:
    """The keys of what has changed and is not written yet.

    Args:
        channels: folded names of channels that persist, or did.
        markers: accounts and targets (folded).
        users: accounts that have always-on users, or had.
        preferences: accounts.
        metadata: accounts.
        bans: keys of bans.
        invitations: digests of invitations.
        push: accounts.
        push_rules: accounts.
        second_factors: accounts.
        passkeys: accounts.
        relayed: keys of relayed messages.
        hooks: digests of webhooks.
        api_tokens: digests of API tokens.
        moderation: keys of parts of the moderation of the server.
        scheduled: accounts.
        operations: see `ChangeSet`.
        on_change: called when something is marked.
        marked: how many keys were marked ever.
        retries: how often a client has waited for keys that were marked before.
    """

    channels: set[str] = field(default_factory=set)
    markers: set[tuple[int, str]] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    preferences: set[int] = field(default_factory=set)
    metadata: set[int] = field(default_factory=set)
    bans: set[BanKey] = field(default_factory=set)
    invitations: set[str] = field(default_factory=set)
    push: set[int] = field(default_factory=set)
    push_rules: set[int] = field(default_factory=set)
    second_factors: set[int] = field(default_factory=set)
    passkeys: set[int] = field(default_factory=set)
    relayed: set[RelayKey] = field(default_factory=set)
    hooks: set[str] = field(default_factory=set)
    api_tokens: set[str] = field(default_factory=set)
    moderation: set[RowKey] = field(default_factory=set)
    scheduled: set[int] = field(default_factory=set)
    operations: list[Operation] = field(default_factory=list)
    on_change: Callable[[], None] = field(default=_nothing, compare=False)
    marked: int = field(default=0, compare=False)
    retries: int = field(default=0, compare=False)

    def mark(self, keys: Iterable[DirtyKey]) -> None:
        """Mark keys as changed."""
        for table, key in keys:
            getattr(self, table).add(key)
            self.marked += 1
            self.on_change()

    def record(self, operation: Operation) -> None:
        """Have a change stored after those that were recorded before; see `ChangeSet`."""
        self.operations.append(operation)
        self.marked += 1
        self.on_change()

    def take(self) -> "DirtySet":
        """Return all keys and operations, which are then marked no longer."""
        taken = DirtySet(*(getattr(self, table) for table in _TABLES))
        taken.operations = self.operations
        for table in _TABLES:
            setattr(self, table, set())
        self.operations = []
        return taken

    def put_back(self, taken: "DirtySet") -> None:
        """Mark again what was taken and could not be written."""
        for table in _TABLES:
            getattr(self, table).update(getattr(taken, table))
        self.operations = taken.operations + self.operations

    def __bool__(self) -> bool:
        """Return whether anything is to be stored."""
        # Written out: each batch asks, and a loop over `_TABLES` looks each of them up by its name.
        return bool(
            self.operations
            or self.channels
            or self.markers
            or self.users
            or self.preferences
            or self.metadata
            or self.bans
            or self.invitations
            or self.push
            or self.push_rules
            or self.second_factors
            or self.passkeys
            or self.relayed
            or self.hooks
            or self.api_tokens
            or self.moderation
            or self.scheduled
        )


_TABLES: Final = (
    "channels",
    "markers",
    "users",
    "preferences",
    "metadata",
    "bans",
    "invitations",
    "push",
    "push_rules",
    "second_factors",
    "passkeys",
    "relayed",
    "hooks",
    "api_tokens",
    "moderation",
    "scheduled",
)

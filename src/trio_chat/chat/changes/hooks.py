"""Changes of webhooks."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.hooks import Hook


@dataclass(frozen=True, slots=True)
class HookMade(Change):
    """There is a hook."""

    hook: Hook


@dataclass(frozen=True, slots=True)
class HookRemoved(Change):
    """There is a hook no longer."""

    digest: str


@dataclass(frozen=True, slots=True)
class HookUsed(Change):
    """A message has come by an incoming hook.

    Args:
        digest: of the hook.
        time: seconds of Unix time.
    """

    digest: str
    time: int


@dataclass(frozen=True, slots=True)
class HookDelivered(Change):
    """How an outgoing hook stands.

    Args:
        digest: of the hook.
        cursor: the id up to which everything was delivered.
        time: when that was, in seconds of Unix time; 0 if nothing was.
        failing: see `Hook`.
        is_disabled: see `Hook`.
    """

    digest: str
    cursor: int
    time: int
    failing: int
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class HooksRead(Change):
    """The hooks are those of the store, but for those that have changed and are not stored yet."""

    hooks: tuple[Hook, ...]

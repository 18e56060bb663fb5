"""Decisions: changes that one node has decided on, such as a login after the check of a password.

A change names users and channels by their names of that moment. Until it is carried out, somebody
else may have the name. So the subjects of a decision are their numbers, which nobody else ever has.
"""

from dataclasses import replace
from typing import Any, cast

from trio_chat.chat.accounts import Account
from trio_chat.chat.changes import (
    AccountNameFreed,
    Change,
    HeldMessageReleased,
    HeldMessagesDropped,
    ReportsClosed,
    ServerHeldMessageReleased,
    ServerHeldMessagesDropped,
    ServerRaidModeSet,
    ServerReportsResolved,
)
from trio_chat.chat.world import World
from trio_chat.cluster.entries import Decided

_USERS = ("user", "by", "other")
"""The fields of changes that name a user."""
_SHOWN = (
    HeldMessageReleased,
    HeldMessagesDropped,
    ReportsClosed,
    ServerHeldMessageReleased,
    ServerHeldMessagesDropped,
    ServerRaidModeSet,
    ServerReportsResolved,
)
"""Changes whose `by` is only shown: it may be an API token, which is no user."""
_CHANNEL = "channel"
_GONE = 0
"""The number of no user and of no channel."""


def decide(world: World, change: Change) -> Decided:
    """Return the item of a change that is decided on now.

    A subject that is gone already, such as the user of a client that has waited for an answer, has
    the number `_GONE`.
    """
    subjects: list[tuple[str, int]] = []
    for field in _USERS if not isinstance(change, _SHOWN) else ():
        if name := getattr(change, field, ""):
            user = world.users.get(name)
            subjects.append((field, user.identity if user is not None else _GONE))
    if name := getattr(change, _CHANNEL, ""):
        channel = world.channels.get(name)
        subjects.append((_CHANNEL, channel.founded if channel is not None else _GONE))
    return Decided(change, tuple(subjects))


def resolve(world: World, decided: Decided) -> Change | None:
    """Return the change with the names that its subjects have now; None if one of them is gone.

    Args:
        world: in which it is to be carried out.
        decided: the item.
    """
    change, names = decided.change, dict[str, Any]()
    for field, number in decided.subjects:
        name = _name(world, field, getattr(change, field), number)
        if not name:
            return None
        names[field] = name
    session = getattr(change, "session", 0)
    if session and session not in world.sessions:
        return None
    if not isinstance(change, AccountNameFreed) and not _exists(world, _account(change)):
        return None
    named: Change = replace(cast("Any", change), **names)  # each change is a dataclass
    return named


def _name(world: World, field: str, name: str, number: int) -> str:
    if field == _CHANNEL:
        channel = world.channels.get(name)
        if channel is not None and channel.founded == number:
            return name
        return next((each.folded for each in world.channels.values() if each.founded == number), "")
    user = world.users.get(name)
    if user is not None and user.identity == number:
        return name
    return next((each.folded for each in world.users.values() if each.identity == number), "")


def _account(change: Change) -> int:
    """Return the number of the account that a change names, or 0."""
    account = getattr(change, "account", 0)
    return account.id if isinstance(account, Account) else account


def _exists(world: World, account: int) -> bool:
    return not account or (world.accounts is not None and account in world.accounts.by_id)

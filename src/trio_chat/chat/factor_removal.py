"""Second factors and passkeys that an operator removes; their owner is told."""

from collections.abc import Sequence
from typing import Final

from trio_chat.chat.accounts import Account
from trio_chat.chat.apply.transitions import apply
from trio_chat.chat.changes import AccountNotified, PasskeyRemoved, SecondFactorSet
from trio_chat.chat.events import Event
from trio_chat.chat.world import World

_ADVICE: Final = (
    "If you did not ask for that, change your password and ask an operator of the server"
)


def remove_second_factor(world: World, account: Account) -> Sequence[Event]:
    """Remove the second factor of an account; return the notices for its users, of which there are
    none if it has none.
    """
    if world.second_factors.of(account.id) is None:
        apply(world, SecondFactorSet(account.id, None))  # what a command has noted is done
        return ()
    events = apply(world, SecondFactorSet(account.id, None))
    text = f"An operator removed the second factor of {account.name}: the password alone logs in"
    return [*events, *apply(world, AccountNotified(account.id, f"{text}. {_ADVICE}"))]


def remove_passkey(world: World, account: Account, passkey: str) -> Sequence[Event]:
    """Remove a passkey of an account by its id; see `remove_second_factor`."""
    name = next((one.name for one in world.passkeys.of(account.id) if one.id == passkey), "")
    events = apply(world, PasskeyRemoved(account.id, passkey))
    if not name:
        return events
    text = f"An operator removed the passkey {name} of {account.name}"
    return [*events, *apply(world, AccountNotified(account.id, f"{text}. {_ADVICE}"))]

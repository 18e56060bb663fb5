"""Permissions of nicknames: which client may have one, and which user its session may join.

A nickname can be in use, reserved for an account, or confusable with another name (UTS #39).
"""

from enum import Enum, auto
from functools import cache
from typing import Final

from trio_chat.chat.preferences import MULTICLIENT
from trio_chat.chat.registry import SERVICES
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.skeletons import loose_skeletons

_SERVICES_ELSEWHERE: Final = (
    "AuthServ",
    "BotServ",
    "Global",
    "GroupServ",
    "HelpServ",
    "HistServ",
    "HostServ",
    "InfoServ",
    "MemoServ",
    "OperServ",
    "SaslServ",
    "StatServ",
    "UserServ",
)
"""Services of other networks that this server does not have: users who know them from there would
believe what a stranger says under their names, and clients have commands that write to them.
"""


def shares_nick(world: World, holder: User) -> bool:
    """Return whether a user can have another session: with an account, if the operator and the
    owner allow it.

    An always-on user without a session can be taken over in any case.
    """
    return bool(holder.account_id) and (
        not holder.sessions or world.preferences.is_on(holder.account_id, MULTICLIENT)
    )


def may_join_user(world: World, account: int, user: User) -> bool:
    """Return whether a session of an account, by its number, may become one more session of a
    user.
    """
    return bool(account) and user.account_id == account and shares_nick(world, user)


def user_to_join(world: World, account: int, folded: str) -> User | None:
    """Return the user that a new session of an account becomes one more session of, or None when it
    is to be one of its own.

    The always-on user of an account is joined under whatever nickname it has; another one only by
    its nickname.
    """
    for user in (world.always_on.of(account), world.users.get(folded)):
        if user is not None and may_join_user(world, account, user):
            return user
    return None


def is_reserved(world: World, nick: str, folded: str, account: int) -> bool:
    """Return whether a nickname is, or looks like, the name of another account or of a deleted one.

    Args:
        world: has the accounts.
        nick: the nickname as it would be shown.
        folded: as it is compared.
        account: the number of the account of the client that asks for it, or 0.
    """
    if world.accounts is None or world.server_info.account_rules.reservation == "off":
        return False
    taken = world.accounts.taken
    owner = taken.get(folded)
    if owner is not None and (owner.id != account or owner.name == nick):
        return owner.id != account
    # In capitals the own name, too, may look like another one.
    return any(other.id != account for other in world.account_confusables.of(taken, nick, folded))


def is_account_name_taken(world: World, name: str, folded: str) -> bool:
    """Return whether a name belongs or belonged to an account, or is confusable with such a name or
    with a service.
    """
    taken = world.accounts.taken if world.accounts is not None else {}
    alike = world.account_confusables.of(taken, name, folded)
    return folded in taken or any(alike) or looks_like_service(name, folded)


def is_confusable(world: World, nick: str, folded: str, user: User | None, account: int) -> bool:
    """Return whether a nickname is confusable with that of a present user or of a service.

    Args:
        world: the world.
        nick: the nickname as it would be shown.
        folded: the folded nickname.
        user: the user that requests it, or None before registration.
        account: the number of its account, or 0. The name of the account is always allowed, and
            users of one account may have confusable names.
    """
    looks = loose_skeletons(nick, folded)
    if not _service_skeletons().isdisjoint(looks):
        return True
    owner = world.accounts.known.get(folded) if world.accounts else None
    if owner is not None and owner.id == account and owner.name == nick:
        # Both were registered when that was possible.
        return False
    if not _skeletons_elsewhere().isdisjoint(looks):
        return True
    others = (world.users[other] for other in world.confusables.of(nick, folded))
    return any(
        not (other is user or other.is_expected or (account and other.account_id == account))
        for other in others
    )


class NickRefusal(Enum):
    """The reason why a client cannot have a nickname."""

    IN_USE = auto()
    RESERVED = auto()
    CONFUSABLE = auto()


def why_not_nick(
    world: World, nick: str, folded: str, user: User | None, account: int
) -> NickRefusal | None:
    """Return why a client cannot have a nickname, or None.

    Args:
        world: the world.
        nick: the nickname as it would be shown.
        folded: the folded nickname.
        user: the user that asks for it, or None for a client that is not registered.
        account: the number of the account of that client, or 0.
    """
    if folded in SERVICES:
        return NickRefusal.IN_USE
    if is_reserved(world, nick, folded, account):
        return NickRefusal.RESERVED
    holder = world.users.get(folded, user)
    if holder is not None and holder is not user and not holder.is_expected:
        return NickRefusal.IN_USE
    if is_confusable(world, nick, folded, user, account):
        return NickRefusal.CONFUSABLE
    return None


def looks_like_service(nick: str, folded: str) -> bool:
    """Return whether a nickname is confusable with that of a service, here or on other networks, to
    which users send passwords.

    Unlike elsewhere, accents and ASCII names count, as in `NickSérv` or `N1ckServ`.
    """
    looks = loose_skeletons(nick, folded)
    return not (_service_skeletons().isdisjoint(looks) and _skeletons_elsewhere().isdisjoint(looks))


@cache
def _service_skeletons() -> frozenset[str]:
    return _skeletons(tuple(SERVICES))


@cache
def _skeletons_elsewhere() -> frozenset[str]:
    return _skeletons(_SERVICES_ELSEWHERE)


def _skeletons(services: tuple[str, ...]) -> frozenset[str]:
    return frozenset(looks for name in services for looks in loose_skeletons(name, name.lower()))

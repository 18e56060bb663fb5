"""Authentication with a password and, for accounts with a second factor, a code. Everything that
takes a password of an account asks here.

The code is in the same text as the password, after a space, since SASL PLAIN and older programs
have one field for both. App passwords need no code, and count until they expire.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from trio_chat.chat import recovery_codes, second_factors
from trio_chat.chat.accounts import Account, Accounts, Busy, Login, Origin
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import CodeGuessed, CodeUsed
from trio_chat.chat.second_factors import CODE_REQUIRED, CodeRequired
from trio_chat.chat.world import World

LOCKED: Final = (
    "Too many wrong codes were given for this account: use a recovery code or an app password, or"
    " try again tomorrow"
)


async def verify_login(world: World, folded: str, given: str, origin: Origin) -> Login | None:
    """Return the login if a password, and the code after it, are right; else None. After a wrong
    code the outcome is as after a wrong password.

    Args:
        world: has the accounts.
        folded: the name of the account.
        given: the password, or an app password; with a code after it if the account needs one.
        origin: of the password.

    Raises:
        AccountsError: it cannot be checked.
        Busy: too many were wrong, or too many wait.
        CodeRequired: the password is right, and there is no code.
        Unsettled: in a cluster, the servers cannot agree on the use of the code.
    """
    accounts = _accounts(world)
    password, code = _split(world, folded, given)
    login = await accounts.verify_login(folded, password, origin)
    if login is None:
        return None
    if login.app_password is not None:
        return None if login.app_password.has_expired(world.wall_clock()) else login
    return login if await _is_proved(world, login.account, code, origin) else None


async def verify_owner(world: World, folded: str, given: str, origin: Origin) -> Account | None:
    """Return the account if its own password, and the code after it, are right; see `verify_login`.
    No app password is.
    """
    password, code = _split(world, folded, given)
    account = await _accounts(world).verify(folded, password, origin)
    if account is None:
        return None
    return account if await _is_proved(world, account, code, origin) else None


def _split(world: World, folded: str, given: str) -> tuple[str, str]:
    """Return the password and the code; without a second factor all of it is the password."""
    account = _accounts(world).known.get(folded)
    if account is None or world.second_factors.of(account.id) is None:
        return given, ""
    return second_factors.split(given)


async def _is_proved(world: World, account: Account, code: str, origin: Origin) -> bool:
    """Return whether an account whose password was right needs no code, or this one is right."""
    factor, now = world.second_factors.of(account.id), int(world.wall_clock())
    if factor is None:  # or no longer: it may have been removed since the check of the password
        return True
    if not code:
        raise CodeRequired(CODE_REQUIRED)
    if factor.is_locked(now) and not recovery_codes.has_form(code):
        raise Busy(LOCKED)
    use = factor.find(code, now)
    if use is not None:
        version = _accounts(world).version(account.id)
        with attempt(world) as name:
            apply(world, CodeUsed(account.id, use, name))
            await world.settle()
            if world.second_factors.attempts[name]:
                return _accounts(world).version(account.id) == version
    apply(world, CodeGuessed(account.id, now))
    await _accounts(world).note_wrong(account.folded, origin)
    return False


@contextmanager
def attempt(world: World) -> Iterator[str]:
    """Yield the name of an attempt, whose outcome is in `SecondFactors.attempts` meanwhile."""
    name = secrets.token_hex(16)
    world.second_factors.attempts[name] = False
    try:
        yield name
    finally:
        del world.second_factors.attempts[name]


def _accounts(world: World) -> Accounts:
    assert world.accounts is not None  # noqa: S101  # callers have looked
    return world.accounts

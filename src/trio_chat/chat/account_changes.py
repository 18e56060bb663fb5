"""Changes of the table of accounts, as handlers make them.

A server without a cluster stores a change and then has it in memory; a failure is reported to the
client. In a cluster, the change is decided on, and all servers have it where it stands in the log.
"""

from trio_chat.chat.accounts import Account, Accounts, Origin
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.apply import apply
from trio_chat.chat.apply.transitions import Effects
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountNameFreed,
    AccountRegistered,
    AppPasswordAdded,
    AppPasswordRemoved,
    CertificateAdded,
    CertificateRemoved,
    IdentityLinked,
    IdentityUnlinked,
    PasswordSet,
)
from trio_chat.chat.credentials import Credentials, Email
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.response import Response
from trio_chat.chat.world import World


def _accounts(world: World) -> Accounts:
    assert world.accounts is not None  # noqa: S101  # handlers have looked
    return world.accounts


async def create(
    world: World,
    account: Account,
    credentials: Credentials,
    email: Email | None,
    invitation: str,
    identity: IdentityKey | None = None,
) -> Account | None:
    """Create an account and return it with its number; None when its name is taken.

    When cancelled, the account may exist.

    Args:
        world: the world.
        account: the account, without a number.
        credentials: what its password is checked against; no other request has the same.
        email: its e-mail address, or None.
        invitation: the digest of the invitation that it uses in a cluster; "" for none.
        identity: what it is linked to, or None.

    Raises:
        AccountsError: it cannot be stored.
    """
    if world.decider is None:
        made = await _accounts(world).create(account, credentials, email, identity)
        if made is not None:
            apply(world, AccountRegistered(made, None, email, invitation, identity))
        return made
    world.creating[credentials.key] = None
    try:
        apply(world, AccountRegistered(account, credentials, email, invitation, identity))
        await world.settle()
        return world.creating[credentials.key]
    finally:
        del world.creating[credentials.key]


async def delete(
    world: World, account: Account, reply: Response, version: int | None = None
) -> Effects | None:
    """Delete an account; return the events by which clients see it, or None if what was checked is
    valid no longer.

    Args:
        world: the world.
        account: the account.
        reply: of the command, which is to contain what its client sees of it.
        version: `Accounts.version` as of the check of its password; None if an operator deletes it.

    Raises:
        AccountsError: it cannot be stored.
    """
    if world.decider is None:
        if version is not None and _accounts(world).version(account.id) != version:
            return None
        await _accounts(world).delete(account.id)
        version = None  # the account has none any more
    events = apply(world, AccountDeleted(account, version))
    reply.expect(events)
    await world.settle()
    return events if account.id not in _accounts(world).by_id else None


async def free(world: World, account: Account) -> Effects:
    """Free the name of a deleted account; return the events by which clients see it.

    Raises:
        AccountsError: it cannot be stored.
    """
    if world.decider is None:
        await _accounts(world).free(account.folded)
        return apply(world, AccountDeleted(account))  # masks of lists may name it
    apply(world, AccountNameFreed(account))
    await world.settle()
    return []


async def set_password(
    world: World, account: int, password: str, origin: Origin, version: int | None = None
) -> bool:
    """Change the password of an account; return False if the account was deleted meanwhile, or what
    was checked is valid no longer.

    Args:
        world: the world.
        account: the number of the account.
        password: the new one.
        origin: of the new one.
        version: `Accounts.version` as of the check of the old password; None if an operator sets
            the new one.

    Raises:
        AccountsError: it cannot be stored.
        Busy: too many passwords of this account were changed or checked, or too many wait.
        ValueError: the password has characters that cannot be used.
    """
    accounts = _accounts(world)
    credentials = await accounts.prepare_change(account, password, origin)
    if world.decider is None:
        if version is not None and accounts.version(account) != version:
            return False
        await accounts.set_credentials(account, credentials)
        return account in accounts.by_id
    world.creating[credentials.key] = None
    try:
        apply(world, PasswordSet(account, credentials, version))
        await world.settle()
        return world.creating[credentials.key] is not None
    finally:
        del world.creating[credentials.key]


async def add_certificate(
    world: World, account: int, fingerprint: str, *, is_proved: bool, version: int
) -> bool:
    """Allow a certificate to log in to an account; see `Accounts.add_certificate`.

    Args:
        world: the world.
        account: the number of the account.
        fingerprint: of the certificate.
        is_proved: see `Certificate`.
        version: `Accounts.version` as of the command. It is another one if the session was ended,
            because it may be that of an intruder.

    Raises:
        AccountsError: it cannot be stored.
    """
    if world.decider is None:
        if _accounts(world).version(account) != version:
            return False
        return await _accounts(world).add_certificate(account, fingerprint, is_proved=is_proved)
    holder = await _accounts(world).by_certificate(fingerprint)
    if holder is not None and holder.id != account:
        return False
    apply(world, CertificateAdded(account, fingerprint, is_proved, version))
    await world.settle()
    # Another account may have proved it meanwhile.
    return fingerprint in await _fingerprints(world, account)


async def remove_certificate(world: World, account: int, fingerprint: str, version: int) -> bool:
    """Let a certificate not log in any more; see `Accounts.remove_certificate`, and
    `add_certificate` for the arguments.

    Raises:
        AccountsError: it cannot be stored.
    """
    if world.decider is None:
        return await _accounts(world).remove_certificate(account, fingerprint)
    if fingerprint not in await _fingerprints(world, account):
        return False
    apply(world, CertificateRemoved(account, fingerprint, version))
    await world.settle()
    return fingerprint not in await _fingerprints(world, account)


async def _fingerprints(world: World, account: int) -> set[str]:
    certificates = await _accounts(world).certificates(account)
    return {certificate.fingerprint for certificate in certificates}


async def add_app_password(world: World, account: int, password: AppPassword, version: int) -> bool:
    """Let an app password log in to an account; see `Accounts.add_app_password`, and
    `add_certificate` for the arguments.

    Raises:
        AccountsError: it cannot be stored.
    """
    accounts = _accounts(world)
    if world.decider is None:
        if accounts.version(account) != version:
            return False
        return await accounts.add_app_password(account, password)
    apply(world, AppPasswordAdded(account, password, version))
    await world.settle()
    return password.digest in await _digests(world, account)


async def remove_app_password(world: World, account: int, digest: str, version: int) -> bool:
    """Let an app password not log in any more; see `Accounts.remove_app_password`, and
    `add_certificate` for the arguments.

    Raises:
        AccountsError: it cannot be stored.
    """
    if world.decider is None:
        return await _accounts(world).remove_app_password(account, digest)
    apply(world, AppPasswordRemoved(account, digest, version))
    await world.settle()
    return digest not in await _digests(world, account)


async def _digests(world: World, account: int) -> set[str]:
    return {each.digest for each in await _accounts(world).app_passwords(account)}


async def link_identity(world: World, account: int, identity: IdentityKey, version: int) -> bool:
    """Let an identity log in to an account; see `Accounts.add_identity`, and `add_certificate` for
    the arguments.

    Raises:
        AccountsError: it cannot be stored.
    """
    accounts = _accounts(world)
    if world.decider is None:
        if accounts.version(account) != version:
            return False
        return await accounts.add_identity(account, identity)
    apply(world, IdentityLinked(account, identity, version))
    await world.settle()
    return identity in await accounts.identities(account)


async def unlink_identity(world: World, account: int, identity: IdentityKey, version: int) -> bool:
    """Let an identity log in to an account no longer; see `Accounts.remove_identity`, and
    `add_certificate` for the arguments.

    Raises:
        AccountsError: it cannot be stored.
    """
    accounts = _accounts(world)
    if world.decider is None:
        return await accounts.remove_identity(account, identity)
    apply(world, IdentityUnlinked(account, identity, version))
    await world.settle()
    return identity not in await accounts.identities(account)

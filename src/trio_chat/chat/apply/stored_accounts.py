"""Transitions of the table of accounts.

A server without a cluster stores such a change first, and then carries out what follows from it. A
cluster carries it out in the order of its log, and each server stores it with its other state.
"""

from dataclasses import replace

from trio_chat.chat.accounts import Account
from trio_chat.chat.apply.probation import begin_for_account
from trio_chat.chat.apply.transitions import Effects, carry_out, is_outdated, transition
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountNameFreed,
    AccountRegistered,
    AppPasswordAdded,
    AppPasswordRemoved,
    AppPasswordUsed,
    CertificateAdded,
    CertificateRemoved,
    EmailSet,
    IdentityLinked,
    IdentityUnlinked,
    InvitationUsed,
    PasswordGuessed,
    PasswordSet,
)
from trio_chat.chat.invitations import registrant
from trio_chat.chat.nicknames import is_account_name_taken
from trio_chat.chat.world import World


@transition(AccountRegistered)
def _register(world: World, change: AccountRegistered) -> Effects | None:
    account = change.account
    if not account.id:
        numbered = _number(world, change)
        if numbered is None:
            return None
        account = numbered
    world.account_confusables.add(account)
    begin_for_account(
        world,
        account.id,
        is_invited=bool(change.invitation),
        is_verified=change.email is not None and change.email.is_verified,
        is_linked=change.identity is not None,
    )
    world.verifications.end(account.folded)
    return []


def _number(world: World, change: AccountRegistered) -> Account | None:
    """Give a new account its number and have it stored; None if it comes too late."""
    account, accounts, digest = change.account, world.accounts, change.invitation
    if accounts is None or is_account_name_taken(world, account.name, account.folded):
        return None
    if digest:
        invitation, holder = world.invitations.get(digest), registrant(account.folded)
        if invitation is None or not invitation.admits(holder):
            return None
        carry_out(world, InvitationUsed(digest, holder))
    account = account._replace(id=accounts.last + 1)
    accounts.note(account)
    world.dirty.record(replace(change, account=account))
    key = change.credentials.key if change.credentials is not None else b""
    if key in world.creating:
        world.creating[key] = account
    return account


@transition(AccountNameFreed)
def _free(world: World, change: AccountNameFreed) -> Effects | None:
    account, accounts = change.account, world.accounts
    if accounts is None or account.id not in accounts.dropped_by_id:
        return None
    accounts.release(account.folded)
    world.dirty.record(change)
    return carry_out(world, AccountDeleted(account))


@transition(PasswordSet)
def _set_password(world: World, change: PasswordSet) -> Effects | None:
    account = world.accounts.by_id.get(change.account) if world.accounts is not None else None
    if world.accounts is None or account is None:
        return None
    if is_outdated(world, account.id, change.version):
        return None
    world.accounts.invalidate(account.id)
    world.accounts.forget_guesses(account.folded)
    world.dirty.record(change)
    if change.credentials.key in world.creating:
        world.creating[change.credentials.key] = account
    return []


@transition(EmailSet)
def _set_email(world: World, change: EmailSet) -> Effects | None:
    if world.accounts is None or change.account not in world.accounts.by_id:
        return None
    world.dirty.record(change)
    return []


@transition(PasswordGuessed)
def _note_guess(world: World, change: PasswordGuessed) -> None:
    """Change nothing: what counts it observes the changes."""


@transition(CertificateAdded)
def _add_certificate(world: World, change: CertificateAdded) -> Effects | None:
    if is_outdated(world, change.account, change.version):
        return None
    world.dirty.record(change)
    return []


@transition(CertificateRemoved)
def _remove_certificate(world: World, change: CertificateRemoved) -> Effects | None:
    if is_outdated(world, change.account, change.version):
        return None
    world.dirty.record(change)
    return []


@transition(AppPasswordAdded)
def _add_app_password(world: World, change: AppPasswordAdded) -> Effects | None:
    return _record(world, change)


@transition(AppPasswordRemoved)
def _remove_app_password(world: World, change: AppPasswordRemoved) -> Effects | None:
    return _record(world, change)


@transition(IdentityLinked)
def _link(world: World, change: IdentityLinked) -> Effects | None:
    return _record(world, change)


@transition(IdentityUnlinked)
def _unlink(world: World, change: IdentityUnlinked) -> Effects | None:
    return _record(world, change)


def _record(
    world: World,
    change: AppPasswordAdded | AppPasswordRemoved | IdentityLinked | IdentityUnlinked,
) -> Effects | None:
    if is_outdated(world, change.account, change.version):
        return None
    world.dirty.record(change)
    return []


@transition(AppPasswordUsed)
def _note_use(world: World, change: AppPasswordUsed) -> Effects | None:
    world.dirty.record(change)
    return []

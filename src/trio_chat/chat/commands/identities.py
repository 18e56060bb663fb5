"""Identities that a provider or a directory has confirmed: the account that they are linked to, or
that is made for them.
"""

import logging
import math
from typing import Final

from trio_chat.chat import account_changes, nicknames
from trio_chat.chat.accounts import Account, Accounts
from trio_chat.chat.identities import Identity
from trio_chat.chat.identity_keys import DIRECTORY
from trio_chat.chat.registry import Request
from trio_chat.irc.names import InvalidName, fold_nick

log = logging.getLogger("trio_chat")

WAS_DROPPED: Final = (
    "{} was the name of an account that was deleted; only an operator of the server can free it"
)
_IMPOSSIBLE: Final = (
    "the name that you have there cannot be one here, ask an operator for an account"
)


async def find_account(request: Request, identity: Identity) -> Account | str:
    """Return the account of an identity, which is made if there is none, or a sentence with the
    reason for which there is none.

    Raises:
        AccountsError: accounts cannot be read or stored.
    """
    session, accounts = request.session, request.world.accounts
    assert accounts is not None  # noqa: S101  # the identity comes from a login
    is_linking = request.world.elapsed() < session.link_until
    known = await accounts.by_identity(identity.key)
    if is_linking and session.account_id:
        return await _link(request, accounts, identity, known)
    if known is not None and identity.key.issuer.startswith(DIRECTORY):
        return "that was linked just now, log in again"  # the account may need a code
    if known is not None:
        return known
    if not identity.may_create:
        return "no account here is linked to you, ask an operator for one"
    return await _create(request, accounts, identity)


async def _link(
    request: Request, accounts: Accounts, identity: Identity, known: Account | None
) -> Account | str:
    """Link an identity to the account of a session that has asked for it by `NickServ LINK`."""
    session = request.session
    session.link_until = -math.inf
    account = accounts.by_id.get(session.account_id)
    if account is None:
        return "the account was deleted meanwhile"
    if known is not None:
        return account if known.id == account.id else f"that identity is of {known.name} already"
    version = accounts.version(account.id)
    if not await account_changes.link_identity(request.world, account.id, identity.key, version):
        return "that identity is of another account, or yours has as many as it may have"
    log.info("%s linked an identity to %s", session.address, account.name)
    return account


async def _create(request: Request, accounts: Accounts, identity: Identity) -> Account | str:
    world, name = request.world, identity.name
    if not name:
        log.warning(
            "%s gives no name for a new account: [oidc] account_claim or [ldap] account_attribute"
            " has to name what it gives",
            identity.key.issuer,
        )
        return "no name has come from there for a new account, ask an operator for one"
    try:
        folded = fold_nick(name, world.lengths.nick)
    except InvalidName:
        return _IMPOSSIBLE
    if nicknames.looks_like_service(name, folded):
        return _IMPOSSIBLE
    if folded in accounts.dropped:
        return WAS_DROPPED.format(name)
    if nicknames.is_account_name_taken(world, name, folded) or any(
        world.registering.of(name, folded)
    ):
        return _taken(name)
    account = Account(name, folded, int(world.clock()))
    world.registering.add(name, folded)
    try:
        made = await account_changes.create(
            world, account, accounts.no_password(), None, "", identity.key
        )
    finally:
        world.registering.remove(name, folded)
    if made is None:  # another session of the same person may have been faster
        return await accounts.by_identity(identity.key) or _taken(name)
    log.info("%s has the new account %s by single sign-on", request.session.address, name)
    return made


def _taken(name: str) -> str:
    return (
        f"{name} belongs to an account that is not linked to you; if it is yours, log in with its"
        " password, say /msg NickServ LINK, and log in by single sign-on again"
    )

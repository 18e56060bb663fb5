"""Operator blocks: the `[operator NAME]` sections of config.ini, checked and with account numbers.

A block contains the hash of a password, never the password itself.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from trio_chat.chat.accounts import Accounts
from trio_chat.chat.distinguished_names import normal_form
from trio_chat.chat.identity_keys import OIDC
from trio_chat.irc import masks
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.rights import RIGHTS

_SEAL = "sealed "
_GROUP = f"{_SEAL}group "

log = logging.getLogger("trio_chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One `[operator NAME]` of config.ini.

    Args:
        name: what OPER calls it.
        password: an argon2id hash, or "" when the account is enough; see `sealed`.
        account: the name of the account that one must be logged in to, or "".
        account_id: the number that it has, see `with_numbers`; or 0 when there is no such account.
        host: a mask of the address, a network, or `user@host`; "" for anywhere.
        rights: keys of `RIGHTS`.
        oidc_group: the group at the provider of single sign-on whose people become the operator
            when they log in by it, or "".
        ldap_group: the same of the directory.
    """

    name: str
    password: str = field(default="", repr=False)
    account: str = ""
    account_id: int = 0
    host: str = ""
    rights: frozenset[str] = frozenset(RIGHTS)
    oidc_group: str = ""
    ldap_group: str = ""

    def group_of(self, source: str) -> str:
        """Return the group of a source (`identity_keys`), as `ConfirmedGroups` writes it, or ""."""
        return self.oidc_group if source == OIDC else normal_form(self.ldap_group)

    @property
    def source(self) -> str:
        """The source of the group by which an appointed operator is one, or ""."""
        if not self.password.startswith(_GROUP):
            return ""
        return self.password.removeprefix(_GROUP).partition(" ")[0]

    def granted(self, source: str, account: str, account_id: int) -> "Operator":
        """Return the operator that people of the group of a source become: one by their account,
        sealed. In the place of the password is a hash of the group, so that another group in the
        configuration means other people.
        """
        digest = hashlib.sha256(self.group_of(source).encode()).hexdigest()
        return replace(
            self,
            password=f"{_GROUP}{source} {digest}",
            account=account,
            account_id=account_id,
            oidc_group="",
            ldap_group="",
        )

    def like(self, other: "Operator") -> "Operator":
        """Return what people become by this block that are another operator by a group; the block
        itself if that is none.
        """
        if not (other.source and self.group_of(other.source)):
            return self
        return self.granted(other.source, other.account, other.account_id)

    def permits_account(self, account_id: int) -> bool:
        """Return whether a user of this account may be the operator."""
        return not self.account or (self.account_id != 0 and self.account_id == account_id)

    def permits_host(self, username: str, address: str, host: str) -> bool:
        """Return whether a session with this user name, address and shown host may be it."""
        if not self.host:
            return True
        wanted, at, wanted_host = self.host.lower().rpartition("@")
        mask = masks.parse_mask(masks.complete_mask(f"*!{wanted if at else '*'}@{wanted_host}"))
        return mask.covers(f"*!{username.lower()}", (address.lower(), host.lower()))

    def is_same_person(self, other: "Operator") -> bool:
        """Return whether two entries of config.ini mean the same operator: only the rights may
        differ.
        """
        return replace(self.sealed(), rights=other.rights) == other.sealed()

    def sealed(self) -> "Operator":
        """Return the operator with a hash in the place of that of the password, by which nobody can
        check one: so it is compared, and known to other servers of a cluster.
        """
        if not self.password or self.password.startswith(_SEAL):
            return self
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        return replace(self, password=f"{_SEAL}{digest}")


def with_numbers(
    operators: Mapping[str, Operator], accounts: Accounts | None
) -> dict[str, Operator]:
    """Return operators with the current numbers of their accounts: an account that takes such a
    name later is no operator.
    """
    return {name: _with_number(operator, accounts) for name, operator in operators.items()}


def _with_number(operator: Operator, accounts: Accounts | None) -> Operator:
    if not operator.account:
        return operator
    account = accounts.known.get(fold_or_self(operator.account)) if accounts is not None else None
    if account is None:
        log.warning(
            "operator %s: there is no account %s; once it is registered, have the configuration"
            " read again (REHASH, or SIGHUP)",
            operator.name,
            operator.account,
        )
        return replace(operator, account_id=0)
    since = datetime.fromtimestamp(account.created, UTC)
    log.info(
        "operator %s: the account %s, registered %s",
        operator.name,
        account.name,
        f"{since:%Y-%m-%d}",
    )
    return replace(operator, account_id=account.id)

"""`trio-chat account link` and `unlink`: the identities of single sign-on, or of a directory, that
log in to an account.
"""

from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.accounts import AccountTarget, find_account
from trio_chat.admin.console import report
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.chat.identity_keys import (
    DIRECTORY,
    MAX_ISSUER,
    MAX_SUBJECT,
    MOST,
    IdentityKey,
    directory_issuer,
)
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import InvalidValue, ResourceConflict, ResourceNotFound
from trio_chat.storage import identities
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    from trio_chat.config import Settings


def link(target: AccountTarget, settings: "Settings", issuer: str, subject: str) -> int:
    """Let an identity log in to an account."""
    identity = _checked(issuer, subject)
    _check_is_configured(identity.issuer, settings)
    with connected(target.database, instead=_(in_cluster.LINK)) as connection:
        account = find_account(connection, target)
        with recorded(connection, "account", f"LINK {account.name}: {issuer} {subject}"):
            if not identities.add(connection, account.id, identity):
                text = _(
                    "{subject} logs in to another account already, or {account} has {most}"
                    " identities"
                )
                raise ResourceConflict(
                    text.format(subject=subject, account=account.name, most=MOST)
                )
    report(_("{subject} logs in to {account} now.").format(subject=subject, account=account.name))
    return OK


def unlink(target: AccountTarget, issuer: str, subject: str) -> int:
    """Let an identity log in to an account no longer; sessions that are there stay."""
    identity = _checked(issuer, subject)
    with connected(target.database, instead=_(in_cluster.LINK)) as connection:
        account = find_account(connection, target)
        with recorded(connection, "account", f"UNLINK {account.name}: {issuer} {subject}"):
            if not identities.remove(connection, account.id, identity):
                text = _("{subject} does not log in to {account}")
                raise ResourceNotFound(text.format(subject=subject, account=account.name))
    report(
        _("{subject} logs in to {account} no longer.").format(subject=subject, account=account.name)
    )
    return OK


def _check_is_configured(issuer: str, settings: "Settings") -> None:
    """Refuse an identity that would never log in: issuers are compared letter by letter."""
    oidc, ldap, known = settings.oidc, settings.ldap, set[str]()
    if oidc.issuer:
        known.add(oidc.issuer)
    if ldap.url:
        known.add(directory_issuer(ldap.base or ldap.bind_template))
    if not known:
        raise InvalidValue(
            _("config.ini has neither [oidc] nor [ldap], so nobody would log in by that")
        )
    if issuer not in known:
        text = _("config.ini has no {issuer}, so nobody would log in by that; it has {known}")
        shown = escape_controls(" ".join(sorted(known)))
        raise InvalidValue(text.format(issuer=issuer, known=shown))


def _checked(issuer: str, subject: str) -> IdentityKey:
    is_good = 0 < len(issuer) <= MAX_ISSUER and 0 < len(subject) <= MAX_SUBJECT
    if not is_good or not (issuer + subject).isprintable():
        raise InvalidValue(_("issuer and subject are written as the provider writes them"))
    if issuer[: len(DIRECTORY)].lower() == DIRECTORY:
        issuer = directory_issuer(issuer[len(DIRECTORY) :])
    return IdentityKey(issuer, subject)

"""Accounts, as maintenance adds, changes, describes and frees them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from trio_chat.chat import nicknames
from trio_chat.chat.accounts import MAX_PASSWORD, Account
from trio_chat.chat.confusables import AccountConfusables
from trio_chat.chat.credentials import Email
from trio_chat.config import Settings
from trio_chat.i18n import _, ngettext
from trio_chat.irc.mail import email_address
from trio_chat.irc.names import InvalidName, fold_nick, fold_or_self
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import InvalidValue, ResourceConflict, ResourceNotFound
from trio_chat.maintenance.times import date
from trio_chat.storage import account_maintenance

if TYPE_CHECKING:
    import apsw


def check_length(name: str, settings: Settings) -> str:
    """Return the folded name of an account that is to be added.

    Raises:
        InvalidValue: the name is too long for the server, or is none.
    """
    most = settings.limits.lengths.nick
    try:
        return fold_nick(name, most)
    except InvalidName:
        raise InvalidValue(
            _("the name {account} is too long, the server allows {most} characters").format(
                account=name, most=most
            )
        ) from None


def check_is_free(
    name: str, folded: str, known: Mapping[str, Account], dropped: Iterable[Account]
) -> None:
    """Check that a name can be that of a new account.

    Args:
        name: the name.
        folded: the name, folded.
        known: all accounts by folded name, and the deleted ones whose names are not free.
        dropped: the latter.

    Raises:
        ResourceConflict: the name belongs to an account, was that of a deleted one, or looks like
            another one.
    """
    if any(account.folded == folded for account in dropped):
        raise _was_dropped(name)
    if folded in known:
        raise exists(name)
    if similar := _similar(known, name, folded):
        raise ResourceConflict(
            _("the name {account} looks like {other}").format(account=name, other=similar)
        )


def _similar(known: Mapping[str, Account], name: str, folded: str) -> str:
    """Return the name of an account or service that the new name resembles, or ""."""
    # Importing the services registers them; only this command needs them.
    from trio_chat.chat import services  # noqa: F401, PLC0415

    if nicknames.looks_like_service(name, folded):
        return _("a service")
    alike = next(AccountConfusables().of(dict(known), name, folded), None)
    return alike.name if alike else ""


def exists(name: str) -> ResourceConflict:
    """Return the refusal for a name that an account has."""
    return ResourceConflict(_("there is an account {account} already").format(account=name))


def _was_dropped(name: str) -> ResourceConflict:
    words = _(
        "an account of the name {account} was deleted; free the name first: trio-chat account free"
        " {account}"
    )
    return ResourceConflict(words.format(account=name))


def unknown(name: str) -> ResourceNotFound:
    """Return the refusal for a name that no account has."""
    return ResourceNotFound(_("there is no account {account}").format(account=name))


def check_password(password: str, settings: Settings) -> None:
    """Check that a password is acceptable.

    Raises:
        InvalidValue: it is not.
    """
    least = settings.accounts.min_password
    if len(password) < least:
        raise InvalidValue(
            ngettext(
                "the password is too short: it has at least {least} character",
                "the password is too short: it has at least {least} characters",
                least,
            ).format(least=least)
        )
    if not password.isprintable() or len(password.encode()) > MAX_PASSWORD:
        raise InvalidValue(
            _("a password has at most {most} bytes and no control characters").format(
                most=MAX_PASSWORD
            )
        )


def changed_email(
    known: Email | None, address: str | None, is_verified: bool | None
) -> Email | None:
    """Return the e-mail address that an account is to have; None for none.

    Args:
        known: what it has, or None.
        address: another address, "" for none, or None to leave it.
        is_verified: whether its owner is known to receive mail there; None leaves that as it is,
            and has another address not verified.

    Raises:
        InvalidValue: this is no address.
        ResourceConflict: there is no address that could be verified.
    """
    if address == "" and not is_verified:
        return None
    if not address and (known is None or address == ""):
        raise ResourceConflict(_("without an e-mail address there is nothing to be verified"))
    if not address:
        assert known is not None  # noqa: S101  # see above
        return known._replace(is_verified=bool(is_verified))
    try:
        written = email_address(address)
    except ValueError:
        raise InvalidValue(
            _("this is no e-mail address: {address}").format(address=escape_controls(address))
        ) from None
    was_verified = known is not None and known == (written, True)
    return Email(written, was_verified if is_verified is None else is_verified)


def check_can_be_freed(gone: Account | None, name: str, settings: Settings) -> Account:
    """Return a deleted account whose name can be freed.

    Args:
        gone: the deleted account, or None.
        name: the name as it was given.
        settings: with the operators of the server.

    Raises:
        ResourceNotFound: no deleted account has the name.
        ResourceConflict: an operator in config.ini has that account.
    """
    if gone is None:
        raise ResourceNotFound(
            _("no account that was deleted had the name {account}").format(account=name)
        )
    for operator in settings.operators:
        if fold_or_self(operator.account) == gone.folded:
            words = _(
                "a user that registers {account} would be the operator {operator}: remove that"
                " account from config.ini first"
            )
            raise ResourceConflict(words.format(account=gone.name, operator=operator.name))
    return gone


def describe(connection: "apsw.Connection", account: Account) -> dict[str, Any]:
    """Return all that is known of an account but its messages; no secret is in it."""
    belongings = account_maintenance.account_data(connection, account)
    return {
        "account": {"name": account.name, "registered": date(account.created)},
        "email": (
            belongings.email
            and {"address": belongings.email.address, "verified": belongings.email.is_verified}
        ),
        "channels": belongings.owned,
        "access": belongings.ranks,
        "read": belongings.markers,
        "settings": belongings.preferences,
        "always_on": (
            belongings.always_on and {"user": belongings.always_on, "channels": belongings.stays}
        ),
        "metadata": belongings.metadata,
        "uploads": [
            {
                "name": upload.name,
                "file": upload.filename,
                "type": upload.type,
                "bytes": upload.size,
                "uploaded": date(upload.created),
            }
            for upload in belongings.uploads
        ],
        # The endpoint and the keys are the device's secrets, by which others could send to it.
        "push_devices": [
            {
                "push_service": device.host,
                "registered": date(int(device.created)),
                "seen": date(int(device.seen)),
            }
            for device in belongings.devices
        ],
        "push_rules": belongings.push_rules,
        "scheduled": [
            {"time": date(each.due), "to": each.target or None, "text": each.text}
            for each in belongings.scheduled
        ],
        "second_factor": date(belongings.second_factor) if belongings.second_factor else None,
        "identities": [each._asdict() for each in belongings.identities],
        "passkeys": [
            {
                "name": each["name"],
                "made": date(each["created"]),
                "used": date(each["used"]) if each["used"] else None,
            }
            for each in belongings.passkeys
        ],
        "app_passwords": [
            {
                "name": each.name,
                "made": date(each.created),
                "used": date(each.used) if each.used else None,
                "expires": date(each.expires) if each.expires else None,
            }
            for each in belongings.app_passwords
        ],
    }

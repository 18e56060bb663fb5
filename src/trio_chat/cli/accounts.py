"""`trio-chat account`: its commands and their arguments."""

from pathlib import Path

from trio_chat.cli.arguments import YES, account_name, some_text
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group, usage_error
from trio_chat.i18n import N_, _

ACCOUNT = group(
    "account",
    help=N_("list, add, change, export or delete accounts"),
    description=N_("Look after accounts. The server may go on running; it notices within seconds."),
    epilog=N_(
        "examples:\n  trio-chat account list\n  trio-chat account add anna\n  trio-chat account"
        " export anna > anna.json"
    ),
)

_NAME = Argument("name", type=account_name, metavar="NAME", words=N_("the name of the account"))
_PASSWORD_FILE = Argument(
    "--password-file",
    type=Path,
    metavar="FILE",
    words=N_("a file whose first line is the password of the account"),
)


@ACCOUNT.command(
    "list",
    DATABASE,
    help=N_("show all accounts"),
    description=N_(
        "Show all accounts, one a line, with tabs between: the name, when it was registered (UTC),"
        " and always-on for those\nthat stay in their channels while nobody is connected."
    ),
    epilog=N_("examples:\n  trio-chat account list\n  trio-chat account list | wc -l"),
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.accounts import list_accounts  # noqa: PLC0415

    return list_accounts(call.database)


@ACCOUNT.command(
    "add",
    DATABASE,
    _NAME,
    _PASSWORD_FILE,
    help=N_("add an account"),
    description=N_(
        "Add an account, also where people cannot register themselves. The password is asked for."
    ),
    epilog=N_(
        "examples:\n  trio-chat account add anna\n  trio-chat account add anna --password-file"
        " secret.txt"
    ),
)
def _add(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget, add  # noqa: PLC0415

    return add(
        AccountTarget(call.database, call.options.name), call.settings, call.options.password_file
    )


@ACCOUNT.command(
    "passwd",
    DATABASE,
    _NAME,
    _PASSWORD_FILE,
    help=N_("change the password of an account"),
    description=N_(
        "Change the password of an account. A running server ends the sessions of the account"
        " within seconds; an always-on\nuser stays. The password is asked for."
    ),
    epilog=N_(
        "examples:\n  trio-chat account passwd anna\n  trio-chat account passwd anna"
        " --password-file secret.txt"
    ),
)
def _passwd(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget, change_password  # noqa: PLC0415

    return change_password(
        AccountTarget(call.database, call.options.name), call.settings, call.options.password_file
    )


@ACCOUNT.command(
    "email",
    DATABASE,
    _NAME,
    Argument("address", nargs="?", type=some_text, metavar="ADDRESS", words=N_("the new address")),
    Argument("--remove", action="store_true", words=N_("let the account have no address")),
    Argument(
        "--verified",
        action="store_true",
        default=None,
        words=N_("its owner is known to receive mail there"),
    ),
    Argument(
        "--not-verified",
        dest="verified",
        action="store_false",
        default=None,
        words=N_("it is not known whether its owner receives mail there"),
    ),
    help=N_("show or change the e-mail address of an account"),
    description=N_(
        "Show the e-mail address of an account and whether it is verified, or change that. Another"
        " address is not verified\nunless --verified says so."
    ),
    epilog=N_(
        "examples:\n  trio-chat account email anna\n  trio-chat account email anna"
        " anna@example.org --verified\n  trio-chat account email anna --remove"
    ),
)
def _email(call: Invocation) -> int:
    from trio_chat.admin.accounts import (  # noqa: PLC0415
        AccountTarget,
        change_email,
        show_email,
    )

    options, target = call.options, AccountTarget(call.database, call.options.name)
    address = "" if options.remove and not options.address else options.address
    if options.address and options.remove:
        usage_error(_("give an address, or --remove"))
    if address is None and options.verified is None:
        return show_email(target)
    return change_email(target, address, options.verified)


@ACCOUNT.command(
    "2fa",
    DATABASE,
    _NAME,
    help=N_("show the second factor and the passkeys of an account"),
    description=N_(
        "Show the second factor and the passkeys of an account, one a line, with tabs between: what"
        " it is, the name of a\npasskey, since when (UTC), and the recovery codes that are left or"
        " the last use."
    ),
    epilog=N_("examples:\n  trio-chat account 2fa anna"),
)
def _two_factor(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget  # noqa: PLC0415
    from trio_chat.admin.second_factors import show  # noqa: PLC0415

    return show(AccountTarget(call.database, call.options.name))


@ACCOUNT.command(
    "passkey-off",
    DATABASE,
    _NAME,
    Argument("passkey", metavar="PASSKEY", words=N_("the name of the passkey")),
    help=N_("remove a passkey of an account"),
    description=N_(
        "Remove a passkey of an account, such as that of a device that was stolen. A running server"
        " notices within seconds and\ntells the owner; sessions that are logged in stay."
    ),
    epilog=N_("examples:\n  trio-chat account passkey-off anna phone"),
)
def _passkey_off(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget  # noqa: PLC0415
    from trio_chat.admin.second_factors import remove_passkey  # noqa: PLC0415

    return remove_passkey(AccountTarget(call.database, call.options.name), call.options.passkey)


@ACCOUNT.command(
    "2fa-off",
    DATABASE,
    _NAME,
    help=N_("remove the second factor of an account"),
    description=N_(
        "Remove the second factor of an account whose owner has lost the authenticator and the"
        " recovery codes. The password\nalone logs in from then on. Make sure that you speak to the"
        " owner: that is what somebody asks for who has stolen\nthe password."
    ),
    epilog=N_("examples:\n  trio-chat account 2fa-off anna"),
)
def _two_factor_off(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget  # noqa: PLC0415
    from trio_chat.admin.second_factors import remove_second_factor  # noqa: PLC0415

    return remove_second_factor(AccountTarget(call.database, call.options.name))


_ISSUER = Argument(
    "issuer",
    metavar="ISSUER",
    words=N_("the issuer of the provider, or ldap: with the base of the directory"),
)
_SUBJECT = Argument(
    "subject",
    metavar="SUBJECT",
    words=N_("what the provider calls the person for ever (sub), or the entryUUID"),
)


@ACCOUNT.command(
    "link",
    DATABASE,
    _NAME,
    _ISSUER,
    _SUBJECT,
    help=N_("let a person of the single sign-on log in to an account"),
    description=N_(
        "Let a person of the single sign-on, or of the directory, log in to an account. The owner"
        " of an account with a password\ndoes that in the chat, by /msg NickServ LINK."
    ),
    epilog=N_(
        "examples:\n  trio-chat account link anna https://sso.example.org/realms/x"
        " 5f0c3a1e-7d53-4d0b-9a52-0f3d7a1c2b11"
    ),
)
def _link(call: Invocation) -> int:
    from trio_chat.admin.account_links import link  # noqa: PLC0415
    from trio_chat.admin.accounts import AccountTarget  # noqa: PLC0415

    options = call.options
    target = AccountTarget(call.database, options.name)
    return link(target, call.settings, options.issuer, options.subject)


@ACCOUNT.command(
    "unlink",
    DATABASE,
    _NAME,
    _ISSUER,
    _SUBJECT,
    help=N_("undo that"),
    description=N_(
        "Let a person of the single sign-on log in to an account no longer. `trio-chat account"
        " export` shows the identities."
    ),
    epilog=N_("examples:\n  trio-chat account unlink anna https://sso.example.org/realms/x 5f0c"),
)
def _unlink(call: Invocation) -> int:
    from trio_chat.admin.account_links import unlink  # noqa: PLC0415
    from trio_chat.admin.accounts import AccountTarget  # noqa: PLC0415

    options = call.options
    return unlink(AccountTarget(call.database, options.name), options.issuer, options.subject)


@ACCOUNT.command(
    "delete",
    DATABASE,
    _NAME,
    YES,
    help=N_("delete an account"),
    description=N_(
        "Delete an account and give up the channels it owns. What it has said stays; the files that"
        " it has uploaded are\nremoved. Nobody can register its name again until you free it"
        " (trio-chat account free)."
    ),
    epilog=N_("examples:\n  trio-chat account delete anna\n  trio-chat account delete anna --yes"),
)
def _delete(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget, delete  # noqa: PLC0415

    return delete(AccountTarget(call.database, call.options.name), yes=call.options.yes)


@ACCOUNT.command(
    "dropped",
    DATABASE,
    help=N_("show the names of deleted accounts"),
    description=N_(
        "Show the names of deleted accounts that nobody can register until they are freed, one a"
        " line, with tabs between:\nthe name, and when the account was deleted (UTC)."
    ),
    epilog=N_("examples:\n  trio-chat account dropped"),
)
def _dropped(call: Invocation) -> int:
    from trio_chat.admin.accounts import list_dropped  # noqa: PLC0415

    return list_dropped(call.database)


@ACCOUNT.command(
    "free",
    DATABASE,
    _NAME,
    help=N_("let the name of a deleted account be registered again"),
    description=N_(
        "Let the name of a deleted account be registered again. The new account inherits neither"
        " conversations nor\nrights of the deleted one. A name that an [operator] of config.ini has"
        " as its account is not freed."
    ),
    epilog=N_("examples:\n  trio-chat account dropped\n  trio-chat account free anna"),
)
def _free(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget, free  # noqa: PLC0415

    return free(AccountTarget(call.database, call.options.name), call.settings)


@ACCOUNT.command(
    "export",
    DATABASE,
    _NAME,
    is_long=True,
    help=N_("write all that is known of an account"),
    description=N_(
        "Write all that is known of an account as JSON, to standard output: when it was registered,"
        " its channels, its\nrights in those of others, how far it has read, and what it has said,"
        " also behind closed doors. No password is\nin it, nor what one is checked against."
    ),
    epilog=N_("examples:\n  trio-chat account export anna > anna.json"),
)
def _export(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget, export  # noqa: PLC0415

    return export(AccountTarget(call.database, call.options.name))


@ACCOUNT.command(
    "forget",
    DATABASE,
    _NAME,
    YES,
    is_long=True,
    help=N_("delete an account and all that it has said"),
    description=N_(
        "Delete an account, give up the channels it owns, and delete what it has said and done, for"
        " ever. What somebody\nsaid without being logged in stays, and so do answers of others, log"
        " files and backups. A running server lets go\nof the account within seconds; what was said"
        " in these is deleted by the same command, given again."
    ),
    epilog=N_("examples:\n  trio-chat account forget anna\n  trio-chat account forget anna --yes"),
)
def _forget(call: Invocation) -> int:
    from trio_chat.admin.accounts import AccountTarget, forget  # noqa: PLC0415

    return forget(AccountTarget(call.database, call.options.name), yes=call.options.yes)

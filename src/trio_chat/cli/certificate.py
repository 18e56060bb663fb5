"""`trio-chat certificate`: its commands and their arguments."""

from dataclasses import replace
from typing import TYPE_CHECKING

from trio_chat.cli.commands import DATABASE, Argument, Invocation, group, usage_error
from trio_chat.i18n import N_, _

if TYPE_CHECKING:
    from trio_chat.config import Settings

_EXAMPLES = N_(
    "examples:\n  trio-chat certificate show\n  trio-chat certificate authority > chat-ca.pem\n"
    "  trio-chat certificate renew --authority"
)
CERTIFICATE = group(
    "certificate",
    help=N_("show or renew the server's certificate"),
    description=N_(
        "Look after the TLS certificate of the server, and the private authority that has signed"
        " it."
    ),
    epilog=_EXAMPLES,
)


def _settings(call: Invocation, *, own: bool = True) -> "Settings":
    """Return the configuration with the chosen database, next to which the certificate is."""
    settings = call.settings
    if settings.tls.certificate is not None:
        if own:
            usage_error(
                _(
                    "[tls] certificate names a certificate of your own; this command is for the one"
                    " that the server makes"
                )
            )
        return settings
    return replace(settings, storage=replace(settings.storage, file=call.database))


@CERTIFICATE.command(
    "show",
    DATABASE,
    help=N_("show the certificate"),
    description=N_(
        "Show the certificate that the server uses: its names, its end, and the SHA-256"
        " fingerprints by which clients know\nit. A missing one is made."
    ),
    epilog=_EXAMPLES,
)
def _show(call: Invocation) -> int:
    from trio_chat.admin.certificates import show  # noqa: PLC0415

    return show(_settings(call, own=False))


@CERTIFICATE.command(
    "authority",
    DATABASE,
    Argument("--der", action="store_true", words=N_("in the DER format, for Windows and Android")),
    help=N_("print the certificate of the private authority"),
    description=N_(
        "Print the certificate of the server's private authority in the PEM format. A device on"
        " which it is installed trusts the\nserver; the page /ca says how."
    ),
    epilog=_EXAMPLES,
)
def _authority(call: Invocation) -> int:
    from trio_chat.admin.certificates import print_authority  # noqa: PLC0415

    return print_authority(_settings(call), der=call.options.der)


@CERTIFICATE.command(
    "renew",
    DATABASE,
    Argument(
        "--authority",
        action="store_true",
        words=N_("make another authority, too, which everybody then has to install"),
    ),
    Argument(
        "--drop-former",
        action="store_true",
        words=N_(
            "stop using the self-signed certificate of an earlier version, which IRC clients may"
            " have remembered"
        ),
    ),
    help=N_("renew the certificate"),
    description=N_(
        "Make a new certificate with the same key. The server does that by itself in time; a server"
        " that is running uses the\nnew one within a minute. --authority makes another authority"
        " with the names that are configured now: when its key may\nhave been stolen, or when the"
        " log says that a name cannot be certified."
    ),
    epilog=_EXAMPLES,
)
def _renew(call: Invocation) -> int:
    from trio_chat.admin.certificates import renew  # noqa: PLC0415

    options = call.options
    return renew(_settings(call), authority=options.authority, drop_former=options.drop_former)

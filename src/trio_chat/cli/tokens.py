"""`trio-chat token`: its commands and their arguments."""

from trio_chat.cli.arguments import duration
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

_EXAMPLES = N_(
    "examples:\n  trio-chat token add monitoring --scope metrics:read,server:read\n  trio-chat"
    " token add deploy --scope messages:write --expires 90d\n  trio-chat token list\n  trio-chat"
    " token remove deploy"
)
TOKEN = group(
    "token",
    help=N_("let programs use the HTTP API"),
    description=N_(
        "Look after the tokens of the HTTP API. docs/api.md describes the scopes, and what programs"
        " do with them."
    ),
    epilog=_EXAMPLES,
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


@TOKEN.command(
    "add",
    DATABASE,
    Argument("name", metavar="NAME", words=N_("what lists and the audit log call it")),
    Argument(
        "--scope",
        type=_words,
        required=True,
        metavar="SCOPES",
        words=N_("what it may do, such as channels:read,messages:write; admin for everything"),
    ),
    Argument(
        "--expires",
        type=duration,
        default=0,
        metavar="DURATION",
        words=N_("after which it ends, such as 90d (default: never)"),
    ),
    help=N_("make a token"),
    description=N_(
        "Make a token, and print it. It is printed once, and only its hash is stored. A server that"
        " is running notices it\nwithin seconds."
    ),
    epilog=_EXAMPLES,
)
def _add(call: Invocation) -> int:
    from trio_chat.admin.api_tokens import add_api_token  # noqa: PLC0415

    options = call.options
    return add_api_token(call.database, options.name, options.scope, options.expires)


@TOKEN.command(
    "list",
    DATABASE,
    help=N_("show the tokens"),
    description=N_(
        "Show the tokens, one a line, with tabs between: name, id, scopes, maker, end, and last use"
        " (UTC)."
    ),
    epilog=_EXAMPLES,
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.api_tokens import list_api_tokens  # noqa: PLC0415

    return list_api_tokens(call.database)


@TOKEN.command(
    "remove",
    DATABASE,
    Argument("name", metavar="NAME", words=N_("its name, or its id in the list")),
    help=N_("remove a token"),
    description=N_("Remove a token: requests with it are refused from then on."),
    epilog=_EXAMPLES,
)
def _remove(call: Invocation) -> int:
    from trio_chat.admin.api_tokens import remove_api_token  # noqa: PLC0415

    return remove_api_token(call.database, call.options.name)

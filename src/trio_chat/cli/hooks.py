"""`trio-chat hook`: its commands and their arguments."""

from trio_chat.cli.arguments import channel_name, some_text
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

_EXAMPLES = N_(
    "examples:\n  trio-chat hook add '#ops' --name grafana\n  trio-chat hook add '#dev' --name"
    " github --signing SECRET\n  trio-chat hook add '#ops' --name archive --url https://example.org/in"
    " --events message,topic\n  trio-chat hook list\n  trio-chat hook remove grafana"
)
HOOK = group(
    "hook",
    help=N_("let programs write to channels, or read them (webhooks)"),
    description=N_("Look after webhooks. docs/webhooks.md has an example for each sender."),
    epilog=_EXAMPLES,
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, some_text(text).split(",")))


@HOOK.command(
    "add",
    DATABASE,
    Argument(
        "channel",
        type=channel_name,
        metavar="CHANNEL",
        words=N_("the registered channel, or the lobby; its '#' may be left out"),
    ),
    Argument(
        "--name",
        required=True,
        metavar="NAME",
        words=N_("under which its messages are shown: NAME/hook"),
    ),
    Argument(
        "--signing",
        type=some_text,
        metavar="SECRET",
        words=N_("refuse requests that are not signed with this secret, which the sender has, too"),
    ),
    Argument(
        "--url",
        type=some_text,
        metavar="URL",
        words=N_("post the messages of the channel there, instead of taking messages"),
    ),
    Argument(
        "--events",
        type=_words,
        default=(),
        metavar="EVENTS",
        words=N_("with --url: what is posted, such as message,topic,join (default: message)"),
    ),
    Argument(
        "--nicks",
        type=_words,
        default=(),
        metavar="NICKS",
        words=N_("with --url: only what these nicknames do"),
    ),
    Argument(
        "--words",
        type=_words,
        default=(),
        metavar="WORDS",
        words=N_("with --url: only texts with one of these words"),
    ),
    help=N_("make a webhook"),
    description=N_(
        "Make a webhook, and print its address, to be pasted into the settings of a program. It is"
        " printed once, and is stored\nnowhere. A server that is running notices it within seconds."
        " With --url the server posts the messages of the channel,\nand the secret that signs them"
        " is printed."
    ),
    epilog=_EXAMPLES,
)
def _add(call: Invocation) -> int:
    from trio_chat.admin.hooks import add_hook  # noqa: PLC0415
    from trio_chat.chat.hook_terms import HookTerms  # noqa: PLC0415

    options = call.options
    terms = HookTerms(
        options.name,
        options.url or "",
        options.signing or "",
        options.events,
        options.nicks,
        options.words,
    )
    return add_hook(call.database, call.settings, options.channel, terms)


@HOOK.command(
    "list",
    DATABASE,
    help=N_("show the webhooks"),
    description=N_(
        "Show the webhooks, one a line, with tabs between: id, channel, name, in or out, maker, and"
        " last use (UTC)."
    ),
    epilog=_EXAMPLES,
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.hooks import list_hooks  # noqa: PLC0415

    return list_hooks(call.database, call.settings)


@HOOK.command(
    "remove",
    DATABASE,
    Argument(
        "id", metavar="ID", words=N_("its id in the list, or its name if no other one has it")
    ),
    help=N_("remove a webhook"),
    description=N_("Remove a webhook: what is sent to its address is refused from then on."),
    epilog=_EXAMPLES,
)
def _remove(call: Invocation) -> int:
    from trio_chat.admin.hooks import remove_hook  # noqa: PLC0415

    return remove_hook(call.database, call.options.id)

"""Server queries: MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, HELP (Modern IRC, Server queries)."""

from datetime import UTC, datetime
from functools import lru_cache

from trio_chat.chat.advertisement import ISUPPORT_BATCH
from trio_chat.chat.operators import has_right
from trio_chat.chat.registry import COMMANDS, Command, Request, command, is_there
from trio_chat.irc import capabilities as cap
from trio_chat.irc import extbans, isupport, modes
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import matches


@lru_cache(maxsize=16)  # every client receives the time at which the server was created
def format_time(seconds: float) -> str:
    """Return a time in a readable form."""
    return f"{datetime.fromtimestamp(seconds, UTC):%A %Y-%m-%d %H:%M:%S} UTC"


def is_other_server(request: Request, index: int = 0) -> bool:
    """Refuse a query that names a server other than this one; return whether it was refused."""
    name = request.param(index)
    server = request.world.server_info.name
    if (
        not name
        or matches(name.lower(), server.lower())
        or name.lower() == request.session.target.lower()
    ):
        return False
    request.reply.numeric(n.ERR_NOSUCHSERVER, name)
    return True


@command("MOTD", "[<server>]", help="Show the message of the day.", is_local=True)
def motd_command(request: Request) -> None:
    """Show the message of the day."""
    if not is_other_server(request):
        send_motd(request)


def send_motd(request: Request) -> None:
    """Send the message of the day, or that there is none."""
    server_info = request.world.server_info
    if not server_info.motd:
        request.reply.numeric(n.ERR_NOMOTD)
        return
    request.reply.numeric(n.RPL_MOTDSTART, args=(server_info.name,))
    for line in server_info.motd:
        request.reply.numeric(n.RPL_MOTD, args=(line,))
    request.reply.numeric(n.RPL_ENDOFMOTD)


@command("LUSERS", weight=2, help="Show the numbers of users and channels.", is_local=True)
def lusers_command(request: Request) -> None:
    """Count users and channels."""
    send_lusers(request)


def send_lusers(request: Request) -> None:
    """Send the counts."""
    world, reply = request.world, request.reply
    users = len(world.users)
    invisible = len(world.invisible)
    reply.numeric(n.RPL_LUSERCLIENT, args=(users - invisible, invisible))
    reply.numeric(n.RPL_LUSEROP, str(len(world.opers)))
    reply.numeric(n.RPL_LUSERUNKNOWN, str(len(world.unregistered)))
    # A number of all channels would reveal when a secret one is created and removed.
    reply.numeric(n.RPL_LUSERCHANNELS, str(world.channels.count_shown(request.user)))
    reply.numeric(n.RPL_LUSERME, args=(users,))
    for numeric in (n.RPL_LOCALUSERS, n.RPL_GLOBALUSERS):
        reply.numeric(numeric, str(users), str(world.most_users), args=(users, world.most_users))


@command("VERSION", "[<server>]", help="Show the version of the server.", is_local=True)
def version_command(request: Request) -> None:
    """Show program, version and RPL_ISUPPORT."""
    if is_other_server(request):
        return
    server_info = request.world.server_info
    request.reply.numeric(
        n.RPL_VERSION,
        server_info.version.replace(" ", "-"),
        server_info.name,
        args=(server_info.description,),
    )
    send_isupport(request)


def send_isupport(request: Request) -> None:
    """Send RPL_ISUPPORT; in a batch when the client has draft/extended-isupport."""
    lines = isupport_lines(request.world.advertised.tokens_for(request.session))
    if request.session.effective & cap.EXTENDED_ISUPPORT:
        with request.reply.batch(ISUPPORT_BATCH):
            _send_tokens(request, lines)
    else:  # most registrations: a context manager would take as long as a line
        _send_tokens(request, lines)


def _send_tokens(request: Request, lines: tuple[str, ...]) -> None:
    for rest in lines:
        request.reply.prepared(n.RPL_ISUPPORT, rest)


@command(
    "ISUPPORT",
    needs_registration=False,
    help="Show what this server supports (RPL_ISUPPORT).",
    is_local=True,
)
def isupport_command(request: Request) -> None:
    """Send RPL_ISUPPORT; before registration with draft/extended-isupport."""
    if request.session.user is None and not request.session.effective & cap.EXTENDED_ISUPPORT:
        request.reply.numeric(n.ERR_NOTREGISTERED)
        return
    send_isupport(request)


@lru_cache(maxsize=32)  # clients that connect by the same way receive the same lines
def isupport_lines(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return RPL_ISUPPORT without what stands before its first token."""
    return tuple(
        f"{' '.join(group)} :{n.RPL_ISUPPORT.text}" for group in isupport.token_lines(tokens)
    )


@command("TIME", "[<server>]", help="Show the server's time.", is_local=True)
def time_command(request: Request) -> None:
    """Show the server's time."""
    if is_other_server(request):
        return
    now = request.world.wall_clock()
    request.reply.numeric(
        n.RPL_TIME, request.world.server_info.name, str(int(now)), "0", args=(format_time(now),)
    )


@command("INFO", "[<server>]", help="Show information about this program.", is_local=True)
def info_command(request: Request) -> None:
    """Show information about this program."""
    if is_other_server(request):
        return
    server_info = request.world.server_info
    for line in (
        server_info.version,
        "A structured-concurrency chat server, in Python on Trio.",
        f"Running since {format_time(server_info.created)}",
    ):
        request.reply.numeric(n.RPL_INFO, args=(line,))
    request.reply.numeric(n.RPL_ENDOFINFO)


@command("ADMIN", "[<server>]", help="Show the contact of the administrator.", is_local=True)
def admin_command(request: Request) -> None:
    """Show the contact of the administrator."""
    if is_other_server(request):
        return
    server_info = request.world.server_info
    if not server_info.admin:
        request.reply.numeric(n.ERR_NOADMININFO, server_info.name)
        return
    request.reply.numeric(n.RPL_ADMINME, server_info.name)
    request.reply.numeric(n.RPL_ADMINLOC1, args=(server_info.network,))
    request.reply.numeric(n.RPL_ADMINLOC2, args=(server_info.description,))
    request.reply.numeric(n.RPL_ADMINEMAIL, args=(server_info.admin,))


@command(
    "USERS",
    help="Disabled: it would list the users that are logged in to the machine.",
    is_local=True,
)
def users_command(request: Request) -> None:
    """Refuse, as the specification allows (RFC 2812 §4.6)."""
    request.reply.numeric(n.ERR_USERSDISABLED)


@command(
    "SUMMON",
    help="Disabled: it would invite a user that is logged in to the machine.",
    is_local=True,
)
def summon_command(request: Request) -> None:
    """Refuse, as the specification allows (RFC 2812 §4.5)."""
    request.reply.numeric(n.ERR_SUMMONDISABLED)


@command(
    "HELP",
    "[<command>]",
    weight=2,
    help=(
        "Show the commands, or one command, or the modes (HELP CMODES, HELP UMODES, HELP EXTBANS)."
    ),
    is_local=True,
)
def help_command(request: Request) -> None:
    """Show help, derived from the registry and the tables of modes."""
    _help(request)


@command(
    "HELPOP",
    "[<command>]",
    help="The same as HELP, which some clients answer themselves.",
    is_local=True,
)
def helpop_command(request: Request) -> None:
    """Show help."""
    _help(request)


def _help(request: Request) -> None:
    subject = request.param(0).upper()
    lines = _help_lines(subject, request)
    if lines is None:
        request.reply.numeric(n.ERR_HELPNOTFOUND, subject)
        return
    shown = subject or "*"
    request.reply.numeric(n.RPL_HELPSTART, shown, args=(lines[0],))
    for line in lines[1:]:
        request.reply.numeric(n.RPL_HELPTXT, shown, args=(line,))
    request.reply.numeric(n.RPL_ENDOFHELP, shown, args=("End of help",))


def _help_lines(subject: str, request: Request) -> list[str] | None:
    if not subject:
        entries = sorted(entry for entry in COMMANDS.values() if _is_usable(entry, request))
        return [
            "Commands; HELP <command> says more",
            *(f"{entry.name:10} {entry.help}" for entry in entries),
        ]
    if subject == "CMODES":
        return [
            "Channel modes",
            *(f"{mode.letter}  {mode.meaning}" for mode in modes.CHANNEL_MODES.values()),
        ]
    if subject == "UMODES":
        return [
            "User modes",
            *(f"{mode.letter}  {mode.meaning}" for mode in modes.USER_MODES.values()),
        ]
    if subject == "EXTBANS":
        return [
            "Extended bans, for the lists b, e and I",
            *(extban.meaning for extban in extbans.EXTBANS.values()),
        ]
    entry = COMMANDS.get(subject)
    if entry is not None and not is_there(entry, request.world):
        return None
    return [f"{entry.name} {entry.usage}".rstrip(), entry.help] if entry else None


def _is_usable(entry: Command, request: Request) -> bool:
    """Return whether a user can give a command, perhaps after its client has negotiated the
    capability.
    """
    if not is_there(entry, request.world):
        return False
    if entry.is_for_operators and request.user.operator is None:
        return False
    if entry.right and not has_right(request.user, entry.right):
        return False
    offered = request.world.advertised.capabilities
    return not entry.capability or bool(cap.CAPABILITIES[entry.capability].bit & offered)

"""AWAY, SETNAME and ACCEPT (IRCv3 `away-notify`, `draft/pre-away`, `setname`)."""

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AcceptChanged, AwaySet, RealnameSet
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.moderation.rules import FILTERED
from trio_chat.chat.moderation.server import PROFILES
from trio_chat.chat.registry import Request, command
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, truncate, wrap_words
from trio_chat.irc.names import each_once, fold_or_self


@command(
    "AWAY",
    "[:<reason> | *]",
    needs_registration=False,
    help=(
        "Say that you are away, or with * that nobody is at this device; without a reason, that you"
        " are back."
    ),
)
def away_command(request: Request) -> None:
    """Mark the session as away or back; the user is away when all its sessions are.

    Sessions in common channels, or that monitor the nickname, receive AWAY with `away-notify`.
    Before registration, `draft/pre-away` is needed.
    """
    session, user = request.session, request.session.user
    if user is None and not session.caps & cap.PRE_AWAY:
        request.reply.numeric(n.ERR_NOTREGISTERED)
        return
    message = truncate(request.param(0), request.world.lengths.away)
    if server_rules.refuses(request, PROFILES, message, "away message"):
        why = server_rules.why_not_text(request, "The away message", message)
        request.reply.fail("AWAY", FILTERED, text=why)
        return
    request.reply.numeric(n.RPL_NOWAWAY if message else n.RPL_UNAWAY)
    request.reply.emit_all(apply(request.world, AwaySet(session.id, message)))


@command("SETNAME", ":<realname>", min_params=1, help="Change your real name.")
def setname_command(request: Request) -> None:
    """Change the real name; sessions in common channels, or that monitor the nickname, receive it
    with `setname`.
    """
    user, world = request.user, request.world
    realname = request.params[0]
    if not realname or len(realname.encode()) > world.lengths.realname:
        text = f"A real name has 1 to {world.lengths.realname} bytes"
        request.reply.fail("SETNAME", "INVALID_REALNAME", text=text)
        return
    if muted := policy.muted_in(user):
        text = (
            f"Your real name stays as long as you may not speak on {muted[0].name}; leave that"
            " channel first"
        )
        request.reply.fail("SETNAME", "CANNOT_CHANGE_REALNAME", text=text)
        return
    if server_rules.refuses(request, PROFILES, realname, "real name"):
        text = server_rules.why_not_text(request, "The real name", realname)
        request.reply.fail("SETNAME", "INVALID_REALNAME", text=text)
        return
    request.reply.emit_all(apply(world, RealnameSet(user.folded, realname)))


@command(
    "ACCEPT",
    "<nickname>{,<nickname>} | -<nickname> | *",
    min_params=1,
    help=(
        "Let somebody write to you in spite of your mode +R; '-' ends that, '*' shows whom you let."
    ),
)
def accept_command(request: Request) -> None:
    """Change or show the list of users that may write in spite of +R. Its entries are accounts or
    users, not nicknames.
    """
    for word in each_once(request.params[0].split(",")):
        if word == "*":
            _send_accepted(request)
        elif word:
            _accept(request, word.removeprefix("-"), adding=word[0] != "-")


def _accept(request: Request, nick: str, *, adding: bool) -> None:
    user, reply, world = request.user, request.reply, request.world
    other = world.users.get(fold_or_self(nick))
    if other is None:
        reply.numeric(n.ERR_NOSUCHNICK, nick)
    elif not adding and user.accepts(other):
        apply(world, AcceptChanged(user.folded, other.folded, adding=False))
    elif not adding:
        reply.numeric(n.ERR_ACCEPTNOT, other.nick)
    elif user.accepts(other):
        reply.numeric(n.ERR_ACCEPTEXIST, other.nick)
    elif len(user.accepted) >= world.lengths.accept_entries:
        reply.numeric(n.ERR_ACCEPTFULL)
    else:
        apply(world, AcceptChanged(user.folded, other.folded, adding=True))


def _send_accepted(request: Request) -> None:
    user, reply = request.user, request.reply
    nicks = [other.nick for other in request.world.users.values() if user.accepts(other)]
    reply.charge(len(request.world.users) // 16)
    head = f":{request.world.server_info.name} {n.RPL_ACCEPTLIST} {user.nick} "
    for line in wrap_words(nicks, MAX_BODY - len(head.encode())):
        reply.numeric(n.RPL_ACCEPTLIST, *line.split())
    reply.numeric(n.RPL_ENDOFACCEPT)

"""What people say of themselves: AWAY, SETNAME (Modern IRC, AWAY; IRCv3 away-notify, setname)."""

from trio_chat.chat.registry import Request, command
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate


@command("AWAY", "[:<reason>]", help="Say that you are away; without a reason, that you are back.")
def away_command(request: Request) -> None:
    """Mark as away or back; those in common channels, or who watch the nickname, see it with away-notify."""
    user = request.user
    before = user.away
    user.away = truncate(request.param(0), request.world.lengths.away)
    request.reply.numeric(n.RPL_NOWAWAY if user.away else n.RPL_UNAWAY)
    if user.away != before:
        params = (user.away,) if user.away else ()
        for event in request.world.news(user, "AWAY", params, requires=cap.AWAY_NOTIFY, skip=request.session):
            request.reply.emit(event)


@command("SETNAME", ":<realname>", min_params=1, help="Change your real name.")
def setname_command(request: Request) -> None:
    """Change the real name; those in common channels, or who watch the nickname, see it with setname."""
    user, world = request.user, request.world
    realname = request.params[0]
    if not realname or len(realname.encode()) > world.lengths.realname:
        if request.session.caps & cap.SETNAME:
            text = f"A real name has 1 to {world.lengths.realname} bytes"
            request.reply.fail("SETNAME", "INVALID_REALNAME", text=text)
        return
    user.realname = realname
    for event in world.news(user, "SETNAME", (realname,), requires=cap.SETNAME):
        request.reply.emit(event)

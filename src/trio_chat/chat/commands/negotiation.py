"""Capabilities: CAP (IRCv3 capability-negotiation)."""

from collections.abc import Iterable

from trio_chat.chat import advertisement
from trio_chat.chat.commands import connection_registration
from trio_chat.chat.registry import Request, command
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, body_size, wrap_words


@command(
    "CAP",
    "LS [302] | LIST | REQ :<capabilities> | END",
    min_params=1,
    needs_registration=False,
    help="Negotiate IRCv3 capabilities.",
)
def cap_command(request: Request) -> None:
    """Negotiate capabilities."""
    subcommand = request.params[0].upper()
    handler = {"LS": _cap_ls, "LIST": _cap_list, "REQ": _cap_req, "END": _cap_end}.get(subcommand)
    if handler is None:
        request.reply.numeric(n.ERR_INVALIDCAPCMD, request.params[0])
        return
    handler(request)


def _hold_registration(request: Request) -> None:
    if request.session.pending is not None:
        request.session.pending.is_negotiating = True


def _cap_ls(request: Request) -> None:
    session, advertised = request.session, request.world.advertised
    _hold_registration(request)
    is_302 = request.param(1).isdecimal() and int(request.param(1)) >= 302
    if is_302:
        # "for the future life of the connection", whatever version is named later.
        session.cap_302 = True
        session.set_caps(session.caps | cap.CAP_NOTIFY)  # "implicitly enabled" by version 302
    # "servers SHOULD return a CAP LS reply consistent with the request's version"
    names = (
        advertisement.capability_tokens(advertised.shown(session))
        if is_302
        else cap.without_drafts(cap.names_of(advertised.capabilities))
    )
    _send_cap_lines(request, "LS", names, is_one_line=not is_302)


def _cap_list(request: Request) -> None:
    names, is_one_line = cap.names_of(request.session.caps), not request.session.cap_302
    _send_cap_lines(
        request,
        "LIST",
        [*cap.without_drafts(names), *cap.only_drafts(names)],
        is_one_line=is_one_line,
    )


def _send_cap_lines(
    request: Request, subcommand: str, words: Iterable[str], *, is_one_line: bool = False
) -> None:
    """Send capabilities in as many lines as needed, all but the last one with `*`.

    Args:
        request: the request.
        subcommand: LS, LIST, ACK or NAK.
        words: the capabilities.
        is_one_line: whether capabilities that do not fit into one line are left out, for a client
            that does not support several lines.
    """
    target = _cap_target(request)
    room = MAX_BODY - len(
        f":{request.world.server_info.name} CAP {target} {subcommand} * :".encode()
    )
    first, *others = wrap_words(words, room) or [""]
    *others, last = [first] if is_one_line else [first, *others]
    for line in others:
        request.reply.send("CAP", (target, subcommand, "*", line))
    request.reply.send("CAP", (target, subcommand, last))


def _cap_target(request: Request) -> str:
    """Return what CAP calls the client: its nickname, or `*` before registration, as programs
    expect it.
    """
    return request.session.target if request.session.user else "*"


def _cap_req(request: Request) -> None:
    session = request.session
    _hold_registration(request)
    caps = session.caps
    wanted = " ".join(request.params[1:])
    for word in wanted.split():
        entry = cap.CAPABILITIES.get(word.removeprefix("-").lower())
        if (
            entry is None
            or not entry.bit & request.world.advertised.capabilities
            or (word[0] == "-" and entry.bit == cap.CAP_NOTIFY and session.cap_302)
        ):
            _answer_cap_req(request, "NAK", wanted)
            return
        caps = caps & ~entry.bit if word[0] == "-" else caps | entry.bit
    _answer_cap_req(request, "ACK", wanted)
    session.set_caps(
        caps
        # "MUST NOT change the capabilities of the client until the last ACK of the set has been
        # sent"
    )
    if caps & cap.NUMBER:
        request.world.wants_numbers = True


def _answer_cap_req(request: Request, subcommand: str, wanted: str) -> None:
    """Repeat what was asked for, in the very words when one line holds them."""
    if (
        body_size("CAP", (_cap_target(request), subcommand, wanted), request.world.server_info.name)
        <= MAX_BODY
    ):
        request.reply.send("CAP", (_cap_target(request), subcommand, wanted))
    else:
        _send_cap_lines(request, subcommand, wanted.split())


def _cap_end(request: Request) -> None:
    if request.session.pending is not None:
        request.session.pending.is_negotiating = False
    connection_registration.try_to_register(request)

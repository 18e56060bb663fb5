"""Messages: PRIVMSG, NOTICE, TAGMSG (Modern IRC, Sending messages; IRCv3 `message-tags`,
`echo-message`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from trio_chat.chat import conversations, multiline, policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AcceptChanged
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.message_rules import (
    client_tags,
    fits,
    is_pushed,
    is_restrained,
    is_worth_keeping,
)
from trio_chat.chat.events import Event
from trio_chat.chat.history import HistoryTarget
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.registry import (
    LOCAL_SERVICES,
    SERVICES,
    Request,
    command,
    is_local_service,
)
from trio_chat.chat.users import Session, User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import BOT, PREFIXES, RANKS
from trio_chat.irc.names import each_once, fold_or_self, is_channel_name

_WITH_SERVICE: Final = n.ERR_TOOMANYTARGETS.with_text(
    "Not sent: the message is for a service, too, and may have a password in it"
)


@command("PRIVMSG", "<target>{,<target>} :<text>", help="Send a message to a channel or a user.")
def privmsg_command(request: Request) -> None:
    """Send a message."""
    _say(request, "PRIVMSG")


@command(
    "NOTICE",
    "<target>{,<target>} :<text>",
    help="Send a message that is never answered automatically.",
)
def notice_command(request: Request) -> None:
    """Send a message without automatic replies: no errors, no away message (RFC 2812 §3.3.2)."""
    _say(request, "NOTICE")


@command("TAGMSG", "<target>{,<target>}", help="Send message tags without a text.")
def tagmsg_command(request: Request) -> None:
    """Send tags without a text, to sessions with `message-tags`. Without tags there is nothing to
    send.
    """
    if request.session.caps & cap.MESSAGE_TAGS:
        _say(request, "TAGMSG")


def _say(request: Request, verb: str) -> None:
    params = request.params
    refuse = _Refusal(request, verb)
    if not params or not params[0]:
        refuse(n.ERR_NORECIPIENT, args=(verb,))
        return
    if verb != "TAGMSG" and (len(params) < 2 or not params[1]):
        refuse(n.ERR_NOTEXTTOSEND)
        return
    targets = each_once(params[0].split(",")) if "," in params[0] else [params[0]]
    if len(targets) > request.world.lengths.targets:
        refuse(n.ERR_TOOMANYTARGETS, targets[request.world.lengths.targets])
        targets = targets[: request.world.lengths.targets]
    if len(targets) > 1 and any(map(is_local_service, targets)):
        for target in targets:
            if not is_local_service(target):
                refuse(_WITH_SERVICE, target)
        targets = list(filter(is_local_service, targets))
    text = params[1:2] if verb != "TAGMSG" else ()
    tags = client_tags(request)
    if not text and not tags:
        return
    for target in targets:
        _say_to(request, refuse, verb, target, text, tags)


def say_lines(request: Request, verb: str, target: str, text: str, tags: Mapping[str, str]) -> None:
    """Send a message of one or more lines, which `multiline.join` made one text."""
    _say_to(request, _Refusal(request, verb), verb, target, (text,), tags)


def say_for(request: Request, target: str, text: str, tags: Mapping[str, str]) -> None:
    """Send a message for a user that does nothing at this moment, as that user would."""
    refuse = _Refusal(request, "PRIVMSG")
    _say_to(request, refuse, "PRIVMSG", target, (text,), tags, is_activity=False)


def _say_to(
    request: Request,
    refuse: "_Refusal",
    verb: str,
    target: str,
    text: tuple[str, ...],
    tags: Mapping[str, str],
    *,
    is_activity: bool = True,
) -> None:
    world = request.world
    if is_activity and world.push.users and verb != "NOTICE":  # which programs send, too
        world.push.note_activity(request.user, world.elapsed())
    is_to_channel = is_channel_name(target.lstrip(PREFIXES))
    folded = "" if is_to_channel else _folded(request, target)
    is_to_service = not is_to_channel and folded in SERVICES
    is_activity = is_activity and verb == "PRIVMSG"  # the dispatcher notes that of the others
    is_activity = is_activity and not (is_to_service and folded in LOCAL_SERVICES)
    if is_activity and world.decider is None:  # in a cluster the time is a part of the state
        request.session.active = world.clock()
    if is_to_channel:
        _say_to_channel(request, refuse, verb, target, text, tags)
    elif is_to_service:
        _say_to_service(request, verb, target, folded, text, tags)
    else:
        _say_to_user(request, refuse, verb, target, folded, text, tags)


def _folded(request: Request, target: str) -> str:
    """Return the folded nickname that a target names. A service can be named with this server
    (RFC 2812 §2.3.1, `msgto`), as scripts do so that a password reaches nobody else.
    """
    name, at, host = target.rpartition("@")
    if at and host.lower() == request.world.server_info.name.lower():
        folded = fold_or_self(name)
        if folded in SERVICES:
            return folded
    return fold_or_self(target)


class _Refusal:
    """Sends an error, except for NOTICE, which must never be answered automatically (RFC 2812
    §3.3.2).
    """

    def __init__(self, request: Request, verb: str) -> None:
        self._reply = request.reply
        self._silent = verb == "NOTICE"

    def __call__(
        self, numeric: n.Numeric, *params: str, args: tuple[object, ...] | None = None
    ) -> None:
        if not self._silent:
            self._reply.numeric(numeric, *params, args=args)


def _say_to_channel(
    request: Request,
    refuse: _Refusal,
    verb: str,
    target: str,
    text: tuple[str, ...],
    tags: Mapping[str, str],
) -> None:
    user, session = request.user, request.session
    name = target.lstrip(PREFIXES)
    channel = request.world.channels.get(fold_or_self(name))
    if channel is None or not policy.can_see_channel(user, channel):
        refuse(n.ERR_NOSUCHCHANNEL, target)
        return
    why_not = policy.why_not_speak(user, channel, text[0] if text else "")
    if why_not:
        refuse(why_not, name)
        return
    recipients = channel.audience()
    shown = channel.name
    prefix = target[: len(target) - len(name)]
    is_for_some = bool(prefix) or (
        bool(channel.restraining) and policy.is_heard_by_operators_only(user, channel)
    )
    rank = ""
    if is_for_some:
        rank = _lowest_rank(channel, prefix, user)
        recipients = tuple(dict.fromkeys((*channel.ranked_audience(rank), *user.sessions)))
        if prefix:
            shown = max(prefix, key=PREFIXES.index) + channel.name  # that of the lowest rank
    skip = None if session.caps & cap.ECHO_MESSAGE else session
    lasts = request.world.storage and not is_for_some and is_worth_keeping(text, tags)
    event = _message(
        request,
        user,
        verb,
        (shown, *text),
        recipients,
        skip,
        tags,
        channel.history_targets if lasts else (),
    )
    if not fits(request, event) or (
        (channel.moderation is not None or request.world.moderation.restrains)
        and is_restrained(request, channel, verb, text, tags, may_hold=not is_for_some)
    ):
        return
    if request.world.push.users and is_pushed(text):
        accounts = request.world.push.notified_in(channel, user, event, text[0], rank)
        if accounts:
            event = event.replace(push_accounts=accounts)
    request.reply.emit(event)


def _lowest_rank(channel: Channel, prefix: str, sender: User) -> str:
    """Return the letter of the lowest rank whose members receive a message for some members only.

    Args:
        channel: the channel.
        prefix: prefixes of ranks (STATUSMSG): members of the lowest one and above receive it; "" if
            only the modes of the channel restrict it.
        sender: the sending user.
    """
    lowest = next(
        (rank.letter for rank in reversed(RANKS) if rank.prefix in prefix), RANKS[-1].letter
    )
    if (
        policy.is_heard_by_operators_only(sender, channel)
        and modes.HALF_OPERATOR in modes.AT_LEAST[lowest]
    ):
        return modes.HALF_OPERATOR
    return lowest


def _say_to_user(
    request: Request,
    refuse: _Refusal,
    verb: str,
    target: str,
    folded: str,
    text: tuple[str, ...],
    tags: Mapping[str, str],
) -> None:
    user, session = request.user, request.session
    other = request.world.users.get(folded)
    if other is None:
        refuse(n.ERR_NOSUCHNICK, target)
        return
    why_not = policy.why_not_write_to(user, other, text[0] if text else "")
    if why_not:
        refuse(why_not, other.nick)
        return
    if request.world.moderation.restrains and server_rules.restrains_in_private(
        request, other, verb, text[0] if text else "", tags
    ):
        return
    if modes.REGISTERED_ONLY in user.modes and not user.accepts(other):
        # The recipient may answer.
        apply(request.world, AcceptChanged(user.folded, other.folded, adding=True))
    lasts = request.world.storage and is_worth_keeping(text, tags)
    history_targets = conversations.history_targets(user, other) if lasts else ()
    event = _message(
        request, user, verb, (other.nick, *text), other.sessions, None, tags, history_targets
    )
    if not fits(request, event):
        return
    if request.world.push.users and is_pushed(text):
        event = event.replace(push_accounts=request.world.push.notified(other, user))
    request.reply.emit(event, is_answer=False)
    # A message to oneself has reached them already.
    echo_to = () if other is user else request.other_sessions()
    if session.caps & cap.ECHO_MESSAGE:
        echo_to = (session, *echo_to)
    if echo_to:
        request.reply.emit(event.replace(recipients=echo_to, history_targets=(), push_accounts=()))
    if other.away and verb == "PRIVMSG":
        request.reply.numeric(n.RPL_AWAY, other.nick, args=(other.away,))


def _say_to_service(
    request: Request,
    verb: str,
    target: str,
    folded: str,
    text: tuple[str, ...],
    tags: Mapping[str, str],
) -> None:
    """Let a service execute a command. A NOTICE and a TAGMSG are ignored, as they "must never" be
    answered (RFC 2812 §3.3.2).

    The command may contain a password: it is echoed only to the session that sent it, and is not
    stored.
    """
    world, user, session = request.world, request.user, request.session
    event = Event(
        world.ids.own(),
        verb,
        (target, *text),
        user.source,
        (session,),
        requires=cap.MESSAGE_TAGS if verb == "TAGMSG" else 0,
        account=user.account,
        client_tags=tags,
        carries_msgid=True,
        is_bot=BOT in user.modes,
        shift=world.ids.shift,
        server_tags=user.server_tags,
    )
    if not fits(request, event):
        return
    if session.caps & cap.ECHO_MESSAGE:
        request.reply.emit(event)
    if verb == "PRIVMSG":
        command = multiline.flatten(text[0])
        if folded in LOCAL_SERVICES:
            request.locally(partial(SERVICES[folded], request, command))
        else:
            SERVICES[folded](request, command)


def _message(
    request: Request,
    user: User,
    verb: str,
    params: tuple[str, ...],
    recipients: tuple[Session, ...],
    skip: Session | None,
    tags: Mapping[str, str],
    history_targets: tuple[HistoryTarget, ...],
) -> Event:
    ids = request.world.ids
    # Mostly by position, as this is done for every message: keywords alone would take twice as
    # long.
    return Event(
        ids.next(alone=bool(history_targets)),
        verb,
        params,
        user.source,
        recipients,
        skip,
        cap.MESSAGE_TAGS if verb == "TAGMSG" else 0,
        user.account,
        (),
        tags,
        True,
        history_targets,
        BOT in user.modes,
        shift=ids.shift,
        server_tags=user.server_tags,
        account_id=user.account_id,
    )

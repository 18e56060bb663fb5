"""The commands AT and REMIND of NickServ: messages that an account has sent later.

No specification of IRC has them, so that a service takes them, with times that do not depend on
where a client is: durations, and times of ISO 8601.
"""

from datetime import UTC, tzinfo

from trio_chat.chat import durations, policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    MessageScheduled,
    ScheduledMessageCancelled,
    ScheduledMessageMoved,
)
from trio_chat.chat.registry import Request
from trio_chat.chat.scheduled import (
    LONGEST,
    MOST,
    MOST_AT_ONCE,
    ScheduledMessage,
    as_sent,
    iso_time,
    parse_offset,
    parse_time,
    parse_zones,
    shown_time,
    zone_at,
)
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, body_size
from trio_chat.irc.names import fold_or_self, is_channel_name

_USAGE = "LIST | CANCEL <number> | MOVE <number> <time> | <time> <target> <text>"
_NO_TIME = "is no time such as 20m, 2h30m or 2030-01-31T09:00Z."


@NICKSERV.command(
    "AT",
    _USAGE,
    0,
    "sends a message later: after a time such as 2h30m, or at one such as 2030-01-31T09:00Z; shows"
    " the messages that wait, cancels one, or sends it at another time",
    most_words=3,
)
def _at(request: Request, words: list[str]) -> None:
    verb = words[0].upper() if words else "LIST"
    if not request.user.account_id:
        answer(request, LOG_IN_FIRST)
    elif verb == "LIST":
        _list(request, " ".join(words[1:]).split())
    elif verb == "CANCEL" and len(words) == 2:
        _cancel(request, words[1])
    elif verb == "MOVE" and len(words) == 3:
        _move(request, words[1], words[2])
    elif len(words) < 3 or verb == "CANCEL":
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['AT'].usage}")
    elif (place := _place(request, words[1], words[2])) is not None:
        target, number = place
        _schedule(request, words[0], target, number, words[2])


@NICKSERV.command(
    "REMIND",
    "<time> <text>",
    2,
    "reminds you: after a time such as 20m, or at one such as 2030-01-31T09:00Z",
    most_words=2,
)
def _remind(request: Request, words: list[str]) -> None:
    if not request.user.account_id:
        answer(request, LOG_IN_FIRST)
    else:
        _schedule(request, words[0], "", 0, words[1])


def _place(request: Request, target: str, text: str) -> tuple[str, int] | None:
    """Return the name and the number of where a message is to be sent, or reply why the user could
    not send it there now.
    """
    if is_channel_name(target):
        return _channel(request, target, text)
    world, folded = request.world, fold_or_self(target)
    user = world.users.get(folded)
    account = world.accounts.known.get(folded) if world.accounts is not None else None
    if user is not None and user.account_id:
        why_not = policy.why_not_write_to(request.user, user, as_sent(text))
        if why_not is None:
            return user.nick, user.account_id
        answer(request, f"Not scheduled: {why_not.text}.")
    elif account is not None and user is None:
        return account.name, account.id
    else:
        answer(request, f"{target} has no account, so somebody else may be {target} by then.")
    return None


def _channel(request: Request, target: str, text: str) -> tuple[str, int] | None:
    channel = request.world.channels.get(fold_or_self(target))
    if channel is None or not policy.can_see_channel(request.user, channel):
        answer(request, f"There is no channel {target}.")
        return None
    if why_not := policy.why_not_speak(request.user, channel, as_sent(text)):
        answer(request, f"Not scheduled: {why_not.text}.")
        return None
    return channel.name, channel.founded


def _schedule(request: Request, word: str, target: str, place: int, text: str) -> None:
    world, user = request.world, request.user
    moment = parse_time(word, world.wall_clock())
    due = int(moment.timestamp()) if moment is not None else 0
    if moment is None or not text.strip():
        answer(request, f"{word} {_NO_TIME}")
    elif why_not := _why_not(request, due, target, text):
        answer(request, why_not)
    elif not policy.refuses_to_store(request):
        message = _message(request, due, target, place, text)
        before = {one.id for one in world.scheduled.of(user.account_id)}
        apply(world, MessageScheduled(user.account_id, message))
        when = _shown(word, due, moment.tzinfo or UTC)
        request.once_settled(lambda: _confirm(request, message, before, when))


def _message(request: Request, due: int, target: str, place: int, text: str) -> ScheduledMessage:
    user, channel = request.user, request.world.channels.get(fold_or_self(target))
    is_outside = channel is not None and user not in channel.members
    return ScheduledMessage(
        0, 0, due, target, place, text, user.username, user.host, user.realname, is_outside
    )


def _why_not_at(request: Request, due: int, known: list[ScheduledMessage]) -> str:
    """Return why a message is not sent at a time, besides others; "" if it is."""
    now = request.world.wall_clock()
    if due <= now:
        return f"{shown_time(due)} is over; now it is {shown_time(int(now))}."
    if due > now + LONGEST:
        return "A message can wait for a year at most."
    if sum(one.due // 60 == due // 60 for one in known) >= MOST_AT_ONCE:
        return f"Only {MOST_AT_ONCE} messages can be sent within a minute."
    return ""


def _why_not(request: Request, due: int, target: str, text: str) -> str:
    """Return why a message is not scheduled; "" if it is."""
    user = request.user
    known = request.world.scheduled.of(user.account_id)
    if len(known) >= MOST:
        return f"You have {MOST} messages that wait, which is as many as one can have."
    if why_not := _why_not_at(request, due, known):
        return why_not
    if body_size("PRIVMSG", (target or user.nick, as_sent(text)), user.source) > MAX_BODY:
        return "The text is too long for one message."
    return ""


def _shown(word: str, due: int, zone: tzinfo) -> str:
    """Return when a message is sent, as a sentence has it: also in how long, if that was asked for,
    as nobody knows then where the client is.
    """
    seconds = durations.parse(word)
    return f"{shown_time(due, zone)}{f' (in {durations.show(seconds)})' if seconds else ''}"


def _confirm(request: Request, message: ScheduledMessage, before: set[int], when: str) -> None:
    new = [
        one
        for one in request.world.scheduled.of(request.user.account_id)
        if one.id not in before and message == one._replace(id=0, number=0)
    ]
    if not new:
        answer(request, "Not scheduled: other messages of yours were, and there is no more room.")
        return
    number = new[-1].number
    what = f"will be sent to {message.target}" if message.target else "is a reminder for you"
    cancel = f"/msg {NAME} AT CANCEL {number}"
    done = f"{number}. {what[0].upper()}{what[1:]} at {when}. {cancel} cancels it."
    answer(request, done + _condition(request, message))


def _condition(request: Request, message: ScheduledMessage) -> str:
    """Return under which condition a message is sent, if its owner could not come back to the
    channel.
    """
    user, channel = request.user, request.world.channels.get(fold_or_self(message.target))
    if channel is None or user.always_on or user not in channel.members:
        return ""
    why_not = policy.why_not_join(user, channel, "")
    is_shut = why_not in (n.ERR_INVITEONLYCHAN, n.ERR_BADCHANNELKEY)
    return f" Be in {channel.name} then, as one cannot simply join it." if is_shut else ""


def _list(request: Request, offsets: list[str]) -> None:
    known = request.world.scheduled.of(request.user.account_id)
    zones = parse_zones(offsets)
    for one in known:
        to = f"to {one.target}" if one.target else "reminder"
        answer(
            request, f"{one.number}. {iso_time(one.due, zone_at(zones, one.due))} {to}: {one.text}"
        )
    if offsets and parse_offset(offsets[0]) is None:
        answer(request, f"{offsets[0]} is no offset such as +02:00, so these times are of UTC.")
    answer(request, f"{len(known)} of at most {MOST} messages wait to be sent.")


def _find(request: Request, word: str) -> ScheduledMessage | None:
    """Return the message with a number, or reply that there is none."""
    for one in request.world.scheduled.of(request.user.account_id):
        if str(one.number) == word.lstrip("#"):
            return one
    answer(request, f"There is no message {word} that waits. /msg {NAME} AT shows them.")
    return None


def _cancel(request: Request, word: str) -> None:
    if (found := _find(request, word)) is not None:
        apply(request.world, ScheduledMessageCancelled(request.user.account_id, found.id))
        request.once_settled(lambda: answer(request, f"Message {found.number} is cancelled."))


def _move(request: Request, number: str, word: str) -> None:
    world, account = request.world, request.user.account_id
    moment = parse_time(word, world.wall_clock())
    if moment is None:
        answer(request, f"{word} {_NO_TIME}")
    elif (found := _find(request, number)) is not None:
        due = int(moment.timestamp())
        others = [one for one in world.scheduled.of(account) if one.id != found.id]
        if why_not := _why_not_at(request, due, others):
            answer(request, why_not)
        elif not policy.refuses_to_store(request):
            apply(world, ScheduledMessageMoved(account, found.id, due))
            when = _shown(word, due, moment.tzinfo or UTC)
            request.once_settled(lambda: _confirm_moved(request, found, due, when))


def _confirm_moved(request: Request, message: ScheduledMessage, due: int, when: str) -> None:
    now = request.world.scheduled.get(request.user.account_id, message.id)
    if now is None or now.due != due:
        answer(request, f"Message {message.number} does not wait any longer.")
    else:
        answer(request, f"Message {message.number} will be sent at {when}.")

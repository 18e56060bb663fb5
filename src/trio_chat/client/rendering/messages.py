"""Lines for messages, and for reactions to them, their deletion, and their failure to arrive."""

from dataclasses import replace
from datetime import datetime
from textwrap import shorten

from trio_chat.client import reasons
from trio_chat.client.authenticator import code_rows
from trio_chat.client.polls import ShownPoll
from trio_chat.client.rendering.registry import RenderContext, error_line, info_line, renders
from trio_chat.client.session import events
from trio_chat.client.session.events import MessageKind
from trio_chat.client.spans import Line, StyledText, info, nick_style
from trio_chat.i18n import _
from trio_chat.irc.polls import MARK, Poll, read_poll
from trio_chat.irc.text import clean

_EXCERPT = 40
_LONGEST_REACTION = 30


@renders(events.Said)
def _said(context: RenderContext, event: events.Said) -> list[Line]:
    poll = read_poll(event.text) if event.kind is not MessageKind.ACTION else None
    first, *more = _poll_lines(poll) if poll else event.text.split("\n")
    rest = replace(event, reply_to="")  # the first line names the message that it answers
    lines = [_line(context, event, first), *(_line(context, rest, text) for text in more)]
    if context.draws_codes:
        lines += [info(row) for row in code_rows(event)]
    is_asked = poll and event.msgid and not event.own and not event.played_back
    if poll and is_asked and (event.private or context.is_current(event.target)):
        text = (
            _("Choose by {vote} and numbers; {vote} shows the counts.")
            if poll.takes_several
            else _("Choose by {vote} and a number; {vote} shows the counts.")
        )
        lines += info_line(text, vote=f"/vote @{event.sender}" if event.private else "/vote")
    return lines


def _poll_lines(poll: Poll) -> list[str]:
    """Return the question and the options with their numbers, as /vote takes them."""
    options = (f"{number}. {option}" for number, option in enumerate(poll.options, 1))
    return [f"{MARK} {poll.question}", *options]


def _line(context: RenderContext, event: events.Said, text: str) -> Line:
    sender, text = clean(event.sender), clean(text)
    parts = (_where(context, event), _when(context, event), _answered(context, event))
    where = " ".join(filter(None, parts))
    place = f" {where}" if where else ""
    if event.kind is MessageKind.ACTION:
        place = f" ({where})" if where else ""
        return (StyledText("* "), _nick(sender, sender), StyledText(f"{place} {text}"))
    if event.kind is MessageKind.NOTICE:
        return (
            StyledText("[NOTICE "),
            _nick(sender, f'"{sender}"'),
            StyledText(f"{place}]: {text}"),
        )
    if event.own:
        return (StyledText(f"[YOU{place}]", "own"), StyledText(f": {text}"))
    return (StyledText("["), _nick(sender, f'"{sender}"'), StyledText(f"{place}]: {text}"))


def _nick(nick: str, text: str) -> StyledText:
    return StyledText(text, nick_style(nick))


def _where(context: RenderContext, event: events.Said) -> str:
    if event.private:
        return _("→ you")
    if context.is_current(event.target):
        return ""
    target = clean(event.target)
    return f"→ {target}" if event.own or target[:1] not in "#&@+" else target


def _when(context: RenderContext, event: events.Said) -> str:
    if not event.played_back:
        return ""
    try:
        when = datetime.fromisoformat(event.played_back).astimezone()
    except (ValueError, OverflowError, OSError):  # no time, or one that this system cannot show
        return "?"
    return when.strftime("%H:%M" if when.date() == context.now().date() else "%Y-%m-%d %H:%M")


def _answered(context: RenderContext, event: events.Said) -> str:
    if not event.reply_to:
        return ""
    said = context.find(event.reply_to)
    if said is None:
        return _("in answer to an earlier message")
    text = _("in answer to you: “{text}”") if said.own else _("in answer to {nick}: “{text}”")
    return text.format(nick=clean(said.sender), text=_excerpt(said.text))


@renders(events.MessageRefused)
def _refused(_context: RenderContext, event: events.MessageRefused) -> list[Line]:
    text = _("Not delivered to {target}: {reason}: {text}")
    reason = reasons.message_refused(clean(event.target), event.code, event.reason)
    return error_line(text, target=event.target, reason=reason, text=event.text)


@renders(events.MessageUnconfirmed)
def _unconfirmed(context: RenderContext, event: events.MessageUnconfirmed) -> list[Line]:
    text = event.text if context.is_current(event.target) else f"({event.target}) {event.text}"
    return error_line(_("Not confirmed by the server, may not have arrived: {text}"), text=text)


@renders(events.DeliveryUnknown)
def _unknown(_context: RenderContext, event: events.DeliveryUnknown) -> list[Line]:
    text = _(
        "Not confirmed yet; when the connection is back, the history tells whether it arrived:"
        " {text}"
    )
    return info_line(text, text=event.text)


# About a message


@renders(events.Reacted)
def _reacted(context: RenderContext, event: events.Reacted) -> list[Line]:
    if event.is_played_back:
        return []
    shown = context.find_poll(event.msgid)
    if shown and shown.poll.number(event.reaction) is not None:
        return _voted(context, event, shown)
    said = context.find(event.msgid)
    if event.own:
        text = (
            _("You have taken {reaction} back from {message}.")
            if event.is_taken_back
            else _("You react with {reaction} to {message}.")
        )
    else:
        text = (
            _("{nick} has taken {reaction} back from {message}.")
            if event.is_taken_back
            else _("{nick} reacts with {reaction} to {message}.")
        )
    return info_line(
        text,
        nick=event.sender,
        reaction=clean(event.reaction)[:_LONGEST_REACTION],
        message=about(context, said, event.conversation, event.sender),
    )


def _voted(context: RenderContext, event: events.Reacted, shown: ShownPoll) -> list[Line]:
    """Return a line with the counts after a vote; none for a reaction that changes no count, such
    as that of a vote which a later one has replaced.
    """
    after = shown.after(event)
    chosen = after.chosen_by(event.sender)
    if shown.result is not None or chosen == shown.chosen_by(event.sender):
        return []
    text = (
        (_("You vote for “{options}”.") if event.own else _("{nick} votes for “{options}”."))
        if chosen
        else (_("You take your vote back.") if event.own else _("{nick} takes the vote back."))
    )
    options = "”, “".join(clean(shown.poll.options[number]) for number in chosen)
    summary = after.summary()
    if not context.is_current(event.conversation):
        summary = _("{message} in {talk}").format(message=summary, talk=clean(event.conversation))
    return info_line(f"{text} {{summary}}", nick=event.sender, options=options, summary=summary)


@renders(events.Redacted)
def _redacted(context: RenderContext, event: events.Redacted) -> list[Line]:
    said = context.find(event.msgid)
    is_by_us = said is not None and said.own and said.sender == event.by
    text = _("You have deleted {message}.") if is_by_us else _("{nick} has deleted {message}.")
    message = about(context, said, event.target, event.by)
    return info_line(text, event.reason, nick=event.by, message=message)


def about(context: RenderContext, said: events.Said | None, conversation: str, by: str) -> str:
    """Return the name of a message in the middle of a sentence about what somebody did with it.

    Args:
        context: its surroundings.
        said: the message; None when it was not shown.
        conversation: where it was said.
        by: who did something with it.
    """
    is_here = context.is_current(conversation)
    if said is None:
        if is_here:
            return _("an earlier message")
        return _("an earlier message in {talk}").format(talk=clean(conversation))
    text = _("the message of {nick} “{text}”")
    if said.own:
        text = _("your message “{text}”")
    elif said.sender == by:
        text = _("the message “{text}”")
    about = text.format(nick=clean(said.sender), text=_excerpt(said.text))
    if is_here:
        return about
    return _("{message} in {talk}").format(message=about, talk=clean(conversation))


def _excerpt(text: str) -> str:
    """Return the beginning of a message, on one line, cut between words where it has some."""
    words = " ".join(clean(text.replace("\n", " ")).split())
    line = shorten(words, _EXCERPT, placeholder=" …")
    return f"{words[: _EXCERPT - 1]}…" if line == "…" else line

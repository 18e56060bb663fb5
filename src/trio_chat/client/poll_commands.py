"""Commands for polls: /poll asks, /vote answers."""

import re
from collections.abc import Sequence
from functools import partial

from trio_chat.client.polls import ShownPoll, explain, votes_text
from trio_chat.client.registry import COMMANDS, Actions, command
from trio_chat.client.session.events import MessageRefused
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.i18n import N_, _
from trio_chat.irc import tag_names
from trio_chat.irc.message import NO_TAGS
from trio_chat.irc.polls import Poll, PollError, Vote, typed_poll
from trio_chat.irc.text import clean

_MOST_DIGITS = 4
_TO_PERSON = re.compile(r"@([^\s@#&,:;.!?\"]+)\s+(.*)", re.DOTALL)
"""A nickname before a poll. A question may begin with a name, too, which has a sign behind it."""


@command(
    N_('[@nickname] [-m] "question" option | option …, or close'),
    N_(
        "asks a question that others answer by /vote; @nickname: in private; -m: several answers;"
        " close: ends your poll"
    ),
    1,
    1,
)
async def _poll(client: Actions, words: list[str]) -> None:
    named = _TO_PERSON.fullmatch(words[0])
    person, text = named.groups() if named else ("", words[0])
    target = person or client.current
    if not target:
        await client.tell(_("You are not in a channel."), error=True)
        await client.tell(_("To ask one person: /poll @nickname question? option | option"))
    elif text.lower() == "close":
        await _close(client, person)
    else:
        try:
            poll = typed_poll(text)
        except PollError as error:
            await client.tell(explain(error), error=True)
            await client.tell(
                _("Usage: {usage}").format(usage=COMMANDS["poll"].synopsis()), error=True
            )
            return
        await client.do(f"/poll {words[0]}", partial(_post, target=target, poll=poll))


async def _close(client: Actions, person: str) -> None:
    # Of another nickname, no client would take the result for that of the author.
    mine = [
        shown
        for shown in client.polls(person)
        if shown.own
        and shown.author == shown.me
        and (not person or shown.conversation.lower() == person.lower())
    ]
    shown = next((each for each in mine if each.result is None), None)
    if shown is None:
        text = _("Your poll is closed.") if mine else _("There is no poll of yours here.")
        await client.tell(text, error=True)
        return
    await client.do("/poll close", partial(_post_result, shown=shown))


@command(
    N_("[@nickname] [number …]"),
    N_("chooses an option of the last poll; again: takes that back; alone: shows the counts"),
    0,
    1,
)
async def _vote(client: Actions, words: list[str]) -> None:
    author, numbers = _read_vote(words[0] if words else "")
    polls = list(client.polls(author))
    if author:  # or else those that the user has asked that person
        by_author = [each for each in polls if each.author.lower() == author]
        polls = by_author or [each for each in polls if each.conversation.lower() == author]
    # Without a name it is the last one even if that is closed: the user means what is to be seen.
    is_open = [each for each in polls if each.result is None or not author]
    shown = next(iter(is_open or polls), None)
    if shown is None:
        await client.tell(_("There is no poll here."), error=True)
    elif numbers is None:
        usage = COMMANDS["vote"].synopsis()
        await client.tell(_("Usage: {usage}").format(usage=usage), error=True)
    elif not numbers:
        await client.tell(_standing(shown))
    else:
        await vote(client, shown, numbers)


def _read_vote(text: str) -> tuple[str, Sequence[int] | None]:
    """Return the author of a poll that is named, "" for none, and the numbers of options."""
    words = text.replace(",", " ").split()
    author = words.pop(0)[1:].lower() if words and words[0].startswith("@") else ""
    if not all(word.isdecimal() and len(word) <= _MOST_DIGITS for word in words):
        return author, None
    return author, [int(word) for word in words]


def _standing(shown: ShownPoll) -> str:
    chosen = ", ".join(clean(shown.poll.options[number]) for number in shown.chosen)
    parts = (
        shown.summary(),
        _("closed") if shown.result is not None else votes_text(shown.voters),
        _("you: {options}").format(options=chosen) if chosen else "",
    )
    return "; ".join(filter(None, parts))


async def vote(client: Actions, shown: ShownPoll, numbers: Sequence[int]) -> None:
    """Choose options of a poll by their numbers, from 1, or take that back."""
    count = len(shown.poll.options)
    if shown.result is not None:
        await client.tell(_("This poll is closed: {poll}").format(poll=shown.summary()), error=True)
    elif not all(1 <= number <= count for number in numbers):
        text = _("This poll has the options 1 to {count}.").format(count=count)
        await client.tell(text, error=True)
    elif len(numbers) > 1 and not shown.poll.takes_several:
        await client.tell(_("In this poll you choose one option."), error=True)
    else:
        for number in dict.fromkeys(numbers):
            cast = shown.poll.vote(shown.mine, number - 1)
            await client.do(f"/vote {number}", partial(_react, shown=shown, cast=cast))


def _react(protocol: ClientProtocol, *, shown: ShownPoll, cast: Vote) -> None:
    """Give the vote, and then take the earlier one back, which changes no count any longer."""
    if _refuses(protocol, shown.conversation, shown.poll.question):
        return
    if cast.given:
        protocol.react(shown.conversation, shown.msgid, cast.given)
    for sign in cast.taken_back:
        protocol.react(shown.conversation, shown.msgid, sign, take_back=True)


def _post(protocol: ClientProtocol, *, target: str, poll: Poll) -> None:
    if not _refuses(protocol, target, poll.question):
        _say(protocol, target, poll.text(protocol.messages.room(target)))


def _post_result(protocol: ClientProtocol, *, shown: ShownPoll) -> None:
    if _refuses(protocol, shown.conversation, shown.poll.question):
        return
    room = protocol.messages.room(shown.conversation)
    _say(protocol, shown.conversation, shown.poll.result(shown.counts, room), shown.msgid)


def _say(protocol: ClientProtocol, target: str, text: str, reply_to: str = "") -> None:
    """Send a text as one message, or report that it does not fit into one."""
    lines = text.split("\n")
    tags = {tag_names.DRAFT_REPLY: reply_to} if reply_to else NO_TAGS
    if len(lines) == 1:
        protocol.messages.say(target, text, tags=tags)
    elif protocol.messages.fits_together(target, lines):
        protocol.messages.say_together(target, lines, tags)
    else:
        reason = _("the poll is too long for one message of this server; make it shorter")
        protocol.emit(MessageRefused(target, lines[0], "", reason))


def _refuses(protocol: ClientProtocol, target: str, question: str) -> bool:
    if protocol.negotiation.tags:
        return False
    reason = _("this server passes no reactions on, so nobody can vote")
    protocol.emit(MessageRefused(target, question, "", reason))
    return True

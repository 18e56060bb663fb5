"""Events to lines of text: the one place where what others sent becomes something a terminal gets
to see.

Everything that comes from outside goes through `clean`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any

from trio_chat.client import reasons, whois
from trio_chat.client.listing import MOST_LINES, Listing
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, MessageKind
from trio_chat.client.spans import Line, StyledText, error, info, nick_style
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

MOST_NAMES = 50
"""Nicknames shown of one channel; the rest is a number."""
_EXCERPT = 40
_LONGEST_REACTION = 30


def _nick(nick: str, text: str) -> StyledText:
    return StyledText(text, nick_style(nick))


def local_time() -> datetime:
    """Return the time here and now."""
    return datetime.now(UTC).astimezone()


class Renderer:
    """Turns events into lines.

    Args:
        is_current: tells whether a target is the channel that the user talks in.
        now: the local time; what was said on another day is shown with its date.
        find: returns the message with a msgid, if it was shown.
    """

    def __init__(
        self,
        is_current: Callable[[str], bool],
        now: Callable[[], datetime] = local_time,
        find: Callable[[str], events.Said | None] = lambda _msgid: None,
    ) -> None:
        self._is_current = is_current
        self._now = now
        self._find = find
        self._listing = Listing(MOST_LINES)

    def lines(self, event: Event) -> list[Line]:
        """Return the lines that show an event; none when it is not worth one."""
        method = _METHODS.get(type(event))
        return method(self, event) if method else []

    # Talk

    def _said(self, event: events.Said) -> list[Line]:
        first, *more = event.text.split("\n")
        rest = replace(event, reply_to="")  # what it answers is said once
        return [self._said_line(event, first), *(self._said_line(rest, text) for text in more)]

    def _said_line(self, event: events.Said, text: str) -> Line:
        sender, text = clean(event.sender), clean(text)
        where = " ".join(
            filter(None, (self._where(event), self._when(event), self._answered(event)))
        )
        spans: Line
        if event.kind is MessageKind.ACTION:
            spans = (
                StyledText("* "),
                _nick(sender, sender),
                StyledText(f"{f' ({where})' if where else ''} {text}"),
            )
        elif event.kind is MessageKind.NOTICE:
            spans = (
                StyledText("[NOTICE "),
                _nick(sender, f'"{sender}"'),
                StyledText(f"{f' {where}' if where else ''}]: {text}"),
            )
        elif event.own:
            spans = (
                StyledText(f"[YOU {where}]" if where else "[YOU]", "own"),
                StyledText(f": {text}"),
            )
        else:
            spans = (
                StyledText("["),
                _nick(sender, f'"{sender}"'),
                StyledText(f"{f' {where}' if where else ''}]: {text}"),
            )
        return spans

    def _where(self, event: events.Said) -> str:
        if event.private:
            return _("→ you")
        if self._is_current(event.target):
            return ""
        target = clean(event.target)
        return f"→ {target}" if event.own or target[:1] not in "#&@+" else target

    def _answered(self, event: events.Said) -> str:
        if not event.reply_to:
            return ""
        said = self._find(event.reply_to)
        if said is None:
            return _("in answer to an earlier message")
        text = _("in answer to you: “{text}”") if said.own else _("in answer to {nick}: “{text}”")
        return text.format(nick=clean(said.sender), text=_excerpt(said.text))

    def _when(self, event: events.Said) -> str:
        if not event.played_back:
            return ""
        try:
            when = datetime.fromisoformat(event.played_back).astimezone()
        except (ValueError, OverflowError, OSError):  # no time, or one that this system cannot show
            return "?"
        return when.strftime("%H:%M" if when.date() == self._now().date() else "%Y-%m-%d %H:%M")

    def _refused(self, event: events.MessageRefused) -> list[Line]:
        target = clean(event.target)
        reason = clean(reasons.message_refused(target, event.code, event.reason))
        text = _("Not delivered to {target}: {reason}: {text}")
        return [error(text.format(target=target, reason=reason, text=clean(event.text)))]

    def _unconfirmed(self, event: events.MessageUnconfirmed) -> list[Line]:
        text = clean(event.text)
        if not self._is_current(event.target):
            text = f"({clean(event.target)}) {text}"
        return [
            error(_("Not confirmed by the server, may not have arrived: {text}").format(text=text))
        ]

    def _unsure(self, event: events.DeliveryUnknown) -> list[Line]:
        text = _(
            "Not confirmed yet; when the connection is back, the history tells whether it arrived:"
            " {text}"
        )
        return [info(text.format(text=clean(event.text)))]

    def _reacted(self, event: events.Reacted) -> list[Line]:
        said = self._find(event.msgid)
        about = self._about(said, event.conversation, event.sender)
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
        return [
            info(
                text.format(
                    nick=clean(event.sender),
                    reaction=clean(event.reaction)[:_LONGEST_REACTION],
                    message=about,
                )
            )
        ]

    def _redacted(self, event: events.Redacted) -> list[Line]:
        said = self._find(event.msgid)
        is_by_us = said is not None and said.own and said.sender == event.by
        text = _("You have deleted {message}.") if is_by_us else _("{nick} has deleted {message}.")
        return [
            info(
                _because(
                    text.format(
                        nick=clean(event.by), message=self._about(said, event.target, event.by)
                    ),
                    event.reason,
                )
            )
        ]

    def _about(self, said: events.Said | None, talk: str, by: str) -> str:
        """Name a message in the middle of a sentence about what somebody did with it."""
        if said is None:
            return (
                _("an earlier message")
                if self._is_current(talk)
                else _("an earlier message in {talk}").format(talk=clean(talk))
            )
        text = _("the message of {nick} “{text}”")
        if said.own:
            text = _("your message “{text}”")
        elif said.sender == by:
            text = _("the message “{text}”")
        about = text.format(nick=clean(said.sender), text=_excerpt(said.text))
        return (
            about
            if self._is_current(talk)
            else _("{message} in {talk}").format(message=about, talk=clean(talk))
        )

    # What was said before

    def _history_end(self, event: events.HistoryEnd) -> list[Line]:
        return [
            info(
                _("This was said in {channel} before you joined. Now:").format(
                    channel=clean(event.channel)
                )
            )
        ]

    def _new_since(self, event: events.UnreadStart) -> list[Line]:
        return [info(_("New since your last visit:"))]

    def _missed_more(self, event: events.HistoryGap) -> list[Line]:
        text = ngettext(
            "More was said in {channel} than can be shown; this is the last {count} message."
            " /history shows what was before.",
            "More was said in {channel} than can be shown; these are the last {count} messages."
            " /history shows what was before.",
            event.count,
        )
        return [info(text.format(channel=clean(event.channel), count=event.count))]

    def _earlier(self, event: events.EarlierMessages) -> list[Line]:
        channel = clean(event.channel)
        if not event.count:
            return [info(_("Nothing earlier is known of {channel}.").format(channel=channel))]
        text = ngettext(
            "{count} earlier message in {channel}:",
            "{count} earlier messages in {channel}:",
            event.count,
        )
        return [info(text.format(count=event.count, channel=channel))]

    def _found(self, event: events.SearchResults) -> list[Line]:
        words = clean(event.text)
        if not event.count:
            return [info(_("Nothing was found: {words}").format(words=words))]
        text = ngettext(
            "{count} message was found: {words}",
            "{count} messages were found: {words}",
            event.count,
        )
        return [info(text.format(count=event.count, words=words))]

    def _history_refused(self, event: events.HistoryRefused) -> list[Line]:
        return [error(_because(_("The server does not show what was said before."), event.reason))]

    def _search_unknown(self, event: events.SearchUnknown) -> list[Line]:
        return [error(_("This server cannot search what was said."))]

    # Accounts

    def _logged_in(self, event: events.LoggedIn) -> list[Line]:
        return [info(_("You are logged in as {account}.").format(account=clean(event.account)))]

    def _logged_out(self, event: events.LoggedOut) -> list[Line]:
        return [info(_("You are not logged in any more."))]

    def _registered(self, event: events.Registered) -> list[Line]:
        return [
            info(
                _("The account {account} is yours now, and you are logged in to it.").format(
                    account=clean(event.account)
                )
            )
        ]

    def _must_verify(self, event: events.MustVerify) -> list[Line]:
        text = _(
            "The account {account} is not ready yet: {text}. When you have the code: /verify"
            " {account} code"
        )
        return [info(text.format(account=clean(event.account), text=clean(event.text).rstrip(".")))]

    def _account_refused(self, event: events.AccountRefused) -> list[Line]:
        return [error(clean(reasons.account_refused(event.account, event.code, event.reason)))]

    # Who is where

    def _connected(self, event: events.Connected) -> list[Line]:
        return [info(_("Connected as {nick}.").format(nick=clean(event.nick)))]

    def _joined(self, event: events.Joined) -> list[Line]:
        text = _("You have joined {channel}.") if event.own else _("{nick} has joined {channel}.")
        return [info(text.format(nick=clean(event.nick), channel=clean(event.channel)))]

    def _join_refused(self, event: events.JoinRefused) -> list[Line]:
        return [error(clean(reasons.join_refused(event.channel, event.code, event.reason)))]

    def _parted(self, event: events.Parted) -> list[Line]:
        text = _("You have left {channel}.") if event.own else _("{nick} has left {channel}.")
        line = text.format(nick=clean(event.nick), channel=clean(event.channel))
        return [info(_because(line, "" if event.own else event.reason))]

    def _kicked(self, event: events.Kicked) -> list[Line]:
        text = (
            _("You were removed from {channel} by {by}. To come back: /join {channel}")
            if event.own
            else _("{nick} was removed from {channel} by {by}.")
        )
        line = text.format(nick=clean(event.nick), channel=clean(event.channel), by=clean(event.by))
        return [info(_because(line, event.reason))]

    def _quit(self, event: events.Quit) -> list[Line]:
        return [
            info(
                _because(
                    _("{nick} has left the server.").format(nick=clean(event.nick)), event.reason
                )
            )
        ]

    def _renamed(self, event: events.Renamed) -> list[Line]:
        text = _("You are now {new}.") if event.own else _("{old} is now {new}.")
        return [info(text.format(old=clean(event.old), new=clean(event.new)))]

    def _nick_refused(self, event: events.NickRefused) -> list[Line]:
        return [error(clean(reasons.nick_refused(event.nick, event.code, event.reason)))]

    def _names(self, event: events.Names) -> list[Line]:
        count = len(event.nicks)
        if not count:
            return [
                info(
                    _("Nobody is in {channel}, or it does not show who is.").format(
                        channel=clean(event.channel)
                    )
                )
            ]
        shown = ", ".join(sorted(map(clean, event.nicks), key=str.casefold)[:MOST_NAMES])
        if count > MOST_NAMES:
            more = count - MOST_NAMES
            shown += " " + ngettext("and {count} more", "and {count} more", more).format(count=more)
        text = ngettext(
            "{count} person in {channel}: {names}", "{count} people in {channel}: {names}", count
        )
        return [info(text.format(count=count, channel=clean(event.channel), names=shown))]

    # What a channel is

    def _topic_is(self, event: events.TopicIs) -> list[Line]:
        text = (
            _("The topic of {channel} is: {topic}") if event.topic else _("{channel} has no topic.")
        )
        return [info(text.format(channel=clean(event.channel), topic=clean(event.topic)))]

    def _topic_changed(self, event: events.TopicChanged) -> list[Line]:
        text = (
            _("{by} has changed the topic of {channel} to: {topic}")
            if event.topic
            else _("{by} has removed the topic of {channel}.")
        )
        return [
            info(
                text.format(
                    by=clean(event.by), channel=clean(event.channel), topic=clean(event.topic)
                )
            )
        ]

    def _mode_changed(self, event: events.ModeChanged) -> list[Line]:
        if event.own:
            return []
        text = _("{by} has set modes of {target}: {modes}")
        return [
            info(
                text.format(
                    by=clean(event.by), target=clean(event.target), modes=clean(event.modes)
                )
            )
        ]

    def _list_entry(self, event: events.ListedChannel) -> list[Line]:
        self._listing.add(
            event.channel, event.users, event.topic
        )  # shown in order, when all have come
        return []

    def _list_end(self, event: events.ListEnd) -> list[Line]:
        listing, self._listing = self._listing, Listing(MOST_LINES)
        listing.end()
        lines = []
        for channel in listing.matching():
            topic = f" — {clean(channel.topic)}".rstrip() if channel.topic else ""
            lines.append(info(f"{clean(channel.name)} ({channel.users}){topic}"))
        text = ngettext("{count} channel.", "{count} channels.", event.count).format(
            count=event.count
        )
        if listing.is_cut:
            text += " " + _(
                "These are the {most} largest; /list *word* shows those with a word in their names."
            ).format(most=MOST_LINES)
        return [*lines, info(text)]

    def _invited(self, event: events.Invited) -> list[Line]:
        text = (
            _("{by} invites you to {channel}. To go there: /join {channel}")
            if event.own
            else _("{by} has invited {nick} to {channel}.")
        )
        return [
            info(
                text.format(
                    by=clean(event.by), nick=clean(event.nick), channel=clean(event.channel)
                )
            )
        ]

    def _whois(self, event: events.Whois) -> list[Line]:
        return [info(whois.sentence(event))]

    def _own_away(self, event: events.AwayChanged) -> list[Line]:
        # Of others the full screen shows it where their names are; here every change would be a
        # line.
        if not event.own:
            return []
        return [
            info(
                _("The others see that you are away.")
                if event.is_away
                else _("The others see that you are back.")
            )
        ]

    def _away(self, event: events.Away) -> list[Line]:
        return [
            info(_("{nick} is away: {text}").format(nick=clean(event.nick), text=clean(event.text)))
        ]

    # The server and the connection

    def _server_info(self, event: events.ServerInfo) -> list[Line]:
        return [info(clean(event.text))]

    def _server_error(self, event: events.ServerError) -> list[Line]:
        return [error(clean(reasons.other_error(event.code, event.about, event.text)))]

    def _shut_down(self, event: events.ServerShutDown) -> list[Line]:
        return [info(_("The server has shut down"))]

    def _lost(self, event: events.Lost) -> list[Line]:
        reason = (
            _("the server has not answered") if event.reason == "timeout" else clean(event.reason)
        )
        return [error(_because(_("The connection to the server is lost."), reason))]

    def _waiting(self, event: events.Waiting) -> list[Line]:
        seconds = max(round(event.seconds), 1)
        text = ngettext(
            "Connecting again in {count} second …", "Connecting again in {count} seconds …", seconds
        )
        return [info(_because(text.format(count=seconds), event.reason))]

    def _note(self, event: events.Note) -> list[Line]:
        return [error(event.text) if event.error else info(event.text)]


def _excerpt(text: str) -> str:
    """Return the beginning of a message, on one line, cut between words."""
    return (
        shorten(clean(text.replace("\n", " ")), _EXCERPT, placeholder=" …")
        or clean(text)[:_EXCERPT]
    )


def _because(text: str, reason: str) -> str:
    return f"{text} ({clean(reason)})" if reason else text


_METHODS: dict[type, Callable[[Renderer, Any], list[Line]]] = {
    events.Said: Renderer._said,
    events.Reacted: Renderer._reacted,
    events.Redacted: Renderer._redacted,
    events.MessageRefused: Renderer._refused,
    events.MessageUnconfirmed: Renderer._unconfirmed,
    events.DeliveryUnknown: Renderer._unsure,
    events.HistoryEnd: Renderer._history_end,
    events.UnreadStart: Renderer._new_since,
    events.HistoryGap: Renderer._missed_more,
    events.EarlierMessages: Renderer._earlier,
    events.SearchResults: Renderer._found,
    events.HistoryRefused: Renderer._history_refused,
    events.SearchUnknown: Renderer._search_unknown,
    events.LoggedIn: Renderer._logged_in,
    events.LoggedOut: Renderer._logged_out,
    events.Registered: Renderer._registered,
    events.MustVerify: Renderer._must_verify,
    events.AccountRefused: Renderer._account_refused,
    events.Connected: Renderer._connected,
    events.Joined: Renderer._joined,
    events.JoinRefused: Renderer._join_refused,
    events.Parted: Renderer._parted,
    events.Kicked: Renderer._kicked,
    events.Quit: Renderer._quit,
    events.Renamed: Renderer._renamed,
    events.NickRefused: Renderer._nick_refused,
    events.Names: Renderer._names,
    events.TopicIs: Renderer._topic_is,
    events.TopicChanged: Renderer._topic_changed,
    events.ModeChanged: Renderer._mode_changed,
    events.ListedChannel: Renderer._list_entry,
    events.ListEnd: Renderer._list_end,
    events.Invited: Renderer._invited,
    events.Away: Renderer._away,
    events.AwayChanged: Renderer._own_away,
    events.Whois: Renderer._whois,
    events.ServerInfo: Renderer._server_info,
    events.ServerError: Renderer._server_error,
    events.ServerShutDown: Renderer._shut_down,
    events.Lost: Renderer._lost,
    events.Waiting: Renderer._waiting,
    events.Note: Renderer._note,
}

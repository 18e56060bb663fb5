"""Lines about channels and the users in them."""

from datetime import UTC, datetime

from trio_chat.client import reasons, whois
from trio_chat.client.listing import MOST_LINES, Listing
from trio_chat.client.qr import qr_lines
from trio_chat.client.rendering.registry import RenderContext, info_line, renders
from trio_chat.client.session import events
from trio_chat.client.spans import Line, error, info
from trio_chat.i18n import N_, _, ngettext
from trio_chat.irc.text import clean

MOST_NAMES = 50
"""Nicknames of one channel that are shown; the others are counted."""


# Members


@renders(events.UserJoined)
def _joined(_context: RenderContext, event: events.UserJoined) -> list[Line]:
    text = _("You have joined {channel}.") if event.own else _("{nick} has joined {channel}.")
    return info_line(text, nick=event.nick, channel=event.channel)


@renders(events.JoinRefused)
def _join_refused(_context: RenderContext, event: events.JoinRefused) -> list[Line]:
    reason = reasons.join_refused(event.channel, event.code, event.reason, had_key=event.had_key)
    return [error(clean(reason))]


@renders(events.UserParted)
def _parted(_context: RenderContext, event: events.UserParted) -> list[Line]:
    text = _("You have left {channel}.") if event.own else _("{nick} has left {channel}.")
    reason = "" if event.own else event.reason
    return info_line(text, reason, nick=event.nick, channel=event.channel)


@renders(events.UserKicked)
def _kicked(_context: RenderContext, event: events.UserKicked) -> list[Line]:
    text = (
        _("You were removed from {channel} by {by}. To come back: /join {channel}")
        if event.own
        else _("{nick} was removed from {channel} by {by}.")
    )
    return info_line(text, event.reason, nick=event.nick, channel=event.channel, by=event.by)


@renders(events.UserQuit)
def _quit(_context: RenderContext, event: events.UserQuit) -> list[Line]:
    return info_line(_("{nick} has left the server."), event.reason, nick=event.nick)


@renders(events.UserRenamed)
def _renamed(_context: RenderContext, event: events.UserRenamed) -> list[Line]:
    text = _("You are now {new}.") if event.own else _("{old} is now {new}.")
    return info_line(text, old=event.old, new=event.new)


@renders(events.ChannelRenamed)
def _channel_renamed(_context: RenderContext, event: events.ChannelRenamed) -> list[Line]:
    text = _("{by} has renamed {old} to {new}.") if event.by else _("{old} is called {new} now.")
    return info_line(text, event.reason, by=event.by, old=event.old, new=event.new)


@renders(events.NickRefused)
def _nick_refused(_context: RenderContext, event: events.NickRefused) -> list[Line]:
    reason = reasons.nick_refused(event.nick, event.code, event.reason)
    return [error(clean(reason))]


@renders(events.Names)
def _names(_context: RenderContext, event: events.Names) -> list[Line]:
    count = len(event.nicks)
    if not count:
        text = _("Nobody is in {channel}, or it does not show who is.")
        return info_line(text, channel=event.channel)
    shown = ", ".join(sorted(map(clean, event.nicks), key=str.casefold)[:MOST_NAMES])
    if count > MOST_NAMES:
        more = count - MOST_NAMES
        shown += " " + ngettext("and {count} more", "and {count} more", more).format(count=more)
    text = ngettext(
        "{count} person in {channel}: {names}", "{count} people in {channel}: {names}", count
    )
    return info_line(text, count=count, channel=event.channel, names=shown)


@renders(events.ChannelInvitation)
def _invited(_context: RenderContext, event: events.ChannelInvitation) -> list[Line]:
    text = (
        _("{by} invites you to {channel}. To go there: /join {channel}")
        if event.own
        else _("{by} has invited {nick} to {channel}.")
    )
    return info_line(text, by=event.by, nick=event.nick, channel=event.channel)


@renders(events.InvitationLink)
def _invitation_link(_context: RenderContext, event: events.InvitationLink) -> list[Line]:
    if event.channel == "*":
        lines = info_line(
            _("To register an account with it: /register, then /verify nickname {token}"),
            token=event.token,
        )
    else:
        words = [event.channel] if event.is_open else [event.channel, event.token]
        lines = info_line(_("With any IRC client: /join {words}"), words=" ".join(words))
    if event.link:
        link = clean(event.link)
        lines = info_line(_("A link that lets others in: {link}"), link=link) + lines
        lines += [info(row) for row in qr_lines(link)]
    return lines


@renders(events.Whois)
def _whois(_context: RenderContext, event: events.Whois) -> list[Line]:
    return [info(whois.sentence(event))]


@renders(events.Away)
def _away(_context: RenderContext, event: events.Away) -> list[Line]:
    return info_line(_("{nick} is away: {text}"), nick=event.nick, text=event.text)


@renders(events.AwayChanged)
def _away_changed(_context: RenderContext, event: events.AwayChanged) -> list[Line]:
    # The full screen marks the others' names; here every change of theirs would be a line.
    if not event.own:
        return []
    return info_line(
        _("The others see that you are away.")
        if event.is_away
        else _("The others see that you are back.")
    )


# Properties


@renders(events.TopicIs)
def _topic_is(_context: RenderContext, event: events.TopicIs) -> list[Line]:
    text = _("The topic of {channel} is: {topic}") if event.topic else _("{channel} has no topic.")
    return info_line(text, channel=event.channel, topic=event.topic)


@renders(events.TopicChanged)
def _topic_changed(_context: RenderContext, event: events.TopicChanged) -> list[Line]:
    text = (
        _("{by} has changed the topic of {channel} to: {topic}")
        if event.topic
        else _("{by} has removed the topic of {channel}.")
    )
    return info_line(text, by=event.by, channel=event.channel, topic=event.topic)


@renders(events.ModeChanged)
def _mode_changed(_context: RenderContext, event: events.ModeChanged) -> list[Line]:
    if event.own:
        return []
    text = _("{by} has set modes of {target}: {modes}")
    return info_line(text, by=event.by, target=event.target, modes=event.modes)


_LISTS = {
    "b": N_("Bans of {channel}: {count}"),
    "e": N_("Exceptions from bans of {channel}: {count}"),
    "I": N_("Masks that need no invitation to {channel}: {count}"),
    "q": N_("Mutes of {channel}: {count}"),
}


@renders(events.ListedMask)
def _listed_mask(_context: RenderContext, event: events.ListedMask) -> list[Line]:
    if not event.by:
        return [info(clean(event.mask))]
    text = _("{mask}, set by {by}, {time}")
    return info_line(text, mask=event.mask, by=event.by, time=_local(event.time))


def _local(seconds: str) -> str:
    """Return a time of Unix as a local one; as it is if it is none."""
    try:
        return f"{datetime.fromtimestamp(int(seconds), UTC).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return seconds


@renders(events.MaskListEnd)
def _mask_list_end(_context: RenderContext, event: events.MaskListEnd) -> list[Line]:
    return info_line(_(_LISTS[event.mode]), channel=event.channel, count=event.count)


# The channels of the server


@renders(events.ListedChannel)
def _listed_channel(context: RenderContext, event: events.ListedChannel) -> list[Line]:
    context.listing.add(event.channel, event.users, event.topic)  # shown in order, at the end
    return []


@renders(events.ListEnd)
def _list_end(context: RenderContext, event: events.ListEnd) -> list[Line]:
    listing, context.listing = context.listing, Listing(MOST_LINES)
    listing.end()
    lines = []
    for channel in listing.matching():
        topic = f" — {clean(channel.topic)}".rstrip() if channel.topic else ""
        lines.append(info(f"{clean(channel.name)} ({channel.users}){topic}"))
    text = ngettext("{count} channel.", "{count} channels.", event.count)
    if listing.is_cut:
        text += " " + _(
            "These are the {most} largest; /list *word* shows those with a word in their names."
        )
    return [*lines, *info_line(text, count=event.count, most=MOST_LINES)]

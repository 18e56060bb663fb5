"""Recent messages: targets of replies, reactions and deletions where no message can be selected."""

import time
from bisect import insort
from collections.abc import Collection, Iterator

from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.model.entries import time_of
from trio_chat.client.polls import ShownPoll, is_result
from trio_chat.client.registry import TargetMessage
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, MessageKind, Said
from trio_chat.irc.polls import CLOSED_MARK, MARK, VoteLog, is_sign, read_poll

_MOST = 1000
_MOST_POLLS = 500
"""Messages whose votes are kept: votes for one that is fetched later may come before it."""
_MOST_RESULTS = 5
_MOST_SPEAKERS = 500


class RecentMessages:
    """The messages that were shown last, in the order of their times.

    Args:
        joined_channels: know the current channel.
    """

    def __init__(self, joined_channels: JoinedChannels) -> None:
        self._joined_channels = joined_channels
        self._said: list[tuple[str, Said]] = []
        self._speakers: dict[str, None] = {}
        self._by_msgid: dict[str, Said] = {}
        self._reactions: dict[str, set[str]] = {}
        self._votes: dict[str, VoteLog] = {}
        self._results: dict[str, list[Said]] = {}

    def note(self, event: Event) -> None:
        """Note an event that was shown."""
        if isinstance(event, Said):
            self._speakers.pop(event.sender, None)
            self._speakers[event.sender] = None
            if len(self._speakers) > _MOST_SPEAKERS:
                del self._speakers[next(iter(self._speakers))]
        match event:
            case Said(msgid=msgid) if msgid and msgid not in self._by_msgid:
                self._add(event)
            case events.Reacted():
                self._note_reaction(event)
            case events.Redacted(msgid=msgid):
                self._forget(msgid)

    def in_order(self, nicks: Collection[str]) -> list[str]:
        """Return nicknames, that of the last speaker first."""
        known = set(nicks)
        spoke = [nick for nick in reversed(self._speakers) if nick in known]
        return [*spoke, *sorted(known.difference(spoke), key=str.casefold)]

    def _note_reaction(self, event: events.Reacted) -> None:
        if event.own:
            known = self._reactions.setdefault(event.msgid, set())
            (known.discard if event.is_taken_back else known.add)(event.reaction)
        if is_sign(event.reaction):
            log = self._votes.setdefault(event.msgid, VoteLog())
            log.note(event.sender, event.reaction, event.time, is_taken_back=event.is_taken_back)
            if len(self._votes) > _MOST_POLLS:
                del self._votes[next(iter(self._votes))]

    def poll(self, msgid: str, me: str) -> ShownPoll | None:
        """Return the poll that a message is, None for any other message."""
        said = self._by_msgid.get(msgid)
        poll = read_poll(said.text) if said and said.kind is not MessageKind.ACTION else None
        if said is None or poll is None:
            return None
        answers = reversed(self._results.get(msgid, ()))
        results = (is_result(poll, said.sender, each.sender, each.text) for each in answers)
        return ShownPoll(
            msgid,
            said.conversation,
            said.sender,
            said.own,
            poll,
            me,
            self._votes.get(msgid) or VoteLog(),
            said.is_bot,
            next(filter(None, results), None),
        )

    def polls(self, me: str, person: str = "") -> Iterator[ShownPoll]:
        """Yield the polls of the current channel, and of a private conversation, the newest
        first.
        """
        same, talk = self._joined_channels.features.same, self._joined_channels.current
        for _time, said in reversed(self._said):
            is_here = same(said.conversation, talk) or same(said.conversation, person)
            if is_here and said.text.startswith(MARK) and (poll := self.poll(said.msgid, me)):
                yield poll

    def find(self, msgid: str) -> Said | None:
        """Return the message with a msgid, None when it is not a recent one."""
        return self._by_msgid.get(msgid)

    def target_message(self, name: str, *, own: bool | None) -> TargetMessage | None:
        """Return the message of the current channel; see `registry.Actions.target_message`."""
        same, talk = self._joined_channels.features.same, self._joined_channels.current
        newest = [said for _time, said in reversed(self._said)]
        here = [said for said in newest if same(said.conversation, talk)]
        if name.isdecimal():
            number = int(name[:9])
            found = here[number - 1 : number] if number else []
        elif name:  # a private message of that user counts, too
            found = [
                said
                for said in newest
                if same(said.sender, name) and (said.private or same(said.conversation, talk))
            ]
        else:
            found = [said for said in here if own is None or said.own is own]
        return (
            TargetMessage(
                found[0].msgid,
                found[0].conversation,
                self._reactions.get(found[0].msgid, ()),
                found[0].text,
            )
            if found
            else None
        )

    def texts(self) -> Iterator[tuple[float, str]]:
        """Yield the time and the text of the messages of the current conversation, the newest
        first.
        """
        same, talk = self._joined_channels.features.same, self._joined_channels.current
        for when, said in reversed(self._said):
            if same(said.conversation, talk):
                yield time_of(when, time.time()), said.text

    def _add(self, said: Said) -> None:
        # A message that is fetched later is older: it must not become the last one.
        newest = self._said[-1][0] if self._said else ""
        insort(
            self._said, (said.played_back or said.time or newest, said), key=lambda timed: timed[0]
        )
        self._by_msgid[said.msgid] = said
        asked = self._by_msgid.get(said.reply_to)
        is_by_author = asked is None or asked.sender == said.sender
        if said.reply_to and is_by_author and said.text.startswith(CLOSED_MARK):
            answers = self._results.setdefault(said.reply_to, [])
            answers.append(said)
            del answers[:-_MOST_RESULTS]
        if len(self._said) > _MOST:
            self._forget(self._said[0][1].msgid)

    def _forget(self, msgid: str) -> None:
        if gone := self._by_msgid.pop(msgid, None):
            answers = self._results.get(gone.reply_to, [])
            answers[:] = [each for each in answers if each.msgid != msgid]
            if not answers:
                self._results.pop(gone.reply_to, None)
            self._said = [timed for timed in self._said if timed[1].msgid != msgid]
        self._reactions.pop(msgid, None)
        self._votes.pop(msgid, None)

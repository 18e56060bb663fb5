"""Recent messages: targets of replies, reactions and deletions where no message can be selected."""

from bisect import insort

from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.registry import TargetMessage
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, Said

_MOST = 1000


class RecentMessages:
    """The messages that were shown last, in the order of their times.

    Args:
        joined_channels: know the current channel.
    """

    def __init__(self, joined_channels: JoinedChannels) -> None:
        self._joined_channels = joined_channels
        self._said: list[tuple[str, Said]] = []
        self._by_msgid: dict[str, Said] = {}
        self._reactions: dict[str, set[str]] = {}

    def note(self, event: Event) -> None:
        """Note an event that was shown."""
        match event:
            case Said(msgid=msgid) if msgid and msgid not in self._by_msgid:
                self._add(event)
            case events.Reacted(own=True):
                known = self._reactions.setdefault(event.msgid, set())
                (known.discard if event.is_taken_back else known.add)(event.reaction)
            case events.Redacted(msgid=msgid):
                self._forget(msgid)

    def find(self, msgid: str) -> Said | None:
        """Return the message with a msgid, None when it is not a recent one."""
        return self._by_msgid.get(msgid)

    def target_message(self, name: str, *, own: bool) -> TargetMessage | None:
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
            found = [said for said in here if said.own is own]
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

    def _add(self, said: Said) -> None:
        # A message that is fetched later is older: it must not become the last one.
        newest = self._said[-1][0] if self._said else ""
        insort(
            self._said, (said.played_back or said.time or newest, said), key=lambda timed: timed[0]
        )
        self._by_msgid[said.msgid] = said
        if len(self._said) > _MOST:
            self._forget(self._said[0][1].msgid)

    def _forget(self, msgid: str) -> None:
        if self._by_msgid.pop(msgid, None):
            self._said = [timed for timed in self._said if timed[1].msgid != msgid]
        self._reactions.pop(msgid, None)

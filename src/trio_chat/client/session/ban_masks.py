"""Bans for nicknames. A ban of a nickname alone ends with the next nickname, so the mask is one of
the host or the account where it covers no other member of the channel.

The server is asked who is there (WHO, with the accounts where it has WHOX): what its answer says is
as new as the ban.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from trio_chat.client.session.effects import Effects
from trio_chat.client.session.events import Note
from trio_chat.client.session.features import Features
from trio_chat.i18n import _

CHANGES_AT_ONCE = 4
"""Changes in one MODE that every server accepts."""
_MASK_SIGNS = frozenset("!@*?:$~")
"""Characters of masks and extended bans that no nickname has."""
_FIELDS = "%tcuhna,7"
"""What a WHOX reply has: a number of ours, channel, user name, host, nickname, account."""
_NUMBER = "7"
_MOST_WAITING = 20
_MOST_PEOPLE = 20_000
"""Users of one answer that are remembered."""


class Person(NamedTuple):
    """A user as WHO shows it; the account is "" without one."""

    nick: str
    user: str = ""
    host: str = ""
    account: str = ""


@dataclass(slots=True, kw_only=True)
class _Change:
    """A change that waits for the answers to WHO.

    Args:
        channel: the channel.
        mode: the sign and the letter of the list.
        prefix: what stands before each mask.
        words: nicknames and masks.
        reason: that of a KICK which follows the ban; None for no KICK.
        asked: the names that WHO was sent for, folded; those without an answer.
        members: the members of the channel, by folded nicknames.
        people: all users of the answers.
    """

    channel: str
    mode: str
    prefix: str
    words: Sequence[str]
    reason: str | None
    asked: list[str] = field(default_factory=list)
    members: dict[str, Person] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)


def is_mask(word: str) -> bool:
    """Return whether a word is a mask or an extended ban, not a nickname."""
    return any(sign in word for sign in _MASK_SIGNS)


class BanMasks:
    """The bans of one connection that are set for nicknames, or lifted.

    Args:
        effects: where lines are sent and events are reported.
        features: of the server.
    """

    def __init__(self, effects: Effects, features: Features) -> None:
        self._effects = effects
        self._features = features
        self._waiting: list[_Change] = []
        self._tried: set[str] = set()

    def change(
        self,
        channel: str,
        mode: str,
        words: Sequence[str],
        *,
        prefix: str = "",
        reason: str | None = None,
    ) -> None:
        """Add to a list of masks, or remove from it.

        Args:
            channel: the channel.
            mode: the sign and the letter of the list, such as `+b`.
            words: nicknames and masks.
            prefix: what stands before each mask.
            reason: that of a KICK which follows; None for no KICK.
        """
        change = _Change(channel=channel, mode=mode, prefix=prefix, words=words, reason=reason)
        nicks = [word for word in words if not is_mask(word)]
        if not nicks:
            self._carry_out(change)
            return
        fields = (_FIELDS,) if self._features.has_whox else ()
        # Of somebody who has left the channel, its members say nothing.
        for target in (channel, *nicks):
            change.asked.append(self._features.fold(target))
            self._effects.send("WHO", target, *fields)
        self._waiting = [*self._waiting[1 - _MOST_WAITING :], change]

    def take(self, params: Sequence[str]) -> bool:
        """Take the parameters of RPL_WHOREPLY or RPL_WHOSPCRPL after the own nickname; return
        whether a change waits for them.
        """
        if not self._waiting:
            return False
        if self._features.has_whox:
            if len(params) < 6 or params[0] != _NUMBER:
                return False
            channel, user, host, nick, account = params[1:6]
        else:
            channel, user, host, _server, nick = params[:5]
            account = "0"
        change, key = self._waiting[0], self._features.fold(nick)
        person = Person(nick, user, host, "" if account == "0" else account)
        if len(change.people) < _MOST_PEOPLE:
            change.people[key] = person
            if self._features.same(channel, change.channel):
                change.members[key] = person
        return True

    def answered(self, target: str) -> bool:
        """Take RPL_ENDOFWHO; return whether a change waits for it."""
        name = self._features.fold(target)
        for change in self._waiting:
            if name in change.asked:
                change.asked.remove(name)
                if not change.asked:
                    self._waiting.remove(change)
                    self._carry_out(change)
                return True
        return False

    def was_tried(self, mask: str) -> bool:
        """Return whether a mask that the server does not have was one of several that might ban a
        user, of which at most some do.
        """
        return mask in self._tried

    def _carry_out(self, change: _Change) -> None:
        masks: list[str] = []
        self._tried.clear()
        for word in change.words:
            if is_mask(word):
                masks.append(word)
                continue
            person = change.people.get(self._features.fold(word), Person(word))
            found = self._masks(person)
            if change.mode.startswith("+"):
                others = [each for key, each in change.members.items() if each.nick != person.nick]
                masks.append(next(mask for mask in found if not self._covers(mask, others)))
                continue
            masks += found
            self._tried.update(f"{change.prefix}{mask}" for mask in found)
            if not person.host:
                text = _(
                    "{nick} is not here, so only a ban of this nickname is lifted. /ban shows all"
                    " of them, and /unban takes them as they are shown."
                )
                self._effects.report(Note(text.format(nick=word)))
        sign, letter = change.mode[0], change.mode[1]
        for start in range(0, len(masks), CHANGES_AT_ONCE):
            some = [f"{change.prefix}{mask}" for mask in masks[start : start + CHANGES_AT_ONCE]]
            self._effects.send("MODE", change.channel, f"{sign}{letter * len(some)}", *some)
        if change.reason is not None:
            reason = (change.reason,) if change.reason else ()
            self._effects.send("KICK", change.channel, change.words[0], *reason)

    def _masks(self, person: Person) -> list[str]:
        """Return the masks that cover a user, the widest first; the last one covers the nickname
        alone.
        """
        masks = []
        if person.host:
            masks.append(f"*!*@{person.host}")
        if person.account and self._features.account_extban:
            masks.append(f"{self._features.account_extban}{person.account}")
        if person.host:
            masks.append(f"*!{person.user}@{person.host}")
        return [*masks, f"{person.nick}!*@*"]

    @staticmethod
    def _covers(mask: str, others: Iterable[Person]) -> bool:
        """Return whether a mask of `_masks` covers one of other users."""
        user, _, host = mask.partition("!")[2].lower().partition("@")
        return any(
            host == other.host.lower() and user in ("*", other.user.lower()) for other in others
        )

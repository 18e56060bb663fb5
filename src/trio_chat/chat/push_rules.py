"""Rules of push messages of an account: what it wants besides its names, and what not. They are one
value for all of its devices, as no device could refuse a message that was pushed to it. Its
notification levels are a part of them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trio_chat.chat import notification_levels
from trio_chat.chat.masklists import fold_mask
from trio_chat.chat.notification_levels import NO_LEVELS, NOTHING, NotificationLevels
from trio_chat.irc import masks
from trio_chat.irc.names import fold_or_self

MOST_ENTRIES = 100
LONGEST_ENTRY = 100


@dataclass(frozen=True)
class PushRules:
    """The rules of an account.

    Args:
        words: count as a mention in a channel.
        ignored: complete and folded masks of the users whose messages are not pushed.
        levels: of which messages of a conversation it is notified.
    """

    words: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    levels: NotificationLevels = NO_LEVELS

    def permit(self, source: str, conversation: str, now: float) -> bool:
        """Return whether a message that mentions the account is pushed.

        Args:
            source: of the message, `nick!user@host`.
            conversation: the folded name of the channel, or of the user that wrote it.
            now: the time, in seconds of Unix time.
        """
        if self.levels.level(conversation, now) == NOTHING:
            return False
        if not self.ignored:
            return True
        folded = fold_mask(source)
        return not any(pattern.fullmatch(folded) for pattern in self._patterns)

    @property
    def muted(self) -> tuple[str, ...]:
        """Folded names of the channels, and of the users, whose messages are never pushed."""
        return tuple(name for name, level in self.levels.chosen if level == NOTHING)

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [masks.compile_glob(mask) for mask in self.ignored]

    def changed(self, name: str, changes: Iterable[str]) -> "PushRules":
        """Return other rules.

        Args:
            name: of the list.
            changes: `+entry` adds an entry, `-entry` removes it, `-*` removes all.

        Raises:
            ValueError: a change is none of these, an entry is too long, or there are too many; the
                message is a sentence for the user.
        """
        entries = dict.fromkeys(getattr(self, name))
        for change in changes:
            sign, entry = change[:1], change[1:].strip()
            if sign not in ("+", "-") or not entry:
                raise ValueError("An entry begins with + or -")
            if len(entry) > LONGEST_ENTRY:
                raise ValueError(f"An entry has at most {LONGEST_ENTRY} characters")
            if change == "-*":
                entries.clear()
            elif sign == "-":
                entries.pop(_CANONICAL[name](entry), None)
            else:
                entries[_CANONICAL[name](entry)] = None
        if len(entries) > MOST_ENTRIES:
            raise ValueError(f"There can be {MOST_ENTRIES} entries")
        if name == "muted":
            return replace(self, levels=self._muting(entries))
        if name == "words":
            return replace(self, words=tuple(entries))
        return replace(self, ignored=tuple(entries))

    def _muting(self, muted: Iterable[str]) -> NotificationLevels:
        others = [pair for pair in self.levels.chosen if pair[1] != NOTHING]
        chosen = dict(others) | dict.fromkeys(muted, NOTHING)
        return replace(self.levels, chosen=tuple(chosen.items()), is_chosen=True)

    def to_state(self) -> dict[str, Any]:
        """Return the rules as they are stored; an empty value for none."""
        state: dict[str, Any] = {
            name: list(entries) for name in ("words", "ignored") if (entries := getattr(self, name))
        }
        if self.levels.is_chosen:
            state["levels"] = self.levels.to_state()
        return state


def _mask(entry: str) -> str:
    return fold_mask(masks.complete_mask(entry))


_CANONICAL = {"words": str.casefold, "ignored": _mask, "muted": fold_or_self}
LISTS = tuple(_CANONICAL)
"""The names of the lists that the rules consist of."""
NO_RULES = PushRules()


def from_state(state: Mapping[str, Any]) -> PushRules:
    """Return the rules that `PushRules.to_state` wrote."""
    levels = NO_LEVELS
    if "levels" in state:
        levels = notification_levels.from_state(state["levels"])
    rules = PushRules(tuple(state.get("words", ())), tuple(state.get("ignored", ())), levels)
    if "muted" in state:  # as an earlier release wrote it
        rules = replace(rules, levels=rules._muting(state["muted"]))
    return rules

"""Rules of push messages of an account: what it wants besides its names, and what not. They are one
value for all of its devices, as no device could refuse a message that was pushed to it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trio_chat.chat.masklists import fold_mask
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
        muted: folded names of the channels, and of the users, whose messages are not pushed.
    """

    words: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()

    def permit(self, source: str, conversation: str) -> bool:
        """Return whether a message is pushed.

        Args:
            source: of the message, `nick!user@host`.
            conversation: the folded name of the channel, or of the user that wrote it.
        """
        if conversation in self.muted:
            return False
        if not self.ignored:
            return True
        folded = fold_mask(source)
        return not any(pattern.fullmatch(folded) for pattern in self._patterns)

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [masks.compile_glob(mask) for mask in self.ignored]

    def changed(self, name: str, changes: Iterable[str]) -> "PushRules":
        """Return other rules.

        Args:
            name: of the field.
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
        return replace(self, **{name: tuple(entries)})

    def to_state(self) -> dict[str, list[str]]:
        """Return the rules as they are stored; an empty value for none."""
        return {name: list(entries) for name in LISTS if (entries := getattr(self, name))}


def _mask(entry: str) -> str:
    return fold_mask(masks.complete_mask(entry))


_CANONICAL = {"words": str.casefold, "ignored": _mask, "muted": fold_or_self}
LISTS = tuple(_CANONICAL)
"""The names of the lists that the rules consist of."""
NO_RULES = PushRules()


def from_state(state: Mapping[str, Any]) -> PushRules:
    """Return the rules that `PushRules.to_state` wrote."""
    return PushRules(**{name: tuple(entries) for name, entries in state.items()})

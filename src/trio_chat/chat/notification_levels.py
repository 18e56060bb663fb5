"""Notification levels of an account: of which messages of a conversation it wants to be notified.
They are one value for all devices of the account; the server applies them to push messages, and
clients to their own notifications.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

ALL = "all"
MENTIONS = "mentions"
NOTHING = "nothing"
LEVELS = (ALL, MENTIONS, NOTHING)
EVERYWHERE = "*"
"""The target of what applies to all conversations without a level of their own."""
MOST = 200
"""Conversations of one account with a level, or that are paused."""
LONGEST_TARGET = 100


@dataclass(frozen=True)
class NotificationLevels:
    """The levels of an account. In a private conversation each message counts as a mention.

    Args:
        default: the level of conversations without one of their own; "" for the server's, mentions.
        chosen: levels by the folded names of channels and users, in the order of the choices.
        paused: until when, in seconds of Unix time, nothing of a conversation notifies; or of any,
            for `EVERYWHERE`.
        is_chosen: whether the account has ever chosen a level: then no device offers its own.
    """

    default: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    paused: tuple[tuple[str, int], ...] = ()
    is_chosen: bool = False

    def level(self, conversation: str, now: float) -> str:
        """Return the level of a conversation, by its folded name, at a time."""
        if self._paused and (
            self._paused.get(conversation, 0) > now or self._paused.get(EVERYWHERE, 0) > now
        ):
            return NOTHING
        return self._chosen.get(conversation) or self.default or MENTIONS

    def of(self, target: str, now: float) -> tuple[str, int]:
        """Return what was chosen for a target: its level, "" for none, and until when it is paused,
        0 for not at all.
        """
        level = self.default if target == EVERYWHERE else self._chosen.get(target, "")
        until = self._paused.get(target, 0)
        return level, until if until > now else 0

    def targets(self, now: float) -> tuple[str, ...]:
        """Return the conversations for which something was chosen, and that still applies."""
        paused = (name for name, until in self.paused if until > now and name != EVERYWHERE)
        return tuple(dict.fromkeys((*self._chosen, *paused)))

    def with_level(self, target: str, level: str, now: float) -> "NotificationLevels":
        """Return other levels: one is chosen, "" for none, which also ends a pause."""
        changed = replace(self._with_pause(target, 0, now), is_chosen=True)
        if target == EVERYWHERE:
            return replace(changed, default=level)
        chosen = {name: known for name, known in self.chosen if name != target}
        if level:
            chosen[target] = level
        return replace(changed, chosen=tuple(chosen.items()))

    def with_pause(self, target: str, until: int, now: float) -> "NotificationLevels":
        """Return other levels: a conversation is paused until a time; 0 ends that."""
        return replace(self._with_pause(target, until, now), is_chosen=True)

    def _with_pause(self, target: str, until: int, now: float) -> "NotificationLevels":
        paused = {name: end for name, end in self.paused if end > now and name != target}
        if until > now:
            paused[target] = until
        return replace(self, paused=tuple(paused.items()))

    def renamed(self, before: str, after: str) -> "NotificationLevels":
        """Return the levels after a channel was renamed."""

        def moved(pairs: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
            others = {name: value for name, value in pairs.items() if name not in (before, after)}
            return (*others.items(), *(((after, pairs[before]),) if before in pairs else ()))

        if before not in self._chosen and before not in self._paused:
            return self
        return replace(self, chosen=moved(self._chosen), paused=moved(self._paused))

    def is_full(self, target: str, now: float) -> bool:
        """Return whether there is no room for a further target."""
        targets = self.targets(now)
        return target != EVERYWHERE and target not in targets and len(targets) >= MOST

    @property
    def heard(self) -> tuple[str, ...]:
        """The conversations of which each message notifies: folded names, or `EVERYWHERE`."""
        names = tuple(name for name, level in self.chosen if level == ALL)
        return (*names, EVERYWHERE) if self.default == ALL else names

    @cached_property
    def _chosen(self) -> dict[str, str]:
        return dict(self.chosen)

    @cached_property
    def _paused(self) -> dict[str, int]:
        return dict(self.paused)

    def to_state(self) -> dict[str, Any]:
        """Return the levels as they are stored."""
        return {
            name: dict(value) if isinstance(value, tuple) else value
            for name in ("default", "chosen", "paused")
            if (value := getattr(self, name))
        }


NO_LEVELS = NotificationLevels()


def from_state(state: Mapping[str, Any]) -> NotificationLevels:
    """Return the levels that `NotificationLevels.to_state` wrote."""
    return NotificationLevels(
        state.get("default", ""),
        tuple(state.get("chosen", {}).items()),
        tuple(state.get("paused", {}).items()),
        is_chosen=True,
    )

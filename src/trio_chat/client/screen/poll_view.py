"""Polls in the timeline: the question, and a bar with the votes for each option."""

from typing import Any

from trio_chat.client.polls import ShownPoll, votes_text
from trio_chat.client.screen.themes import specs
from trio_chat.i18n import _
from trio_chat.irc.polls import MARK
from trio_chat.irc.text import clean

_BAR = 10


def poll_markup(shown: ShownPoll, theme: str, base: str) -> list[tuple[Any, str]]:
    """Return a poll as marked-up text.

    Args:
        shown: the poll and its votes.
        theme: the name of the theme.
        base: the name of the style of the text.
    """
    attributes = specs(theme)
    poll, counts, chosen = shown.poll, shown.counts, shown.chosen
    whole = max(shown.voters, *counts) if poll.takes_several else sum(counts)
    markup: list[tuple[Any, str]] = [(attributes[base], f"{MARK} {clean(poll.question)}")]
    for number, (option, count) in enumerate(zip(poll.options, counts, strict=True)):
        filled = round(_BAR * min(count / max(whole, 1), 1))
        is_own = number in chosen
        style = "own" if is_own else base
        markup += [
            (attributes[style], f"\n{'✓' if is_own else ' '} {number + 1:>2} "),
            (attributes["reaction"], "█" * filled),
            (attributes["rule"], "░" * (_BAR - filled)),
            (attributes[style], f" {count:>3}  {clean(option)}"),
        ]
    return [*markup, (attributes["info"], f"\n{_state(shown)}")]


def _state(shown: ShownPoll) -> str:
    if shown.result is not None:
        return _("This poll is closed.")
    how = (
        _("choose several by /vote 1–{count}")
        if shown.poll.takes_several
        else _("choose by /vote 1–{count}")
    ).format(count=len(shown.poll.options))
    return "; ".join((votes_text(shown.voters), *(() if shown.chosen else (how,))))

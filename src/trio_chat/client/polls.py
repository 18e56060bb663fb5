"""Polls as the clients show them: the message, the votes so far, and whether it is closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from trio_chat.client.session.events import Reacted
from trio_chat.i18n import _, ngettext
from trio_chat.irc.polls import Poll, PollError, PollProblem, VoteLog, read_result
from trio_chat.irc.text import clean

_PROBLEMS: dict[PollProblem, Callable[[], str]] = {
    PollProblem.NO_QUESTION: lambda: _("A poll needs a question."),
    PollProblem.FEW_OPTIONS: lambda: _("A poll needs at least two options, with | between them."),
    PollProblem.MANY_OPTIONS: lambda: _("A poll has at most ten options."),
    PollProblem.SAME_OPTIONS: lambda: _("Two options are the same: {option}"),
    PollProblem.SIGNS: lambda: _("The signs 1️⃣ to 🔟 cannot be in a question or an option."),
}


@dataclass(frozen=True)
class ShownPoll:
    """A poll in a conversation.

    Args:
        msgid: of its message.
        conversation: where it was asked.
        author: the nickname of its author.
        own: whether the user is its author.
        poll: the question and the options.
        me: the nickname of the user.
        log: the votes.
        is_bot: whether its author is a bot.
        result: the counts with which its author has closed it; None while it is open.
    """

    msgid: str
    conversation: str
    author: str
    own: bool
    poll: Poll
    me: str = ""
    log: VoteLog = field(default_factory=VoteLog)
    is_bot: bool = False
    result: Sequence[int] | None = None

    @cached_property
    def _voters(self) -> Sequence[Sequence[str]]:
        return self.poll.voters(self.author, self.log.reactions(), is_bot=self.is_bot)

    @property
    def counts(self) -> Sequence[int]:
        """How many have chosen each option."""
        return [len(nicks) for nicks in self._voters] if self.result is None else self.result

    @property
    def voters(self) -> int:
        """How many users have voted."""
        return len({nick for nicks in self._voters for nick in nicks})

    @property
    def mine(self) -> Sequence[str]:
        """The user's own reactions that are votes, the first one first."""
        return self.log.reactions().get(self.me, ())

    @property
    def chosen(self) -> Sequence[int]:
        """The numbers of the options that the user has chosen."""
        return self.chosen_by(self.me)

    def chosen_by(self, nick: str) -> Sequence[int]:
        """Return the numbers of the options that a user has chosen, from 0."""
        return [number for number, nicks in enumerate(self._voters) if nick in nicks]

    def after(self, reacted: Reacted) -> "ShownPoll":
        """Return the poll after a reaction."""
        log = self.log.copy()
        log.note(
            reacted.sender, reacted.reaction, reacted.time, is_taken_back=reacted.is_taken_back
        )
        return replace(self, log=log)

    def summary(self) -> str:
        """Return the question and the counts on one line."""
        counted = zip(self.poll.options, self.counts, strict=True)
        counts = ", ".join(f"{clean(option)} – {count}" for option, count in counted)
        return f"{clean(self.poll.question)} · {counts}"


def is_result(poll: Poll, author: str, sender: str, text: str) -> Sequence[int] | None:
    """Return the counts of an answer to a poll, if it is that with which its author closes it."""
    counts = read_result(text) if sender == author else None
    return counts if counts and len(counts) == len(poll.options) else None


def explain(error: PollError) -> str:
    """Return why a typed text is no poll, as a sentence."""
    return _PROBLEMS[error.problem]().format(option=error.value)


def votes_text(count: int) -> str:
    """Return how many have voted."""
    if not count:
        return _("nobody has voted")
    return ngettext("{count} has voted", "{count} have voted", count).format(count=count)

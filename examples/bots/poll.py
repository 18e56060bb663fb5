"""Polls by reactions: `!poll Lunch? pizza | soup` asks, people react, `!result` counts.

python examples/bots/poll.py chat.example.org --channel '#lobby'

The clients of trio-chat show such a message as a poll, with its votes, like one of their own
`/poll`; in other clients it is a readable line.
"""

from dataclasses import dataclass, field

from trio_chat.bot import (
    Bot,
    ChatMessage,
    CommandError,
    NotDeliveredError,
    Poll,
    PollError,
    Reacted,
    typed_poll,
)

MOST_REACTIONS = 5000


@dataclass
class Asked:
    """A poll that was asked.

    Args:
        poll: the question and the options.
        msgid: of its message.
        asker: the account, or else the nickname, of the user who asked for it.
        reactions: those of each nickname, the first one first.
    """

    poll: Poll
    msgid: str
    asker: str
    reactions: dict[str, list[str]] = field(default_factory=dict)

    def counts(self, own_nick: str) -> list[int]:
        """Return how many have chosen each option."""
        return [len(nicks) for nicks in self.poll.voters(own_nick, self.reactions)]


def polls(channels: tuple[str, ...] = ("#lobby",)) -> Bot:
    """Return the bot."""
    bot = Bot("poll", channels=channels)
    latest: dict[str, Asked] = {}

    @bot.command(name="poll")
    async def ask(message: ChatMessage, *, question_and_options: str) -> None:
        """Ask a question: !poll Lunch? pizza | soup; with -m one may choose several."""
        try:
            poll = typed_poll(question_and_options)
        except PollError as error:
            raise CommandError(
                f"!poll Question? one | two, with 2 to 10 options ({error})"
            ) from None
        try:
            msgid = await bot.say(message.conversation, poll.text())
        except NotDeliveredError as error:
            raise CommandError(f"The poll was not delivered: {error}") from None
        latest[message.conversation] = Asked(poll, msgid, message.account or message.nick)
        for number in range(len(poll.options)):
            await bot.react(message.conversation, msgid, poll.vote((), number).given)

    @bot.command
    async def result(message: ChatMessage) -> None:
        """Count the votes of the latest poll."""
        asked = asked_in(message.conversation)
        counted = zip(asked.poll.options, asked.counts(bot.nick), strict=True)
        counts = ", ".join(f"{option}: {count}" for option, count in counted)
        await message.reply(f"{asked.poll.question} {counts}")

    @bot.command
    async def close(message: ChatMessage) -> None:
        """End the latest poll, if it is yours."""
        asked = asked_in(message.conversation)
        if asked.asker != (message.account or message.nick):
            raise CommandError("Only the user who asked closes a poll.")
        text = asked.poll.result(asked.counts(bot.nick))
        try:
            await bot.say(message.conversation, text, reply_to=asked.msgid)
        except NotDeliveredError as error:
            raise CommandError(f"The result was not delivered: {error}") from None
        latest.pop(message.conversation, None)

    def asked_in(conversation: str) -> Asked:
        if conversation not in latest:
            raise CommandError("There is no open poll here.")
        return latest[conversation]

    @bot.on(Reacted)
    def count(reaction: Reacted) -> None:
        asked = latest.get(reaction.conversation)
        if asked is None or reaction.own or reaction.msgid != asked.msgid:
            return
        signs = asked.reactions.setdefault(reaction.sender, [])
        if reaction.reaction in signs:
            signs.remove(reaction.reaction)
        is_vote = asked.poll.number(reaction.reaction) is not None
        if is_vote and not reaction.is_taken_back and len(asked.reactions) < MOST_REACTIONS:
            signs.append(reaction.reaction)
        if not signs:
            del asked.reactions[reaction.sender]

    return bot


if __name__ == "__main__":
    polls().main()

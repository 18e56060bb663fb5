"""Polls by reactions: `!poll Lunch? pizza | soup` asks, people react, `!result` counts.

python examples/bots/poll.py chat.example.org --channel '#lobby'
"""

from dataclasses import dataclass, field

from trio_chat.bot import Bot, ChatMessage, CommandError, Reacted

SIGNS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣")


@dataclass
class Poll:
    """One poll.

    Args:
        question: what is asked.
        answers: what can be chosen.
        votes: the number of the answer of each nickname; a later vote replaces an earlier one.
    """

    question: str
    answers: list[str]
    votes: dict[str, int] = field(default_factory=dict)


def polls(channels: tuple[str, ...] = ("#lobby",)) -> Bot:
    """Return the bot."""
    bot = Bot("poll", channels=channels)
    latest: dict[str, tuple[str, Poll]] = {}

    @bot.command(name="poll")
    async def ask(message: ChatMessage, *, question_and_answers: str) -> None:
        """Ask a question: !poll Lunch? pizza | soup."""
        question, mark, rest = question_and_answers.partition("?")
        answers = [answer.strip() for answer in rest.split("|") if answer.strip()]
        if not mark or not 2 <= len(answers) <= len(SIGNS):
            raise CommandError(f"!poll Question? one | two, with 2 to {len(SIGNS)} answers")
        choices = "  ".join(
            f"{sign} {answer}" for sign, answer in zip(SIGNS, answers, strict=False)
        )
        msgid = await bot.say(message.conversation, f"{question.strip()}? {choices}")
        latest[message.conversation] = msgid, Poll(question.strip(), answers)
        for sign, _answer in zip(SIGNS, answers, strict=False):
            await bot.react(message.conversation, msgid, sign)

    @bot.command
    async def result(message: ChatMessage) -> None:
        """Count the votes of the latest poll."""
        if message.conversation not in latest:
            raise CommandError("There was no poll here.")
        _msgid, poll = latest[message.conversation]
        votes = list(poll.votes.values())
        counts = ", ".join(
            f"{answer}: {votes.count(number)}" for number, answer in enumerate(poll.answers)
        )
        await message.reply(f"{poll.question}? {counts}")

    @bot.on(Reacted)
    def count(reaction: Reacted) -> None:
        msgid, poll = latest.get(reaction.conversation, ("", Poll("", [])))
        if reaction.own or reaction.msgid != msgid or reaction.reaction not in SIGNS:
            return
        number = SIGNS.index(reaction.reaction)
        if reaction.is_taken_back and poll.votes.get(reaction.sender) == number:
            del poll.votes[reaction.sender]
        elif not reaction.is_taken_back and number < len(poll.answers):
            poll.votes[reaction.sender] = number

    return bot


if __name__ == "__main__":
    polls().main()

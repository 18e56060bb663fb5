"""Reminds people: `!remind 10 Tea is ready` says so in ten minutes.

python examples/bots/reminder.py chat.example.org --channel '#lobby'
"""

from datetime import timedelta

import trio

from trio_chat.bot import Bot, ChatMessage, CommandError

LONGEST = timedelta(days=30)
MOST = 20
"""Reminders of one user at the same time."""


def reminder(channels: tuple[str, ...] = ("#lobby",)) -> Bot:
    """Return the bot."""
    bot = Bot("reminder", channels=channels)
    waiting: dict[str, int] = {}

    async def wait(message: ChatMessage, minutes: float, text: str) -> None:
        owner = message.account or message.nick
        waiting[owner] = waiting.get(owner, 0) + 1
        try:
            await trio.sleep(minutes * 60)
            await message.reply(f"{message.nick}: {text}")
        finally:
            waiting[owner] -= 1

    @bot.command
    async def remind(message: ChatMessage, minutes: float, *, text: str) -> None:
        """Remind you of something after some minutes."""
        if not 0 < minutes <= LONGEST.total_seconds() / 60:
            raise CommandError(f"I can remind you within {LONGEST.days} days.")
        if waiting.get(message.account or message.nick, 0) >= MOST:
            raise CommandError(f"You have {MOST} reminders already.")
        await message.react("⏰")
        await wait(message, minutes, text)

    return bot


if __name__ == "__main__":
    reminder().main()

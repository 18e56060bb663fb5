"""A database like that of a busy server after some years, in two languages.

The same arguments give the same database.
"""

import random
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import trio

from trio_chat.chat.history import Record
from trio_chat.chat.ids import first_id
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

BIG = "#lobby"
MIDDLE = tuple(f"#team-{number}" for number in range(10))
SMALL = tuple(f"#канал-{number}" for number in range(1000))
_SHARES = (0.5, 0.3, 0.2)
"""The shares of the messages in the big channel, in the middle ones and in the small ones."""
_YEARS = 3
_BATCH = 5000
_PEOPLE = 400
# The most common words first.
_ENGLISH = (  # noqa: SIM905  # reads as a text
    "the to and a of is I in it that for you we on with have be this not are but at please when"
    " time think has from as will can do all just here there who what meet tomorrow about release"
    " deploy coffee lunch key room python trio channel history search works fine thanks good"
    " morning everyone database backup finished seconds server tests green review branch today yes"
    " later"
).split()
_RUSSIAN = (  # noqa: SIM905
    "и не что в на я с это как так но мы по у вы да для есть к за уже или если от надо сейчас когда"
    " можно нет будет может там сервер снова посмотрите пожалуйста время думаю встретиться завтра"
    " насчёт выпуска кофе обед ключ комнаты канал история поиск работает спасибо доброе утро всем"
    " база копия готова секунды тесты проверьте ветку сегодня позже увидимся хорошо документ"
).split()
_RARE = [f"{stem}{number}" for number in range(2000) for stem in ("issue", "заявка")]


def make(path: Path, messages: int, seed: int) -> float:
    """Fill a database unless it exists; return the seconds that it took."""
    if path.exists():
        return 0.0
    began = time.perf_counter()
    trio.run(_fill, path, messages, seed)
    return time.perf_counter() - began


async def _fill(path: Path, messages: int, seed: int) -> None:
    async with open_database(path, "off") as database:
        history = SqliteHistory(database)
        batch: list[Record] = []
        for record in _messages(messages, random.Random(seed)):
            batch.append(record)
            if len(batch) == _BATCH:
                await history.commit(batch)
                batch.clear()
        if batch:
            await history.commit(batch)
        await history.index()


def _messages(count: int, random: random.Random) -> Iterator[Record]:
    """Yield this many messages, the oldest first."""
    end = time.time() - 60
    first, last = first_id(end - _YEARS * 365 * 86_400), first_id(end)
    step = (last - first) // max(1, count)
    people = [
        f"{name}{number}!user{number}@192.0.2.{number % 250}"
        for number in range(_PEOPLE // 2)
        for name in ("ann", "борис")
    ]
    weights = list(
        accumulate(1 / place for place in range(1, max(len(_ENGLISH), len(_RUSSIAN)) + 1))
    )
    for number in range(count):
        words = _ENGLISH if random.random() < 0.5 else _RUSSIAN
        said = random.choices(words, cum_weights=weights[: len(words)], k=random.randint(2, 14))
        if random.random() < 0.05:
            said.append(random.choice(_RARE))
        source = random.choice(people)
        yield Record(
            _channel(random),
            first + number * step,
            "PRIVMSG",
            source,
            "",
            " ".join(said),
            is_private=False,
        )


def _channel(random: random.Random) -> str:
    (group,) = random.choices(((BIG,), MIDDLE, SMALL), weights=_SHARES)
    return random.choice(group)

"""A database with many registered channels besides a long history, written in bulk."""

import time
from pathlib import Path

import history_data
import trio

from trio_chat.chat.accounts import Account
from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.credentials import Credentials, ScramKeys
from trio_chat.chat.ids import first_id
from trio_chat.chat.masklists import entry
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.registered_channels import to_state
from trio_chat.irc.modes import OPERATOR
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import open_database
from trio_chat.storage.state import SqliteStateStore

_ACCOUNTS = 1000
_NO_PASSWORD = Credentials("!", ScramKeys(b"salt", 4096, b"stored", b"server"))


def make(path: Path, messages: int, channels: int, seed: int = 1) -> float:
    """Fill a database unless it exists; return the seconds that it took."""
    if path.exists():
        return 0.0
    began = time.perf_counter()
    history_data.make(path, messages, seed)
    trio.run(_add_channels, path, channels)
    return time.perf_counter() - began


async def _add_channels(path: Path, count: int) -> None:
    async with open_database(path, "off") as database:
        table = SqliteAccounts(database)
        now = int(time.time())
        owners = []
        for number in range(min(count, _ACCOUNTS)):
            name = f"owner{number}"
            account = await table.insert(Account(name, name, now), _NO_PASSWORD, None)
            assert account is not None
            owners.append(account.id)
        states = {
            f"#registered{number}": to_state(_channel(number, owners, now))
            for number in range(count)
        }
        await SqliteStateStore(database).save(ChangeSet(states))


def _channel(number: int, owners: list[int], now: int) -> Channel:
    """Return a channel as people have them: with a topic, some operators and a ban."""
    name = f"#registered{number}"
    channel = Channel(name, name, now, first_id(now) + number, permanent=True)
    access = {owners[(number + other) % len(owners)]: OPERATOR for other in range(1, 4)}
    channel.registration = ChannelRegistration(owners[number % len(owners)], now, access)
    channel.topic = Topic(f"What is said about the matter {number}", "ann!ann@192.0.2.7", now)
    ban = entry(f"*!*@spam{number}.example", "ann!ann@192.0.2.7", now)
    channel.lists["b"][ban.folded] = ban
    return channel

"""The table of uploads: what removes one, and what does not."""

from collections.abc import AsyncIterator

import pytest

from support import NOON
from trio_chat.chat.accounts import Account
from trio_chat.chat.credentials import Credentials, ScramKeys
from trio_chat.chat.history import Record
from trio_chat.chat.uploads import Upload, Usage
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.uploads import SqliteUploads

ROOM = 1 << 30
CREDENTIALS = Credentials("$argon2id$", ScramKeys(b"salt", 1, b"stored", b"server"))
NAME = "A" * 22
OTHER = "B" * 22


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """Return a database in memory."""
    async with open_database(None) as opened:
        yield opened


def upload(name: str = NAME, *, size: int = 10, account: int = 0, created: float = NOON) -> Upload:
    """Return an upload."""
    address = "" if account else "192.0.2.1"
    return Upload(name, "a.jpg", "image/jpeg", size, account, address, int(created))


def said(
    number: int, name: str = NAME, *, account: int = 0, source: str = "ann!u@h", buffer: str = "#a"
) -> Record:
    """Return a message with a link."""
    text = f"see http://192.0.2.9:5000/file/{name}/a.jpg?w=1&h=1"
    return Record(buffer, number, "PRIVMSG", source, "", text, account_id=account)


async def make_account(database: Database) -> int:
    """Make an account and return its number."""
    made = await SqliteAccounts(database).insert(Account("ann", "ann", 1), CREDENTIALS, None)
    assert made is not None
    return made.id


async def test_an_upload_is_found(database: Database) -> None:
    """By its random name, with all that is known of it."""
    table = SqliteUploads(database)
    assert await table.add(upload(), ROOM, ROOM)
    assert await table.find(NAME) == upload()
    assert await table.find(OTHER) is None


async def test_whole_blocks_are_counted(database: Database) -> None:
    """Of an address, and of all; of an account only its own."""
    table, account = SqliteUploads(database), await make_account(database)
    await table.add(upload(size=1), ROOM, ROOM)
    await table.add(upload(OTHER, size=4097, account=account), ROOM, ROOM)
    assert await table.usage(0, "192.0.2.1") == Usage(4096, 12288)
    assert await table.usage(account, "") == Usage(8192, 12288)
    assert await table.usage(0, "192.0.2.2") == Usage(0, 12288)


async def test_quotas_are_exact(database: Database) -> None:
    """What would exceed either of them is not added."""
    table = SqliteUploads(database)
    assert not await table.add(upload(size=4097), 8191, ROOM)
    assert not await table.add(upload(size=4097), ROOM, 8191)
    assert await table.add(upload(size=4097), 8192, 8192)
    assert not await table.add(upload(OTHER, size=1), 8192, ROOM)


async def test_nothing_is_added_for_an_account_that_is_gone(database: Database) -> None:
    """A command may have deleted it while the file was being received."""
    assert not await SqliteUploads(database).add(upload(account=7), ROOM, ROOM)


async def test_it_goes_with_the_message(database: Database) -> None:
    """At the moment of the deletion; its bytes wait to be deleted."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    await table.add(upload(), ROOM, ROOM)
    await history.commit([said(1)])
    assert await table.removed() == []
    await history.redact("#a", 1)
    assert await table.find(NAME) is None
    assert await table.usage(0, "192.0.2.1") == Usage(0, 0)
    assert await table.removed() == [NAME]
    await table.forget_removed([NAME])
    assert await table.removed() == []


async def test_it_goes_when_the_message_expires(database: Database) -> None:
    """As with REDACT."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    await table.add(upload(), ROOM, ROOM)
    await history.commit([said(1), said(2, OTHER)])
    await history.prune(2, 10)
    assert await table.removed() == [NAME]


async def test_the_last_of_the_uploaders_messages_counts(database: Database) -> None:
    """A second message of the same user keeps the file."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    await table.add(upload(), ROOM, ROOM)
    await history.commit([said(1), said(2, buffer="#b")])
    await history.redact("#a", 1)
    assert await table.find(NAME) is not None
    await history.redact("#b", 2)
    assert await table.find(NAME) is None


async def test_the_copies_of_others_do_not_count(database: Database) -> None:
    """They neither keep a file, nor remove it."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    await table.add(upload(), ROOM, ROOM)
    await history.commit([said(1), said(2, source="bob!u@h"), said(3, account=9)])
    for number in (2, 3):
        await history.redact("#a", number)
        assert await table.find(NAME) is not None
    await history.commit([said(4, source="bob!u@h")])
    await history.redact("#a", 1)
    assert await table.find(NAME) is None


async def test_of_an_account_only_its_messages_count(database: Database) -> None:
    """Also when another user was the first to send the link; the nickname makes no difference."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    account = await make_account(database)
    await table.add(upload(account=account), ROOM, ROOM)
    await history.commit([said(1), said(2, account=account, source="anya!u@h")])
    await history.redact("#a", 1)
    assert await table.find(NAME) is not None
    await history.redact("#a", 2)
    assert await table.find(NAME) is None


async def test_it_goes_with_the_account(database: Database) -> None:
    """With and without messages that link to it."""
    table, account = SqliteUploads(database), await make_account(database)
    await table.add(upload(account=account), ROOM, ROOM)
    await table.add(upload(OTHER, account=account), ROOM, ROOM)
    await SqliteHistory(database).commit([said(1, account=account)])
    await SqliteAccounts(database).delete(account)
    assert await table.removed() == [NAME, OTHER]


async def test_one_without_a_message_stays(database: Database) -> None:
    """Until it is removed, or too old."""
    table = SqliteUploads(database)
    await table.add(upload(), ROOM, ROOM)
    await table.add(upload(OTHER, created=NOON - 10), ROOM, ROOM)
    assert await table.prune(int(NOON - 5)) == 1
    assert await table.prune(int(NOON - 5)) == 0
    assert await table.removed() == [OTHER]
    assert await table.remove(NAME)
    assert not await table.remove(NAME)


@pytest.mark.parametrize(
    "text",
    [
        f"/file/{NAME}x/a.jpg",
        f"/file/{NAME[:21]}/a.jpg",
        f"/files/{NAME}/a.jpg",
        f"/file/{OTHER}/a.jpg",
    ],
)
async def test_other_links_are_none(database: Database, text: str) -> None:
    """The name must be that of an upload, and end there."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    await table.add(upload(), ROOM, ROOM)
    await history.commit([said(1)._replace(text=text)])
    await history.redact("#a", 1)
    assert await table.find(NAME) is not None


async def test_several_links_in_a_message(database: Database) -> None:
    """Each file goes with it; the same one twice is one link."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    await table.add(upload(), ROOM, ROOM)
    await table.add(upload(OTHER), ROOM, ROOM)
    text = f"/file/{NAME}\n/file/{OTHER}/b.png /file/{NAME}/"
    await history.commit([said(1)._replace(text=text)])
    await history.redact("#a", 1)
    assert await table.removed() == [NAME, OTHER]


async def test_without_a_message_it_goes_after_a_while(database: Database) -> None:
    """Unless a message links to it, or something else does."""
    table = SqliteUploads(database)
    await table.add(upload(), ROOM, ROOM)
    await table.add(upload(OTHER), ROOM, ROOM)
    await table.add(upload("C" * 22), ROOM, ROOM)
    await SqliteHistory(database).commit([said(1, OTHER)])
    assert await table.prune_unlinked(int(NOON), {NAME}) == 0  # made at that time, not before
    assert await table.prune_unlinked(int(NOON) + 1, {NAME}) == 1
    assert await table.removed() == ["C" * 22]
    assert await table.prune_unlinked(int(NOON) + 1, ()) == 1
    assert await table.find(OTHER) is not None


async def test_many_unlinked_ones_go_in_several_transactions(database: Database) -> None:
    """Each of them is short, since messages wait for it."""
    table = SqliteUploads(database)
    for number in range(150):
        await table.add(upload(f"{number:022}"), ROOM, ROOM)
    assert await table.prune_unlinked(int(NOON) + 1, ()) == 100
    assert await table.prune_unlinked(int(NOON) + 1, ()) == 50


async def test_a_message_of_another_user_links_to_it_as_well(database: Database) -> None:
    """A file that was uploaded with one account, and sent as a guest, stays with that message."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    account = await make_account(database)
    await table.add(upload(account=account), ROOM, ROOM)
    await history.commit([said(1, source="bob!u@h")])
    assert await table.prune_unlinked(int(NOON) + 1, ()) == 0
    await history.redact("#a", 1)
    assert await table.find(NAME) is not None  # nobody removes the files of others
    assert await table.prune_unlinked(int(NOON) + 1, ()) == 1


async def test_a_user_with_an_account_does_not_claim_the_file_of_a_guest(
    database: Database,
) -> None:
    """A link that it sends before the guest leaves the file to the guest."""
    table, history = SqliteUploads(database), SqliteHistory(database)
    account = await make_account(database)
    await table.add(upload(), ROOM, ROOM)
    await history.commit([said(1, account=account), said(2)])
    await history.redact("#a", 1)
    assert await table.find(NAME) is not None
    await history.redact("#a", 2)
    assert await table.find(NAME) is None

"""Names: case mappings, and valid names."""

from collections.abc import Iterator

import pytest

from support import Town, commands
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.persistence import ChangeSet
from trio_chat.irc import casemapping, isupport, names
from trio_chat.irc.casemapping import fold_function
from trio_chat.irc.names import (
    InvalidName,
    fold_channel,
    fold_nick,
    fold_or_self,
    fold_relayed,
    folds_alike,
    use_casemapping,
)
from trio_chat.storage.bans import SqliteBans
from trio_chat.storage.casemapping import change_casemapping
from trio_chat.storage.database import open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.state import SqliteStateStore


@pytest.fixture
def mapping(request: pytest.FixtureRequest) -> Iterator[str]:
    """Choose a case mapping for one test."""
    use_casemapping(request.param)
    yield request.param
    use_casemapping("precis")


@pytest.mark.parametrize(
    ("mapping", "one", "other", "are_same"),
    [
        ("ascii", "Ann[]", "aNN[]", True),
        ("ascii", "a[", "a{", False),
        ("ascii", "Ж", "ж", False),
        ("rfc1459", "A[]\\~", "a{}|^", True),
        ("rfc1459", "Ж", "ж", False),
        ("precis", "Ж", "ж", True),
        ("precis", "a[", "a{", False),
    ],
    indirect=["mapping"],
)
def test_which_names_are_the_same(mapping: str, one: str, other: str, are_same: bool) -> None:
    """Modern IRC, CASEMAPPING."""
    assert (fold_or_self(one) == fold_or_self(other)) is are_same


@pytest.mark.parametrize("mapping", ["ascii", "rfc1459"], indirect=True)
def test_without_precis_nicknames_are_ascii(mapping: str) -> None:
    """Of another script only channels may be, written in the one way that there is."""
    with pytest.raises(InvalidName):
        fold_nick("Иван", 30)
    assert fold_nick("Ann", 30) == "ann"
    assert fold_channel("#Чат", 30) == "#Чат"
    for unclear in ("#ﬁ", "#e\u0301", "#\u200bx", "#ｗ"):
        with pytest.raises(InvalidName):
            fold_channel(unclear, 30)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("precis", ["CASEMAPPING=ascii", "UTF8MAPPING=rfc8265"]),
        ("ascii", ["CASEMAPPING=ascii"]),
        ("rfc1459", ["CASEMAPPING=rfc1459"]),
    ],
    indirect=["mapping"],
)
def test_isupport_says_which(mapping: str, said: list[str]) -> None:
    """CASEMAPPING is what is done, in a word that clients know; of names beyond ASCII UTF8MAPPING
    says it.
    """
    assert [
        token for token in isupport.tokens(isupport.Lengths(), "x") if "MAPPING" in token
    ] == said
    assert names.current_casemapping() == mapping


@pytest.mark.parametrize("mapping", ["rfc1459"], indirect=True)
def test_a_server_that_folds_brackets(mapping: str) -> None:
    """ERR_NICKNAMEINUSE for a nickname that is the same name now."""
    town = Town()
    town.person("a[b]")
    assert commands(town.newcomer().say("NICK A{B}")) == ["433"]


def test_when_case_mappings_agree() -> None:
    """On ASCII names; with rfc1459 only without its pairs."""
    assert folds_alike("ann[", "precis", "ascii")
    assert not folds_alike("ann[", "precis", "rfc1459")
    assert folds_alike("ann", "ascii", "rfc1459")
    assert not folds_alike("ж", "precis", "ascii")
    assert folds_alike("ж", "ascii", "ascii")


async def test_a_database_remembers_its_case_mapping() -> None:
    """It goes on with another one as long as no name would change by it."""
    async with open_database(None) as database:
        await change_casemapping(database, "ascii")
        await database.write(
            lambda connection: connection.execute(
                "INSERT INTO buffer (name) VALUES ('#a'), ('1,~bob'), ('#Ж')"
            )
        )
        await change_casemapping(database, "ascii")
        with pytest.raises(StorageError, match="casemapping = ascii, and #Ж would"):
            await change_casemapping(database, "precis")
        await database.write(
            lambda connection: connection.execute("DELETE FROM buffer WHERE name = '#Ж'")
        )
        await change_casemapping(database, "rfc1459")
        await database.write(
            lambda connection: connection.execute(
                "INSERT INTO dropped VALUES ('a[', 'A[', 1, 1, 1)"
            )
        )
        with pytest.raises(StorageError, match="casemapping = rfc1459"):
            await change_casemapping(database, "precis")


@pytest.mark.parametrize("mapping", ["rfc1459"], indirect=True)
async def test_a_ban_is_lifted_for_good_with_another_case_mapping(mapping: str) -> None:
    """It is kept under the name by which it is found now, not under the one by which it was found
    when it was made.
    """
    ban = Ban(BanKind.MASK, "spam[*!*@*", "oper", "spam", 1)
    async with open_database(None) as database:
        await change_casemapping(database, "ascii")
        row = (ban.kind.value, "spam[*!*@*", *ban[1:6])
        await database.write(
            lambda connection: connection.execute(
                "INSERT INTO ban VALUES (?, ?, ?, ?, ?, ?, ?)", row
            )
        )
        await change_casemapping(database, mapping)
        bans = SqliteBans(database)
        (found,) = await bans.load()
        await SqliteStateStore(database).save(ChangeSet(bans={found.key: None}))
        assert await bans.load() == []


@pytest.mark.parametrize("name", ["क्रिस", "ปู", "ขุนทอง", "Иван", "José", "Ẹ̀niọlá", "たろう"])
def test_names_of_every_script(name: str) -> None:
    """RFC 8265 §3.3: also where a mark stands on the first letter."""
    assert fold_nick(name, 30)
    assert fold_channel(f"#{name}", 30)


@pytest.mark.parametrize("name", ["\u0301ann", "\u0941a", "\uff9ea"])
def test_no_name_begins_with_a_mark(name: str) -> None:
    """It would be drawn on the sign before it."""
    for text, fold_it in (
        (name, fold_nick),
        (f"#{name}", fold_channel),
        (f"ann/{name}", fold_relayed),
    ):
        with pytest.raises(InvalidName):
            fold_it(text, 30)


@pytest.mark.parametrize(
    ("casemapping", "utf8mapping", "one", "other", "are_same"),
    [
        ("ascii", "", "Ann[]~", "aNN[]~", True),
        ("ascii", "", "a[", "a{", False),
        ("ascii", "", "Ж", "ж", False),
        ("rfc1459", "", "A[]\\~", "a{}|^", True),
        ("rfc1459-strict", "", "A[]\\", "a{}|", True),
        ("rfc1459-strict", "", "a~", "a^", False),
        ("rfc7613", "", "Ж", "ж", True),
        ("precis", "", "Ж", "ж", True),
        ("ascii", "rfc8265", "Ж", "ж", True),
        ("rfc1459", "rfc8265", "A[Ж", "a{ж", False),
        ("rfc1459", "rfc8265", "A[", "a{", True),
        ("unheard-of", "", "A[", "a[", True),
        ("unheard-of", "unheard-of", "a[", "a{", False),
    ],
)
def test_names_are_compared_as_another_server_announces(
    casemapping: str, utf8mapping: str, one: str, other: str, are_same: bool
) -> None:
    """Modern IRC, CASEMAPPING; UTF8MAPPING concerns names beyond ASCII."""
    fold = fold_function(casemapping, utf8mapping)
    assert (fold(one) == fold(other)) is are_same
    assert fold is fold_function(casemapping, utf8mapping)


def test_a_name_that_precis_refuses_is_folded_to_itself() -> None:
    """Another server may have such names, and each is the same as itself only."""
    assert fold_function("ascii", "rfc8265")("ж\u200b") == "ж\u200b"


def test_long_names_are_not_cached() -> None:
    """They are folded like others; but strangers could fill the memory with them."""
    names._fold.cache_clear()
    casemapping._fold_precis_or_keep_cached.cache_clear()
    long = "Ж" * 1000
    assert fold_or_self(long) == fold_function("precis")(long) == "ж" * 1000
    assert names._fold.cache_info().currsize == 0
    assert casemapping._fold_precis_or_keep_cached.cache_info().currsize == 0

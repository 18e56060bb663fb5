"""Case mappings, and names that look like others."""

from collections.abc import Iterator

import pytest

from support import NOON, ListHistory, OpenAccounts, Town, commands, find
from trio_chat.chat.bans import Ban, Kind
from trio_chat.chat.identity import Memory
from trio_chat.chat.logins import forget_account
from trio_chat.irc import isupport, names
from trio_chat.irc.names import InvalidName, agree, fold, fold_channel, fold_nick, fold_or_self, use_casemapping
from trio_chat.irc.skeletons import skeleton
from trio_chat.storage.bans import SqliteBans
from trio_chat.storage.casemapping import settle
from trio_chat.storage.database import StorageError, open_database


@pytest.fixture
def mapping(request: pytest.FixtureRequest) -> Iterator[str]:
    """Choose a case mapping for one test."""
    use_casemapping(request.param)
    yield request.param
    use_casemapping("precis")


@pytest.mark.parametrize(
    ("mapping", "one", "other", "are_same"),
    [
        ("ascii", "Ann[]", "aNN[]", True), ("ascii", "a[", "a{", False), ("ascii", "Ж", "ж", False),
        ("rfc1459", "A[]\\~", "a{}|^", True), ("rfc1459", "Ж", "ж", False), ("precis", "Ж", "ж", True),
        ("precis", "a[", "a{", False),
    ],
    indirect=["mapping"],
)  # fmt: skip
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
    ("mapping", "token"), [("precis", "rfc7613"), ("ascii", "ascii"), ("rfc1459", "rfc1459")], indirect=["mapping"]
)
def test_isupport_says_which(mapping: str, token: str) -> None:
    """CASEMAPPING is what is done."""
    assert f"CASEMAPPING={token}" in isupport.tokens(isupport.Lengths(), "x")
    assert names.casemapping() == mapping


@pytest.mark.parametrize("mapping", ["rfc1459"], indirect=True)
def test_a_server_that_folds_brackets(mapping: str) -> None:
    """ERR_NICKNAMEINUSE for a nickname that is the same name now."""
    town = Town()
    town.person("a[b]")
    assert commands(town.newcomer().say("NICK A{B}")) == ["433"]


def test_when_case_mappings_agree() -> None:
    """On ASCII names; with rfc1459 only without its pairs."""
    assert agree("ann[", "precis", "ascii")
    assert not agree("ann[", "precis", "rfc1459")
    assert agree("ann", "ascii", "rfc1459")
    assert not agree("ж", "precis", "ascii")
    assert agree("ж", "ascii", "ascii")


async def test_a_database_remembers_its_case_mapping() -> None:
    """It goes on with another one as long as no name would change by it."""
    async with open_database(None) as database:
        await settle(database, "ascii")
        await database.write(
            lambda connection: connection.execute("INSERT INTO buffer (name) VALUES ('#a'), ('ann,~bob'), ('#Ж')")
        )
        await settle(database, "ascii")
        with pytest.raises(StorageError, match="casemapping = ascii, and #Ж would"):
            await settle(database, "precis")
        await database.write(lambda connection: connection.execute("DELETE FROM buffer WHERE name = '#Ж'"))
        await settle(database, "rfc1459")
        await database.write(lambda connection: connection.execute("INSERT INTO marker VALUES ('a[', '#a', 'x')"))
        with pytest.raises(StorageError, match="casemapping = rfc1459"):
            await settle(database, "precis")


@pytest.mark.parametrize("mapping", ["rfc1459"], indirect=True)
async def test_a_ban_is_lifted_for_good_with_another_case_mapping(mapping: str) -> None:
    """It is kept under the name by which it is found now, not under the one by which it was found when it was made."""
    ban = Ban(Kind.MASK, "spam[*!*@*", "oper", "spam", 1)
    async with open_database(None) as database:
        await settle(database, "ascii")
        row = (ban.kind.value, "spam[*!*@*", *ban[1:])
        await database.write(lambda connection: connection.execute("INSERT INTO ban VALUES (?, ?, ?, ?, ?, ?, ?)", row))
        await settle(database, mapping)
        bans = SqliteBans(database)
        (found,) = await bans.load()
        await bans.save({found.key: None})
        assert await bans.load() == []


# Look-alikes. The first е, а, о, р, с of each name below is Cyrillic.


@pytest.fixture
def town() -> Town:
    """A town with accounts."""
    accounts = OpenAccounts()
    accounts.add("evan", "sesame")
    accounts.add("сара", "sesame")
    return Town(memory=Memory(history=ListHistory(), accounts=accounts))


@pytest.mark.parametrize(
    ("name", "expected"), [("еvan", "evan"), ("evan", "evan"), ("l1rnm", "l1rnm"), ("сора", "copa"), ("ѡ", "w"), ("ω", "ω")]
)
def test_skeletons(name: str, expected: str) -> None:
    """UTS #39; names in ASCII are their own."""
    assert skeleton(fold(name)) == expected


@pytest.mark.parametrize("nick", ["еvan", "capa", "evan"])
def test_nobody_looks_like_an_account(town: Town, nick: str) -> None:
    """ERR_NICKNAMEINUSE, on coming and on changing the nickname; for its owner it is free."""
    newcomer = town.newcomer()
    assert "433" in commands(newcomer.say(f"NICK {nick}", "USER x 0 * :x"))
    ann = town.person("ann")
    assert commands(ann.say(f"NICK {nick}")) == ["FAIL", "433"]
    ann.say("NS IDENTIFY evan sesame", "NICK evan")
    assert commands(ann.say("NICK еvan")) == ["NICK"]


def test_nobody_looks_like_somebody_who_is_here(town: Town) -> None:
    """Whoever came first keeps the look; who leaves, or takes another name, gives it up."""
    bob = town.person("оtto")
    ann = town.person("ann")
    assert commands(ann.say("NICK otto")) == ["433"]
    assert "433" in commands(town.newcomer().say("NICK otto", "USER x 0 * :x"))
    bob.say("NICK bob")
    assert commands(ann.say("NICK otto")) == ["NICK"]
    assert commands(bob.say("NICK оtto")) == ["433"]
    ann.leave()
    assert commands(bob.say("NICK оttо")) == ["NICK"]
    assert commands(bob.say("NICK оtto")) == ["NICK"]


def test_nobody_looks_like_a_service(town: Town) -> None:
    """People tell these passwords."""
    assert commands(town.person("ann").say("NICK NiсkSеrv")) == ["433"]


def test_an_account_that_looks_like_another_cannot_be_registered(town: Town) -> None:
    """ACCOUNT_EXISTS."""
    ann = town.newcomer()
    ann.say("CAP REQ draft/account-registration")
    assert find(ann.say("NICK еvan", "REGISTER * * :longenough"), "FAIL").params[1] == "ACCOUNT_EXISTS"


def test_accounts_that_come_and_go_are_noticed(town: Town) -> None:
    """A new account is looked at, one that is gone is not."""
    accounts = town.world.accounts
    assert isinstance(accounts, OpenAccounts)
    ann = town.person("ann")
    assert commands(ann.say("NICK copa")) == ["NICK"]
    accounts.add("сора", "sesame")
    ann.say("NICK ann")
    assert "433" in commands(ann.say("NICK copa"))
    del accounts._known["сора"]
    accounts.add("оtto", "sesame")
    forget_account(town.world, "сора")
    assert "433" in commands(ann.say("NICK otto"))
    assert commands(ann.say("NICK copa")) == ["NICK"]
    assert town.clock() == NOON

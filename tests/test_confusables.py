"""Names that look like others (UTS #39): no user can be mistaken for an account, another user, or a
service.
"""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.names import fold
from trio_chat.irc.skeletons import loose_skeletons, skeletons


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return accounts of some people."""
    accounts = OpenAccounts()
    for name in ("evan", "Tom", "сара"):
        accounts.add(name, "sesame")
    return accounts


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a town with accounts."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def looks(name: str) -> set[str]:
    """Return the skeletons of a name."""
    return set(skeletons(name, fold(name)))


# One name a line; what stands beside it in other scripts looks like it.
ALIKE = {
    "Tom": [
        "Тom",
        "Tоm",
        "ТОМ",
        "тom",
        "Τom",
        "Tօm",
        "T\u0337om",
        "To\u0337\u0320m",
        "ᴛom",
        "Tоᴍ",
        "Tοm",
    ],
    "NickServ": [
        "ΝickServ",
        "NіckServ",
        "NIСKSERV",
        "ΝΙCΚSΕRV",
        "ɴickserv",
        "Niᴄkꜱerv",
        "NıckServ",
        "Nӏckserv",
    ],
    "sara": ["ᏚᎪᎡᎪ", "ѕаrа", "sаrа", "ꓢꓮꓣꓮ"],
    "Max": ["МАХ", "Мax", "Mаx", "Μax", "МаХ"],
    "bob": ["bоb", "bοb", "bօb", "BΟB", "ВОВ"],
    "pasha": ["раshа", "раsha", "ρasha"],
    "lori": ["ӏori", "Ιori", "Іori", "lоri", "lorі", "LΟRΙ"],
    "сора": ["copa", "cора", "COPA"],
}
APART = [
    ("Анна", "Инна"),
    ("Вова", "boba"),
    ("том", "tom"),
    ("Роман", "Рамон"),
    ("Миша", "Маша"),
    ("Zoé", "Zoe"),
    ("José", "Jose"),
    ("Νίκος", "Νίκη"),
    ("Нина", "Hina"),
    ("太郎", "次郎"),
    ("دانا", "دارا"),
    ("משה", "מאיה"),
    ("Işık", "Isik"),
    ("Оля", "Юля"),
    ("Сергей", "Cepreu"),
    ("Павел", "Pavel"),
    ("Ева", "Eve"),
    ("क्रिस", "क्रिश"),
]


@pytest.mark.parametrize(
    ("name", "other"), [(name, other) for name, others in ALIKE.items() for other in others]
)
def test_names_that_look_alike(name: str, other: str) -> None:
    """UTS #39 §4: they have a skeleton in common, as they are shown or as they are compared."""
    assert looks(name) & looks(other)


@pytest.mark.parametrize(("name", "other"), APART)
def test_names_that_do_not_look_alike(name: str, other: str) -> None:
    """Honest names of one script that differ can both be had."""
    assert not looks(name) & looks(other)


def test_skeletons_without_accents() -> None:
    """A reader who expects a certain name overlooks an accent or a small capital."""
    assert loose_skeletons("NįckSérv", fold("NįckSérv")) == loose_skeletons("NickServ", "nickserv")


@pytest.mark.parametrize("nick", ["еvan", "EVAΝ", "Тom", "TОM", "capa", "evan"])
def test_nobody_looks_like_an_account(town: Town, nick: str) -> None:
    """ERR_NICKNAMEINUSE, on coming and on changing the nickname."""
    newcomer = town.newcomer()
    assert "433" in commands(newcomer.say(f"NICK {nick}", "USER x 0 * :x"))
    assert commands(town.person("ann").say(f"NICK {nick}")) == ["FAIL", "433"]


@pytest.mark.parametrize("nick", ["MemoServ", "N1ckServ"])
def test_the_refusal_of_a_name_of_services_says_so(town: Town, nick: str) -> None:
    """Nobody has the name of a service of other networks here, so it would look like none."""
    (refusal,) = town.person("ann").say(f"NICK {nick}")
    assert refusal.command == "433"
    assert "like a service" in refusal.params[-1]


def test_the_owner_may_look_like_oneself(town: Town) -> None:
    """The nickname is free for its account, in other shapes, too."""
    ann = town.person("ann")
    ann.say("NS IDENTIFY evan sesame", "NICK evan")
    assert commands(ann.say("NICK еvan")) == ["NICK"]


def test_the_own_name_in_capitals_may_look_like_another(town: Town, accounts: OpenAccounts) -> None:
    """`том` is nobody else's name, but `ТОМ` looks like Tom; names that were registered before can
    both be had.
    """
    accounts.add("том", "sesame")
    ann = town.person("ann")
    ann.say("NS IDENTIFY том sesame")
    assert commands(ann.say("NICK том")) == ["NICK"]
    assert "433" in commands(ann.say("NICK ТОМ"))
    tom = town.person("guest")
    tom.say("NS IDENTIFY tom sesame")
    assert commands(tom.say("NICK Tom")) == ["NICK"]


def test_nobody_looks_like_somebody_who_is_here(town: Town) -> None:
    """The first user keeps the look, and gives it up by leaving or with another name."""
    bob = town.person("Оtto")
    ann = town.person("ann")
    assert commands(ann.say("NICK Otto")) == ["433"]
    assert "433" in commands(town.newcomer().say("NICK otto", "USER x 0 * :x"))
    bob.say("NICK bob")
    assert commands(ann.say("NICK otto")) == ["NICK"]
    assert commands(bob.say("NICK Оtto")) == ["433"]
    ann.leave()
    assert commands(bob.say("NICK оttо")) == ["NICK"]
    assert commands(bob.say("NICK Оtto")) == ["NICK"]


def test_another_shape_of_the_own_nickname_is_looked_at_too(town: Town) -> None:
    """The same name in capitals can look like another user's; its former skeletons are freed."""
    anna, boba = town.person("вова"), town.person("boba")
    assert commands(anna.say("NICK ВОВА")) == ["433"]
    boba.say("NICK bob")
    assert commands(anna.say("NICK ВОВА")) == ["NICK"]
    assert commands(boba.say("NICK boba")) == ["433"]
    anna.say("NICK вова")
    assert commands(boba.say("NICK boba")) == ["NICK"]


@pytest.mark.parametrize(
    "nick",
    [
        "ΝickServ",
        "NiсkSеrv",
        "NICКSERV",
        "ɴickServ",
        "NįckServ",
        "N1ckServ",
        "NlckServ",
        "СhanServ",
        "ChánServ",
    ],
)
def test_nobody_looks_like_a_service(town: Town, nick: str) -> None:
    """People tell these their passwords."""
    assert commands(town.person("ann").say(f"NICK {nick}")) == ["433"]
    newcomer = town.newcomer()
    assert "433" in commands(newcomer.say(f"NICK {nick}", "USER x 0 * :x"))


@pytest.mark.parametrize("nick", ["еvan", "Тom", "ΝickServ"])
def test_an_account_that_looks_like_another_cannot_be_registered(town: Town, nick: str) -> None:
    """ACCOUNT_EXISTS, before the connection is complete; afterwards nobody has such a nickname."""
    ann = town.newcomer()
    ann.say("CAP REQ draft/account-registration")
    assert (
        find(ann.say(f"NICK {nick}", "REGISTER * * :longenough"), "FAIL").params[1]
        == "ACCOUNT_EXISTS"
    )


def test_an_account_that_looks_like_somebody_here_cannot_be_registered(town: Town) -> None:
    """Otherwise it would keep that one from the nickname."""
    town.person("Otto")
    ann = town.newcomer()
    ann.say("CAP REQ draft/account-registration")
    assert (
        find(ann.say("NICK Оtto", "REGISTER * * :longenough"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    )


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator."""
    root = town.person("root")
    assert root.session.user is not None
    town.appoint(root.session.user, Operator(name="root", password="x"))
    return root


@pytest.mark.parametrize("name", ["еvan", "Тom", "ΝickServ"])
def test_an_operator_registers_no_look_alike(root: Person, name: str) -> None:
    """NickServ SAREGISTER."""
    assert (
        "belongs to somebody"
        in find(root.say(f"NS SAREGISTER {name} longenough"), "NOTICE").params[1]
    )


def test_an_operator_gives_nobody_the_look_of_another(town: Town, root: Person) -> None:
    """SANICK gives a nickname that nobody else has."""
    town.person("Otto")
    town.person("ann")
    assert commands(root.say("SANICK ann Оtto")) == ["433"]
    assert commands(root.say("SANICK ann ΝickServ")) == ["433"]


def test_accounts_that_come_and_go_are_noticed(town: Town, accounts: OpenAccounts) -> None:
    """A new account is looked at; one that is gone is, too, until its name is free."""
    ann = town.person("ann")
    assert commands(ann.say("NICK kopa")) == ["NICK"]
    accounts.add("кора", "sesame")
    ann.say("NICK ann")
    gone = accounts.add("Оtto", "sesame")
    assert "433" in commands(ann.say("NICK Otto"))
    accounts.drop(gone)
    apply(town.world, AccountDeleted(gone))
    assert "433" in commands(ann.say("NICK Otto"))
    accounts.release("оtto")
    assert commands(ann.say("NICK Otto")) == ["NICK"]
    assert town.clock() == NOON


def test_an_account_that_was_just_registered_is_noticed(town: Town) -> None:
    """Without reading all the others again."""
    ann, bob = town.person("Αnn"), town.person("bob")
    bob.say("NICK bobo", "NICK bob")  # so that the accounts have been read
    ann.say("NS REGISTER longenough", "NICK elsewhere")
    assert "433" in commands(bob.say("NICK Ann"))


@pytest.mark.parametrize(
    ("name", "other"),
    [("#lobby", "#lоbby"), ("#lobby", "#LΟBBY"), ("#Сhat", "#chat"), ("#чат0", "#чатО")],
)
def test_no_channel_looks_like_another(name: str, other: str) -> None:
    """ERR_BADCHANNAME: people would say there what is for the other; when that one is gone, the
    name is free.
    """
    town = Town(ServerInfo(created=NOON, lobby=""))
    ann, bob = town.person("ann", name), town.person("bob")
    assert commands(bob.say(f"JOIN {other}")) == ["479"]
    assert (
        find(town.person("tim", "#x").say(f"RENAME #x {other}"), "FAIL").params[1]
        == "CHANNEL_NAME_IN_USE"
    )
    ann.say(f"PART {name}")
    assert "JOIN" in commands(bob.say(f"JOIN {other}"))


def test_a_channel_may_take_a_name_that_looks_like_its_own(town: Town) -> None:
    """It is the only one that looks so; of the old look nothing stays."""
    ann, bob = town.person("ann", "#сhat"), town.person("bob")
    assert "PART" in commands(ann.say("RENAME #сhat #chat"))
    town.clock.now += 61
    ann.say("RENAME #chat #talk")
    assert "JOIN" in commands(bob.say("JOIN #chat"))


@pytest.mark.parametrize(
    ("line", "command"), [("RELAYMSG #a NіckServ/irc :x", "FAIL"), ("NPC #a NickSеrv :x", "573")]
)
def test_nobody_speaks_as_a_service(town: Town, line: str, command: str) -> None:
    """Not as somebody from another network, nor as a character."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +E")
    assert commands(ann.say(line)) == [command]

"""Probation of new accounts and addresses, and notices of storms of users."""

from dataclasses import replace

import pytest

from moderation_fakes import code, remembering
from storage_fakes import OpenAccounts
from support import Person, Town, commands
from trio_chat.chat import snapshot
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountRegistered,
    ProbationBegun,
    ProbationEnded,
    ServerModerationRead,
)
from trio_chat.chat.credentials import Email
from trio_chat.chat.moderation import probation
from trio_chat.chat.moderation.probation import ModerationRules, ProbationTable
from trio_chat.chat.moderation.probation_rules import (
    is_on,
    why_account_may_not_upload,
    why_not_upload,
)
from trio_chat.chat.operator_blocks import Operator

RULES = ModerationRules(probation_hours=24, probation_messages=3, probation_per_minute=2)


@pytest.fixture
def accounts() -> OpenAccounts:
    """Return the accounts of the world."""
    return OpenAccounts()


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with probation."""
    town = remembering(accounts)
    town.world.server_info = replace(town.world.server_info, moderation=RULES)
    return town


@pytest.fixture
def ann(town: Town, accounts: OpenAccounts) -> Person:
    """Return the founder of a registered channel, with an account that is known."""
    accounts.add("ann", "secret")
    ann = town.person("ann_", host="192.0.2.1")
    ann.say("NS IDENTIFY ann secret", "NICK ann", "JOIN #a", "CS REGISTER #a")
    ann.read()
    return ann


@pytest.fixture
def eve(town: Town, ann: Person) -> Person:
    """Return a guest from a new address, in #a."""
    eve = town.person("eve", "#a", host="192.0.2.66")
    ann.read()
    return eve


LINKS = [
    "see http://evil.com",
    "see evil.com",
    "see example[.]com",
    "hxxp://evil.com/x",
    "http://ev\u200bil.com",
    "www.\u0435vil.org",
    "http://xn--vil-qdd.com/",
    "evil dot com",
    "h\u202ettp://evil.com",
    "https://ev%69l.com/",
]


@pytest.mark.parametrize("text", LINKS, ids=range(len(LINKS)))
def test_a_new_address_sends_no_links(ann: Person, eve: Person, text: str) -> None:
    """In any spelling; nor as a topic, an away message or a reason."""
    assert code(eve, f"PRIVMSG #a :{text}") == "PROBATION"
    assert code(eve, f"AWAY :{text}") == "MESSAGE_FILTERED"
    assert ann.read() == []
    eve.say(f"PART #a :{text}")
    assert all("evil" not in each.params[-1] for each in ann.read())


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("AWAY", "The away message"),
        ("SETNAME", "The real name"),
        ("TOPIC #e", "The topic"),
        ("METADATA * SET url", "The value"),
    ],
)
def test_a_refused_link_is_no_matter_of_a_filter(eve: Person, line: str, what: str) -> None:
    """The answer says that links are not allowed yet, and not that a word is not."""
    eve.say("JOIN #e")
    (answer,) = eve.say(f"{line} :see https://example.org/")
    assert answer.params[-1].startswith(f"{what} is refused: links are not allowed yet, as you")


def test_a_new_address_sends_few_messages(town: Town, eve: Person) -> None:
    """In a minute."""
    codes = [code(eve, f"PRIVMSG #a :{number}") for number in range(3)]
    assert codes == ["", "", "PROBATION"]
    town.clock.now += 60
    assert code(eve, "PRIVMSG #a :again") == ""


def test_it_writes_to_no_strangers(town: Town, ann: Person, eve: Person) -> None:
    """It can answer, and write to operators of the server."""
    root = town.person("root", host="198.51.100.1")
    town.appoint(root.session.user, Operator(name="root", password="x"))
    eve.say("JOIN #own")
    assert code(eve, "PRIVMSG ann :hi") == "PROBATION"
    assert code(eve, "INVITE ann #own") == "PROBATION"
    assert code(eve, "PRIVMSG root :help") == ""
    ann.say("PRIVMSG eve :who are you?")
    assert code(eve, "PRIVMSG ann :eve") == ""


def test_it_uploads_no_files(town: Town, ann: Person, eve: Person) -> None:
    """Until it is over."""
    assert why_not_upload(town.world, eve.session)
    assert not why_not_upload(town.world, ann.session)
    town.clock.now += 24 * 3600
    assert not why_not_upload(town.world, eve.session)


def test_accepted_messages_end_it(town: Town, ann: Person, eve: Person) -> None:
    """Three of them; refused ones do not count."""
    ann.say("CS FILTER #a ADD refuse spam")
    for _ in range(9):
        assert code(eve, "PRIVMSG #a :http://evil.com") == "PROBATION"
        assert code(eve, "PRIVMSG #a :spam") == "MESSAGE_FILTERED"
    for number in range(3):
        town.clock.now += 60
        assert code(eve, f"PRIVMSG #a :{number}") == ""
    assert code(eve, "PRIVMSG #a :http://evil.com") == ""
    eve.leave()
    again = town.person("eve2", "#a", host="192.0.2.66")
    assert not is_on(town.world, again.session)


def test_messages_in_an_own_channel_do_not_end_it(town: Town, ann: Person, eve: Person) -> None:
    """Nor do private ones: nobody has to accept them."""
    eve.say("JOIN #own")
    ann.say("PRIVMSG eve :hi")
    for _ in range(4):
        town.clock.now += 60
        assert code(eve, "PRIVMSG #own :hello") == ""
        assert code(eve, "PRIVMSG ann :hello") == ""
    assert code(eve, "PRIVMSG #a :http://evil.com") == "PROBATION"


def test_a_voice_in_a_registered_channel_ends_it(town: Town, ann: Person, eve: Person) -> None:
    """In another channel it does not: anybody can make one."""
    eve.say("JOIN #own")
    mallory = town.person("mallory", "#own", host="192.0.2.67")
    eve.say("MODE #own +v mallory")
    assert is_on(town.world, mallory.session)
    ann.say("MODE #a +v eve")
    assert not is_on(town.world, eve.session)


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        ({}, True),
        ({"invitation": "x"}, False),
        ({"email": Email("a@example.org", is_verified=True)}, False),
        ({"email": Email("a@example.org", is_verified=False)}, True),
        ({"identity": ("issuer", "subject")}, False),
    ],
    ids=["plain", "invited", "verified", "unverified", "linked"],
)
def test_a_new_account_is_on_probation(
    town: Town, accounts: OpenAccounts, change: dict[str, object], is_new: bool
) -> None:
    """Unless its user is known."""
    account = accounts.add("bob", "secret")
    apply(town.world, AccountRegistered(account, **change))  # type: ignore[arg-type]
    bob = town.person("bob_", host="192.0.2.9")
    bob.say("NS IDENTIFY bob secret")
    assert is_on(town.world, bob.session) is is_new
    assert bool(why_account_may_not_upload(town.world, account.id)) is is_new
    apply(town.world, ProbationEnded(f"@{account.id}"))
    assert not is_on(town.world, bob.session)


def test_the_exemptions_are_configured(town: Town, accounts: OpenAccounts) -> None:
    """None, for instance."""
    rules = replace(RULES, probation_exempt=())
    town.world.server_info = replace(town.world.server_info, moderation=rules)
    account = accounts.add("bob", "secret")
    apply(town.world, AccountRegistered(account, invitation="x"))
    assert why_account_may_not_upload(town.world, account.id)


def test_an_operator_registers_known_accounts(town: Town, ann: Person) -> None:
    """By SAREGISTER."""
    town.appoint(ann.session.user, Operator(name="root", password="x"))
    ann.say("NS SAREGISTER carl secret1")
    assert town.world.accounts is not None
    number = town.world.accounts.known["carl"].id
    assert not why_account_may_not_upload(town.world, number)


def test_without_probation_nothing_is_remembered(town: Town) -> None:
    """And messages cost nothing."""
    town.world.server_info = replace(town.world.server_info, moderation=ModerationRules())
    town.person("eve", "#a", host="192.0.2.66").say("PRIVMSG #a :http://evil.com")
    assert not town.world.moderation.restrains
    assert "moderation" not in snapshot.take(town.world)


def test_it_persists_and_is_in_a_snapshot(town: Town, eve: Person, accounts: OpenAccounts) -> None:
    """Until the account is deleted."""
    account = accounts.add("bob", "secret")
    apply(town.world, AccountRegistered(account))
    eve.say("PRIVMSG #a :one")
    moderation = town.world.moderation
    rows = [row for key in moderation.row_keys() if (row := moderation.row(key))]
    other = Town()
    apply(other.world, ServerModerationRead(tuple(rows)))
    assert other.world.moderation.probation.all == moderation.probation.all
    third = Town()
    third.world.moderation.restore(snapshot.take(town.world)["moderation"])
    assert third.world.moderation.probation.all == moderation.probation.all
    apply(town.world, AccountDeleted(account))
    assert f"@{account.id}" not in moderation.probation.all


def test_many_addresses_free_none(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is bounded, and one that was forgotten counts as new."""
    monkeypatch.setattr(probation, "_MOST", 3)
    first = town.person("first", "#a", host="192.0.2.10")
    for number in range(4):
        apply(town.world, ProbationBegun(f"198.51.100.{number}"))
    table = town.world.moderation.probation
    assert len(table.all) == 3
    assert table.get("192.0.2.10") is None
    assert is_on(town.world, first.session)


def test_addresses_are_forgotten_after_a_month(town: Town) -> None:
    """The oldest first, unless their probation lasts longer."""
    table = ProbationTable()
    table.put("b", probation.Probation(0, 86_400 * 20))
    table.put("a", probation.Probation(0, 0))
    table.sort()
    now = 86_400 * 31
    assert table.outdated(now, RULES, is_one_more=True) == ["a"]
    longer = replace(RULES, probation_hours=24 * 60)
    assert table.outdated(now, longer, is_one_more=True) == []


def test_the_next_guest_has_old_addresses_forgotten(town: Town) -> None:
    """Also in the database, though the table is not full; one that was away so long is new."""
    world = town.world
    town.person("old", host="192.0.2.10").leave()
    apply(world, ProbationEnded("192.0.2.10"))
    town.clock.now += 86_400 * 31
    world.dirty.moderation.clear()
    town.person("next", host="192.0.2.11")
    assert set(world.moderation.probation.all) == {"192.0.2.11"}
    assert world.dirty.moderation == {("probation", "192.0.2.10"), ("probation", "192.0.2.11")}
    assert is_on(world, town.person("again", host="192.0.2.10").session)


@pytest.mark.parametrize(
    ("host", "is_known", "is_bot", "ends"),
    [
        ("192.0.2.66", True, False, False),
        ("192.0.2.77", False, False, False),
        ("192.0.2.77", True, True, False),
        ("192.0.2.77", True, False, True),
    ],
    ids=["own address", "new, too", "a bot", "known"],
)
def test_only_what_a_known_user_reads_ends_it(
    town: Town, eve: Person, *, host: str, is_known: bool, is_bot: bool, ends: bool
) -> None:
    """Several users of one person make none of them known by talking to each other."""
    other = town.person("other", "#own", host=host)
    eve.say("JOIN #own")
    user = other.session.user
    assert user is not None
    if is_known:
        user.account_id = 77
    if is_bot:
        other.say("MODE other +B")
    for number in range(6):
        town.clock.now += 60
        eve.say(f"PRIVMSG #own :{number}")
    assert is_on(town.world, eve.session) is not ends


def test_a_storm_is_noticed_once(town: Town) -> None:
    """Operators get advice; accounts do not count."""
    rules = ModerationRules(storm=3)
    town.world.server_info = replace(town.world.server_info, moderation=rules)
    root = town.person("root", host="198.51.100.1")
    town.appoint(root.session.user, Operator(name="root", password="x"))
    root.say("MODE root +s")
    town.clock.now += 61
    for number in range(5):
        town.person(f"u{number}", host=f"192.0.2.{number + 1}")
    newcomers = [town.newcomer(f"192.0.2.{number + 50}") for number in range(3)]
    for number, each in enumerate(newcomers):
        each.say(f"NICK v{number}", "USER v 0 * :v")
    assert not any("raid" in each.params[-1] for each in root.read())
    town.clock.now += 601
    for number in range(3):
        each = town.newcomer(f"192.0.2.{number + 60}")
        each.say(f"NICK w{number}", "USER w 0 * :w")
    advice = [each.params[-1] for each in root.read() if "/raid on" in each.params[-1]]
    assert len(advice) == 1
    assert "3 users without an account" in advice[0]
    assert commands(root.say("PING x")) == ["PONG"]

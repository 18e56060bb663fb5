"""Second factors: how they are set up, what asks for a code, and what needs none."""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
import scramp
import trio
import trio.testing

from account_fakes import plain, with_sasl
from cluster_town import Client, ClusterTown
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, run_now
from test_app_passwords import keeper
from test_cluster_accounts import ADMIN, notices
from trio_chat.chat import authentication, totp
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Busy, Login, Origin, Refreshed
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import CodeUsed, SecondFactorSet
from trio_chat.chat.events import Event
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.second_factors import MOST_WRONG, CodeRequired, CodeUse, SecondFactor
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.server.state import change_set, load_state
from trio_chat.server.watchers import watch_accounts
from trio_chat.storage import account_maintenance
from trio_chat.storage.state import SqliteStateStore

SECRET = re.compile(r"secret=([A-Z2-7]{32})")
RECOVERY = re.compile(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b")


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with the account Ann."""
    accounts.passwords["ann"] = "horse12"
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def code(town: Town, skew: int = 0) -> str:
    """Return what the authenticator of Ann shows now, or some steps later."""
    factor = town.world.second_factors.of(1)
    assert factor is not None
    return totp.code_at(factor.secret, totp.step_at(town.clock.now) + skew)


def wait(town: Town) -> None:
    """Let another code be shown."""
    town.clock.now += totp.PERIOD


def enrolled(town: Town) -> tuple[Person, list[str]]:
    """Have Ann set up a second factor; return her session and her recovery codes."""
    ann = town.person("owner")
    ann.say("NS IDENTIFY ann horse12")
    found = SECRET.search(notices(ann, "NS 2FA ON horse12"))
    assert found is not None
    secret = base64.b32decode(found[1])
    shown = totp.code_at(secret, totp.step_at(town.clock.now))
    codes = RECOVERY.findall(notices(ann, f"NS 2FA CONFIRM {shown}"))
    assert len(codes) == 10
    wait(town)
    return ann, codes


def log_in(town: Town, given: str, nick: str = "phone") -> Person:
    """Return a user that has tried to log in."""
    person = town.person(nick)
    person.say(f"NS IDENTIFY ann {given}")
    return person


def by_plain(town: Town, given: str) -> list[str]:
    """Return the replies to a login by SASL PLAIN."""
    replies = with_sasl(town).say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', given)}")
    return [" ".join((reply.command, *reply.params)) for reply in replies[1:]]


def test_a_second_factor_is_on_once_a_code_has_proved_it(town: Town) -> None:
    """Who mistypes the key is not locked out."""
    ann = town.person("owner")
    ann.say("NS IDENTIFY ann horse12")
    shown = notices(ann, "NS 2FA ON horse12")
    assert "otpauth://totp/" in shown
    assert "not the code" in notices(ann, "NS 2FA CONFIRM 000000")
    assert town.world.second_factors.of(1) is None
    assert log_in(town, "horse12").session.account == "Ann"


def test_a_session_alone_sets_up_no_second_factor(town: Town, accounts: OpenAccounts) -> None:
    """A thief of the session, or of an app password, could keep the owner out."""
    thief = town.person("thief")
    thief.say("NS IDENTIFY ann horse12")
    for line in ("2FA ON", "2FA ON wrong", "2FA CONFIRM 123456"):
        assert "otpauth" not in notices(thief, f"NS {line}")
    assert len(town.world.second_factors) == 0


def test_a_password_that_ends_like_a_code_is_changed_first(
    town: Town, accounts: OpenAccounts
) -> None:
    """Its end would be taken for the code."""
    accounts.passwords["ann"] = "horse 123456"
    ann = log_in(town, "horse 123456")
    assert "Change the password first" in notices(ann, "NS 2FA ON horse 123456")
    assert ann.session.enrolment is None


@pytest.mark.parametrize("form", ["{}", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}"])
def test_a_code_after_the_password_logs_in(town: Town, form: str) -> None:
    """By IDENTIFY with or without the account, and by SASL PLAIN; also with a space in it."""
    enrolled(town)
    assert log_in(town, f"horse12 {form.format(code(town))}").session.account == "Ann"
    wait(town)
    assert "903" in by_plain(town, f"horse12 {form.format(code(town))}")[-1]
    wait(town)
    open_rules = AccountRules(reservation="off")
    town.world.server_info = replace(town.world.server_info, account_rules=open_rules)
    bare = town.person("Ann")
    bare.say(f"NS IDENTIFY horse12 {form.format(code(town))}")
    assert bare.session.account == "Ann"


def test_a_password_without_a_code_is_refused_with_what_to_do(town: Town) -> None:
    """A client can act on the code of FAIL; it counts as no wrong password."""
    enrolled(town)
    replies = by_plain(town, "horse12")
    assert replies[0].startswith("FAIL AUTHENTICATE CODE_REQUIRED ")
    assert replies[1].startswith("904 ")
    phone = town.person("phone")
    assert "<password> <code>" in notices(phone, "NS IDENTIFY ann horse12")
    assert (phone.session.account, phone.session.failed_logins) == ("", 0)


def test_pass_takes_a_code(town: Town) -> None:
    """A login by PASS is told what is missing, as one by SASL is, and takes the code."""
    enrolled(town)
    phone = town.newcomer()
    missing, refusal = phone.say("PASS :ann:horse12")
    assert missing.params[:2] == ("PASS", "CODE_REQUIRED")
    assert refusal.command == "464"
    phone.say(f"PASS :ann:horse12 {code(town)}")
    assert phone.session.account == "Ann"


@pytest.mark.parametrize("given", ["wrong", "wrong {code}", "horse12 {wrong}", "{code}", "{wrong}"])
def test_wrong_passwords_and_wrong_codes_look_the_same(town: Town, given: str) -> None:
    """A wrong code does not say that the password was right."""
    enrolled(town)
    right = code(town)
    wrong = "000000" if right != "000000" else "111111"
    replies = by_plain(town, given.format(code=right, wrong=wrong))
    assert [reply.split()[0] for reply in replies] == ["904"]
    assert "wrong account or password" in replies[0]


def test_a_code_is_used_once(town: Town) -> None:
    """By whichever way it comes, and no code of before after it."""
    enrolled(town)
    used, before = code(town), code(town, -1)
    assert log_in(town, f"horse12 {used}").session.account == "Ann"
    assert log_in(town, f"horse12 {used}", "second").session.account == ""
    assert log_in(town, f"horse12 {before}", "third").session.account == ""
    assert "904" in by_plain(town, f"horse12 {used}")[0]


def test_the_code_that_confirmed_the_second_factor_does_not_log_in(town: Town) -> None:
    """It may have been seen."""
    ann = town.person("owner")
    ann.say("NS IDENTIFY ann horse12")
    found = SECRET.search(notices(ann, "NS 2FA ON horse12"))
    assert found is not None
    shown = totp.code_at(base64.b32decode(found[1]), totp.step_at(town.clock.now))
    ann.say(f"NS 2FA CONFIRM {shown}")
    assert log_in(town, f"horse12 {shown}").session.account == ""


@pytest.mark.parametrize("mark", ["-", ""])
def test_a_recovery_code_may_be_typed_without_its_hyphens(town: Town, mark: str) -> None:
    """It is the same code, which is used then."""
    ann, codes = enrolled(town)
    typed = codes[0].replace("-", mark)
    assert log_in(town, f"horse12 {typed}").session.account == "Ann"
    assert log_in(town, f"horse12 {codes[0]}", "second").session.account == ""
    assert "left: 9 of 10" in notices(ann, "NS 2FA STATUS")


def test_a_recovery_code_is_used_once(town: Town) -> None:
    """In any case; STATUS says how many are left."""
    ann, codes = enrolled(town)
    assert log_in(town, f"horse12 {codes[0].upper()}").session.account == "Ann"
    assert log_in(town, f"horse12 {codes[0]}", "second").session.account == ""
    assert "left: 9 of 10" in notices(ann, "NS 2FA STATUS")


def test_new_recovery_codes_replace_the_old_ones(town: Town) -> None:
    """They need a code."""
    ann, codes = enrolled(town)
    assert RECOVERY.findall(notices(ann, "NS 2FA CODES horse12")) == []
    fresh = RECOVERY.findall(notices(ann, f"NS 2FA CODES horse12 {code(town)}"))
    assert len(fresh) == 10
    assert log_in(town, f"horse12 {codes[0]}").session.account == ""
    assert log_in(town, f"horse12 {fresh[0]}", "second").session.account == "Ann"


def test_an_app_password_needs_no_code(town: Town, accounts: OpenAccounts) -> None:
    """It is for programs that cannot ask for one; it does not switch the second factor off."""
    ann, _ = enrolled(town)
    password = notices(ann, "NS APPPASSWORD ADD phone").split(" is: ")[1].split()[0]
    phone = log_in(town, password)
    assert phone.session.app_password
    for given in (password, f"{password} {code(town)}", f"horse12 {password}"):
        assert "wrong" in notices(phone, f"NS 2FA OFF {given}")
    assert town.world.second_factors.of(1) is not None


def test_scram_is_refused_after_the_proof(town: Town) -> None:
    """It can carry no code. Without the password nobody learns that there is a second factor."""
    enrolled(town)
    for password, code_of in (("horse12", "CODE_REQUIRED"), ("wrong", "")):
        person = with_sasl(town)
        client = scramp.ScramClient(["SCRAM-SHA-256"], "ann", password)
        first = base64.b64encode(client.get_client_first().encode()).decode()
        replies = person.say("AUTHENTICATE SCRAM-SHA-256", f"AUTHENTICATE {first}")
        client.set_server_first(base64.b64decode(replies[-1].params[0]).decode())
        final = base64.b64encode(client.get_client_final().encode()).decode()
        replies = person.say(f"AUTHENTICATE {final}")
        assert replies[-1].command == "904"
        assert (replies[0].params[1] if replies[0].command == "FAIL" else "") == code_of
        assert ("SCRAM cannot carry" in replies[-1].params[-1]) is bool(code_of)
        assert person.session.account == ""


def test_a_second_factor_that_is_set_up_during_scram_counts(town: Town) -> None:
    """The exchange had begun before."""
    person = with_sasl(town)
    client = scramp.ScramClient(["SCRAM-SHA-256"], "ann", "horse12")
    first = base64.b64encode(client.get_client_first().encode()).decode()
    replies = person.say("AUTHENTICATE SCRAM-SHA-256", f"AUTHENTICATE {first}")
    client.set_server_first(base64.b64decode(replies[-1].params[0]).decode())
    person.say(f"AUTHENTICATE {base64.b64encode(client.get_client_final().encode()).decode()}")
    enrolled(town)
    assert "903" not in [reply.command for reply in person.say("AUTHENTICATE +")]
    assert person.session.account == ""


@pytest.mark.parametrize("line", ["SET PASSWORD horse12 another1", "DROP horse12"])
def test_the_password_and_the_account_are_changed_with_a_code(
    town: Town, accounts: OpenAccounts, line: str
) -> None:
    """A session and the password are not enough."""
    ann, _ = enrolled(town)
    assert "needs a code" in notices(ann, f"NS {line}")
    assert accounts.passwords["ann"] == "horse12"
    assert 1 in accounts.by_id
    answer = notices(ann, f"NS {line} {code(town)}")
    assert "is changed" in answer or "is deleted" in answer


def test_off_needs_a_code(town: Town) -> None:
    """After it, the password alone logs in."""
    ann, _ = enrolled(town)
    assert "needs a code" in notices(ann, "NS 2FA OFF horse12")
    assert "second factor is off" in notices(ann, f"NS 2FA OFF horse12 {code(town)}")
    assert log_in(town, "horse12").session.account == "Ann"


def test_it_cannot_be_set_up_again_while_it_is_on(town: Town) -> None:
    """Another secret would lock the owner out."""
    ann, _ = enrolled(town)
    before = town.world.second_factors.of(1)
    assert "OFF" in notices(ann, "NS 2FA ON horse12")
    assert "OFF" in notices(ann, "NS 2FA CONFIRM 123456")
    assert town.world.second_factors.of(1) == before


def test_an_operator_removes_a_second_factor(town: Town) -> None:
    """For an owner that has lost everything; it is recorded."""
    enrolled(town)
    root, eve = town.person("root"), town.person("eve")
    assert "do not know" in notices(eve, "NS SA2FAOFF ann")
    town.appoint(root.session.user, ADMIN)
    assert "removed" in notices(root, "NS SA2FAOFF ann")
    assert "no second factor" in notices(root, "NS SA2FAOFF ann")
    assert log_in(town, "horse12").session.account == "Ann"


def test_an_account_that_is_deleted_leaves_no_second_factor(town: Town) -> None:
    """Its number is never used again, but its secret is gone."""
    ann, _ = enrolled(town)
    assert "is deleted" in notices(ann, f"NS DROP horse12 {code(town)}")
    assert len(town.world.second_factors) == 0


def test_an_account_with_another_password_leaves_nothing_when_it_is_deleted(town: Town) -> None:
    """What was checked before the change counts no longer, but the deletion does."""
    ann = log_in(town, "horse12")
    ann.say("NS SET PASSWORD horse12 horse34", "CAP REQ draft/metadata-2")
    ann.say("METADATA * SET url :https://example.org", "NS DROP horse34")
    assert town.world.metadata.get(1, {}) == {}
    assert ann.session.account == ""


def test_many_wrong_codes_from_anywhere_lock_codes(town: Town) -> None:
    """Who has the password cannot guess a code from many addresses; recovery codes still count."""
    ann, codes = enrolled(town)
    for number in range(MOST_WRONG):
        guesser = town.newcomer(f"198.51.100.{number}")
        guesser.say(f"NICK g{number}", "USER u 0 * :u", "NS IDENTIFY ann horse12 000000")
    phone = town.person("phone")
    assert "Too many wrong codes" in notices(phone, f"NS IDENTIFY ann horse12 {code(town)}")
    assert log_in(town, f"horse12 {codes[0]}", "tablet").session.account == "Ann"
    assert f"UTC: {MOST_WRONG}" in notices(ann, "NS 2FA STATUS")


def test_wrong_passwords_lock_no_codes(town: Town) -> None:
    """Only somebody with the password can lock the owner's authenticator."""
    enrolled(town)
    for number in range(MOST_WRONG + 1):
        log_in(town, "wrong 000000", f"g{number}")
    assert log_in(town, f"horse12 {code(town)}").session.account == "Ann"


def test_a_factor_is_stored_with_the_state_and_deleted(town: Town) -> None:
    """The set of changes has it as a whole, and an empty value when it is off."""
    ann, _ = enrolled(town)
    stored = change_set(town.world, town.world.dirty.take()).second_factors
    factor = town.world.second_factors.of(1)
    assert factor is not None
    assert stored == {1: factor.to_state()}
    ann.say(f"NS 2FA OFF horse12 {code(town)}")
    assert change_set(town.world, town.world.dirty.take()).second_factors == {1: {}}


ROOT = Operator(name="root", account="ann", account_id=1, rights=frozenset({"accounts"}))


def oper(person: Person) -> str:
    """Return how OPER is answered."""
    replies = person.say("OPER root")
    return next(each.params[1] if each.command == "FAIL" else each.command for each in replies)


def test_operators_need_two_factors_where_the_server_says_so(town: Town) -> None:
    """Neither an account without the second factor nor an app password is enough."""
    rules = AccountRules(operators_second_factor=True)
    town.world.server_info = replace(
        town.world.server_info, account_rules=rules, operators={"root": ROOT}
    )
    bare = log_in(town, "horse12", "bare")
    assert oper(bare) == "SECOND_FACTOR_REQUIRED"
    ann, _ = enrolled(town)
    password = notices(ann, "NS APPPASSWORD ADD phone").split(" is: ")[1].split()[0]
    assert oper(log_in(town, password)) == "SECOND_FACTOR_REQUIRED"
    assert oper(log_in(town, f"horse12 {code(town)}", "admin")) == "381"


def test_operators_need_one_factor_elsewhere(town: Town) -> None:
    """It is the choice of the server."""
    town.world.server_info = replace(town.world.server_info, operators={"root": ROOT})
    assert oper(log_in(town, "horse12")) == "381"


# In the database.


async def test_second_factors_are_stored_and_removed_by_a_command() -> None:
    """What a command removes beside the server is not there after a start, nor stays in memory."""
    async with keeper() as (accounts, database):
        store, factor = SqliteStateStore(database), SecondFactor(bytes(20), 7, 8, ("a",), 1, 9)
        await store.save(ChangeSet(second_factors={1: factor.to_state(), 99: factor.to_state()}))
        world = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).world
        await load_state(world, store)
        assert world.second_factors.of(1) == factor
        assert len(world.second_factors) == 1
        await accounts.refresh()
        await database.write(account_maintenance._remove_second_factor, accounts.by_id[1])
        await store.save(ChangeSet(second_factors={1: factor.to_state()}))  # of a login meanwhile
        refreshed = await accounts.refresh()
        assert refreshed == Refreshed(unprotected=(accounts.by_id[1],))
        assert (await store.load()).second_factors == {}
        assert await accounts.refresh() == Refreshed()


async def test_a_server_that_is_running_notices_what_a_command_removes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Within seconds; the removal is stored, and done then."""
    async with keeper() as (accounts, database), trio.open_nursery() as nursery:
        town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
        town.world.second_factors.put(1, SecondFactor(bytes(20), 0))
        await accounts.refresh()
        nursery.start_soon(watch_accounts, town.world, accounts, announce)
        await database.write(account_maintenance._remove_second_factor, accounts.by_id[1])
        with trio.fail_after(1_000_000):  # of a clock that does not wait for the threads
            while town.world.second_factors.of(1) is not None:  # noqa: ASYNC110
                await trio.sleep(60)
        changes = change_set(town.world, town.world.dirty.take())
        await SqliteStateStore(database).save(changes)
        rows = await database.read(
            lambda connection: connection.execute("SELECT count(*) FROM second_factor_reset").get
        )
        assert rows == 0
        nursery.cancel_scope.cancel()


async def test_a_removal_of_nothing_is_not_in_the_log(
    caplog: pytest.LogCaptureFixture, autojump_clock: trio.testing.MockClock
) -> None:
    """The command has said that there is no second factor, and notes the removal all the same."""
    noticed: list[object] = []

    async def note(change: Callable[[], Iterable[Event]]) -> None:
        await announce(change)
        noticed.append(change)

    async with keeper() as (accounts, database), trio.open_nursery() as nursery:
        town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
        await accounts.refresh()
        nursery.start_soon(watch_accounts, town.world, accounts, note)
        await database.write(account_maintenance._remove_second_factor, accounts.by_id[1])
        with trio.fail_after(1_000_000):  # of a clock that does not wait for the threads
            while not noticed:  # noqa: ASYNC110
                await trio.sleep(60)
        assert "was removed" not in caplog.text
        nursery.cancel_scope.cancel()


async def announce(  # noqa: ASYNC124  # the port
    change: Callable[[], Iterable[Event]],
) -> None:
    """Carry out a change."""
    change()


# In a cluster.


def protected(cluster: ClusterTown) -> str:
    """Have a second factor on all nodes; return the code that counts now."""
    secret = bytes(20)
    apply(cluster.here.world, SecondFactorSet(1, SecondFactor(secret, 0)))
    cluster.carry_out()
    return totp.code_at(secret, totp.step_at(cluster.now))


def test_a_code_is_used_on_one_node_only() -> None:
    """All nodes know that it was."""
    cluster = ClusterTown()
    shown = protected(cluster)
    first, second = cluster.here.person("ann"), cluster.there.person("bob")
    first.say(f"NS IDENTIFY acc1 secret {shown}")
    second.say(f"NS IDENTIFY acc1 secret {shown}")
    assert (first.session.account_id, second.session.account_id) == (1, 0)
    cluster.check()


def test_the_log_decides_which_of_two_logins_has_a_code() -> None:
    """Both nodes have found it right before either has read of the other's use."""
    cluster = ClusterTown()
    shown = protected(cluster)
    ann = cluster.here.person("ann")
    step = totp.step_at(cluster.now)
    apply(cluster.there.world, CodeUsed(1, CodeUse(step), "of the other node"))
    before = cluster.here.world.second_factors.of(1)
    assert before is not None
    assert before.step == 0
    ann.say(f"NS IDENTIFY acc1 secret {shown}")
    assert ann.session.account_id == 0
    cluster.check()


def test_a_login_before_registration_uses_a_code_on_all_nodes() -> None:
    """No other node knows the session yet."""
    cluster = ClusterTown()
    shown = protected(cluster)
    client = Client(cluster.here)
    client.say("CAP REQ :sasl", "AUTHENTICATE PLAIN")
    replies = client.say(f"AUTHENTICATE {plain('acc1', f'secret {shown}')}")
    assert "903" in [reply.command for reply in replies]
    factor = cluster.there.world.second_factors.of(1)
    assert factor is not None
    assert factor.step == totp.step_at(cluster.now)
    cluster.check()


def test_wrong_codes_are_counted_by_all_nodes_together() -> None:
    """Another node is no fresh start for guesses."""
    cluster = ClusterTown()
    protected(cluster)
    for number, node in enumerate((cluster.here, cluster.there) * (MOST_WRONG // 2)):
        node.person(f"g{number}").say("NS IDENTIFY acc1 secret 999999")
    factor = cluster.here.world.second_factors.of(1)
    assert factor is not None
    assert factor.is_locked(cluster.now)
    cluster.check()


# With hashes and the lockout.

HOME = Origin("192.0.2.1")


def test_a_code_that_is_given_without_need_is_a_part_of_the_password(
    town: Town, accounts: OpenAccounts
) -> None:
    """Without a second factor a password may end like a code."""
    accounts.passwords["ann"] = "horse 123456"
    login = run_now(authentication.verify_login(town.world, "ann", "horse 123456", HOME))
    assert login == Login(accounts.by_id[1])


async def test_wrong_codes_count_as_wrong_passwords() -> None:
    """After too many, this address is refused for the account."""
    async with keeper(failed_logins=2) as (accounts, _):
        town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
        town.world.second_factors.put(1, SecondFactor(bytes(20), 0))
        for _ in range(2):
            with pytest.raises(CodeRequired):
                await authentication.verify_login(town.world, "ann", "horse12", HOME)
        for _ in range(2):
            given = "horse12 000000"
            assert await authentication.verify_login(town.world, "ann", given, HOME) is None
        with pytest.raises(Busy):
            await authentication.verify_login(town.world, "ann", f"horse12 {code(town)}", HOME)

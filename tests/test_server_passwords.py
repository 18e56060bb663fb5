"""Passwords in the server: a fair queue for hashing, and a lockout of clients that guess."""

from collections.abc import Callable

import pytest
import scramp
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from support import Clock, Town, commands, find
from trio_chat.chat.accounts import Account, Busy, Origin
from trio_chat.chat.attempts import Attempts
from trio_chat.chat.sasl import SaslFailed, ScramExchange
from trio_chat.chat.second_factors import SecondFactors
from trio_chat.config import (
    LimitSettings,
    OperatorSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)
from trio_chat.server.accounts import COSTS, open_accounts
from trio_chat.server.app import Server
from trio_chat.server.control import ServerControl
from trio_chat.server.fair_queue import FairQueue, Lane
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.lockout import WINDOW, Lockout
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import open_database

OFFICE = Origin("192.0.2.1")
HOME = Origin("198.51.100.7")
LAPTOP = Origin("192.0.2.1", "ab" * 32)
QUICK = LimitSettings(failed_logins=3, failed_logins_per_address=6, failed_login_delay=0)


def is_sesame(_hash: str, said: str) -> bool:
    """Compare what was said with the right word."""
    return said == "sesame"


# The queue.


class Line:
    """Tasks that want a place of a queue, one at a time, and the order in which they get it."""

    def __init__(self, nursery: trio.Nursery, queue: FairQueue) -> None:
        self.nursery = nursery
        self.queue = queue
        self.served: list[str] = []
        self.refused: list[str] = []
        self.scopes: dict[str, trio.CancelScope] = {}
        self._next = trio.Semaphore(0)

    async def come(self, *names: str, lane: Lane = Lane.UNKNOWN) -> None:
        """Have tasks wait: `a1` is the first of the address `a`."""
        for name in names:
            self.nursery.start_soon(self._wait, name, lane)
            await wait_all_tasks_blocked()

    async def _wait(self, name: str, lane: Lane) -> None:
        with trio.CancelScope() as self.scopes[name]:
            try:
                async with self.queue.place(name[0], lane):
                    self.served.append(name)
                    await self._next.acquire()
            except Busy:
                self.refused.append(name)

    async def finish(self, count: int = 1) -> None:
        """Have the tasks that have a place leave it, one after the other."""
        for _ in range(count):
            self._next.release()
            await wait_all_tasks_blocked()


async def test_addresses_take_turns(nursery: trio.Nursery) -> None:
    """An address that asks for many waits for them; another one waits for one."""
    line = Line(nursery, FairQueue(1, 10))
    await line.come("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    await line.finish(7)
    assert line.served == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_who_is_likely_to_be_right_comes_first(nursery: trio.Nursery) -> None:
    """Known devices before unknown ones, these before addresses that were wrong; but every fourth
    place is for the last.
    """
    line = Line(nursery, FairQueue(1, 20))
    await line.come("x")
    await line.come("s1", "s2", lane=Lane.SUSPECT)
    await line.come("u1", "u2", lane=Lane.UNKNOWN)
    await line.come("k1", "k2", "k3", "k4", lane=Lane.KNOWN)
    await line.finish(9)
    assert line.served == ["x", "k1", "k2", "k3", "s1", "k4", "u1", "u2", "s2"]


async def test_who_has_the_most_gives_way_when_the_queue_is_full(nursery: trio.Nursery) -> None:
    """The newest of those of this address is refused; one more of it is, too."""
    line = Line(nursery, FairQueue(1, 3))
    await line.come("a1", "a2", "a3", "a4", "b1", "a5")
    assert line.refused == ["a4", "a5"]
    await line.finish(4)
    assert line.served == ["a1", "a2", "b1", "a3"]


async def test_a_full_queue_refuses_the_suspects_first(nursery: trio.Nursery) -> None:
    """However few of an address they are; and for them nobody else is refused."""
    line = Line(nursery, FairQueue(1, 2))
    await line.come("x")
    await line.come("s1", lane=Lane.SUSPECT)
    await line.come("a1", "a2")
    await line.come("s2", lane=Lane.SUSPECT)
    assert line.refused == ["s1", "s2"]
    assert len(line.queue) == 2


async def test_who_leaves_waits_no_longer(nursery: trio.Nursery) -> None:
    """Cancelled while waiting, nothing of it stays; cancelled when it has just been given a place,
    the next one gets that.
    """
    line = Line(nursery, FairQueue(1, 10))
    await line.come("a1", "b1", "c1", "d1")
    line.scopes["b1"].cancel()
    await wait_all_tasks_blocked()
    assert len(line.queue) == 2
    line._next.release()
    line.scopes["a1"].cancel()  # it leaves its place, and
    line.scopes["c1"].cancel()  # the task that was given it leaves before it runs
    await wait_all_tasks_blocked()
    assert line.served == ["a1", "d1"]
    assert len(line.queue) == 0


async def test_all_places_are_used(nursery: trio.Nursery) -> None:
    """As many hashes as there are places run at a time."""
    line = Line(nursery, FairQueue(2, 10))
    await line.come("a1", "a2", "a3")
    assert line.served == ["a1", "a2"]
    await line.finish(3)
    await line.come("a4", "a5", "a6")
    assert line.served == ["a1", "a2", "a3", "a4", "a5"]
    await line.finish(3)


# The lockout.


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock(1000.0)


@pytest.fixture
def lockout(clock: Clock) -> Lockout:
    """Return a lockout after three, or six for all of an address."""
    return Lockout("account", 3, 6, clock)


def guess(lockout: Lockout, name: str, origin: Origin, count: int) -> None:
    """Be wrong some times."""
    for _ in range(count):
        lockout.note_wrong(name, origin)


def test_only_the_account_that_is_guessed_at_is_locked_and_only_from_there(
    lockout: Lockout,
) -> None:
    """Others behind the same address can log in, and its owner can from elsewhere."""
    guess(lockout, "ann", OFFICE, 2)
    lockout.refuse("ann", OFFICE)
    guess(lockout, "ann", OFFICE, 1)
    with pytest.raises(
        Busy, match="Too many wrong passwords for ann came from where you are, try again in 10m"
    ):
        lockout.refuse("ann", OFFICE)
    lockout.refuse("bob", OFFICE)
    lockout.refuse("ann", HOME)


def test_a_lockout_ends(lockout: Lockout, clock: Clock) -> None:
    """After its window; the text says when."""
    guess(lockout, "ann", OFFICE, 3)
    clock.now += WINDOW - 61
    with pytest.raises(Busy, match="1m1s"):
        lockout.refuse("ann", OFFICE)
    clock.now += 61
    lockout.refuse("ann", OFFICE)


def test_a_network_of_ipv6_is_one_device(lockout: Lockout) -> None:
    """One client has all addresses of a /64; and IPv4 in IPv6 is IPv4."""
    for number in range(3):
        guess(lockout, "ann", Origin(f"2001:db8::{number}"), 1)
        guess(
            lockout, "bob", Origin(("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201")[number]), 1
        )
    for name, address in (("ann", "2001:db8::ffff:1:2:3"), ("bob", "192.0.2.1")):
        with pytest.raises(Busy):
            lockout.refuse(name, Origin(address))
    lockout.refuse("ann", Origin("2001:db8:0:1::1"))


def test_a_known_device_is_let_through(lockout: Lockout) -> None:
    """An address from which the account has been logged in to may be wrong more often, but not for
    ever.
    """
    lockout.note_right("ann", OFFICE)
    guess(lockout, "ann", OFFICE, 5)
    lockout.refuse("ann", OFFICE)
    guess(lockout, "ann", OFFICE, 1)
    with pytest.raises(Busy):
        lockout.refuse("ann", OFFICE)


def test_a_known_certificate_is_let_through(lockout: Lockout) -> None:
    """A known certificate logs in from an address that is locked out; an unknown one does not."""
    guess(lockout, "ann", OFFICE, 6)
    with pytest.raises(Busy):
        lockout.refuse("ann", LAPTOP)
    lockout.note_right("ann", LAPTOP._replace(address=HOME.address))
    lockout.refuse("ann", LAPTOP)
    with pytest.raises(Busy):
        lockout.refuse("bob", LAPTOP)


def test_an_address_that_tries_many_accounts_is_refused(lockout: Lockout) -> None:
    """Passwords of all accounts count for the address; known devices still pass."""
    lockout.note_right("bob", OFFICE)
    for number in range(6):
        guess(lockout, f"account{number}", OFFICE, 1)
    with pytest.raises(Busy, match="Too many wrong passwords came from your address"):
        lockout.refuse("ann", OFFICE)
    lockout.refuse("bob", OFFICE)
    lockout.refuse("ann", HOME)


def test_a_lockout_is_logged_once(lockout: Lockout, caplog: pytest.LogCaptureFixture) -> None:
    """For the account, with the address; and for the address."""
    guess(lockout, "ann", OFFICE, 8)
    assert [record.getMessage() for record in caplog.records] == [
        "too many wrong passwords for the account ann from 192.0.2.1: refused for 10m",
        "too many wrong passwords for accounts from 192.0.2.1: only known devices pass for 10m",
    ]


def test_long_names_are_counted_by_their_beginning(lockout: Lockout) -> None:
    """No account has such a name, and as a whole they would fill the memory."""
    for number in range(3):
        lockout.note_wrong("x" * 1000 + str(number), OFFICE)
    with pytest.raises(Busy):
        lockout.refuse("x" * 1000, OFFICE)


def test_what_is_counted_is_bounded(clock: Clock) -> None:
    """The key that was counted longest ago gives way."""
    attempts = Attempts(WINDOW, clock, most_keys=3)
    for key in ("a", "b", "a", "c", "d"):
        attempts.note(key)
    assert [attempts.count(key) for key in "abcd"] == [2, 0, 1, 1]


# All of it.


async def test_a_wrong_password_is_answered_late(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a right one at once; the place of another task in the queue is not kept."""
    threads = HashingThreads(LimitSettings(failed_login_delay=2, password_threads=1))

    async def hash_here(work: Callable[..., bool], *args: str) -> bool:
        await trio.lowlevel.checkpoint()
        return work(*args)

    monkeypatch.setattr(threads, "_hash", hash_here)  # the clock would jump while a thread works
    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(
                threads.check, threads.accounts, "ann", OFFICE, is_sesame, "hash", "wrong"
            )
    assert trio.current_time() - started == 2
    assert await threads.check(threads.accounts, "ann", OFFICE, is_sesame, "hash", "sesame")
    assert trio.current_time() - started == 2


async def test_nobody_logs_in_with_a_decoy() -> None:
    """Even if the password should fit what stands for an account that does not exist."""
    threads = HashingThreads(QUICK)
    assert not await threads.check(
        threads.accounts, "ann", OFFICE, is_sesame, "hash", "sesame", is_decoy=True
    )


class Gate:
    """A comparison that blocks its thread until it is opened."""

    def __init__(self) -> None:
        self.opened = trio.Event()
        self.hashed = 0

    def verify(self, _hash: str, said: str) -> bool:
        """Wait, then compare."""
        trio.from_thread.run(self.opened.wait)
        self.hashed += 1
        return said == "sesame"


class Turnstile:
    """A comparison that blocks its thread with a wrong password, once so many have passed."""

    def __init__(self, passes: int) -> None:
        self.passes = trio.Semaphore(passes)

    def verify(self, _hash: str, said: str) -> bool:
        """Compare; a right password passes always."""
        if said != "sesame":
            trio.from_thread.run(self.passes.acquire)
        return said == "sesame"


async def outcome(
    threads: HashingThreads,
    origin: Origin,
    verify: Callable[..., bool],
    said: str,
    outcomes: list[str],
) -> None:
    """Add to outcomes what came of a password of Ann's."""
    try:
        outcomes.append(
            str(await threads.check(threads.accounts, "ann", origin, verify, "hash", said))
        )
    except Busy as error:
        outcomes.append(str(error)[:30])


async def test_all_behind_one_address_can_log_in_at_once() -> None:
    """However many they are: right passwords wait for each other and are not counted."""
    threads, gate, outcomes = HashingThreads(QUICK), Gate(), list[str]()
    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(outcome, threads, OFFICE, gate.verify, "sesame", outcomes)
        gate.opened.set()
    assert outcomes == ["True"] * 50


async def test_many_guesses_at_once_are_not_more_than_one_after_the_other() -> None:
    """Those that wait are refused without being hashed as soon as the limit is reached."""
    threads, gate, outcomes = HashingThreads(QUICK), Gate(), list[str]()
    async with trio.open_nursery() as nursery:
        for _ in range(30):
            nursery.start_soon(outcome, threads, OFFICE, gate.verify, "wrong", outcomes)
        await wait_all_tasks_blocked(0.01)
        gate.opened.set()
    assert gate.hashed <= 4  # three, and one that another thread had begun
    assert outcomes.count("Too many wrong passwords for a") == 30 - gate.hashed


async def test_a_right_password_overtakes_those_of_who_was_wrong(nursery: trio.Nursery) -> None:
    """Of two hundred that wait from an address that guesses, hardly any is hashed before it."""
    threads = HashingThreads(LimitSettings(failed_logins=1000, failed_logins_per_address=1000))
    gate = Turnstile(0)
    guess(threads.accounts, "bob", OFFICE, 1)
    for number in range(200):
        nursery.start_soon(
            threads.check,
            threads.accounts,
            f"account{number}",
            OFFICE,
            gate.verify,
            "hash",
            "wrong",
        )
    await wait_all_tasks_blocked()
    for _ in range(8):
        gate.passes.release()
    with trio.fail_after(60):  # otherwise a queue that does not give her a place would hang
        assert await threads.check(threads.accounts, "ann", HOME, gate.verify, "hash", "sesame")
    for _ in range(200):
        gate.passes.release()
    nursery.cancel_scope.cancel()


async def test_every_hash_counts() -> None:
    """Right passwords of one account from one address, and changes of it, are limited in a
    minute.
    """
    threads = HashingThreads(LimitSettings(password_checks_per_minute=3))
    for _ in range(2):
        assert await threads.check(threads.accounts, "ann", OFFICE, is_sesame, "hash", "sesame")
    assert await threads.change("ann", OFFICE, str.upper, "new") == "NEW"
    with pytest.raises(Busy, match="in a minute"):
        await threads.change("ann", OFFICE, str.upper, "new")
    with pytest.raises(Busy, match="in a minute"):
        await threads.check(threads.accounts, "ann", OFFICE, is_sesame, "hash", "sesame")
    assert await threads.check(threads.accounts, "bob", OFFICE, is_sesame, "hash", "sesame")


async def test_accounts_that_are_made_at_once_count(nursery: trio.Nursery) -> None:
    """Before their passwords are hashed."""
    threads, gate, refused = (
        HashingThreads(LimitSettings(registrations_per_hour=2)),
        Gate(),
        list[str](),
    )

    async def make() -> None:
        try:
            await threads.make_new(OFFICE, gate.verify, "hash", "x")
        except Busy as error:
            refused.append(str(error))

    for _ in range(5):
        nursery.start_soon(make)
    await wait_all_tasks_blocked(0.01)
    assert len(refused) == 3
    gate.opened.set()


async def test_operators_and_accounts_do_not_lock_out_each_other() -> None:
    """OPER is possible from an address that guesses passwords of accounts, and the other way
    round.
    """
    settings = Settings(
        storage=StorageSettings(file=None), operators=(OperatorSettings(name="root", password="x"),)
    )
    threads = HashingThreads(QUICK)
    control = ServerControl(Server(settings, Clock(), None), COSTS["low"], threads)
    hashed = COSTS["low"].hasher().hash("secret word")
    guess(threads.accounts, "root", OFFICE, 6)
    assert await control.is_password("root", hashed, "secret word", OFFICE)
    for _ in range(6):
        assert not await control.is_password("root", hashed, "wrong", OFFICE)
    with pytest.raises(Busy):
        await control.is_password("root", hashed, "secret word", OFFICE)
    assert await control.is_password("root", hashed, "secret word", HOME)
    assert await threads.check(threads.accounts, "bob", HOME, is_sesame, "hash", "sesame")


async def wrong_proof(exchange: ScramExchange) -> None:
    """Prove by SCRAM not to know the password."""
    client = scramp.ScramClient(["SCRAM-SHA-256"], "ann", "wrong")
    answer = (await exchange.take(client.get_client_first().encode())).answer
    client.set_server_first(answer.decode())
    with pytest.raises(SaslFailed):
        await exchange.take(client.get_client_final().encode())


async def test_wrong_proofs_of_scram_count_too() -> None:
    """A client that is locked out gets no keys, and its proof is not looked at, even one that was
    begun before.
    """
    async with open_database(None) as database:
        threads = HashingThreads(LimitSettings(failed_logins=1, failed_login_delay=0))
        accounts = await open_accounts(SqliteAccounts(database), COSTS["low"], threads)
        begun = ScramExchange(accounts, OFFICE, SecondFactors())
        await begun.take(b"n,,n=ann,r=nonce")
        await wrong_proof(ScramExchange(accounts, OFFICE, SecondFactors()))
        with pytest.raises(Busy):
            await accounts.scram_keys("ann", OFFICE)
        with pytest.raises(Busy):
            await accounts.verify("ann", "x", OFFICE)
        with pytest.raises(Busy):
            await begun.take(b"c=biws,r=nonce,p=x")
        assert await accounts.scram_keys("bob", OFFICE)


async def test_a_device_is_known_once_the_password_was_right() -> None:
    """Any proof of the account makes a device known, its registration included."""
    async with open_database(None) as database:
        threads = HashingThreads(QUICK)
        accounts = await open_accounts(SqliteAccounts(database), COSTS["low"], threads)
        await accounts.create(Account("ann", "ann", 0), await accounts.prepare("sesame", OFFICE))
        assert not threads.accounts.is_known("ann", OFFICE)
        accounts.note_right("ann", LAPTOP)
        assert threads.accounts.is_known("ann", OFFICE)
        assert threads.accounts.is_known("ann", LAPTOP._replace(address=HOME.address))


async def test_the_password_of_the_server_cannot_be_guessed() -> None:
    """PASS: after some wrong ones from an address none is looked at; an address that has known it
    is let through.
    """
    settings = Settings(
        storage=StorageSettings(file=None), server=ServerSettings(password="sesame")
    )
    world = Server(settings, Clock(), None, HashingThreads(QUICK)).world
    town = Town(world.server_info)
    town.world.control = world.control

    def come(password: str, address: str) -> str:
        person = town.newcomer(address)
        person.say(f"PASS {password}", "NICK ann", "USER ann 0 * :x")
        ended, is_here = person.ended, person.session.user is not None
        person.leave()
        return "here" if is_here else ended

    assert [come("wrong", "192.0.2.1") for _ in range(3)] == ["Password incorrect"] * 3
    assert "Too many wrong passwords" in come("sesame", "192.0.2.1")
    assert come("sesame", "192.0.2.2") == "here"
    assert [come("wrong", "192.0.2.2") for _ in range(4)] == ["Password incorrect"] * 4
    assert come("sesame", "192.0.2.2") == "here"
    await trio.lowlevel.checkpoint()


def test_oper_is_told_the_truth(town: Town) -> None:
    """FAIL OPER TRY_AGAIN_LATER with the reason."""
    ann = town.person("ann")
    assert find(ann.say("OPER root x"), "FAIL").params[1:] == (
        "TRY_AGAIN_LATER",
        "Too many wrong passwords for root",
    )
    assert commands(ann.say("PING x")) == ["PONG"]


class BusyControl:
    """An edge that looks at no password."""

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Refuse."""
        raise Busy(f"Too many wrong passwords for {name}")


@pytest.fixture
def town() -> Town:
    """Return a town whose operators are guessed at."""
    town = Town()
    town.world.control = BusyControl()  # type: ignore[assignment]
    return town

"""Codes of letters in a cluster: they count on all nodes."""

import re

import pytest

from cluster_simulation import make_world
from cluster_town import Client, ClusterTown
from support import commands, find
from trio_chat.chat import snapshot
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.changes import Change, VerificationBegun
from trio_chat.chat.verification import (
    LETTERS_PER_EMAIL,
    LIFETIME,
    MOST_TRIES,
    Letter,
)
from trio_chat.chat.world import World
from trio_chat.cluster.codec import encode
from trio_chat.cluster.entries import Check, Decided, Entry
from trio_chat.cluster.machine import LogClock, Machine

ADDRESS = "tester@example.org"


class LetterBox:
    """A mail service of one node."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        """Take a letter."""
        self.letters.append(letter)

    @property
    def code(self) -> str:
        """The code in the last letter."""
        found = re.search(r"^    (\w+)$", self.letters[-1].text, re.MULTILINE)
        assert found
        return found[1]


def make(clock: LogClock) -> World:
    """Return a world in which accounts need a verified address."""
    world = make_world(clock)
    rules = AccountRules(email="verified")
    object.__setattr__(world.server_info, "account_rules", rules)
    return world


class MailTown(ClusterTown):
    """A cluster of two nodes, each of which sends letters."""

    def __init__(self) -> None:
        super().__init__(make)
        self.changes: list[Change] = []
        self.here.world.observers.append(self.changes.append)
        self.box, self.other_box = LetterBox(), LetterBox()
        self.here.world.mail, self.there.world.mail = self.box, self.other_box

    def ask(self, nick: str = "tester", email: str = ADDRESS) -> Client:
        """Return a client of one node that was sent a code."""
        client = self.here.person(nick)
        answer = find(client.say(f"REGISTER * {email} hunter2"), "REGISTER")
        assert answer.params[0] == "VERIFICATION_REQUIRED"
        return client


@pytest.fixture
def town() -> MailTown:
    """Return a cluster."""
    return MailTown()


@pytest.mark.parametrize("line", ["VERIFY tester {}", "NS VERIFY tester {}"])
def test_a_code_counts_on_another_node(town: MailTown, line: str) -> None:
    """Behind a load balancer, a client may come back there."""
    town.ask().leave()
    client = town.there.person("tester")
    client.say(line.format(town.box.code))
    for node in town.nodes:
        assert node.world.accounts is not None
        assert "tester" in node.world.accounts.known
        assert not len(node.world.verifications)
    assert town.here.world.users["tester"].account == "tester"
    town.check()


def test_the_code_is_not_in_the_log(town: MailTown) -> None:
    """Its hash is; neither is the password."""
    town.ask()
    [begun] = [each for each in town.changes if isinstance(each, VerificationBegun)]
    written = encode(Entry("a", 1, 1, (Decided(begun),)))
    assert town.box.code.encode() not in written.lower()
    assert town.box.code not in repr(snapshot.take(town.here.world)).lower()
    assert "hunter2" not in repr(begun)


def test_a_code_counts_once(town: MailTown) -> None:
    """Also if it is given on two nodes at the same time."""
    first = town.ask()
    second = town.there.person("second")
    first.say(f"VERIFY tester {town.box.code}")
    answer = find(second.say(f"VERIFY tester {town.box.code}"), "FAIL")
    assert answer.params[1] == "INVALID_CODE"
    town.check()


def test_wrong_codes_count_on_all_nodes(town: MailTown) -> None:
    """After too many, the right one does not count."""
    town.ask()
    for number in range(MOST_TRIES):
        node = town.nodes[number % 2]
        client = node.person(f"guest{number}")
        assert find(client.say("VERIFY tester wrong"), "FAIL").params[1] == "INVALID_CODE"
        assert len(town.here.world.verifications) == (number < MOST_TRIES - 1)
    last = town.there.person("last")
    assert find(last.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1] == "INVALID_CODE"
    town.check()


def test_a_code_expires_by_the_clock_of_the_log(town: MailTown) -> None:
    """On all nodes at the same entry."""
    town.ask()
    town.now += LIFETIME - 10
    town.here.submit(Check())
    town.carry_out()
    assert len(town.there.world.verifications) == 1
    town.check()
    town.now += 10
    town.here.submit(Check())
    town.carry_out()
    client = town.there.person("client")
    assert find(client.say(f"VERIFY tester {town.box.code}"), "FAIL").params[1] == "INVALID_CODE"
    town.check()


def test_of_two_registrations_of_a_name_the_first_in_the_log_waits(town: MailTown) -> None:
    """The other one gets no letter."""
    first = town.ask()
    begun = next(each for each in town.changes if isinstance(each, VerificationBegun))
    first.say(f"VERIFY tester {town.box.code}")
    other = town.there.person("other")
    account = begun.account._replace(name="other", folded="other")
    town.here.decide(
        VerificationBegun(account, "x@example.org", begun.credentials, "00" * 32, begun.until)
    )
    answer = find(other.say(f"REGISTER * {ADDRESS} hunter2"), "FAIL")
    assert answer.params[1] == "ACCOUNT_EXISTS"
    assert not town.other_box.letters
    town.check()


def test_a_second_letter_replaces_the_first_code(town: MailTown) -> None:
    """On all nodes, if the same session asks."""
    client = town.ask()
    old = town.box.code
    assert commands(client.say(f"REGISTER * {ADDRESS} hunter2")) == ["REGISTER"]
    assert len(town.there.world.verifications) == 1
    other = town.there.person("other")
    assert find(other.say(f"VERIFY tester {old}"), "FAIL").params[1] == "INVALID_CODE"
    assert find(other.say(f"VERIFY tester {town.box.code}"), "VERIFY").params[0] == "SUCCESS"
    town.check()


def test_letters_to_one_address_count_on_all_nodes(town: MailTown) -> None:
    """A mailbox is not flooded by turns."""
    for number in range(LETTERS_PER_EMAIL):
        town.ask(f"name{number}")
    client = town.there.person("another")
    answer = find(client.say(f"REGISTER * {ADDRESS} hunter2"), "FAIL")
    assert answer.params[1] == "UNACCEPTABLE_EMAIL"
    assert not town.other_box.letters
    town.check()


def test_a_node_that_starts_from_a_snapshot_knows_the_codes(town: MailTown) -> None:
    """With what is left of their tries."""
    town.ask()
    town.here.person("guest").say("VERIFY tester wrong")
    machine = Machine(make)
    machine.restore(town.here.machine.to_state())
    assert machine.digest() == town.here.machine.digest()
    pending, is_right = machine.world.verifications.find("tester", town.box.code)
    assert pending is not None
    assert is_right
    assert pending.tries == MOST_TRIES - 1

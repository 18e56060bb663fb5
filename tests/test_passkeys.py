"""Passkeys: they are added with the password, log in from the page, and are removed."""

import base64
import json
from typing import Any

import pytest

from account_fakes import with_sasl
from authenticator import PRESENT, Authenticator
from cluster_simulation import make_world
from cluster_town import Client, ClusterTown
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town
from test_app_passwords import keeper
from test_cluster_accounts import notices
from trio_chat.chat import totp
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PasskeyAdded, PasskeyUsed
from trio_chat.chat.passkeys import MOST, Passkey, Passkeys, RelyingParty, relying_party
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.sasl import pieces
from trio_chat.chat.second_factors import SecondFactor
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.server.passkeys import WebAuthnVerifier
from trio_chat.server.state import change_set, load_state
from trio_chat.storage.state import SqliteStateStore

URL = "https://chat.example.org:5000/"
ORIGIN, HOST = "https://chat.example.org:5000", "chat.example.org"


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a server that has passkeys, with the account Ann."""
    accounts.passwords["ann"] = "horse12"
    info = ServerInfo(created=NOON, account_rules=AccountRules(passkeys=URL))
    town = Town(info, storage=StoragePorts(history=ListHistory(), accounts=accounts))
    town.world.passkeys.verifier = WebAuthnVerifier()
    return town


@pytest.fixture
def device() -> Authenticator:
    """Return a device whose browser shows the page."""
    return Authenticator(ORIGIN, HOST)


def begin(person: Person, mechanism: str = "X-TRIO-CHAT-PASSKEY") -> dict[str, Any]:
    """Begin an exchange; return the server's challenge."""
    replies = person.say(f"AUTHENTICATE {mechanism}", "AUTHENTICATE +")
    text = "".join(each.params[0] for each in replies[1:] if each.command == "AUTHENTICATE")
    challenge: dict[str, Any] = json.loads(base64.b64decode(text))
    return challenge


def finish(person: Person, answer: object) -> str:
    """Send the browser's answer; return the last numeric."""
    lines = [f"AUTHENTICATE {piece}" for piece in pieces(json.dumps(answer).encode())]
    return person.say(*lines)[-1].command


def added(town: Town, device: Authenticator, nick: str = "owner") -> Person:
    """Have Ann add a passkey; return her session."""
    ann = town.person(nick)
    ann.say("NS IDENTIFY ann horse12", "NS PASSKEY ADD laptop horse12")
    challenge = begin(ann, "X-TRIO-CHAT-ADDKEY")
    assert challenge["rp"]["id"] == HOST
    assert finish(ann, device.register(challenge["challenge"])) == "903"
    return ann


def test_a_passkey_logs_in_without_a_password(town: Town, device: Authenticator) -> None:
    """Nothing is typed, neither a name nor a code; the list says when."""
    ann = added(town, device)
    town.world.second_factors.put(1, SecondFactor(bytes(20), 0))
    page = with_sasl(town)
    assert finish(page, device.sign(begin(page)["challenge"])) == "903"
    assert (page.session.account, page.session.app_password) == ("Ann", "")
    assert "laptop: made" in notices(ann, "NS PASSKEY LIST")
    assert "never" not in notices(ann, "NS PASSKEY LIST")


@pytest.mark.parametrize("wrong", ["origin", "host", "flags", "challenge", "kind", "signature"])
def test_an_answer_that_is_not_for_this_login_is_refused(
    town: Town, device: Authenticator, wrong: str
) -> None:
    """Of another page, for another login, without the user, or forged."""
    added(town, device)
    page = with_sasl(town)
    challenge = begin(page)["challenge"]
    if wrong == "origin":
        device.origin = "https://evil.example.org"
    elif wrong == "host":
        device.host = "evil.example.org"
    elif wrong == "flags":
        device.flags = PRESENT
    elif wrong == "challenge":
        challenge = begin(with_sasl(town))["challenge"]
    answer = device.register(challenge) if wrong == "kind" else device.sign(challenge)
    if wrong == "signature":
        answer["response"]["signature"] = device.sign("other")["response"]["signature"]
    assert finish(page, answer) == "904"
    assert page.session.account == ""


@pytest.mark.parametrize(
    "answer", ["", 1, [], {}, {"id": 1}, {"id": "x"}, {"id": "\ud800"}, [[[[]]]], "{" * 1000]
)
def test_nonsense_is_refused(town: Town, device: Authenticator, answer: object) -> None:
    """Whatever a client sends, the exchange ends."""
    ann = added(town, device)
    page = with_sasl(town)
    begin(page)
    assert finish(page, answer) == "904"
    known = {"id": device.register("x")["id"], "response": answer}
    begin(page)
    assert finish(page, known) == "904"
    ann.say("NS PASSKEY ADD phone horse12")
    begin(ann, "X-TRIO-CHAT-ADDKEY")
    assert finish(ann, answer) == "904"


def test_an_answer_that_is_too_deep_is_refused(town: Town) -> None:
    """Python cannot read lists in lists in lists without an end."""
    page = with_sasl(town)
    begin(page)
    lines = [f"AUTHENTICATE {piece}" for piece in pieces(b"[" * 3000)]
    assert page.say(*lines)[-1].command == "904"


def test_an_answer_counts_once(town: Town, device: Authenticator) -> None:
    """A challenge belongs to one exchange."""
    added(town, device)
    page = with_sasl(town)
    answer = device.sign(begin(page)["challenge"])
    assert finish(page, answer) == "903"
    other = with_sasl(town)
    begin(other)
    assert finish(other, answer) == "904"


def test_a_copy_of_a_key_is_noticed(town: Town, device: Authenticator) -> None:
    """Its count of signatures is behind."""
    added(town, device)
    device.signatures = 5
    page = with_sasl(town)
    assert finish(page, device.sign(begin(page)["challenge"])) == "903"
    device.signatures = 3
    copy = with_sasl(town)
    assert finish(copy, device.sign(begin(copy)["challenge"])) == "904"


def test_a_passkey_is_added_with_the_password_and_the_code(
    town: Town, device: Authenticator
) -> None:
    """A session alone may be that of a thief."""
    thief = town.person("thief")
    thief.say("NS IDENTIFY ann horse12")
    town.world.second_factors.put(1, SecondFactor(bytes(20), 0))
    code = totp.code_at(bytes(20), totp.step_at(town.clock.now))
    for given in ("wrong", "horse12", "horse12 000000"):
        assert "can add" not in notices(thief, f"NS PASSKEY ADD x {given}")
        assert "904" in [each.command for each in thief.say("AUTHENTICATE X-TRIO-CHAT-ADDKEY")]
    assert "can add" in notices(thief, f"NS PASSKEY ADD x horse12 {code}")
    begin(thief, "X-TRIO-CHAT-ADDKEY")
    # It was for one passkey.
    thief.say("AUTHENTICATE *")
    assert "904" in [each.command for each in thief.say("AUTHENTICATE X-TRIO-CHAT-ADDKEY")]


def test_a_removed_passkey_does_not_log_in(town: Town, device: Authenticator) -> None:
    """Another one with its name can be added."""
    ann = added(town, device)
    assert "no passkey" in notices(ann, "NS PASSKEY DEL phone")
    assert "is removed" in notices(ann, "NS PASSKEY DEL laptop")
    page = with_sasl(town)
    assert finish(page, device.sign(begin(page)["challenge"])) == "904"
    added(town, device, "again")


def test_names_and_keys_are_added_once(town: Town, device: Authenticator) -> None:
    """Neither a second one of a name, nor a key that an account has, nor too many."""
    ann = added(town, device)
    for name in ("laptop", "other"):
        ann.say(f"NS PASSKEY ADD {name} horse12")
        challenge = begin(ann, "X-TRIO-CHAT-ADDKEY")
        assert challenge["exclude"] == [town.world.passkeys.of(1)[0].id]
        assert finish(ann, device.register(challenge["challenge"])) == "904"
    keys = [Passkey(f"id{number}", b"", 0, f"n{number}", 0) for number in range(MOST)]
    town.world.passkeys.put(1, keys)
    apply(town.world, PasskeyAdded(1, Passkey("more", b"", 0, "more", 0)))
    assert town.world.passkeys.of(1) == keys


@pytest.mark.parametrize(
    ("url", "party"),
    [
        (URL, RelyingParty(HOST, ORIGIN)),
        ("https://Chat.Example.org/", RelyingParty(HOST, "https://chat.example.org")),
        ("http://localhost:5000/", RelyingParty("localhost", "http://localhost:5000")),
        ("http://chat.example.org/", None),
        ("https://192.0.2.1:5000/", None),
        ("https://[2001:db8::1]/", None),
        ("", None),
    ],
)
def test_passkeys_are_bound_to_a_name_by_https(url: str, party: RelyingParty | None) -> None:
    """Browsers have them for no other pages."""
    assert relying_party(url) == party


def test_a_server_without_an_address_by_https_has_none(accounts: OpenAccounts) -> None:
    """The mechanism is not offered, and NickServ says why."""
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    person = with_sasl(town)
    replies = person.say("AUTHENTICATE X-TRIO-CHAT-PASSKEY")
    assert [each.command for each in replies] == ["908", "904"]
    ann = town.person("owner")
    ann.say("NS IDENTIFY ann :correct horse")
    assert "no passkeys" in notices(ann, "NS PASSKEY ADD laptop correct horse")


def test_an_account_that_is_deleted_leaves_no_passkey(town: Town, device: Authenticator) -> None:
    """The key logs in to nothing."""
    ann = added(town, device)
    ann.say("NS DROP horse12")
    assert len(town.world.passkeys) == 0


async def test_passkeys_are_stored(device: Authenticator) -> None:
    """All of it comes back; an empty list is deleted."""
    async with keeper() as (accounts, database):
        store = SqliteStateStore(database)
        world = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).world
        key = Passkey("id", b"\x00key", 3, "laptop", 7, 8)
        apply(world, PasskeyAdded(1, key))
        await store.save(change_set(world, world.dirty.take()))
        other = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).world
        await load_state(other, store)
        assert other.passkeys.find("id") == (1, key)
        await store.save(ChangeSet(passkeys={1: []}))
        assert (await store.load()).passkeys == {}


def test_both_nodes_know_a_passkey_and_its_count() -> None:
    """The log decides which of two logins with one count is the copy."""
    cluster = ClusterTown(make_world)
    apply(cluster.here.world, PasskeyAdded(1, Passkey("id", b"key", 0, "laptop", 0)))
    cluster.carry_out()
    for node in cluster.nodes:
        apply(node.world, PasskeyUsed(1, "id", 5, 7, node.name))
    cluster.here.world.second_factors.attempts["here"] = False
    cluster.there.world.second_factors.attempts["there"] = False
    cluster.carry_out()
    assert cluster.here.world.second_factors.attempts == {"here": True}
    assert cluster.there.world.second_factors.attempts == {"there": False}
    assert isinstance(cluster.there.world.passkeys, Passkeys)
    assert cluster.there.world.passkeys.of(1)[0].signatures == 5
    assert isinstance(cluster.here.person("ann"), Client)
    cluster.check()

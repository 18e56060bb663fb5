"""Invitations by a token: for channels of every kind, and for accounts."""

import re
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from test_chat_email import ADDRESS, LetterBox
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted, InvitationsExpired, InvitationsRead
from trio_chat.chat.invitations import (
    MOST,
    MOST_WRONG,
    TOKEN_LENGTH,
    WINDOW,
    Invitation,
    Terms,
    digest_of,
    looks_like_token,
    make_token,
    parse_terms,
)
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts

DAY = 86_400
ADMIN = Operator(name="root", password="", account="", host="", rights=frozenset({"accounts"}))


class InvitingTown(Town):
    """A world with accounts."""

    def __init__(self, **rules: Any) -> None:
        self.accounts = OpenAccounts()
        for name in ("ann", "bob"):
            self.accounts.add(name, f"{name}-password")
        server_info = ServerInfo(created=NOON, account_rules=AccountRules(**rules))
        storage = StoragePorts(history=ListHistory(), accounts=self.accounts)
        super().__init__(server_info, storage=storage)
        self.box = self.world.mail = LetterBox()
        self.world.page_url = "https://chat.example.org/"

    def owner(self, *modes: str) -> Person:
        """Return Ann, who owns #a with some modes."""
        ann = self.logged_in("ann", "#a")
        ann.say("CS REGISTER #a", *(f"MODE #a {mode}" for mode in modes))
        ann.read()
        return ann

    def logged_in(self, name: str, *joins: str) -> Person:
        """Return somebody who is logged in."""
        person = self.person(name + "_")
        person.say(f"NS IDENTIFY {name} {name}-password", f"NICK {name}")
        for channel in joins:
            person.say(f"JOIN {channel}")
        person.read()
        return person


@pytest.fixture
def town() -> InvitingTown:
    """Return a world in which Ann and Bob have accounts."""
    return InvitingTown()


def create(person: Person, words: str = "#a") -> str:
    """Make an invitation; return its token."""
    made = find(person.say(f"INVITATION CREATE {words}"), "INVITATION")
    assert made.params[0] == "CREATED"
    return made.params[5]


def joins(person: Person, key: str, channel: str = "#a") -> bool:
    """Return whether somebody joins a channel with a key."""
    return "JOIN" in commands(person.say(f"JOIN {channel} {key}"))


CLOSED = ["+i", "+k sesame", "+l 1", "+R", "+ik sesame", "+ikl sesame 1"]


@pytest.mark.parametrize("modes", CLOSED)
def test_a_token_lets_its_holder_into_a_closed_channel(town: InvitingTown, modes: str) -> None:
    """As the key of JOIN, which every client can send; once, and not somebody else."""
    ann = town.owner(modes)
    token = create(ann)
    guest, other = town.person("guest"), town.person("other", host="192.0.2.2")
    assert not joins(guest, "")
    assert joins(guest, token)
    assert not joins(other, token)
    assert not joins(other, "sesame2")


def test_the_link_has_the_token_in_its_fragment(town: InvitingTown) -> None:
    """So that no log of a server has it; the channel is named before it."""
    made = find(town.owner("+i").say("INVITATION CREATE #a 5 2h"), "INVITATION").params
    assert made[:2] == ("CREATED", "#a")
    assert made[3:5] == ("5", str(int(NOON) + 7200))
    assert made[6] == f"https://chat.example.org/#a?invite={made[5]}"
    assert len(made[5]) == TOKEN_LENGTH
    assert digest_of(made[5]).startswith(made[2])
    town.world.page_url = ""
    made = find(town.person("eve", "#b").say("INVITATION CREATE #b"), "INVITATION").params
    assert made[6] == ""


def test_several_can_use_an_invitation_for_several(town: InvitingTown) -> None:
    """As often as it says, or as often as one likes."""
    ann = town.owner("+i")
    two, any_number = create(ann, "#a 2"), create(ann, "#a 0")
    people = [town.person(f"p{number}", host=f"192.0.2.{number}") for number in range(4)]
    assert [joins(person, two) for person in people] == [True, True, False, False]
    assert [joins(person, any_number) for person in people[2:]] == [True, True]


def test_a_token_that_was_not_needed_for_a_refusal_is_not_used(town: InvitingTown) -> None:
    """It counts only when its holder has joined."""
    ann = town.owner("+i", "+b *!*@192.0.2.66")
    two = create(ann, "#a 2")
    banned, guest = town.person("banned", host="192.0.2.66"), town.person("guest")
    assert not joins(banned, two)
    assert joins(guest, two)
    assert [one.left for one in town.world.invitations] == [1]
    assert joins(town.person("third", host="192.0.2.3"), two)


def test_a_ban_yields_to_an_invitation_for_one_only(town: InvitingTown) -> None:
    """That one is like INVITE by an operator; a link for many would make bans useless."""
    ann = town.owner("+b *!*@192.0.2.66")
    banned = town.person("banned", host="192.0.2.66")
    assert not joins(banned, create(ann, "#a 0"))
    assert not joins(banned, create(ann, "#a 5"))
    token = create(ann, "#a 1")
    assert joins(banned, token)
    banned.say("PART #a")
    assert not joins(banned, token)


def test_who_leaves_can_come_back_with_the_same_token(town: InvitingTown) -> None:
    """After a broken connection: by nickname and address, or by the account from anywhere."""
    ann = town.owner("+i")
    token = create(ann)
    guest = town.person("guest")
    assert joins(guest, token)
    guest.leave()
    assert not joins(town.person("other"), token)
    assert not joins(town.person("guest", host="198.51.100.1"), token)
    town.world.users["guest"].sessions[0].sink.leave()  # type: ignore[attr-defined]
    assert joins(town.person("guest"), token)
    second = create(ann)
    bob = town.logged_in("bob")
    assert joins(bob, second)
    bob.leave()
    elsewhere = town.person("bobby", host="198.51.100.2")
    elsewhere.say("NS IDENTIFY bob bob-password")
    assert joins(elsewhere, second)


def test_who_was_kicked_cannot_come_back_with_the_token(town: InvitingTown) -> None:
    """Nor take another use of one that is for several."""
    ann = town.owner("+i")
    for uses in ("1", "5"):
        token = create(ann, f"#a {uses}")
        guest = town.person("guest")
        assert joins(guest, token)
        ann.say("KICK #a guest")
        assert not joins(guest, token)
        guest.leave()
    assert joins(town.person("other", host="192.0.2.9"), token)


def test_an_invitation_expires(town: InvitingTown) -> None:
    """And is gone then."""
    ann = town.owner("+i")
    token = create(ann, "#a 0 1h")
    town.clock.now += 3599
    assert joins(town.person("first"), token)
    town.clock.now += 1
    assert not joins(town.person("second"), token)
    apply(town.world, InvitationsExpired())
    assert len(town.world.invitations) == 0


@pytest.mark.parametrize("how", ["CS DROP #a", "revoke", "revoke all"])
def test_an_invitation_ends_with_what_it_is_for(town: InvitingTown, how: str) -> None:
    """With the registration of its channel, and when it is revoked."""
    ann = town.owner("+i")
    token = create(ann, "#a 0")
    made = next(iter(town.world.invitations))
    if how == "revoke":
        how = f"INVITATION REVOKE #a {made.id}"
    ann.say("INVITATION REVOKE #a *" if how == "revoke all" else how)
    assert not joins(town.person("guest"), token)
    assert town.world.invitations.get(made.digest) is None
    assert made.digest in town.world.dirty.invitations


def test_an_invitation_ends_with_a_channel_that_nobody_owns(town: InvitingTown) -> None:
    """The next channel of that name is another one; and it was never stored."""
    eve = town.person("eve", "#b")
    token = create(eve, "#b 0")
    eve.say("PART #b")
    assert len(town.world.invitations) == 0
    town.person("dan", "#b").say("MODE #b +i")
    assert not joins(town.person("guest"), token, "#b")
    assert not town.world.dirty.invitations


def test_an_invitation_follows_its_channel_when_it_is_renamed(town: InvitingTown) -> None:
    """It belongs to the channel, not to the name."""
    ann = town.owner("+i")
    token = create(ann, "#a 0")
    ann.say("RENAME #a #c")
    assert joins(town.person("guest"), token, "#c")


def test_invitations_of_a_channel_persist_from_its_registration_on(town: InvitingTown) -> None:
    """Those that were made before, too."""
    ann = town.logged_in("ann", "#n")
    create(ann, "#n")
    assert not town.world.dirty.invitations
    ann.say("CS REGISTER #n")
    assert len(town.world.dirty.invitations) == 1


@pytest.mark.parametrize("nick", ["member", "outsider"])
def test_only_operators_of_a_channel_make_and_see_its_invitations(
    town: InvitingTown, nick: str
) -> None:
    """A link is passed on more easily than a key."""
    ann = town.owner("+i")
    create(ann)
    ann.say("MODE #a -i")
    eve = town.person(nick, *(["#a"] if nick == "member" else []))
    ann.say("MODE #a +i")
    for words in ("CREATE #a", "LIST #a", "REVOKE #a *"):
        assert "FAIL" in commands(eve.say(f"INVITATION {words}"))
    assert len(town.world.invitations) == 1
    ann.say(f"MODE #a +h {nick}")
    if nick == "member":
        assert "CREATED" in find(eve.say("INVITATION CREATE #a"), "INVITATION").params


def test_a_member_passes_on_the_address_of_an_open_channel(town: InvitingTown) -> None:
    """It needs no invitation, so nothing is made; what only an invitation has is refused."""
    ann, bob = town.owner(), town.person("bob_", "#a")
    answer = find(bob.say("INVITATION CREATE #a"), "INVITATION")
    assert answer.params == ("CREATED", "#a", "*", "0", "0", "*", "https://chat.example.org/#a")
    assert not town.world.invitations
    assert "FAIL" in commands(bob.say("INVITATION CREATE #a 1"))
    for mode in ("+i", "+k key", "+R"):
        ann.say(f"MODE #a {mode}")
        assert "FAIL" in commands(bob.say("INVITATION CREATE #a"))
        ann.say(f"MODE #a -{mode[1:]}")
    assert "FAIL" in commands(town.person("outsider").say("INVITATION CREATE #a"))
    town.world.page_url = ""
    assert "FAIL" in commands(bob.say("INVITATION CREATE #a"))


def test_invitations_are_listed_without_their_tokens(town: InvitingTown) -> None:
    """With id, uses, end and maker."""
    ann = town.owner("+i")
    token = create(ann, "#a 3 1d")
    joins(town.person("guest"), token)
    lines = ann.say("INVITATION LIST #a")
    entry = [line.params for line in lines if line.command == "INVITATION"]
    assert entry[0][0] == "ENTRY"
    assert entry[0][3:] == ("3", "1", str(int(NOON) + DAY), "ann")
    assert entry[-1] == ("END", "#a")
    assert not any(token in param for line in lines for param in line.params)


def test_a_channel_has_a_bounded_number_of_invitations(town: InvitingTown) -> None:
    """One that is used up makes room."""
    ann = town.owner("+i")
    tokens = [create(ann) for _ in range(MOST)]
    assert find(ann.say("INVITATION CREATE #a"), "FAIL").params[1] == "LIMIT_REACHED"
    assert joins(town.person("guest"), tokens[0])
    create(ann)
    assert len(town.world.invitations) == MOST


@pytest.mark.parametrize(
    "words",
    [
        "CREATE #a x",
        "CREATE #a 1001",
        "CREATE #a 1 soon",
        "CREATE #a 1 1d x",
        "CREATE #a -1",
        "FROB #a",
        "REVOKE #a",
        "REVOKE #a 0000",
    ],
)
def test_what_makes_no_sense_is_refused(town: InvitingTown, words: str) -> None:
    """By a standard reply; nothing is made or revoked."""
    ann = town.owner()
    create(ann)
    assert "FAIL" in commands(ann.say(f"INVITATION {words}"))
    assert len(town.world.invitations) == 1


def test_a_secret_channel_stays_secret(town: InvitingTown) -> None:
    """Its invitations answer as if there were none."""
    town.owner("+s")
    eve = town.person("eve")
    for name in ("#a", "#none"):
        answers = eve.say(f"INVITATION CREATE {name}")
        assert [line.params[1:] for line in answers] == [(name, answers[0].params[2])]
        assert answers[0].command == "403"


def test_chanserv_makes_lists_and_revokes(town: InvitingTown) -> None:
    """In sentences, with what a user of any client types."""
    ann = town.owner("+i")
    said = " ".join(line.params[1] for line in ann.say("CS INVITATION #a CREATE 2 1d"))
    found = re.search(r"/join #a (\w+)", said)
    assert found
    assert f"https://chat.example.org/#a?invite={found[1]}" in said
    assert "2 uses left, valid for 1d" in said
    assert "banned" not in said
    assert joins(town.person("guest"), found[1])
    ann.read()
    assert "1 use left" in ann.say("CS INVITATION #a LIST")[0].params[1]
    assert "revoked: 1" in ann.say("CS INVITATION #a REVOKE *")[-1].params[1]
    assert "banned" in " ".join(line.params[1] for line in ann.say("CS INVITATION #a CREATE"))
    assert "Usage" in ann.say("CS INVITATION #a FROB")[-1].params[1]
    assert "not an operator" in town.person("eve", "#a").say("CS INVITATION #a LIST")[-1].params[1]


def test_guessing_ends_the_session(town: InvitingTown) -> None:
    """As guessing passwords does; a wrong key of another form is no guess of a token."""
    town.owner("+i")
    eve = town.person("eve")
    for _ in range(20):
        eve.say("JOIN #a wrong")
    assert not eve.ended
    for _ in range(5):
        eve.say(f"JOIN #a {make_token()}")
    assert "Too many failed logins" in eve.ended


def test_guesses_of_one_address_are_counted_over_all_its_sessions(town: InvitingTown) -> None:
    """After many of them no token is looked at, but that of a user that it has let in already."""
    ann = town.owner("+i")
    token, own = create(ann, "#a 0"), create(ann, "#a 2")
    bob = town.logged_in("bob", f"#a {own}")
    bob.say("PART #a")
    for number in range(MOST_WRONG // 4):
        eve = town.person(f"eve{number}")
        for _ in range(4):
            eve.say(f"JOIN #a {make_token()}")
    guest = town.person("guest")
    replies = guest.say(f"JOIN #a {token}")
    assert "473" in commands(replies)
    assert any("Too many wrong invitations" in line.params[-1] for line in replies)
    assert joins(bob, own)
    assert joins(town.person("elsewhere", host="198.51.100.9"), token)
    town.clock.now += WINDOW
    assert joins(guest, token)


def test_several_expired_tokens_at_once_are_one_guess(town: InvitingTown) -> None:
    """A client that comes back has one for each of its channels."""
    town.owner("+i")
    eve = town.person("eve")
    tokens = ",".join(make_token() for _ in range(6))
    eve.say(f"JOIN #a,#a2,#a3,#a4,#a5,#a6 {tokens}")
    assert eve.session.failed_logins == 1


# Accounts.


def inviter(**rules: Any) -> tuple[InvitingTown, Person]:
    """Return a world with accounts by invitation, and an operator."""
    town = InvitingTown(by_invitation=True, **rules)
    root = town.person("root")
    town.appoint(root.session.user, ADMIN)
    root.read()
    return town, root


def test_an_account_is_registered_with_an_invitation() -> None:
    """As a further parameter of REGISTER, once."""
    town, root = inviter()
    token = create(root, "*")
    guest = town.person("guest")
    assert find(guest.say(f"REGISTER * * hunter2 {token}"), "REGISTER").params[0] == "SUCCESS"
    assert guest.session.account == "guest"
    other = town.person("other")
    refusal = find(other.say(f"REGISTER * * hunter2 {token}"), "FAIL")
    assert refusal.params[1] == "INVALID_INVITATION"
    assert other.session.failed_logins == 1


def test_guesses_for_accounts_are_counted_by_address(caplog: pytest.LogCaptureFixture) -> None:
    """With REGISTER and with VERIFY; then a right invitation is refused for a while, too."""
    town, root = inviter()
    token = create(root, "*")
    for number in range(MOST_WRONG // 2):
        eve = town.person(f"eve{number}")
        eve.say(f"REGISTER * * a-password {make_token()}", "REGISTER * * a-password")
        eve.say(f"VERIFY eve{number} {make_token()}")
    guest = town.person("guest")
    refused = find(guest.say(f"REGISTER * * a-password {token}"), "FAIL")
    assert "Too many wrong invitations" in refused.params[-1]
    assert token not in caplog.text
    town.clock.now += WINDOW
    assert find(guest.say(f"REGISTER * * a-password {token}"), "REGISTER").params[0] == "SUCCESS"


def test_any_client_gives_the_invitation_by_verify() -> None:
    """As the code that `draft/account-registration` has it ask for."""
    town, root = inviter()
    token = create(root, "*")
    guest = town.person("guest")
    assert find(guest.say("REGISTER * * hunter2"), "REGISTER").params[0] == "VERIFICATION_REQUIRED"
    assert find(guest.say(f"VERIFY guest {make_token()}"), "FAIL").params[1] == "INVALID_CODE"
    assert find(guest.say(f"VERIFY guest {token.upper()}"), "VERIFY").params[0] == "SUCCESS"
    assert "guest" in town.accounts.known
    assert [one.left for one in town.world.invitations] == [0]


def test_a_name_is_reserved_only_briefly_without_an_invitation() -> None:
    """So that a client without one cannot keep names from others."""
    town, root = inviter()
    token = create(root, "*")
    town.person("guest").say("REGISTER * * hunter2")
    town.world.users["guest"].sessions[0].sink.leave()  # type: ignore[attr-defined]
    again = town.person("guest")
    assert find(again.say(f"REGISTER * * hunter2 {token}"), "FAIL").params[1] == "ACCOUNT_EXISTS"
    town.clock.now += 600
    assert find(again.say(f"REGISTER * * hunter2 {token}"), "REGISTER").params[0] == "SUCCESS"


def test_two_cannot_use_an_invitation_for_one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes while the account of the first one is being stored."""
    town, root = inviter()
    token = create(root, "*")
    first, second = town.person("first"), town.person("second")
    answers: list[str] = []
    stored = town.accounts.create

    async def create_slowly(*arguments: Any) -> Any:
        monkeypatch.undo()
        answers.extend(line.params[1] for line in second.say(f"REGISTER * * hunter2 {token}"))
        return await stored(*arguments)

    monkeypatch.setattr(town.accounts, "create", create_slowly)
    assert find(first.say(f"REGISTER * * hunter2 {token}"), "REGISTER").params[0] == "SUCCESS"
    assert answers == ["INVALID_INVITATION"]
    assert set(town.accounts.known) == {"ann", "bob", "first"}


def test_an_invitation_and_a_letter() -> None:
    """With verified addresses the invitation comes first, and counts when the code has come."""
    town, root = inviter(email="verified")
    token = create(root, "*")
    guest = town.person("guest")
    assert find(guest.say(f"REGISTER * {ADDRESS} hunter2"), "FAIL").params[1] == (
        "INVITATION_REQUIRED"
    )
    guest.say(f"REGISTER * {ADDRESS} hunter2 {token}")
    assert [one.left for one in town.world.invitations] == [1]
    assert find(guest.say(f"VERIFY guest {town.box.code}"), "VERIFY").params[0] == "SUCCESS"
    assert [one.left for one in town.world.invitations] == [0]
    assert town.accounts.emails["guest"].is_verified


def test_an_invitation_is_not_used_when_the_account_cannot_be_stored() -> None:
    """It is there for the next attempt."""
    town, root = inviter()
    token = create(root, "*")
    guest = town.person("guest")
    town.accounts.error = AccountsError("the disk is full")
    assert "FAIL" in commands(guest.say(f"REGISTER * * hunter2 {token}"))
    town.accounts.error = None
    assert find(guest.say(f"REGISTER * * hunter2 {token}"), "REGISTER").params[0] == "SUCCESS"


def test_an_invitation_into_a_channel_registers_no_account(town: InvitingTown) -> None:
    """Nor the other way round."""
    town, root = inviter()
    root.say("JOIN #r", "MODE #r +i")
    into_channel, for_account = create(root, "#r"), create(root, "*")
    guest = town.person("guest")
    assert "FAIL" in commands(guest.say(f"REGISTER * * hunter2 {into_channel}"))
    assert not joins(guest, for_account, "#r")


@pytest.mark.parametrize("users_invite", [False, True])
def test_who_may_invite_for_accounts(users_invite: bool) -> None:
    """Operators with the right; users of accounts if the configuration says so; never guests."""
    town, root = inviter(users_invite=users_invite)
    create(root, "*")
    bob, guest = town.logged_in("bob"), town.person("guest")
    answer = commands(bob.say("INVITATION CREATE *"))
    assert ("INVITATION" in answer) == users_invite
    assert commands(guest.say("INVITATION CREATE *")) == ["FAIL"]
    if users_invite:
        assert commands(bob.say("INVITATION LIST *")) == ["INVITATION", "INVITATION"]
        bob.say("INVITATION REVOKE * *")
    assert len(town.world.invitations) == 1
    assert "Usage" in root.say("NS INVITATION FROB")[-1].params[1]
    assert "invite=" in " ".join(line.params[1] for line in root.say("NS INVITATION CREATE"))


def test_where_everybody_can_register_nobody_needs_an_invitation(town: InvitingTown) -> None:
    """There are none for accounts, and one that is given is not looked at."""
    ann = town.logged_in("ann")
    assert find(ann.say("INVITATION CREATE *"), "FAIL").params[1] == "DISALLOWED"
    guest = town.person("guest")
    assert find(guest.say("REGISTER * * hunter2 whatever"), "REGISTER").params[0] == "SUCCESS"


def test_nickserv_takes_an_invitation() -> None:
    """After the address, or by VERIFY."""
    town, root = inviter()
    first, second = create(root, "*"), create(root, "*")
    one, two = town.person("one"), town.person("two")
    one.say(f"NS REGISTER hunter2 * {first}")
    assert one.session.account == "one"
    assert "needs an invitation" in two.say("NS REGISTER hunter2")[-1].params[1]
    two.say(f"NS VERIFY {second}")
    assert two.session.account == "two"


def test_invitations_of_a_deleted_account_are_gone() -> None:
    """Those for accounts that it made."""
    town, _root = inviter(users_invite=True)
    bob = town.logged_in("bob")
    create(bob, "*")
    account = town.accounts.known["bob"]
    town.accounts.drop(account)
    apply(town.world, AccountDeleted(account))
    assert len(town.world.invitations) == 0
    assert town.world.dirty.invitations


# What a command changes alongside the server.


def stored(channel: int, **values: Any) -> Invitation:
    """Return an invitation as the store has it."""
    made = Invitation(digest_of(make_token()), channel, "ann", 1, int(NOON), 0, 1)
    return made._replace(**values)


def test_the_store_is_read_again(town: InvitingTown) -> None:
    """What is there is there, and what is gone is gone; but for what changed here, and what is not
    stored. Of a channel that is gone it is deleted.
    """
    ann = town.owner()
    eve = town.person("eve", "#e")
    create(eve, "#e")
    registered = town.world.channels["#a"].founded
    added, orphan = stored(registered), stored(12345)
    orphans = (orphan, stored(0, account=99))  # of a channel, and of an account that are gone
    apply(town.world, InvitationsRead((added, *orphans)))
    assert {one.channel for one in town.world.invitations} == {
        registered,
        town.world.channels["#e"].founded,
    }
    assert town.world.dirty.invitations == {one.digest for one in orphans}
    create(ann)
    fresh = next(
        one for one in town.world.invitations if one.digest in town.world.dirty.invitations
    )
    apply(town.world, InvitationsRead(()))
    assert town.world.invitations.get(added.digest) is None
    assert town.world.invitations.get(fresh.digest) == fresh
    assert len(town.world.invitations) == 2


def test_terms() -> None:
    """A number and a duration, each of which may be left out."""
    assert parse_terms([]) == Terms()
    assert parse_terms(["5"]) == Terms(5)
    assert parse_terms(["any", "never"]) == Terms(0, 0)
    assert parse_terms(["0", "90m"]) == Terms(0, 5400)
    for wrong in (["x"], ["1001"], ["1", "x"], ["1", "1d", "1d"], ["٣"]):
        assert parse_terms(wrong) is None


def test_tokens_are_random_and_recognised() -> None:
    """128 bits in letters and digits."""
    tokens = {make_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(map(looks_like_token, tokens))
    assert not any(map(looks_like_token, ("", "sesame", "a" * 25, "é" * 26, "a" * 25 + "-")))


class InvitedChannel(RuleBasedStateMachine):
    """A closed channel and its invitations, against a model of who may come in."""

    def __init__(self) -> None:
        super().__init__()
        self.town = InvitingTown()
        self.ann = self.town.owner("+i")
        self.guests = [self.town.person(f"g{n}", host=f"192.0.2.{n + 10}") for n in range(4)]
        self.left: dict[str, int] = {}  # uses, by token
        self.users: dict[str, set[int]] = {}
        self.kicked: dict[str, set[int]] = {}

    tokens = Bundle("tokens")

    @rule(target=tokens, uses=st.integers(1, 3))
    def make(self, uses: int) -> str:
        """Make an invitation."""
        token = create(self.ann, f"#a {uses} 0")
        self.left[token], self.users[token], self.kicked[token] = uses, set(), set()
        return token

    @rule(token=tokens, who=st.integers(0, 3))
    def join(self, token: str, who: int) -> None:
        """Come in exactly when there is a use left, or one was taken before."""
        if "#a" in {channel.name for channel in self.guests[who].session.user.channels}:  # type: ignore[union-attr]
            return
        is_back = who in self.users[token]
        expected = is_back or (self.left[token] > 0 and who not in self.kicked[token])
        self.guests[who].session.failed_logins = 0
        assert joins(self.guests[who], token) == expected
        if expected and not is_back:
            self.left[token] -= 1
            self.users[token].add(who)

    @rule(who=st.integers(0, 3), kicked=st.booleans())
    def go(self, who: int, kicked: bool) -> None:
        """Leave, or be kicked."""
        if "#a" not in {channel.name for channel in self.guests[who].session.user.channels}:  # type: ignore[union-attr]
            return
        if kicked:
            self.ann.say(f"KICK #a g{who}")
            for token, users in self.users.items():
                if who in users:
                    users.discard(who)
                    self.kicked[token].add(who)
        else:
            self.guests[who].say("PART #a")

    @rule(token=consumes(tokens))
    def revoke(self, token: str) -> None:
        """Revoke an invitation."""
        self.ann.say(f"INVITATION REVOKE #a {digest_of(token)[:8]}")
        for known in (self.left, self.users, self.kicked):
            known.pop(token)

    @invariant()
    def the_uses_are_counted(self) -> None:
        """What the server has left is what the model has."""
        left = {one.digest: one.left for one in self.town.world.invitations}
        assert left == {digest_of(token): uses for token, uses in self.left.items()}


TestInvitedChannel = InvitedChannel.TestCase
TestInvitedChannel.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

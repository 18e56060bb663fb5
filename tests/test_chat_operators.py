"""Operators of the server: OPER, their rights, and what other users see of them."""

import logging

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from trio_chat.chat import reconfiguration
from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.bans import BanKind
from trio_chat.chat.changes import Audited, Change
from trio_chat.chat.control import RehashError
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.registry import COMMANDS
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session
from trio_chat.cluster.survey import NodeState, NodeStatus
from trio_chat.irc.rights import RIGHTS

ROOT = Operator(name="root", password="hash of secret")
BLOCKS = {
    "root": ROOT,
    "home": Operator(name="home", password="hash of secret", host="192.0.2.0/24"),
    "mask": Operator(name="mask", password="hash of secret", host="root@192.0.2.*"),
    "both": Operator(name="both", password="hash of secret", account="Anna"),
    "anna": Operator(name="anna", account="Anna"),
    "mute": Operator(name="mute", password="hash of secret", rights=frozenset()),
}


class FakeControl:
    """An edge that hashes nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cluster: list[NodeStatus] = []
        self.problem = ""
        self.stopped = False
        self.is_busy = False

    def nodes(self) -> list[NodeStatus]:
        """Return the nodes of a cluster."""
        return self.cluster

    def issue_api_token(self, session: Session) -> tuple[int, str]:
        """Return a token."""
        return 600, "token"

    def numbers(self) -> list[tuple[str, float]]:
        """Return one number."""
        return [("Users, connected or always-on.", 12.0)]

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Compare without hashing."""
        self.asked.append(hashed)
        if self.is_busy:
            raise Busy(f"Too many wrong passwords for {name}")
        return hashed == f"hash of {password}"

    async def rehash(self) -> list[str]:
        """Find what the test has put there."""
        if self.problem:
            raise RehashError(self.problem)
        return ["Changed at once: [server] motd"]

    def refuse_guesser(self, origin: Origin) -> None:
        """Refuse nobody."""

    def note_password(self, origin: Origin, *, is_right: bool) -> None:
        """Count nothing."""

    def shut_down(self) -> None:
        """Remember it."""
        self.stopped = True


@pytest.fixture
def town() -> Town:
    """Return a town with operators and accounts."""
    accounts = OpenAccounts()
    accounts.add("Anna", "password")
    server_info = ServerInfo(created=NOON, operators=BLOCKS)
    return with_control(
        Town(server_info, storage=StoragePorts(history=ListHistory(), accounts=accounts))
    )


def with_control(town: Town) -> Town:
    """Give a town an edge."""
    town.world.control = FakeControl()
    return town


def control(town: Town) -> FakeControl:
    """Return the edge."""
    assert isinstance(town.world.control, FakeControl)
    return town.world.control


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator with all rights."""
    root = town.person("root")
    root.say("OPER root secret")
    return root


def test_the_right_password(town: Town) -> None:
    """Modern IRC, OPER: RPL_YOUREOPER, and "a MODE message indicating their new user modes"."""
    root = town.person("root")
    welcome, mode = root.say("OPER Root secret")
    assert (welcome.command, mode.command, mode.params) == ("381", "MODE", ("root", "+o"))
    assert commands(root.say("OPER root secret")) == ["381"]


@pytest.mark.parametrize(
    "line", ["OPER root wrong", "OPER nobody secret", "OPER both secret", "OPER anna secret"]
)
def test_what_is_wrong_is_not_told(town: Town, line: str) -> None:
    """A name that does not exist, a wrong password and a wrong account look the same, and each
    costs a hash.
    """
    assert commands(town.person("ann").say(line)) == ["464"]
    assert len(control(town).asked) == 1


def test_the_audit_log_has_those_that_become_operators(town: Town) -> None:
    """And those that do not."""
    found: list[str] = []

    def note(change: Change) -> None:
        if isinstance(change, Audited):
            found.append(f"{change.actor}: {change.text}")

    town.world.observers.append(note)
    ann = town.person("ann")
    ann.say("OPER mute wrong")
    ann.say("OPER mute secret")
    source = town.world.users["ann"].source
    assert found == [
        f"{source}: OPER mute was refused: wrong password or account",
        f"operator mute, {source}: OPER, with the rights ",
    ]


def test_a_wrong_address_is_told_to_who_knows_the_password(town: Town) -> None:
    """ERR_NOOPERHOST says that the name exists, so the password must be right."""
    far, near = town.person("far", host="198.51.100.1"), town.person("root")
    assert commands(far.say("OPER home secret")) == commands(far.say("OPER mask secret")) == ["491"]
    assert commands(far.say("OPER home wrong")) == ["464"]
    assert commands(near.say("OPER home secret")) == ["381", "MODE"]
    assert commands(town.person("bob").say("OPER mask secret")) == ["491"]
    assert commands(near.say("OPER mask secret")) == ["381"]


def test_an_account_instead_of_a_password(town: Town) -> None:
    """The login of the account is the proof; a password does not replace it."""
    ann = town.person("ann")
    assert commands(ann.say("OPER anna")) == ["461"]
    ann.say("NS IDENTIFY Anna password")
    assert commands(ann.say("OPER anna")) == ["381", "MODE"]
    assert not control(town).asked


def test_an_account_and_a_password(town: Town) -> None:
    """Both are needed where both are asked for."""
    ann = town.person("ann")
    ann.say("NS IDENTIFY Anna password")
    assert commands(ann.say("OPER both wrong")) == ["464"]
    assert "381" in commands(ann.say("OPER both secret"))


def test_who_logs_out_of_the_account_is_no_operator_any_more(town: Town) -> None:
    """What one was by the account ends with it."""
    ann = town.person("ann")
    ann.say("NS IDENTIFY Anna password", "OPER anna")
    assert find(ann.say("NS LOGOUT"), "MODE").params == ("ann", "-o")
    assert commands(ann.say("REHASH")) == ["481"]


def test_guessing_ends_the_session(town: Town) -> None:
    """After five wrong passwords a new connection is needed."""
    ann = town.person("ann")
    ann.say(*["OPER root wrong"] * 5)
    assert ann.ended


def test_an_address_that_guesses_too_much_is_told_to_wait(town: Town) -> None:
    """Nothing is checked then, and it does not count as a guess."""
    control(town).is_busy = True
    assert commands(town.person("ann").say("OPER root secret")) == ["FAIL"]


def test_nobody_becomes_an_operator_by_mode(town: Town, root: Person) -> None:
    """RFC 2812 §3.1.5: "If a user attempts to make themselves an operator using the "+o" flag, the
    attempt SHOULD be ignored".
    """
    ann = town.person("ann")
    assert ann.say("MODE ann +o") == []
    assert commands(ann.say("KILL root")) == ["481"]
    assert [
        message.params for message in root.say("MODE root +s-o+o") if message.command == "MODE"
    ] == [
        ("root", "+s"),
        ("root", "-os"),
    ]
    assert commands(root.say("KILL ann")) == ["481"]


def test_giving_it_up(root: Person) -> None:
    """ "There is no restriction, however, on anyone `deopping' themselves"; what only operators
    have goes with it.
    """
    root.say("MODE root +s")
    assert find(root.say("MODE root -o"), "MODE").params == ("root", "-os")
    assert find(root.say("MODE root"), "221").params == ("root", "+i")
    assert commands(root.say("MODE root +s")) == ["481"]


@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if entry.right])
def test_every_privileged_command_asks_for_its_right(town: Town, name: str) -> None:
    """ERR_NOPRIVILEGES for a user, ERR_NOPRIVS with the right for an operator without it."""
    control(town).cluster = NODES
    ann, mute = town.person("ann"), town.person("mute")
    mute.say("OPER mute secret")
    assert COMMANDS[name].right in RIGHTS
    assert commands(ann.say(name)) == ["481"]
    assert find(mute.say(f"{name} x y z"), "723").params == (
        "mute",
        COMMANDS[name].right,
        "Insufficient oper privileges.",
    )


def test_kill(town: Town, root: Person) -> None:
    """Modern IRC, KILL: who is killed "receives the KILL message"; the QUIT and the ERROR say
    "Killed (<killer> (<reason>))".
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    root.say("KILL bob :flooding again")
    (kill,) = bob.read()
    assert (kill.source, kill.command, kill.params) == (
        "root!root@192.0.2.1",
        "KILL",
        ("bob", "flooding again"),
    )
    assert bob.ended == "Killed (root (flooding again))"
    bob.leave(bob.ended)
    assert find(ann.read(), "QUIT").params == ("Killed (root (flooding again))",)


def test_kill_without_a_reason(town: Town, root: Person) -> None:
    """It is still a sentence."""
    bob = town.person("bob")
    root.say("KILL bob")
    assert bob.ended == "Killed (root (No reason was given))"


@pytest.mark.parametrize(
    ("whom", "numeric"), [("nobody", "401"), ("NickServ", "483"), ("chat.local", "483")]
)
def test_who_cannot_be_killed(root: Person, whom: str, numeric: str) -> None:
    """Nobody, the services and the server."""
    assert commands(root.say(f"KILL {whom} :x")) == [numeric]


def test_wallops(town: Town, root: Person) -> None:
    """ "The WALLOPS command is used to send a message to all currently connected users who have set
    the 'w' user mode".
    """
    ann, bob = town.person("ann"), town.person("bob")
    ann.say("MODE ann +w")
    assert root.say("WALLOPS :hello everybody") == []
    heard = find(ann.read(), "WALLOPS")
    assert (heard.source, heard.params) == ("root!root@192.0.2.1", ("hello everybody",))
    assert bob.read() == []
    assert commands(root.say("WALLOPS :")) == ["461"]


def test_rehash(town: Town, root: Person) -> None:
    """RPL_REHASHING, and what was changed."""
    rehashing, told = root.say("REHASH")
    assert (rehashing.command, told.params[-1]) == ("382", "Changed at once: [server] motd")
    control(town).problem = "config.ini, line 3: [server] port"
    refused = find(root.say("REHASH"), "FAIL")
    assert "config.ini, line 3" in refused.params[-1]


def test_die(town: Town, root: Person) -> None:
    """A slip in the name stops nothing."""
    assert commands(root.say("DIE another.server")) == ["402"]
    assert not control(town).stopped
    root.say("DIE chat.local")
    assert control(town).stopped


def test_every_deed_is_written_down(
    town: Town, root: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has operator, address, command, target and reason, and no password."""
    town.person("bob", "#a")
    with caplog.at_level(logging.INFO, "trio_chat"):
        for line in (
            "OPER root secret",
            "KILL bob :spam",
            "KLINE 1h bad!*@* :y",
            "UNKLINE bad!*@*",
            "WALLOPS :hi",
            "REHASH",
            "SAJOIN #b",
            "SAMODE #b +k hidden",
            "SANICK root toor",
            "NS SAREGISTER carl password7",
            "NS SUSPEND carl",
            "DIE",
        ):
            root.say(line)
    deeds = [
        record.getMessage()
        for record in caplog.records
        if record.getMessage().startswith("operator root, ")
    ]
    assert len(deeds) == 12
    assert "root!root@192.0.2.1 (192.0.2.1): KILL bob!bob@192.0.2.1: spam" in deeds[1]
    assert "secret" not in caplog.text
    assert "hidden" not in caplog.text
    assert "password7" not in caplog.text


def test_a_refused_oper_is_written_down(
    town: Town, root: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Operators with +s are notified."""
    root.say("MODE root +s")
    with caplog.at_level(logging.INFO, "trio_chat"):
        town.person("ann").say("OPER root guess")
    assert "OPER root was refused to ann!ann@192.0.2.1 (192.0.2.1)" in caplog.text
    assert "guess" not in caplog.text
    assert any("failed to become operator root" in message.params[-1] for message in root.read())


def test_server_notices(town: Town, root: Person) -> None:
    """With +s an operator sees who comes and goes, with addresses; without it, or without the
    right, nobody does.
    """
    ann = town.person("ann")
    root.say("MODE root +s")
    bob = town.newcomer("203.0.113.9")
    bob.say("NICK bob", "USER bob 0 * :b")
    bob.leave()
    came, went = root.read()
    assert "bob!bob@203.0.113.9 [203.0.113.9] has come" in came.params[-1]
    assert "has left" in went.params[-1]
    assert ann.read() == []
    root.say("OPER mute secret")
    town.person("carl")
    assert root.read() == []


def test_who_and_whois_and_userhost_show_operators(town: Town, root: Person) -> None:
    """`*` in WHO and USERHOST, RPL_WHOISOPERATOR in WHOIS, a count in LUSERS."""
    ann = town.person("ann", "#a")
    assert find(ann.say("WHO root"), "352").params[6] == "H*"
    assert find(ann.say("WHO root %f"), "354").params[1] == "H*"
    assert find(ann.say("WHOIS root"), "313").params == ("ann", "root", "is an IRC operator")
    assert find(ann.say("USERHOST root ann"), "302").params[1].startswith("root*=+root@")
    assert find(ann.say("LUSERS"), "252").params[1] == "1"
    assert commands(ann.say("WHO root o")) == ["352", "315"]
    assert commands(ann.say("WHO ann o")) == ["315"]
    root.leave()
    assert find(ann.say("LUSERS"), "252").params[1] == "0"


def test_addresses_are_for_oneself_and_for_operators_with_that_right(
    town: Town, root: Person
) -> None:
    """RPL_WHOISACTUALLY in WHOIS and WHOWAS, beside what others see (Modern IRC); `i` in WHOX."""
    ann, mute = town.person("ann"), town.person("mute")
    mute.say("OPER mute secret")
    bob = town.newcomer("203.0.113.9")
    bob.session.host = "cloak.ip"
    bob.say("NICK bob", "USER bob 0 * :b")
    for viewer, allowed in ((root, True), (bob, True), (ann, False), (mute, False)):
        assert ("338" in commands(viewer.say("WHOIS bob"))) is allowed
        shown = find(viewer.say("WHO bob %i"), "354").params[1]
        assert shown == ("203.0.113.9" if allowed else "255.255.255.255")
        assert ("354" in commands(viewer.say("WHO 203.0.113.* %n"))) is allowed
    assert find(root.say("WHOIS bob"), "338").params[1:4] == ("bob", "bob@cloak.ip", "203.0.113.9")
    bob.leave()
    for viewer, allowed in ((root, True), (ann, False), (mute, False)):
        assert ("338" in commands(viewer.say("WHOWAS bob"))) is allowed


def test_operators_are_reviewed_when_the_configuration_changes(town: Town, root: Person) -> None:
    """Rights change at once; whose block is gone or different is no operator any more."""
    other = town.person("other")
    other.say("OPER home secret")
    less = Operator(name="root", password="hash of secret", rights=frozenset({"kill"}))
    events = reconfiguration.reconfigure(town.world, ServerInfo(operators={"root": less}))
    assert [event.params for event in events] == [("other", "-o")]
    find(root.say("REHASH"), "723")
    assert commands(other.say("REHASH")) == ["481"]
    changed = Operator(name="root", password="hash of another")
    assert (
        len(reconfiguration.reconfigure(town.world, ServerInfo(operators={"root": changed}))) == 1
    )


def test_sajoin(town: Town, root: Person) -> None:
    """Closed doors open; the one who is brought in sees what who joins sees, and the others see a
    JOIN.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob")
    ann.say("MODE #a +ik key", "MODE #a +b bob!*@*")
    assert root.say("SAJOIN bob #a") == []
    assert commands(bob.read()) == ["JOIN", "353", "366"]
    assert commands(ann.read()) == ["JOIN"]
    assert commands(root.say("SAJOIN #a")) == ["JOIN", "353", "366"]
    assert commands(root.say("SAJOIN nobody #a")) == ["401"]


def test_sajoin_into_what_is_no_channel(town: Town, root: Person) -> None:
    """The operator learns it, and not the user, who has asked for nothing."""
    town.world.lengths = town.world.lengths._replace(channels_per_user=1)
    bob = town.person("bob")
    assert commands(root.say("SAJOIN bob none,#a,#b")) == ["403", "405"]
    assert commands(bob.read()) == ["JOIN", "353", "366"]


def test_sapart(town: Town, root: Person) -> None:
    """Everybody there sees a PART."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    root.say("SAPART bob #a :enough")
    assert find(ann.read(), "PART").params == find(bob.read(), "PART").params == ("#a", "enough")
    assert commands(root.say("SAPART bob #a")) == ["441"]
    assert commands(root.say("SAPART bob #none")) == ["403"]


@pytest.mark.parametrize("line", ["SAJOIN bob #b,#B", "SAPART bob #a,#A"])
def test_overrides_name_a_channel_in_two_spellings(town: Town, root: Person, line: str) -> None:
    """It is one channel: the second spelling is neither refused nor counted."""
    town.person("bob", "#a")
    town.world.lengths = town.world.lengths._replace(targets=1)
    assert commands(root.say(line)) == []


@pytest.mark.parametrize(
    ("line", "seen"), [("SAJOIN bob", ["JOIN", "353", "366"]), ("SAPART bob", ["PART"])]
)
def test_overrides_for_more_channels_than_are_allowed(
    town: Town, root: Person, line: str, seen: list[str]
) -> None:
    """MAXTARGETS=4: the first channel that is left out is named (407)."""
    bob = town.person("bob", *(["#a,#b,#c,#d,#e"] if "PART" in line else []))
    (refused,) = root.say(f"{line} #a,#b,#c,#d,#e")
    assert (refused.command, refused.params[1]) == ("407", "#e")
    assert commands(bob.read()) == seen * 4


def test_samode(town: Town, root: Person) -> None:
    """Modes change although the operator is not there, or only a member."""
    ann = town.person("ann", "#a")
    root.say("SAMODE #a +m-o ann")
    assert find(ann.read(), "MODE").params == ("#a", "+m-o", "ann")
    assert commands(root.say("SAMODE #none +m")) == ["403"]


def test_sanick(town: Town, root: Person) -> None:
    """The nickname must be one, and free."""
    bob = town.person("bob", "#a")
    assert (
        commands(root.say("SANICK bob root"))
        == commands(root.say("SANICK bob NickServ"))
        == ["433"]
    )
    assert commands(root.say("SANICK bob 1")) == ["432"]
    root.say("SANICK bob robert")
    assert find(bob.read(), "NICK").params == ("robert",)


def test_sanick_to_the_name_of_an_account(town: Town, root: Person) -> None:
    """Only the owner has it, also when an operator gives it."""
    bob = town.person("bob", "#a")
    root.say("NS SAREGISTER carl password7")
    assert commands(root.say("SANICK bob carl")) == ["433"]
    assert "NICK" not in commands(bob.read())


def test_saregister_is_not_counted(town: Town, root: Person) -> None:
    """What an address may register in an hour is for its users."""
    accounts = town.world.accounts
    assert isinstance(accounts, OpenAccounts)
    accounts.are_enough = True
    assert "Many accounts" in town.person("dan").say("NS REGISTER password7")[0].params[-1]
    assert "carl is registered" in root.say("NS SAREGISTER carl password7")[0].params[-1]


def test_saregister(town: Town, root: Person) -> None:
    """An account for somebody else; the orders of operators are unknown to others."""
    assert "carl is registered" in root.say("NS SAREGISTER carl password7")[0].params[-1]
    assert (
        "carl belongs to somebody already" in root.say("NS SAREGISTER carl password7")[0].params[-1]
    )
    assert "is not a name" in root.say("NS SAREGISTER 1x password7")[0].params[-1]
    assert "at least" in root.say("NS SAREGISTER dora x")[0].params[-1]
    ann = town.person("ann")
    assert "I do not know SAREGISTER" in ann.say("NS SAREGISTER eve password7")[0].params[-1]
    assert not any("SUSPEND" in message.params[-1] for message in ann.say("NS HELP"))
    assert any("SUSPEND" in message.params[-1] for message in root.say("NS HELP"))


def test_sapasswd(town: Town, root: Person, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody who has lost the password gets another one; sessions of the account are ended, and
    no log has it.
    """
    root.say("NS SAREGISTER carl password7")
    carl = town.person("bob")
    carl.say("NS IDENTIFY carl password7")
    assert "at least" in root.say("NS SAPASSWD carl x")[0].params[-1]
    assert "not registered" in root.say("NS SAPASSWD nobody password8")[0].params[-1]
    assert "of carl is changed" in root.say("NS SAPASSWD carl password8")[-1].params[-1]
    assert carl.ended
    ann = town.person("ann")
    assert "Wrong" in ann.say("NS IDENTIFY carl password7")[0].params[-1]
    assert find(ann.say("NS IDENTIFY carl password8"), "900").params[2] == "carl"
    assert "SAPASSWD carl" in caplog.text
    assert "password8" not in caplog.text


def test_an_operator_changes_the_own_password(town: Town, root: Person) -> None:
    """Its session stays."""
    root.say("NS SAREGISTER carl password7", "NS IDENTIFY carl password7")
    assert "is changed" in root.say("NS SAPASSWD carl password8")[-1].params[-1]
    assert not root.ended


def test_sadrop(town: Town, root: Person, caplog: pytest.LogCaptureFixture) -> None:
    """The account is deleted as by its owner: its sessions are logged out, its name stays."""
    root.say("NS SAREGISTER carl password7")
    carl = town.person("bob")
    carl.say("NS IDENTIFY carl password7")
    assert "not registered" in root.say("NS SADROP nobody")[0].params[-1]
    assert "carl is deleted" in root.say("NS SADROP carl")[-1].params[-1]
    assert "901" in commands(carl.read())
    assert not carl.session.account
    assert "free it first" in root.say("NS SAREGISTER carl password7")[0].params[-1]
    assert "can be registered now" in root.say("NS FREE carl")[-1].params[-1]
    assert "SADROP carl" in caplog.text
    assert "I do not know SADROP" in carl.say("NS SADROP root")[0].params[-1]


def test_help_shows_operators_what_is_theirs(root: Person) -> None:
    """One who may not is not shown what would be refused."""
    lines = [message.params[-1] for message in root.say("HELP")]
    names = [
        name for name, entry in COMMANDS.items() if not entry.capability and not entry.needs_cluster
    ]
    assert all(any(line.startswith(name) for line in lines) for name in names)


def test_stats(town: Town, root: Person) -> None:
    """A table of letters; each ends with RPL_ENDOFSTATS, and one that means nothing is empty."""
    ann = town.person("ann")
    town.clock.now += 86_400 + 3_723
    assert find(ann.say("STATS u"), "242").params[-1] == "Server Up 1 days 1:02:03"
    assert find(ann.say("STATS p"), "249").params[-1] == "root (root@192.0.2.1)"
    assert commands(ann.say("STATS m")) == ["481", "219"]
    assert find(root.say("STATS z"), "249").params[-1] == "12 Users, connected or always-on."
    assert commands(ann.say("STATS z")) == ["481", "219"]
    assert commands(root.say("STATS n")) == ["219"]
    assert commands(ann.say("STATS n")) == ["481", "219"]
    assert find(ann.say("STATS x"), "219").params[1] == "x"
    assert commands(ann.say("STATS u other.server")) == ["402"]
    assert any(message.params[1] == "STATS" for message in root.say("STATS m")[:-1])
    shown = [message.params[1:] for message in root.say("STATS o")[:-1]]
    assert ("O", "192.0.2.0/24", "*", "home", ",".join(RIGHTS)) in shown
    assert "hash of" not in str(shown)


NODES = [
    NodeStatus("n1", NodeState.ALIVE, 0.0, "0.2.0", sessions=1),
    NodeStatus("n2", NodeState.LOST, 0.0),
    NodeStatus("n3", NodeState.SILENT, 0.0),
]


def test_operators_see_the_nodes_of_a_cluster(town: Town, root: Person) -> None:
    """STATS shows all of them; LINKS and MAP those that live, with their sessions."""
    control(town).cluster = NODES
    shown = [message.params[-1] for message in root.say("STATS n")[:-1]]
    assert shown == [str(node) for node in NODES]
    links = [message.params[1:] for message in root.say("LINKS")[:-1]]
    assert links == [
        ("chat.local", "chat.local", "0 A trio-chat server"),
        ("n1", "chat.local", "1 trio-chat 0.2.0"),
        ("n3", "chat.local", "1 trio-chat"),
    ]
    assert [message.params[1] for message in root.say("LINKS n3")[:-1]] == ["n3"]
    *tree, end = root.say("MAP")
    assert end.command == "007"
    assert [message.params[-1] for message in tree] == [
        "chat.local 1 session",
        "|-n1 1 session",
        "`-n3 0 sessions",
    ]


def test_users_see_one_server(town: Town) -> None:
    """Also in a cluster: what its nodes are called is for operators."""
    control(town).cluster = NODES
    ann = town.person("ann")
    assert [message.params[1] for message in ann.say("LINKS")[:-1]] == ["chat.local"]
    assert commands(ann.say("LINKS n1")) == ["365"]
    assert commands(ann.say("MAP")) == ["481"]


def test_map_without_a_cluster(town: Town, root: Person) -> None:
    """The command is unknown, as on a server that does not have it."""
    assert commands(root.say("MAP")) == ["421"]
    assert commands(town.person("ann").say("MAP")) == ["421"]
    assert commands(root.say("HELP MAP")) == ["524"]


def test_help_shows_map_to_those_who_may_give_it(town: Town, root: Person) -> None:
    """Operators with the right `stats`, in a cluster; nobody else is shown it."""

    def helped(person: Person) -> list[str]:
        return [message.params[-1].split()[0] for message in person.say("HELP")]

    ann = town.person("ann")
    assert "MAP" not in helped(root)
    control(town).cluster = NODES
    assert "MAP" in helped(root)
    assert "MAP" not in helped(ann)


def test_links_users_summon(town: Town) -> None:
    """One server, and two commands that are refused (RFC 2812 §4.5, §4.6)."""
    ann = town.person("ann")
    link, end = ann.say("LINKS")
    assert link.params == ("ann", "chat.local", "chat.local", "0 A trio-chat server")
    assert end.params == ("ann", "*", "End of /LINKS list")
    assert commands(ann.say("LINKS other.*")) == ["365"]
    assert commands(ann.say("USERS")) == ["446"]
    assert commands(ann.say("SUMMON x")) == ["445"]


def test_a_town_without_an_edge_or_operators() -> None:
    """OPER is refused and nothing breaks."""
    ann = Town().person("ann")
    assert commands(ann.say("OPER root secret")) == ["464"]
    assert commands(ann.say("OPER root")) == ["461"]


def test_a_suspended_account_cannot_be_used(town: Town, root: Person) -> None:
    """Its sessions end, and a login with the right password gets the reason."""
    ann, bob = town.person("ann"), town.person("bob")
    ann.say("NS IDENTIFY Anna password")
    assert "is suspended for" in root.say("NS SUSPEND 1d12h anna selling things")[0].params[-1]
    assert root.say("NS UNSUSPEND nobody")[0].params[-1] == "nobody is not suspended."
    assert (
        find(ann.read(), "465")
        .params[-1]
        .startswith("You are banned from this server: selling things (until ")
    )
    assert ann.ended == "Banned: selling things"
    assert "suspended: selling things" in bob.say("NS IDENTIFY Anna password")[0].params[-1]
    assert "suspended" not in bob.say("NS IDENTIFY Anna wrong")[0].params[-1]
    assert [ban.mask for ban in town.world.bans.of_kind(BanKind.ACCOUNT)] == ["Anna"]
    assert find(root.say("STATS a"), "249").params[-1].startswith("selling things [by root!")
    root.say("NS UNSUSPEND anna")
    find(bob.say("NS IDENTIFY Anna password"), "900")


@pytest.fixture
def staying(town: Town) -> Person:
    """Return somebody in #a, logged in and always on."""
    ann = town.person("ann")
    ann.say("NS IDENTIFY Anna password", "NICK Anna", "NS SET always-on on", "JOIN #a")
    ann.read()
    return ann


def test_an_operator_who_stays_is_none_when_coming_back(town: Town, staying: Person) -> None:
    """A new session of an always-on user has not sent the operator's password."""
    staying.say("OPER root secret", "MODE Anna +s")
    user = staying.session.user
    assert user is not None
    before = user.operator
    staying.leave()
    assert user.always_on
    assert (before is None, user.operator) == (False, None)
    assert not set(user.modes) & {"o", "s"}
    assert not town.world.opers


def test_who_stays_can_be_taken_out_of_a_channel_and_renamed(
    town: Town, root: Person, staying: Person
) -> None:
    """It works without a session, with a notice on return; only SAJOIN needs a session."""
    bob = town.person("bob", "#a")
    staying.leave()
    bob.read()
    assert commands(root.say("SAJOIN Anna #b")) == ["401"]
    root.say("SAPART Anna #a :too long")
    assert find(bob.read(), "PART").source.startswith("Anna!")
    root.say("SANICK Anna carla")
    assert "carla" in town.world.users
    assert [entry.text for entry in town.world.always_on.missed.get(1, [])] == [
        "root, an operator of the server, removed you from #a: too long",
        "root, an operator of the server, gave you the nickname carla",
    ]


def test_who_stays_can_be_killed(town: Town, root: Person, staying: Person) -> None:
    """KILL works on a user without sessions."""
    bob = town.person("bob", "#a")
    staying.leave()
    root.say("KILL Anna :gone too long")
    assert find(bob.read(), "QUIT").params == ("Killed (root (gone too long))",)
    assert "anna" not in town.world.users


def test_who_stays_leaves_when_the_account_is_suspended(
    town: Town, root: Person, staying: Person
) -> None:
    """The account is not to be used, so it is not here."""
    bob = town.person("bob", "#a")
    staying.leave()
    root.say("NS SUSPEND Anna :spam")
    assert "QUIT" in commands(bob.read())
    assert "anna" not in town.world.users

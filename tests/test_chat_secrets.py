"""Every command, every kind of user: who is not in a secret channel learns nothing of it, and who
has no right changes nothing.

The first is a comparison of two worlds. In one the secret channel is there; in the other its
members have left it, so that it is gone. Whatever an outsider says, the answers in both must be the
same. The forms of what is said are made from the registry, so that a new command is in the test
before anybody thinks of it.
"""

import re
from collections.abc import Iterator

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town
from trio_chat.chat.channels import Channel
from trio_chat.chat.ids import msgid
from trio_chat.chat.registry import COMMANDS
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

SECRET = "#Secret"
CAPS = (
    "batch draft/multiline labeled-response echo-message message-tags server-time draft/metadata-2"
    " draft/event-playback draft/chathistory draft/message-redaction draft/read-marker"
    " account-notify away-notify extended-join multi-prefix userhost-in-names invite-notify"
    " extended-monitor soju.im/search"
)
WORDS = ("tulip", "daffodil", "crocus", "snowdrop", "anemone", "lilac")
"""What is said in the channel, its topic, its metadata, its key, a ban, and what somebody left
with.
"""


class House:
    """A world with a channel that bob and carl are in, and somebody who is not.

    Args:
        kind: who that is.
        mode: of the channel.
    """

    def __init__(self, kind: str, mode: str) -> None:
        self.history, self.accounts = ListHistory(), OpenAccounts()
        self.town = Town(
            ServerInfo(created=NOON),
            storage=StoragePorts(history=self.history, accounts=self.accounts),
        )
        self.bob = self.town.person("bob", SECRET, caps=CAPS)
        self.accounts.add("bob", "password")
        self.bob.say("NS IDENTIFY password", f"CS REGISTER {SECRET}", "JOIN #open")
        self.carl = self.town.person("carl", SECRET, "#open", caps=CAPS)
        self.outsider = getattr(self, f"_{kind}")()
        self.bob.say(
            f"PRIVMSG {SECRET} :the tulip is out",
            f"TOPIC {SECRET} :daffodil",
            f"METADATA {SECRET} SET colour :crocus",
            f"MODE {SECRET} +b anemone!*@*",
            f"PRIVMSG {SECRET} :another tulip",
            mode,
        )
        self.carl.say(f"PRIVMSG {SECRET} :what a tulip", "AWAY :at lunch")
        self.message = next(
            record for record in self.history.records if record.command == "PRIVMSG"
        )
        self.outsider.read()

    @property
    def channel(self) -> Channel:
        """The channel."""
        return self.town.world.channels[SECRET.lower()]

    def desert(self) -> None:
        """Have everybody leave the channel and give it up."""
        self.bob.say(f"CS DROP {SECRET}", f"PART {SECRET}")
        self.carl.say(f"PART {SECRET}")
        assert SECRET.lower() not in self.town.world.channels
        self.outsider.read()

    def _newcomer(self) -> Person:
        return self.town.newcomer()

    def _stranger(self) -> Person:
        return self.town.person("eve", "#open", caps=CAPS)

    def _without_caps(self) -> Person:
        return self.town.person("eve")

    def _with_account(self) -> Person:
        eve = self.town.person("eve", "#open", caps=CAPS)
        self.accounts.add("eve", "password")
        eve.say("NS IDENTIFY password")
        return eve

    def _parted(self) -> Person:
        eve = self._stranger()
        eve.say(f"JOIN {SECRET}", f"PRIVMSG {SECRET} :I was here", f"PART {SECRET} :lilac")
        return eve

    def _kicked(self) -> Person:
        eve = self._with_account()
        eve.say(f"JOIN {SECRET}", f"PRIVMSG {SECRET} :I was here")
        self.bob.say(f"KICK {SECRET} eve", f"MODE {SECRET} +b eve")
        return eve

    def _member(self) -> Person:
        eve = self._with_account()
        eve.say(f"JOIN {SECRET}")
        return eve

    def _voiced(self) -> Person:
        eve = self._member()
        self.bob.say(f"MODE {SECRET} +v eve")
        return eve


OUTSIDERS = ("newcomer", "stranger", "without_caps", "with_account", "parted", "kicked")
POWERLESS = (*OUTSIDERS, "member", "voiced")

_GENERAL = (
    "{c}",
    "{c} S",
    "{c} s",
    "{c} @S",
    "{c} #open,S",
    "{c} S,S,#open",
    "{c} S x",
    "{c} S bob",
    "{c} S bob,carl :why",
    "{c} bob S",
    "{c} eve S",
    "{c} carl,bob",
    "{c} S :some words",
    "{c} S +o eve",
    "{c} * S",
    "{c} *",
    "{c} bob",
    "{c} carl carl",
    "{c} + S",
    "{c} LS S",
    "{c} S S S S",
    "{c} :S bob",
    "{c} INFO S",
    "{c} S #other :moved",
    "{c} {id}",
    "{c} S {id}",
    "{c} *S*",
)
_PARTICULAR: dict[str, tuple[str, ...]] = {
    "MODE": (
        "S b",
        "S e",
        "S I",
        "S +k x",
        "S -k snowdrop",
        "S -s",
        "S -i",
        "S +b x!*@*",
        "S -b anemone!*@*",
        "S +l 5",
        "S -bk anemone!*@* x",
        "S +v-o eve bob",
        "S +s",
        "S +tn-tn",
    ),
    "WHO": ("bob", "b*", "*", "S", "S %cnf", "bob %cnuhaf,7", "carl %tc,1", "c*l %c", "192.0.2.*"),
    "WHOIS": ("bob", "carl", "bob bob", "chat.local bob"),
    "WHOWAS": ("eve", "bob 5"),
    "LIST": (">0", "<100", "S", "#open,S", "*ecret*", "s"),
    "NAMES": ("S", "S,#open", "*"),
    "TOPIC": ("S", "S :", "S :tea"),
    "KICK": ("S eve", "S bob :out", "S nobody"),
    "INVITE": ("eve S", "nobody S", "carl S"),
    "PRIVMSG": (
        "S :hello",
        "@S :hello",
        "@+S :hello",
        "bob,S :hello",
        "S",
        "ChanServ :INFO S",
        "NickServ :INFO bob",
    ),
    "NOTICE": ("S :hello", "@S :hello"),
    "MONITOR": ("+ S,bob", "+ carl", "S", "L", "- S"),
    "CHATHISTORY": (
        "LATEST S * 50",
        "LATEST S timestamp=2020-01-01T00:00:00.000Z 50",
        "BEFORE S msgid={id} 50",
        "AFTER S msgid={id} 50",
        "AROUND S msgid={id} 50",
        "BETWEEN S msgid={id} timestamp=2030-01-01T00:00:00.000Z 50",
        "LATEST bob * 50",
        "TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z 50",
        "AROUND #open msgid={id} 50",
        "LATEST bob,carl * 50",
        "LATEST @S * 50",
        "LATEST S x 50",
        "LATEST S * x",
    ),
    "SEARCH": (
        "text=tulip",
        "text=tulip;in=S",
        "from=bob",
        "in=S",
        "text=hello;in=#open",
        "in=S;limit=x",
        "from=eve",
    ),
    "METADATA": (
        "S GET colour",
        "S LIST",
        "S SET colour :red",
        "S SET colour",
        "S CLEAR",
        "S SYNC",
        "* SUB colour",
        "* SUBS",
        "S x",
        "bob GET colour",
    ),
    "REDACT": ("S {id}", "S {id} :why", "#open {id}", "bob {id}", "S 0000000000000"),
    "MARKREAD": ("S", "S timestamp=2026-01-01T00:00:00.000Z", "S timestamp=x"),
    "BATCH": ("+1 draft/multiline S", "-1", "+1 x S"),
    "CS": (
        "INFO S",
        "ACCESS S LIST",
        "ACCESS S ADD eve op",
        "OP S",
        "OP S eve",
        "DEOP S bob",
        "DROP S",
        "REGISTER S",
        "VOICE S eve",
        "TRANSFER S eve",
    ),
    "NS": ("INFO bob", "GHOST bob", "INFO"),
    "AWAY": (":gone", ""),
    "SETNAME": (":S",),
    "NICK": ("S", "bob", "Bob"),
    "ISON": ("bob S",),
    "USERHOST": ("bob S carl",),
}


def forms(command: str, message: str) -> Iterator[str]:
    """Return what can be said with a command of the channel and its people."""
    particular = [f"{command} {form}" for form in _PARTICULAR.get(command, ())]
    for form in (*_GENERAL, *particular):
        line = form.replace("{c}", command).replace("{id}", message)
        yield re.sub(
            r"(?<![A-Za-z])S(?![A-Za-z])", SECRET, re.sub(r"(?<=\s)s$", SECRET.lower(), line)
        )
    yield f"@label=1;+x=y {command} {SECRET} :x"
    yield f"@batch=1 {command} {SECRET} :x"


_TIME = re.compile(r"(?<=[@;])time=[0-9TZ:.-]+;?")
_ID = re.compile("[0-7][0-9abcdefghjkmnpqrstvwxyz]{12}")


def plain(messages: list[Message]) -> list[str]:
    """Return messages without what is never the same twice: ids, and when they were sent."""
    return [_ID.sub("ID", _TIME.sub("", message.line())) for message in messages]


@pytest.mark.parametrize("kind", OUTSIDERS)
@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"JOIN"}))
def test_a_secret_channel_is_as_if_it_were_not_there(command: str, kind: str) -> None:
    """No answer, error or silence of any command differs from what it is for a channel that does
    not exist.
    """
    there, gone = (
        House(kind, f"MODE {SECRET} +sk snowdrop"),
        House(kind, f"MODE {SECRET} +sk snowdrop"),
    )
    gone.desert()
    for line in forms(command, msgid(there.message.id)):
        if there.outsider.ended:
            assert gone.outsider.ended == there.outsider.ended
            break
        answers = plain(there.outsider.say(line))
        assert answers == plain(gone.outsider.say(line)), line
        assert SECRET.lower() not in _unsaid(answers, line), line


def _unsaid(answers: list[str], line: str) -> str:
    """Return the answers, unless the line itself has the name in it, which an answer may repeat."""
    return "" if SECRET.lower() in line.lower() else "".join(answers).lower()


def test_joining_tells_no_more_than_it_must() -> None:
    """JOIN reveals that a secret channel exists, but neither its spelling nor its state."""
    for mode in ("+si", "+sk snowdrop", "+sl 1", "+sb *!*@*"):
        house = House("stranger", f"MODE {SECRET} {mode}")
        answers = house.outsider.say(f"JOIN {SECRET.upper()}")
        assert len(answers) == 1
        assert not any(word in str(answers) for word in (SECRET, *WORDS))


@pytest.mark.parametrize("kind", ["stranger", "parted", "kicked", "with_account"])
def test_what_happens_in_a_secret_channel_stays_there(kind: str) -> None:
    """A user outside gets nothing, though it shares another channel with the members."""
    house = House(kind, f"MODE {SECRET} +s")
    house.outsider.say("MONITOR + bob,carl", "METADATA * SUB colour")
    house.bob.say(
        f"PRIVMSG {SECRET} :hello",
        f"@+typing=active TAGMSG {SECRET}",
        f"TOPIC {SECRET} :new",
        f"MODE {SECRET} +v carl",
        f"METADATA {SECRET} SET colour :blue",
        f"INVITE zoe {SECRET}",
        f"CS ACCESS {SECRET} ADD bob op",
        f"REDACT {SECRET} {msgid(house.message.id)}",
        f"BATCH +1 draft/multiline {SECRET}",
        f"@batch=1 PRIVMSG {SECRET} :line",
        "BATCH -1",
        f"KICK {SECRET} carl :out",
    )
    house.carl.say(f"JOIN {SECRET}", f"PART {SECRET}")
    assert house.outsider.read() == []


@pytest.mark.parametrize("kind", OUTSIDERS)
@pytest.mark.parametrize("mode", ["+i", "+k snowdrop"])
def test_what_is_said_in_a_closed_channel_stays_there(kind: str, mode: str) -> None:
    """A channel with a key, or only for the invited, can be known of; what is said, its key and its
    metadata cannot.
    """
    house = House(kind, f"MODE {SECRET} {mode}")
    for command in sorted(COMMANDS.keys() - {"QUIT"}):
        for line in forms(command, msgid(house.message.id)):
            said = line.lower()
            answers = "".join(plain(house.outsider.say(line))).lower()
            hidden = [
                word
                for word in ("tulip", "crocus", "snowdrop")
                if word in answers and word not in said
            ]
            assert not hidden, (line, answers)


def state(house: House) -> tuple[object, ...]:
    """Return everything of the channel that only who has a right may change."""
    channel = house.channel
    registration = channel.registration
    assert registration is not None
    return (
        channel.name,
        channel.topic,
        set(channel.flags),
        channel.key,
        channel.limit,
        dict(channel.metadata),
        channel.permanent,
        {letter: dict(entries) for letter, entries in channel.lists.items()},
        {
            user.nick: set(member.ranks)
            for user, member in channel.members.items()
            if user is not house.outsider.session.user
        },
        (registration.owner, dict(registration.access)),
        [record for record in house.history.records if record.source.startswith(("bob!", "carl!"))],
        {user.nick: list(user.invited) for user in house.town.world.users.values() if user.invited},
    )


@pytest.mark.parametrize("kind", POWERLESS)
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_who_has_no_right_changes_nothing(command: str, kind: str) -> None:
    """Membership and rank: topic, modes, lists, ranks, metadata, history and invitations are for
    operators of the channel.
    """
    house = House(kind, f"MODE {SECRET} +tik snowdrop")
    before = state(house)
    for line in forms(command, msgid(house.message.id)):
        if house.outsider.ended:
            break
        house.outsider.say(line)
        assert state(house) == before, line


def test_the_house_is_not_empty() -> None:
    """A member does see what the tests above look for, or they could not fail."""
    house = House("member", f"MODE {SECRET} +sk snowdrop")
    seen = "".join(
        plain(
            house.outsider.say(
                f"CHATHISTORY LATEST {SECRET} * 50",
                f"TOPIC {SECRET}",
                f"METADATA {SECRET} LIST",
                f"MODE {SECRET}",
                f"MODE {SECRET} b",
            )
        )
    )
    assert all(word in seen for word in ("tulip", "daffodil", "crocus", "snowdrop", "anemone"))
    before = state(house)
    for line in (
        f"TOPIC {SECRET} :x",
        f"MODE {SECRET} +m",
        f"KICK {SECRET} carl",
        f"CS ACCESS {SECRET} ADD bob op",
    ):
        house.bob.say(line)
        assert state(house) != before
        before = state(house)

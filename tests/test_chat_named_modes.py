"""Modes by their names (IRCv3 draft/named-modes): PROP, its numerics, and MODE as PROP."""

import pytest

from storage_fakes import ListHistory
from support import NOON, Town, commands, find
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc import modes, named_modes
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message

CAP = "draft/named-modes"

SPECIFIED_CHANNEL_MODES = {
    "o": "5:op",
    "v": "5:voice",
    "b": "1:ban",
    "i": "4:inviteonly",
    "l": "3:limit",
    "m": "4:moderated",
    "n": "4:noextmsg",
    "k": "2:key",
    "s": "4:secret",
    "t": "4:topiclock",
    "e": "1:banex",
    "I": "1:invex",
    "a": "5:admin",
    "h": "5:halfop",
    "C": "4:noctcp",
    "q": "5:owner",
    "R": "4:regonly",
}
"""The tables of "Channel modes" in the text, of the letters that there are here."""
SPECIFIED_USER_MODES = {
    "i": "4:invisible",
    "o": "4:oper",
    "s": "4:snomask",
    "w": "4:wallops",
    "B": "4:bot",
}


def announced(messages: list[Message], numeric: str) -> list[str]:
    """Return the items of RPL_CHMODELIST or RPL_UMODELIST, once it is sure that only the last line
    has no asterisk.
    """
    *others, last = (message.params[1:] for message in messages if message.command == numeric)
    assert [line[0] for line in others] == ["*"] * len(others)
    return [item for line in (*others, last) for item in line if item != "*"]


def failure(messages: list[Message]) -> tuple[str, ...]:
    """Return what a FAIL says, without its text; there is nothing else."""
    (message,) = messages
    assert message.command == "FAIL"
    return message.params[:-1]


# What there is.


def registered(town: Town, caps: str) -> list[Message]:
    """Return what a client is sent that registers."""
    person = town.newcomer()
    person.say(f"CAP REQ :{caps}")
    return person.say("NICK ann", "USER ann 0 * :ann", "CAP END")


@pytest.mark.parametrize(
    ("numeric", "specified", "table"),
    [
        ("964", SPECIFIED_CHANNEL_MODES, modes.CHANNEL_MODES),
        ("965", SPECIFIED_USER_MODES, modes.USER_MODES),
    ],
)
def test_the_names_are_announced(
    town: Town,
    numeric: str,
    specified: dict[str, str],
    table: dict[str, modes.ChannelMode | modes.UserMode],
) -> None:
    """ "`<letter>` is an equivalent mode name for the `MODE` command", and what the text does not
    name has a vendor.
    """
    items = dict(item.split("=")[::-1] for item in announced(registered(town, CAP), numeric))
    assert list(items) == list(table)
    assert {letter: item for letter, item in items.items() if "/" not in item} == specified


def test_a_line_of_names_has_room() -> None:
    """ "all but the last numeric MUST have a parameter containing only an asterisk", also behind
    long names.
    """
    lines = [
        m
        for m in registered(Town(ServerInfo(name="a" * 63, created=NOON)), CAP)
        if m.command == "964"
    ]
    assert len(lines) > 1
    assert max(len(line.params) for line in lines) <= 15


def test_names_are_for_clients_that_ask(town: Town) -> None:
    """ "Clients MUST negotiate this capability before using this functionality"."""
    assert not {"964", "965"} & {*commands(registered(town, "message-tags"))}
    assert find(town.person("bob", "#a").say("PROP #a"), "421").params[1] == "PROP"


def test_the_token_of_isupport() -> None:
    """ "This specification defines the REQUIRED `MAXMODES` token"."""
    tokens = [
        token
        for m in Town(lengths=Lengths(modes=7)).person("ann").say("VERSION")
        for token in m.params
    ]
    assert "MAXMODES=7" in tokens


# Showing.


def test_the_modes_of_a_channel(town: Town) -> None:
    """The example of "Listing modes on a channel"."""
    ann = town.person("ann", "#example", caps=CAP)
    ann.say("PROP #example +limit=5 +key=pyramids +ban=*!*@192.0.2.9")
    assert [(m.command, *m.params[1:]) for m in ann.say("PROP #example")] == [
        ("961", "#example", "noextmsg", "topiclock", "key=pyramids", "limit=5"),
        ("960", "#example", "End of mode list"),
    ]


def test_the_key_is_for_members(town: Town) -> None:
    """ "Servers MAY omit the `<param>` for any mode"."""
    town.person("ann", "#a").say("MODE #a +k pyramids")
    assert find(town.person("bob", caps=CAP).say("PROP #a"), "961").params[2:] == (
        "noextmsg",
        "topiclock",
        "key",
    )


def test_a_channel_without_modes(town: Town) -> None:
    """The list is empty, and ends."""
    ann = town.person("ann", "#a", caps=CAP)
    ann.say("PROP #a -topiclock -noextmsg")
    assert [(m.command, *m.params[1:2]) for m in ann.say("PROP #a")] == [
        ("961", "#a"),
        ("960", "#a"),
    ]


def test_a_secret_channel_stays_secret(town: Town) -> None:
    """Non-members see neither modes nor lists, as with MODE."""
    town.person("ann", "#a").say("MODE #a +s")
    bob = town.person("bob", caps=CAP)
    assert commands(bob.say("PROP #a", "PROP #a ban", "PROP #a +secret")) == ["403", "403", "403"]


@pytest.mark.parametrize(("name", "letter"), [("ban", "b"), ("banex", "e"), ("invex", "I")])
def test_a_list(town: Town, name: str, letter: str) -> None:
    """ "RPL_LISTPROPLIST <nick> <channel> <modename> <mask> [<setter> <settime>]"."""
    ann = town.person("ann", "#a", caps=CAP)
    ann.say(f"MODE #a +{letter}{letter} *!*@192.0.2.9 *!*@192.0.2.8")
    source = town.world.users["ann"].source
    assert [(m.command, *m.params) for m in ann.say(f"PROP #a {name}")] == [
        ("963", "ann", "#a", name, "*!*@192.0.2.9", source, f"{NOON:.0f}"),
        ("963", "ann", "#a", name, "*!*@192.0.2.8", source, f"{NOON:.0f}"),
        ("962", "ann", "#a", name, "End of list"),
    ]


# Changing.


def test_a_change_is_seen_by_all_as_they_know_it(town: Town) -> None:
    """The example of "Translation between PROP and MODE"."""
    nick = town.person("nick", "#egypt", caps=CAP)
    with_it, without = town.person("bob", "#egypt", caps=CAP), town.person("cat", "#egypt")
    own = nick.say("PROP #egypt +key=pyramids -topiclock +ban=*!*@192.0.2.9 +ban=example!*@*")
    items = ("#egypt", "+key=pyramids", "-topiclock", "+ban=*!*@192.0.2.9", "+ban=example!*@*")
    assert [(m.command, m.params, m.source) for m in own] == [
        ("PROP", items, town.world.users["nick"].source)
    ]
    assert with_it.read() == own
    (mode,) = without.read()
    assert (mode.command, mode.params) == (
        "MODE",
        ("#egypt", "+k-t+bb", "pyramids", "*!*@192.0.2.9", "example!*@*"),
    )


def test_mode_is_translated(town: Town) -> None:
    """ "servers MUST translate `MODE` messages to `PROP` messages for clients that did negotiate
    the capability".
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=CAP)
    assert commands(ann.say("MODE #a +oil-t bob 5", "MODE #a -lk+f x #a")) == [
        "MODE",
        "696",
        "MODE",
    ]
    assert [m.params for m in bob.read() if m.command == "PROP"] == [
        ("#a", "+op=bob", "+inviteonly", "+limit=5", "-topiclock"),
        ("#a", "-limit"),
    ]


def test_one_answer_for_a_label(town: Town) -> None:
    """What is translated for the client itself has its label."""
    ann = town.person("ann", "#a", caps=f"{CAP} labeled-response batch message-tags")
    (own,) = (parsed for parsed in ann.say("@label=x MODE #a +i"))
    assert (own.command, own.params, own.tags["label"]) == ("PROP", ("#a", "+inviteonly"), "x")


@pytest.mark.parametrize("name", ["trio-chat/roleplay", "roleplay"])
def test_the_vendor_may_be_left_out(town: Town, name: str) -> None:
    """ "Servers implementing non-standard modes may allow clients to send them both with and
    without their vendor prefix".
    """
    ann = town.person("ann", "#a", caps=CAP)
    assert find(ann.say(f"PROP #a +{name}"), "PROP").params == ("#a", "+trio-chat/roleplay")


def test_what_changes_nothing_is_not_echoed(town: Town) -> None:
    """ "If the mode change is not a no-op mode change it MUST be echoed back"."""
    assert (
        town.person("ann", "#a", caps=CAP).say(
            "PROP #a +noextmsg -secret -ban=*!*@192.0.2.9 -key=x"
        )
        == []
    )


def test_a_name_gives_no_more_rights_than_a_letter(town: Town) -> None:
    """The same rules as for MODE, and the same answers."""
    town.person("ann", "#a")
    bob = town.person("bob", "#a", caps=CAP)
    assert commands(bob.say("PROP #a +inviteonly +op=bob", "PROP #a +limit=5 +ban=*!*@*")) == [
        "482",
        "482",
    ]
    assert town.world.channels["#a"].flags == {"n", "t"}


def test_a_parameter_that_is_wrong(town: Town) -> None:
    """Each item for itself: the others are carried out."""
    ann = town.person("ann", "#a", caps=CAP)
    answers = ann.say("PROP #a +limit=many +op=nobody +moderated")
    assert commands(answers) == ["696", "401", "PROP"]
    assert answers[-1].params == ("#a", "+moderated")


def test_more_than_the_most(town: Town) -> None:
    """ "Servers MAY silently drop mode changes beyond the MAXMODES limit"; this one makes them."""
    ann = town.person("ann", "#a", caps=CAP)
    items = [f"+ban=b{number}!*@*" for number in range(town.world.lengths.modes + 1)]
    shown = [item for m in ann.say(f"PROP #a {' '.join(items)}") for item in m.params[1:]]
    assert shown == items


@pytest.mark.parametrize(
    ("item", "why", "name"),
    [
        ("+egg", "UNKNOWN_MODE", "egg"),
        ("-example.org/history", "UNKNOWN_MODE", "example.org/history"),
        ("egg", "UNKNOWN_MODE", "egg"),
        ("+i", "UNKNOWN_MODE", "i"),
        ("+Secret", "UNKNOWN_MODE", "Secret"),
        ("+limit", "MISSING_VALUE", "limit"),
        ("+key=", "MISSING_VALUE", "key"),
        ("+ban", "MISSING_VALUE", "ban"),
        ("-op", "MISSING_VALUE", "op"),
        ("-ban", "MISSING_VALUE", "ban"),
        ("+secret=1", "UNEXPECTED_VALUE", "secret"),
        ("-limit=5", "UNEXPECTED_VALUE", "limit"),
        ("+secret=", "UNEXPECTED_VALUE", "secret"),
        ("secret", "NOT_LISTMODE", "secret"),
        ("ban=x", "INVALID_SYNTAX", "ban"),
    ],
)
def test_what_is_written_wrong_changes_nothing(town: Town, item: str, why: str, name: str) -> None:
    """The reason is a standard reply, and the rest of the line is not carried out either."""
    ann = town.person("ann", "#a", caps=CAP)
    assert failure(ann.say(f"PROP #a +moderated {item}")) == ("PROP", why, "#a", name)
    assert town.world.channels["#a"].flags == {"n", "t"}


@pytest.mark.parametrize(
    "item", ["+", "-", "+=x", "=", "+/", "+ban=", ": ", ":", ":+ban=a b", ":+moderated -secret"]
)
def test_a_strange_item_ends_nothing(town: Town, item: str) -> None:
    """Any item gets a reply."""
    assert town.person("ann", "#a", caps=CAP).say(f"PROP #a {item}")


def test_a_key_is_taken_away_without_naming_it(town: Town) -> None:
    """The key is "2 or 3 (param)" in the text; by MODE it works as well."""
    ann = town.person("ann", "#a", caps=CAP)
    ann.say("PROP #a +key=pyramids")
    assert find(ann.say("PROP #a -key"), "PROP").params == ("#a", "-key=*")


def test_a_mode_change_is_stored_within_the_quota() -> None:
    """Bans by name are no way around the limit of what is remembered."""
    town = Town(lengths=Lengths(stored_per_hour=4), storage=StoragePorts(history=ListHistory()))
    town.person("host", "#b", host="203.0.113.1")
    ann = town.person("ann", "#a", caps=CAP)
    answers = ann.say(*(f"PROP #a +ban=b{number}!*@*" for number in range(9)))
    assert answers[-1].command == "FAIL"
    assert answers[-1].params[:2] == ("PROP", "QUOTA_EXCEEDED")
    assert commands(ann.say("PROP #a ban"))[-1] == "962"


# One's own modes.


def test_own_modes(town: Town) -> None:
    """ "the target of a mode change is always unambiguous": a nickname means the modes of a
    user.
    """
    ann = town.person("ann", caps=CAP)
    other = town.person("bob")
    assert [(m.command, m.params) for m in ann.say("PROP ann -invisible +bot -wallops +oper")] == [
        ("PROP", ("ann", "-invisible", "+bot"))
    ]
    assert find(ann.say("PROP ann"), "221").params == ("ann", "+B")
    assert commands(ann.say("PROP bob +invisible", "PROP nobody +invisible")) == ["502", "401"]
    assert other.read() == []


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("+secret", "UNKNOWN_MODE"),
        ("+invisible=1", "UNEXPECTED_VALUE"),
        ("invisible", "INVALID_SYNTAX"),
    ],
)
def test_own_modes_that_are_written_wrong(town: Town, item: str, why: str) -> None:
    """ "The list given by these two numerics are in two separate namespaces"."""
    ann = town.person("ann", caps=CAP)
    assert failure(ann.say(f"PROP ann +bot {item}"))[1] == why
    assert town.world.users["ann"].modes == "i"


def test_snomask_needs_the_right(town: Town) -> None:
    """The right is the one of +s."""
    assert commands(town.person("ann", caps=CAP).say("PROP ann +snomask +bot")) == ["481", "PROP"]


# Lines.


def test_a_change_that_one_line_does_not_hold(town: Town) -> None:
    """ "within the syntactic limits imposed by the IRC protocol": in several lines, of which the
    first is the message.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=f"{CAP} message-tags")
    masks = [f"m:r:{number}{'x' * 32}" for number in range(12)]
    ann.say(f"MODE #a +{'b' * len(masks)} {' '.join(masks)}")
    lines = bob.read()
    assert len(lines) > 1
    assert [item for line in lines for item in line.params[1:]] == [
        f"+ban={mask}" for mask in masks
    ]
    assert [line.params[0] for line in lines] == ["#a"] * len(lines)
    assert [bool(line.tags.get("msgid")) for line in lines] == [True] + [False] * (len(lines) - 1)


def test_the_history_has_names() -> None:
    """What is remembered as MODE is replayed as PROP to a client with both capabilities."""
    town = Town(storage=StoragePorts(history=ListHistory(), most_messages=50))
    town.person("ann", "#a", "#b").say("MODE #a +m")
    caps = "batch draft/chathistory draft/event-playback"
    with_it, without = (
        town.person("bob", "#a", caps=f"{CAP} {caps}"),
        town.person("cat", "#a", caps=caps),
    )
    assert find(with_it.say("CHATHISTORY LATEST #a * 9"), "PROP").params == ("#a", "+moderated")
    assert find(without.say("CHATHISTORY LATEST #a * 9"), "MODE").params == ("#a", "+m")


def test_a_letter_that_is_no_mode_any_more() -> None:
    """A change that has no name stays a MODE."""
    assert named_modes.from_mode("#a", ("+Ym", "x")) == []
    assert named_modes.from_mode("ann", ("+Yi",)) == []

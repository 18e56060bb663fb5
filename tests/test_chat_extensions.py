"""Small IRCv3 extensions, and clients that do not request them."""

from typing import Any

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands, find, offered
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import OperatorDismissed
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import (
    AccountSettings,
    LimitSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)
from trio_chat.irc import isupport
from trio_chat.server import rehash

ANN = "AGFubgBhbm4tcGFzc3dvcmQ="


def with_accounts(**rules: Any) -> Town:
    """Return a world in which Ann has an account."""
    accounts = OpenAccounts()
    accounts.add("ann", "ann-password")
    return Town(
        ServerInfo(account_rules=AccountRules(**rules)),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )


def tokens(settings: Settings) -> list[str]:
    """Return what RPL_ISUPPORT says of a configuration."""
    town = Town(
        rehash.server_info(settings, 0.0),
        storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts()),
    )
    replies = town.person("ann").say("VERSION")
    return [
        token for message in replies if message.command == "005" for token in message.params[1:-1]
    ]


# No-implicit-names.


def test_no_names_unasked(town: Town) -> None:
    """ "When negotiated, servers MUST NOT send an implicit NAMES reply after sending a JOIN
    message".
    """
    ann = town.person("ann", caps="no-implicit-names draft/read-marker")
    assert commands(ann.say("JOIN #a")) == ["JOIN", "MARKREAD"]


def test_names_when_asked(town: Town) -> None:
    """ "Servers MUST reply to explicit NAMES commands sent by the client as usual"."""
    ann = town.person("ann", "#a", caps="no-implicit-names")
    assert commands(ann.say("NAMES #a")) == ["353", "366"]


def test_no_names_with_another_name_of_a_channel(town: Town) -> None:
    """The JOIN that stands for a RENAME is one, too."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps="no-implicit-names")
    ann.say("RENAME #a #b")
    assert commands(bob.read()) == ["PART", "JOIN"]


def test_no_names_for_one_more_session() -> None:
    """Of the channels in which the user is already."""
    town = with_accounts()
    ann = town.person("ann1", "#a")
    ann.say("NS IDENTIFY ann ann-password", "NICK ann")
    phone = town.newcomer()
    phone.say(
        "CAP REQ :sasl no-implicit-names",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {ANN}",
        "NICK ann",
        "USER x 0 * :x",
    )
    burst = phone.say("CAP END")
    assert "JOIN" in commands(burst)
    assert "366" not in commands(burst)


# Extended-isupport.


def test_isupport_before_registration(town: Town) -> None:
    """The example of the specification: a batch `draft/isupport` of 005 lines to `*`, before
    NICK.
    """
    newcomer = town.newcomer()
    newcomer.say("CAP LS 302", "CAP REQ :batch draft/extended-isupport")
    start, *lines, end = newcomer.say("ISUPPORT")
    assert (start.command, start.params[1:], end.command) == ("BATCH", ("draft/isupport",), "BATCH")
    assert {(line.command, line.params[0], line.tags["batch"]) for line in lines} == {
        ("005", "*", start.params[0][1:])
    }
    said = [token for line in lines for token in line.params[1:-1]]
    assert sorted(said) == sorted(town.world.advertised.tokens)


def test_isupport_without_the_capability(town: Town) -> None:
    """Before registration it takes the capability; after it "the server MUST reply", as VERSION
    does.
    """
    newcomer = town.newcomer()
    assert commands(newcomer.say("ISUPPORT")) == ["451"]
    ann = town.person("ann")
    assert ann.say("ISUPPORT") == [
        message for message in ann.say("VERSION") if message.command == "005"
    ]


def test_isupport_in_the_welcome_is_batched(town: Town) -> None:
    """ "The server MUST group all RPL_ISUPPORT messages inside a draft/isupport batch" when both
    are enabled.
    """
    newcomer = town.newcomer()
    newcomer.say("CAP REQ :draft/extended-isupport batch", "NICK ann", "USER x 0 * :x")
    burst = newcomer.say("CAP END")
    start = find([message for message in burst if message.params[0].startswith("+")], "BATCH")
    assert {message.tags.get("batch") for message in burst if message.command == "005"} == {
        start.params[0][1:]
    }


def test_a_labelled_isupport_is_one_batch(town: Town) -> None:
    """IRCv3 labeled-response: the label is on the start of the batch."""
    ann = town.person("ann", caps="batch labeled-response draft/extended-isupport")
    replies = ann.say("@label=x ISUPPORT")
    assert replies[0].tags == {"label": "x"}
    assert commands(replies).count("BATCH") == 2


def test_a_line_holds_its_tokens() -> None:
    """RFC 2812 §2.3: 15 parameters; and 512 bytes behind the longest names, which `Person.read`
    checks.
    """
    town = Town(ServerInfo(name="s" * 63, network="\u00e9" * 32, icon=f"https://{'x' * 192}"))
    lines = [
        message for message in town.person("\u043d" * 32).say("VERSION") if message.command == "005"
    ]
    assert [token for line in lines for token in line.params[1:-1]] == list(
        town.world.advertised.tokens
    )
    assert all(len(line.params) <= 15 for line in lines)


# ISUPPORT tokens.


def test_the_icon_of_the_network() -> None:
    """`draft/ICON`: "the value MUST be a URL to an image"; none where there is none."""
    assert "draft/ICON=https://example.org/icon.svg" in tokens(
        Settings(server=ServerSettings(icon="https://example.org/icon.svg"))
    )
    assert not any(token.startswith("draft/ICON") for token in tokens(Settings()))


@pytest.mark.parametrize(("limit", "is_safe"), [(0, True), (1000, False)])
@pytest.mark.parametrize("name", ["SAFERATE", "soju.im/SAFERATE"])
def test_saferate(name: str, limit: int, is_safe: bool) -> None:
    """ "the server ensures that a client will not be disconnected due to server rate-limiting": so
    not where there is a limit. The bouncer soju knows the token by the name of its specification.
    """
    assert (name in tokens(Settings(limits=LimitSettings(flood_limit=limit)))) is is_safe


def test_accountrequired() -> None:
    """ "the connection to the server cannot be completed unless the clients authenticates,
    typically via SASL".
    """
    assert "draft/ACCOUNTREQUIRED" in isupport.tokens(isupport.Lengths(), "x", needs_account=True)
    assert "draft/ACCOUNTREQUIRED" not in tokens(Settings())
    needed = AccountSettings(required=True)
    assert rehash.server_info(Settings(accounts=needed), 0.0).account_rules.required
    assert not rehash.server_info(
        Settings(accounts=needed, storage=StorageSettings(file=None)), 0.0
    ).account_rules.required


def test_who_has_no_account_does_not_come_in() -> None:
    """`FAIL * ACCOUNT_REQUIRED <message>`, and the connection ends; early enough for a client to
    know why.
    """
    town = with_accounts(required=True)
    guest = town.newcomer()
    guest.say("CAP REQ :draft/extended-isupport", "NICK guest")
    assert "draft/ACCOUNTREQUIRED" in [
        token for message in guest.say("ISUPPORT") for token in message.params
    ]
    guest.say("USER x 0 * :x")
    (refusal,) = guest.say("CAP END")
    assert (refusal.command, refusal.params[:2]) == ("FAIL", ("*", "ACCOUNT_REQUIRED"))
    assert guest.ended == "An account is required"
    assert not town.world.users


def test_who_has_an_account_comes_in() -> None:
    """By SASL, or by registering one before the connection is complete."""
    town = with_accounts(required=True)
    ann, new = town.newcomer(), town.newcomer()
    ann.say(
        "CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {ANN}", "NICK ann", "USER x 0 * :x"
    )
    assert "001" in commands(ann.say("CAP END"))
    new.say(
        "CAP REQ :draft/account-registration",
        "NICK new",
        "USER x 0 * :x",
        "REGISTER * * new-password",
    )
    assert "001" in commands(new.say("CAP END"))


# Whoami, chghost.


def test_who_one_is(town: Town) -> None:
    """draft/whoami: a SETNAME "between the final 005 RPL_ISUPPORT and the beginning of the LUSERS
    numerics".
    """
    ann = town.newcomer()
    ann.say("CAP REQ :chghost draft/whoami", "NICK ann", "USER u s e :real name")
    burst = ann.say("CAP END")
    position = commands(burst).index("SETNAME")
    assert (burst[position].source, burst[position].params) == ("ann!u@192.0.2.1", ("real name",))
    assert (burst[position - 1].command, burst[position + 1].command) == ("005", "251")


@pytest.mark.parametrize("caps", ["chghost", "draft/whoami", "setname"])
def test_who_one_is_takes_both_capabilities(town: Town, caps: str) -> None:
    """ "If a client has enabled draft/whoami and chghost"."""
    ann = town.newcomer()
    ann.say(f"CAP REQ :{caps}", "NICK ann", "USER u s e :real name")
    assert "SETNAME" not in commands(ann.say("CAP END"))


def test_chghost_is_offered_with_whoami(town: Town) -> None:
    """ "Servers advertising draft/whoami MUST also advertise chghost"."""
    assert {"chghost", "draft/whoami"} <= {*offered(town.newcomer())}


# Oper-tag.

ACTS = [
    "PRIVMSG #a :x",
    "NOTICE #a :x",
    "PRIVMSG eve :x",
    "@+typing=active TAGMSG #a",
    "MODE #a +m",
    "TOPIC #a :x",
    "PART #a",
    "NICK root2",
    "KICK #a bob",
    "INVITE eve #b",
    "JOIN #eve",
    "SETNAME :x",
    "AWAY :x",
    "RELAYMSG #a x/y :x",
]


@pytest.mark.parametrize("line", ACTS)
def test_the_tag_of_an_operator(town: Town, line: str) -> None:
    """draft/oper-tag: "MUST be added by the ircd to all commands sent by a user (e.g. PRIVMSG,
    MODE, NOTICE, and all others)".
    """
    root = town.person("root", "#a", "#b", caps="message-tags")
    seeing = town.person(
        "eve", "#eve", "#a", caps="draft/oper-tag message-tags away-notify setname"
    )
    plain, bob = (
        town.person("plain", "#a", caps="message-tags away-notify setname"),
        town.person("bob", "#a"),
    )
    assert root.session.user is not None
    town.appoint(root.session.user, Operator(name="boss"))
    root.say(line)
    seen, *_ = seeing.read()
    assert seen.tags["draft/oper"] == ""
    assert all("draft/oper" not in message.tags for message in (*plain.read(), *bob.read()))


def test_the_tag_is_of_who_is_an_operator_now(town: Town) -> None:
    """ "sent by a user who is currently an IRC operator"; and by no one else."""
    root, eve = town.person("root", "#a"), town.person("eve", "#a", caps="draft/oper-tag")
    user = root.session.user
    assert user is not None
    for is_operator in (False, True, False):
        if is_operator:
            town.appoint(user, Operator(name="boss"))
        else:
            apply(town.world, OperatorDismissed(user.folded))
        root.say("PRIVMSG #a :x")
        assert ("draft/oper" in find(eve.read(), "PRIVMSG").tags) is is_operator

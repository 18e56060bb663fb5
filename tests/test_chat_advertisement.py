"""Changes of the offer when a running server is rehashed: CAP NEW, CAP DEL, RPL_ISUPPORT."""

from dataclasses import replace

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find, offered
from trio_chat.chat import advertisement, reconfiguration
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.events import Output
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import ServerSettings, Settings, TlsSettings
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message
from trio_chat.server import rehash

IDENTITY = ServerInfo(created=NOON)


def make_town() -> Town:
    """Return a town that remembers and has accounts."""
    return Town(IDENTITY, storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts()))


def reconfigure(town: Town, person: Person, server_info: ServerInfo) -> list[Message]:
    """Configure a town anew; return what a client is sent."""
    town.deliver(Output(tuple(reconfiguration.reconfigure(town.world, server_info))), person)
    return person.read()


def modern(town: Town, nick: str = "ann") -> Person:
    """Return somebody whose client knows version 302."""
    person = town.newcomer()
    person.say("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :A", "CAP END")
    return person


def test_nothing_changed() -> None:
    """Without a change no client is notified."""
    town = make_town()
    ann = modern(town)
    assert reconfigure(town, ann, replace(IDENTITY, motd=("hello",))) == []


def test_a_new_value() -> None:
    """`The NEW subcommand can also update the value of an existing capability`: that one only, with
    its value.
    """
    town = make_town()
    ann = modern(town)
    told = reconfigure(town, ann, replace(IDENTITY, account_rules=AccountRules(email="required")))
    assert [message.params for message in told] == [
        ("ann", "NEW", "draft/account-registration=before-connect,email-required")
    ]
    assert told[0].source == IDENTITY.name


def test_before_there_is_a_nickname() -> None:
    """A client that still negotiates is notified too, and called `*`."""
    town = make_town()
    newcomer = town.newcomer()
    newcomer.say("CAP LS 302")
    told = reconfigure(
        town, newcomer, replace(IDENTITY, account_rules=AccountRules(before_connect=False))
    )
    assert find(told, "CAP").params == ("*", "NEW", "draft/account-registration")


def test_registration_is_closed_and_opened() -> None:
    """CAP DEL disables a withdrawn capability, and CAP NEW offers it again."""
    town = make_town()
    ann = modern(town)
    ann.say("CAP REQ :draft/account-registration setname")
    told = reconfigure(town, ann, replace(IDENTITY, account_rules=AccountRules(registration=False)))
    assert find(told, "CAP").params == ("ann", "DEL", "draft/account-registration")
    assert "draft/account-registration" not in find(ann.say("CAP LIST"), "CAP").params[-1]
    assert "setname" in find(ann.say("CAP LIST"), "CAP").params[-1]
    assert find(ann.say("CAP REQ :draft/account-registration"), "CAP").params[1] == "NAK"
    told = reconfigure(town, ann, IDENTITY)
    assert find(told, "CAP").params == ("ann", "NEW", "draft/account-registration=before-connect")
    assert find(ann.say("CAP REQ :draft/account-registration"), "CAP").params[1] == "ACK"


@pytest.mark.parametrize(
    ("is_secure", "value"), [(False, "sts=port=6697"), (True, "sts=duration=600")]
)
def test_sts_begins(is_secure: bool, value: str) -> None:
    """`Servers MAY communicate changes to their STS persistence policy using the CAP NEW command`
    (sts).
    """
    town = make_town()
    ann = modern(town)
    ann.session.is_secure = is_secure
    told = reconfigure(town, ann, replace(IDENTITY, sts_duration=600, sts_port=6697))
    assert find(told, "CAP").params == ("ann", "NEW", value)
    assert value in offered(ann)


def test_a_new_duration_is_for_who_comes_by_tls() -> None:
    """Without TLS a client sees only the port, which has not changed."""
    town = make_town()
    reconfiguration.reconfigure(town.world, replace(IDENTITY, sts_duration=600, sts_port=6697))
    ann = modern(town)
    assert reconfigure(town, ann, replace(IDENTITY, sts_duration=0, sts_port=6697)) == []
    ann.session.is_secure = True
    assert (
        find(
            reconfigure(town, ann, replace(IDENTITY, sts_duration=600, sts_port=6697)), "CAP"
        ).params[-1]
        == "sts=duration=600"
    )


def test_sts_is_never_deleted() -> None:
    """`Servers MUST NOT send CAP DEL to disable this capability` (sts)."""
    town = make_town()
    reconfiguration.reconfigure(town.world, replace(IDENTITY, sts_duration=600, sts_port=6697))
    ann = modern(town)
    assert reconfigure(town, ann, IDENTITY) == []
    assert not any(word.startswith("sts") for word in offered(ann))


def test_an_older_client_that_asked_for_it() -> None:
    """With cap-notify but without version 302 there are no values, and no drafts."""
    town = make_town()
    ann = town.person("ann", caps="cap-notify")
    assert (
        reconfigure(
            town,
            ann,
            replace(IDENTITY, sts_duration=600, account_rules=AccountRules(registration=False)),
        )
        == []
    )


def test_a_client_that_did_not_ask() -> None:
    """`The NEW subcommand MUST ONLY be sent to clients that have negotiated CAP version 302 or
    enabled cap-notify`.
    """
    town = make_town()
    ann = town.person("ann")
    assert reconfigure(town, ann, replace(IDENTITY, sts_duration=600)) == []


def test_changed_tokens() -> None:
    """RPL_ISUPPORT again, with what has changed and nothing else; for everybody who is
    registered.
    """
    town = make_town()
    ann, newcomer = town.person("ann"), town.newcomer()
    told = reconfigure(town, ann, replace(IDENTITY, network="Other"))
    assert find(told, "005").params == ("ann", "NETWORK=Other", "are supported by this server")
    assert newcomer.read() == []
    assert town.world.storage
    town.world.storage = replace(town.world.storage, most_messages=7)
    assert find(reconfigure(town, ann, replace(IDENTITY, network="Other")), "005").params[1:-1] == (
        "CHATHISTORY=7",
    )
    town.world.storage = None
    told = reconfigure(town, ann, replace(IDENTITY, network="Other"))
    assert find(told, "005").params[1:-1] == ("-CHATHISTORY", "-MSGREFTYPES")
    assert commands(told) == ["005"]


def test_changed_tokens_in_a_batch() -> None:
    """ "The server MUST NOT send any unbatched RPL_ISUPPORT message while both of these
    capabilities are enabled".
    """
    town = make_town()
    ann, bob = (
        town.person("ann", caps="batch draft/extended-isupport"),
        town.person("bob", caps="draft/extended-isupport"),
    )
    now = replace(IDENTITY, network="Other")
    start, line, end = reconfigure(town, ann, now)
    assert start.params[1:] == ("draft/isupport",)
    assert (line.command, line.params[:2]) == ("005", ("ann", "NETWORK=Other"))
    assert {start.params[0][1:], end.params[0][1:]} == {line.tags["batch"]}
    assert commands(bob.read()) == ["005"]


def test_long_names_leave_room() -> None:
    """Long names of users and servers do not cut a notification; it takes several lines."""
    name = "s" * 63
    town = Town(
        replace(IDENTITY, name=name),
        Lengths(nick=64),
        StoragePorts(history=ListHistory(), accounts=OpenAccounts()),
    )
    ann = modern(town, "\U00010330" * 64)
    before, town.world.advertised = (
        town.world.advertised,
        town.world.advertised._replace(capabilities=0),
    )
    told = [
        message.params[-1]
        for message in reconfigure(town, ann, replace(IDENTITY, name=name))
        if message.params[1] == "NEW"
    ]
    assert len(told) > 1
    assert " ".join(told).split() == advertisement.capability_tokens(before.shown(ann.session))


def test_rehash_tells() -> None:
    """Clients are notified of what REHASH applies, not of what needs a restart."""
    town = make_town()
    ann = modern(town)

    class Fake:
        settings = Settings()
        limits = settings.limits
        world = town.world
        start_secret = b""
        uploads = None

    reconfiguration.reconfigure(town.world, rehash.server_info(Fake.settings, NOON))
    ann.read()
    new = Settings(
        tls=TlsSettings(sts_duration=60), server=ServerSettings(network="Net", lobby="#other")
    )
    outcome = rehash.apply(Fake(), new)
    assert [event.params for event in outcome.events] == [
        ("ann", "NEW", "sts=port=5000"),
        ("ann", "NETWORK=Net", "are supported by this server"),
    ]

"""Filters of the whole server: where they look, what they do, and held messages."""

from dataclasses import replace

import pytest

from cluster_town import ClusterTown
from moderation_fakes import operator, town
from storage_fakes import OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat import snapshot
from trio_chat.chat.apply import apply
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.changes import AccountDeleted, ServerModerationRead
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.server import ModerationRow
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo

__all__ = ["town"]

CAPS = "message-tags echo-message setname draft/metadata-2"


def rows_of(town: Town) -> list[ModerationRow]:
    """Return what is stored of the moderation of a town."""
    moderation = town.world.moderation
    return [row for key in moderation.row_keys() if (row := moderation.row(key))]


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator of the server with +s."""
    return operator(town, CAPS)


@pytest.fixture
def ann(town: Town) -> Person:
    """Return the operator of #a."""
    return town.person("ann", "#a", caps=CAPS)


@pytest.fixture
def bob(town: Town, ann: Person) -> Person:
    """Return a member of #a."""
    bob = town.person("bob", "#a", caps=CAPS, host="192.0.2.2")
    ann.read()
    return bob


def code(person: Person, line: str) -> str:
    """Return the code of the FAIL that a line leads to, or its last command."""
    answers = person.say(line)
    fails = [each.params[1] for each in answers if each.command == "FAIL"]
    return fails[0] if fails else (answers[-1].command if answers else "")


def notices(person: Person) -> list[str]:
    """Return the notices of the server."""
    return [each.params[1] for each in person.read() if each.command == "NOTICE"]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("PRIVMSG #a :buy viagra", "MESSAGE_FILTERED"),
        ("PRIVMSG bob :buy viagra", "MESSAGE_FILTERED"),
        ("@+draft/react=viagra TAGMSG #a", "MESSAGE_FILTERED"),
        ("@+draft/react=viagra TAGMSG bob", "MESSAGE_FILTERED"),
        ("NOTICE bob :buy viagra", ""),
        ("NICK viagra", "MESSAGE_FILTERED"),
        ("TOPIC #a :viagra", "MESSAGE_FILTERED"),
        ("AWAY :viagra", "MESSAGE_FILTERED"),
        ("SETNAME :viagra", "INVALID_REALNAME"),
        ("METADATA * SET status :viagra", "INVALID_VALUE"),
        ("JOIN #viagra", "479"),
        ("PRIVMSG #a :buy nothing", "PRIVMSG"),
        ("PRIVMSG bob :buy nothing", "PRIVMSG"),
    ],
)
def test_a_filter_looks_everywhere(
    root: Person, ann: Person, bob: Person, line: str, outcome: str
) -> None:
    """Ranks in a channel do not exempt from it; NOTICE is never answered."""
    root.say("FILTER ADD refuse viagra")
    assert code(ann, line) == outcome
    if outcome != "PRIVMSG":
        assert bob.read() == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("PART #a :viagra", "PART"),
        ("QUIT :viagra", "QUIT"),
    ],
)
def test_a_reason_is_left_out(
    root: Person, ann: Person, bob: Person, line: str, shown: str
) -> None:
    """The user leaves without it."""
    root.say("FILTER ADD hold viagra")
    bob.say(line)
    bob.leave() if shown == "QUIT" else None
    assert all("viagra" not in each.params[-1] for each in ann.read())


def test_a_reason_of_a_kick_is_left_out(root: Person, ann: Person, bob: Person) -> None:
    """The member is removed without it."""
    root.say("FILTER ADD refuse viagra")
    ann.say("KICK #a bob :viagra")
    assert find(bob.read(), "KICK").params == ("#a", "bob", "ann")


def test_a_reason_of_a_knock_is_left_out(
    town: Town, root: Person, ann: Person, bob: Person
) -> None:
    """The operators see that the user knocks."""
    root.say("FILTER ADD refuse viagra")
    ann.say("MODE #a +i")
    eve = town.person("eve", host="192.0.2.9")
    ann.read()
    eve.say("KNOCK #a :viagra")
    assert "viagra" not in find(ann.read(), "710").params[-1]


def test_names_at_registration_are_filtered(town: Town, root: Person) -> None:
    """A nickname is refused; a real name is replaced by the user name."""
    root.say("FILTER ADD refuse viagra")
    newcomer = town.newcomer()
    assert "432" in commands(newcomer.say("NICK viagra", "USER x 0 * :buy viagra"))
    newcomer.say("NICK eve")
    assert newcomer.session.user is not None
    assert newcomer.session.user.realname == "x"


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("channels", "PRIVMSG #a :viagra"),
        ("private", "PRIVMSG bob :viagra"),
        ("nicks", "NICK viagra"),
        ("topics", "TOPIC #a :viagra"),
        ("profiles", "AWAY :viagra"),
    ],
)
def test_a_filter_looks_at_its_places_alone(
    root: Person, ann: Person, bob: Person, place: str, line: str
) -> None:
    """Which the operator names."""
    root.say(f"FILTER ADD refuse @{place} viagra")
    lines = [
        "PRIVMSG #a :viagra",
        "PRIVMSG bob :viagra",
        "TOPIC #a :viagra",
        "AWAY :viagra",
        "NICK viagra",
    ]
    assert [one for one in lines if code(ann, one) == "MESSAGE_FILTERED"] == [line]


EVASIONS = [
    "v\u0456agra",  # confusable
    "vi\u200bagra",  # zero width
    "vi\u0301a\u0300gr\u0302a",  # combining marks
    "\uff56\uff49\uff41\uff47\uff52\uff41",  # full width
    "vi\u202eagra",  # right-to-left override
    "v i a g r a",
    "v.i.a.g.r.a",
    "v1@gr@",
    "vi\x02ag\x0304ra",  # formatting
    "viiiiagra",
    "VIAGRA",
    "\U0001d42f\U0001d422\U0001d41a\U0001d420\U0001d42b\U0001d41a",
    "v\u00adiagra",  # soft hyphen
]


@pytest.mark.parametrize("text", EVASIONS, ids=range(len(EVASIONS)))
@pytest.mark.parametrize("target", ["#a", "bob"])
def test_other_spellings_are_found(
    root: Person, ann: Person, bob: Person, target: str, text: str
) -> None:
    """In channels and in private."""
    root.say("FILTER ADD refuse viagra")
    assert code(ann, f"PRIVMSG {target} :buy {text} now") == "MESSAGE_FILTERED"


LINKS = [
    "http://evil.com/x",
    "hxxp://evil[.]com",
    "evil dot com",
    "evil(.)com",
    "https://ev%69l.com/",
    "https://x@evil.com",
    "http://\u0435vil.com",  # Cyrillic
    "ev\u200bil.com",
    "evil\uff0ecom",
    "evil\u3002com",
    "http://xn--vil-qdd.com/",  # punycode of the one above
    "e\x02vil.c\x03om",
]


@pytest.mark.parametrize("text", LINKS, ids=range(len(LINKS)))
def test_links_are_found(root: Person, ann: Person, bob: Person, text: str) -> None:
    """However they are hidden."""
    root.say("FILTER ADD refuse @private link:evil.com")
    assert code(ann, f"PRIVMSG bob :look {text}") == "MESSAGE_FILTERED"


def test_a_message_of_several_lines_is_one(town: Town, root: Person, bob: Person) -> None:
    """Its lines are looked at together."""
    root.say("FILTER ADD refuse buy cheap pills")
    eve = town.person(
        "eve", "#a", caps="batch message-tags draft/multiline labeled-response echo-message"
    )
    eve.say("BATCH +1 draft/multiline #a")
    eve.say("@batch=1 PRIVMSG #a :buy ch", "@batch=1;draft/multiline-concat PRIVMSG #a :eap")
    eve.say("@batch=1 PRIVMSG #a :pills")
    bob.read()
    assert code(eve, "BATCH -1") == "MESSAGE_FILTERED"
    assert bob.read() == []


def test_operators_are_exempt(root: Person, ann: Person) -> None:
    """They must be able to quote a word."""
    root.say("FILTER ADD refuse viagra", "JOIN #a")
    assert code(root, "PRIVMSG #a :viagra") == "PRIVMSG"


def test_a_held_message_is_released(town: Town, root: Person, ann: Person, bob: Person) -> None:
    """An operator of the server decides; members see it only then."""
    root.say("FILTER ADD hold @channels viagra")
    root.read()
    assert code(bob, "PRIVMSG #a :buy viagra") == "MESSAGE_HELD"
    assert notices(root) == ["*** Held message 1 of bob to #a: buy viagra"]
    assert ann.read() == []
    assert any("bob to #a (viagra): buy viagra" in each.params[1] for each in root.say("HELD"))
    root.say("HELD RELEASE 1")
    assert find(ann.read(), "PRIVMSG").params == ("#a", "buy viagra")
    assert desk.list_held(town.world) == ()


def test_a_held_message_is_read_whole(root: Person, ann: Person, bob: Person) -> None:
    """The list has the beginning of a long one; SHOW has all of it, and needs a number that is."""
    root.say("FILTER ADD hold @channels viagra")
    root.read()
    long = f"viagra {'чай' * 60} end"
    assert code(bob, f"PRIVMSG #a :{long}") == "MESSAGE_HELD"
    assert not any("end" in text for text in notices(root))
    head, *rest = [each.params[1] for each in root.say("HELD SHOW 1")]
    assert head.startswith("*** 1. bob!")
    assert head.endswith(" to #a:")
    assert "".join(text.removeprefix("***    ") for text in rest) == long
    assert root.say("HELD SHOW 2")[0].params[1] == "*** No message 2 is held."
    assert "HELD [LIST | SHOW" in root.say("HELD SHOW")[0].params[1]


def test_a_private_message_is_never_held(
    town: Town, root: Person, ann: Person, bob: Person
) -> None:
    """A filter that holds refuses it, and no operator reads it."""
    root.say("FILTER ADD hold viagra")
    root.read()
    assert code(bob, "PRIVMSG ann :viagra") == "MESSAGE_FILTERED"
    assert root.read() == []
    assert desk.list_held(town.world) == ()


def test_a_flag_notifies_operators(root: Person, ann: Person, bob: Person) -> None:
    """The message is delivered. Of a private one neither the text nor the receiver is shown."""
    root.say("FILTER ADD flag viagra")
    root.read()
    assert code(bob, "PRIVMSG #a :my viagra") == "PRIVMSG"
    assert code(bob, "PRIVMSG ann :my viagra") == "PRIVMSG"
    in_channel, private = notices(root)
    assert in_channel.endswith("a message of bob!bob@192.0.2.2 to #a matches the filter viagra")
    assert private.endswith("a private message of bob!bob@192.0.2.2 matches viagra")


def test_a_message_is_not_released_into_another_channel(
    town: Town, root: Person, ann: Person, bob: Person
) -> None:
    """The channel has ended, and somebody has made one of the same name."""
    root.say("FILTER ADD hold viagra")
    bob.say("PRIVMSG #a :viagra", "PART #a")
    ann.say("PART #a")
    ann.say("JOIN #a")
    assert "#a is gone" in root.say("HELD RELEASE 1")[-1].params[1]
    assert "PRIVMSG" not in commands(ann.read())
    assert root.say("HELD DROP *")[-1].params[1] == "*** Dropped: 1."


def test_a_message_to_the_lobby_can_be_released_after_a_restart() -> None:
    """The lobby has another number then, although it is the same channel."""
    before, after = (Town(ServerInfo(lobby="#lobby")) for _ in range(2))
    after.world.channels["#lobby"].founded += 1
    operator(before).say("FILTER ADD hold viagra")
    assert code(before.person("eve", "#lobby"), "PRIVMSG #lobby :viagra") == "MESSAGE_HELD"
    apply(after.world, ServerModerationRead(tuple(rows_of(before))))
    root, bob = operator(after), after.person("bob", "#lobby")
    bob.read()
    root.say("HELD RELEASE 1")
    assert find(bob.read(), "PRIVMSG").params == ("#lobby", "viagra")
    assert not after.world.moderation.held


def test_the_queue_is_bounded(root: Person, bob: Person) -> None:
    """Five messages of one sender; more are refused."""
    root.say("FILTER ADD hold viagra")
    codes = [code(bob, f"PRIVMSG #a :viagra {number}") for number in range(6)]
    assert codes == ["MESSAGE_HELD"] * 5 + ["MESSAGE_FILTERED"]


def test_a_right_is_needed(town: Town, ann: Person) -> None:
    """Of the operators, too."""
    assert commands(ann.say("FILTER LIST")) == ["481"]
    town.appoint(ann.session.user, Operator(name="x", password="x", rights=frozenset(("kill",))))
    assert commands(ann.say("RAID ON", "HELD", "REPORTS")) == ["723", "723", "723"]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "viagra",
        "burn viagra",
        "refuse",
        "refuse a",
        "refuse @nowhere viagra",
        "allow viagra",
        "refuse " + "x" * 101,
        "refuse @ viagra",
        "hold @channels",
    ],
)
def test_bad_filters_are_refused(town: Town, words: str) -> None:
    """With a sentence."""
    with pytest.raises(BadTerms):
        desk.add_filter(town.world, words.split(), "root")


def test_the_number_of_filters_is_bounded(town: Town) -> None:
    """An existing one can still be replaced."""
    for number in range(500):
        desk.add_filter(town.world, ["refuse", f"word{number}"], "root")
    with pytest.raises(BadTerms, match="500"):
        desk.add_filter(town.world, ["refuse", "more"], "root")
    desk.add_filter(town.world, ["hold", "word1"], "root")


def test_filters_are_listed_and_removed(root: Person) -> None:
    """By number or pattern."""
    root.say("FILTER ADD hold @channels,nicks buy now", "FILTER ADD refuse spam")
    lines = [each.params[1] for each in root.say("FILTER LIST")]
    assert lines == [
        "*** 1. hold @channels,nicks buy now (by root)",
        "*** 2. refuse spam (by root)",
        "*** Filters of the server: 2.",
    ]
    root.say("FILTER DEL buy now", "FILTER DEL 1")
    assert root.say("FILTER")[-1].params[1] == "*** Filters of the server: 0."
    assert "has no filter" in root.say("FILTER DEL 7")[-1].params[1]


def test_it_is_in_a_snapshot_only_when_there_is_something(
    town: Town, root: Person, bob: Person
) -> None:
    """And restored from there."""
    assert "moderation" not in snapshot.take(town.world)
    root.say("FILTER ADD hold viagra", "RAID ON")
    bob.say("PRIVMSG #a :viagra")
    taken = snapshot.take(town.world)
    other = Town(storage=town.world.storage)
    other.world.moderation.restore(taken["moderation"])
    assert other.world.moderation.to_state() == taken["moderation"]
    assert other.world.moderation.restrains


def test_rows_restore_it(town: Town, root: Person, bob: Person) -> None:
    """What is stored is all that there is; numbers are not used again."""
    root.say("FILTER ADD hold viagra", "RAID ON")
    town.world.moderation.raid = town.world.moderation.raid._replace(since=2**40)
    bob.say("PRIVMSG #a :viagra")
    other = Town()
    apply(other.world, ServerModerationRead(tuple(rows_of(town))))
    assert other.world.moderation.to_state() == town.world.moderation.to_state()
    apply(other.world, ServerModerationRead(()))
    assert other.world.moderation.to_state() == {"last number": 1}


def test_held_messages_go_with_the_account(town: Town, root: Person, bob: Person) -> None:
    """That is deleted."""
    assert isinstance(town.world.accounts, OpenAccounts)
    account = town.world.accounts.add("bob", "secret")
    root.say("FILTER ADD hold viagra")
    bob.say("NS IDENTIFY bob secret", "PRIVMSG #a :viagra")
    assert len(desk.list_held(town.world)) == 1
    apply(town.world, AccountDeleted(account))
    assert desk.list_held(town.world) == ()


def test_a_cluster_filters_on_all_nodes() -> None:
    """The operator is at another node than the sender and the receiver."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    for node in town.nodes:
        desk.add_filter(node.world, ["hold", "viagra"], "root")
    ann.read()
    assert bob.say("PRIVMSG #a :viagra")[0].params[1] == "MESSAGE_HELD"
    assert ann.read() == []
    town.check()


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("viagra", True),
        ("viagra99", True),
        ("x_viagra2_7", True),
        ("buyViagraNow", True),
        ("Buy_v1agra", True),
        ("[v|i|a|g|r|a]", True),
        ("vi\u0430gra", True),
        ("viagraman", False),
        ("niagara7", False),
    ],
    ids=range(9),
)
def test_a_filter_finds_words_in_names(
    root: Person, bob: Person, name: str, *, is_refused: bool
) -> None:
    """Of users and of channels: with digits around them, and written together `LikeThis`."""
    root.say("FILTER ADD refuse @nicks viagra")
    assert (code(bob, f"NICK {name}") == "MESSAGE_FILTERED") is is_refused
    assert (code(bob, f"JOIN #{name}") == "479") is is_refused


def test_who_creates_a_channel_learns_that_a_filter_refuses_its_name(
    root: Person, bob: Person
) -> None:
    """479 has another text than for a name that looks like another channel's."""
    root.say("FILTER ADD refuse @nicks viagra")
    (refused,) = bob.say("JOIN #viagra")
    assert refused.params[1:] == (
        "#viagra",
        "That name is refused: the operators of this server do not allow a word or a link in it",
    )


def test_an_account_has_no_name_that_is_filtered(town: Town, root: Person) -> None:
    """Before the end of the registration of its user, which asks for the nickname, nor after."""
    rules = replace(town.world.server_info.account_rules, registration=True, before_connect=True)
    town.world.server_info = replace(town.world.server_info, account_rules=rules)
    eve = town.person("viagra", host="192.0.2.9")
    root.say("FILTER ADD refuse @nicks viagra")
    assert code(eve, "REGISTER * * hunter22") == "BAD_ACCOUNT_NAME"
    early = town.newcomer("192.0.2.10")
    early.say("CAP LS 302", "NICK viagra2")
    assert code(early, "REGISTER * * hunter22") == "BAD_ACCOUNT_NAME"
    accounts = town.world.accounts
    assert accounts is not None
    assert not accounts.known


def test_a_held_message_of_several_lines_is_shown_in_one(
    town: Town, root: Person, ann: Person
) -> None:
    """To the operators of the server, too."""
    eve = town.person("eve", "#a", caps=f"{CAPS} batch draft/multiline")
    root.say("FILTER ADD hold link")
    eve.say("BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a :see")
    eve.say("@batch=1 PRIVMSG #a :evil.c", "@batch=1;draft/multiline-concat PRIVMSG #a :om now")
    root.read()
    eve.say("BATCH -1")
    (notice,) = notices(root)
    assert notice.endswith("of eve to #a: see / evil.com now")
    assert root.say("HELD")[0].params[1].endswith("see / evil.com now")

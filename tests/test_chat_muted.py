"""Muted members: no command sends a text of theirs to the members of the channel."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.storage_ports import StoragePorts

WORD = "buyit"
CAPS = (
    "away-notify setname invite-notify message-tags echo-message batch draft/multiline"
    " draft/message-redaction account-tag extended-join draft/metadata-3 draft/relaymsg"
    " draft/channel-rename server-time extended-monitor"
)
LISTS = ["+b bob!*@*", "+b m:bob!*@*", "+b m:r:*tester*", "+b mute:*!*@192.0.2.*"]
FLAGS = ["+m", "+M", "+U"]
SAID = [
    f"PRIVMSG #a :{WORD}",
    f"NOTICE #a :{WORD}",
    f"PRIVMSG #a :\x01ACTION {WORD}\x01",
    f"PRIVMSG #a :\x01{WORD}\x01",
    f"@+draft/react={WORD} TAGMSG #a",
    f"@+typing={WORD} TAGMSG #a",
    f"PRIVMSG +#a :{WORD}",
    f"BATCH +1 draft/multiline #a|@batch=1 PRIVMSG #a :{WORD}|BATCH -1",
    f"PART #a :{WORD}",
    f"QUIT :{WORD}",
    f"TOPIC #a :{WORD}",
    f"AWAY :{WORD}",
    f"SETNAME :{WORD}",
    f"METADATA * SET status :{WORD}",
    f"NPC #a {WORD} :{WORD}",
    f"NPCA #a x :{WORD}",
    f"SCENE #a :{WORD}",
    f"RELAYMSG #a x/y :{WORD}",
    f"RENAME #a #{WORD} :{WORD}",
    f"KICK #a eve :{WORD}",
    f"METADATA #a SET status :{WORD}",
    f"MODE #a +k {WORD}",
    f"INVITE guest #a :{WORD}",
    f"KNOCK #a :{WORD}",
]


@pytest.fixture
def town() -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts(), playback=0))


def muted(town: Town, how: str) -> tuple[Person, Person, Person]:
    """Return a person who is muted in #a, a listener there, and its operator."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    town.person(WORD)
    eve = town.person("eve", "#a", caps=CAPS)
    eve.say("METADATA * SUB status")
    ann.say("MODE #a -t", "MODE #a +Ev eve", f"MODE #a {how}")
    for person in (ann, bob, eve):
        person.read()
    return bob, eve, ann


@pytest.mark.parametrize("how", LISTS + FLAGS)
@pytest.mark.parametrize("line", SAID)
def test_nobody_reads_what_a_muted_member_says(town: Town, line: str, how: str) -> None:
    """Modern IRC, ERR_CANNOTSENDTOCHAN; whatever carries a text to the members of a channel obeys
    the same rule.
    """
    bob, eve, _ = muted(town, how)
    bob.say(*line.split("|"))
    assert WORD.encode() not in eve.received


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in SAID
        if not line.startswith(("RELAYMSG", "RENAME", "KICK", "MODE", "METADATA #", "KNOCK"))
    ],
)
def test_who_may_speak_is_read(town: Town, line: str) -> None:
    """The same commands of the same member with a voice: so the other test cannot pass for another
    reason.
    """
    bob, eve, ann = muted(town, "+b bob!*@*")
    ann.say("MODE #a +v bob")
    eve.read()
    bob.say(*line.split("|"))
    if line.startswith("INVITE"):
        assert "INVITE" not in commands(
            eve.read()
        )  # nobody of that name: the text of an INVITE is nowhere
    else:
        assert WORD.encode() in eve.received


@pytest.mark.parametrize("how", LISTS)
def test_a_banned_or_muted_member_keeps_its_nickname(town: Town, how: str) -> None:
    """ERR_BANNICKCHANGE (435): a nickname is read by everybody; out of the channel it can be
    changed.
    """
    bob, eve, _ = muted(town, how)
    assert find(bob.say(f"NICK {WORD}2"), "435").params[:3] == ("bob", f"{WORD}2", "#a")
    assert eve.read() == []
    bob.say("PART #a")
    assert commands(bob.say(f"NICK {WORD}2")) == ["NICK"]


@pytest.mark.parametrize("how", FLAGS)
def test_where_nobody_was_silenced_a_nickname_can_be_changed(town: Town, how: str) -> None:
    """Of a moderated channel most members have no rank, and nothing is said against them."""
    bob, eve, _ = muted(town, how)
    assert commands(bob.say("NICK rob")) == ["NICK"]
    assert commands(eve.read()) == ["NICK"]


def test_a_rank_or_an_exception_ends_it(town: Town) -> None:
    """A member that may speak may change the nickname."""
    bob, _, ann = muted(town, "+b bob!*@*")
    ann.say("MODE #a +v bob")
    bob.read()
    assert commands(bob.say("NICK rob")) == ["NICK"]
    ann.say("MODE #a +b rob!*@*", "MODE #a +e rob!*@*", "MODE #a -v rob")
    bob.read()
    assert commands(bob.say("NICK bob")) == ["NICK"]


def test_the_real_name_stays(town: Town) -> None:
    """IRCv3 setname: `FAIL SETNAME CANNOT_CHANGE_REALNAME :Cannot change realname while banned from
    a channel`.
    """
    bob, eve, _ = muted(town, "+b m:bob!*@*")
    assert find(bob.say("SETNAME :x"), "FAIL").params[:2] == ("SETNAME", "CANNOT_CHANGE_REALNAME")
    assert eve.read() == []


@pytest.mark.parametrize("how", LISTS)
def test_who_is_silenced_invites_nobody(town: Town, how: str) -> None:
    """Neither the target nor the members get INVITE."""
    bob, eve, _ = muted(town, how)
    guest = town.person("guest")
    assert commands(bob.say("INVITE guest #a")) == ["404"]
    assert (guest.read(), eve.read()) == ([], [])


@pytest.mark.parametrize("how", FLAGS)
def test_an_invitation_into_a_moderated_channel_is_shown_to_its_operators(
    town: Town, how: str
) -> None:
    """IRCv3 invite-notify: to members; where the inviting member is muted for some, only to those
    that hear it.
    """
    bob, eve, ann = muted(town, how)
    guest = town.person("guest")
    assert commands(bob.say("INVITE guest #a")) == ["341"]
    assert (commands(guest.read()), commands(ann.read()), eve.read()) == (
        ["INVITE"],
        ["INVITE"],
        [],
    )


def test_an_away_message_is_read_where_one_may_speak(town: Town) -> None:
    """IRCv3 away-notify: the state is sent everywhere, the text where the user is not muted, and by
    WHOIS.
    """
    bob, eve, _ = muted(town, "+b m:bob!*@*")
    bob.say("JOIN #b")
    friend = town.person("friend", "#b", caps="away-notify")
    bob.say(f"AWAY :{WORD}")
    assert find(friend.read(), "AWAY").params == (WORD,)
    assert find(eve.read(), "AWAY").params == ("Not here at the moment",)
    assert find(eve.say("WHOIS bob"), "301").params[-1] == WORD
    bob.say("AWAY")
    assert find(eve.read(), "AWAY").params == ()


def test_coming_while_away_brings_no_text(town: Town) -> None:
    """Otherwise each JOIN of a muted user would show it again."""
    bob, eve, _ = muted(town, "+b m:bob!*@*")
    bob.say(
        "METADATA * SET status :x", "PART #a", f"AWAY :{WORD}", f"METADATA * SET status :{WORD}"
    )
    eve.read()
    bob.say("JOIN #a")
    assert WORD.encode() not in eve.received
    assert commands(eve.read()) == ["JOIN", "AWAY"]


def test_a_message_is_taken_back_without_a_reason(town: Town) -> None:
    """IRCv3 draft/message-redaction: the own one, as ever; the reason would be read by all."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    number = find(bob.say("PRIVMSG #a :slip"), "PRIVMSG").tags["msgid"]
    ann.say("MODE #a +b m:bob!*@*")
    bob.read()
    assert find(bob.say(f"REDACT #a {number} :{WORD}"), "REDACT").params == ("#a", number)
    assert WORD.encode() not in ann.received


def test_what_operators_say_of_a_muted_member_is_read(town: Town) -> None:
    """The reason of a KICK is its operator's."""
    _, eve, ann = muted(town, "+b bob!*@*")
    ann.say(f"KICK #a bob :{WORD}")
    assert find(eve.read(), "KICK").params == ("#a", "bob", WORD)


def test_a_relayed_message_obeys_no_ctcp(town: Town) -> None:
    """+C also holds for relayed messages."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    ann.say("MODE #a +C")
    bob.read()
    assert commands(ann.say("RELAYMSG #a x/y :\x01VERSION\x01")) == ["404"]
    assert bob.read() == []

"""Invariants of the world: any lines, in any order, keep them (Hypothesis)."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import invariants
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town
from trio_chat.chat.registry import COMMANDS
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths

NICKS = st.sampled_from(["ann", "ANN", "bob", "eve", "иван", "zed"])


CHANNELS = st.sampled_from(["#a", "#A", "#b", "#c", "#lobby", "&x", "#a,#b"])


MODES = st.sampled_from(
    ["+i", "-i", "+o", "-o", "+v", "+k", "-k", "+l", "+b", "-b", "+s", "+m", "-n", "b", "+ov-k"]
)


PARAMS = st.sampled_from(["ann", "bob", "1", "x", "*!*@*", ""])


METADATA = st.sampled_from(
    ["SET a :x y", "SET b", "GET a b", "LIST", "CLEAR", "SYNC", "SUB a b c", "UNSUB a", "SUBS", "x"]
)


LINES = st.one_of(
    st.builds(
        "{} {} :{}".format,
        st.sampled_from(sorted(COMMANDS)),
        st.one_of(NICKS, CHANNELS),
        st.text(max_size=8),
    ),
    st.builds("JOIN {} {}".format, CHANNELS, PARAMS),
    st.builds("MODE {} {} {} {}".format, CHANNELS, MODES, PARAMS, PARAMS),
    st.builds("{} {} {}".format, st.sampled_from(["INVITE", "WHOIS"]), NICKS, CHANNELS),
    st.builds("KICK {} {}".format, CHANNELS, NICKS),
    st.builds("MONITOR {} {},{}".format, st.sampled_from("+-CLS"), NICKS, NICKS),
    st.builds("METADATA {} {}".format, st.one_of(NICKS, CHANNELS, st.just("*")), METADATA),
    st.builds(
        "WHO {} {}".format,
        st.one_of(NICKS, CHANNELS),
        st.sampled_from(["%tcuihsnfdlaor,1", "%", "%z"]),
    ),
    st.builds(
        "{} {}".format,
        st.sampled_from(["PART", "NICK", "NAMES", "WHO"]),
        st.one_of(NICKS, CHANNELS),
    ),
    st.builds(
        "NS {}".format,
        st.sampled_from(
            ["REGISTER secret-1", "IDENTIFY ann secret-1", "LOGOUT", "DROP secret-1", "GHOST ann"]
        ),
    ),
    st.builds(
        "CS {} {} {}".format,
        st.sampled_from(["REGISTER", "DROP", "INFO", "OP", "DEOP"]),
        CHANNELS,
        NICKS,
    ),
    st.builds(
        "CS ACCESS {} {} {} op".format, CHANNELS, st.sampled_from(["ADD", "DEL", "LIST"]), NICKS
    ),
    st.builds(
        "CHATHISTORY {} {} * 5".format,
        st.sampled_from(["LATEST", "BEFORE", "x"]),
        st.one_of(NICKS, CHANNELS),
    ),
    st.builds("SEARCH in={};from={}".format, CHANNELS, NICKS),
    st.builds("MARKREAD {} timestamp=2026-01-31T12:00:00.000Z".format, st.one_of(NICKS, CHANNELS)),
    st.text(max_size=20),
)


CAPS = st.sampled_from(
    [
        "",
        "echo-message",
        "labeled-response batch message-tags server-time",
        "multi-prefix",
        "draft/multiline",
        "draft/multiline batch echo-message labeled-response",
        "draft/metadata-2 batch labeled-response message-tags",
    ]
)


BATCHES = st.sampled_from(
    [
        "@label=2 BATCH +1 draft/multiline #a",
        "BATCH +1 draft/multiline bob",
        "@batch=1 PRIVMSG #a :one",
        "@batch=1 NOTICE bob :two",
        "@batch=1;draft/multiline-concat PRIVMSG #a :more",
        "@batch=1 PRIVMSG #a :",
        "@batch=2 JOIN #b",
        "BATCH -1",
    ]
)


class AnyConversation(RuleBasedStateMachine):
    """Random people send random lines; the indexes stay consistent, and nobody sees what is said
    where one is not.
    """

    def __init__(self) -> None:
        super().__init__()
        lengths = Lengths(
            channels_per_user=3, list_entries=3, monitor_entries=2, metadata_keys=1, metadata_subs=2
        )
        self.accounts = OpenAccounts()
        self.town = Town(
            lengths=lengths, storage=StoragePorts(history=ListHistory(), accounts=self.accounts)
        )
        self.people: list[Person] = []

    @rule(nick=NICKS, caps=CAPS)
    def come(self, nick: str, caps: str) -> None:
        """Somebody comes, and may or may not get the nickname."""
        person = self.town.newcomer()
        person.say(f"CAP REQ :{caps}", f"NICK {nick}", "USER u 0 * :Real Name", "CAP END")
        self.people.append(person)

    @rule(index=st.integers(0, 5), line=LINES, label=st.booleans())
    def talk(self, index: int, line: str, label: bool) -> None:
        """Somebody says something, sensible or not."""
        if index < len(self.people):
            person = self.people[index]
            line = line.replace("\n", "").replace("\r", "")
            data = f"{'@label=1 ' if label else ''}{line}".encode("utf-8", "surrogatepass")
            witness = invariants.Witness(self.people)
            self.town.say_quietly(person, data)
            witness.check()
            if person.ended:
                self.people.remove(person)

    @rule(index=st.integers(0, 5), lines=st.lists(BATCHES, min_size=1, max_size=6))
    def talk_at_length(self, index: int, lines: list[str]) -> None:
        """Somebody sends parts of batches, in any order."""
        if index < len(self.people):
            self.people[index].say(*lines)

    @rule(index=st.integers(0, 5))
    def vanish(self, index: int) -> None:
        """Somebody's connection breaks."""
        if index < len(self.people):
            self.people.pop(index).leave()

    @invariant()
    def the_world_is_sound(self) -> None:
        """Memberships and watches are symmetric, indexes consistent, and what people can make grow
        is bounded.
        """
        invariants.check(self.town.world)


TestAnyConversation = AnyConversation.TestCase

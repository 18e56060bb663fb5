"""Parts of imports: ids, nicknames, names of channels, texts, and documents of JSON."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.chat.accounts import Account
from trio_chat.chat.ids import EPOCH_MS, first_id, seconds, server_time
from trio_chat.chat.timeline import EARLY_END, Timeline, is_early
from trio_chat.imports import json_document, messages
from trio_chat.imports.channels import ChannelName, ChannelNames
from trio_chat.imports.json_document import JsonDocument
from trio_chat.imports.messages import ImportFileError, Skipped, SourceChannel, SourcePerson
from trio_chat.imports.people import Nicknames
from trio_chat.imports.source_ids import FIRST_TIME, source_id
from trio_chat.imports.texts import clean_text, parts_of
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import MAX_BODY, format_body

times = st.integers(FIRST_TIME, 4_000_000_000_000) | st.integers(
    EPOCH_MS + EARLY_END - 1000, EPOCH_MS + EARLY_END + 1000
)


@given(times, st.text(max_size=20))
def test_an_id_has_the_time_of_its_message(time: int, key: str) -> None:
    """Also from before the first id of a server: the shift tells the time exactly."""
    number, shift = source_id(time, key)
    assert number > 0
    assert shift >= 0
    assert round(seconds(number, shift) * 1000) == time


@given(times, times, st.text(max_size=20), st.text(max_size=20))
def test_ids_have_the_order_of_time(one: int, other: int, key: str, other_key: str) -> None:
    """On both sides of the moment from which on each millisecond has all its ids."""
    if one < other:
        assert source_id(one, key)[0] < source_id(other, other_key)[0]


@given(times, st.text(max_size=20))
def test_the_timeline_finds_an_imported_moment(time: int, key: str) -> None:
    """A timestamp in CHATHISTORY is between the messages before and those after it."""
    timeline, number = Timeline(), source_id(time, key)[0]
    moment = time - EPOCH_MS
    assert timeline.reference(moment).first <= number <= timeline.reference(moment).last
    assert timeline.reference(moment + 1).first > number
    assert timeline.reference(moment - 1).last < number


@given(times)
def test_retention_counts_imported_messages_by_their_time(time: int) -> None:
    """What is older than a moment has a smaller id than the first that stays."""
    number, now = source_id(time, "x")[0], 4_000_000_000_000 - EPOCH_MS
    moment = time - EPOCH_MS
    assert Timeline().oldest(moment, now) <= number < Timeline().oldest(moment + 1, now)


def test_the_shift_of_an_early_id_is_known_without_its_message() -> None:
    """The position of a reader in an imported history has a time, too."""
    number, shift = source_id(1_262_304_000_123, "x")
    assert is_early(number)
    assert server_time(number, Timeline().at(number)) == "2010-01-01T00:00:00.123Z"
    assert Timeline().at(number) == shift


def test_ids_of_a_server_are_not_early() -> None:
    """The program is younger than the moment from which on ids have their usual scale."""
    assert not is_early(first_id(1_700_000_000))


ACCOUNTS = {
    account.folded: account
    for account in (Account("anna", "anna", 1, 1), Account("gone", "gone", 1, 0))
}


def nicknames(mapping: dict[str, str] | None = None, **options: bool) -> Nicknames:
    """Return the nicknames of an import into a server with the account anna."""
    return Nicknames("discord", ACCOUNTS, mapping or {}, 16, **options)


def person(name: str, key: str = "") -> SourcePerson:
    """Return somebody."""
    return SourcePerson(key or name, name)


@pytest.mark.parametrize(
    ("name", "nick"),
    [
        ("bob", "bob"),
        ("bob_", "bob_"),
        ("[b]__^_", "[b]__^_"),
        ("Anna B.", "Anna_B"),
        ("Зоя К.", "Зоя_К"),
        ("3com", "_3com"),
        ("a b  c", "a_b_c"),
        ("x" * 99, "x" * 16),
        ("bob!evil@host", "bob_evil_host"),
        ("tab\there", "tab_here"),
        ("anna", "anna/discord"),  # the name of an account
        ("аnna", "аnna/discord"),  # its first letter is Cyrillic
        ("gone", "gone/discord"),  # of a deleted account
        ("NickServ", "NickServ/discord"),
        ("💬 Chat", "Chat"),
    ],
)
def test_names_become_nicknames(name: str, nick: str) -> None:
    """They are legal here, and not those of accounts or services."""
    assert nicknames().of(person(name)).nick == nick


@pytest.mark.parametrize("name", ["", " ", "...", "\u200b", "\u0301", "\u202e", "🎉🎉"])
def test_a_name_without_a_letter_becomes_a_number(name: str) -> None:
    """Whatever it is, there is a nickname."""
    assert nicknames().of(person(name, "7")).nick.startswith("user_")


@given(st.lists(st.text(max_size=80), max_size=8, unique=True))
def test_no_two_people_have_one_nickname(names: list[str]) -> None:
    """However alike their names are."""
    table = nicknames()
    nicks = [table.of(person(name, str(number))).nick for number, name in enumerate(names)]
    assert len({nick.casefold() for nick in nicks}) == len(names)
    assert not any(sign in nick for nick in nicks for sign in " !@\r\n\0:,")


def test_a_legal_nickname_does_not_become_that_of_another_person() -> None:
    """On IRC, `bob_` is whom the server has taken for another one than `bob`."""
    table = nicknames()
    assert [table.of(person(name)).nick for name in ("bob_", "bob", "_bob")] == [
        "bob_",
        "bob",
        "_bob",
    ]


def test_a_mapped_nickname_is_for_one_person() -> None:
    """Whoever else has that name gets another one, in whichever order they come."""
    table = nicknames({"Robert": "bob"})
    assert table.of(person("bob")).nick != "bob"
    assert table.of(person("Robert")).nick == "bob"


def test_one_person_keeps_a_nickname() -> None:
    """By the key, when the name has changed."""
    table = nicknames()
    assert table.of(person("bob", "1")) is table.of(person("robert", "1"))


def test_a_mapping_makes_messages_those_of_an_account() -> None:
    """Only the operator can say that a person of another program has an account here."""
    speaker = nicknames({"Anna B.": "ANNA"}).of(person("Anna B."))
    assert (speaker.nick, speaker.account) == ("anna", ACCOUNTS["anna"])
    assert nicknames(same_accounts=True).of(person("anna")).account == ACCOUNTS["anna"]
    assert nicknames(same_accounts=True).of(person("gone")).account is None
    assert nicknames().of(person("anna")).account is None


def test_the_same_account_is_found_by_the_user_name() -> None:
    """It is unique at the source, and so comes before the name that is shown."""
    found = nicknames(same_accounts=True).of(SourcePerson("k:1", "Ann B.", aliases=("anna", "1")))
    assert found.account == ACCOUNTS["anna"]


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("general", "#general"),
        ("General Chat", "#General-Chat"),
        ("#general", "##general"),  # on IRC, another one
        ("a,b", "#a-b"),
        ("комната", "#комната"),
        ("x" * 99, f"#{'x' * 29}"),
    ],
)
def test_names_of_channels_become_legal(name: str, here: str) -> None:
    """As far as they are not."""
    found = ChannelNames({}, 30).of(SourceChannel("k:1", name))
    assert isinstance(found, ChannelName)
    assert found.name == here


@given(st.lists(st.text(max_size=50), max_size=8))
def test_channels_stay_apart(names: list[str]) -> None:
    """Two channels of one name, as Discord allows, are two here."""
    table = ChannelNames({}, 30)
    found = [table.of(SourceChannel(str(number), name)) for number, name in enumerate(names)]
    assert len({name.folded for name in found if isinstance(name, ChannelName)}) == len(names)


def test_a_mapped_name_is_for_one_channel() -> None:
    """A channel that has this name at the source gets another one."""
    table = ChannelNames({"general": "#Lobby"}, 30)
    other, mapped = (table.of(SourceChannel(f"k:{name}", name)) for name in ("lobby", "general"))
    assert mapped == ("#Lobby", "#lobby")
    assert isinstance(other, ChannelName)
    assert other.folded != "#lobby"


def test_a_private_channel_needs_a_name() -> None:
    """Otherwise everybody could read it."""
    channel = SourceChannel("slack:G1", "secret", is_private=True)
    assert ChannelNames({}, 30).of(channel) == Skipped(messages.PRIVATE)
    for name in ("secret", "#secret", "G1", "slack:G1"):
        assert ChannelNames({name: "#here"}, 30).of(channel) == ("#here", "#here")


SOURCE = "anna!imported@discord"


@given(st.text(max_size=3000))
def test_every_part_of_a_text_fits(text: str) -> None:
    """Into a line of IRC, and the parts together have the text."""
    cleaned = clean_text(text)
    parts = list(parts_of(cleaned, "#channel", SOURCE, Lengths()))
    for part in parts:
        lines = part.split("\n")
        assert len(lines) <= Lengths().multiline_lines
        for line in lines:
            body = format_body("PRIVMSG", ("#channel", line.removeprefix("\r")), SOURCE)
            assert len(body.encode()) <= MAX_BODY
    whole = "\n".join(parts).replace("\n\r", "").replace("\n", "")
    assert whole.replace("\r", "") == cleaned.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("\n\n a \n\n", " a"),
        ("a\0b\x01c\x07d\x1b[31m", "abcd[31m"),
        ("\x02bold\x02 \x0304red", "\x02bold\x02 \x0304red"),
        ("half \ud83d", "half"),
        ("a\tb", "a    b"),
        ("\ufeffa", "a"),
    ],
)
def test_texts_are_cleaned(text: str, cleaned: str) -> None:
    """Control characters go, formatting of IRC stays."""
    assert clean_text(text) == cleaned


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=5).filter(lambda key: key != "m"), values, max_size=4),
    st.lists(values, max_size=6),
    st.sampled_from([None, 1]),
    st.integers(1, 9),
)
def test_a_document_is_read_piece_by_piece(
    head: dict[str, Any], elements: list[Any], indent: int | None, size: int
) -> None:
    """The result is that of reading it at once, wherever a piece ends."""
    text = json.dumps({**head, "m": elements, "tail": 1}, indent=indent, ensure_ascii=False)
    data = text.encode("utf-8", "surrogatepass")

    class Pieces(io.BytesIO):
        def read(self, _most: int | None = -1) -> bytes:
            return super().read(size)

    document = JsonDocument(Pieces(data), "m")
    expected = json.loads(data.decode("utf-8", "replace"))
    assert (document.head, list(document.elements())) == (
        {key: value for key, value in expected.items() if key not in ("m", "tail")},
        expected["m"],
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"m"',
        '{"m":',
        '{"m":[1',
        '{"m":[1,',
        '{"m":[1 2]}',
        '{"m":{}}',
        '{"m":[{"a":}]}',
        '{1:2,"m":[]}',
        '{"m":[' + "[" * 100_000,
        '{"a":"' + "x" * 100_000,
        '{"m":[' + "9" * 5000 + "]}",
    ],
)
def test_a_document_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sentence, and without reading more than the limit."""
    monkeypatch.setattr(json_document, "MOST_OF_ELEMENT", 10_000)
    with pytest.raises(ImportFileError):
        list(JsonDocument(io.BytesIO(text.encode()), "m").elements())
